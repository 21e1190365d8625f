"""Bit-identical results for any number of threads and processes, any block size, and whatever else runs along."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.ensemble import Drive, simulate
from llg.walls.q_phi import Field

START = (150e-9, 3.0)
WAVEFORM = Waveform(np.array([0.0, 0.2e-9, 0.5e-9, 1e-9]), np.array([0.0, 1.0, 1.0, 0.0]))
CURRENT = 1.5e11


def make_device():
    return device_from_mapping(
        {
            "name": "reproducible",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 5e-4, "alpha": 0.2},
            "track": {"length": 300e-9, "width": 64e-9, "thickness": 0.6e-9, "edge_roughness_rms": 0.3e-9},
            "notch": [{"position": 150e-9, "shape": "triangular", "depth": 10e-9, "width": 40e-9}],
            "torque": {"theta_SH": 0.1, "P": 0.4, "beta": 0.1},
            "variation": {"Ms_dtod": 0.02},
        }
    )


def run(n=200, *, current=CURRENT, device=None, waveform=WAVEFORM, field=None, seed=5, start=START, **options):
    drive = Drive(waveform=waveform, current_density=current, field=field or Field())
    return simulate(device or make_device(), drive, n=n, start=start, seed=seed, **options)


def assert_same(a, b):
    np.testing.assert_array_equal(a.q.view(np.int64), b.q.view(np.int64))
    np.testing.assert_array_equal(a.phi.view(np.int64), b.phi.view(np.int64))


@pytest.fixture(scope="module")
def alone():
    return run(jobs=1)


def test_same_again(alone):
    assert_same(alone, run(jobs=1))
    assert np.unique(alone.q).size == alone.q.size


@pytest.mark.parametrize(("jobs", "block"), [(2, 1024), (2, 64), (1, 64), (1, 100), (3, 1), (2, 128)])
def test_threads_and_blocks(alone, jobs, block):
    assert_same(alone, run(jobs=jobs, block=block))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_fewer_trajectories_are_the_first_ones(alone, n):
    fewer = run(n, jobs=1)
    np.testing.assert_array_equal(fewer.q, alone.q[:n])
    np.testing.assert_array_equal(fewer.phi, alone.phi[:n])


def test_recording_does_not_disturb():
    """The same number of steps with and without samples; the last sample is the outcome."""
    dt = 1e-9 / 800
    plain, recorded = run(dt=dt, jobs=1), run(dt=dt, samples=20, jobs=1)
    assert plain.n_steps == recorded.n_steps
    assert_same(plain, recorded)
    np.testing.assert_array_equal(recorded.q_samples[-1], recorded.q)
    np.testing.assert_array_equal(recorded.q_samples[0], START[0])
    np.testing.assert_allclose(recorded.time, np.linspace(0, 1e-9, 21), rtol=1e-12)


def test_currents_together_or_apart():
    """Each trajectory counts its own number among those of its current density, wherever it stands in the array."""
    currents = np.array([1e11, -2e11, 0.0])
    together = run(300, current=np.tile(currents, 100), jobs=2)
    for i, J in enumerate(currents):
        apart = run(100, current=J, jobs=1)
        np.testing.assert_array_equal(together.q[i::3], apart.q)
        np.testing.assert_array_equal(together.phi[i::3], apart.phi)
    sorted_by_current = run(300, current=np.repeat(currents, 100), jobs=1)
    np.testing.assert_array_equal(sorted_by_current.q, together.q.reshape(100, 3).T.ravel())


def test_trajectories_from_a_number_on():
    """Two from number 3 are the last of five, with one current density for all and with one for each."""
    J = 2e11
    five = run(5, current=J, jobs=1)
    for current in (J, np.full(2, J)):
        last = run(2, current=current, first=3, jobs=1)
        np.testing.assert_array_equal(last.q, five.q[3:])


def digest(result):
    return hashlib.sha256(result.q.tobytes() + result.phi.tobytes()).hexdigest()


def test_other_processes_get_the_same(alone):
    code = (
        "import importlib.util as u\n"
        f"spec = u.spec_from_file_location('again', {__file__!r})\n"
        "again = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(again)\n"
        "print(again.digest(again.run(jobs=2, block=64)))\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [child.communicate(timeout=600)[0].strip() for child in children]
    assert answers == [digest(alone)] * 2


def test_numbers_of_other_types_are_the_same_numbers():
    """An integer angle must not turn the lanes into integers."""
    exact = run(64, start=(150e-9, 3.0), current=2e11, jobs=1)
    assert_same(exact, run(64, start=(np.float64(150e-9), 3), current=200_000_000_000, jobs=1))


def test_different_keys_give_different_noise(alone):
    """Negative control: seed, device instance, current, field, temperature, start and pulse each change the noise."""
    device = make_device()
    longer = Waveform(WAVEFORM.time * 1.001, WAVEFORM.value)
    others = [
        run(jobs=1, seed=6),
        run(jobs=1, device=device.draw(1, 5)),
        run(jobs=1, current=CURRENT * (1 + 1e-12)),
        run(jobs=1, field=Field(H_x=1e-6)),
        run(jobs=1, temperature=300.000001),
        run(jobs=1, start=(START[0], START[1] + 1e-12)),
        run(jobs=1, waveform=longer),
    ]
    for other in others:
        # Trajectories with the same noise would nearly coincide; these are as far apart as any two.
        assert np.corrcoef(alone.q, other.q)[0, 1] < 0.3


def test_no_noise_at_zero_temperature():
    still = run(128, temperature=0.0, jobs=1)
    assert np.unique(still.q).size == 1
    np.testing.assert_array_equal(still.q[:1], run(1, temperature=0.0, seed=99, jobs=1).q)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 0}, "n = 0"),
        ({"samples": -1}, "samples = -1"),
        ({"block": 0}, "block = 0"),
        ({"jobs": 0}, "jobs = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**63}, "must be >= 0 and < 2^63"),
        ({"start": (301e-9, 0.0)}, "must lie on the track"),
        ({"start": (float("nan"), 0.0)}, "must lie on the track"),
        ({"start": (150e-9, float("inf"))}, "start phi = inf"),
        ({"temperature": -1.0}, "temperature = -1"),
        ({"temperature": float("nan")}, "temperature = nan"),
        ({"current": float("nan")}, "current_density must be a finite number"),
        ({"current": np.ones(3)}, "or 200 of them"),
        ({"field": Field(H_z=float("nan"))}, "H_z=nan) must be finite [A/m]"),
        ({"field": Field(H_x=float("inf"))}, "must be finite [A/m]"),
        ({"dt": 1e-9}, "dt = 1e-09 [s] must be > 0 and <="),
        ({"dt": 0.0}, "dt = 0 [s] must be > 0"),
        ({"dt": float("nan")}, "dt = nan [s] must be > 0"),
    ],
)
def test_impossible_arguments(options, said):
    with pytest.raises(InputError) as caught:
        run(**options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
