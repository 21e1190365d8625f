"""A known model and tables drawn from it, for the tests of fits, interpolation and their figures."""

import dataclasses

import numpy as np

from compact.forms.model import FittedModel
from compact.table.transition_table import TransitionTable

S = 4
CURRENT = 7e11 * np.array([-1.3, -1.1, -0.9, -0.8, -0.7, -0.6, 0.6, 0.7, 0.8, 0.9, 1.1, 1.3])
DURATION = np.array([0.7e-9, 1.0e-9, 1.5e-9])
SHAPE = {
    "pace": 4.5e9, "diffusion": 2.2e8, "run_way": 1.15, "saturation": 0.07, "dead_first": 1.0e-10, "dead_run": 4.6e-10,
    "dead_edge": 1.5e-10, "stray": 1e-5,
}  # fmt: skip
THRESHOLD = {
    "threshold_up_1": 3.9e11, "threshold_up_2": 4.0e11, "threshold_up_3": 4.1e11, "threshold_down_1": 4.05e11,
    "threshold_down_2": 3.95e11, "threshold_down_3": 4.0e11,
}  # fmt: skip


def known_model(devices=1, **changes):
    values = SHAPE | THRESHOLD | changes
    P = len(values)
    value = np.tile(list(values.values()), (devices, 1))
    return FittedModel(
        form="drift-diffusion",
        states=S,
        upward=1,
        rest_rate=5e-13,
        rest_temperature=300.0,
        names=tuple(values),
        units=("1",) * P,
        shared=np.array([name in SHAPE and (devices == 1 or name != "pace") for name in values]),
        value=value,
        standard_error=np.zeros((devices, P)),
        covariance=np.zeros((devices, P, P)),
    )


def drawn_table(model, n=2000, seed=3, temperature=(300.0,), current=CURRENT, duration=DURATION):
    """A table whose counts are drawn from a model."""
    K, T, A, D = model.devices, len(temperature), len(current), len(duration)
    rng = np.random.default_rng(seed)
    counts = np.zeros((K, T, A, D, S, S + 1), np.int64)
    for k, t, a, d in np.ndindex(K, T, A, D):
        p = model.matrix(
            temperature=float(temperature[t]), current_density=float(current[a]), duration=float(duration[d]), device=k
        )
        counts[k, t, a, d] = rng.multinomial(n, p)
    rest = np.tile(5e-13 * (np.eye(S, k=1) + np.eye(S, k=-1)), (K, T, 1, 1))
    return table_of(counts, current, duration, temperature, retention_rate=rest, retention_method="given")


def table_of(counts, current, duration, temperature=(300.0,), **more):
    """A table of these counts, shape (K, T, A, D, S, S+1)."""
    states = counts.shape[-2]
    return TransitionTable(
        position=1e-7 * np.arange(1, states + 1),
        conductance=1e-3 + 2e-4 * np.arange(states),
        conductance_std_ctoc=np.full(states, 3e-6),
        current_density=np.array(current),
        duration=np.array(duration),
        temperature=np.array(temperature),
        counts=counts,
        energy_per_pulse=np.full(counts.shape[2:4], 1e-14),
        seed=1,
        **more,
    )


def spread_model(devices, seed=6):
    """Devices whose thresholds share one factor and have a part of their own; the pace follows the factor."""
    rng = np.random.default_rng(seed)
    model = known_model(devices)
    value = model.value.copy()
    common = 0.03 * rng.standard_normal(devices)
    for i, name in enumerate(model.names):
        if name.startswith("threshold"):
            value[:, i] *= np.exp(common + 0.015 * rng.standard_normal(devices))
    return dataclasses.replace(model, value=value)
