"""What a search has found, in its file: the same again, as JSON and as figures; impossible content is refused."""

import dataclasses

import numpy as np
import pytest
from resealed import content, remove, replace, reseal

from dwcore.canvas.line_breaks import entitle
from dwcore.errors import InputError
from dwcore.storage import files
from dwsynapse import draw_file, info
from dwsynapse.design.sections import LIMITS, Free, Objectives, Requirements
from dwsynapse.front import (
    NOT_JUDGED,
    PLAIN,
    QUANTITIES,
    Front,
    Held,
    Judged,
    Nearest,
    Trained,
    load_front,
    save_front,
    unit_of,
)
from dwsynapse.front_plot import front_figure, plot_network
from llg import load_device

DEVICES = tuple(dataclasses.replace(load_device("five_state"), name=f"mine {k}") for k in (1, 2))
CONFIG = {
    "specification": {"name": "mine", "minimize": {name: name in ("energy", "area") for name in PLAIN}},
    "text": '[require]\nstates = 5\nbarrier = "40"\n',
    "devices": [device.config() for device in DEVICES],
}


def columns(n: int, **more) -> dict:
    figures = {"energy": 1e-14 * np.arange(1, n + 1), "area": 1e-13 / np.arange(1, n + 1), "duration": np.full(n, 1e-9),
               "current_density": np.full(n, 7e11)}  # fmt: skip
    words = {"device": np.array(["five_state", "mine.toml", "five_state"][:n])}
    return {"values": {"pitch": 1e-7 + 1e-9 * np.arange(n)}, "words": words, "figures": figures | more}


def judged(n: int, barrier: float, verdict: tuple[int, ...]) -> Judged:
    """Return designs of five states whose barriers are exact, and whose pulses have an interval where they were seen."""
    seen = np.where(np.array(verdict) == NOT_JUDGED, np.nan, 0.98)
    found = {"barrier": np.full(n, barrier), "one_step": seen}
    ends = {name: {"barrier": found["barrier"], "one_step": seen + by} for name, by in (("low", -0.01), ("high", 0.01))}
    verdicts = {"barrier": np.full(n, int(barrier >= 40), np.int8), "one_step": np.array(verdict, np.int8)}
    figures = columns(n, states=np.full(n, 5.0), contrast=np.full(n, np.inf))
    return Judged(**figures, found=found, **ends, verdict=verdicts)


def made(**changes) -> Front:
    network = Trained(test_accuracy=np.array([0.97, np.nan]), float32_test_accuracy=np.array([0.98, np.nan]),
                      energy=np.array([3e-10, np.nan]), failed=np.array(["", "no pulse moves it"]))  # fmt: skip
    whole = {"config": CONFIG, "seed": 7, "devices": DEVICES, "tried": 40, "pulses": 50_000,
             "bounds": {"states": 5.0, "barrier": 40.0, "one_step": 0.97},
             "held": Held(**columns(3), best=np.array([True, True, False])), "offered": judged(2, 45.0, (1, 1)),
             "failed": judged(1, 39.0, (-1,)), "network": network}  # fmt: skip
    return Front(**whole | changes)


NEAREST = Nearest(**columns(1), missed={"barrier": np.array([0.3]), "states": np.array([0.0])})


@pytest.mark.parametrize("changes", [{}, {"network": None}, {"failed": None},
                                     {"held": None, "offered": None, "failed": None, "network": None, "devices": (),
                                      "config": CONFIG | {"devices": []}, "nearest": NEAREST}])  # fmt: skip
def test_a_front_comes_back_from_its_file(tmp_path, changes):
    front = made(**changes)
    save_front(tmp_path / "a.h5", front)
    again = load_front(tmp_path / "a.h5")
    assert again.as_json() == front.as_json() and repr(again) == repr(front)
    assert again.devices == front.devices and again.objectives == ("energy", "area")
    assert again.config["text"] == CONFIG["text"] and again.seed == 7
    save_front(tmp_path / "b.h5", again)
    assert content(tmp_path / "b.h5") == content(tmp_path / "a.h5")
    with pytest.raises(InputError, match="exists"):
        save_front(tmp_path / "b.h5", again)


