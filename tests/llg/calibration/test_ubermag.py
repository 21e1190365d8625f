"""Scripts for Ubermag: run against a stub of its interface, whose walls are those of the model, and read back.

The stub takes the arguments of micromagneticmodel 0.65, discretisedfield 0.92 and oommfc 0.66 by the names that they have
there, and nothing else. Its drivers put q_S where the (q, phi) model has it.
"""

import ast
import itertools
import runpy
import sys
import types

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import calibrate, load_device, read_pinning_map, read_velocity_curve
from llg.calibration.pinning_map import along_track, holding_field
from llg.calibration.simulated_track import farthest
from llg.calibration.ubermag import left_out, save_ubermag, ubermag_files
from llg.calibration.velocity_curve import steady_velocity
from llg.constants import E_CHARGE, GAMMA_0, HBAR, MU_0
from llg.device.device_file import device_from_mapping
from llg.walls.q_phi import QPhiModel

NOTCH = {"position": "200 nm", "shape": "triangular", "depth": "10 nm", "width": "30 nm"}
MAPPING = {
    "name": "one notch",
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "track": {"length": "400 nm", "width": "64 nm", "thickness": "0.6 nm"},
    "torque": {"theta_SH": 0.1, "k_FL": 0.4},
    "pulse": {"current_density": 3e11, "duration": "1 ns"},
    "notch": [NOTCH],
}
DEVICE = device_from_mapping(MAPPING)


class Term:
    def __init__(self, **arguments):
        self.__dict__.update(arguments)

    def __add__(self, other):
        return Sum([self]) + other


class Sum:
    def __init__(self, terms):
        for term in terms:
            setattr(self, type(term).__name__.lower(), term)
        self.terms = list(terms)

    def __add__(self, other):
        return Sum([*self.terms, *(other.terms if isinstance(other, Sum) else [other])])


def term(name, *names):
    def build(self, **arguments):
        assert set(arguments) == set(names), (name, set(arguments))
        Term.__init__(self, **arguments)

    return type(name, (Term,), {"__init__": build})


class Region:
    def __init__(self, *, p1, p2):
        self.p1, self.p2 = np.array(p1), np.array(p2)


class Mesh:
    def __init__(self, *, region, n):
        self.region, self.n = region, n

    def middles(self):
        step = (self.region.p2 - self.region.p1) / self.n
        places = [self.region.p1[i] + step[i] * (np.arange(self.n[i]) + 0.5) for i in range(3)]
        return itertools.product(*places)


class Field:
    def __init__(self, mesh, nvdim, value, norm):
        shape = (*mesh.n, nvdim)
        self.mesh = mesh
        array = np.array([value(point) for point in mesh.middles()], dtype=float).reshape(shape)
        length = np.array([norm(point) for point in mesh.middles()]).reshape(*mesh.n, 1)
        self.array = length * array / np.linalg.norm(array, axis=-1, keepdims=True)
        self.Ms = length[..., 0]


class System:
    def __init__(self, name):
        self.name = name


class Simulator:
    """Drivers of the stub: they write the mean m_z of the wall that the model has."""

    def __init__(self, track):
        self.track, self.systems, self.first = track, [], None
        model, middle = QPhiModel(track), 0.5 * track.track.length
        q_S = np.linspace(-12e-9, 12e-9, 241)
        self.fields = holding_field(model, along_track(track, q_S, middle))
        stable = slice(self.fields.argmin(), self.fields.argmax() + 1)
        self.branch = self.fields[stable], q_S[stable]

    def place(self, system, q_S):
        self.systems.append(system)
        self.first = system.m.array.copy() if self.first is None else self.first
        cells = np.prod((system.m.mesh.region.p2 - system.m.mesh.region.p1)[:2]) / np.prod(system.m.mesh.n)
        mean = self.track.straight_wall.Q * 2 * q_S * self.track.track.width / cells / np.count_nonzero(system.m.Ms)
        system.m.array[..., 2] = mean * system.m.Ms

    def min_driver(self):
        def drive(system):
            B, (fields, q_S) = MU_0 * system.energy.zeeman.H[2], self.branch
            depinned = 0.99 * farthest(self.track) * np.sign(B)
            self.q_S = np.interp(B, fields, q_S) if fields[0] <= B <= fields[-1] else depinned
            self.place(system, self.q_S)

        return types.SimpleNamespace(drive=drive)

    def time_driver(self):
        def drive(system, *, t, n):
            assert n == 1 and {type(t).__name__ for t in system.dynamics.terms} == {
                "Precession", "Damping", "Slonczewski",
            }  # fmt: skip
            current = system.dynamics.slonczewski.J / self.track.torque.theta_SH
            (speed,) = steady_velocity(self.track, np.array([current]), np.zeros(1))
            before = 0.5 * self.track.straight_wall.Q * system.m.array[..., 2].sum() / self.track.material.Ms
            step = (system.m.mesh.region.p2 - system.m.mesh.region.p1) / system.m.mesh.n
            self.place(system, before * step[0] * step[1] / self.track.track.width + speed * t)

        return types.SimpleNamespace(drive=drive)


