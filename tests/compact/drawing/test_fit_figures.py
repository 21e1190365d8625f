"""Figures of fits, phase diagrams, spreads, staircases and retention, and the numbers behind them."""

import dataclasses

import numpy as np
import pytest
from fit_cases import S, drawn_table, known_model, spread_model
from matplotlib.backends.backend_agg import FigureCanvasAgg

from compact.drawing.fit_plots import fit_figure, plot_fit
from compact.drawing.phase_plots import plot_phase_diagram
from compact.drawing.spread_plots import spread_figure
from compact.drawing.staircase_plots import plot_staircase, plot_state_retention, staircase_figure
from compact.fitting.run import run_fit, with_fit
from compact.table.interpolate import transition_matrix
from compact.table.phase_diagram import phase_diagram
from compact.table.staircase import staircase
from compact.table.table_file import save_table
from dwcore.errors import InputError
from dwsynapse.draw import draw_file

J3 = 7e11 * np.array([-0.9, -0.75, -0.62, 0.62, 0.75, 0.9])


@pytest.fixture(scope="module")
def table():
    raw = drawn_table(known_model(), n=200)
    return with_fit(raw, run_fit(raw))


@pytest.fixture(scope="module")
def devices():
    raw = drawn_table(spread_model(12), n=200, current=J3)
    return with_fit(raw, run_fit(raw))


def drawn(figure):
    figure.set_dpi(60)
    FigureCanvasAgg(figure).draw()
    return figure


def test_fit_figure_shows_the_counts_and_the_residuals(table):
    figure = drawn(fit_figure(table))
    top, bottom = figure.axes
    assert "drift-diffusion" in figure.get_suptitle() and "sound" in figure.get_suptitle()
    shown = np.concatenate([line.get_ydata() for line in bottom.lines if line.get_linestyle() == "None"])
    assert np.sort(shown) == pytest.approx(np.sort(table.fit.residual[0, 0].ravel()))
    markers = [line for line in top.lines if line.get_linestyle() == "None" and len(line.get_xdata()) > 1]
    one = table.counts[0, 0, :, 0].astype(float)
    up = table.current_density > 0
    share = sum(one[up][:, s, s + 1 :].sum(axis=-1) for s in range(S - 1)) / one[up][:, : S - 1].sum(axis=(-2, -1))
    assert any(len(m.get_ydata()) == share.size and np.allclose(m.get_ydata(), share) for m in markers)
    with pytest.raises(InputError, match="has no fit"):
        plot_fit(with_fit(table, None))


def test_phase_diagram_finds_the_most_likely_move(table):
    diagram = phase_diagram(table, device=0)
    a, d = 5, 20
    rows = transition_matrix(
        table, temperature=300.0, current_density=float(diagram.current_density[a]), duration=float(diagram.duration[d])
    )
    start = S - 1 if diagram.current_density[a] < 0 else 0
    assert diagram.probability[a, d] == rows[start].max()
    assert diagram.steps[a, d] == np.argmax(rows[start]) - start
    assert diagram.steps[0].min() < 0 < diagram.steps[-1].max()
    drawn(plot_phase_diagram(diagram, table).figure)
    both = phase_diagram(table)
    assert both.probability.shape == diagram.probability.shape and not np.array_equal(both.steps, diagram.steps)
    with pytest.raises(InputError, match="at least two current densities"):
        phase_diagram(drawn_table(known_model(), n=5, duration=(1e-9,)))


def test_staircase_is_that_of_the_matrices(table):
    stairs = staircase(table, pulses=5)
    up = transition_matrix(table, **dataclasses.asdict(stairs.points[0]))[:, :S]
    state = np.eye(S)[0]
    for n in range(6):
        assert stairs.share[0, n] == pytest.approx(state, abs=1e-12)
        state = state @ up
    assert np.all(np.diff(stairs.mean()[0][:S]) > 0) and np.all(np.diff(stairs.mean()[1][:S]) < 0)
    assert np.all(stairs.quantile(0.05) <= stairs.quantile(0.95))
    assert stairs.lost == pytest.approx(1 - stairs.share.sum(axis=-1))
    drawn(staircase_figure(stairs))
    ax = plot_staircase(stairs, 0)
    assert ax.lines[-1].get_ydata() == pytest.approx(1e3 * stairs.mean()[0])
    with pytest.raises(InputError, match="pulses = 0"):
        staircase(table, pulses=0)


def test_quantiles_are_those_of_the_distribution(devices):
    stairs = staircase(devices, pulses=3)
    for train, n in np.ndindex(2, 4):
        share = stairs.share[train, n] / stairs.share[train, n].sum()
        draws = np.random.default_rng(1).choice(stairs.level, 20001, p=share)
        found = np.quantile(draws, [0.2, 0.5, 0.8], method="inverted_cdf")
        exact = np.array([stairs.quantile(q)[train, n] for q in (0.2, 0.5, 0.8)])
        near = np.abs(np.cumsum(share)[:, None] - [0.2, 0.5, 0.8]).min(axis=0) < 0.02
        assert np.all((found == exact) | near)


def test_state_retention_decays_to_its_mean_time(table):
    ax = plot_state_retention(table)
    drawn(ax.figure)
    line = ax.lines[0]
    time, stay = line.get_xdata(), line.get_ydata()
    assert stay[0] == pytest.approx(1, abs=0.02) and stay[-1] == pytest.approx(1 / S, abs=0.01)
    early = stay > 0.97
    assert -np.log(stay[early]) == pytest.approx(5e-13 * time[early], rel=0.05, abs=1e-4)
    with pytest.raises(InputError, match="no rates of escape"):
        plot_state_retention(dataclasses.replace(table, retention_rate=None, retention_method=""))


def test_spread_figure_shows_every_device(devices, table):
    figure = drawn(spread_figure(devices))
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 12]
    shown = np.concatenate([line.get_ydata() for line in points])
    value = devices.fit.model.value[:, [n.startswith("threshold") for n in devices.fit.model.names]]
    assert np.sort(shown) == pytest.approx(np.sort(value.ravel() / 1e11))
    with pytest.raises(InputError, match="at least two device instances"):
        spread_figure(table)


@pytest.mark.parametrize("name", ["fit", "displacement", "staircase", "retention", "spread"])
def test_figures_are_reached_by_name(devices, tmp_path, name):
    save_table(tmp_path / "t.h5", devices)
    assert draw_file(tmp_path / "t.h5", name)[0] == name
