"""Device files: one line for every fault, defaults, round trip, and the draw of device instances."""

import copy
import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.device.device import Device
from llg.device.device_file import device_from_mapping, load_device, shipped_devices
from llg.device.electrical import Torque

PLAIN = {
    "name": "test track",
    "material": {"Ms": 7e5, "A": "10 pJ/m", "K_u": "0.48 MJ/m^3", "D": 1e-3, "alpha": 0.3},
    "track": {"length": "300 nm", "width": "64 nm", "thickness": "0.6 nm"},
    "notch": [
        {"position": "100 nm", "shape": "triangular", "depth": "10 nm", "width": "30 nm"},
        {"position": "200 nm", "shape": "gaussian", "depth": "6 nm", "width": "20 nm"},
    ],
}
TABLE = PLAIN["notch"][0] | {"shape": "table", "table_x": [-1, 1], "table_depth": [0, 1]}
FULL = PLAIN | {
    "temperature": "300 K",
    "wall": {"Q": -1, "Delta": "7 nm", "H_K": 1e4},
    "torque": {"theta_SH": 0.1, "k_FL": 0.2, "P": 0.5, "beta": 0.05, "current_crowding": 0.5},
    "stack": {"t_HM": "5 nm", "rho_HM": "200 uohm cm", "rho_FM": 1e-6},
    "readout": {"RA": "20 ohm um^2", "TMR": "150 %", "start": "50 nm", "end": "250 nm"},
    "pulse": {"current_density": 2e11, "duration": "2 ns"},
    "potential": {"q": [0, 1e-7, 2e-7, 3e-7], "V": [0, 1e-21, -1e-21, 0]},
    "variation": {"Ms_dtod": "2 %", "notch_depth_dtod": 0.1, "notch_position_dtod": "1 nm"},
}


def changed(path, value):
    """PLAIN with the value at a path of keys replaced or added."""
    mapping = copy.deepcopy(PLAIN)
    place = mapping
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(key, str) else place[key]
    place[path[-1]] = value
    return mapping


