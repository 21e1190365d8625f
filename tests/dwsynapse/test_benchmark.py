"""What a benchmark counts: work over the time that it took, steps of all walls, seconds of a start."""

import itertools
import types

import numpy as np
import pytest

from dwcore.numerics.threads import array_threads
from dwsynapse import benchmark
from llg.device.device_file import load_device


def test_a_rate_is_that_of_the_best_repetition(monkeypatch):
    """Six units in 2, 1 and 3 s, of which the last ends beyond the 5 s that were given."""
    times = iter([0.0, *itertools.accumulate([0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 3.0, 0.0])])
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: next(times))
    assert benchmark.best_rate(lambda: 6.0, 5.0) == 6.0


def test_steps_of_all_walls_are_counted(monkeypatch):
    """Steps of 1e-13 s: what is repeated lasts a thousand of them, under the current of the device."""
    device, asked = load_device("five_state").replace({"temperature": 350.0, "wall.shape": "rigid"}), []

    def simulate(device, drive, *, n, start, seed, jobs):
        asked.append((n, drive.waveform.time[-1], float(drive.current_density), jobs))
        return types.SimpleNamespace(n_steps=round(drive.waveform.time[-1] / 1e-13))

    monkeypatch.setattr(benchmark, "simulate", simulate)
    monkeypatch.setattr(benchmark, "best_rate", lambda work, seconds: work() / seconds)
    assert benchmark.trajectory_steps_per_second(device, threads=3, seconds=2.0, n=500) == 500 * 1000 / 2
    assert asked == [(128, pytest.approx(1e-9), 7e11, 3), (500, pytest.approx(1e-10), 7e11, 3)]


def test_a_start_is_told_in_seconds(monkeypatch):
    """Four starts of an interpreter in a second take a quarter of one each."""
    ran = []
    monkeypatch.setattr(benchmark, "_run", lambda code: ran.append(code) or 1.0)
    monkeypatch.setattr(benchmark, "best_rate", lambda work, seconds: 4.0 * work())
    assert benchmark._start_up_times() == dict.fromkeys(("python", "numpy_numba", "llg", "help"), 0.25)
    assert ran[0] == "pass" and len(set(ran)) == 4


def test_pulses_of_arrays_and_lists_are_counted(monkeypatch):
    """On an array of 2^20 all are pulsed at once, of a list 2^16; 100 images are read at a time; one thread or all."""
    threads = []
    monkeypatch.setattr(benchmark, "best_rate", lambda work, seconds: threads.append(array_threads()) or work())
    monkeypatch.setattr(benchmark, "thread_count", lambda: 2)
    monkeypatch.setattr(benchmark, "SYNAPSES", 1 << 12)
    monkeypatch.setattr(benchmark, "SPARSE", 1 << 7)
    found = benchmark._pulse_rates(1.0)
    names = {"full_array": 1 << 12, "full_array_threads_all": 1 << 12, "sparse": 1 << 7}
    assert found == {f"{name}_instances_{k}": number for k in (1, 64) for name, number in names.items()}
    assert threads == [1, 2, 1] * 2
    assert benchmark._read_rates(1.0) == {"digits_64_32_10_images": 100.0}


@pytest.mark.parametrize(("told", "name"), [("", "x86_64"), ("a processor", "a processor")])
def test_a_processor_without_a_list_of_them_is_that_of_the_platform(monkeypatch, told, name):
    monkeypatch.setattr(benchmark.Path, "exists", lambda self: False)
    monkeypatch.setattr(benchmark.platform, "processor", lambda: told)
    monkeypatch.setattr(benchmark.platform, "machine", lambda: "x86_64")
    assert benchmark.processor() == name


def test_the_table_is_that_of_all_pulses_of_the_quick_grid(monkeypatch):
    monkeypatch.setattr(benchmark, "best_rate", lambda work, seconds: work())
    monkeypatch.setattr(benchmark, "build_table", lambda device, grid, *, n, seed: types.SimpleNamespace(
        counts=np.full((len(grid.current_density), 5), n)))  # fmt: skip
    assert benchmark._table_rate(1.0) == 8 * 5 * 1000
