"""`dwsynapse simulate --method fokker-planck`: same JSON as the ensemble, and refusals."""

import pytest
from devices import MATERIAL

DEVICE = f"""
name = "two notches"
temperature = "300 K"
{MATERIAL}[track]
length = "250 nm"
width = "64 nm"
thickness = "0.6 nm"
pad_width = "160 nm"
pad_taper = "25 nm"
[torque]
theta_SH = 0.1
[pulse]
current_density = 3e11
duration = "0.6 ns"
rest_time = "0.2 ns"
relaxation_time = "0.5 ns"
[[notch]]
position = "70 nm"
shape = "cosine"
depth = "14 nm"
width = "100 nm"
[[notch]]
position = "180 nm"
shape = "cosine"
depth = "14 nm"
width = "100 nm"
"""
DENSITY = ("--method", "fokker-planck")


@pytest.fixture
def device(folder):
    (folder / "two.toml").write_text(DEVICE)
    return "two.toml"


def test_density_has_the_json_of_the_ensemble(device, command):
    options = ("simulate", device, "--state", 0, "--json")
    density = command(*options, *DENSITY, "--cell", 0.5).json
    ensemble = command(*options, "-n", 2000).json
    assert density.keys() == ensemble.keys()
    assert density["n"] is None and density["left_track"] < 1e-6
    assert sum(density["probability"]) == pytest.approx(1, abs=1e-12)
    assert density["probability"] == pytest.approx(ensemble["probability"], abs=0.05)
    assert 0 < max(density["standard_error"]) < 0.01
    assert density["mean_velocity_m_per_s"] == pytest.approx(ensemble["mean_velocity_m_per_s"], abs=5)


def test_text_says_what_it_is(device, command):
    answer = command("simulate", device, "--state", 0, *DENSITY, "--cell", 0.7)
    assert answer.code == 0 and all(line.startswith("note: ") for line in answer.err.splitlines())
    assert answer.out.startswith("two notches: density from q = ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((*DENSITY, "-n", 10), "-n: must not be given with --method fokker-planck"),
        ((*DENSITY, "-o", "x.h5"), "-o/--out: must not be given"),
        ((*DENSITY, "--dt", "1 ps"), "--dt: must not be given"),
        ((*DENSITY, "--check-dt"), "--check-dt: must not be given"),
        ((*DENSITY, "--temperature", 0), "temperature = 0 [K] must be > 0"),
        ((*DENSITY, "--temperature", 0.01), "cells, must be <="),
        ((*DENSITY, "--cell", 0), "cell = 0 [1] must be > 0"),
        (("--cell", 0.5), "--cell 0.5: needs --method fokker-planck"),
    ],
)
def test_refuses_what_it_cannot_do(device, command, options, words):
    answer = command("simulate", device, *options)
    assert answer.code == 2 and words in answer.err and answer.err.count("\n") == 1


def test_refuses_heating(folder, device, command):
    stack = '[stack]\nt_HM = "4 nm"\nrho_HM = "20 uohm cm"\nrho_FM = "60 uohm cm"\n'
    (folder / "hot.toml").write_text(DEVICE + stack + '[heating]\nR_th = 1e4\ntau_th = "1 ns"\n')
    answer = command("simulate", "hot.toml", *DENSITY)
    assert answer.code == 2 and "[heating] is not covered by the fokker-planck method" in answer.err
