"""The transition table: validation, probabilities and their errors, file, interpolation."""

import dataclasses
import pickle

import numpy as np
import pytest
from fit_cases import CURRENT, DURATION, spread_model, table_of
from scipy.stats import beta, norm

from compact.forms.result import Fit
from compact.table.interpolate import _drawn, _matrix, chances, transition_matrix
from compact.table.origin import weights
from compact.table.table_file import load_table, save_table
from compact.table.transition_table import Derived, TransitionTable
from dwcore.errors import InputError
from dwcore.storage import files, records

SHAPE = (2, 2, 3, 2, 4, 5)


def fields(**changes):
    """Two devices, two temperatures, three currents, two durations, four states."""
    n_devices, n_temperature, n_current, n_duration, n_states, _ = SHAPE
    rng = np.random.default_rng(5)
    return {
        "position": [1e-8, 2e-8, 4e-8, 8e-8],
        "conductance": [1e-6, 2e-6, 3e-6, 2.5e-6],
        "conductance_std_ctoc": [0.0, 1e-8, 1e-8, 1e-8],
        "current_density": [-2e11, 1e11, 3e11],
        "duration": [1e-9, 3e-9],
        "temperature": [0.0, 300.0],
        "counts": rng.multinomial(50, np.full(n_states + 1, 0.2), size=SHAPE[:-1]),
        "energy_per_pulse": np.full((n_current, n_duration), 1e-15),
        "retention_rate": np.zeros((n_devices, n_temperature, n_states, n_states)),
        "retention_method": "Langer",
        "devices": {"material.Ms": [5.8e5, 6e5], "notch.1.depth": np.float32([1, 2])},
        "config": {"pulse": {"rise_time": 1e-10}, "list": np.arange(2)},
        "seed": np.uint64(2**64 - 1),
    } | changes


def table(**changes):
    return TransitionTable(**fields(**changes))


def problems(**changes):
    with pytest.raises(InputError) as caught:
        table(**changes)
    message = str(caught.value)
    assert message.startswith("transition table: ") and "\n" not in message
    return message


def counts(index=None, value=0):
    values = np.asarray(fields()["counts"]).copy()
    if index is not None:
        values[index] = value
    return values


def test_notes_are_lines_of_its_configuration():
    assert table().notes == [] and table(config={"notes": ("width: of 5 um",)}).notes == ["width: of 5 um"]
    assert "config.notes[0] = 'two\\nlines' must be a line" in problems(config={"notes": ["two\nlines"]})


def unsettled(most):
    """So many in one row, none in the others."""
    values = np.zeros(SHAPE[:-1], np.uint64)
    values[1, 0, 2, 1, 3] = most
    return values


def same(a, b):
    for field in dataclasses.fields(TransitionTable):
        left, right = getattr(a, field.name), getattr(b, field.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype and np.array_equal(left, right), field.name
        elif field.name == "devices":
            assert left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)
        else:
            assert left == right, field.name
    return True


# Construction


def test_values_are_converted_and_kept():
    given = fields()
    made = TransitionTable(**given)
    assert made.counts.dtype == np.uint64 and made.counts.shape == SHAPE
    assert made.position.dtype == np.float64 and made.devices["notch.1.depth"].dtype == np.float64
    assert made.config == {"pulse": {"rise_time": 1e-10}, "list": [0, 1]} and made.seed == 2**64 - 1
    assert type(made.seed) is int
    assert same(pickle.loads(pickle.dumps(made)), made)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"origin": 3}, r"config\.origin of type int must be a dictionary"),
        ({"origin": {"placeholders": True}}, r"config\.origin\.placeholders of type bool must be"),
        ({"origin": {"fidelity": {"mean_step": "x"}}}, r"config\.origin\.fidelity\.mean_step = 'x' must be a number"),
        ({"origin": {"fidelity": {"mean_step": 1.0, "std_ratio": 1.0}}}, r"fidelity\.largest_shift = None must be"),
        ({"device": "track"}, r"config\.device of type str must be a dictionary"),
        ({"device": {"pulse": []}}, r"config\.device\.pulse of type list must be a dictionary"),
        (
            {"device": {"pulse": {"current_density": 1e11, "duration": True}}},
            r"pulse\.duration = True must be a number",
        ),
    ],
)
def test_what_a_configuration_tells_is_of_its_type(config, message):
    with pytest.raises(InputError, match=message):
        table(config=config)


