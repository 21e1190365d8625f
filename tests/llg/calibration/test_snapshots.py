"""Walls in snapshots: files written by hand as the format says, with walls of known place, angle, tilt and width."""

import dataclasses
import logging
import math

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage.ovf_file import read_ovf
from llg import as_trajectory, load_device, walls_of
from llg.calibration.snapshots import SnapshotWall, wall_of
from llg.device.device_file import device_from_mapping
from llg.runs.trajectories import load_trajectories, save_trajectories

CELL, NX, NY, NZ = 2e-9, 360, 64, 1
CHECK = {4: 1234567.0, 8: 123456789012345.0}
HEADER = """# OOMMF OVF 2.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: m
# meshtype: rectangular
# meshunit: m
# xmin: 0
# xbase: 1e-9
# ybase: 1e-9
# zbase: 3e-10
# xnodes: {nx}
# ynodes: {ny}
# znodes: {nz}
# xstepsize: 2e-9
# ystepsize: 2e-9
# zstepsize: 6e-10
# valuedim: 3
# valuelabels: m_x m_y m_z
# valueunits: 1 1 1
# Desc: Total simulation time:  {time}  s
# End: Header
# Begin: Data {kind}
"""


def write(path, m, *, kind="Binary 4", time=0.0, header=HEADER, order="<"):
    nz, ny, nx, _ = m.shape
    head = header.format(nx=nx, ny=ny, nz=nz, time=time, kind=kind)
    if kind == "Text":
        body = "\n".join(" ".join(f"{v:.17g}" for v in row) for row in m.reshape(-1, 3)).encode() + b"\n"
    else:
        size = int(kind[-1])
        body = np.concatenate([[CHECK[size]], m.ravel()]).astype(f"{order}f{size}").tobytes() + b"\n"
    path.write_bytes(head.encode() + body + f"# End: Data {kind}\n# End: Segment\n".encode())
    return path


def magnetization(q=371.3e-9, phi=2.9, chi=0.3, Delta=6.5e-9, Q=1.0, *, notch=True, size=1.1e6, noise=0.0):
    """A wall that tilts about the middle of a track with a notch, in A/m; no moment beside the track."""
    x, y = CELL * (np.arange(NX) + 0.5), CELL * (np.arange(NY) + 0.5)
    middle = 0.5 * CELL * NY
    u = ((x - q) * math.cos(chi) - (y[:, None] - middle) * math.sin(chi)) / Delta
    u = np.clip(u, -300, 300)
    m = np.stack([np.cos(phi) / np.cosh(u), np.sin(phi) / np.cosh(u), -Q * np.tanh(u)], axis=-1)
    m = m + noise * np.random.default_rng(1).standard_normal(m.shape)
    m = m / np.linalg.norm(m, axis=-1, keepdims=True)
    half = 50e-9 - (12e-9 * np.cos(np.clip((x - 360e-9) / 120e-9, -0.5, 0.5) * np.pi) ** 2 if notch else 0.0)
    return size * np.where((np.abs(y[:, None] - middle) < half)[..., None], m, 0.0)[None]


@pytest.mark.parametrize(("kind", "exact"), [("Text", 1e-15), ("Binary 4", 1e-7), ("Binary 8", 0.0)])
def test_forms_of_the_format(tmp_path, kind, exact):
    m = magnetization()
    field = read_ovf(write(tmp_path / "m.ovf", m, kind=kind, time=2.5e-10))
    np.testing.assert_allclose(field.value, m, rtol=exact, atol=exact)
    assert field.low == pytest.approx((0.0, 0.0, 0.0), abs=1e-20)  # a rounding of 1e-9 - 1e-9
    assert field.cell == pytest.approx((2e-9, 2e-9, 6e-10))
    assert field.time == 2.5e-10