def test_json_says_what_the_file_holds():
    found = made().as_json()
    assert [row["figures"]["energy"] for row in found["front"]] == [1e-14, 2e-14]
    first, second = found["designs"]
    assert first["file"] == "design_1.toml" and first["values"] == {"pitch": 1e-7, "device": "five_state"}
    assert (
        second["values"] == {"pitch": pytest.approx(1.01e-7), "device": "mine.toml"}
        and second["figures"]["contrast"] is None
    )
    step = {"name": "one_step", "value": 0.98, "low": 0.97, "high": 0.99, "bound": 0.97, "holds": True}
    assert {
        name: pytest.approx(value) if name in ("value", "low", "high") else value for name, value in step.items()
    } == (first["verdicts"][1])
    (failed,) = found["failed"]
    assert [(v["name"], v["holds"]) for v in failed["verdicts"]] == [("barrier", False)]  # the pulse was not judged
    assert found["network"][0]["states"] == 5 and found["network"][0]["report"] == "design_1/report.html"
    assert found["network"][1] == {"design": 2, "failed": "no pulse moves it"}
    both = Trained(test_accuracy=np.array([0.97, 0.96]), float32_test_accuracy=np.array([0.98, 0.99]),
                   energy=np.array([3e-10, 4e-10]), failed=np.array(["", ""]))  # fmt: skip
    second = made(network=both).as_json()["network"][1]
    assert (second["test_accuracy"], second["float32_test_accuracy"], second["training_energy_J"]) == (
        0.96,
        0.99,
        4e-10,
    )
    assert found["nearest"] is None and "network" not in made(network=None).as_json()
    none = {"held": None, "offered": None, "failed": None, "network": None, "devices": ()}
    nearest = made(**none, nearest=NEAREST).as_json()["nearest"]
    assert nearest["misses"] == {"barrier": 0.3, "states": 0.0} and nearest["values"]["pitch"] == 1e-7


def test_units_are_those_of_the_specification():
    for section in (Free, Requirements):
        for name, unit, _ in section.describe():
            assert "temperature" in name or unit_of(name) == unit, name
    assert LIMITS.keys() <= QUANTITIES.keys() and {name for name, _, _ in Objectives.describe()} == set(PLAIN)


def test_both_figures_are_drawn_from_the_file_alone(tmp_path):
    save_front(tmp_path / "a.h5", made())
    name, figure = draw_file(tmp_path / "a.h5")
    ax, *outlines = figure.axes
    assert name == "front" and len(outlines) == 2
    assert ax.get_xlabel() == "area (µm²)" and ax.get_ylabel() == "energy (fJ)"
    grey, best = (cloud.get_offsets().tolist() for cloud in ax.collections)
    assert grey == [pytest.approx([0.1 / 3, 30.0])] and best[1] == pytest.approx([0.05, 20.0])
    assert [text.get_text() for text in ax.texts] == ["1", "2"] and ax.xaxis.get_gridlines()[0].get_visible()
    _, figure = draw_file(tmp_path / "a.h5", "network")
    (points,) = figure.axes[0].collections
    assert points.get_offsets().tolist() == [pytest.approx([0.3, 0.97])]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["1: 5 states, 0.1 µm²", "float32"]
    save_front(tmp_path / "b.h5", made(network=None))
    with pytest.raises(InputError, match="no network was trained; dwsynapse design --network"):
        draw_file(tmp_path / "b.h5", "network")
    none = {"held": None, "offered": None, "network": None, "devices": (), "config": CONFIG | {"devices": []}}
    save_front(tmp_path / "c.h5", made(**none))
    with pytest.raises(InputError, match="no design holds, so that there is no front"):
        draw_file(tmp_path / "c.h5")


def test_a_dollar_in_a_name_begins_no_formula():
    """matplotlib knows no symbol \\5; a search is not lost for its name."""
    name = r"from $\5 to $9"
    figure = front_figure(made(config=CONFIG | {"specification": CONFIG["specification"] | {"name": name}}))
    entitle(figure, name)
    for shown in (figure.axes[0].get_title(), figure.get_suptitle()):
        assert shown == r"from \$\5 to \$9"
    figure.draw_without_rendering()
    figure.axes[0].set_title(name)
    with pytest.raises(ValueError, match=r"Expected|Unknown"):
        figure.draw_without_rendering()


def test_info_knows_it(tmp_path):
    save_front(tmp_path / "a.h5", made())
    assert info(tmp_path / "a.h5", check=True)["checked"] == ["front of mine: 2 designs of 40 tried, 50000 pulses"]


def grown(file):
    files.put(file, "held/values/notch_depth", np.ones(4) * 1e-8, unit="m", long_name="depth")


def unknown(file):
    files.put(file, "held/figures/beauty", np.ones(3), unit="1", long_name="beauty")


