"""Goodness of fit per grid point, and a verdict in words that says where the model fails."""

import dataclasses

import numpy as np

from compact.fitting.estimate import pick, table_pulses, table_rows
from compact.fitting.likelihood import deviance, expected_deviance
from compact.forms.forms import STRAY
from compact.forms.model import FittedModel
from compact.table.transition_table import TransitionTable
from dwcore.canvas.number_text import counted

SOUND, FAIR = 1.5, 4.0
"""Deviance per degree of freedom up to which a fit is called sound, and usable."""
LEAST_FREEDOM = 10.0
"""With fewer degrees of freedom a fit of deviance `FAIR` per degree would look `SOUND` by chance in more than 4 %."""
NOTABLE = 0.02
"""Total variation distance beyond sampling error from which a grid point counts as failing [1]."""
_CONTINUITY = 0.25
_TWO_SIGMA = 1.7  # the distance of a few states scatters by about 0.35 of its mean


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Goodness:
    """How well the model describes the counts; arrays of shape (K, T, A, D), sums or means over the from-states.

    Attributes:
        deviance: twice the log likelihood ratio of the counts to the model [1].
        expected: what it is on average where the model is right; small where outcomes are sure [1].
        residual: mean displacement observed minus fitted, in its standard errors; > 0: the model moves walls too little
        [1].
        distance: total variation distance of observed shares from fitted rows, mean over the states [1].
        sampling: what that distance is on average where the model is right [1].
    """

    deviance: np.ndarray
    expected: np.ndarray
    residual: np.ndarray
    distance: np.ndarray
    sampling: np.ndarray


def goodness_of_fit(table: TransitionTable, model: FittedModel) -> Goodness:
    """Compare a model with the counts of a table (not always those it was fitted to)."""
    pulses, S = table_pulses(table), table.position.size
    shape = table.counts.shape[1:4]
    found = {field.name: np.zeros(table.counts.shape[:4]) for field in dataclasses.fields(Goodness)}
    for k in range(table.counts.shape[0]):
        rows = table_rows(table, k)
        counts = table.counts[k].reshape(-1, S + 1).astype(float)
        p = np.zeros_like(counts)
        p[rows] = model.rows(pick(pulses, rows), model.value[min(k, model.devices - 1)])
        counts = np.where(rows[:, None], counts, 0.0)
        for name, values in _per_row(counts, p, pulses).items():
            found[name][k] = values.reshape(*shape, S).sum(axis=-1)
        mean, variance = found["residual"][k], _variance(counts, p, pulses).reshape(*shape, S).sum(axis=-1)
        found["residual"][k] = mean / np.sqrt(variance + _CONTINUITY)
    used = np.stack([table_rows(table, k).reshape(*shape, S).sum(axis=-1) for k in range(table.counts.shape[0])])
    for name in ("distance", "sampling"):
        found[name] /= np.maximum(used, 1)
    return Goodness(**found)


def _per_row(counts: np.ndarray, p: np.ndarray, pulses) -> dict[str, np.ndarray]:
    total = counts.sum(axis=1)
    share = counts / np.maximum(total, 1)[:, None]
    step = _steps(pulses, counts.shape[1] - 1)
    sampling = np.sqrt(2 * p * (1 - p) / (np.pi * np.maximum(total, 1)[:, None])).sum(axis=1) / 2
    return {
        "deviance": deviance(counts, p),
        "expected": expected_deviance(total, p),
        "residual": total * ((share - p) * step).sum(axis=1),
        "distance": 0.5 * np.abs(share - p).sum(axis=1),
        "sampling": np.minimum(sampling, 2 * p.max(axis=1) * (1 - p.max(axis=1))),
    }


def _variance(counts: np.ndarray, p: np.ndarray, pulses) -> np.ndarray:
    step = _steps(pulses, counts.shape[1] - 1)
    mean = (p * step).sum(axis=1, keepdims=True)
    return counts.sum(axis=1) * (p * (step - mean) ** 2).sum(axis=1)


def _steps(pulses, S: int) -> np.ndarray:
    """Return the displacement along the drive of each outcome, a loss as one ridge beyond the end, shape (n, S+1)."""
    along = np.where(pulses.up, 1, -1)[:, None] * (np.arange(S) - pulses.state[:, None])
    return np.concatenate([along, pulses.distance(S)[:, None]], axis=1)


