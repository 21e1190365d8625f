"""Series over a grid of settings: every finished point is kept, and an interrupted series ends in the same file."""

import dataclasses

import h5py
import numpy as np
import pytest
from resealed import replace, reseal

import dwsynapse
from dwcore.errors import InputError, Interrupted
from dwcore.parameters import Parameters, quantity, word
from dwcore.storage import files
from dwsynapse.given import Axis, Given
from dwsynapse.series import Series, run_series
from dwsynapse.settings import Settings
from dwsynapse.variation import Outcome, Variation, VariedAxis
from dwsynapse.variation_file import load_variation
from dwsynapse.variation_plot import plot_variation, variation_figure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spring(Parameters):
    length: float = quantity("of the spring", "m", default=1.0, gt=0)
    kind: str = word("of wire", default="soft", choices=("soft", "hard"))


SPRINGS = Settings("stretch", {"spring": Spring})
LENGTHS, KINDS = (3.0, 1.0, 2.0), ("soft", "hard")


def series(stop_after=None, *, lengths=LENGTHS, force=5.0, seeds=(7, 8)):
    given = Given(SPRINGS.sections)
    given.vary(Axis(setting=SPRINGS.find("length"), values=lengths), "--vary")
    given.vary(Axis(setting=SPRINGS.find("kind"), values=KINDS), "--vary")
    calls = []

    def measure(point, index, found):
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        calls.append((point["spring"]["length"], point["spring"]["kind"]))
        assert lengths[index[0]] == point["spring"]["length"] and not found.done[index]
        factor = 1 if point["spring"]["kind"] == "soft" else 0.5
        stretch = [factor * force * point["spring"]["length"] + seed for seed in seeds]
        soft = ["soft: no spring"] if point["spring"]["kind"] == "soft" else []
        long = [f"long: {stretch[0]:g} m of 10"] if stretch[0] > 15 else []
        return {"stretch": stretch, "wanted": [1.0, np.nan]}, ["all: made up", *long, *soft]

    outcomes = {"stretch": Outcome(meaning="stretch", unit="m"), "wanted": Outcome(meaning="wanted", reference=True)}
    whole = Series(command="stretch", given=given, seeds=seeds, outcomes=outcomes, check=lambda point: None,
                   measure=measure, config={"force": force})  # fmt: skip
    return whole, calls


def content(path):
    with h5py.File(path) as file:
        found = {}
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found | {"config": file.attrs["config"], "hash": file.attrs["content_sha256"]}


def test_an_interrupted_series_goes_on_and_ends_in_the_same_file(tmp_path):
    whole, part = tmp_path / "whole.h5", tmp_path / "part.h5"
    run_series(series()[0], out=whole)
    with pytest.raises(Interrupted, match=r"4 of 6 points are kept in .*part\.h5, --resume goes on"):
        run_series(series(stop_after=4)[0], out=part)
    for stop_after, out, words in ((0, tmp_path / "none.h5", "no point was finished"), (1, None, "without -o FILE.h5")):
        with pytest.raises(Interrupted, match=words):
            run_series(series(stop_after=stop_after)[0], out=out)
    kept = load_variation(part)
    assert kept.done.sum() == 4 and kept.progress == "4 of 6 points, 2 seeds"
    assert np.isnan(kept["stretch"][~kept.done]).all() and len(kept.lines()) == 4
    plot_variation(kept)
    again, calls = series()
    found = run_series(again, out=part, resume=True)
    assert len(calls) == 2 and found.done.all()
    first, second = content(whole), content(part)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


NOTES = [
    "all: made up",
    "long: 17 to 22 m of 10 (spring.length = 3 m, spring.kind = soft and 1 more of 6 points)",
    "soft: no spring (spring.length = 3 m, spring.kind = soft and 2 more of 6 points)",
]
"""5 x + 7 is above 15 for soft springs of 3 and 2 m, 22 and 17, and half of 15 + 7 is not for a hard one."""


def test_notes_say_of_how_many_points_they_are(tmp_path):
    path, part = tmp_path / "a.h5", tmp_path / "part.h5"
    found = run_series(series()[0], out=path)
    assert found.notes == load_variation(path).notes == found.as_json()["notes"] == NOTES
    with files.open_checked(path) as file:
        assert files.provenance(file)["config"]["notes"] == NOTES
    with pytest.raises(Interrupted):
        run_series(series(stop_after=1)[0], out=part)
    (first,) = [note for note in load_variation(part).notes if note.startswith("long")]
    assert first == "long: 22 m of 10", "of all points that are done"
    run_series(series(stop_after=9)[0], out=part, resume=True)
    assert load_variation(part).notes == NOTES