def test_table_cannot_be_changed():
    given = fields()
    made = TransitionTable(**given)
    before = made.counts.copy()
    given["counts"][:] = 0
    given["devices"].clear()
    assert np.array_equal(made.counts, before) and len(made.devices) == 2
    own = made.probability, made.standard_error, made.retention_rate, made.devices["material.Ms"]
    for array in (made.counts, made.position, *own):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.seed = 1


def test_arrays_of_others_stay_theirs():
    """One that has the right type already is copied too."""
    given = np.array([1e-8, 2e-8, 4e-8, 8e-8])
    made = table(position=given)
    given[0] = 0.0
    assert made.position[0] == 1e-8


def test_a_table_shows_its_least_and_largest_conductance():
    """The largest is that of the third of four states."""
    assert "1e-06 to 3e-06 S" in repr(table())


def test_smallest_table():
    made = table(
        position=[0.0],
        conductance=[1.0],
        conductance_std_ctoc=[0.0],
        current_density=[0.0],
        duration=[1.0],
        temperature=[0.0],
        counts=np.ones((1, 1, 1, 1, 1, 2), int),
        energy_per_pulse=[[0.0]],
        retention_rate=None,
        retention_method="",
        devices={},
    )
    assert np.array_equal(made.probability[0, 0, 0, 0], [[0.5, 0.5]])


NAN_RATE = np.full((2, 2, 4, 4), np.nan)
DIAGONAL = np.broadcast_to(np.eye(4), (2, 2, 4, 4))

