"""A profile along the track: the energy against a quadrature over the rigid wall, forces, time loop, files, refusals."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from dwcore.errors import InputError
from llg import Drive, load_device, simulate
from llg.constants import K_B, MU_0
from llg.device.device_file import device_from_mapping, device_text
from llg.device.profile import Profile, read_profile
from llg.device.pulse import Waveform
from llg.landscape.settling import Settling
from llg.landscape.wells import find_wells, well_index
from llg.runs.validity import notes
from llg.runs.velocity import straight_track
from llg.walls.q_phi import Field, QPhiModel

MS, A, K_U, D, THICKNESS, LENGTH, H_K = 7e5, 1e-11, 4.8e5, 1e-3, 0.6e-9, 400e-9, 5e3
K_EFF = K_U - 0.5 * MU_0 * MS**2
DELTA = math.sqrt(A / K_EFF)
X = np.array([0.0, 120e-9, 180e-9, 230e-9, 400e-9])
LISTS = {
    "K_u_factor": [1.0, 1.02, 0.97, 1.01, 1.0],
    "D_factor": [1.0, 0.9, 1.2, 1.05, 1.0],
    "thickness_factor": [1.0, 1.05, 0.95, 1.02, 1.1],
    "H_x_at": [0.0, 8e3, -4e3, 1e3, 2e3],
    "H_y_at": [1e3, -3e3, 6e3, 0.0, 0.0],
    "H_z_at": [0.0, 2e3, -5e3, 3e3, 1e3],
}


FILM = {"Ms": MS, "A": A, "K_u": K_U, "D": D, "alpha": 0.3}


def make_device(profile=None, *, Q=1.0, **other):
    mapping = {
        "material": FILM,
        "wall": {"shape": "rigid", "Q": Q, "H_K": H_K},
        "track": {"length": LENGTH, "width": 64e-9, "thickness": THICKNESS},
        "notch": [{"position": 170e-9, "shape": "cosine", "depth": 8e-9, "width": 60e-9}],
        "torque": {"theta_SH": 0.1, "k_FL": 0.2},
    }
    return device_from_mapping(mapping | ({"profile": {"x": X.tolist()} | profile} if profile else {}) | other)


def exact(device, lists, q, phi):
    """Energy [J] between -0.2 and 0.6 um by quadrature of the density of the rigid profile."""

    def value(name, x, default):
        return float(np.interp(x, X, lists[name])) if name in lists else default

    def density(x):
        z = (x - q) / DELTA
        sech, m_z, Q = 1 / math.cosh(z), -device.wall.Q * math.tanh(z), device.wall.Q
        H = [value(f"H_{axis}_at", x, 0.0) for axis in "xyz"]
        K = value("K_u_factor", x, 1.0) * K_U - 0.5 * MU_0 * MS**2
        e = A * (sech / DELTA) ** 2 + (K + 0.5 * MU_0 * MS * H_K * math.cos(phi) ** 2) * sech**2
        e += value("D_factor", x, 1.0) * D * math.cos(phi) * Q * sech / DELTA
        e -= MU_0 * MS * (sech * (H[0] * math.cos(phi) + H[1] * math.sin(phi)) + H[2] * m_z)
        return e * float(device.width_at(np.array([x]))[0]) * value("thickness_factor", x, 1.0) * THICKNESS

    breaks = sorted({-200e-9, 600e-9, q, 140e-9, 170e-9, 200e-9, *X.tolist()})
    return sum(quad(density, a, b, epsrel=1e-10, epsabs=1e-27)[0] for a, b in itertools.pairwise(breaks))


def test_a_film_without_dmi_all_along_has_none():
    """Factors of 0 are not the same as no factors."""
    q, phi = np.array([150e-9, 172e-9]), np.array([2.6, 0.3])
    nowhere, never = (QPhiModel(make_device(lists, **film)) for lists, film in (
        ({"D_factor": [0.0] * 5}, {}), (None, {"material": FILM | {"D": 0.0}})))  # fmt: skip
    assert np.diff(nowhere.energy(q, phi)) == pytest.approx(np.diff(never.energy(q, phi)), rel=1e-6)


@pytest.mark.parametrize("names", [*((name,) for name in LISTS), tuple(LISTS)])
@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_energy_is_that_of_the_rigid_profile(names, Q):
    """Differences between two places and angles; those of the uniform film are off by far more than the tolerance."""
    lists = {name: LISTS[name] for name in names}
    device, uniform = make_device(lists, Q=Q), make_device(Q=Q)
    points = [(125e-9, 2.6), (172e-9, 3.3), (233e-9, -2.2)]
    found = np.diff([float(QPhiModel(device).energy(q, phi)) for q, phi in points])
    plain = np.diff([float(QPhiModel(uniform).energy(q, phi)) for q, phi in points])
    right = np.diff([exact(device, lists, q, phi) for q, phi in points])
    np.testing.assert_allclose(found, right, atol=2e-4 * np.abs(right).max())
    assert np.abs(plain - right).max() > 2e-3 * np.abs(right).max()


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_forces_are_slopes_of_the_energy(Q):
    model = QPhiModel(make_device(LISTS, Q=Q))
    q, phi, h = np.linspace(90e-9, 260e-9, 12), np.linspace(-3, 3, 12), 1e-4
    friction = 2 * MU_0 * MS * THICKNESS * model.widths(q).s2
    f1, f2 = model.fields(q, phi)
    along = (model.energy(q + h * DELTA, phi) - model.energy(q - h * DELTA, phi)) / (2 * h * DELTA)
    turn = (model.energy(q, phi + h) - model.energy(q, phi - h)) / (2 * h)
    np.testing.assert_allclose(f1, -along / friction, atol=1e-3 * np.abs(f1).max())
    np.testing.assert_allclose(f2, -turn / friction / DELTA, atol=1e-5 * np.abs(f2).max())


def test_time_loop_is_that_of_the_equations():
    """A current and a field drive the wall through the profile; against an adaptive integrator without noise."""
    device, J, field, time = make_device(LISTS), 2.5e11, Field(H_x=3e3, H_z=1e3), 0.6e-9
    model = QPhiModel(device)

    def velocity(_t, state):
        v, turn = model.velocity(state[0] * 1e-9, state[1], J, field)
        return [float(v) * 1e9, float(turn)]

    right = solve_ivp(velocity, (0, time), [130.0, 3.0], rtol=1e-9, atol=1e-9).y[:, -1]
    drive = Drive(waveform=Waveform([0.0, time], [1.0, 1.0]), current_density=J, field=field)
    run = {"n": 1, "start": (130e-9, 3.0), "seed": 0, "temperature": 0.0, "dt": 5e-14}
    found, plain = simulate(device, drive, **run), simulate(make_device(), drive, **run)
    assert found.q[0] == pytest.approx(1e-9 * right[0], abs=1e-3 * DELTA)
    assert found.phi[0] == pytest.approx(right[1], abs=1e-3)
    assert abs(plain.q[0] - found.q[0]) > 0.3 * DELTA
    assert right[0] > 170


def test_surface_of_settling_knows_the_profile():
    model = QPhiModel(make_device(LISTS))
    wells, q, phi = find_wells(model, 300.0), model.device.geometry.q, 2.0
    settling = Settling(model, wells, 300.0)
    energy = settling.surface(5e-9) @ np.array([1.0, math.cos(phi) ** 2, math.cos(phi), math.sin(phi)])
    inside = np.isfinite(energy)
    level = np.array([bound.level(5e-9) for bound in settling.bounds])[well_index(wells, q)[inside]]
    np.testing.assert_allclose(energy[inside] + level, model.energy(q[inside], phi), atol=1e-4 * K_B * 300)


def test_step_of_anisotropy_is_a_gate():
    """K_u that is higher between two places is a gate over them."""
    gate = {"delta_K_u": 1e4, "start": 150e-9, "end": 250e-9, "rest_level": 1.0}
    gated = make_device(gate=gate)
    x = [0.0, 150e-9, 150.001e-9, 250e-9, 250.001e-9, 400e-9]
    stepped = make_device({"x": x, "K_u_factor": [1.0, 1.0, 1 + 1e4 / K_U, 1 + 1e4 / K_U, 1.0, 1.0]})
    q = np.linspace(100e-9, 300e-9, 41)
    V, other = stepped.extra_potential(q)[0], gated.extra_potential(q)[0]
    np.testing.assert_allclose(V, other, atol=1e-4 * other.max())


def test_a_file_of_a_profile_says_all_of_it(tmp_path):
    (tmp_path / "p.csv").write_text("x_nm, K_u\n0,1\n400,1.1\n")
    with pytest.raises(InputError, match="file and K_u_factor must not be given together"):
        make_device({"file": str(tmp_path / "p.csv"), "x": [], "K_u_factor": [1.0, 1.0]})
    with pytest.raises(InputError, match="file is read when a device is loaded or changed"):
        Profile(file=str(tmp_path / "p.csv"))


@pytest.mark.parametrize("model", ["q-phi-delta", "q-phi-chi"])
def test_anisotropy_and_fields_along_z_may_change_for_any_wall(model):
    lists = {name: LISTS[name] for name in ("K_u_factor", "H_z_at")}
    assert make_device(lists, wall={"model": model, "shape": "rigid"}).profile.varied == ["K_u", "H_z"]


def test_beyond_its_places_a_profile_goes_on_as_it_ends():
    device = make_device({"x": [150e-9, 250e-9], "thickness_factor": [1.1, 0.9], "H_z_at": [2e3, -3e3]})
    assert device.profile.factor("thickness")(np.array([0.0, 200e-9, 4e-7])) == pytest.approx([1.1, 1.0, 0.9])
    assert device.profile.field("H_z")(np.array([0.0, 4e-7])).tolist() == [2e3, -3e3]


def test_stray_field_of_an_edge_holds_the_wall():
    """Where H_z changes sign over the width of the wall, a wall on a straight track rests; the reverse repels it."""
    x, H = [0.0, 199e-9, 201e-9, 400e-9], np.array([4e3, 4e3, -4e3, -4e3])
    (well,) = find_wells(QPhiModel(make_device({"x": x, "H_z_at": H.tolist()}, notch=[])), 300.0)
    assert well.q == pytest.approx(200e-9, abs=0.1e-9)
    assert well.depinning_field_right == pytest.approx(MU_0 * 4e3, rel=1e-3)
    with pytest.raises(Exception, match="no well"):
        find_wells(QPhiModel(make_device({"x": x, "H_z_at": (-H).tolist()}, notch=[])), 300.0)


def test_sizes_and_places_that_were_meant_in_another_unit_are_refused():
    """A profile beyond the ends, or within the first hundredth of the track, is uniform on it."""
    for x in ([9e-6, 10e-6], [-2e-7, 0.0], [0.0, 0.4e-9], [399e-9, 500e-9]):
        with pytest.raises(InputError, match=r"\[profile\]: x = .* must span part of the track, 0 to 4e-07"):
            make_device({"x": x, "K_u_factor": [1.0, 1.1]})
    make_device({"x": [-1e-7, 5e-9], "K_u_factor": [1.0, 1.01]})
    for wrong, said in (
        ({"x": [0.0, 400.0]}, r'x holds 400 \[m\], must be <= 0.001 in size; did you mean "400 nm"\?'),
        ({"K_u_factor": [1.0, 4.8e5]}, r"K_u_factor holds 480000 \[1\], must be <= 100 in size"),
        ({"D_at": [1e-3, 1.0]}, r'D_at holds 1 \[J/m\^2\], must be <= 0.1 in size; did you mean "1 mJ/m\^2"\?'),
        ({"H_z_at": [0.0, 1e9]}, r"H_z_at holds 1e\+09 \[A/m\], must be <= 1e\+08 in size"),
    ):
        with pytest.raises(InputError, match=said):
            make_device({"x": [0.0, 4e-7]} | ({"H_z_at": [0.0, 1e3]} if "H_z_at" not in wrong else {}) | wrong)


def test_absolute_values_belong_to_the_nominal_device():
    """They are kept relative, so that drawn instances and warm films keep their shape."""
    device = make_device({"K_u_at": [K_U * f for f in LISTS["K_u_factor"]], "D_at": [D * f for f in LISTS["D_factor"]],
                          "thickness_at": [THICKNESS * f for f in LISTS["thickness_factor"]]})  # fmt: skip
    for name in ("K_u_factor", "D_factor", "thickness_factor"):
        assert getattr(device.profile, name) == pytest.approx(LISTS[name])
    assert device.profile.K_u_at == ()
    assert device.replace(K_u=5e5).profile == device.profile
    assert "K_u_factor" in device_text(device)


def test_file_says_the_lists(tmp_path):
    """Relative to the folder of the device file, with units in the header or relative."""
    (tmp_path / "layers.csv").write_text(
        "x_nm, K_u [kJ/m^3], D, H_z (mT), H_x [Oe]\n0, 480, 1, 2, 5\n400, 504, 0.9, -1, 0\n"
    )
    toml = device_text(make_device()) + '\n[profile]\nfile = "layers.csv"\n'
    (tmp_path / "device.toml").write_text(toml.replace("\n[[notch]]", "\n[[notch]]"))
    profile = load_device(tmp_path / "device.toml").profile
    assert profile.x == pytest.approx((0.0, 400e-9), abs=1e-20)  # exact but for the conversion
    assert profile.K_u_factor == pytest.approx((1.0, 1.05))
    assert profile.D_factor == (1.0, 0.9)
    assert profile.H_z_at == pytest.approx((2e-3 / MU_0, -1e-3 / MU_0))
    assert profile.H_x_at[0] == pytest.approx(5e3 / (4 * math.pi))
    assert make_device().replace({"profile.file": str(tmp_path / "layers.csv")}).profile == profile


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x_nm, K\n0,1\n1,1\n", 'column "K" must be one of x, K_u, D, thickness, H_x, H_y, H_z'),
        ("x_nm, H_z\n0,1\n1,1\n", 'column "H_z" must name its unit, as in H_z [A/m]'),
        ("x_nm, K_u_factor\n0,1\n1,1\n", 'column "K_u_factor" must be "K_u", which is relative without a unit'),
        ("x_nm, D_mT\n0,1\n1,1\n", 'column "D_mT" has the unit "mT", must be one like J/m^2'),
        ("x_nm, D, D_mJ_per_m2\n0,1,1\n1,1,1\n", None),
        ("x_nm, D, x_um\n0,1,1\n1,1,1\n", 'column "x_um" says x a second time'),
        ("K_u, D\n1,1\n1,1\n", "must have a column x"),
        ("x, D\n1,1\n1,1\n", 'column "x" must name its unit'),
    ],
)
def test_bad_files_are_refused(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        make_device().replace({"profile.file": str(path)})
    if words is not None:
        assert words in str(error.value)
        with pytest.raises(InputError):
            read_profile(path)
    else:
        assert "D_factor and D_at must not be given together" in str(error.value)


@pytest.mark.parametrize(
    ("profile", "other", "words"),
    [
        ({"K_u_factor": [1, 1, 1, 1]}, {}, "x (5) and K_u_factor (4) must have the same length"),
        ({"K_u_factor": [1, 1, 1, 1, 1, 1]}, {}, "x (5) and K_u_factor (6) must have the same length"),
        ({"K_u_factor": [1, 1, -1, 1, 1]}, {}, "K_u_factor must be > 0"),
        ({"thickness_factor": [1, 1, -1, 1, 1]}, {}, "thickness_factor must be > 0"),
        ({"thickness_factor": [1, 1, 0, 1, 1]}, {}, "thickness_factor must be > 0"),
        ({"K_u_factor": [1, 1, 0.5, 1, 1]}, {}, "K_u leaves K_eff = "),
        ({"D_factor": [1, 1, 2.0, 1, 1]}, {}, "D = 0.002 [J/m^2] must be below sigma_0/pi = 0.00167"),
        (
            {"D_factor": [1, 1, -2.0, 1, 1]},
            {"material": FILM | {"D": -D}},
            "D = 0.002 [J/m^2] must be below sigma_0/pi",
        ),
        (
            {"D_factor": [1, 1, 2.0, 1, 1]},
            {"material": FILM | {"D": -D}},
            "D = -0.002 [J/m^2] must be below sigma_0/pi",
        ),
        ({"D_at": [D] * 5}, {"material": FILM | {"D": 0.0}}, "D_at needs a D other than 0 in [material]"),
        (
            {"H_x_at": [1, 1, 1, 1, 1]},
            {"wall": {"model": "q-phi-chi"}},
            'H_x along the track: [wall] model must be "q-phi"',
        ),
        (
            {"H_y_at": [1, 1, 1, 1, 1]},
            {"wall": {"model": "q-phi-delta"}},
            'H_y along the track: [wall] model must be "q-phi"',
        ),
        ({"thickness_factor": [1, 1, 2, 1, 1]}, {"wall": {"model": "q-phi-chi"}}, 'must be "q-phi", not "q-phi-chi"'),
        ({"D_factor": [1, 1, 1.1, 1, 1]}, {"wall": {"model": "q-phi-chi"}}, "D along the track"),
        ({"thickness_factor": [1, 1, 2, 1, 1]}, {"torque": {"P": 0.4}}, "needs [torque] P = 0"),
        (
            {"thickness_factor": [1, 1, 2, 1, 1]},
            {"torque": {"theta_SH": 0.1, "current_crowding": 0.5}},
            "needs [torque] P = 0 and current_crowding = 1",
        ),
        (
            {"x": [0, 0, 1e-7, 2e-7, 3e-7], "H_z_at": [0, 1, 2, 3, 4]},
            {},
            "[profile]: x must be strictly ascending; number 2, 0, comes after 0",
        ),
        (
            {"x": [0, 1.5e-7, 1e-7, 2e-7, 3e-7], "H_z_at": [0, 1, 2, 3, 4]},
            {},
            "number 3, 1e-07, comes after 1.5e-07",
        ),
        ({"x": [0, 1e-7]}, {}, "come with another list"),
    ],
)
def test_bad_profiles_are_refused(profile, other, words):
    with pytest.raises(InputError) as error:
        make_device(profile or None, **other)
    assert words in str(error.value)


def test_crowding_is_of_the_torque_of_the_current():
    """Without one it does not matter; and D may have either sign."""
    thick = {"thickness_factor": LISTS["thickness_factor"]}
    assert make_device(thick, torque={"current_crowding": 0.5}).profile.varied == ["thickness"]
    make_device({"D_factor": [1, 1, 1.5, 1, 1]}, material=FILM | {"D": -D})


def test_notes_say_what_a_profile_strains():
    strong = make_device({"K_u_factor": [1.0, 1.2, 1.0, 1.0, 1.0]})
    assert any(line.startswith("profile: K_u changes by up to 56% of K_eff") for line in notes(strong))
    relaxed = make_device({"D_factor": [1.0, 1.1, 1.0, 1.0, 1.0]}, wall={"shape": "relaxed", "H_K": H_K})
    assert any("relaxed shape of a film of uniform D" in line for line in notes(relaxed))
    assert not any("profile" in line for line in notes(make_device()))
    tilted = [line for line in notes(make_device(LISTS), 3e12) if line.startswith("tilt")]
    assert tilted == [line for line in notes(make_device(), 3e12) if line.startswith("tilt")] != []


def test_velocity_curves_leave_it_out():
    assert straight_track(make_device(LISTS), 200e-9).profile is None
