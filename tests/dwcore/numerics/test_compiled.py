"""Compiled code is kept between runs, and thrown away when the text or a constant of anything in it changes."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

import dwcore
from dwcore.numerics.compiled import compiled, fingerprint
from llg.kernels import q_phi

HELPER = """
from numba import njit
SHIFT = {shift}

@njit(inline="always")
def helper(x):
    return {factor} * x
"""
OUTER = """
from numba import njit
from dwcore.numerics.compiled import compiled
from {helper} import SHIFT, helper

@{decorator}
def outer(x):
    return helper(x) + SHIFT
"""
NOWHERE = {
    "NUMBA_CACHE_LOCATOR_CLASSES": "UserWideCacheLocator",
    "HOME": "/dev/null",
    "XDG_CACHE_HOME": "/dev/null/x",
}
"""Surroundings in which numba has no place to keep what it compiles."""


@pytest.fixture
def two_modules(tmp_path, monkeypatch):
    """Write a function and its helper in two files, run it as in a new process; returns its value at 1 and the reuse."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("numba.config.CACHE_DIR", "")

    def run(decorator, factor, shift, name):
        texts = {f"{name}_helper": HELPER.format(factor=factor, shift=shift),
                 name: OUTER.format(helper=f"{name}_helper", decorator=decorator)}  # fmt: skip
        for file, text in ((tmp_path / f"{module}.py", text) for module, text in texts.items()):
            if not file.exists() or file.read_text() != text:  # older versions of numba look at the time of a file
                file.write_text(text)
        for module in (name, f"{name}_helper"):
            sys.modules.pop(module, None)
        importlib.invalidate_caches()
        outer = importlib.import_module(name).outer
        return outer(1.0), sum(outer.stats.cache_hits.values())

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return run


def test_changes_elsewhere_are_seen(two_modules):
    assert two_modules("compiled()", 10, 5, "sound") == (15.0, 0)
    assert two_modules("compiled()", 10, 5, "sound") == (15.0, 1)
    assert two_modules("compiled()", 20, 5, "sound") == (25.0, 0)
    assert two_modules("compiled()", 20, 6, "sound") == (26.0, 0)
    assert two_modules("compiled()", 10, 5, "sound") == (15.0, 1)


NAMED = """
from typing import NamedTuple

class Pair(NamedTuple):
    a: float
    b: float
"""
TAKER = """
from dwcore.numerics.compiled import compiled

@compiled()
def total(pair):
    return pair.a + pair.b
"""


