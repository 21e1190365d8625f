"""The validator of table files finds whatever departs from the format, in files whose seals are right."""

import h5py
import numpy as np
import pytest
from fit_cases import table_of

from compact.table.table_file import SCHEMA, check_table, load_table, save_table
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.errors import InputError
from dwcore.storage import files


@pytest.fixture
def table_path(tmp_path):
    counts = np.arange(1, 2 * 1 * 2 * 1 * 2 * 3 + 1).reshape(2, 1, 2, 1, 2, 3)
    table = TransitionTable(
        position=[1e-8, 2e-8], conductance=[1e-6, 2e-6], conductance_std_ctoc=[0, 1e-9], current_density=[-1e11, 1e11],
        duration=[1e-9], temperature=[300.0], counts=counts, energy_per_pulse=[[1e-15], [1e-15]],
        devices={"instance": [1, 2]}, retention_rate=np.zeros((2, 1, 2, 2)), retention_method="none", seed=1,
    )  # fmt: skip
    save_table(tmp_path / "table.h5", table)
    return tmp_path / "table.h5"


def resealed(path, change):
    """The same file after a change, with right hashes: what another program could write."""
    with h5py.File(path) as old, files.create(path.with_name("new.h5"), SCHEMA, config={}, seed=1) as file:
        for name in old:
            old.copy(name, file)
        change(file)
    return path.with_name("new.h5")


def test_a_sound_table_passes(table_path):
    found = check_table(table_path)
    assert found[0] == "2 states, 2 device instances, 1 temperature, 2 current densities, 1 duration"
    assert "counts of 300 trajectories, 6 or more per row" in found and "retention rates, 0 rows unknown" in found
    assert check_table(resealed(table_path, lambda file: file.create_group("notes")))  # room for others


def test_what_is_missing_and_unknown_is_counted(tmp_path):
    """One state of six in the second of two devices; of its rates a row is unknown, which is three numbers."""
    rate, shape = np.zeros((2, 1, 3, 3)), (2, 1, 3)
    rate[1, 0, 2], present = np.nan, np.ones(shape, np.uint8)
    present[1, 0, 2] = 0
    states = InstanceStates(present=present, position=np.broadcast_to([1e-7, 2e-7, 3e-7], shape),
                            conductance=np.ones(shape), conductance_std_ctoc=np.zeros(shape))  # fmt: skip
    table = table_of(np.ones((2, 1, 2, 1, 3, 4), int), (-1e11, 1e11), (1e-9,), retention_rate=rate,
                     retention_method="given", instance_states=states)  # fmt: skip
    save_table(tmp_path / "a.h5", table)
    found = check_table(tmp_path / "a.h5")
    assert "states of each instance, 1 missing" in found and "retention rates, 1 rows unknown" in found


def test_older_files_and_tables_from_elsewhere_have_no_notes(table_path):
    assert load_table(resealed(table_path, lambda file: None)).notes == []


def _replace(name, values, unit="1"):
    def change(file):
        del file[name]
        files.put(file, name, values, unit=unit, long_name="x")

    return change


def _both(*changes):
    return lambda file: [change(file) for change in changes]


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        (lambda file: file.pop("energy/per_pulse"), ["lacks the data set /energy/per_pulse"]),
        (_replace("states/position", [1e-8, 2e-8], "nm"), ['/states/position has the unit "nm", must be "m"']),
        (_replace("pulses/duration", [1], "s"), ["/pulses/duration has the type <i8, must be <f8"]),
        (_replace("devices/instance", [1, 2]), ["/devices/instance has the type <i8, must be <f8"]),
        (_replace("states/conductance", [1e-6], "S"), ["/states/conductance has the shape (1,), must be (S) = (2,)"]),
        (_replace("transitions/probability", np.full((2, 1, 2, 1, 2, 3), 1 / 3)), ["does not follow from"]),
        (_replace("pulses/temperature", [-1.0], "K"), ["temperature = -1 [K] must be >= 0"]),
        (_replace("retention/rate", np.full((2, 1, 2, 2), -1.0), "1/s"), ["retention_rate = -1 [1/s] must be >= 0 between two states"]),
        (lambda file: file.pop("retention/method"), ["lacks the data set /retention/method"]),
        (
            _both(lambda file: file.pop("states/position"), _replace("pulses/duration", [1.0], "ns")),
            ["lacks the data set /states/position", '/pulses/duration has the unit "ns"'],
        ),
        (
            lambda file: files.put(file, "states/instance_present", np.ones((2, 1, 2), np.uint8), unit="1", long_name="x"),
            ["lacks the data set /states/instance_position", "lacks the data set /states/instance_conductance"],
        ),
    ],
)  # fmt: skip
def test_departures_are_named(table_path, change, fragments):
    path = resealed(table_path, change)
    with pytest.raises(InputError) as caught:
        check_table(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert all(fragment in message for fragment in fragments), message
