"""A pinning map as the potential of an even track: the depinning field and the barrier stay what they were."""

import dataclasses

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import QPhiModel, device_from_mapping, find_wells
from llg.calibration.pinning_map import along_track, holding_field
from llg.calibration.potential_map import read_potential_map, with_potential

DEVICE = device_from_mapping(
    {
        "name": "track",
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
        "wall": {"shape": "rigid"},
        "track": {"length": 500e-9, "width": 64e-9, "thickness": 0.6e-9},
        "notch": [{"position": 250e-9, "shape": "triangular", "depth": 12e-9, "width": 30e-9}],
    }
)


def write_map(tmp_path, column, what="Bz", half=False, reach=45, device=DEVICE):
    model = QPhiModel(device)
    x = np.linspace(0 if half else -reach, reach, 46 if half else 91) * 1e-9
    q = 250e-9 + x if column == "q_nm" else along_track(device, x, 250e-9)
    B = 1e3 * holding_field(model, q)
    E = 1e21 * (model.energy(q, np.pi) - model.energy(250e-9, np.pi))
    head, values = {"Bz": ("Bz_mT", B), "E": ("dE_zJ", E)}[what]
    path = tmp_path / "map.csv"
    path.write_text(f"{column},{head}\n" + "".join(f"{1e9 * a:.9g},{b:.9g}\n" for a, b in zip(x, values, strict=True)))
    return path


@pytest.mark.parametrize("column", ["q_nm", "q_S_nm"])
@pytest.mark.parametrize("what", ["Bz", "E"])
@pytest.mark.parametrize("half", [False, True])
def test_well_of_the_potential_is_that_of_the_notch(tmp_path, column, what, half):
    pinning = read_potential_map(write_map(tmp_path, column, what, half), DEVICE, mirror=half)
    even = with_potential(DEVICE, pinning)
    assert even.notches == ()
    (notched,), (found,) = find_wells(QPhiModel(DEVICE), 300), find_wells(QPhiModel(even), 300)
    assert found.q == pytest.approx(250e-9, abs=0.05e-9)
    assert found.depinning_field_right == pytest.approx(notched.depinning_field_right, rel=5e-3)
    assert found.depinning_field_left == pytest.approx(notched.depinning_field_left, rel=5e-3)
    assert found.barrier_right == pytest.approx(notched.barrier_right, rel=5e-3)
    assert pinning.open_ends == []


def test_other_polarity(tmp_path):
    flipped = dataclasses.replace(DEVICE, wall=dataclasses.replace(DEVICE.wall, Q=-1.0))
    pinning = read_potential_map(write_map(tmp_path, "q_nm", device=flipped), flipped)
    (well,) = find_wells(QPhiModel(with_potential(flipped, pinning)), 300)
    assert well.q == pytest.approx(250e-9, abs=0.05e-9)


def test_several_places(tmp_path):
    even = with_potential(DEVICE, read_potential_map(write_map(tmp_path, "q_S_nm"), DEVICE), (100e-9, 300e-9))
    assert [1e9 * w.q for w in find_wells(QPhiModel(even), 300)] == pytest.approx([100, 300], abs=0.05)


def test_map_that_ends_in_the_notch_is_told(tmp_path):
    pinning = read_potential_map(write_map(tmp_path, "q_nm", reach=15), DEVICE)
    assert len(pinning.open_ends) == 2
    q = np.linspace(150e-9, 350e-9, 400)
    V, slope = with_potential(DEVICE, pinning).potential.evaluate(q)
    assert np.abs(slope[[0, -1]]).max() < 1e-3 * np.abs(slope).max()
    assert V.max() < 1.5 * V[np.abs(q - 265e-9).argmin()] + 5e-21


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("q_nm,Bz_mT\n0,1\n1,2\n2,3\n", {}, "at least 4 positions"),
        ("q_nm,Bz_mT\n0,1\n1,2\n1,3\n2,3\n", {}, "each only once"),
        ("q_nm,Bz_mT\n0,1\n1,2\n2,3\n1e18,4\n", {}, r"1e\+09 \[m\] from the middle must be within the length .* 5e-07"),
        ("q_nm\n0\n1\n2\n3\n", {}, "has no column for dE"),
        ("q_nm,Bz_mT\n-2,1\n-1,2\n1,3\n2,3\n", {"mirror": True}, "must begin at 0 to be mirrored"),
    ],
)
def test_bad_maps(tmp_path, text, options, said):
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_potential_map(path, DEVICE, **options)


def test_bad_places(tmp_path):
    pinning = read_potential_map(write_map(tmp_path, "q_nm"), DEVICE)
    with pytest.raises(InputError, match="must lie on the track"):
        with_potential(DEVICE, pinning, (1e-6,))
    with pytest.raises(InputError, match=r"has a \[potential\] already"):
        with_potential(with_potential(DEVICE, pinning), pinning)
