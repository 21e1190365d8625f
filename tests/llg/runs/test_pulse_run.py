"""One pulse on one state: where it starts, how the outcome is counted, what the JSON holds."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from dwcore.errors import InputError
from llg import find_wells, load_device
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.landscape.wells import Well
from llg.runs import simulation
from llg.runs.drive import Drive
from llg.runs.ensemble import Ensemble
from llg.runs.outcomes import Outcomes, ensemble_outcomes
from llg.runs.run_plan import EnsembleCase
from llg.runs.simulation import PulseCase, PulseRun, as_json, run_pulse
from llg.walls.q_phi import Field, QPhiModel

STRAIGHT = {
    "name": "straight",
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "track": {"length": "600 nm", "width": "64 nm", "thickness": "0.6 nm"},
    "torque": {"theta_SH": 0.1},
    "pulse": {"current_density": 1e11, "duration": "1 ns", "relaxation_time": 0},
}


@pytest.fixture(scope="module")
def device():
    return load_device("five_state")


def well(q, left, right):
    return Well(
        q=q, phi=0.0, energy=0.0, left_edge=left, right_edge=right, left_foot=left, right_foot=right,
        barrier_left=1e-19, barrier_right=1e-19,
        depinning_field_left=0.01, depinning_field_right=0.01,
    )  # fmt: skip


def run_with(q):
    """A run of two wells from 10 to 30 and 30 to 50 nm that ended at q [nm]."""
    q = 1e-9 * np.array(q)
    ensemble = Ensemble({"q": q, "phi": 0 * q}, q > 600e-9, 1e-12, 10, np.empty(0), {})
    wells = [well(20e-9, 10e-9, 30e-9), well(40e-9, 30e-9, 50e-9)]
    drive = Drive(waveform=Waveform(np.array([0.0, 1e-9]), np.ones(2)), current_density=1e11)
    case = PulseCase(device_from_mapping(STRAIGHT), wells, (20e-9, 0.0), 2e-9, drive)
    walls = EnsembleCase(device=case.device, drive=drive, n=q.size, start=case.start, seed=1, temperature=300.0)
    return PulseRun(case, ensemble_outcomes(ensemble, walls, wells), ensemble)


def test_outcomes_are_counted_by_hand():
    run = run_with([15, 25, 35, 49, 51, 5, 610, 20])
    np.testing.assert_allclose(run.probability, [3 / 8, 2 / 8, 3 / 8])
    mean = (15 + 25 + 35 + 49 + 51 + 5 + 610 + 20) / 8 - 20
    assert run.mean_velocity == pytest.approx(mean * 1e-9 / 2e-9)
    result = as_json(run)
    assert result["n"] == 8 and result["left_track"] == 1
    assert result["states"] == pytest.approx([20e-9, 40e-9])
    hits = np.array([3, 2, 3])
    np.testing.assert_allclose(result["standard_error"], stats.beta(hits + 0.5, 8 - hits + 0.5).std(), rtol=1e-12)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_starts_in_the_middle_or_where_asked(device):
    wells = find_wells(QPhiModel(device), 300.0)
    for state, expected in ((None, 2), (0, 0), (4, 4)):
        run = run_pulse(device, n=2, seed=1, state=state)
        assert run.case.start == (wells[expected].q, wells[expected].phi)
    for none in (5, -1):
        with pytest.raises(InputError, match=f"state = {none} must be >= 0 and < 5, the number of states"):
            run_pulse(device, n=2, seed=1, state=none)


def test_nominal_pulse_unless_told_otherwise(device):
    run = run_pulse(device, n=2, seed=1)
    assert (run.case.drive.current_density, run.case.duration) == (7e11, 1e-9)
    assert run.case.drive.waveform.length == pytest.approx(1e-9 + 1e-9 + 0.2e-9 + 4e-9)
    run = run_pulse(device, n=2, seed=1, current_density=0.0, duration=2e-9)
    assert (run.case.drive.current_density, run.case.duration) == (0.0, 2e-9)
    assert run.probability.tolist() == [0, 0, 1, 0, 0, 0]


def test_track_without_wells_starts_in_its_middle_and_glides():
    """Spin-Hall drive, no noise: v = (pi/2) gamma0 Delta H_D/sqrt(1 + (alpha H_D/H_DL)^2), as llg.walls.q_phi tells."""
    device = device_from_mapping(STRAIGHT)
    run = run_pulse(device, n=2, seed=1, temperature=0.0)
    assert run.case.wells == [] and run.case.start[0] == pytest.approx(300e-9, abs=0.3e-9)
    assert run.probability.tolist() == [1.0]
    model = QPhiModel(device)
    q, phi = 300e-9, run.case.start[1]
    for _ in range(2000):  # the angle that the torque holds
        phi += 1e-13 * model.velocity(q, phi, 1e11)[1]
    velocity = float(model.velocity(q, phi, 1e11)[0])
    assert run.mean_velocity == pytest.approx(velocity, rel=0.05)
    gone = run_pulse(device, n=2, seed=1, temperature=0.0, duration=10e-9)  # of which it needs 6 ns to the end
    assert gone.outcomes.left == 2 and gone.mean_velocity == pytest.approx(velocity, rel=0.05)
    with pytest.raises(InputError, match="state = 0 needs a track with wells"):
        run_pulse(device, n=2, seed=1, state=0)


def test_field_and_noise_reach_the_ensemble(device):
    pushed = run_pulse(device, n=2, seed=1, current_density=0.0, temperature=0.0, field=Field(H_z=1e5))
    assert pushed.probability[2] == 0
    a, b = (run_pulse(device, n=4, seed=seed, samples=3).ensemble for seed in (1, 2))
    assert a.q_samples.shape == (4, 4) and not np.array_equal(a.q, b.q)


def test_a_device_without_pulse_is_refused():
    with pytest.raises(InputError, match=r"needs a \[pulse\] section"):
        run_pulse(device_from_mapping({k: v for k, v in STRAIGHT.items() if k != "pulse"}), n=2, seed=1)


def test_no_pulse_section_is_needed_for_a_drive_without_current():
    """A field alone, or a current of zero, on a device without [pulse]."""
    device = load_device("five_state").replace({"pulse": None})
    run = run_pulse(device, n=8, seed=1, current_density=0.0, duration=1e-10)
    assert run.probability[2] == 1


def test_each_state_starts_at_its_own_angle(device, monkeypatch):
    wells = [dataclasses.replace(well(q, q - 1e-8, q + 1e-8), phi=phi) for q, phi in ((1e-7, 0.1), (2e-7, 0.2))]
    monkeypatch.setattr(simulation, "find_wells", lambda model, temperature: wells)
    assert [simulation.pulse_case(device, state=i).start for i in (0, 1, None)] == [
        (1e-7, 0.1),
        (2e-7, 0.2),
        (2e-7, 0.2),
    ]


@pytest.mark.parametrize("more", [{"duration": 1e-9}, {"pulses": 2}, {"period": 5e-9}, {"alternating": True}])
def test_a_shape_says_its_own_times(device, more):
    shape = Waveform([0.0, 1e-9], [1.0, 1.0])
    assert simulation.pulse_case(device, shape=shape).duration == 1e-9
    with pytest.raises(InputError, match="must not be given with a shape"):
        simulation.pulse_case(device, shape=shape, **more)
    with pytest.raises(InputError, match="field_waveform needs the field"):
        simulation.pulse_case(device, field_waveform=shape)


def test_walls_that_left_or_have_not_settled_are_noted_beyond_a_hundredth():
    """Of 1000: 10 are not said, 11 are."""
    case = run_with([20]).case
    for few, noted in ((10, False), (11, True)):
        ends = Outcomes(np.array([1000 - few, 0, few]), few, 0.0, 1e-12, 10, 0, unsettled=few)
        found = [note.split(":")[0] for note in simulation.notes_on(PulseRun(case, ends))]
        assert [word for word in found if word in ("unsettled", "left_track")] == ["unsettled", "left_track"] * noted
    assert "1.1% of the walls had not settled in a well 100 ns after" in simulation.notes_on(PulseRun(case, ends))[0]


def test_notes_are_those_of_the_largest_field_and_of_the_heat_of_the_pulse():
    """H_k = 2 K_eff/(mu0 Ms) is 391 kA/m of this film: 30 % of it cant the domains; 6e12 A/m^2 warm by far more than 30 K."""
    more = {"stack": {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}, "heating": {"R_th": 1e5, "tau_th": 1e-10}}
    device = device_from_mapping(STRAIGHT | more)
    strong = {"field": Field(H_y=117e3), "field_waveform": Waveform([0.0, 1e-9], [0.0, -1.0])}
    for what, words in (
        (strong, "field: the field in the plane, 30%"),
        ({"current_density": 6e12}, "temperature: the pulse"),
    ):
        found = simulation.drive_notes(simulation.pulse_case(device, **what))
        assert any(note.startswith(words) for note in found)
        assert not any(note.startswith(words) for note in simulation.drive_notes(simulation.pulse_case(device)))
