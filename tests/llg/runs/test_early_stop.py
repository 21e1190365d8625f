"""Trajectories that stop once their wall has settled end where they would have ended; and the bound behind it holds."""

import dataclasses
import math
import tracemalloc

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import Drive, load_device, simulate
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.landscape.settling import CHANCE, Settling
from llg.landscape.wells import find_wells, well_index
from llg.runs.ensemble import LaneRun, default_block
from llg.runs.outcomes import count_outcomes, ensemble_outcomes
from llg.runs.run_plan import EnsembleCase
from llg.runs.time_step import time_step
from llg.walls.q_phi import Field, QPhiModel

KT = K_B * 300.0
CENTRE, PERIOD = 150e-9, 40e-9


def cosine_device(barrier, alpha=0.3, **more):
    """A straight track with three wells between cosine barriers [kB T], steep walls outside."""
    x = np.linspace(-80e-9, 80e-9, 641)
    V = barrier * KT * np.where(
        np.abs(x) < 1.5 * PERIOD, 0.5 * (1 - np.cos(2 * math.pi * x / PERIOD)), 1 + 4 * (np.abs(x) / PERIOD - 1.5)
    )  # fmt: skip
    return device_from_mapping(
        {
            "name": "three wells",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 5e-4, "alpha": alpha},
            "track": {"length": 2 * CENTRE, "width": "64 nm", "thickness": "0.6 nm"},
            "torque": {"theta_SH": 0.1},
            "potential": {"q": (CENTRE + x).tolist(), "V": V.tolist()},
            **more,
        }
    )


class Case:
    """A device with its wells and a pulse, current in units of the nominal one or in A/m^2."""

    def __init__(self, device, current, waveform=None, home=1):
        self.device, self.model = device, QPhiModel(device)
        self.wells = find_wells(self.model, 300.0)
        self.start = (self.wells[home].q, self.wells[home].phi)
        pulse = device.pulse
        waveform = waveform or pulse.waveform(pulse.duration)
        self.drive = Drive(waveform=waveform, current_density=current * (pulse.current_density if pulse else 1))
        self.settling = Settling(self.model, self.wells, 300.0)

    def count(self, n=4000, *, early, seed=7, **options):
        settling = self.settling if early else None
        what = {name: options.pop(name) for name in ("first", "temperature") if name in options}
        return count_outcomes(self.walls(n, seed=seed, **what), self.wells, settling=settling, **options)

    def walls(self, n, **what):
        return EnsembleCase(
            device=self.device, drive=self.drive, n=n, start=self.start, **{"temperature": 300.0} | what
        )


def five_state(current):
    return Case(load_device("five_state"), current)


def leaky():
    """Wells from which a wall escapes in some 100 ns: nothing may be stopped."""
    rest = Waveform(np.array([0.0, 4e-9]), np.zeros(2))
    return Case(cosine_device(9.0), 0.0, rest)


def roofs():
    """A pulse that leaves many walls on the barriers, 36 kB T high."""
    pulse = Waveform(np.array([0.0, 0.2e-9, 0.2e-9, 2e-9]), np.array([1.0, 1.0, 0.0, 0.0]))
    return Case(cosine_device(36.0, alpha=0.1), 1.7e12, pulse)


CASES = {
    "rare moves": lambda: five_state(0.72),
    "backward": lambda: five_state(-1.0),
    "one or two": lambda: five_state(1.3),
    "an instance": lambda: Case(load_device("five_state").draw(3, 1), 0.75),
    "walls on the barriers": roofs,
    "low barriers": leaky,
}


@pytest.mark.parametrize("name", CASES)
def test_same_outcomes_as_whole_trajectories(name):
    case = CASES[name]()
    whole, early = case.count(early=False), case.count(early=True)
    np.testing.assert_array_equal(early.counts, whole.counts)
    assert early.left == whole.left
    assert whole.n == 4000