def without_notes(file):
    del file["noted"], file["notes"]


def test_a_series_that_an_older_version_began_says_of_which_points_it_knows_no_notes(tmp_path):
    path, old = tmp_path / "a.h5", tmp_path / "old.h5"
    with pytest.raises(Interrupted):
        run_series(series(stop_after=4)[0], out=path)
    reseal(path, old, without_notes)
    assert load_variation(old).notes == load_variation(path).notes, "those of its configuration"
    found = run_series(series()[0], out=old, resume=True)
    words = "an older version found these results, which said nothing of where they strain the model"
    assert f"{words} (spring.length = 3 m, spring.kind = soft and 3 more of 6 points)" in found.notes


def test_another_series_is_not_mixed_in(tmp_path):
    path = tmp_path / "a.h5"
    run_series(series()[0], out=path)
    for other, word_ in (
        (series(lengths=(3.0, 1.0))[0], "axes"),
        (series(force=6.0)[0], "force"),
        (series(seeds=(7,))[0], "seeds"),
    ):
        with pytest.raises(InputError, match=f"belongs to another series, {word_} is not the same"):
            run_series(other, out=path, resume=True)
    with pytest.raises(InputError, match="it exists"):
        run_series(series()[0], out=path)
    with h5py.File(path) as file:
        units = {name: files.text(file[name], "unit") for name in ("axis_0", "axis_1", "results/stretch")}
    assert units == {"axis_0": "m", "axis_1": "1", "results/stretch": "m"}


def test_a_series_is_not_gone_on_with_from_other_files(tmp_path):
    path, table = tmp_path / "a.h5", tmp_path / "table.csv"
    for content_, words in (("1", ""), ("1", ""), ("2", "the content of its input files is not the same")):
        table.write_text(content_)
        whole = dataclasses.replace(series()[0], inputs=[str(table)])
        if words:
            with pytest.raises(InputError, match=words):
                run_series(whole, out=path, resume=True)
        else:
            run_series(whole, out=path, resume=True)


def test_a_point_that_does_not_fit_stops_the_series_before_it_begins(tmp_path):
    whole, calls = series()

    def check(point):
        if point["spring"]["length"] == LENGTHS[-1]:
            raise InputError("too long")

    with pytest.raises(InputError, match="too long"):
        run_series(dataclasses.replace(whole, check=check), out=tmp_path / "a.h5")
    assert calls == [] and list(tmp_path.iterdir()) == []


def test_results_by_index_in_json_and_in_words():
    found = run_series(series()[0])
    assert found["stretch"][1, 1].tolist() == [9.5, 10.5]
    assert found.as_json()["stretch"][2][0] == [17.0, 18.0]
    assert found.as_json()["wanted"][0][0] == [1.0, None]
    words = "stretch 22.5 m (22 m to 23 m), wanted 1, unknown of 1 of 2 seeds"
    assert found.lines()[0] == f"spring.length = 3 m, spring.kind = soft: {words}"
    assert found.at_first((2, 1), {"spring.kind"})["stretch"].tolist() == [17.0, 18.0]
    assert found.at_first((2, 0), {"spring.kind"}) is None
    assert "6 of 6 points" in repr(found) and len(repr(found)) < 200


def made(config=None, name="chip.bits", unit="1", **results):
    """One axis of two values and two seeds; results by name with their unit."""
    return Variation(
        command="cost",
        axes=(VariedAxis(name=name, label=name, unit=unit, values=(300.0, 4.5)),),
        seeds=(1, 2),
        outcomes={key: Outcome(meaning=key, unit=of) for key, (of, _) in results.items()},
        results={key: np.array(values, float) for key, (_, values) in results.items()},
        done=np.array([True, False]),
        config=config or {},
    )