def complaint(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_units_and_defaults():
    device = device_from_mapping(PLAIN)
    assert device.material.to_dict()["A"] == pytest.approx(1e-11)
    assert device.track.thickness == pytest.approx(0.6e-9)
    assert (device.temperature, device.wall.Q, device.instance) == (300.0, 1.0, 0)
    assert (device.stack, device.readout, device.pulse, device.potential) == (None, None, None, None)
    assert device.torque.current_crowding == 1.0


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("matrial",), {}, 'unknown key "matrial"; did you mean "material"?'),
        (("track", "widht"), 1e-9, '[track]: unknown key "widht"; did you mean "width"?'),
        (("notch", 0, "deph"), 1e-9, '[[notch]] 1: unknown key "deph"; did you mean "depth"?'),
        (("track", "width"), -64e-9, "[track]: width = -6.4e-08 [m] must be > 0"),
        (("track", "width"), "64 K", '[track]: width: "64 K" has the wrong unit; expected one like m'),
        (("track", "width"), "64", '[track]: width: "64" lacks a unit'),
        (("track", "width"), "wide", '[track]: width: "wide" is not a number'),
        (("track", "width"), math.nan, "[track]: width = nan [m] must be finite"),
        (("track", "width"), math.inf, "[track]: width = inf [m] must be finite"),
        (("track", "width"), True, "[track]: width: True must be a number"),
        (("track", "width"), [64e-9], "[track]: width: [6.4e-08] must be a number"),
        (("material", "alpha"), -0.1, "[material]: alpha = -0.1 [1] must be > 0"),
        (("material", "alpha"), "30 nm", '[material]: alpha: "30 nm" has the wrong unit'),
        (("material", "Ms"), 2e6, "must be > mu0 Ms^2/2"),
        (("material", "Ms"), 10**400, "[material]: Ms: a number of 1329 bits is too large"),
        (("material",), "permalloy", "[material]: must be a table"),
        (("notch",), {"position": 0}, "notch must be a list of [[notch]] tables"),
        (("notch",), ["deep"], "[[notch]] 1: must be a table"),
        (("notch", 0, "depth"), "32 nm", "[[notch]] 1: depth = 3.2e-08 [m] must be < half the track width = 3.2e-08"),
        (("notch", 1, "position"), "301 nm", "[[notch]] 2: position = 3.01e-07 [m] must lie on the track"),
        (("notch", 0, "shape"), "triangle", "must be one of triangular, rectangular"),
        (("notch", 0, "table_x"), [0, 1], 'table_x and table_depth need shape = "table"'),
        (("temperature",), -1, "temperature = -1 [K] must be > 0"),
        (("temperature",), math.nan, "temperature = nan [K] must be > 0"),
        (("temperature",), 2000, "temperature = 2000 [K] must be > 0 and < 2000"),
        (("temperature",), "warm", '"warm" is not a number'),
        (("name",), 3, "name = 3 must be a text"),
        (("wall", "Q"), 2, "[wall]: Q = 2 [1] must be +1 or -1"),
        (("track", "pad_width"), "100 nm", "pad_width and pad_taper must be given together"),
        (("track", "outline_x"), [0.0, 1e-7], "outline_x (2) and outline_width (0) must have the same length"),
        (
            ("track",),
            PLAIN["track"] | {"pad_width": "60 nm", "pad_taper": "50 nm"},
            "[track]: pad_width = 6e-08 [m] must be >= width = 6.4e-08",
        ),
        (
            ("track",),
            PLAIN["track"] | {"outline_x": [1e-7, 0], "outline_width": [5e-8, 5e-8]},
            "[track]: outline_x must be strictly ascending; number 2, 0, comes after 1e-07",
        ),
        (
            ("track",),
            PLAIN["track"] | {"outline_x": [0, 1e-7], "outline_width": [5e-8, -1e-8]},
            "[track]: outline_width must be > 0; its least number is -1e-08",
        ),
        (
            ("track",),
            PLAIN["track"] | {"outline_file": "none.csv", "outline_width": [5e-8]},
            "[track]: outline_file and outline_x must not be given together",
        ),
        (
            ("track",),
            PLAIN["track"] | {"outline_file": "none.png", "outline_track": "grey"},
            "[track]: outline_track = 'grey' must be dark or bright",
        ),
        (
            ("track", "edge_roughness_length_lower"),
            2.9e-12,
            "[track]: edge_roughness_length_lower = 2.9e-12 [m] must be >= 3e-12, length/100000",
        ),
        (("track", "edge_roughness_length"), 2.9e-12, "[track]: edge_roughness_length = 2.9e-12 [m] must be >= 3e-12"),
        (
            ("notch", 0),
            TABLE | {"table_x": [-1, 0, 1]},
            "[[notch]] 1: table_x (3) and table_depth (2) must have the same length >= 2",
        ),
        (
            ("notch", 0),
            TABLE | {"table_x": [0], "table_depth": [1]},
            "table_x (1) and table_depth (1) must have the same",
        ),
        (("notch", 0), TABLE | {"table_x": [1, -1]}, "[[notch]] 1: table_x must be strictly ascending; number 2, -1"),
        (("notch", 0), TABLE | {"table_depth": [0, 1.1]}, "[[notch]] 1: table_depth must lie between 0 and 1"),
        (("notch", 0), TABLE | {"table_depth": [-0.1, 1]}, "[[notch]] 1: table_depth must lie between 0 and 1"),
        (
            ("potential",),
            {"q": [0, 1e-7, 2e-7], "V": [0, 0, 0]},
            "[potential]: q (3) and V (3) must have the same length >= 4",
        ),
        (("potential",), {"q": [0, 1e-7, 2e-7, 3e-7], "V": [0] * 5}, "q (4) and V (5) must have the same length >= 4"),
        (
            ("potential",),
            {"q": [0, 1e-7, 1e-7, 2e-7], "V": [0, 0, 0, 0]},
            "[potential]: q must be strictly ascending; number 3, 1e-07, comes after 1e-07",
        ),
        (
            ("potential",),
            {"q": [0, 100, 200, 300], "V": [0] * 4},
            'q holds 100 [m], must be <= 0.001 in size; did you mean "100 nm"?',
        ),
        (
            ("potential",),
            {"q": [0, 1e-7, 2e-7, 3e-7], "V": [0, 1, 0, 0]},
            'V holds 1 [J], must be <= 1e-12 in size; did you mean "1 aJ"?',
        ),
        (
            ("potential",),
            {"q": [4e-7, 5e-7, 6e-7, 7e-7], "V": [0] * 4},
            "[potential]: q = 4e-07 to 7e-07 [m] must span part of the track, 0 to 3e-07",
        ),
        (
            ("readout",),
            {"RA": 1e-12, "TMR": 1, "start": 0, "end": "301 nm"},
            "[readout] end = 3.01e-07 [m] must be <= the track length",
        ),
    ],
)
def test_bad_content(path, value, said):
    message = complaint(device_from_mapping, changed(path, value), "bad.toml")
    assert message.startswith("bad.toml")
    assert said in message


