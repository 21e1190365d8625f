"""Fields and currents that change in time, each after its own waveform, against theory and an adaptive integrator."""

import dataclasses
import math
import types

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dwcore.errors import InputError
from llg.constants import GAMMA_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs import simulation
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.simulation import pulse_case, run_pulse
from llg.walls.q_phi import Field, QPhiModel

DELTA, ALPHA, LENGTH = 7.2e-9, 0.5, 1e-6
PULSE = {"current_density": 1e11, "duration": 1e-9, "rest_time": 1e-9, "relaxation_time": 2e-9}


def make_device(notch=False, **sections):
    notches = [{"position": 0.5e-6, "shape": "cosine", "depth": 6e-9, "width": 80e-9}] if notch else []
    return device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": ALPHA},
            "wall": {"Delta": DELTA},
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "torque": {"theta_SH": 0.1, "P": 0.4, "beta": 0.2},
            "notch": notches,
            "pulse": PULSE,
        }
        | sections
    )


def run(device, drive, **options):
    options = {"n": 1, "start": (0.5e-6, math.pi), "seed": 0, "temperature": 0.0, "jobs": 1} | options
    return simulate(device, drive, **options)


def test_field_pulse_moves_the_wall_by_its_area():
    """Slow against the angle and below the Walker field, q' = gamma0 Delta H(t)/alpha, any shape; to 0.2 %."""
    shape = Waveform([0.0, 20e-9, 60e-9, 80e-9, 100e-9], [0.0, 1.0, -0.5, 0.0, 0.0])
    drive = Drive(waveform=Waveform([0.0, 100e-9], [0.0, 0.0]), field=Field(H_z=500.0), field_waveform=shape)
    area = 500.0 * np.trapezoid(shape.value, shape.time)
    moved = run(make_device(), drive).q[0] - 0.5e-6
    assert moved == pytest.approx(GAMMA_0 * DELTA / ALPHA * area, rel=2e-3)
    constant = run(make_device(), Drive(waveform=drive.waveform, field=drive.field)).q[0] - 0.5e-6
    assert constant == pytest.approx(GAMMA_0 * DELTA / ALPHA * 500.0 * 100e-9, rel=2e-3)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_all_fields_and_the_current_at_once(Q):
    """Each after its own waveform of its own length; within 5e-4 wall widths and radians of an adaptive integrator."""
    device = make_device(notch=True, wall={"Delta": DELTA, "Q": Q})
    model = QPhiModel(device)
    current, field = Waveform([0.0, 0.4e-9, 1e-9], [0.0, 1.0, -0.5]), Field(H_x=3e4, H_y=-2e4, H_z=1e4)
    shape = Waveform([0.0, 0.5e-9, 0.5e-9, 2e-9], [1.0, 0.2, -0.8, 0.4])
    drive = Drive(waveform=current, current_density=2e11, field=field, field_waveform=shape)
    dt = 0.02 / model.fastest_rate(field)
    end = run(device, drive, dt=dt)
    assert drive.length == 2e-9

    def velocity(time, state):
        at = float(np.interp(time, shape.time, shape.value)) if time != 0.5e-9 else -0.8
        J = 2e11 * float(np.interp(time, current.time, current.value))
        now = Field(H_x=at * field.H_x, H_y=at * field.H_y, H_z=at * field.H_z)
        v, turn = model.velocity(state[0] * DELTA, state[1], J, now)
        return [v / DELTA, turn]

    state = [0.5e-6 / DELTA, math.pi]
    for begin, stop in ((0.0, 0.5e-9 * (1 - 1e-12)), (0.5e-9 * (1 + 1e-12), 2e-9)):
        state = solve_ivp(velocity, (begin, stop), state, rtol=1e-10, atol=1e-10, max_step=1e-11).y[:, -1]
    assert abs(end.q[0] / DELTA - state[0]) < 5e-4
    assert abs(end.phi[0] - state[1]) < 5e-4
    assert abs(state[0] - 0.5e-6 / DELTA) > 1


def test_shape_from_outside_is_the_same_as_the_pulse():
    """A rectangle as long as the pulse, framed by the device's rest and relaxation: the same final q."""
    device = make_device(notch=True)
    options = {"n": 1, "seed": 0, "temperature": 0.0, "jobs": 1, "current_density": 4e11}
    pulse = run_pulse(device, **options)
    shape = run_pulse(device, shape=Waveform([0.0, 1e-9], [1.0, 1.0]), **options)
    assert shape.ensemble.q[0] == pytest.approx(pulse.ensemble.q[0], abs=1e-13)
    assert shape.case.drive.waveform.length == pytest.approx(pulse.case.drive.waveform.length)
    assert abs(pulse.ensemble.q[0] - pulse.case.start[0]) > 1e-9


