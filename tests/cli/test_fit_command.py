"""`fit`: what it prints and writes, and how it refuses; `plot` of what it wrote."""

import numpy as np
import pytest
from fit_cases import CURRENT, S, drawn_table, known_model, spread_model

from compact.table.table_file import load_table, save_table


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "raw.h5"
    save_table(path, drawn_table(known_model(), n=300))
    return path


def test_fit_writes_the_table_with_its_fit(raw, folder, command):
    result = command("fit", raw, "-o", "fit.h5", "--json").json
    table, before = load_table("fit.h5"), load_table(raw)
    assert np.array_equal(table.counts, before.counts) and table.config == before.config
    model = table.fit.model
    assert result["form"] == model.form == "drift-diffusion" and result["devices"] == 1
    assert result["value"] == model.value.tolist() and result["parameters"] == list(model.names)
    errors = [np.inf if error is None else error for error in result["standard_error"][0]]
    assert errors == model.standard_error[0].tolist()
    assert result["deviance_per_degree_of_freedom"] == pytest.approx(result["deviance"] / result["degrees_of_freedom"])
    assert result["verdict"] == table.fit.verdict and result["spread"] is None
    assert result["held_out_log_likelihood"] == {}


def test_fit_is_repeatable_and_may_start_from_a_fitted_table(raw, folder, command):
    first = command("fit", raw, "-o", "a.h5", "--json").json
    again = command("fit", "a.h5", "-o", "b.h5", "--json").json
    assert {**first, "table": ""} == {**again, "table": ""}


def test_fit_tells_people_what_it_found(raw, folder, command):
    answer = command("fit", raw, "-o", "fit.h5")
    assert answer.code == 0 and "sound: deviance per degree of freedom" in answer.out
    assert "threshold_up_1 = " in answer.out and "+-" in answer.out and "A/m^2" in answer.out


def test_the_form_with_the_best_held_out_score_is_taken(raw, folder, command):
    result = command("fit", raw, "-o", "fit.h5", "--form", "best", "--json").json
    scores = {name: score for name, score in result["held_out_log_likelihood"].items() if score is not None}
    assert result["form"] == max(scores, key=scores.get) and len(scores) >= 5
    assert scores["drift-diffusion"] > scores["barrier-1"]


def test_spread_of_many_devices(folder, command):
    save_table("raw.h5", drawn_table(spread_model(10), n=100, current=CURRENT[[3, 4, 5, 6, 7, 8]]))
    spread = command("fit", "raw.h5", "-o", "fit.h5", "--json").json["spread"]
    assert spread["devices"] == 10 and len(spread["parameters"]) == 1 + 2 * (S - 1)
    assert np.shape(spread["correlation"]) == (7, 7) and all(d >= 0 for d in spread["standard_deviation"])
    assert command("plot", "fit.h5", "--figure", "spread", "-o", "spread.png").code == 0


@pytest.mark.parametrize("figure", ["fit", "displacement", "staircase", "retention"])
def test_figures_of_a_fit(raw, folder, command, figure):
    command("fit", raw, "-o", "fit.h5")
    assert command("plot", "fit.h5", "--figure", figure, "-o", "a.png").code == 0


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["raw.h5"], "fit: needs -o FILE"),
        (["raw.h5", "-o", "raw.h5"], "exists"),
        (["raw.h5", "-o", "fit.h5", "--form", "drift-difusion"], 'form "drift-difusion" is unknown'),
        (["none.h5", "-o", "fit.h5"], "none.h5: no such file"),
        (["still.h5", "-o", "fit.h5"], "no pulse of the table moved a wall"),
    ],
)
def test_bad_input_is_one_line(raw, folder, command, arguments, fragment):
    table = load_table(raw)
    save_table("raw.h5", table)
    save_table("still.h5", drawn_table(known_model(), n=10, current=[-1e10, 1e10]))
    answer = command("fit", *arguments)
    assert answer.code == 2 and answer.out == ""
    assert answer.err.count("\n") == 1 and fragment in answer.err
    assert not (folder / "fit.h5").exists()


def test_a_table_without_a_fit_has_no_figure_of_it(raw, folder, command):
    answer = command("plot", raw, "--figure", "fit", "-o", "a.png")
    assert answer.code == 2 and "has no fit" in answer.err