def run(folder, name, track, monkeypatch):
    """Run a script of the folder; return its names and the simulator."""
    simulator = Simulator(track)
    mm = types.ModuleType("micromagneticmodel")
    mm.__dict__.update(
        System=System,
        consts=types.SimpleNamespace(mu0=MU_0),
        Exchange=term("Exchange", "A"),
        UniaxialAnisotropy=term("UniaxialAnisotropy", "K", "u"),
        DMI=term("DMI", "D", "crystalclass"),
        Demag=term("Demag"),
        Zeeman=term("Zeeman", "H"),
        Precession=term("Precession", "gamma0"),
        Damping=term("Damping", "alpha"),
        Slonczewski=term("Slonczewski", "J", "mp", "P", "Lambda", "eps_prime"),
    )
    df = types.ModuleType("discretisedfield")
    df.__dict__.update(Region=Region, Mesh=Mesh, Field=Field)
    oc = types.ModuleType("oommfc")
    oc.__dict__.update(MinDriver=simulator.min_driver, TimeDriver=simulator.time_driver)
    for module in (mm, df, oc):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(folder)
    return runpy.run_path(name), simulator


@pytest.fixture
def folder(tmp_path):
    names = [path.name for path in save_ubermag(tmp_path / "scripts", DEVICE)]
    assert names == ["track.toml", "pinning.py", "velocity.py"]
    return tmp_path / "scripts"


def test_pinning_map_is_read_without_options(folder, monkeypatch):
    track = load_device(str(folder / "track.toml"))
    names, simulator = run(folder, "pinning.py", track, monkeypatch)
    data = read_pinning_map(folder / "pinning.csv", track)
    assert data.integrated and data.measured.min() < 0 < data.measured.max()
    assert np.unique(data.measured).size == data.measured.size > 40
    assert data.measured.max() == pytest.approx(simulator.fields.max(), rel=0.04)  # a step of the field
    assert np.abs(data.x).max() < names["LEFT_NOTCH"]
    fit = calibrate(track, [data], ["sigma_0"])
    assert fit.device.wall.sigma_0 == pytest.approx(track.straight_wall.sigma_0, rel=1e-3)
    with pytest.raises(SystemExit, match=r"pinning\.csv exists"):
        run(folder, "pinning.py", track, monkeypatch)


def test_velocities_are_read_without_options(folder, monkeypatch):
    track = load_device(str(folder / "track.toml"))
    _, simulator = run(folder, "velocity.py", track, monkeypatch)
    data = read_velocity_curve(folder / "velocity.csv", track)
    np.testing.assert_allclose(data.current_density, 3e11 * np.linspace(0.1, 1, 10))
    np.testing.assert_allclose(data.measured, steady_velocity(track, data.current_density, 0 * data.x), rtol=1e-6)
    mesh = simulator.systems[0].m.mesh
    assert mesh.region.p2[0] > 2 * 3e-9 * data.measured.max() + 10 * track.straight_wall.Delta
    assert (simulator.systems[0].m.Ms > 0).all()