def test_a_type_that_has_moved_since_does_not_break_the_kept_code(tmp_path, monkeypatch):
    """The index of kept code names the type by its module, which the next version of a program may not have."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    (tmp_path / "taker_of_pairs.py").write_text(TAKER)
    for place in ("pairs_of_before", "pairs_of_today"):
        (tmp_path / f"{place}.py").write_text(NAMED)
        sys.modules.pop("taker_of_pairs", None)
        importlib.invalidate_caches()
        pair = importlib.import_module(place).Pair(1.0, 2.0)
        assert importlib.import_module("taker_of_pairs").total(pair) == 3.0
        sys.modules.pop(place)
        (tmp_path / f"{place}.py").unlink()


def test_without_it_they_are_not(two_modules):
    """Negative control, and the day numba learns this the module can go."""
    assert two_modules("njit(cache=True)", 10, 5, "stale") == (15.0, 0)
    assert two_modules("njit(cache=True)", 20, 5, "stale") == (15.0, 1)


def test_kernel_depends_on_noise_elementary_functions_tables_and_intrinsics(monkeypatch):
    read = []
    monkeypatch.setattr("dwcore.numerics.compiled._file_hash", lambda file: read.append(file.rpartition("/")[2]) or "")
    fingerprint(q_phi.advance.py_func)
    expected = {"q_phi", "noise", "elementary", "packed_table", "memory", "vector_width"}
    assert expected <= {name.removesuffix(".py") for name in read}


@pytest.mark.parametrize(
    ("before", "after"), [(5.0, 6.0), (5, 6), ((1, 2), (1, 3)), ("a", "b"), (np.ones(2), np.zeros(2))]
)
def test_a_kernel_depends_on_the_values_that_its_module_has_from_elsewhere(monkeypatch, before, after):
    """Also within a function that it uses; what it does not read does not count."""
    monkeypatch.setattr("dwcore.numerics.compiled._file_hash", lambda file: file)
    place = {"SHIFT": before, "OTHER": 1.0}
    exec("def inner(x): return x + SHIFT\ndef outer(x): return inner(x)", place)
    first = fingerprint(place["outer"])
    place["OTHER"] = 2.0
    assert fingerprint(place["outer"]) == first
    place["SHIFT"] = after
    assert fingerprint(place["outer"]) != first


def modules_with_kernels():
    """Modules of the packages that hold compiled functions; torch and dask ones are not needed for that."""
    root = Path(q_phi.__file__).parents[2]
    for package in ("llg", "compact", "arraysim"):
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text()
            if "@njit" in text or "@compiled" in text:
                yield ".".join(path.relative_to(root).with_suffix("").parts)


@pytest.mark.parametrize("module", list(modules_with_kernels()))
def test_functions_that_use_other_files_are_declared_so(module):
    """Plain `njit(cache=True)` is for functions that stand alone in their file."""
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, Dispatcher) and value.py_func.__module__ == module:
            kept = type(value._cache).__name__
            if kept == "FunctionCache":
                assert not uses_other_files(value.py_func), f"{module}.{name}: use dwcore.numerics.compiled.compiled"


def uses_other_files(function):
    """Compiled functions of another file stand among the names that a function uses."""
    for name in function.__code__.co_names:
        inner = getattr(function.__globals__.get(name), "py_func", None)
        if inner is not None and (inner.__module__ != function.__module__ or uses_other_files(inner)):
            return True
    return False


def test_options_reach_numba():
    @compiled(error_model="numpy")
    def quotient(x):
        return 1.0 / x

    assert quotient(0.0) == float("inf")


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04garbage"])
def test_a_damaged_cache_is_filled_anew(two_modules, tmp_path, pattern, content, caplog):
    name = f"damaged{pattern[-1]}{len(content)}"
    assert two_modules("compiled()", 10, 5, name) == (15.0, 0)
    files = list(tmp_path.rglob(f"{name}*/{pattern}")) or list(tmp_path.rglob(pattern))
    assert files
    for file in files:
        file.write_bytes(content)
    assert two_modules("compiled()", 10, 5, name) == (15.0, 0)
    assert "damaged cache" in caplog.text
    assert two_modules("compiled()", 10, 5, name) == (15.0, 1)


def test_a_cache_that_cannot_be_written_is_said_once(two_modules, tmp_path, monkeypatch, caplog):
    """A full disk fails twice, before and after the cache was emptied; the answer is right, and one line says why."""
    monkeypatch.setattr(FunctionCache, "save_overload", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    assert two_modules("compiled()", 10, 5, "full") == (15.0, 0)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "No space left" in said[0] and "NUMBA_CACHE_DIR" in said[0]


KEYS = """
import numpy as np
from dwcore.numerics.noise import normal_pair, step_bits, trajectory_keys
keys = np.empty((2, 3), np.uint64)
trajectory_keys(np.uint64(7), np.uint64(5), *keys)
with np.errstate(over="ignore"):
    print(keys.tolist(), [normal_pair(np.uint64(step_bits(k, m, np.uint64(9)))) for k, m in keys.T])
"""


def _noise(**environment):
    run = subprocess.run(
        [sys.executable, "-c", KEYS], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return run.stdout.replace("np.float64(", "").replace(")", ""), run.stderr


def test_noise_without_a_compiler_is_the_same():
    assert _noise(NUMBA_DISABLE_JIT="1")[0] == _noise()[0]


@pytest.mark.skipif(not hasattr(numba.config, "CACHE_LOCATOR_CLASSES"), reason="numba before 0.61 finds a place itself")
def test_noise_without_a_cache_is_the_same_and_says_so():
    found, said = _noise(**NOWHERE)
    assert found == _noise()[0]
    assert said.count("\n") == 1
    assert "NUMBA_CACHE_DIR" in said


@pytest.mark.parametrize(("home", "kept"), [("~", False), ("/nowhere", True)])
def test_without_a_home_nothing_is_kept_in_the_working_folder(home, kept):
    code = "from dwcore.numerics.compiled import _Cache; print(_Cache._impl_class._locator_classes)"
    env = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"} | {"HOME": home}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert ("UserWideCacheLocator" in run.stdout) is kept and "InTreeCacheLocator" in run.stdout


def test_no_kernel_is_kept_in_another_way():
    """`numba.njit(cache=True)` raises at import where there is no place, as in an installation that is read only."""
    root = Path(dwcore.__file__).parents[1]
    packages = ("dwcore", "llg", "compact", "arraysim", "dwsynapse")
    files = [file for name in packages for file in (root / name).rglob("*.py")]
    assert files and not [file for file in files if re.search(r"njit\(.*cache", file.read_text(encoding="utf-8"))]


@pytest.mark.skipif(not hasattr(numba.config, "CACHE_LOCATOR_CLASSES"), reason="numba before 0.61 finds a place itself")
def test_synapses_without_a_cache():
    code = "import arraysim.synapses.alias_table, arraysim.networks.patches, arraysim.training.descent"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | NOWHERE, check=False
    )
    assert run.returncode == 0 and run.stderr.count("\n") == 1 and "NUMBA_CACHE_DIR" in run.stderr
