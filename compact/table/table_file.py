"""Transition tables in HDF5, schema ``dwsynapse.transition-table``, version 1.

    /states        position (S,) [m], conductance (S,) [S], conductance_std_ctoc (S,) [S]
    /states        instance_present, instance_position, ... (K, T, S): the same of each device instance; optional
    /pulses        current_density (A,) [A/m^2], duration (D,) [s], temperature (T,) [K]
    /transitions   counts (K, T, A, D, S, S+1) [1], probability, standard_error of the same shape [1]
    /energy        per_pulse (A, D) [J]
    /retention     method, rate (K, T, S, S) [1/s]; rate is absent where none was computed
    /devices       one data set (K,) per drawn parameter
    /fit           closed-form model, see compact/fitting/fit_file.py; absent without a fit

Groups not named here are left alone by the reader.
"""

import numpy as np

from compact.forms.fit_file import get_fit, put_fit
from compact.states.drawn import parameter_unit
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.errors import InputError
from dwcore.storage import files

SCHEMA = "dwsynapse.transition-table"

# Field of the table: data set, unit, meaning.
LAYOUT = {
    "position": ("states/position", "m", "position of the state on the track"),
    "conductance": ("states/conductance", "S", "mean conductance of the state"),
    "conductance_std_ctoc": ("states/conductance_std_ctoc", "S", "standard deviation from read to read"),
    "current_density": ("pulses/current_density", "A/m^2", "current density of the pulse in the heavy metal"),
    "duration": ("pulses/duration", "s", "duration of the pulse"),
    "temperature": ("pulses/temperature", "K", "temperature"),
    "counts": (
        "transitions/counts",
        "1",
        "trajectories by device, temperature, current density, duration, state before and state after",
    ),
    "probability": ("transitions/probability", "1", "counts over their row sum"),
    "standard_error": ("transitions/standard_error", "1", "posterior standard deviation of the probability"),
    "energy_per_pulse": ("energy/per_pulse", "J", "energy of one pulse by current density and duration"),
}
INSTANCE_STATES = {
    "present": ("states/instance_present", "1", "1 where the device instance has the state at the temperature, else 0"),
    "position": ("states/instance_position", "m", "position of the state by device and temperature"),
    "conductance": ("states/instance_conductance", "S", "mean conductance of the state by device and temperature"),
    "conductance_std_ctoc": (
        "states/instance_conductance_std_ctoc",
        "S",
        "standard deviation from read to read by device and temperature",
    ),
}
DERIVED = ("probability", "standard_error")
DEVICES = "/devices/"
RATE = "retention/rate"
METHOD = "retention/method"
# The last digits of a quotient may differ between machines.
RELATIVE_TOLERANCE = 1e-12


def save_table(path, table: TransitionTable, *, inputs=(), force: bool = False) -> None:
    """Write a transition table.

    Args:
        path: file to write.
        table: what to write.
        inputs: paths of the files the table was made from.
        force: overwrite an existing file.

    Raises:
        InputError: the path cannot be written.
        RunError: the disk failed.
    """
    with files.create(
        path, SCHEMA, config=table.config, seed=table.seed, inputs=inputs, force=force, in_memory=True
    ) as file:
        for field, (name, unit, long_name) in LAYOUT.items():
            files.put(file, name, getattr(table, field), unit=unit, long_name=long_name)
        files.put(file, METHOD, table.retention_method, unit="1", long_name="how the rates were found")
        if table.retention_rate is not None:
            words = "rate of escape without drive by device, temperature, state before and state after"
            files.put(file, RATE, table.retention_rate, unit="1/s", long_name=words)
        group = file.create_group(DEVICES)
        for name, values in table.devices.items():
            files.put(group, name, values, unit=parameter_unit(name), long_name=f"{name} of each device instance")
        for field, (name, unit, long_name) in INSTANCE_STATES.items() if table.instance_states is not None else ():
            files.put(file, name, getattr(table.instance_states, field), unit=unit, long_name=long_name)
        if table.fit is not None:
            put_fit(file, table.fit)


def load_table(path) -> TransitionTable:
    """Read a transition table and validate it again.

    Raises:
        InputError: names the file and everything that is wrong with it.
    """
    with files.open_checked(path, SCHEMA) as file:
        fields = {field: files.get(file, layout[0]) for field, layout in LAYOUT.items()}
        devices = [name for name, *_ in files.describe(file) if name.startswith(DEVICES)]
        stored = {name: fields.pop(name) for name in DERIVED}
        origin = files.provenance(file)
        try:
            table = TransitionTable(
                **fields,
                retention_rate=files.get(file, RATE) if RATE in file else None,
                retention_method=str(files.get(file, METHOD)),
                devices={name.removeprefix(DEVICES): files.get(file, name) for name in devices},
                instance_states=_instance_states(file),
                fit=get_fit(file, states=fields["position"].size),
                config=origin["config"],
                seed=origin["seed"],
            )
        except InputError as error:
            message = str(error)
            raise InputError(message if message.startswith(str(path)) else f"{path}: {message}") from None
    for name, values in stored.items():
        _check_derived(path, name, values, getattr(table, name))
    return table


def _instance_states(file) -> InstanceStates | None:
    if not any(name in file for name, *_ in INSTANCE_STATES.values()):
        return None
    return InstanceStates(**{field: files.get(file, name) for field, (name, *_) in INSTANCE_STATES.items()})


def _check_derived(path, name: str, stored: np.ndarray, computed: np.ndarray) -> None:
    if stored.shape != computed.shape or not np.allclose(stored, computed, rtol=RELATIVE_TOLERANCE, atol=0.0):
        raise InputError(f"{path}: {LAYOUT[name][0]} does not follow from {LAYOUT['counts'][0]}")