@pytest.mark.parametrize(("section", "key"), [("material", "alpha"), ("track", "width"), ("material", None)])
def test_missing_content(section, key):
    mapping = copy.deepcopy(PLAIN)
    if key is None:
        del mapping[section]
        assert f"missing [{section}]" in complaint(device_from_mapping, mapping)
    else:
        del mapping[section][key]
        assert f'missing "{key}"' in complaint(device_from_mapping, mapping)


@pytest.mark.parametrize("mapping", [PLAIN, FULL])
def test_configuration_round_trip(mapping):
    device = device_from_mapping(mapping)
    again = device_from_mapping(device.config())
    assert again == device
    assert again.config() == device.config()


def test_section_that_is_missing_is_named():
    message = complaint(device_from_mapping(PLAIN).section, "stack")
    assert message == 'device "test track": needs a [stack] section for this'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00\x01binary\x80", "not a text file"),
        (b"\x89HDF\r\n\x1a\n\x00\x00", "not a text file"),
        (b"PK\x00\x01", "not a TOML file"),
        (b"name = ", "not a TOML file"),
        (b"x = " + b"1" * 5000, "more than 64 bits"),
        (b"x = " + b"[" * 20_000, "not a TOML file"),
        (b"", "empty file"),
    ],
)
def test_bad_files(tmp_path, content, said):
    path = tmp_path / "device.toml"
    path.write_bytes(content)
    message = complaint(load_device, path)
    assert str(path) in message
    assert said in message


def test_missing_file_folder_and_name(tmp_path):
    assert "no such file" in complaint(load_device, tmp_path / "none.toml")
    assert "is a folder" in complaint(load_device, tmp_path)
    assert "no such file or shipped device" in complaint(load_device, "no-such-device")


def test_file_gives_the_same_device(tmp_path):
    path = tmp_path / "device.toml"
    path.write_text(
        'name = "test track"\n'
        '[material]\nMs = 7e5\nA = "10 pJ/m"\nK_u = "0.48 MJ/m^3"\nD = 1e-3\nalpha = 0.3\n'
        '[track]\nlength = "300 nm"\nwidth = "64 nm"\nthickness = "0.6 nm"\n'
        '[[notch]]\nposition = "100 nm"\nshape = "triangular"\ndepth = "10 nm"\nwidth = "30 nm"\n'
        '[[notch]]\nposition = "200 nm"\nshape = "gaussian"\ndepth = "6 nm"\nwidth = "20 nm"\n'
    )
    assert load_device(path) == device_from_mapping(PLAIN)


def test_every_shipped_device_loads():
    for name in shipped_devices():
        assert isinstance(load_device(name), Device)


def test_draw_is_a_function_of_seed_and_instance():
    device = device_from_mapping(FULL | {"track": FULL["track"] | {"edge_roughness_rms": "0.5 nm"}})
    first = device.draw(1, 7)
    assert device.draw(0, 7) is device
    assert first == device.draw(1, 7)
    assert first.instance == 1
    assert len(first.track.outline_x) > 100
    assert first != device.draw(2, 7) != device.draw(2, 8)
    x = np.linspace(0, device.track.length, 500)
    np.testing.assert_array_equal(first.width_at(x), device.draw(1, 7).width_at(x))


def test_draw_without_spread_changes_nothing_but_the_number():
    drawn = device_from_mapping(PLAIN).draw(3, 1)
    assert drawn.config() == device_from_mapping(PLAIN).config()


def test_spread_of_the_drawn_parameters():
    """400 instances: mean and standard deviation within 4 standard errors, cut at 3 standard deviations."""
    device = device_from_mapping(FULL)
    drawn = [device.draw(i, 11) for i in range(1, 401)]
    cut = 0.9733  # variance of a normal cut at 3 standard deviations
    cases = (
        ([d.material.Ms for d in drawn], 7e5, 0.02 * 7e5),
        ([d.notches[0].depth for d in drawn], 10e-9, 1e-9),
        ([d.notches[1].position for d in drawn], 200e-9, 1e-9),
    )
    for values, mean, spread in cases:
        z = (np.array(values) - mean) / spread
        assert abs(z.mean()) < 4 / math.sqrt(z.size)
        assert abs(z.var() / cut - 1) < 4 * math.sqrt(2 / z.size)
        assert np.abs(z).max() < 3 + 1e-9
    assert all(d.material.A == device.material.A for d in drawn)
    depths = np.array(
        [[n.depth / nominal.depth for n, nominal in zip(d.notches, device.notches, strict=True)] for d in drawn]
    )
    assert abs(np.corrcoef(depths.T)[0, 1]) < 4 / math.sqrt(400)


