"""Ten million outcome-only trajectories in bounded memory: python benchmarks/many_outcomes.py [-n 10000000] [--jobs 2] [--short]

Pulses on the five-state device, counted by where they end, first with every trajectory run to its end over a short
waveform, then with early stop over the whole pulse with relaxation. Printed as JSON, with the peak of resident memory
of this process (numpy, numba and all) and what it was before the first trajectory.
"""

import argparse
import dataclasses
import json
import os
import resource
import time

import numpy as np

from dwsynapse.benchmark import processor
from llg import Drive, QPhiModel, Waveform, find_wells, load_device
from llg.landscape.settling import Settling
from llg.runs.outcomes import count_outcomes
from llg.runs.run_plan import EnsembleCase

SHORT = 0.05e-9


def resident():
    """Peak of resident memory of this process [bytes]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def timed(work):
    """Result, seconds on the clock and processor seconds of a call."""
    cpu, clock = time.process_time(), time.perf_counter()
    return work(), time.perf_counter() - clock, time.process_time() - cpu


def main():
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--short", action="store_true", help="the short waveform only, some seconds")
    arguments = parser.parse_args()
    device = load_device("five_state")
    model, pulse = QPhiModel(device), device.pulse
    wells = find_wells(model, device.temperature)
    start = (wells[2].q, wells[2].phi)
    short = Waveform(np.array([0.0, SHORT]), np.ones(2))
    cases = {"whole, 0.05 ns": (short, None)}
    if not arguments.short:
        cases["early stop, 6.2 ns"] = pulse.waveform(pulse.duration), Settling(model, wells, device.temperature)
    result = {"processor": processor(), "load": os.getloadavg()[0], "jobs": arguments.jobs, "n": arguments.n}
    for name, (waveform, settling) in cases.items():
        drive = Drive(waveform=waveform, current_density=pulse.current_density)
        options = {"settling": settling, "jobs": arguments.jobs}
        walls = EnsembleCase(device=device, drive=drive, n=4096, start=start, seed=1, temperature=device.temperature)
        count_outcomes(walls, wells, **options)
        many = dataclasses.replace(walls, n=arguments.n)
        before = resident()
        ends, clock, cpu = timed(lambda w=many, o=options: count_outcomes(w, wells, **o))
        result[name] = {
            "counts": ends.counts.tolist(),
            "seconds": clock,
            "processor_seconds": cpu,
            "steps_done_per_processor_second": ends.steps_done / cpu,
            "share_of_steps_done": ends.steps_done / ends.n / ends.n_steps,
            "resident_bytes_before": before,
            "peak_resident_bytes": resident(),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
