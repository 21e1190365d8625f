"""Devices written as TOML read back to the last bit, whole or not at all."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwcore.errors import InputError
from dwcore.toml import parse_toml
from llg.device.device_file import device_from_mapping, device_text, load_device, save_device, shipped_devices

MAPPING = {
    "name": "a track",
    "temperature": 77.0,
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": -1e-3, "alpha": 0.3},
    "wall": {"Delta": 7.1e-9, "H_K": -1e3},
    "track": {"length": 3e-7, "width": 6.4e-8, "thickness": 6e-10},
    "potential": {"q": [0.0, 1e-7, 2e-7, 3e-7], "V": [0.0, 1e-21, 1 / 3 * 1e-21, 0.0]},
    "notch": [
        {"position": 1e-7, "shape": "triangular", "depth": 1e-8, "width": 3e-8},
        {
            "position": 2e-7,
            "shape": "table",
            "depth": 1e-8,
            "width": 3e-8,
            "table_x": [-1, 0, 1],
            "table_depth": [0, 1, 0],
        },
    ],
}


@pytest.mark.parametrize("name", shipped_devices())
def test_shipped_devices_round_trip(tmp_path, name):
    device = load_device(name)
    save_device(tmp_path / "copy.toml", device, comments=["two\nlines"])
    assert load_device(tmp_path / "copy.toml") == device


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(str.strip),
    length=st.floats(2.5e-7, 1e-5),
    sigma=st.floats(1e-7, 0.3),
    share=st.floats(-0.99, 0.99),
)
def test_any_numbers_and_names_round_trip(name, length, sigma, share):
    D = share * sigma / math.pi  # at sigma_0/pi the wall costs no energy
    mapping = MAPPING | {"name": name, "track": MAPPING["track"] | {"length": length}}
    mapping = mapping | {"wall": {"sigma_0": sigma}, "material": MAPPING["material"] | {"D": D}}
    device = device_from_mapping(mapping)
    assert device_from_mapping(parse_toml(device_text(device), "device")) == device  # to the last bit


def test_a_changed_device_is_a_changed_file():
    device = device_from_mapping(MAPPING)
    other = dataclasses.replace(device, temperature=78.0)
    assert device_text(device) != device_text(other)


def test_existing_file_is_kept(tmp_path):
    path = tmp_path / "device.toml"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        save_device(path, device_from_mapping(MAPPING))
    assert path.read_text() == "mine"
    save_device(path, device_from_mapping(MAPPING), force=True)
    assert load_device(path) == device_from_mapping(MAPPING)
    assert [p.name for p in tmp_path.iterdir()] == ["device.toml"]
