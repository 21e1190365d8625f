"""The pulses to choose from in a report: what the page shows is what the solver counted and recorded, and no more."""

import base64
import hashlib
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import build_table, run_in_memory
from compact.table.interpolate import transition_matrix
from compact.table.staircase import staircase
from dwcore.canvas.number_text import power_of_ten, with_prefix
from dwsynapse.chain import explorer
from dwsynapse.chain.html_page import render
from llg.device.device_file import load_device
from llg.device.variation import Variation
from llg.runs.simulation import run_pulse

dukpy = pytest.importorskip("dukpy")
SEED, N = 7, 60
CURRENTS, DURATIONS = (-7e11, -5e11, -3e11, 3e11, 5e11, 7e11), (0.7e-9, 1e-9)
ATOB = """
var atob = (text) => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let bits = 0, have = 0, out = '';
  for (const letter of text.replace(/=+$/, '')) {
    bits = bits * 64 + letters.indexOf(letter); have += 6;
    if (have >= 8) { have -= 8; out += String.fromCharCode(bits >> have); bits &= (1 << have) - 1; }
  }
  return out;
};
"""


@pytest.fixture(scope="module")
def device():
    return load_device("five_state")


@pytest.fixture(scope="module")
def table(device):
    return build_table(device, Grid(current_density=CURRENTS, duration=DURATIONS), n=N, seed=SEED)


@pytest.fixture(scope="module")
def choices(table, device):
    return explorer.explore(table, device, seed=SEED)


@pytest.fixture(scope="module")
def page(choices):
    """`page(expression)` evaluates an expression of the page's script, with `device` and `choice(...)` known."""
    engine = dukpy.JSInterpreter()
    engine.evaljs(ATOB)
    engine.evaljs(f"var device = {explorer.as_text([choices])}[0];")
    engine.evaljs(explorer.script().replace("const explorer", "var explorer") + "; 0")
    engine.evaljs("device.numbers = explorer.decoded(device.q); 0")
    engine.evaljs("var choice = (instance, current, duration, state) => ({instance, current, duration, state}); 0")
    return engine.evaljs


def test_matrices_of_the_nominal_device_are_those_of_the_table(page, table):
    for a, d in ((0, 0), (2, 1), (5, 1)):
        shown = np.array(page(f"explorer.matrix(device, choice(0, {a}, {d}, 0))"))
        assert shown == pytest.approx(table.probability[0, 0, a, d], rel=1e-12)
        assert page(f"explorer.row(device, choice(0, {a}, {d}, 3)).trials") == N
    assert np.abs(table.probability[0, 0, 5, 1] - table.probability[0, 0, 0, 1]).max() > 0.5


def test_an_instance_is_that_of_a_sweep_of_its_own(page, choices, device):
    number = choices["instances"][2]
    assert choices["instances"] == [0, 1, 2, 3]
    grid = Grid(current_density=(5e11,), duration=(1e-9,))
    plan = SweepPlan(device=device, grid=grid, temperature=(device.temperature,), instances=(number,),
                     n=explorer.MOST_TRIALS, seed=SEED)  # fmt: skip
    own = run_in_memory(plan)
    shown = np.array(page("explorer.matrix(device, choice(2, 4, 1, 0))"))
    assert shown == pytest.approx(own.probability[0, 0, 0, 0], rel=1e-12)
    assert choices["conductance"][2] == pytest.approx(own.instance_states.conductance[0, 0].tolist(), rel=1e-12)
    assert choices["position"][2] == pytest.approx((1e9 * own.instance_states.position[0, 0]).tolist(), rel=1e-12)
    assert choices["position"][2] != choices["position"][0]


def test_trains_on_the_page_are_the_staircase_of_the_table(page, table):
    stairs = staircase(table)
    points, lowest = stairs.points, int(np.argmin(table.conductance))
    for train, state in ((0, lowest), (1, int(np.argmax(table.conductance)))):
        a = CURRENTS.index(points[train].current_density)
        d = DURATIONS.index(points[train].duration)
        pulses = stairs.share.shape[1] - 1
        shown = page(f"explorer.train(device, choice(0, {a}, {d}, {state}), {pulses})")
        assert shown["mean"] == pytest.approx(stairs.mean()[train].tolist(), rel=1e-5)  # six digits on the page
        for name, q in (("low", 0.05), ("high", 0.95)):
            assert shown[name] == pytest.approx(stairs.quantile(q)[train].tolist(), rel=1e-5)
        assert shown["lost"] == pytest.approx(stairs.lost[train].tolist(), abs=1e-12)  # nothing or whole trials
        assert max(shown["mean"]) > 1.5 * min(shown["mean"])


def test_a_train_of_a_pulse_between_is_a_power_of_its_matrix(page, table):
    P = transition_matrix(table, temperature=300.0, current_density=CURRENTS[3], duration=DURATIONS[1])[:, :-1]
    share = np.linalg.matrix_power(P, 4)[1]
    shown = page("explorer.train(device, choice(0, 3, 1, 1), 4)")
    assert shown["mean"][4] == pytest.approx(share @ table.conductance / share.sum(), rel=1e-5)