def test_older_version_is_big_endian(tmp_path):
    """OVF 1.0, in nm, with a factor for the values and the time in another word and unit."""
    old = HEADER.replace("OOMMF OVF 2.0", "OOMMF: rectangular mesh v1.0").replace("# valuedim: 3\n", "")
    old = old.replace("meshunit: m", "meshunit: nm").replace(
        "# valueunits: 1 1 1", "# valueunit: A/m\n# valuemultiplier: 10"
    )
    for key in ("xbase: 1", "ybase: 1", "xstepsize: 2", "ystepsize: 2"):
        old = old.replace(f"{key}e-9", key)
    old = old.replace("zbase: 3e-10", "zbase: 0.3").replace("zstepsize: 6e-10", "zstepsize: 0.6")
    old = old.replace("Total simulation time:  {time}  s", "Simulation time: 250 ps")
    m = magnetization()
    field = read_ovf(write(tmp_path / "m.omf", m, kind="Binary 8", header=old, order=">"))
    np.testing.assert_allclose(field.value, 10 * m)
    assert field.cell == pytest.approx((2e-9, 2e-9, 6e-10))
    assert field.time == pytest.approx(2.5e-10)


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("chi", [0.0, 0.35, -0.2])
def test_wall_is_found(tmp_path, chi, Q):
    """On cells of 2 nm, a third of the width: place to 0.02 nm, angles to 0.1 degrees, width to 1 %."""
    given = {"q": 371.3e-9, "phi": 2.9, "chi": chi, "Delta": 6.5e-9}
    wall = wall_of(read_ovf(write(tmp_path / "m.ovf", magnetization(**given, Q=Q))))
    assert wall.Q == Q
    assert wall.q == pytest.approx(371.3e-9, abs=0.02e-9)
    assert wall.phi == pytest.approx(2.9, abs=2e-3)
    assert wall.chi == pytest.approx(chi, abs=2e-3)
    assert wall.Delta == pytest.approx(6.5e-9, rel=0.01)
    assert wall.bow < 0.02e-9
    if chi == 0.35:  # a control: the width along x is not that of the wall
        assert wall.Delta / math.cos(chi) != pytest.approx(6.5e-9, rel=0.05)


def test_noise_of_a_warm_film_averages_out(tmp_path):
    wall = wall_of(read_ovf(write(tmp_path / "m.ovf", magnetization(chi=0.1, noise=0.05))))
    assert wall.q == pytest.approx(371.3e-9, abs=0.1e-9)
    assert wall.chi == pytest.approx(0.1, abs=0.01)
    assert wall.Delta == pytest.approx(6.5e-9, rel=0.05)


def test_angle_is_that_of_the_wall_not_of_domains_that_a_field_cants(tmp_path):
    """m_y = 0.2 in the domains, 40 walls long, of a wall with m_x = -1."""
    m = magnetization(phi=math.pi, chi=0.0)
    domain = np.abs(m[..., 2]) > 0.99 * 1.1e6
    m[domain] = 1.1e6 * np.array([0.0, 0.2, math.sqrt(0.96)]) * np.sign(m[domain])[:, 2:] ** [0, 0, 1]
    assert abs(wall_of(read_ovf(write(tmp_path / "m.ovf", m))).phi) == pytest.approx(math.pi, abs=1e-6)


@pytest.mark.parametrize(("arrow", "said"), [(2e-9, False), (20e-9, True)])
def test_bow_is_measured_and_said(tmp_path, caplog, arrow, said):
    """A parabola of this height over the 50 rows of the track: rms 0.298 of it about its mean."""
    rows = (np.arange(NY) - 0.5 * (NY - 1)) / 25
    m = magnetization(chi=0.0, notch=False)
    for k in range(NY):
        m[0, k] = magnetization(q=371.3e-9 + arrow * rows[k] ** 2, chi=0.0, notch=False)[0, k]
    with caplog.at_level(logging.WARNING):
        wall = wall_of(read_ovf(write(tmp_path / "m.ovf", m)))
    inside = np.abs(rows) < 1
    assert wall.bow == pytest.approx(arrow * np.std(rows[inside] ** 2), rel=0.02)
    assert wall.chi == pytest.approx(0.0, abs=1e-6)  # [rad], of a symmetric bow
    assert (f"bows by {wall.bow / wall.Delta:.2g} of its width" in caplog.text) == said


def test_layers_are_averaged_and_the_mesh_has_a_place(tmp_path):
    m = np.concatenate([magnetization(), magnetization()])
    wall = wall_of(read_ovf(write(tmp_path / "m.ovf", m)), left=100e-9)
    assert wall.q == pytest.approx(471.3e-9, abs=0.02e-9)


def test_series_is_a_trajectory(tmp_path):
    """In any order of the files; the angle goes on beyond pi, and the file holds it."""
    device = load_device("five_state")
    times = [0.0, 1e-10, 2e-10, 3e-10]
    files = [
        write(
            tmp_path / f"m{k}.ovf", magnetization(q=350e-9 + 10e-9 * k, phi=2.9 + 0.3 * k, chi=0.05 * k), time=t + 5e-9
        )
        for k, t in enumerate(times)
    ]
    walls = walls_of(device, [files[k] for k in (2, 0, 3, 1)])
    found = as_trajectory(device, walls, current_density=2e11)
    np.testing.assert_allclose(found.time, times, atol=1e-20)
    np.testing.assert_allclose(found.q[0], 350e-9 + 10e-9 * np.arange(4), atol=0.03e-9)
    np.testing.assert_allclose(found.phi[0], 2.9 + 0.3 * np.arange(4), atol=3e-3)
    np.testing.assert_allclose(found.chi[0], 0.05 * np.arange(4), atol=3e-3)
    save_trajectories(tmp_path / "t.h5", found, seed=0)
    np.testing.assert_array_equal(load_trajectories(tmp_path / "t.h5").Delta, found.Delta)


