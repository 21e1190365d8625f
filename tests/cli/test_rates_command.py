"""`rates --method`: what each method prints, and how it refuses."""

import pytest

from dwsynapse.commands.rates import METHODS
from llg.rates.rate_matrix import METHODS as KNOWN

SHALLOW = """
name = "shallow"
temperature = "300 K"
[material]
Ms = 1.1e6
A = 16e-12
K_u = 1.27e6
D = 0.4e-3
alpha = 0.3
[track]
length = 160e-9
width = 80e-9
thickness = 0.6e-9
pad_width = 160e-9
pad_taper = 40e-9
[[notch]]
position = 60e-9
shape = "cosine"
depth = 2.57e-9
width = 40e-9
[[notch]]
position = 100e-9
shape = "cosine"
depth = 2.57e-9
width = 40e-9
"""


@pytest.fixture
def shallow(folder):
    path = folder / "shallow.toml"
    path.write_text(SHALLOW)
    return path


def test_methods_offered_are_those_known():
    assert set(METHODS) == {"auto", *KNOWN}


def test_langer_states_no_error(shallow, command):
    result = command("rates", shallow, "--json").json
    assert result["method"] == "langer"
    for number, well in enumerate(result["wells"]):
        assert well["retention_s_error"] is None
        assert well["retention_s"] == pytest.approx(1 / (sum(well["rates_per_s"]) + sum(well["lost_per_s"])))
        assert well["rates_per_s"][number] == 0.0


def test_flux_states_its_error(shallow, command):
    formula = command("rates", shallow, "--json").json["wells"][0]
    sampled = command("rates", shallow, "--method", "flux", "--seed", 4, "--json").json["wells"][0]
    assert 0 < sampled["retention_s_error"] < 0.1 * sampled["retention_s"]
    assert abs(sampled["retention_s"] - formula["retention_s"]) < 0.3 * formula["retention_s"]


def test_waiting_for_years_is_refused(command):
    answer = command("rates", "five_state", "--method", "brute")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "too long for brute force" in answer.err
    assert "sample the flux instead" in answer.err