def test_whole_trajectories_are_those_of_simulate():
    case = five_state(0.75)
    ensemble = simulate(case.device, case.drive, n=1000, start=case.start, seed=7)
    expected = ensemble_outcomes(ensemble, case.walls(1000, seed=7), case.wells)
    counted = case.count(1000, early=False)
    np.testing.assert_array_equal(counted.counts, expected.counts)
    assert np.count_nonzero(counted.counts) > 1
    assert counted.displacement == pytest.approx(expected.displacement, rel=1e-12)


def test_work_is_saved_where_walls_settle_and_only_there():
    """Rest, pulse and the first 0.5 ns after it take 2.6 of 6.2 ns; a low barrier lets nothing stop."""
    early = five_state(1.0).count(early=True)
    assert np.isnan(early.displacement)
    assert early.steps_done < 0.45 * early.n * early.n_steps
    case = leaky()
    assert all(bound.level(4e-9) < well.energy for bound, well in zip(case.settling.bounds, case.wells, strict=True))
    stay = case.count(early=True)
    assert stay.steps_done >= stay.n * stay.n_steps
    assert 0 < stay.counts[[0, 2]].sum() < stay.n
    few = case.count(65, early=True, jobs=1)
    assert few.steps_done == 2 * 64 * few.n_steps  # lanes, those without a wall of their own too


@pytest.mark.parametrize(("jobs", "block"), [(1, 64), (2, 100), (2, 4096), (3, 1)])
@pytest.mark.parametrize("early", [True, False])
def test_threads_and_blocks(jobs, block, early):
    case = five_state(0.75)
    one, other = case.count(1000, early=early, jobs=1), case.count(1000, early=early, jobs=jobs, block=block)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_equal(one.displacement, other.displacement)
    assert np.isnan(one.displacement) == early


def test_in_two_parts():
    case = five_state(0.75)
    parts = case.count(300, early=True), case.count(700, early=True, first=300)
    np.testing.assert_array_equal(parts[0].counts + parts[1].counts, case.count(1000, early=True).counts)


@pytest.mark.parametrize("other", ["q-phi-delta", "field", "heating", "colder"])
def test_not_stopped_where_the_bound_says_nothing(other):
    """Other equations of motion, a field, heat that has not gone, another temperature: all steps are done."""
    device, field, temperature = load_device("five_state"), Field(), 300.0
    if other == "q-phi-delta":
        device = dataclasses.replace(device, wall=dataclasses.replace(device.wall, model=other))
    elif other == "field":
        field = Field(H_z=100.0)
    elif other == "heating":
        device = device_from_mapping(device.config() | {"heating": {"R_th": 1e5, "tau_th": 5e-9}})
    elif other == "colder":
        temperature = 280.0
    case = Case(device, 0.5, Waveform(np.array([0.0, 0.1e-9, 0.1e-9, 2e-9]), np.array([1.0, 1.0, 0.0, 0.0])))
    case.drive = dataclasses.replace(case.drive, field=field)
    ends = case.count(64, early=True, temperature=temperature)
    assert ends.steps_done == 64 * ends.n_steps


def energies(case, time, n, above=0.0, seed=3):
    """Energies [kB T] above the bottom at `time` [s] of walls that start `above` [kB T] it, and their wells."""
    well = case.wells[1]
    q = np.linspace(well.q, well.right_edge, 2000)
    start = q[np.searchsorted(case.model.energy(q, well.phi), well.energy + above * KT)]
    rest = Drive(waveform=Waveform(np.array([0.0, time]), np.zeros(2)))
    end = simulate(case.device, rest, n=n, start=(float(start), well.phi), seed=seed, temperature=300.0)
    return (case.model.energy(end.q, end.phi) - well.energy) / KT, well_index(case.wells, end.q)


@pytest.mark.parametrize("above", [0.0, 4.0])
def test_growth_of_the_exponential_of_the_energy(above):
    """E exp(e(t)) <= exp(e(0) + Gamma t), the first step of the proof; a fifth of Gamma would not do."""
    case = Case(cosine_device(30.0), 0.0, Waveform(np.array([0.0, 1e-9]), np.zeros(2)))
    rate = case.settling.bounds[1].rate
    e, _ = energies(case, 0.5 / rate, 20_000, above)
    mean, error = np.mean(np.exp(e)), np.std(np.exp(e)) / math.sqrt(e.size)
    assert mean - 4 * error < math.exp(above + 0.5)
    if above == 0.0:
        assert mean - 4 * error > math.exp(0.2 * 0.5)