WRONG = {
    "position descending": ({"position": [1, 3, 2, 4]}, "position must be strictly ascending"),
    "currents equal": ({"current_density": [0, 1, 1]}, "current_density must be strictly ascending"),
    "duration descending": ({"duration": [2, 1]}, "duration must be strictly ascending"),
    "temperature equal": ({"temperature": [1, 1]}, "temperature must be strictly ascending"),
    "duration zero": ({"duration": [0, 1]}, "duration = 0 [s] must be > 0"),
    "temperature negative": ({"temperature": [-1, 1]}, "temperature = -1 [K] must be >= 0"),
    "conductance zero": ({"conductance": [1, 0, 1, 1]}, "conductance = 0 [S] must be > 0"),
    "conductance nan": ({"conductance": [1, np.nan, 1, 1]}, "conductance holds nan"),
    "spread negative": ({"conductance_std_ctoc": [1, -1, 1, 1]}, "conductance_std_ctoc = -1 [S]"),
    "current infinite": ({"current_density": [0, 1, np.inf]}, "current_density holds inf"),
    "energy negative": ({"energy_per_pulse": -np.ones((3, 2))}, "energy_per_pulse = -1 [J] must be >= 0"),
    "energy shape": ({"energy_per_pulse": np.ones((2, 3))}, "(2, 3), must be (A, D) = (3, 2)"),
    "position scalar": ({"position": 1.0}, "position has the shape (), must be (S)"),
    "no duration": ({"duration": []}, "duration has the shape (0,), must be (D)"),
    "text": ({"position": list("abcd")}, "position is of type <U1, must be real numbers"),
    "truth": ({"position": [True] * 4}, "position is of type bool, must be real numbers"),
    "ragged": ({"position": [[1], [1, 2]]}, "position"),
    "counts shape": ({"counts": np.ones((2, 2, 3, 2, 4, 4), int)}, "must be (K, T, A, D, S, S+1) = (2, 2, 3, 2, 4, 5)"),
    "counts negative": ({"counts": counts((0, 0, 0, 0, 0, 0), -1)}, "counts must be whole numbers >= 0"),
    "counts broken": ({"counts": counts() + 0.5}, "counts must be whole numbers >= 0"),
    "counts nan": ({"counts": np.full(SHAPE, np.nan)}, "counts must be whole numbers >= 0"),
    "empty row": (
        {"counts": counts((1, 0, 2, 1, 3))},
        "1 rows without a trajectory, first at (K, T, A, D, S) = (1, 0, 2, 1, 3)",
    ),
    "too many": ({"counts": np.full(SHAPE, 2**63, np.uint64)}, "at most 2^53 are exact"),
    "one too many": ({"counts": counts((0, 0, 0, 0, 0), [2**53 + 2, 0, 0, 0, 0])}, "at most 2^53 are exact"),
    "unsettled beyond": ({"unsettled": unsettled(51)}, "unsettled has more trajectories than a row of counts"),
    "lost infinite": ({"retention_lost": np.full((2, 2, 4), np.inf)}, "retention_lost [1/s] must be finite and >= 0"),
    "lost negative": ({"retention_lost": np.full((2, 2, 4), -1.0)}, "retention_lost [1/s] must be finite and >= 0"),
    "rate shape": ({"retention_rate": np.zeros((1, 2, 4, 4))}, "retention_rate has the shape"),
    "rate nan": ({"retention_rate": NAN_RATE}, "retention_rate holds nan"),
    "rate negative": ({"retention_rate": DIAGONAL - 1}, "must be >= 0 between two states"),
    "rate to itself": ({"retention_rate": DIAGONAL}, "must be <= 0 from a state to itself"),
    "no method": ({"retention_method": ""}, "retention_method must say"),
    "method type": ({"retention_method": 1}, "retention_method = 1 must be text"),
    "device shape": ({"devices": {"Ms": [1, 2, 3]}}, "devices[Ms] has the shape (3,), must be (K) = (2,)"),
    "device nan": ({"devices": {"Ms": [1, np.nan]}}, "devices[Ms] holds nan"),
    "device text": ({"devices": {"Ms": ["1", "2"]}}, "devices[Ms] is of type <U1"),
    "device name": ({"devices": {"a/b": [1, 2]}}, "devices has the name 'a/b'"),
    "devices type": ({"devices": [1, 2]}, "devices of type list must be a dictionary"),
    "config nan": ({"config": {"a": np.nan}}, "config.a = nan must be finite"),
    "config type": ({"config": [1]}, "config of type list must be a dictionary"),
    "seed too large": ({"seed": 2**64}, "seed must be an integer from 0 to 18446744073709551615"),
    "seed negative": ({"seed": -1}, "seed must be an integer"),
    "seed float": ({"seed": 1.0}, "seed must be an integer"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_values_are_named(what):
    changes, fragment = WRONG[what]
    message = problems(**changes)
    assert fragment in message and ";" not in message


@pytest.mark.parametrize("values", [np.ones((0, 2, 3, 2, 4, 5), int), 1, [1, 2]])
def test_counts_without_devices(values):
    assert f"counts has the shape {np.shape(values)}, must be (K, " in problems(counts=values)


def test_all_problems_are_named_at_once():
    message = problems(position=[1, 3, 2, 4], conductance=-np.ones(4), duration=[-1, np.nan])
    for name in ("position", "conductance", "duration = -1", "duration holds nan"):
        assert name in message
    assert message.count(";") == 3


# Probability and its error


def test_probability_and_standard_error():
    made = table(counts=counts((0, 0, 0, 0, 0), [0, 3, 7, 0, 0]))
    assert np.array_equal(made.probability[0, 0, 0, 0, 0], [0.0, 0.3, 0.7, 0.0, 0.0])
    hits = np.array([0, 3, 7, 0, 0])
    assert made.standard_error[0, 0, 0, 0, 0] == pytest.approx(beta(hits + 0.5, 10 - hits + 0.5).std(), rel=1e-12)


def test_share_that_had_not_settled_is_of_all_trajectories():
    """Forty of fifty in one of 96 rows; a table of a program that did not count them does not know."""
    assert table(unsettled=unsettled(40)).unsettled_share == pytest.approx(40 / (96 * 50))
    assert np.isnan(table().unsettled_share)
    assert table(unsettled=unsettled(50)).unsettled_share > 0  # all of a row may


def test_rates_may_be_unknown_row_by_row():
    rate = np.zeros((2, 2, 4, 4))
    rate[1, 0, 2], lost = np.nan, np.zeros((2, 2, 4))
    lost[1, 0, 2] = np.nan
    assert np.isnan(table(retention_rate=rate, retention_lost=lost).retention_rate).sum() == 4
    rate[0, 0, 0, 1] = np.nan
    assert "rows must be finite, or nan throughout where unknown" in problems(retention_rate=rate)


# File


def test_table_comes_back_from_its_file(tmp_path):
    source = tmp_path / "raw.h5"
    source.write_bytes(b"raw")
    made = table()
    save_table(tmp_path / "a.h5", made, inputs=[source])
    back = load_table(tmp_path / "a.h5")
    assert same(back, made) and np.array_equal(back.standard_error, made.standard_error)
    with files.open_checked(tmp_path / "a.h5") as file:
        origin = files.provenance(file)
        units = {name: unit for name, _, _, unit, _ in files.describe(file)}
    assert origin["schema"] == "dwsynapse.transition-table" and list(origin["inputs"]) == ["raw.h5"]
    assert origin["seed"] == made.seed and origin["config"] == made.config
    assert units["/pulses/current_density"] == "A/m^2" and units["/retention/rate"] == "1/s"
    assert units["/devices/notch.1.depth"] == "SI"
    with pytest.raises(InputError, match="--force"):
        save_table(tmp_path / "a.h5", made)
    save_table(tmp_path / "a.h5", made, force=True)


def test_table_without_rates_and_devices(tmp_path):
    made = table(retention_rate=None, retention_method="", devices={})
    save_table(tmp_path / "a.h5", made)
    assert same(load_table(tmp_path / "a.h5"), made)


def write_by_hand(path, leave_out=(), **changes):
    """A sealed file of a table in which some data sets are missing or other than the table's."""
    made = table()
    with files.create(path, "dwsynapse.transition-table", config=made.config, seed=made.seed) as file:
        file.create_group("devices")
        for field, item, _ in (*records.items(TransitionTable), *records.items(Derived)):
            if field not in (
                "devices",
                "instance_states",
                "fit",
                "retention_rate",
                "retention_lost",
                "unsettled",
                *leave_out,
            ):
                values = changes.get(field, getattr(made, field))
                files.put(file, item.at, values, unit=item.unit, long_name=item.meaning)
        for name in ("notes/slope", *changes.get("also", ())):
            unit = "A/m" if name == "devices/Ms" else "1"
            files.put(file, name, [1.0], unit=unit, long_name=name)
    return path


def test_other_groups_are_left_alone(tmp_path):
    assert same(load_table(write_by_hand(tmp_path / "a.h5")), table(retention_rate=None, devices={}))


SHIFTED = np.roll(table().probability, 1, axis=-1)

UNFIT = {
    "no counts": ({"leave_out": ["counts"]}, "lacks the data set /transitions/counts"),
    "no method": ({"leave_out": ["retention_method"]}, "lacks the data set /retention/method"),
    "wrong value": ({"conductance": -np.ones(4)}, "conductance = -1 [S] must be > 0"),
    "wrong type": ({"position": list("abcd")}, "/states/position has the type |S1, must be <f8"),
    "wrong shape": (
        {"duration": [1.0]},
        "counts has the shape (2, 2, 3, 2, 4, 5), must be (K, T, A, D, S, S+1) = (2, 2, 3, 1, 4, 5)",
    ),
    "wrong probability": ({"probability": SHIFTED}, "transitions/probability does not follow"),
    "slightly wrong": ({"probability": table().probability + 1e-9}, "transitions/probability does not follow"),
    "other shape": ({"probability": [1.0]}, "transitions/probability has the shape (1,)"),
    "no number": ({"standard_error": np.full(SHAPE, np.nan)}, "transitions/standard_error holds nan"),
    "text": ({"standard_error": "small"}, "transitions/standard_error has the type |S5"),
    "device": ({"also": ["devices/a/b"]}, "lacks the data set /devices/a"),
    "device shape": ({"also": ["devices/Ms"]}, "/devices/Ms has the shape (1,)"),
}


@pytest.mark.parametrize("what", UNFIT)
def test_sound_files_with_unfit_tables(tmp_path, what):
    changes, fragment = UNFIT[what]
    path = write_by_hand(tmp_path / "a.h5", **changes)
    with pytest.raises(InputError) as caught:
        load_table(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and fragment in message and "\n" not in message


def test_other_files_are_refused(tmp_path):
    with files.create(tmp_path / "a.h5", "dwsynapse.training", config={}, seed=0):
        pass
    with pytest.raises(InputError, match=r"a\.h5: holds dwsynapse\.training"):
        load_table(tmp_path / "a.h5")


# Interpolation


def test_grid_points_are_met():
    made = table()
    for t, temperature in enumerate(made.temperature):
        for j, current in enumerate(made.current_density):
            for d, duration in enumerate(made.duration):
                found = transition_matrix(
                    made, temperature=temperature, current_density=current, duration=duration, device=1
                )
                assert np.array_equal(found, made.probability[1, t, j, d])


def test_quantiles_are_interpolated_linearly_in_temperature_current_and_log_duration():
    made = table()
    found = transition_matrix(made, temperature=75.0, current_density=2.5e11, duration=1e-9 * 3**0.25)
    weight = np.einsum("t,j,d->tjd", [0.75, 0.25], [0.25, 0.75], [0.75, 0.25])
    counts = made.counts[0, :, 1:].astype(float)
    kept = counts[..., :-1].sum(axis=-1)
    lost = between(weight, counts[..., -1] / counts.sum(axis=-1), 0.5 / (counts.sum(axis=-1).min(axis=(0, 1, 2)) + 1))
    assert found[:, -1] == pytest.approx(lost, abs=1e-9)
    for state in (1, 2, 3):
        beyond = between(weight, counts[..., state:-1].sum(axis=-1) / kept, 0.5 / (kept.min(axis=(0, 1, 2)) + 1))
        assert found[:, state:-1].sum(axis=-1) / (1 - lost) == pytest.approx(beyond, abs=1e-9)


def between(weight, share, floor):
    """Share whose normal quantile is the mean of those of `share`, each moved inwards by `floor`."""
    z = np.einsum("tjd,tjda->a", weight, norm.ppf(floor + (1 - 2 * floor) * share))
    return (norm.cdf(z) - floor) / (1 - 2 * floor)


def test_chances_that_rise_with_the_distance_give_no_negative_probability():
    """A fit may lift the far ones over the near ones: a wall that ends in state 3 has passed 2, by hand."""
    rows = _matrix(np.array([[0.1, 0.3, 0.5, 0.2], [0.0, 1.0, 0.4, 0.4], [1.0, 0.5, 0.5, 0.5], [0.5, 0.0, 1.0, 1.0]]))
    assert rows == pytest.approx(np.array([[0.63, 0.0, 0.09, 0.18, 0.1], [0.0, 0.6, 0.0, 0.4, 0.0],
                                           [0.0, 0.0, 0.0, 0.0, 1.0], [0.5, 0.0, 0.0, 0.0, 0.5]]), abs=1e-15)  # fmt: skip


def test_a_wall_passes_the_states_between():
    """Halfway between a pulse that does nothing and one that moves walls by two states most walls move by one."""
    counts = np.zeros((1, 1, 2, 1, 3, 4), int)
    counts[0, 0, 0, 0, [0, 1, 2], [0, 1, 2]] = counts[0, 0, 1, 0, :, 2] = 1000
    made = table(
        counts=counts, position=[1e-8, 2e-8, 3e-8], conductance=[1e-6] * 3, conductance_std_ctoc=[0.0] * 3,
        current_density=[1e11, 2e11], duration=[1e-9], temperature=[300.0], energy_per_pulse=np.ones((2, 1)),
        retention_rate=None, retention_method="", devices={},
    )  # fmt: skip
    low, middle, high = (
        transition_matrix(made, temperature=300.0, current_density=J, duration=1e-9) for J in (1.3e11, 1.5e11, 1.7e11)
    )
    assert low[0, 0] > 0.8 and high[0, 2] > 0.8
    assert np.all(middle[2] == [0, 0, 1, 0])


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"temperature": 301}, r"temperature = 301 \[K\] is outside the table, 0 to 300"),
        ({"temperature": -1e-6}, "temperature = -1e-06"),
        ({"current_density": -2.1e11}, r"current_density = -2\.1e\+11 \[A/m\^2\] is outside"),
        ({"duration": 3.01e-9}, r"duration = 3\.01e-09 \[s\] is outside"),
        ({"duration": float("nan")}, "duration = nan must be a number"),
        ({"duration": float("inf")}, "duration = inf"),
        ({"duration": "3 ns"}, "duration = '3 ns' must be a number"),
        ({"device": 2}, "device = 2 must be an integer from 0 to 1"),
        ({"device": -1}, "device = -1"),
        ({"device": 0.5}, "device = 0.5"),
    ],
)
def test_outside_the_grid(change, fragment):
    pulse = {"temperature": 300.0, "current_density": 1e11, "duration": 3e-9}
    with pytest.raises(InputError, match=fragment):
        transition_matrix(table(), **(pulse | change))