def test_torques_are_those_of_the_model(folder, monkeypatch):
    """OOMMF: mu0 beta eps and mu0 beta eps' are the fields of m x (mp x m) and mp x m, beta = hbar J/(mu0 e t Ms)."""
    track = load_device(str(folder / "track.toml"))
    _, simulator = run(folder, "velocity.py", track, monkeypatch)
    dynamics, model = simulator.systems[-1].dynamics, QPhiModel(track)
    torque = dynamics.slonczewski
    assert torque.mp == (0, -1, 0) and torque.P == torque.Lambda == 1
    assert dynamics.precession.gamma0 == pytest.approx(GAMMA_0) and dynamics.damping.alpha == 0.3
    beta = HBAR * torque.J / (MU_0 * E_CHARGE * model.t * model.Ms)
    assert beta * torque.P / 2 == pytest.approx(3e11 * model.H_DL_per_J, rel=1e-6)
    assert -beta * torque.eps_prime == pytest.approx(3e11 * model.H_FL_per_J, rel=1e-6)  # along +y, mp along -y


@pytest.mark.parametrize("edge", [None, "upper", "lower"])
def test_film_and_outline_are_those_of_the_device(tmp_path, monkeypatch, edge):
    device = device_from_mapping({**MAPPING, "notch": [{**NOTCH, **({"edge": edge} if edge else {})}]})
    save_ubermag(tmp_path, device)
    track = load_device(str(tmp_path / "track.toml"))
    _, simulator = run(tmp_path, "pinning.py", track, monkeypatch)
    system = simulator.systems[0]
    mesh, energy, film = system.m.mesh, system.energy, track.material
    step = (mesh.region.p2 - mesh.region.p1) / mesh.n
    assert step[:2].max() <= 1e-9 and step[2] == pytest.approx(track.track.thickness)
    x, y = (step[i] * (np.arange(mesh.n[i]) + 0.5) + mesh.region.p1[i] for i in (0, 1))
    cut = track.track.width - track.width_at(x + 0.5 * track.track.length)
    above = {None: 0.5, "upper": 1.0, "lower": 0.0}[edge] * cut
    top, bottom = 0.5 * track.track.width - above, -0.5 * track.track.width + cut - above
    within = (bottom[:, None] < y) & (y < top[:, None])
    doubtful = np.minimum(np.abs(y - top[:, None]), np.abs(y - bottom[:, None])) < 1e-13  # on the line
    assert np.array_equal((system.m.Ms[..., 0] > 0) | doubtful, within | doubtful) and doubtful.sum() < 40
    notch = 0.5 * 30e-9 * 10e-9 * (2 if edge is None else 1)
    assert np.count_nonzero(system.m.Ms == 0) * step[0] * step[1] == pytest.approx(notch, rel=0.05)
    assert set(np.unique(system.m.Ms)) == {0.0, film.Ms}
    assert (energy.exchange.A, energy.uniaxialanisotropy.K, energy.uniaxialanisotropy.u) == (1e-11, 4.8e5, (0, 0, 1))
    assert energy.dmi.D == -film.D and energy.dmi.crystalclass == "Cnv_z" and hasattr(energy, "demag")
    m = simulator.first[:, mesh.n[1] // 2, 0] / film.Ms
    assert m[0, 2] > 0.99 and m[-1, 2] < -0.99  # up on the left, and in the wall m_x = -1 for D > 0
    assert m[:, 0].min() < -0.98


def test_scripts_are_python_of_short_lines():
    for name, text in ubermag_files(DEVICE).items():
        if name.endswith(".py"):
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 120


def test_what_is_left_out_is_said_and_what_cannot_be_is_refused():
    assert [note.split(":")[0] for note in left_out(DEVICE)] == ["pulse"]
    transfer = DEVICE.replace({"torque.P": 0.5})
    assert list(ubermag_files(transfer)) == ["track.toml", "pinning.py"]
    assert "no velocity.py; --to mumax3 has both" in " ".join(left_out(transfer))
    assert "up to 5e+11 A/m^2" in " ".join(left_out(DEVICE.replace({"pulse": None})))
    assert [note.split(":")[0] for note in left_out(transfer.replace({"pulse": None}))] == ["torque"]
    with pytest.raises(InputError, match="Ubermag map one"):
        ubermag_files(DEVICE.replace(notches=()))
    with pytest.raises(InputError, match="5 notches; say which one"):
        ubermag_files(load_device("five_state"))
