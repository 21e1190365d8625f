"""Where a file comes from: canonical JSON, hashes of the inputs, state of the source tree."""

import os
import re
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

import dwcore
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


STATE = "from dwcore.storage.provenance import git_state; import dwcore; print(dwcore.__file__, git_state())"


def test_git_state_of_a_checkout(tmp_path):
    """Of the tree that the program is imported from: no repository, an empty one, a commit, a changed file."""
    tree = tmp_path / "source"
    shutil.copytree(Path(dwcore.__file__).parent, tree / "dwcore", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "state.py").write_text(STATE)

    def state(path=os.environ["PATH"]):
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PATH": path}
        command = [sys.executable, tree / "state.py"]  # whose folder comes first among those of the imports
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=600)
        where, found = answer.stdout.split()
        assert Path(where).is_relative_to(tree)
        return found

    def git(*arguments):
        command = ["git", "-C", tree, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True, timeout=600).stdout

    assert state() == "unknown"
    git("init")
    assert state() == "unknown"
    git("add", ".")
    git("commit", "-m", "a")
    clean = git("rev-parse", "HEAD").strip()
    assert len(clean) == 40 and state() == clean
    (tree / "dwcore" / "errors.py").write_text((tree / "dwcore" / "errors.py").read_text() + "# changed\n")
    assert state() == f"{clean}-dirty"
    assert state(path=str(tmp_path)) == "unknown", "without git"


def test_git_state_of_this_tree():
    """Whatever this is, a checkout or an installed copy."""
    root = Path(dwcore.__file__).parents[1]
    assert (root / ".git").exists() == (re.match(r"[0-9a-f]{40}", provenance.git_state()) is not None)


def test_what_cannot_be_known_is_unknown_or_refused(tmp_path, monkeypatch):
    """A package that is not installed; an input that goes while it is read."""
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    found = provenance.versions()
    assert (found["numpy"], found["no-such-package"]) == (np.__version__, "unknown")
    (tmp_path / "a.csv").write_text("1")
    monkeypatch.setattr(Path, "is_file", lambda self: True)
    with pytest.raises(InputError, match=r"input .*none\.csv cannot be read: No such file or directory"):
        provenance.input_hashes([tmp_path / "a.csv", tmp_path / "none.csv"])


@pytest.mark.parametrize(("changes", "ending"), [("", ""), (" M dwcore/errors.py", "-dirty")])
def test_state_of_a_checkout(tmp_path, monkeypatch, changes, ending):
    """The commit, and whether files that it knows were changed since."""
    (tmp_path / ".git").mkdir()
    answers = {"rev-parse": "0123abc", "status": changes}
    monkeypatch.setattr(provenance, "_git", lambda root, *arguments: answers[arguments[0]])
    assert provenance._state.__wrapped__(tmp_path) == "0123abc" + ending
    assert provenance._state.__wrapped__(tmp_path / "elsewhere") == "unknown"