def test_quantities_stand_in_units_for_readers():
    """The first with its range over the seeds, the others with their mean and what is unknown of either."""
    nothing = [np.nan, np.nan]
    found = made(area=("m^2", [[2e-6, 4e-6], nothing]), time=("s", [[90.0, 90.0], nothing]), energy=("J", [[1e-9, 3e-9], nothing]),
                 speed=("m/s", [[1.0, np.nan], nothing]), field=("T", [[0.02, 0.02], nothing]),
                 share=("1", [[0.25, 0.75], nothing]), none=("T", [nothing] * 2))  # fmt: skip
    words = "area 3 mm2 (2 mm2 to 4 mm2), time 1 min 30 s, energy 2 nJ, speed 1 m/s, unknown of 1 of 2 seeds, "
    words += "field 20 mT, share 0.5, none unknown"
    assert found.lines() == [f"chip.bits = 300: {words}"]
    (alone,) = made(time=("s", [[90.0, np.nan], nothing])).lines()
    assert alone == "chip.bits = 300: time 1 min 30 s, unknown of 1 of 2 seeds", "one seed has no range"
    assert made(share=("1", [[0.25, 0.75], nothing])).lines() == ["chip.bits = 300: share 0.5000 (0.2500 to 0.7500)"]
    assert (
        made(name="drive.temperature", unit="K", share=("1", [[0.5, 0.5], nothing]))
        .lines()[0]
        .startswith("drive.temperature = 300 K: ")
    )


def test_a_series_is_of_a_device_at_a_temperature_unless_that_varies():
    device = {"name": "track", "temperature": 300.0}
    assert made({"synapses": "five states", "device": device}).subject == "five states"
    assert made({"device": device}).subject == "track, 300 K"
    assert made({"device": device, "given": {"drive": {"temperature": 350.0}}}).subject == "track, 350 K"
    assert made({"device": device}, name="drive.temperature", unit="K").subject == "track"
    assert made({"device": "a.h5"}).subject == "a.h5" and made({}).subject == ""


def test_the_figure_has_a_line_per_word_and_ascending_numbers():
    ax = plot_variation(run_series(series()[0]))
    soft, hard = (line for line in ax.lines if line.get_label().startswith("spring.kind"))
    assert soft.get_xdata().tolist() == [1, 2, 3]
    assert soft.get_ydata().tolist() == [12.5, 17.5, 22.5]
    assert hard.get_ydata().tolist() == [10, 12.5, 15]
    assert ax.get_xlabel() == "spring.length: of the spring [m]" and ax.get_ylabel() == "stretch [m]"
    reference = next(line for line in ax.lines if line.get_label() == "wanted")
    assert reference.get_ydata().tolist() == [1, 1, 1]
    with pytest.raises(InputError, match='no outcome "stretc"; did you mean "stretch"'):
        plot_variation(run_series(series()[0]), outcome="stretc")


def trainings(energy=((1.0, 2.0), (np.nan, 4.0), (5.0, 6.0)), names=("synapse.table", "data.dataset")):
    """Three synapses on two data sets, two seeds each; one energy is unknown."""
    values = ("a.h5", "b", "c"), ("digits", "mnist")
    energies = np.array(energy)[..., None] * [1.0, 1.1]
    return Variation(
        command="train",
        axes=tuple(VariedAxis(name=n, label=n, unit="", values=v) for n, v in zip(names, values, strict=True)),
        seeds=(1, 2),
        outcomes={"test_accuracy": Outcome(meaning="accuracy"), "energy_J": Outcome(meaning="energy", unit="J")},
        results={"test_accuracy": np.linspace(0.5, 0.9, 12).reshape(3, 2, 2), "energy_J": energies},
        done=np.ones((3, 2), bool),
        config={},
    )


def test_rivals_stand_at_their_energy_and_accuracy_a_colour_per_synapse_a_filling_per_data_set():
    found = trainings()
    (ax,) = variation_figure(found).axes
    large = [line for line in ax.lines if line.get_markersize() == 8 and len(line.get_xdata())]
    assert len(large) == 5
    assert [line.get_xdata()[0] for line in large] == pytest.approx([1.05, 2.1, 4.2, 5.25, 6.3])
    assert large[2].get_ydata()[0] == pytest.approx(found["test_accuracy"][1, 1].mean())
    assert [line.get_fillstyle() for line in large] == ["full", "none", "none", "full", "none"]
    assert large[0].get_color() == large[1].get_color() != large[2].get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a.h5", "b", "c", "digits", "mnist"]
    assert ax.get_xscale() == "linear" and ax.get_xlabel().endswith("unknown of b, digits")
    (wide,) = variation_figure(trainings(energy=((1.0, 2.0), (np.nan, 4.0), (5.0, 60.0)))).axes
    assert wide.get_xscale() == "log"


