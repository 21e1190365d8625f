"""The public face of the package: its verbs, and how tables and fits show themselves."""

import builtins
import dataclasses

import numpy as np
import pytest
from fit_cases import drawn_table, known_model

import compact
from dwcore.errors import InputError
from llg import load_device


@pytest.fixture(scope="module")
def table():
    return drawn_table(known_model(), seed=1)


def test_every_public_name_is_there():
    assert {"build_table", "merge", "run_to_table", "run_fit", "import_pulses", "export_crosssim"} <= set(
        compact.__all__
    )
    for name in compact.__all__:
        assert getattr(compact, name) is not None
    assert compact.__version__.count(".") == 2


def test_a_table_shows_itself_in_one_line(table):
    K, A, S = len(table.counts), table.current_density.size, table.position.size
    words = repr(table)
    assert len(words) < 300 and "\n" not in words and "array" not in words
    assert words.startswith(f"<TransitionTable: {S} states, {K} device instances, ")
    assert f"{A} from {table.current_density[0]:.3g} to {table.current_density[-1]:.3g} A/m^2" in words
    assert f"{int(table.counts.sum())} trajectories" in words
    html = table._repr_html_()
    assert html.startswith("<table>") and f"<td>states</td><td>{S}</td>" in html


def test_a_fit_shows_itself_in_one_line(table):
    fit = compact.run_fit(table)
    assert len(repr(fit)) < 400 and "array" not in repr(fit)
    assert f"form {fit.model.form}" in repr(fit) and fit.verdict in repr(fit)
    assert repr(compact.with_fit(table, fit)).endswith(f"{fit.model.form} fit>")


def test_a_sweep_into_a_file_needs_no_more_than_plan_and_path(tmp_path):
    grid = compact.Grid(current_density=(7e11,), duration=(1e-9,))
    plan = compact.SweepPlan(
        device=load_device("five_state"), grid=grid, temperature=(300.0,), instances=(0,), n=3, seed=1
    )
    made = compact.run_to_table(plan, tmp_path / "a.h5")
    assert np.array_equal(compact.load_table(tmp_path / "a.h5").counts, made.counts)
    assert np.array_equal(compact.run_in_memory(plan).counts, made.counts)


def test_as_xarray(table):
    pytest.importorskip("xarray", reason="needs the extra xarray")
    found = table.to_xarray()
    assert found.counts.dims == ("device", "temperature", "current_density", "duration", "state", "outcome")
    assert found.conductance.attrs["units"] == "S" and np.array_equal(found.probability, table.probability)
    assert np.array_equal(found.current_density, table.current_density)
    assert found.retention_rate.dims == ("device", "temperature", "state", "state_after")


def test_parameters_of_devices_as_xarray_have_their_units(table):
    pytest.importorskip("xarray", reason="needs the extra xarray")
    found = dataclasses.replace(table, devices={"Ms": [5.8e5]}).to_xarray()
    assert found["device_Ms"].dims == ("device",) and found["device_Ms"].values == [5.8e5]
    assert found["device_Ms"].attrs["units"] == "A/m"


def test_without_xarray_one_line_says_what_to_install(table, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name == "xarray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=r"pip install \"dwsynapse\[xarray\]\""):
        table.to_xarray()
