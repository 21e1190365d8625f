"""What this machine does per second: wall steps, tables, pulses on arrays, reads; and how fast the program starts."""

import functools
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from arraysim.networks.network import Network
from arraysim.networks.presets import mlp
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import PairedWeights
from compact.bulk.sweep import build_table, reference_grid
from dwcore.arguments import checked
from dwcore.numerics.threads import thread_count, use_array_threads
from llg.device.device import Device
from llg.device.device_file import load_device
from llg.device.pulse import Waveform
from llg.landscape.wells import find_wells
from llg.runs.ensemble import Drive, simulate
from llg.runs.models import EQUATIONS, with_model
from llg.walls.q_phi import QPhiModel

DEVICE = "five_state"
SYNAPSES = 1 << 20
SPARSE = 1 << 16
TABLE_TRAJECTORIES = 1000
WARM_UP = 128
STEPS = 1000
"""Time steps of one repetition; short, so that some are not disturbed by other load on the machine."""


@checked
def bench(*, seconds: float) -> dict:
    """Measure everything for `seconds` [s] each; the documented JSON object of `dwsynapse bench`."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "trajectory_steps_per_second": all_models(load_device(DEVICE), seconds=seconds),
        "table_pulses_per_second": _table_rate(seconds),
        "pulses_per_second": _pulse_rates(seconds),
        "reads_per_second": _read_rates(seconds),
        "import_seconds": _start_up_times(),
        "processor": processor(),
        "cores": thread_count(),
        "load": load,
    }


def best_rate(work: Callable[[], float], seconds: float) -> float:
    """Return the most work per second over repetitions that fill `seconds`; other load on the machine only slows."""
    best, end = 0.0, time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        amount = work()
        best = max(best, amount / (time.perf_counter() - start))
        if time.perf_counter() >= end:
            return best


def trajectory_steps_per_second(device: Device, *, threads: int, seconds: float, n: int = 8192) -> float:
    """Return the trajectory-steps per second under the nominal current at the temperature of a device.

    Args:
        device: device with a [pulse]; its [wall] model is measured.
        threads: number of threads.
        seconds: time to measure for [s].
        n: trajectories per repetition.
    """
    well = find_wells(QPhiModel(device), device.temperature)[0]
    current = device.section("pulse").current_density

    def work(length: float, count: int = n) -> float:
        drive = Drive(waveform=Waveform(np.array([0.0, length]), np.ones(2)), current_density=current)
        return count * simulate(device, drive, n=count, start=(well.q, well.phi), seed=1, jobs=threads).n_steps

    length = 1e-12 * STEPS
    length *= STEPS * WARM_UP / work(length, WARM_UP)
    return best_rate(lambda: work(length), seconds)


def all_models(device: Device, *, seconds: float) -> dict[str, dict[str, float]]:
    """Return the rates of every equation of motion with one thread and with all, as `dwsynapse bench` prints them."""
    rates: dict[str, dict[str, float]] = {}
    for name in EQUATIONS:
        variant = with_model(device, name)
        threads = {"threads_1": 1, "threads_all": thread_count()}
        rates[name] = {
            key: trajectory_steps_per_second(variant, threads=number, seconds=seconds)
            for key, number in threads.items()
        }
    return rates


def _table_rate(seconds: float) -> float:
    device = load_device(DEVICE)
    grid = reference_grid(device, quick=True)

    def work() -> float:
        return float(build_table(device, grid, n=TABLE_TRAJECTORIES, seed=1).counts.sum())

    return best_rate(work, seconds)


def _pulse_rates(seconds: float) -> dict[str, float]:
    """Return pulses per second on a full array and a sparse list, with one thread and all, one and 64 instances."""
    rates: dict[str, float] = {}
    for instances in (1, 64):
        array = SynapseArray(ladder_law(instances=instances), shape=(SYNAPSES,), seed=1)
        rng = np.random.default_rng(1)
        every = rng.integers(0, 2, SYNAPSES, dtype=np.uint8)
        some = rng.integers(0, SYNAPSES, SPARSE)

        def full(array: SynapseArray = array, every: np.ndarray = every) -> float:
            array.apply_all(every)
            return SYNAPSES

        def sparse(array: SynapseArray = array, some: np.ndarray = some, every: np.ndarray = every) -> float:
            array.apply(some, every[:SPARSE])
            return SPARSE

        jobs: list[tuple[str, Callable[[], float], int]]
        jobs = [("full_array", full, 1), ("full_array_threads_all", full, thread_count()), ("sparse", sparse, 1)]
        for name, work, number in jobs:
            with use_array_threads(number):
                work()
                rates[f"{name}_instances_{instances}"] = best_rate(work, seconds)
    return rates


def _read_rates(seconds: float) -> dict[str, float]:
    """Return the images per second forward through the 64-32-10 network on chip, in batches of 100."""
    law = ladder_law()
    layers = [
        PairedWeights(law, rows=rows, columns=columns, largest_weight=0.5, seed=1, number=number)
        for number, (rows, columns) in enumerate(((65, 32), (33, 10)))
    ]
    network = Network(mlp((32,)), layers, input_shape=(64,), classes=10)
    images = np.random.default_rng(1).random((100, 64), np.float32)
    labels = np.zeros(100, np.int64)

    def work() -> float:
        network.evaluate(images, labels)
        return 100.0

    work()
    return {"digits_64_32_10_images": best_rate(work, seconds)}


def _start_up_times() -> dict[str, float]:
    """Return the best wall time of fresh interpreters [s]: python alone, numpy and numba, llg with them, --help."""
    programs = {
        "python": "pass",
        "numpy_numba": "import numpy, numba",
        "llg": "import numpy, numba, llg; llg.simulate",
        "help": "import dwsynapse; dwsynapse.main(['--help'])",
    }
    return {name: 1 / best_rate(functools.partial(_run, code), 0.5) for name, code in programs.items()}


def _run(code: str) -> float:
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return 1.0


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
