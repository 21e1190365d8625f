"""Device instances: roughness of each edge, spreads of the parameters, and what follows them.

Thresholds are 4 to 5 standard errors of each figure; the seeds are fixed.
"""

import dataclasses
import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.device.device import Device
from llg.device.device_file import device_from_mapping
from llg.device.material import Wall
from llg.device.variation import Variation, rough_edge

LENGTH, WIDTH, RMS, CORRELATION = 10e-6, 64e-9, 0.5e-9, 25e-9
INDEPENDENT = LENGTH / (CORRELATION * math.sqrt(math.pi / 2))  # length over the integral of the squared correlation


def make_device(**changes) -> Device:
    mapping = {
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
        "track": {"length": LENGTH, "width": WIDTH, "thickness": 0.6e-9},
    }
    for section, values in changes.items():
        mapping[section] = mapping.get(section, {}) | values if isinstance(values, dict) else values
    return device_from_mapping(mapping)


def rough(**track):
    return make_device(track={"edge_roughness_rms": RMS, "edge_roughness_length": CORRELATION} | track)


def deviation(device, x):
    return device.width_at(x) - WIDTH


def realised(values, step):
    """rms [m] and distance over which the correlation falls to 1/e [m], from the curvature at zero distance.

    For exp(-(d/L)^2) the variance of the slope is 2 rms^2/L^2.
    """
    rms = math.sqrt(np.mean(values**2))
    return rms, math.sqrt(2 * np.mean(values**2) / np.mean((np.diff(values) / step) ** 2))


def test_one_edge_has_its_rms_and_correlation_length():
    """Realised over 400 correlation lengths: 5 errors of 1/sqrt(2 n); half as long a correlation again is seen."""
    x = np.linspace(0, LENGTH, 20_001)
    rms, length = realised(rough_edge(np.random.default_rng(3), x, RMS, CORRELATION), x[1])
    error = math.sqrt(1 / (2 * INDEPENDENT))
    assert rms == pytest.approx(RMS, rel=5 * error)
    assert length == pytest.approx(CORRELATION, rel=5 * error)
    _, other = realised(rough_edge(np.random.default_rng(3), x, RMS, 1.5 * CORRELATION), x[1])
    assert abs(other / CORRELATION - 1) > 5 * error  # negative control


def test_edges_are_independent_and_each_its_own():
    """One edge at a time, then both: variances add, and the two edges of one instance do not know of each other."""
    x = np.linspace(0, LENGTH, 20_001)
    upper = deviation(rough(edge_roughness_rms_lower=0.0).draw(1, 5), x)
    lower = deviation(rough(edge_roughness_rms=0.0, edge_roughness_rms_lower=2 * RMS,
                            edge_roughness_length_lower=2 * CORRELATION).draw(1, 5), x)  # fmt: skip
    both = deviation(rough(edge_roughness_rms_lower=2 * RMS, edge_roughness_length_lower=2 * CORRELATION).draw(1, 5), x)
    error = 5 / math.sqrt(2 * INDEPENDENT)
    for edge, rms, length in ((upper, RMS, CORRELATION), (lower, 2 * RMS, 2 * CORRELATION)):
        assert realised(edge, x[1])[0] == pytest.approx(rms, rel=1.5 * error)
        assert realised(edge, x[1])[1] == pytest.approx(length, rel=1.5 * error)
    assert abs(np.corrcoef(upper, lower)[0, 1]) < 5 / math.sqrt(INDEPENDENT)
    np.testing.assert_allclose(both, upper + lower, atol=1e-15)
    same = deviation(rough().draw(1, 5), x)
    assert np.var(same) == pytest.approx(2 * RMS**2, rel=math.sqrt(2) * error)


def test_mean_width_changes_by_the_averaged_roughness():
    """Mean over a track of length L: variance 2 rms^2 sqrt(pi) correlation/L for two edges, mean 0; 300 instances."""
    short = 200e-9
    device = rough(length=short)
    x = np.linspace(0, short, 801)
    means = np.array([np.mean(deviation(device.draw(i, 2), x)) for i in range(1, 301)])
    u = short / CORRELATION  # exact for a finite track: 2/L^2 times the integral of (L - d) exp(-(d/l)^2)
    share = (math.sqrt(math.pi) * u * math.erf(u) + math.exp(-(u**2)) - 1) / u**2
    expected = 2 * RMS**2 * share
    assert share == pytest.approx(math.sqrt(math.pi) / u, rel=0.1)
    assert np.var(means) == pytest.approx(expected, rel=4 * math.sqrt(2 / 300))
    assert abs(means.mean()) < 4 * math.sqrt(expected / 300)


def test_roughness_stays_under_pads_and_notches():
    """The outline of an instance is its pads, plus the roughness, less the notches; it survives in the device file."""
    changes = {"length": 400e-9, "pad_width": 200e-9, "pad_taper": 60e-9}
    notch = [{"position": 200e-9, "shape": "cosine", "depth": 10e-9, "width": 60e-9}]
    track = {"edge_roughness_rms": RMS, "edge_roughness_length": CORRELATION} | changes
    smooth, drawn = make_device(track=changes, notch=notch), make_device(track=track, notch=notch).draw(2, 9)
    x = np.linspace(0, 400e-9, 2001)
    gap = drawn.width_at(x) - smooth.width_at(x)
    assert 0 < np.abs(gap).max() < 6 * math.sqrt(2) * RMS
    plain = deviation(rough(length=400e-9).draw(2, 9), x)
    np.testing.assert_allclose(gap, plain, atol=1e-15)
    again = device_from_mapping(drawn.config())
    np.testing.assert_array_equal(again.width_at(x), drawn.width_at(x))
    np.testing.assert_array_equal(again.draw(1, 1).width_at(x), drawn.width_at(x))  # not roughened twice


