"""Time and memory of the full reference table: python benchmarks/reference_table.py [-n 10000] [--every 1] [--jobs 2]

Five states, 21 current densities and 8 durations around the nominal pulse of the five-state device, with rest and
relaxation: 840 rows of n trajectories. `--every k` takes each k-th current and duration only and extrapolates. Printed
as JSON, with processor time so that other load on the machine can be told apart, and the peak of resident memory.
"""

import argparse
import json
import os
import resource
import time

import numpy as np

from compact.bulk.sweep import Grid, build_table
from dwsynapse.benchmark import processor
from llg import load_device

CURRENTS = np.concatenate([-np.linspace(1.4, 0.4, 10), [0.0], np.linspace(0.4, 1.4, 10)])
DURATIONS = np.linspace(0.5, 2.25, 8)
STATES = 5


def main():
    """Build the table and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    device = load_device("five_state")
    pulse, every = device.pulse, arguments.every
    grid = Grid(
        current_density=tuple(CURRENTS[::every] * pulse.current_density),
        duration=tuple(DURATIONS[::every] * pulse.duration),
    )
    build_table(device, Grid(current_density=(1e11,), duration=(1e-9,)), n=64, seed=1)  # compile or load
    load, cpu, clock = os.getloadavg()[0], time.process_time(), time.perf_counter()
    table = build_table(device, grid, n=arguments.n, seed=1, jobs=arguments.jobs)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    pulses = int(table.counts.sum())
    whole = STATES * CURRENTS.size * DURATIONS.size * 10_000 / pulses
    result = {
        "processor": processor(),
        "load": load,
        "jobs": arguments.jobs,
        "pulses": pulses,
        "seconds": clock,
        "processor_seconds": cpu,
        "pulses_per_second": pulses / clock,
        "full_table_minutes": whole * clock / 60,
        "full_table_processor_minutes": whole * cpu / 60,
        "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