def test_trajectories_are_those_of_the_solver(page, choices, device):
    shown = np.array(page("explorer.walls(device, choice(0, 5, 1, 2))"))
    ran = run_pulse(device, n=3, samples=explorer.SAMPLES, seed=SEED, current_density=7e11, duration=1e-9, state=2)
    time = np.array(choices["times"][1])
    assert shown.shape == (explorer.WALLS, time.size) and time == pytest.approx(1e9 * ran.ensemble.time, rel=1e-9)
    step = choices["length"] / 65535
    assert shown[:, 0] == pytest.approx(1e9 * ran.ensemble.q_samples[0, 0], abs=step)  # one start
    begin, end = choices["pulse"][1]
    assert end - begin == pytest.approx(1.0) and begin == pytest.approx(1.1)  # 1 ns of rest, half of a rise of 0.2 ns
    still = shown[:, time < begin]
    moved = shown[:, time > end] - still.mean()
    assert np.abs(still - still.mean()).max() < 20 < np.median(moved)  # [nm]; the next notch is 120 nm away
    other = np.array(page("explorer.walls(device, choice(0, 0, 1, 2))"))
    assert np.median(other[:, time > end] - still.mean()) < -20  # the opposite current


def test_the_page_stays_small_however_many_choices(table, device, monkeypatch):
    monkeypatch.setattr(explorer, "LARGEST", 9000)
    few = explorer.explore(table, device.replace(variation=Variation()), seed=SEED)
    assert few["instances"] == [0] and len(few["conductance"]) == 1
    numbers = len(base64.b64decode(few["q"])) // 2
    assert numbers == 5 * 6 * 2 * few["walls"] * len(few["times"][0])
    assert few["walls"] == 3 and numbers <= 9000
    monkeypatch.setattr(explorer, "LARGEST", 300)
    least = explorer.explore(table, device.replace(variation=Variation()), seed=SEED)
    assert len(base64.b64decode(least["q"])) // 2 <= 300


@pytest.mark.parametrize("size, kept, expected", [
    (9, [5], [0, 2, 5, 6, 8]), (9, [], [0, 2, 4, 6, 8]), (3, [1], [0, 1, 2]), (4, [3], [0, 1, 2, 3]),
    (1, [0], [0]),
])  # fmt: skip
def test_thinned_axes_keep_the_write_pulse(size, kept, expected):
    assert explorer._thinned(np.arange(size), 5, kept).tolist() == expected


@pytest.mark.parametrize("value", [0.0, 3.23e-14, 1e-9, 7e-10, 1.6e-9, 999.9e-15, 4.2e-17, 12.0, 1500.0])
def test_numbers_read_as_in_the_rest_of_the_report(page, value):
    assert page(f"explorer.prefixed({value!r}, 'J')").replace("\u00a0", " ") == with_prefix(value, "J")


@pytest.mark.parametrize("value", [7e11, -7e11, 5.95e11, 1e12, -3.333e9, 9.999e11])
def test_currents_read_as_in_the_rest_of_the_report(page, value):
    text = page(f"explorer.current({value!r})").replace("\u00a0", " ")
    assert text == f"{power_of_ten(value)} A/m²"


def test_shares_are_never_rounded_to_certainty(page):
    texts = [page(f"explorer.percent({p})") for p in (0, 1, 0.9999, 0.0001, 0.955)]
    assert texts == ["0", "100", ">99.9", "<0.1", "95.5"]


def test_axes_have_round_numbers_within_their_ends(page):
    assert page("explorer.ticks(0, 720, 8)") == [0, 100, 200, 300, 400, 500, 600, 700]
    assert page("explorer.ticks(0.68, 1.59, 5)") == pytest.approx([0.8, 1.0, 1.2, 1.4])


def test_the_page_runs_its_own_script_and_no_other(choices):
    text = render("A run", "What it is.", choices=[{**choices, "name": "</script><script>alert(1)</script>"}])
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, flags=re.S)
    assert len(scripts) == 2 and scripts[1] == explorer.script()
    assert json.loads(scripts[0])[0]["name"] == "</script><script>alert(1)</script>"
    digest = base64.b64encode(hashlib.sha256(scripts[1].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\"" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|fetch\(|XMLHttp", text)
    assert "script" not in render("A run", "What it is.")


def test_a_browser_draws_it_without_complaint(choices, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    (tmp_path / "page.html").write_text(render("A run", "What it is.", choices=[choices]), encoding="utf-8")
    ran = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", str(tmp_path / "page.html")],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0 and "CONSOLE" not in ran.stderr, ran.stderr[-2000:]
    drawn = ran.stdout
    assert drawn.count("<svg") == 3 and drawn.count('type="range"') == 5
    assert len(re.findall(r'class="wall( first)?"', drawn)) == choices["walls"] + 1  # and the mean of the train
    assert "of 60 walls in state 2" in drawn.lower()
