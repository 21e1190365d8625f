"""Files whose layout is declared on a dataclass: what goes in comes out, and nothing else than declared is taken."""

import dataclasses
import warnings

import h5py
import numpy as np
import pytest
from resealed import replace, reseal

from dwcore.errors import InputError
from dwcore.storage import files, records
from dwcore.storage.records import data, named, part

SCHEMA = "dwsynapse.training"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    name: str = data("name", dtype="text")
    weight: np.ndarray = data("weights", "1", "R C", dtype="f4", nan=True)
    on: np.ndarray = data("whether it is on", "1", "C", dtype="bool")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Extra:
    rate: np.ndarray = data("rates", "1/s", "S S", at="rest/rate", finite=False)
    words: tuple = data("words", "1", "P", dtype="text", at="rest/words")

    def __post_init__(self):
        if len(self.words) > 2:
            raise InputError("extra: two words at most")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Whole:
    seed: int
    position: np.ndarray = data("positions", "m", "S", at="states/position", ascending=True, gt=0)
    counts: np.ndarray = data("counts", "1", "S S+1", dtype="u8", ge=1)
    states: tuple = data("states of a layer", "1", "2 R C", at="layer_{L}/state", dtype="int", ge=0)
    layers: tuple = part(Layer, at="layer_{L}")
    devices: dict = named("drawn parameter", lambda name: "A/m" if name == "Ms" else "1", "K")
    memory: tuple = named("memory", at="layer_{L}/memory")
    energy: float = data("energy", "J", ge=0)
    pulses: int = data("pulses", dtype="i8")
    rate: np.ndarray | None = data("rate", "1/s", "K S", default=None)
    share: np.ndarray | None = data("share", "1", "K", nan=True, default=None)
    extra: Extra | None = part(Extra, at="", default=None)
    seconds: float | None = None


def layer(R, C):
    weight = np.arange(R * C, dtype=np.float32).reshape(R, C) / 3
    return Layer(name=f"layer of {R}", weight=weight, on=np.arange(C) % 2 == 0)


def whole(**changed):
    fields = {
        "seed": 7,
        "position": np.array([1.0, 2.0, 4.0]),
        "counts": np.arange(1, 13).reshape(3, 4),
        "states": (np.ones((2, 4, 5), np.int8), np.zeros((2, 6, 2), np.int16)),
        "layers": (layer(4, 5), layer(6, 2)),
        "devices": {"Ms": np.array([7e5, 8e5]), "alpha": np.array([0.1, 0.2])},
        "memory": ({"a": np.arange(3)}, {}),
        "energy": 2e-15,
        "pulses": 12,
        "seconds": 3.0,
    }
    return Whole(**fields | changed)


def write(path, record, name="seed_7"):
    with files.create(path, SCHEMA, config={}, seed=0, force=True) as file:
        records.write(file, {name: record})
    return path


def read(path, **given):
    with files.open_checked(path, SCHEMA) as file:
        return records.read(file, Whole, at="seed_7", given={"seed": 7} | given)


def test_a_record_comes_back(tmp_path):
    before = whole()
    after = read(write(tmp_path / "a.h5", before))
    assert (after.seed, after.energy, after.pulses, after.seconds) == (7, 2e-15, 12, None)
    assert type(after.pulses) is int and after.extra is None and after.rate is None
    np.testing.assert_array_equal(after.counts, before.counts)
    assert after.counts.dtype == np.uint64 and after.states[1].dtype == np.int16
    for one, other in zip(after.layers, before.layers, strict=True):
        assert one.name == other.name and one.weight.dtype == np.float32 and one.on.dtype == bool
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.on, other.on)
    assert [set(memory) for memory in after.memory] == [{"a"}, set()] and set(after.devices) == {"Ms", "alpha"}
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["seed_7/devices/Ms"].attrs["unit"] == b"A/m"
        assert file["seed_7/states/position"].attrs["long_name"] == b"positions"


def test_optional_parts_come_back(tmp_path):
    extra = Extra(rate=np.full((3, 3), np.inf), words=("a", "b"))
    after = read(write(tmp_path / "a.h5", whole(extra=extra, rate=np.ones((2, 3)))))
    assert after.rate.shape == (2, 3) and np.isinf(after.extra.rate).all() and list(after.extra.words) == ["a", "b"]


UNFIT = {
    "shape": ({"counts": np.ones((3, 3), int)}, r"counts has the shape \(3, 3\), must be \(S, S\+1\) = \(3, 4\)"),
    "axes": ({"energy": np.ones(2)}, r"energy has the shape \(2,\), must be \(\)"),
    "number": ({"states": (np.ones((3, 4, 5), int),) * 2}, r"layer_0/state has the shape .* = \(2, 4, 5\)"),
    "layer": ({"layers": (layer(4, 5), layer(5, 2))}, r"layer_1/weight has the shape .* = \(6, 2\)"),
    "layers": ({"layers": (layer(4, 5),)}, "layers has 1 entries, must be L = 2"),
    "bound": ({"position": np.array([-1.0, 2.0, 3.0])}, r"states/position = -1 \[m\] must be > 0"),
    "count": ({"counts": np.zeros((3, 4), int)}, r"counts = 0 \[1\] must be >= 1"),
    "twice": ({"position": np.array([1.0, 2.0, 2.0])}, "states/position must be strictly ascending"),
    "ascending": ({"position": np.array([1.0, 3.0, 2.0])}, "states/position must be strictly ascending"),
    "infinite": ({"energy": np.inf}, "energy holds inf, all values must be finite"),
    "neither": ({"share": np.array([np.nan, np.inf])}, "share holds inf, all values must be finite or nan"),
    "unknown": ({"position": np.array([1.0, np.nan, 3.0])}, "states/position holds nan"),
    "named": ({"devices": {"Ms": np.ones(2), "alpha": np.ones(3)}}, "devices/alpha has the shape"),
    "fraction": ({"pulses": 1.5}, "pulses of type float64 must be i8"),
    "sign": ({"counts": -np.ones((3, 4), int)}, "counts of type int64 must be u8"),
    "text": ({"energy": "much"}, "energy of type <U4 must be f8"),
    "ragged": ({"position": [[1.0], [2.0, 3.0]]}, "states/position of type object"),
}


