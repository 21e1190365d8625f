"""Every script of docs/gallery has the form of an example, and keeps, on a smaller scale, the promise it opens with."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
SCRIPTS = sorted(path.stem for path in GALLERY.glob("*.py"))


def load(name):
    spec = importlib.util.spec_from_file_location(f"gallery_{name}", GALLERY / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize("name", SCRIPTS)
def test_form(name, capsys):
    """Short, with goal, physics and expected numbers at the top; nothing runs on import."""
    assert len((GALLERY / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 80
    script = load(name)
    for word in ("Goal: ", "Physics: ", "Expected"):
        assert word in script.__doc__
    assert inspect.isfunction(script.main) and script.main.__doc__
    assert capsys.readouterr().out == ""


def test_design_a_synapse(capsys):
    """Barriers of 40 kB T from 18 nm on; 7e11 A/m^2 for 1 ns moves by one state with more than 95 %.

    128 trajectories: at p = 0.95 the standard error is 2 %, and 4 of them are allowed.
    """
    found, p = load("design_a_synapse").main(n=128)
    depth, barrier, current = np.array(found).T
    assert np.all(np.diff(barrier) > 0) and np.all(np.diff(current) > 0)
    assert np.array_equal(barrier >= 40, depth >= 17.9e-9)
    assert p.shape == (2, 4, 5)
    one, two = p[:, 2, 2]
    assert one > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 128) and two < 0.05
    assert p[1].max() > 0.5  # the scan also shows pulses that go too far
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 5 + 4 and printed[3].startswith("depth 20 nm: lowest barrier 48.4 kB T")


def test_fit_a_transition_model(tmp_path, capsys):
    """With a quarter of the trajectories: threshold within its error, a sound fit, near the counts at 400 K.

    Seeds 1 to 12 give thresholds of 3.94e11 A/m^2 with a scatter of 0.125e11; the fits state 0.145e11.
    """
    fit, away = load("fit_a_transition_model").main(n=50, path=tmp_path / "fit.h5")
    assert fit.verdict.startswith("sound")
    i = fit.model.names.index("threshold_up_2")
    assert abs(fit.model.value[0, i] - 3.94e11) < 4 * 0.125e11
    assert 0.09e11 < fit.model.standard_error[0, i] < 0.2e11
    assert away < 0.05 + 0.4 / np.sqrt(50)  # sampling error
    assert "distance at 400 K" in capsys.readouterr().out


def test_program_trained_weights(capsys):
    """Rounding to levels of 1/4 gives 0.25 / sqrt(12) = 0.072; a fifth of it with 41 levels; noise doubles that.

    Accuracies on 359 images: two standard errors at 0.97 are 0.018.
    """
    found, before = load("program_trained_weights").main(epochs=20)
    error = {key: summary["rms_error_after"] for key, (_, summary) in found.items()}
    assert 0.068 < error["pair", 0.0] < 0.078
    assert error["pair", 0.0] / 6 < error["digits", 0.0] < error["pair", 0.0] / 4
    assert error["digits", 0.05] > 2 * error["digits", 0.0]
    assert error["pair", 0.05] < 1.3 * error["pair", 0.0]
    assert found["digits", 0.0][0] > before - 0.018
    assert found["pair", 0.0][0] > before - 0.03 - 0.018
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_designs_of_many_states(capsys):
    """Two states with a tenth of the budget: a verified design, stable for ten years, and what it could not go beyond."""
    script = load("designs_of_many_states")
    design = script.main(states=(2,), stacks=("Pt/Co",), pulses=4000)["Pt/Co", 2]
    assert (
        all(verdict["holds"] for verdict in design["verdicts"]) and design["figures"]["retention"] > 10 * 365.2 * 86400
    )
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Pt/Co,  2 states: ") and "; limits: " in line
    config = {"free": {"pitch": [1e-7, 2e-7], "notch_depth": [1e-8, 3e-8]}}
    made_up = {
        "values": {"pitch": 1.01e-7, "notch_depth": 2e-8},
        "verdicts": [
            {"name": "retention", "value": 4.0, "bound": 1.0},
            {"name": "one_step", "value": 0.994, "bound": 0.99},
        ],
    }
    assert script.at_its_bound(made_up, config) == ["pitch least", "retention", "one_step"]
    made_up["verdicts"][1]["value"] = 0.996
    assert script.at_its_bound(made_up, config) == ["pitch least", "retention"]
