"""How many trajectory-steps per second this machine does, for each equation of motion."""

import dataclasses
import os
import time
from collections.abc import Callable

import numpy as np

from llg.device.device import Device
from llg.device.pulse import Waveform
from llg.landscape.wells import find_wells
from llg.runs.ensemble import Drive, simulate
from llg.runs.models import EQUATIONS
from llg.walls.q_phi import QPhiModel

WARM_UP = 128
STEPS = 1000
"""Time steps of one repetition; short, so that some are not disturbed by other load on the machine."""


def best_rate(work: Callable[[], float], seconds: float) -> float:
    """Largest amount of work per second over repetitions that fill `seconds`; other load on the machine only slows."""
    best, end = 0.0, time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        amount = work()
        best = max(best, amount / (time.perf_counter() - start))
        if time.perf_counter() >= end:
            return best


def trajectory_steps_per_second(device: Device, *, threads: int, seconds: float, n: int = 8192) -> float:
    """Trajectory-steps per second under the nominal current at the temperature of a device.

    Args:
        device: device with a [pulse]; its [wall] model is measured.
        threads: number of threads.
        seconds: time to measure for [s].
        n: trajectories per repetition.
    """
    well = find_wells(QPhiModel(device), device.temperature)[0]
    current = device.pulse.current_density

    def work(length: float, count: int = n) -> float:
        drive = Drive(waveform=Waveform(np.array([0.0, length]), np.ones(2)), current_density=current)
        return count * simulate(device, drive, n=count, start=(well.q, well.phi), seed=1, jobs=threads).n_steps

    length = 1e-12 * STEPS
    length *= STEPS * WARM_UP / work(length, WARM_UP)
    return best_rate(lambda: work(length), seconds)


def all_models(device: Device, *, seconds: float) -> dict[str, dict[str, float]]:
    """Rates of every equation of motion with one thread and with all, as `dwsynapse bench` prints them."""
    rates = {}
    for name in EQUATIONS:
        variant = dataclasses.replace(device, wall=dataclasses.replace(device.wall, model=name))
        threads = {"threads_1": 1, "threads_all": os.cpu_count() or 1}
        rates[name] = {
            key: trajectory_steps_per_second(variant, threads=number, seconds=seconds)
            for key, number in threads.items()
        }
    return rates