@pytest.mark.parametrize("above", [0.0, 4.0])
def test_escapes_are_rarer_than_the_bound(above):
    case = Case(cosine_device(14.0), 0.0, Waveform(np.array([0.0, 1e-9]), np.zeros(2)))
    bound = case.settling.bounds[1]
    allowed = bound.chance(case.wells[1].energy + above * KT, 1e-9)
    _, where = energies(case, 1e-9, 20_000, above)
    assert np.mean(where != 1) <= allowed < 1


def test_level_has_the_stated_chance():
    bound = five_state(1.0).settling.bounds[2]
    assert bound.chance(bound.level(5e-9), 5e-9) == pytest.approx(CHANCE, rel=1e-9)
    assert bound.level(5e-9) < bound.level(1e-9)
    depth = five_state(1.0).wells[2]
    assert 12 * KT < bound.level(5e-9) - depth.energy < depth.barrier_left - 30 * KT


def test_surface_is_the_energy_of_the_model():
    case = five_state(1.0)
    q, phi = case.device.geometry.q, 2.0
    surface = case.settling.surface(5e-9)
    energy = surface[:, 0] + surface[:, 1] * math.cos(phi) ** 2 + surface[:, 2] * math.cos(phi)
    inside = np.isfinite(energy)
    index = well_index(case.wells, q)
    np.testing.assert_array_equal(inside, (index >= 0) & ~np.isin(q, [w.right_edge for w in case.wells]))
    level = np.array([bound.level(5e-9) for bound in case.settling.bounds])[index[inside]]
    np.testing.assert_allclose(energy[inside] + level, case.model.energy(q[inside], phi), atol=1e-4 * KT)


def test_memory_does_not_grow_with_the_number_of_trajectories():
    """A short run of 200,000 trajectories stays below 2 MB; their final q and phi alone would be 3.2 MB."""
    case = five_state(1.0)
    case.drive = Drive(waveform=Waveform(np.array([0.0, 2e-11]), np.ones(2)), current_density=7e11)
    for early in (False, True):
        case.count(64, early=early, jobs=1)
        tracemalloc.start()
        ends = case.count(200_000, early=early, jobs=1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert ends.n == 200_000
        assert peak < 2e6


def test_default_block_shares_the_work_evenly():
    for n, jobs in ((1, 1), (10_000, 2), (10_000_000, 2), (4097, 3)):
        block = default_block(n, jobs)
        assert 1 <= block <= 2048
        lanes = -(-block // 64) * 64  # what a task takes
        tasks = -(-n // lanes)
        rounds = -(-tasks // jobs)
        assert rounds * lanes <= 1.05 * n / jobs + 64


def test_one_current_only():
    case = five_state(1.0)
    case.drive = dataclasses.replace(case.drive, current_density=np.ones(10))
    with pytest.raises(InputError, match="must be one number where only outcomes are counted"):
        case.count(10, early=True)


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_rest_begins_at_the_first_step_that_nothing_drives(steps):
    """Step n runs from row n to row n + 1 of the drive: while either is driven, no wall may be called settled."""
    device = cosine_device(9)
    dt = time_step(QPhiModel(device), current_density=1e11)
    pulse = Waveform(np.array([0.0, 0.5 * dt, (steps - 0.5) * dt, steps * dt, 60 * dt]), np.array([0, 1, 1, 0, 0]))
    case = EnsembleCase(
        device=device, drive=Drive(waveform=pulse, current_density=1e11), n=1, start=(CENTRE, 0.0), seed=1,
        temperature=300.0, dt=dt,
    )  # fmt: skip
    plan = LaneRun(case).plan
    quiet = plan.n_steps - plan.rest_steps()
    assert not plan.rows[quiet:, 0].any() and plan.rows[quiet - 1, 0] != 0