def test_a_junction_may_reach_the_end_of_the_track_and_seeds_count_from_zero():
    device = device_from_mapping(changed(("readout",), {"RA": 1e-12, "TMR": 1, "start": 0, "end": "300 nm"}))
    assert device.readout.end == device.track.length
    assert "instance = 1 and seed = -1 must be >= 0" in complaint(device.draw, 1, -1)


def test_edge_roughness_has_its_rms_and_correlation():
    """Both edges add: variance of the width 2 rms^2, correlation exp(-(distance/length)^2); 5 standard errors."""
    track = PLAIN["track"] | {"length": "20 um", "edge_roughness_rms": "0.5 nm", "edge_roughness_length": "25 nm"}
    device = device_from_mapping(PLAIN | {"track": track, "notch": []})
    independent = 20e-6 / (25e-9 * math.sqrt(math.pi / 2))  # integral of the squared correlation
    x = np.linspace(0, 20e-6, 16_001)
    deviation = device.draw(1, 5).width_at(x) - 64e-9
    variance = 2 * 0.5e-9**2
    assert np.mean(deviation**2) == pytest.approx(variance, rel=5 * math.sqrt(2 / independent))
    for distance in (12.5e-9, 25e-9, 50e-9):
        lag = round(distance / x[1])
        correlation = np.mean(deviation[lag:] * deviation[:-lag]) / np.mean(deviation**2)
        assert correlation == pytest.approx(math.exp(-((distance / 25e-9) ** 2)), abs=5 / math.sqrt(independent))


def test_replace_reaches_every_depth():
    """A parameter by its own name, by its section, on all notches, and a field of the device; texts carry units."""
    device = load_device("five_state")
    other = device.replace({"notch.depth": "5 nm", "track.width": 8e-8}, alpha=0.05, temperature="350 K")
    assert (other.material.alpha, other.track.width, other.temperature) == (0.05, 8e-8, 350.0)
    assert {notch.depth for notch in other.notches} == {5e-9}
    assert other.replace(alpha=0.3, temperature=300, track__width=1e-7).notches == other.notches
    assert device.material.alpha == 0.3, "the original keeps its values"
    assert device.replace(torque=other.torque, theta_SH=0.2).torque.theta_SH == 0.2
    assert device.replace(torque={"theta_SH": "20 %"}).torque == Torque(theta_SH=0.2)


def test_replace_takes_an_optional_value_away():
    device = load_device("five_state").replace(Delta="6 nm")
    assert device.wall.Delta == pytest.approx(6e-9)
    assert device.replace(Delta=None).wall.Delta is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alfa": 0.1}, 'unknown parameter "alfa"; did you mean "alpha"'),
        ({"width": 1e-7}, "ambiguous; use track.width or notch.width"),
        ({"material.width": 1e-7}, 'unknown parameter "material.width"'),
        ({"alpha": "3 nm"}, "alpha"),
        ({"alpha": -1.0}, "alpha = -1 [1] must be > 0"),
        ({"alpha": None}, "alpha"),
        ({"xi": 1e-13}, "needs a [gate] section"),
        ({"gate_level": 0.5}, "gate_level = 0.5 needs a [gate] section"),
        ({"track.width": "1 nm"}, "half the track width"),
        ({"material": None}, "material = None must be of the kind Material"),
        ({"torque": 0.1}, "torque = 0.1 must be of the kind Torque"),
        ({"torque": {"theta": 0.1}}, '[torque]: unknown key "theta"'),
        ({"temperature": None}, "temperature: None must be a number in K"),
        ({"temperature": True}, "temperature: True must be a number in K"),
        ({"name": 5}, "name = 5 must be of the kind str"),
    ],
)
def test_replace_refuses_in_one_line(changes, words):
    with pytest.raises(InputError) as error:
        load_device("five_state").replace(changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_short_representations_of_a_device():
    device = load_device("five_state")
    text = repr(device.draw(3, 1))
    assert len(text) < 250
    assert "five-state" in text
    plain = repr(device_from_mapping(PLAIN))
    assert plain.startswith(
        "<Device 'test track': track 300 x 64 x 0.6 nm, 2 notches, Ms = 7e+05 A/m, K_u = 4.8e+05 J/m^3, "
    )
    assert plain.endswith("D = 0.001 J/m^2, alpha = 0.3, q-phi, 300 K>")
    assert "5 notches" in text
    assert "instance 3" in text
    page = device.replace(name="a < b")._repr_html_()
    assert "a &lt; b" in page
    assert "Gilbert damping" in page
