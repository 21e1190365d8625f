"""A transition table of a synapse that is known by its figures only.

The table says what it does not know (`compact.table.origin`). Device instances are drawn with a fixed seed; the first
stay the same when more are drawn.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy

from compact.exchange.crosssim_import import Fidelity, PulseFacts, fidelity_of, instance_states, pulse_axes
from compact.exchange.neurosim import curvature_of_label
from compact.exchange.state_grid import Rows, assign_states
from compact.exchange.synapse_file import Synapse, SynapseFile, is_shipped_synapse, load_synapse
from compact.table.moves import ladder
from compact.table.origin import GRID, WEIGHTS, weights
from compact.table.table_file import load_table
from compact.table.transition_table import TransitionTable
from dwcore.toml import is_toml

STRAIGHT = 1e-2
"""Nonlinearity below which a curve is taken as a straight line [1]."""
_TAIL = np.linspace(-4.0, 4.0, 81)  # normal quantiles that carry the spread of a pulse
_SLOWEST = 0.05  # least share of the mean step that a device instance keeps


def table_of(source: str | Path) -> TransitionTable:
    """Return the table that a user names: an HDF5 file, a `[synapse]` file, or a shipped synapse.

    Raises:
        InputError: there is no such thing.
    """
    path = Path(source)
    if is_toml(path) or is_shipped_synapse(source) or not (path.suffix or path.exists()):
        return synapse_table(load_synapse(source))
    return load_table(source)


def synapse_table(given: SynapseFile) -> TransitionTable:
    """Return the transition table of a synapse."""
    synapse = given.synapse
    curve = synapse.way == "curve"
    levels, deviates = _conductances(synapse), _deviates(synapse)
    if curve:
        x = (levels - levels[0]) / np.ptp(levels)
        rows = [_curve_rows(synapse, x, z) for z in deviates]
        probability = np.array([[_with_lost(of_pulse.probability) for of_pulse in both] for both in rows])
    else:
        matrices = _matrices(synapse, levels.size)
        probability = np.array([[_scaled(m, 1 + synapse.step_std_dtod * z[1]) for m in matrices] for z in deviates])
    of_device = levels * np.exp(synapse.conductance_std_dtod * deviates[:, :1])
    facts = PulseFacts(duration=synapse.pulse_duration, temperature=synapse.temperature, energy=synapse.energy or None)
    axes, missing = pulse_axes(facts)
    del missing["conductance_std_ctoc"]
    if synapse.energy is not None:
        down = synapse.energy if synapse.pulse_energy_down is None else synapse.pulse_energy_down
        axes["energy_per_pulse"] = np.array([[down], [synapse.energy]])
        missing.pop("energy_per_pulse", None)
    origin: dict = {"format": "synapse", "counts": WEIGHTS, "placeholders": missing}
    origin |= {key: text for key in ("source", "validity", "assumptions") if (text := getattr(given, key))}
    if curve:
        origin |= {"states": GRID, "fidelity": dataclasses.asdict(_fidelity(x, rows))}
    spread = synapse.conductance_std_ctoc
    return TransitionTable(
        position=np.arange(levels.size, dtype=float),
        conductance=levels,
        conductance_std_ctoc=spread * levels,
        counts=weights(probability[:, None, :, None]),
        instance_states=instance_states(of_device, spread) if len(deviates) > 1 else None,
        **_retention(synapse, levels.size, len(deviates)),
        config={"name": given.name, "origin": origin, "synapse": _said(synapse)},
        seed=0,
        **axes,
    )


def _said(synapse: Synapse) -> dict:
    """Return the figures that were given."""
    defaults = {field.name: field.default for field in dataclasses.fields(synapse)}
    return {name: value for name, value in synapse.to_dict().items() if getattr(synapse, name) != defaults[name]}


def _conductances(synapse: Synapse) -> np.ndarray:
    if synapse.conductances:
        return np.array(synapse.conductances)
    return np.linspace(*synapse.window, synapse.size[1])


def _deviates(synapse: Synapse) -> np.ndarray:
    """Return standard normal numbers of each device instance: conductance, step, labels up and down; shape (K, 4)."""
    shape = synapse.size[0], 4
    if not (synapse.conductance_std_dtod or synapse.step_std_dtod or synapse.nonlinearity_std_dtod):
        return np.zeros(shape)
    return np.random.default_rng(0).standard_normal(shape)


def _matrices(synapse: Synapse, states: int) -> list[np.ndarray]:
    """Return what the pulses down and up do, each (S, S+1) [1]."""
    if synapse.way == "matrix":
        return [_with_lost(np.reshape(getattr(synapse, name), (states, -1))) for name in ("down", "up")]
    lost, miss, double = synapse.lost or 0.0, synapse.miss or 0.0, synapse.double or 0.0
    miss_down = miss if synapse.miss_down is None else synapse.miss_down
    double_down = double if synapse.double_down is None else synapse.double_down
    return [ladder(states, -1, miss_down, double_down, lost), ladder(states, 1, miss, double, lost)]


def _with_lost(matrix: np.ndarray) -> np.ndarray:
    return matrix if matrix.shape[1] > len(matrix) else np.pad(matrix, ((0, 0), (0, 1)))


def _scaled(matrix: np.ndarray, factor: float) -> np.ndarray:
    """Return a matrix whose chances to leave a state are so many times as large, as far as there is room."""
    away = matrix * (1 - np.eye(*matrix.shape))
    total = away.sum(axis=1, keepdims=True)
    away = away * np.minimum(max(factor, _SLOWEST), 1 / np.maximum(total, 1e-300))
    return away + np.eye(*matrix.shape) * (1 - away.sum(axis=1, keepdims=True))


def _curve_rows(synapse: Synapse, x: np.ndarray, deviates: np.ndarray) -> tuple[Rows, Rows]:
    """Return what the pulses down and up do from each share of the range, for one device instance.

    G(P) = G_min + B (1 - exp(-P/A)) upwards, the same from the top downwards, and a Gaussian spread that is clipped to
    the range (P.-Y. Chen, X. Peng and S. Yu, IEEE TCAD 37, 3067 (2018), equations 8 to 10).
    """
    faster = max(1 + synapse.step_std_dtod * deviates[1], _SLOWEST)
    labels = np.array([-(synapse.nonlinearity_down or 0.0), synapse.nonlinearity_up or 0.0])
    labels = np.clip(labels + (synapse.nonlinearity_std_dtod or 0.0) * deviates[[3, 2]], -9, 9)
    down = 1 - _after_pulse(1 - x, faster / synapse.pulses_down, labels[0])
    up = _after_pulse(x, faster / synapse.pulses_up, labels[1])
    std = synapse.step_std_ctoc or 0.0
    u = np.concatenate([[0.0], scipy.special.ndtr(_TAIL[1:-1]), [1.0]])
    down_rows, up_rows = (assign_states(x, mean[:, None] + std * _TAIL, u) for mean in (down, up))
    return down_rows, up_rows


def _after_pulse(x: np.ndarray, step: float, label: float) -> np.ndarray:
    """Return where a rising curve is one pulse later, all as shares of the range, stopped at its end."""
    if abs(label) < STRAIGHT:
        return np.minimum(x + step, 1.0)
    a = curvature_of_label(label)
    with np.errstate(divide="ignore"):  # the end of the steepest curves is reached after infinitely many pulses
        pulses = -a * np.log1p(x * np.expm1(-1 / a))
    return np.expm1(-np.minimum(pulses + step, 1.0) / a) / np.expm1(-1 / a)


def _fidelity(x: np.ndarray, rows: Sequence[tuple[Rows, Rows]]) -> Fidelity:
    return fidelity_of(x, [of_pulse for both in rows for of_pulse in both])


def _retention(synapse: Synapse, states: int, instances: int) -> dict:
    """Return escape rates to the neighbours, the same to both sides, as fields of a table; none if unknown."""
    if synapse.retention is None:
        return {}
    rate = np.eye(states, k=1) + np.eye(states, k=-1)
    rate *= 1 / (synapse.retention * rate.sum(axis=1, keepdims=True))
    return {
        "retention_rate": np.broadcast_to(rate, (instances, 1, states, states)),
        "retention_method": "mean time to leave a state, as given, alike for all states and to both sides",
    }