SPREADS = {field.name: 0.03 for field in dataclasses.fields(Variation)} | {"notch_position_dtod": 1e-9}
EVERYTHING = {
    "torque": {"theta_SH": 0.1, "k_FL": 0.2, "P": 0.5, "beta": 0.05},
    "track": {"length": 300e-9, "pad_width": 100e-9, "pad_taper": 50e-9},
    "stack": {"t_HM": 5e-9, "rho_HM": 2e-7, "rho_FM": 6e-7},
    "readout": {"RA": 2e-11, "TMR": 1.5, "start": 50e-9, "end": 250e-9},
    "heating": {"R_th": 1e5, "tau_th": 1e-9},
    "gate": {"delta_K_u": 1e4},
    "notch": [{"position": 150e-9, "shape": "cosine", "depth": 10e-9, "width": 60e-9}],
    "variation": SPREADS,
}


def numbers(device):
    """All numbers of a device by section and name."""
    config = device.config()
    config["notch"] = config["notch"][0]
    found = {}
    for section in ("material", "torque", "track", "readout", "heating", "gate", "notch"):
        found |= {(section, k): v for k, v in config[section].items() if isinstance(v, float) and v != 0}
    return found


def test_every_spread_spreads_its_parameter_and_nothing_else():
    """300 instances: standard deviation of each drawn number, 4 standard errors; the rest stays as it is."""
    device = make_device(**EVERYTHING)
    nominal = numbers(device)
    drawn = [numbers(device.draw(i, 6)) for i in range(1, 301)]
    spread = {key: np.std([d[key] / nominal[key] for d in drawn]) for key in nominal}
    varied = {key for key, value in spread.items() if value > 0}
    names = {"Ms", "A", "K_u", "D", "alpha", "theta_SH", "k_FL", "P", "beta", "thickness", "pad_width", "RA", "TMR",
             "R_th", "delta_K_u", "depth", "position"}  # fmt: skip
    assert varied == {key for key in nominal if key[1] in names} | {("track", "width"), ("notch", "width")}
    for key in varied:
        wanted = 1e-9 / 150e-9 if key == ("notch", "position") else 0.03
        cut = math.sqrt(0.9733)  # normal cut at 3 standard deviations
        assert spread[key] == pytest.approx(wanted * cut, rel=4 / math.sqrt(600)), key


def test_a_tabulated_outline_is_as_much_wider_as_the_track():
    track = {"length": 300e-9, "outline_x": [0.0, 100e-9, 300e-9], "outline_width": [80e-9, 50e-9, 60e-9]}
    device = make_device(track=track, variation={"width_dtod": 0.05})
    drawn = device.draw(1, 3).track
    factor = drawn.width / device.track.width
    assert abs(factor - 1) > 1e-3 and drawn.outline_x == device.track.outline_x
    assert drawn.outline_width == pytest.approx([factor * w for w in device.track.outline_width], rel=1e-12)


OWN = {"Ms": "material", "K_u": "material", "alpha": "material", "theta_SH": "torque", "beta": "torque", "RA": "readout",
       "TMR": "readout", "R_th": "heating", "notch_depth": "notch", "notch_width": "notch", "notch_position": "notch"}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_another_spread_leaves_the_other_parameters_of_an_instance(name):
    one = numbers(make_device(**EVERYTHING).draw(7, 3))
    changed = EVERYTHING | {"variation": SPREADS | {f"{name}_dtod": 0.0}}
    other = numbers(make_device(**changed).draw(7, 3))
    assert {key for key in one if one[key] != other[key]} == {(OWN[name], name.removeprefix("notch_"))}


def test_given_wall_follows_the_drawn_film():
    """Given Delta, sigma_0 and H_K move by the factors of sqrt(A/K_eff), 4 sqrt(A K_eff) and Ms t ln 2/(pi Delta)."""
    spreads = {"Ms_dtod": 0.02, "A_dtod": 0.1, "K_u_dtod": 0.02, "thickness_dtod": 0.05}
    plain = make_device(variation=spreads)
    nominal = plain.straight_wall
    factors = {"Delta": 1.1, "sigma_0": 0.9, "H_K": -0.2}
    given = make_device(variation=spreads, wall={k: f * getattr(nominal, k) for k, f in factors.items()})
    for i in range(1, 6):
        wanted, got = plain.draw(i, 4).straight_wall, given.draw(i, 4).straight_wall
        assert isinstance(got, Wall)
        for name, factor in factors.items():
            assert getattr(got, name) == pytest.approx(factor * getattr(wanted, name), rel=1e-12)
        assert abs(got.Delta / given.straight_wall.Delta - 1) > 1e-4


def test_instances_that_cannot_be():
    device = make_device(track={"length": 300e-9, "width": 40e-9, "edge_roughness_rms": 8e-9})
    with pytest.raises(
        InputError, match=r'device "device", instance \d+: outline_width holds .* must be 1e-09'
    ) as caught:
        for i in range(1, 200):
            device.draw(i, 1)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="instance = -1 and seed = 1 must be >= 0"):
        device.draw(-1, 1)
    notch = {"position": 150e-9, "shape": "rectangular", "depth": 31e-9, "width": 90e-9}
    notched = make_device(track={"length": 300e-9, "edge_roughness_rms": 2e-9}, notch=[notch])
    with pytest.raises(InputError, match=r"cut through the outline|must be < half the track width"):
        for i in range(1, 50):
            notched.draw(i, 1)