def free_parameters(model: FittedModel) -> int:
    """Return the number of parameters that the counts determined, shared ones once."""
    known = np.isfinite(model.standard_error)
    return int(known[0, model.shared].sum() + known[:, ~model.shared].sum())


def dispersion(goodness: Goodness, free: int) -> float:
    """Return deviance per effective degree of freedom; standard errors grow by its root where it exceeds one [1]."""
    return float(goodness.deviance.sum() / max(goodness.expected.sum() - free, 1.0))


def verdict(table: TransitionTable, goodness: Goodness, free: int) -> str:
    """Return one paragraph: how good the fit is, and where it fails."""
    ratio = dispersion(goodness, free)
    freedom = float(goodness.expected.sum()) - free
    if freedom < LEAST_FREEDOM:
        return (
            f"not tested: the counts determine hardly more than the {counted(free, 'parameter')}, {max(freedom, 0):.2g} "
            f"degrees of freedom are left and {LEAST_FREEDOM:g} needed"
        )
    word = (
        "sound" if ratio <= SOUND else "usable with care" if ratio <= FAIR else "poor, do not rely on the closed form"
    )
    mean = float((goodness.distance - goodness.sampling).mean())
    excess = np.maximum(goodness.distance - _TWO_SIGMA * goodness.sampling, 0.0)
    worst = f"at worst {excess.max():.3f} at {_place(table, excess)}" if excess.max() > 0 else "nowhere notable"
    words = [
        f"{word}: deviance per degree of freedom {ratio:.3g}, mean total variation distance beyond sampling error "
        f"{mean:.4f}, {worst}"
    ]
    if excess.max() > NOTABLE:
        words.append(_regions(table, goodness, excess))
    return "; ".join(words)


def untested(table: TransitionTable, model: FittedModel) -> list[str]:
    """Return what the counts leave open of the closed form, in words: how it goes on between pulses, parameters.

    A parameter is open that is not known to its own size. One that may be zero and is, is not, nor is the share of stray
    outcomes, of which there is a handful.
    """
    J, found = table.current_density, list[str]()
    if max(np.unique(J[J * sign > 0]).size for sign in (-1, 1)) < 2:
        found.append("one current to a side, so how the form depends on it is not tested")
    if table.duration.size < 2:
        found.append("one duration, so how the form depends on it is not tested")
    wide = (model.standard_error > model.value) & (model.value > 0) & (np.array(model.names) != STRAY.name)
    loose = int(wide[:, model.shared].any(axis=0).sum() + wide[:, ~model.shared].sum())
    if loose:
        number = int(model.shared.sum() + (~model.shared).sum() * model.devices)
        found.append(f"{loose} of {number} parameters are not known to their own size")
    return found


def _place(table: TransitionTable, values: np.ndarray) -> str:
    k, t, a, d = np.unravel_index(int(np.argmax(values)), values.shape)
    device = f"device {k}, " if values.shape[0] > 1 else ""
    T = f", {table.temperature[t]:g} K" if table.temperature.size > 1 else ""
    return f"{device}{table.current_density[a]:+.3g} A/m^2 for {table.duration[d]:.3g} s{T}"


def _regions(table: TransitionTable, goodness: Goodness, excess: np.ndarray) -> str:
    """Return which durations, currents or temperatures hold most of the misfit, and its sense there."""
    axes = (("temperature", "K", 1), ("current_density", "A/m^2", 2), ("duration", "s", 3))
    best = None
    for name, unit, axis in axes:
        values = getattr(table, name)
        if values.size < 2:
            continue
        others = tuple(i for i in range(4) if i != axis)
        mean = excess.mean(axis=others)
        i = int(np.argmax(mean))
        contrast = mean[i] / max(excess.mean(), 1e-12)
        if best is None or contrast > best[0]:
            best = contrast, f"{name} = {values[i]:.3g} {unit}", np.take(goodness.residual, i, axis=axis)
    if best is None:
        return "the misfit has no pattern along the grid"
    strong = best[2][np.abs(best[2]) > 3]
    sense = "too little" if strong.size and (strong > 0).mean() > 0.5 else "too much"
    moves = f"moves walls {sense} there" if strong.size else "has no clear sense there"
    return f"fails most at {best[1]} ({best[0]:.1f} times the mean misfit) and {moves}"
