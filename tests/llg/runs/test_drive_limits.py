"""What a drive does beyond the wall of the model: to the domains, to the angle of wide walls, to the film."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dwcore.errors import InputError
from llg.constants import MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.rates.summary import notes_on, well_rates
from llg.runs import drive_limits
from llg.runs.drive_limits import angle_length, heat_notes, velocity_of_fixed_width
from llg.runs.models import with_model
from llg.runs.simulation import notes_on as run_notes
from llg.runs.simulation import run_pulse
from llg.runs.validity import notes
from llg.runs.velocity import straight_track
from llg.walls.analytic import straight_track_velocity, walker_drift, walker_field
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_delta import QPhiDeltaModel

CHIRAL = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1.2e-3, "alpha": 0.3}
H_K_EFF = 2 * (CHIRAL["K_u"] - 0.5 * MU_0 * CHIRAL["Ms"] ** 2) / (MU_0 * CHIRAL["Ms"])


def make_device(material=CHIRAL, *, length=400e-9, width=100e-9, torque=None, notch=None, **more):
    notches = [] if notch is None else [{"position": 0.5 * length, **notch}]
    track = {"length": length, "width": width, "thickness": 0.6e-9}
    torque = {"theta_SH": 0.07} if torque is None else torque
    return device_from_mapping({"material": material, "track": track, "torque": torque, "notch": notches, **more})


def said(word, device, *what, **more):
    return [note for note in notes(device, *what, **more) if note.startswith(word)]


def test_fields_that_cant_the_domains_are_noted():
    """Energy of the wall by quadrature between both domains; a drive comes on top of [field]; a field along z cants nothing."""
    unit, h = H_K_EFF, 0.4
    theta = np.linspace(math.asin(h), math.pi - math.asin(h), 20_001)
    exact = np.trapezoid(np.sin(theta) - h, theta) / 2
    (note,) = (n for n in notes(make_device(field={"H_x": h * unit})) if n.startswith("field"))
    assert "40%" in note and "24 degrees" in note and f"{exact - (1 - math.pi * h / 2):.1%}" in note

    across = make_device(field={"H_y": 0.2 * unit})
    assert said("field", across, field=Field(H_y=0.2 * unit)) and not said(
        "field", across, field=Field(H_y=-0.2 * unit)
    )
    assert not said("field", make_device(field={"H_x": 0.2 * unit}), field=Field(H_z=0.4 * unit))
    assert "leaves a wall no energy" in str(notes(make_device(), field=Field(H_y=1.1 * unit)))


def test_a_stray_field_of_the_profile_counts():
    """At each of its places on top of the uniform one; in the plane, and along z."""
    x = [0.0, 150e-9, 250e-9, 400e-9]
    device = make_device(field={"H_x": 0.2 * H_K_EFF})
    across = {"profile.x": x, "profile.H_x_at": [0, 0.1 * H_K_EFF, 0.1 * H_K_EFF, 0]}
    (note,) = said("field", device.replace(across))
    assert "30%" in note
    assert not said("field", device.replace(across | {"profile.H_x_at": [0, -0.1 * H_K_EFF, 0, 0]}))
    along = {"profile.x": x, "profile.H_z_at": [0, 0.9 * H_K_EFF, -0.9 * H_K_EFF, 0]}
    assert "turns the domain against it over" in str(said("field", device.replace(along)))


@pytest.mark.parametrize("h", [0.0, 0.1, 0.3])
def test_a_field_that_turns_the_domain_over_is_noted(h):
    """Where the energy of the domain against the field has a minimum no more, found here on a grid of angles."""
    theta = np.linspace(0.5 * math.pi, 1.5 * math.pi, 200_001)

    def stays(g):
        energy = 0.5 * np.sin(theta) ** 2 - h * np.sin(theta) - g * np.cos(theta)
        return bool(((energy[1:-1] < energy[:-2]) & (energy[1:-1] < energy[2:])).any())

    low, high = 0.0, 1.5
    while high - low > 1e-4:
        low, high = (0.5 * (low + high), high) if stays(0.5 * (low + high)) else (low, 0.5 * (low + high))
    device = make_device(CHIRAL | {"D": 0.2e-3}, field={"H_x": h * H_K_EFF})
    for factor, turned in ((0.98, False), (1.02, True)):
        found = str(said("field", device, field=Field(H_z=-factor * low * H_K_EFF)))
        assert ("turns the domain against it over" in found) is turned


def test_a_torque_that_cants_the_domains_is_noted():
    """A domain followed by the equation of motion: it cants by asin(2h)/2, and is turned over beyond h = 1/2."""

    def domain(most):
        m = np.array([1e-3, 0.0, 1.0])
        for h in np.minimum(np.linspace(0.0, 1.5 * most, 15_000), most):  # ramped, then held
            field = np.array([0.0, 0.0, m[2]]) - h * np.cross(m, [0.0, 1.0, 0.0])
            m = m - 0.02 * (np.cross(m, field) + 0.5 * np.cross(m, np.cross(m, field)))
            m /= np.linalg.norm(m)
        return m

    device = make_device()
    J = H_K_EFF / abs(QPhiModel(device).H_DL_per_J)
    (note,) = said("torque", device, -0.3 * J)
    canted = math.degrees(math.asin(math.hypot(*domain(0.3)[:2])))
    assert f"by {canted:.0f} degrees" in note and "30%" in note and f"{0.3 * J:.3g} A/m^2" in note
    assert domain(0.49)[2] > 0.5 > domain(0.51)[2]
    assert "cants" in str(said("torque", device, 0.49 * J)) and "turns" in str(said("torque", device, 0.51 * J))
    assert not said("torque", device, 0.24 * J)


def test_length_over_which_the_angle_changes():
    """sqrt(4 A Delta/(pi D)) of a chiral wall without H_K, sqrt(2 A/(mu0 Ms H_K)) of a Bloch wall."""
    chiral = QPhiModel(make_device(wall={"H_K": 0.0}))
    assert angle_length(chiral) == pytest.approx(math.sqrt(4e-11 * chiral.Delta / (math.pi * 1.2e-3)), rel=1e-4)
    bloch = QPhiModel(make_device(CHIRAL | {"D": 0.0}, wall={"H_K": 2e4}))
    assert angle_length(bloch) == pytest.approx(math.sqrt(2e-11 / (MU_0 * 7e5 * 2e4)), rel=1e-4)
    assert angle_length(QPhiModel(make_device(CHIRAL | {"D": 0.0}, wall={"H_K": 0.0}))) == math.inf


def test_wide_walls_beyond_breakdown_are_noted():
    """By field and by spin transfer, each 3 % below and above; a wall no longer than a Bloch line turns as a whole."""
    device = make_device()
    model = QPhiModel(device)
    walker = walker_field(model.alpha, model.H_K, model.H_D)
    assert not said("breakdown", device, field=Field(H_z=0.97 * walker))
    (note,) = said("breakdown", device, field=Field(H_z=-1.03 * walker))
    line = math.pi * angle_length(model)
    assert 20e-9 < line < 40e-9 and f"{1e9 * line:.3g} nm" in note and "H_z = -" in note
    assert not said("breakdown", make_device(width=0.9 * line), field=Field(H_z=1.03 * walker))
    assert not said("breakdown", device) and not said("breakdown", device, 1e12)
    bloch = make_device(CHIRAL | {"D": 0.0, "alpha": 0.1}, width=1e-6, torque={"P": 0.5, "beta": 0.02})
    wall = QPhiModel(bloch)
    J = walker_drift(Delta=wall.Delta, alpha=0.1, beta=0.02, H_K=wall.H_K) / abs(wall.u_per_J)
    assert not said("breakdown", bloch, 0.97 * J) and f"{1.03 * J:.3g} A/m^2" in str(said("breakdown", bloch, 1.03 * J))
    held = make_device(field={"H_z": 1.03 * walker})
    assert "[field] turns" in str(said("breakdown", held))


def test_films_far_from_the_temperature_they_are_known_for_are_noted():
    """By more than a tenth, of a run, of rates, and by the heat of a pulse; with laws the film follows."""
    notch = {"shape": "triangular", "depth": 10e-9, "width": 60e-9}
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}
    pulse = {"current_density": 1e11, "duration": 1e-9, "relaxation_time": 0.0, "rest_time": 0.0}
    rigid = {"wall": {"shape": "rigid"}, "notch": notch, "stack": stack, "pulse": pulse}
    device = make_device(**rigid)
    for T, noted in ((332.0, True), (268.0, True), (328.0, False), (0.0, False)):
        run = run_pulse(device, n=1, seed=1, temperature=T, keep=False)
        assert any(note.startswith("temperature: at") for note in run_notes(run)) is noted
    assert any("at 400 K, with Ms" in note for note in notes_on(device, well_rates(device, 400.0), temperature=400.0))
    assert not any(note.startswith("temperature") for note in notes_on(device, []))
    laws = device.replace({"temperature_laws.T_C": 900.0})
    assert not any(note.startswith("temperature") for note in notes_on(laws, [], temperature=400.0))
    hot = make_device(**rigid, heating={"R_th": 1e5, "tau_th": 1e-9})
    shape = Waveform([0.0, 1e-9, 2e-9], [1.0, 1.0, 0.0])
    rise = hot.steady_rise(1e11) * (1 - math.exp(-1))  # at the end of the plateau, from where it falls
    for factor, noted in ((0.9, False), (1.1, True)):
        J = 1e11 * math.sqrt(factor * 30.0 / rise)
        flat = Waveform([0.0, 1e-9], [1.0, 1.0])
        assert bool(heat_notes(hot, 300.0, -J, flat)) is noted
    (note,) = heat_notes(hot, 300.0, 1e11 * math.sqrt(60.0 / rise), flat)
    assert "heats the track to 360 K" in note
    assert heat_notes(hot.replace({"temperature_laws.T_C": 900.0}), 300.0, J, shape) == []


@pytest.mark.parametrize(
    ("T", "noted"), [(14.9, False), (15, True), (27, True), (77.3, False), (150, True), (151, False)]
)
def test_temperatures_that_look_like_degrees_celsius_are_noted(T, noted):
    """27 K are -246 degrees Celsius; 77 K is liquid nitrogen. Also with laws of the film, and where it is of that temperature."""
    cold = make_device().replace({"temperature": T})
    for device in (cold, cold.replace({"temperature_laws.T_C": 900.0})):
        assert [f'{T:g} of these are "{T:g} degC"' in note for note in heat_notes(device, T)] == [True] * noted
    found = heat_notes(make_device(), T)
    assert len(found) == 1 + noted and ("degC" in found[0]) is noted


def test_chirality_of_a_profile_against_its_own_anisotropy():
    """sigma_0/pi falls as the root of K_eff; where K_u falls and D rises at one place it is reached there first."""
    film = make_device().material
    share = math.pi * CHIRAL["D"] / (4 * math.sqrt(film.A * film.K_eff))
    x = [0.0, 150e-9, 250e-9, 400e-9]

    def softened(part):
        """Take K_eff at 150 nm to the part at which D is that share of the critical value."""
        factor = 1 + ((share / part) ** 2 - 1) * film.K_eff / film.K_u
        return make_device().replace({"profile.x": x, "profile.K_u_factor": [1, factor, 1, 1]})

    assert not said("profile: D", softened(0.88)) and "91%" in str(said("profile: D", softened(0.91)))
    with pytest.raises(InputError, match=r"\[profile\]: D = 0.0012 .* at x = 1.5e-07 \[m\], where K_u = "):
        softened(1.01)
    both = {"profile.x": x, "profile.K_u_factor": [1, 0.95, 1, 1], "profile.D_factor": [1, 1.2, 1, 1]}
    soft = film.K_eff - 0.05 * film.K_u
    assert f"{1.2 * share * math.sqrt(film.K_eff / soft):.0%}" in str(said("profile: D", make_device().replace(both)))


def test_given_walls_scale_the_critical_chirality():
    """A given sigma_0 is that of the uniform film."""
    plain = {"profile.x": [0.0, 400e-9], "profile.D_factor": [1.0, 1.2]}
    firm = dataclasses.replace(make_device(), wall=dataclasses.replace(make_device().wall, sigma_0=8e-3))
    assert not said("profile: D", firm.replace(plain))
    with pytest.raises(InputError, match="must be below sigma_0/pi"):
        dataclasses.replace(firm, wall=dataclasses.replace(firm.wall, sigma_0=4.4e-3)).replace(plain)


def breathing(H_K, *, alpha=0.1, D=0.0, **more):
    """A film whose wall has a given H_K [A/m], and its H_K over h_sigma = sigma_0/(2 mu0 Ms Delta_0)."""
    film = CHIRAL | {"D": D, "alpha": alpha}
    device = make_device(film, torque={"P": 0.5, "beta": 0.02}, wall={"H_K": H_K}, **more)
    wall = device.straight_wall
    return device, H_K * 2 * MU_0 * film["Ms"] * wall.Delta / wall.sigma_0


@pytest.mark.parametrize("share", [0.02, -0.02, 0.08])
@pytest.mark.parametrize("times", [1.2, 3.0, 20.0])
def test_a_wall_of_fixed_width_is_too_fast_beyond_breakdown_by_a_quarter_of_its_anisotropy(share, times):
    """H_K/(4 h_sigma), to first order, at any field above that of Walker, as phi' does not depend on the width.

    Delta = Delta_0 [1 - (H_K/4 h_sigma)(1 + cos 2 phi)], v/Delta and phi' depend on sin 2 phi only, and the mean of
    cos 2 phi f(sin 2 phi) over a turn vanishes.
    """
    device, unit = breathing(1e3)
    device, _ = breathing(1e3 * share / unit)
    field = Field(H_z=times * walker_field(0.1, 1e3 * share / unit))
    fixed, own = velocity_of_fixed_width(device, 0.0, field)
    assert fixed / own - 1 == pytest.approx(share / 4, abs=0.5 * share**2)


@pytest.mark.parametrize(("H_z", "J"), [(16e3, 0.0), (40e3, 0.0), (6e3, 0.0), (0.0, 4e12), (8e3, 4e12)])
def test_the_width_at_rest_at_each_angle_moves_as_the_width_that_follows(H_z, J):
    """Against the three equations integrated in time: below breakdown and above, in fields and under spin transfer."""
    device, share = breathing(1.3e5)
    model = QPhiDeltaModel(with_model(straight_track(device, 1e-6), "q-phi-delta"))

    def rates(_time, y):
        dq, dphi, dwidth = model.velocity(0.5e-6, y[1], y[2] * model.Delta, J, Field(H_z=H_z))
        return [1e-9 * dq / model.Delta, 1e-9 * dphi, 1e-9 * dwidth / model.Delta]

    run = solve_ivp(
        rates, (0.0, 60.0), [0.0, math.pi / 2 + 1e-3, 1.0], method="LSODA", rtol=1e-6, atol=1e-8, max_step=0.02
    )
    q, phi = run.y[:2]
    turns = np.floor(abs(phi[-1] - phi[run.t > 20][0]) / math.pi)
    begin, end = 20.0, 60.0
    if turns:
        ahead = abs(phi - np.interp(20.0, run.t, phi)) * (run.t >= 20.0)
        end = float(np.interp(turns * math.pi, ahead, run.t))
    mean = 1e9 * model.Delta * (np.interp(end, run.t, q) - np.interp(begin, run.t, q)) / (end - begin)
    fixed, own = velocity_of_fixed_width(device, J, Field(H_z=H_z))
    assert own == pytest.approx(mean, rel=0.01) and share > 0.3
    assert bool(said("breathing", device, J, field=Field(H_z=H_z))) is (abs(fixed / own - 1) > 0.05)


@pytest.mark.parametrize(("share", "J"), [(0.1, 0.0), (0.3, 0.0), (0.8, 0.0), (0.0, -3e12)])
def test_a_wall_whose_width_no_angle_changes_moves_as_one_of_fixed_width(share, J):
    """Without H_K the chiral energy pi D is that of any width: below breakdown both stand still at the same angle."""
    device, _ = breathing(0.0, D=1.2e-3)
    model = QPhiModel(straight_track(device, 1e-7))
    field = Field(H_z=share * walker_field(model.alpha, model.H_K, model.H_D))
    fixed, own = velocity_of_fixed_width(device, J, field)
    assert abs(fixed) > 20 and own == pytest.approx(fixed, rel=1e-6)


def test_walls_that_breathe_are_noted():
    """In words and per cent; not where the width is a coordinate, nor of a thin film, a chiral wall or one at rest."""
    device, _ = breathing(1.3e5)
    note = said("breathing", device, field=Field(H_z=16e3))
    assert len(note) == 1 and "H_z = 20.11 mT" in note[0] and "8% too fast" in note[0] and "q-phi-delta" in note[0]
    assert not said("breathing", with_model(device, "q-phi-delta"), field=Field(H_z=16e3))
    assert said("breathing", breathing(-1e5)[0], field=Field(H_z=16e3))[0].count("too slow") == 1
    assert not said("breathing", breathing(1.2e4)[0], field=Field(H_z=16e3))
    assert not said("breathing", breathing(0.0, D=1.2e-3)[0], field=Field(H_z=16e4))
    assert not said("breathing", device) and not said("breathing", make_device(), 1e12)


def test_either_sign_of_a_current_counts():
    """A field of 0.6 times that of Walker and a spin transfer of 0.6 u_W turn the angle together where both push one way."""
    bloch = make_device(CHIRAL | {"D": 0.0, "alpha": 0.1}, width=1e-6, torque={"P": 0.5, "beta": 0.02})
    wall = QPhiModel(bloch)
    J = 0.6 * walker_drift(Delta=wall.Delta, alpha=0.1, beta=0.02, H_K=wall.H_K) / abs(wall.u_per_J)
    field = Field(H_z=0.6 * walker_field(0.1, wall.H_K))
    even = QPhiModel(straight_track(bloch, 1e-7))
    assert sorted(straight_track_velocity(even, np.array([J, -J]), field)[1]) == [False, True]
    for sign in (1, -1):
        assert said("breakdown", bloch, sign * J, field=field)
    assert not said("breakdown", bloch, J) and not said("breakdown", bloch, field=field)


@pytest.mark.parametrize(("other", "words"), [((0.7, 1.0), "30% too slow"), ((-1.2, -1.0), "20% too fast")])
def test_breathing_is_that_of_the_worse_sign_of_the_current(monkeypatch, other, words):
    """Velocities of both signs, fixed and own [m/s]; a wall that hardly moves says nothing."""
    pairs = {1e12: (1.1, 1.0), -1e12: other}
    monkeypatch.setattr(drive_limits, "velocity_of_fixed_width", lambda device, J, field: pairs[J])
    for J in pairs:
        assert words in str(said("breathing", make_device(), J))
    pairs = dict.fromkeys(pairs, (0.05, 0.02))
    assert not said("breathing", make_device(), 1e12)


def test_a_short_pulse_heats_as_far_as_it_gets():
    """A triangle of 1 ns against tau = 10 ns: the mean of its square, a third, over tau, to the 5 % that it loses meanwhile."""
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}
    device = make_device(stack=stack, heating={"R_th": 1e5, "tau_th": 1e-8})
    shape = Waveform([0.0, 0.5e-9, 1e-9], [0.0, 1.0, 0.0])
    per_square = device.steady_rise(1e11) / 1e22 / 30
    for rise, noted in ((28.0, False), (33.0, True)):
        assert bool(heat_notes(device, 300.0, math.sqrt(rise / per_square), shape)) is noted