def changed(old, new):
    return HEADER.replace(old, new)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": changed("# OOMMF OVF 2.0", "# something")}, "is no OVF file"),
        ({"header": changed("rectangular", "irregular")}, "meshtype = irregular must be rectangular"),
        ({"header": changed("count: 1", "count: 2")}, "has 2 segments, must have one"),
        ({"header": changed("valuedim: 3", "valuedim: 1")}, "valuedim = 1 must be 3"),
        ({"header": changed("# xnodes: {nx}\n", "")}, "the header has no xnodes"),
        ({"header": changed("xnodes: {nx}", "xnodes: 361")}, "is cut off, or its header is wrong: after 69312 numbers"),
        ({"header": changed("meshunit: m", "meshunit: inch")}, "meshunit = inch must be one of"),
        ({"header": changed("xnodes: {nx}", "xnodes: inf")}, "xnodes = inf must be a finite number"),
        ({"header": changed("xstepsize: 2e-9", "xstepsize: nan")}, "xstepsize = nan must be a finite number"),
        ({"time": "-"}, "simulation time = - must be a finite number"),
        ({"order": ">"}, "its check value is"),
        ({"kind": "Text", "header": changed("xnodes: {nx}", "xnodes: 361")}, "has 69120 numbers, must have 69312"),
    ],
)
def test_bad_files_are_refused(tmp_path, options, words):
    with pytest.raises(InputError) as error:
        read_ovf(write(tmp_path / "m.ovf", magnetization(), **options))
    assert words in str(error.value)


def test_snapshots_without_the_wall_of_the_device_are_refused(tmp_path):
    device, good = load_device("five_state"), magnetization()
    up = np.where(np.abs(good) > 0, [0.0, 0.0, 1.0], 0.0)
    two = magnetization(notch=False)
    two[..., 300:, :] = two[..., 60:120, :][..., ::-1, :]
    thin = magnetization(Delta=0.3e-9, chi=0.0)
    for name, m, words in (
        ("up", up, "has no wall between its ends"),
        ("two", two, "has no wall between its ends, whose m_z are 1.00 and 1.00"),
        ("thin", thin, "has no wall with 3 cells across it"),
        ("other", magnetization(Q=-1.0), "the wall has Q = -1, the device +1"),
        ("short", good[:, :, :300], "the mesh is 6e-07 m long and the track 7.2e-07 m; say where its left end lies"),
    ):
        with pytest.raises(InputError) as error:
            walls_of(device, [write(tmp_path / f"{name}.ovf", m)])
        assert words in str(error.value), name
    assert walls_of(device, [tmp_path / "short.ovf"], left=10e-9)[0].q == pytest.approx(381.3e-9, abs=0.05e-9)
    with pytest.raises(InputError, match="no such file"):
        walls_of(device, [tmp_path / "none.ovf"])
    wall = SnapshotWall(time=None, Q=1.0, q=1e-7, phi=0.0, chi=0.0, Delta=5e-9, bow=0.0)
    with pytest.raises(InputError, match="one says none"):
        as_trajectory(device, [wall, wall])
    timed = dataclasses.replace(wall, time=1e-9)
    with pytest.raises(InputError, match="each of another time; 2 are given"):
        as_trajectory(device, [timed, timed])


def test_what_no_wall_of_this_device_can_be_is_refused(tmp_path):
    """Three walls in a row of a track whose ends are those of one, a mesh off by two cells, and a soft strip."""
    device, three = load_device("five_state"), magnetization(notch=False, chi=0.0)
    three[..., 60:120, :] *= [1, 1, -1]
    with pytest.raises(InputError, match=r"three\.ovf: has more than one wall in a row along the track"):
        walls_of(device, [write(tmp_path / "three.ovf", three)])
    m = magnetization()
    assert len(walls_of(device, [write(tmp_path / "a.ovf", m[:, :, :-1])])) == 1
    with pytest.raises(InputError, match=r"the mesh is 7\.16e-07 m long and the track 7\.2e-07 m"):
        walls_of(device, [write(tmp_path / "b.ovf", m[:, :, :-2])])
    strip = device_from_mapping(
        {"name": "strip", "material": {"Ms": 8.6e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.02, "easy_axis": "x"},
         "wall": {"H_K": -7e5}, "track": {"length": 8e-6, "width": 100e-9, "thickness": 5e-9}}
    )  # fmt: skip
    with pytest.raises(InputError, match='device "strip": snapshots are read of perpendicular films only'):
        walls_of(strip, [tmp_path / "a.ovf"])
