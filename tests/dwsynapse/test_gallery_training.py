"""The gallery scripts on training keep, on a smaller scale, the promise they open with."""

import importlib.util
from pathlib import Path

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"


def test_accuracy_against_states(capsys):
    """Two states lose two points, more states do not; 8 epochs and two seeds, of which each test has an error of 0.8 %."""
    path = GALLERY / "accuracy_against_states.py"
    spec = importlib.util.spec_from_file_location("gallery_accuracy", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    series = script.main(states=(2, 5), seeds=2, epochs=8)
    two, five = series["test_accuracy"].mean(axis=1)
    assert two < five - 0.015
    assert five > series["float32_test_accuracy"].mean() - 0.02
    assert capsys.readouterr().out.count("on chip") == 2