def test_ends_of_the_grid_forgive_rounding():
    found = transition_matrix(
        table(), temperature=300 * (1 + 1e-12), current_density=3e11 * (1 + 1e-12), duration=1e-9 * (1 - 1e-12)
    )
    assert np.array_equal(found, table().probability[0, 1, 2, 0])


def drawn(made, number: int, **pulse) -> np.ndarray:
    at = {"temperature": 300.0, "current_density": 1e11, "duration": 1e-9, "device": 1} | pulse
    return np.array([transition_matrix(made, rng=np.random.default_rng(n), **at) for n in range(number)])


def test_what_counts_leave_open_has_the_moments_of_the_posterior():
    """Mean and variance of each share: a / A and a (A - a) / (A^2 (A + 1)) with a = count + 1/5, A = 51."""
    made, number = table(), 4000
    found = drawn(made, number)
    a = made.counts[1, 1, 1, 0] + 1 / 5
    mean, variance = a / 51, a * (51 - a) / (51**2 * 52)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-12)
    deviation = (found.mean(axis=0) - mean) / np.sqrt(variance / number)
    assert np.abs(deviation).max() < 4.2  # 20 standard normal deviates: beyond in one of 2,000 tries
    np.testing.assert_allclose(found.var(axis=0), variance, rtol=0.15)  # 15 % are five standard errors and more
    rows = _drawn(made.counts[1, 1, 1, 0].astype(float), np.random.default_rng(1))
    np.testing.assert_allclose(rows.sum(axis=-1), 50)  # shares times trials, which the half outcome is of
    assert np.array_equal(found[3], drawn(made, 4)[3]) and not np.array_equal(found[3], found[2])


