"""Where a file comes from: canonical JSON, hashes of the inputs, state of the source tree."""

import subprocess
from enum import Enum

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage import provenance


class Shape(Enum):
    VEE = 3


def test_canonical_json():
    value = {"b": np.arange(3), "a": (1.0, np.float64(0.1)), "é": {"z": None, "y": np.True_}, "s": Shape.VEE}
    text = '{"a":[1.0,0.1],"b":[0,1,2],"s":"VEE","\\u00e9":{"y":true,"z":null}}'
    assert provenance.canonical_json(value) == text
    assert provenance.canonical_json(dict(reversed(value.items()))) == text


@pytest.mark.parametrize(
    ("value", "fragment"),
    [
        ({"a": {"b": [0.0, float("nan")]}}, r"config\.a\.b\[1\] = nan must be finite"),
        ({"a": np.array([np.inf])}, r"config\.a\[0\] = inf must be finite"),
        ({"a": {1: 2}}, "config.a has the key 1"),
        ({"a": {1, 2}}, "config.a is of type set"),
        ({"a": 1j}, "config.a is of type complex"),
        ({"a": np.longdouble(1)}, "config.a is of type longdouble"),
    ],
)
def test_values_without_json_form(value, fragment):
    with pytest.raises(InputError, match=fragment):
        provenance.canonical_json(value)


def test_config_that_contains_itself():
    config = {}
    config["self"] = config
    with pytest.raises(InputError, match="contains itself"):
        provenance.canonical_json(config)


def test_input_hashes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.h5").write_text(folder)
    paths = [tmp_path / "a" / "x.h5", tmp_path / "b" / "x.h5"]
    hashes = provenance.input_hashes(paths)
    assert list(hashes) == [str(path) for path in paths] and len(set(hashes.values())) == 2
    assert list(provenance.input_hashes(paths[:1])) == ["x.h5"]
    with pytest.raises(InputError, match=r"none\.csv is missing"):
        provenance.input_hashes([tmp_path / "none.csv"])


def test_git_state_never_fails(tmp_path, monkeypatch):
    package = tmp_path / "source" / "llg"
    package.mkdir(parents=True)
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))

    def state():
        provenance.git_state.cache_clear()
        return provenance.git_state()

    def git(*arguments):
        command = ["git", "-C", package.parent, "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=20)

    try:
        assert state() == "unknown"
        (package / "a.py").touch()
        git("init")
        assert state() == "unknown"
        git("add", ".")
        git("commit", "-m", "a", "--no-gpg-sign")
        clean = state()
        assert len(clean) == 40
        (package / "a.py").write_text("changed")
        assert state() == f"{clean}-dirty"

        def slow(*_, **__):
            raise subprocess.TimeoutExpired("git", 2)

        monkeypatch.setattr(subprocess, "run", slow)
        assert state() == "unknown"
    finally:
        provenance.git_state.cache_clear()