def test_field_waveform_starts_after_the_rest():
    """Zero time of the file is the end of the rest; the first value holds before it."""
    device = make_device()
    options = {"n": 1, "seed": 0, "temperature": 0.0, "jobs": 1, "current_density": 0.0, "field": Field(H_z=500.0)}
    late = run_pulse(device, field_waveform=Waveform([0.0, 1e-9, 1e-9, 2e-9], [0.0, 0.0, 1.0, 1.0]), **options)
    early = run_pulse(device, field_waveform=Waveform([0.0, 1e-9, 1e-9, 2e-9], [1.0, 1.0, 0.0, 0.0]), **options)
    steady = GAMMA_0 * DELTA / ALPHA * 500.0 * 1e-9
    moved = [(r.ensemble.q[0] - r.case.start[0]) / steady for r in (late, early)]
    assert moved == pytest.approx([2.0, 2.0], rel=0.02)  # 2 ns to 4 ns, and 0 to 2 ns, of 4 ns in all
    assert late.ensemble.n_steps == early.ensemble.n_steps


def test_a_drive_by_hand():
    """Its length is that of its longest waveform, its largest values those of the waveforms, whatever their sign."""
    field = Waveform([0.0, 3e-9], [0.5, -2.0])
    drive = Drive(waveform=Waveform([0.0, 1e-9, 2e-9], [0.0, -3.0, 1.0]), current_density=np.array([1e10, -2e10]),
                  field=Field(H_x=1.0, H_y=2.0, H_z=-4.0), field_waveform=field)  # fmt: skip
    assert drive.length == 3e-9 and drive.largest_current == 6e10
    assert drive.largest_field == Field(H_x=2.0, H_y=4.0, H_z=-8.0)
    with pytest.raises(InputError, match="current_density must be one number"):
        _ = drive.single_current
    plain = dataclasses.replace(drive, field_waveform=None)
    assert plain.largest_field == drive.field and plain.length == 2e-9
    others = [plain, dataclasses.replace(drive, field_waveform=Waveform([0.0, 3e-9], [0.5, 2.0])),
              dataclasses.replace(drive, gate_waveform=field), dataclasses.replace(drive, field=Field(H_x=1.0))]  # fmt: skip
    assert len({drive.values(), *(other.values() for other in others)}) == 5, "all of it tells its noise from others"


@pytest.mark.parametrize("rest", [0.0, 0.25])
def test_a_gate_follows_the_size_of_the_pulse(rest):
    """From its level at rest to 1 at the top, for pulses of either sign; where it rests at 1 it does nothing."""
    gated = make_device(gate={"delta_K_u": 1e4, "rest_level": rest})
    drive = Drive(waveform=Waveform([0.0, 1e-9, 2e-9], [0.0, -1.0, 0.5]), current_density=1e11)
    level = drive.gate_levels(gated)
    top = np.interp([0.0, 0.5e-9, 1e-9, 2e-9], level.time, level.value)
    assert top == pytest.approx([rest, rest + 0.5 * (1 - rest), 1.0, rest + 0.5 * (1 - rest)])
    assert np.interp(5 / 3 * 1e-9, level.time, level.value) == pytest.approx(
        rest, abs=1e-9
    )  # where the pulse changes its sign
    assert drive.gate_levels(make_device(gate={"delta_K_u": 1e4, "rest_level": 1.0})) is None
    assert drive.gate_levels(gated.at_gate_level(0.5)) is None and drive.gate_levels(make_device()) is None


@pytest.mark.parametrize(("speed", "later"), [(900.0, 0.0), (100.0, 0.0), (100.0, 50.0)])
def test_velocity_of_walls_that_leave_counts_a_linear_edge_half(monkeypatch, speed, later):
    """Walls that follow the pulse: 900 m/s leave the 500 nm to the end in the middle of the pulse, 100 m/s stay.

    What a field does to them after the current does not count.
    """
    device = make_device(pulse=PULSE | {"rise_time": 0.4e-9, "fall_time": 0.4e-9})
    case = pulse_case(device, current_density=1e11, duration=1e-9)
    shape = case.drive.waveform
    ends = shape.time[np.flatnonzero(shape.value)[-1] + 1]

    def made_up(device, drive, *, samples, **more):
        time = np.linspace(0.0, shape.length, samples + 1)
        fine = np.linspace(0.0, shape.length, 40 * samples + 1)
        value = np.interp(fine, shape.time, shape.value)
        area = np.concatenate([[0.0], np.cumsum(0.5 * (value[1:] + value[:-1]) * np.diff(fine))])[::40]
        q = case.start[0] + speed * area + later * np.maximum(time - ends, 0.0)
        return types.SimpleNamespace(q_samples=q[:, None], time=time)

    monkeypatch.setattr(simulation, "simulate", made_up)
    assert simulation._velocity_on_track(case, {}) == pytest.approx(speed, rel=0.01)


def test_a_train_is_its_pulses_one_after_the_other():
    """Three pulses on a straight track move the wall three times as far as one, an alternating pair nowhere."""
    device = make_device()
    options = {"n": 1, "seed": 0, "temperature": 0.0, "jobs": 1}
    one, three, pair = (
        run_pulse(device, pulses=n, period=3e-9, alternating=alternating, **options)
        for n, alternating in ((1, False), (3, False), (2, True))
    )
    moved = [r.ensemble.q[0] - r.case.start[0] for r in (one, three, pair)]
    assert moved[1] == pytest.approx(3 * moved[0], rel=1e-3)
    assert abs(moved[2]) < 1e-3 * abs(moved[0])
    assert three.case.duration == pytest.approx(3e-9)
    assert three.mean_velocity == pytest.approx(one.mean_velocity, rel=1e-3)