@pytest.mark.parametrize("current", [1e11, 1.6e11])
def test_more_trials_leave_less_open(current):
    few = table()
    many = dataclasses.replace(few, counts=few.counts * 100)
    scatter = [drawn(made, 400, current_density=current).std(axis=0).mean() for made in (few, many)]
    assert scatter[0] / scatter[1] == pytest.approx(10, rel=0.15)


def test_draws_of_very_many_trials_are_the_counts_themselves_between_grid_points_too():
    """Of 5 x 10^9 trials a share is known to 1e-5; were a row one trial, the half outcome would pull shares to a half."""
    many = dataclasses.replace(table(), counts=table().counts * 10**8)
    pulse = {"temperature": 300.0, "current_density": 1.6e11, "duration": 1e-9, "device": 1}
    found = transition_matrix(many, rng=np.random.default_rng(1), **pulse)
    np.testing.assert_allclose(found, transition_matrix(many, **pulse), atol=1e-4)


@pytest.mark.parametrize("upward", [1, -1])
def test_between_grid_points_a_table_follows_the_fit_of_its_device(upward):
    """Counts of two devices that are those of the fit leave nothing but the fit, and each device has its own."""
    model = dataclasses.replace(spread_model(2), upward=upward)
    J, tau = CURRENT[CURRENT > 0][[0, 2, 4]], DURATION[:2]
    rows = [[[model.matrix(temperature=300.0, current_density=j, duration=t, device=k) for t in tau] for j in J]
            for k in range(2)]  # fmt: skip
    made = table_of(weights(np.array(rows)[:, None]), J, tau)
    none = np.zeros(made.counts.shape[:4])
    fit = Fit(model=model, deviance=none, expected_deviance=none, residual=none, free=1, verdict="drawn")
    made = dataclasses.replace(made, fit=fit)
    np.testing.assert_allclose(made.fitted_probability, made.probability, atol=1e-8)
    pulse = {"temperature": 300.0, "current_density": float(J[:2].mean()), "duration": 0.8e-9}
    first, second = (transition_matrix(made, **pulse, device=k) for k in range(2))
    for k, found in enumerate((first, second)):
        np.testing.assert_allclose(found, model.matrix(**pulse, device=k), atol=1e-5)
    assert np.abs(first - second).max() > 1e-3


def test_weights_of_a_row_are_in_proportion_and_their_sum_is_fixed():
    """A quarter and three of 2^30 whatever the row adds up to; of thirds two are rounded down and one up."""
    assert weights([[1.0, 3.0], [0.25, 0.75]]).tolist() == [[2**28, 3 * 2**28]] * 2
    third = (2**30 - 1) // 3
    assert weights([1.0, 1.0, 1.0]).tolist() == [third + 1, third, third]


def test_a_fit_of_another_number_of_states_is_refused():
    none = np.zeros((1, 1, 1, 1))
    fit = Fit(model=spread_model(1), deviance=none, expected_deviance=none, residual=none, free=1, verdict="drawn")
    with pytest.raises(InputError, match="fit has 4 states, 3 are needed"):
        table_of(np.ones((1, 1, 1, 1, 3, 4), int), [1e11], [1e-9], fit=fit)


def test_rows_without_a_wall_that_is_left_may_end_anywhere():
    """Chances to be beyond a state are among walls that are not lost: a half where there is none."""
    assert chances(np.array([[0.0, 0.0, 1.0], [3.0, 1.0, 0.0]])).tolist() == [[1.0, 0.5], [0.0, 0.25]]