@pytest.mark.parametrize("change, message", UNFIT.values(), ids=UNFIT)
def test_what_could_not_be_read_is_not_written(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a.h5", whole(**change))
    assert not (tmp_path / "a.h5").exists()


def test_what_falls_is_said_in_one_line_and_what_is_infinite_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for position in (np.geomspace(1.2345678, 9.8765432, 12)[::-1], np.array([np.inf, np.inf, 1.0])):
            with pytest.raises(InputError, match="states/position") as error:
                write(tmp_path / "a.h5", whole(position=position))
            assert "\n" not in str(error.value)


def _replace(name, values, unit="1"):
    def change(file):
        del file[f"seed_7/{name}"]
        files.put(file, f"seed_7/{name}", values, unit=unit, long_name="altered")

    return change


def _remove(name):
    return lambda file: file.__delitem__(f"seed_7/{name}")


ALTERED = {
    "missing": (_remove("counts"), "lacks the data set /seed_7/counts"),
    "group": (_remove("devices"), "lacks the group /seed_7/devices"),
    "layer": (_remove("layer_0"), "layer_0"),
    "type": (_replace("energy", 1, "J"), "/seed_7/energy has the type <i8, must be <f8"),
    "unit": (_replace("energy", 1.0, "eV"), '/seed_7/energy has the unit "eV", must be "J"'),
    "shape": (_replace("energy", [1.0], "J"), r"/seed_7/energy has the shape \(1,\), must be \(\)"),
    "size": (_replace("layer_1/state", np.ones((2, 6, 3), np.int8)), "/seed_7/layer_1/weight has the shape"),
    "truth": (_replace("layer_0/on", np.full(5, 2, np.uint8)), r"/seed_7/layer_0/on = 2 \[1\] must be <= 1"),
    "infinite": (_replace("layer_0/weight", np.full((4, 5), np.inf)), "/seed_7/layer_0/weight holds inf"),
    "group for data": (lambda file: (_remove("energy")(file), file.create_group("seed_7/energy")), "lacks the data"),
    "data for group": (lambda file: (_remove("devices")(file), _replace("x", 1)), "lacks the group"),
    "whole": (lambda file: file.__delitem__("seed_7"), "lacks the group /seed_7"),
}


@pytest.mark.parametrize("change, message", ALTERED.values(), ids=ALTERED)
def test_a_sealed_file_of_another_layout_is_refused_in_one_line(tmp_path, change, message):
    with files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file:
        records.write(file, {"seed_7": whole()})
        change(file)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "a.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'a.h5'}: ") and "\n" not in str(caught.value)


def test_rules_of_the_dataclass_name_the_file(tmp_path):
    with files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file:
        records.write(file, {"seed_7": whole(extra=Extra(rate=np.ones((3, 3)), words=("a", "b")))})
        _replace("rest/words", np.array(["a", "b", "c"]))(file)
    with pytest.raises(InputError, match=r"a\.h5: extra: two words at most"):
        read(tmp_path / "a.h5")


def test_known_lengths_and_problems_in_memory(tmp_path):
    assert list(records.problems(whole())) == []
    first, second = records.problems(whole(), {"S": 4})
    assert first == "position has the shape (3,), must be (S) = (4,)"
    assert second == "counts has the shape (3, 4), must be (S, S+1) = (4, 5)"
    path = write(tmp_path / "a.h5", whole())
    with files.open_checked(path, SCHEMA) as file, pytest.raises(InputError, match=r"\(S\) = \(4,\)"):
        records.read(file, Whole, at="seed_7", given={"seed": 7}, axes={"S": 4})


def test_the_layout_lists_every_data_set():
    paths = [path for path, _, _ in records.layout(Whole)]
    assert paths[:2] == ["/states/position", "/counts"] and "/devices/NAME" in paths and "/rest/rate" in paths
    assert "/layer_{L}/weight" in paths


def test_entries_of_the_configuration(tmp_path):
    with files.open_checked(write(tmp_path / "a.h5", whole())) as file:
        assert records.entry(file, {"a": 1}, "a", int) == 1
        for config in ({}, {"a": "1"}, {"a": True}):
            with pytest.raises(InputError, match="no fit entry a"):
                records.entry(file, config, "a", int)


def test_values_beyond_float32_are_refused(tmp_path):
    """In memory they would be infinite; the file holds them as float64."""

    @dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
    class Weights:
        weight: np.ndarray = data("weights", "1", "R C", dtype="f4")

    sound, path = tmp_path / "sound.h5", tmp_path / "a.h5"
    with files.create(sound, SCHEMA, config={}, seed=1) as file:
        records.write(file, Weights(weight=np.array([[1, 1, 1], [1, 1, -2]], np.float32)))
    reseal(sound, path, replace("weight", lambda v: v * 1e300))
    with files.open_checked(path) as file, pytest.raises(InputError, match=r"a\.h5: /weight holds -2e\+300, more than"):
        records.read(file, Weights)
    with files.open_checked(sound) as file:
        assert records.read(file, Weights).weight.tolist() == [[1, 1, 1], [1, 1, -2]]