@pytest.mark.parametrize(("change", "message"), [
    (grown, "/held/values/pitch has the shape (3,), must be (n) = (4,)"),
    (unknown, 'a design has no "beauty"'),
    (remove("held/best"), "lacks the data set /held/best"),
    (remove("held/figures/energy"), "held has no energy among its figures"),
    (remove("offered/figures/states"), "offered has no states among its figures"),
    (replace("offered/figures/states", lambda v: v * np.nan), "offered has states = nan among its figures"),
    (replace("held/figures/area", lambda v: np.append(v[1:], np.inf)), "held has area = inf among its figures"),
    (remove("offered/low/barrier"), "found, low, high and verdict must be there for each requirement alike"),
    (remove("bounds/barrier"), "offered has a verdict on barrier, which has no bound"),
    (remove("tried"), "lacks the data set /tried"),
    (replace("tried", lambda v: v * 0), "/tried = 0 [1] must be >= 1"),
    (replace("held/best", lambda v: v * 2), "/held/best = 2"),
    (replace("offered/verdict/one_step", lambda v: v + np.int8(2)), "verdict/one_step must be 1, 0 or -1"),
    (replace("offered/figures/energy", lambda v: v, unit="fJ"), 'has the unit "fJ", must be "J"'),
    (replace("offered/figures/energy", lambda v: v.astype(int)), "/offered/figures/energy has the type"),
    (replace("held/values/pitch", lambda v: v * np.nan), "/held/values/pitch holds nan"),
    (replace("network/test_accuracy", lambda v: v + 1), "must be <= 1"),
    (replace("network/energy", lambda v: v[:1]), "has the shape"),
    (replace("network/test_accuracy", lambda v: v * np.nan), "test_accuracy of design 1 must be NaN if"),
    (replace("network/energy", lambda v: np.ones(2)), "energy of design 2 must be NaN if its network failed, and else a number"),
    (replace("bounds/barrier", lambda v: np.array([v, v])), "/bounds/barrier has the shape (2,), must be ()"),
])  # fmt: skip
def test_a_sealed_file_of_impossible_content_is_refused(tmp_path, change, message):
    save_front(tmp_path / "sound.h5", made())
    reseal(tmp_path / "sound.h5", tmp_path / "a.h5", change)
    with pytest.raises(InputError) as caught:
        load_front(tmp_path / "a.h5")
    assert message in str(caught.value) and str(caught.value).startswith(f"{tmp_path / 'a.h5'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("config", "message"), [
    ({"specification": 3}, "no fit entry specification"),
    ({"specification": {"name": 5, "minimize": {}}}, "no fit entry name"),
    ({"specification": {"name": "mine"}}, "no fit entry minimize"),
    ({"text": None}, "no fit entry text"),
    ({"devices": [1, 2]}, "must be tables of names and values"),
    ({"devices": CONFIG["devices"][:1]}, "2 designs are offered; there must be as many devices"),
    ({"devices": [CONFIG["devices"][0] | {"track": {}}] * 2}, "design 1"),
])  # fmt: skip
def test_a_front_of_an_impossible_configuration_is_refused(tmp_path, config, message):
    save_front(tmp_path / "sound.h5", made())
    with (files.open_checked(tmp_path / "sound.h5") as old,
          files.create(tmp_path / "a.h5", "dwsynapse.front", config=CONFIG | config, seed=1) as new):  # fmt: skip
        for name in old:
            old.copy(name, new)
    with pytest.raises(InputError, match=message) as caught:
        load_front(tmp_path / "a.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'a.h5'}: ") and "\n" not in str(caught.value)


def test_a_damaged_file_and_one_of_another_kind_are_refused(tmp_path):
    save_front(tmp_path / "a.h5", made())
    whole = (tmp_path / "a.h5").read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.h5").write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"cut\.h5: "):
            load_front(tmp_path / "cut.h5")
    with files.create(tmp_path / "b.h5", "dwsynapse.variation", config={}, seed=1) as file:
        files.put(file, "done", 1, unit="1", long_name="done")
    with pytest.raises(InputError, match=r"holds dwsynapse\.variation, dwsynapse\.front is needed"):
        load_front(tmp_path / "b.h5")


def test_designs_stand_at_their_energy_and_area():
    """Held are 10, 20 and 30 fJ over 1/10, 1/20 and 1/30 um^2, the last surpassed; the first two are offered."""
    ax, first, second = front_figure(made()).axes
    surpassed, best = (some.get_offsets().tolist() for some in ax.collections)
    assert surpassed == [pytest.approx([1 / 30, 30])] and best == [pytest.approx([0.1, 10]), pytest.approx([0.05, 20])]
    marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines]
    assert marks == [pytest.approx((0.1, 10)), pytest.approx((0.05, 20))] and [t.get_text() for t in ax.texts] == [
        "1",
        "2",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("area (µm²)", "energy (fJ)")
    assert (
        first.get_title() == "1: energy 10 fJ, area 0.1 µm²" and second.get_title() == "2: energy 20 fJ, area 0.05 µm²"
    )
    assert first.get_xlabel() == "" and second.get_xlabel() != ""


def test_networks_stand_at_their_energy_and_accuracy():
    """Of 0.3 nJ; the second design has none. A track half as large has half the mark."""
    ax = plot_network(made())
    (mark,), (line,) = ax.collections, ax.lines
    assert mark.get_offsets().tolist() == [pytest.approx([0.3, 0.97])] and mark.get_sizes().tolist() == [80]
    assert mark.get_label() == "1: 5 states, 0.1 µm²" and line.get_ydata()[0] == 0.98
    both = Trained(test_accuracy=np.array([0.97, 0.9]), float32_test_accuracy=np.array([0.98, 0.98]),
                   energy=np.array([3e-10, 2e-10]), failed=np.array(["", ""]))  # fmt: skip
    marks = plot_network(made(network=both)).collections
    assert [float(mark.get_sizes()[0]) for mark in marks] == [80, 40]
    with pytest.raises(InputError, match="mine: no network was trained"):
        plot_network(made(network=None))