def test_a_variation_without_synapses_or_energies_is_drawn_as_lines():
    unknown = trainings(energy=((np.nan, np.nan),) * 3)
    for found in (unknown, trainings(names=("training.rule", "data.dataset"))):
        (ax,) = variation_figure(found).axes
        assert ax.get_ylabel() == "accuracy" and ax.get_xscale() == "linear"


@pytest.mark.parametrize("spoil", ["shape", "lost"])
def test_content_that_does_not_fit_is_refused_in_a_line(tmp_path, spoil):
    found = run_series(series()[0])
    if spoil == "shape":
        found.results["stretch"] = found.results["stretch"][:2]
    path = tmp_path / "a.h5"
    dwsynapse.save_variation(path, found)
    if spoil == "lost":
        with files.open_checked(path) as file:
            config = files.provenance(file)["config"]
        with files.create(path, "dwsynapse.variation", config=config, seed=7, force=True) as file:
            files.put(file, "done", found.done, unit="1", long_name="x")
    with pytest.raises(InputError) as caught:
        load_variation(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def wrong_unit(file):
    values = files.get(file, "results/stretch")
    del file["results/stretch"]
    file.flush()
    files.put(file, "results/stretch", values, unit="T", long_name="x")


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (replace("results/stretch", lambda v: v[..., :1]), "one for each of the 2 seeds"),
        (replace("results/stretch", lambda v: np.repeat(v, 2, axis=-1)), "one for each of the 2 seeds"),
        (replace("results/stretch", lambda v: np.full(v.shape, "x")), "must be numbers"),
        (replace("done", lambda v: v + 5), "done must be 0 or 1"),
        (replace("done", lambda v: v.astype(float)), "done must be 0 or 1"),
        (wrong_unit, "the unit of a result"),
        (replace("axis_0", lambda v: v + 1), "axis_0 holds other values than the configuration has for spring.length"),
        (replace("axis_1", lambda v: v[::-1]), "axis_1 holds other values than"),
        (replace("noted", lambda v: v + 1), "noted must be 0 or 1"),
        (replace("noted", lambda v: v[:1]), "noted must be 0 or 1 for each note"),
        (replace("noted", lambda v: 0 * v), "a note must be of points that are done, of one at least"),
    ],
)
def test_sealed_content_of_another_kind_is_refused(tmp_path, change, fragment):
    sound, path = tmp_path / "sound.h5", tmp_path / "a.h5"
    dwsynapse.save_variation(sound, run_series(series()[0]))
    reseal(sound, path, change)
    with pytest.raises(InputError, match=rf"a\.h5: .*{fragment}"):
        load_variation(path)


DEVICE = {"name": "track", "temperature": 300.0}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("axes", 0, "name"), None),
        (("axes", 0, "label"), 3),
        (("axes", 0, "values"), {}),
        (("outcomes", 0, 1, "meaning"), []),
        (("outcomes", 1, 1, "reference"), 1),
        (("seeds", 0), True),
        (("settings",), "x"),
        (("settings",), {"device": DEVICE, "given": None}),
        (("settings",), {"device": DEVICE, "given": {"drive": 3}}),
        (("settings",), {"device": DEVICE | {"temperature": "warm"}}),
    ],
)
def test_a_configuration_of_another_kind_is_refused_in_a_line(tmp_path, at, value):
    sound, path = tmp_path / "sound.h5", tmp_path / "a.h5"
    dwsynapse.save_variation(sound, run_series(series()[0]))
    with files.open_checked(sound) as old:
        part = config = files.provenance(old)["config"]
        for key in at[:-1]:
            part = part[key]
        part[at[-1]] = value
        with files.create(path, "dwsynapse.variation", config=config, seed=7) as new:
            for name in old:
                old.copy(name, new)
    with pytest.raises(InputError, match=r"a\.h5: (unfit configuration|its configuration)") as caught:
        load_variation(path)
    assert "\n" not in str(caught.value)


def test_vary_from_python_is_the_command():
    common = {"table": "ladder", "seeds": 2, "jobs": 1, "no_twin": True, "network": "linear"}
    found = dwsynapse.vary("train", {"states": (3, 5)}, settings={"epochs": 1}, **(common | {"table": None}))
    assert found["test_accuracy"].shape == (2, 2) and found.seeds == (1, 2)
    with pytest.raises(InputError, match='did you mean "states"'):
        dwsynapse.vary("train", {"state": (3,)}, **common)
    with pytest.raises(InputError, match="has no settings to vary"):
        dwsynapse.vary("bench", {})
