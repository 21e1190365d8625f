"""Device parameters of NeuroSim, fitted to the staircases of a table.

NeuroSim lets the conductance follow G(P) = G_min + B (1 - exp(-P/A)) over P pulses, B such that `maxNumLevel` pulses
reach G_max, and scatters each pulse by a Gaussian, relative to the range. The curvature A, over `maxNumLevel`, is given
as a label NL. Its published table of A for the labels 0.01 to 9 is the rule that the largest distance of the
normalized curve from its diagonal is 0.07 NL; here the rule is used, which the table follows to its six digits.

References:
    P.-Y. Chen, X. Peng and S. Yu, IEDM 2017, 6.1.1 (NeuroSim+); IEEE TCAD 37, 3067 (2018).
    X. Peng et al., IEEE TCAD 40, 2306 (2021) (DNN+NeuroSim V2, on-chip training).
"""

import dataclasses

import numpy as np
import scipy

from compact.exchange.pulse_rows import PulseRows, staircase, step_std
from compact.exchange.write_line import WriteLine
from dwcore.errors import InputError

LABEL_DISTANCE = 0.07
LARGEST_LABEL = 9.0
SATURATED = 1e-3
MAX_PULSES = 4096
CURVATURES = (0.0228, 1e4)
"""Range of A over the number of levels, between the label 9 and a straight line [1]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdateCurve:
    """The curve that fits a staircase best.

    Attributes:
        levels: pulses from one end to the other [1].
        label: nonlinearity; the sign is that of NeuroSim for raising the conductance [1].
        residual: root mean square of the staircase less the curve, share of the range [1].
    """

    levels: int
    label: float
    residual: float


def curvature_of_label(label: float) -> float:
    """Return A over the number of levels for a nonlinearity label, of the same sign [1].

    Raises:
        InputError: a label outside 0 to 9 in size.
    """
    if not 0 < abs(label) <= LARGEST_LABEL:
        raise InputError(f"nonlinearity = {label:g} must be in size > 0 and <= {LARGEST_LABEL:g}")
    found = scipy.optimize.brentq(lambda a: _label(np.exp(a)) - abs(label), *np.log(CURVATURES))
    return float(np.copysign(np.exp(found), label))


def _label(a: float) -> float:
    scale = -1 / np.expm1(-1 / a)
    x = a * np.log(scale / a)  # where the curve is parallel to the diagonal
    return float(-scale * np.expm1(-x / a) - x) / (LABEL_DISTANCE * np.sqrt(2))


def fit_curve(share: np.ndarray) -> UpdateCurve:
    """Fit a rising staircase from 0 towards 1; beyond its last level the curve stays at 1, as NeuroSim clips.

    Args:
        share: mean conductance after 0, 1, ... pulses as a share of the range, shape (N + 1,).
    """
    pulses = np.arange(share.size)

    def residual(t: float, levels: int) -> float:
        curve = _curve(np.minimum(pulses / levels, 1.0), t)
        return float(np.sqrt(np.mean((curve - share) ** 2)))

    each = {
        levels: scipy.optimize.minimize_scalar(
            residual, bounds=(-1, 1), args=(levels,), method="bounded", options={"xatol": 1e-5}
        )
        for levels in range(1, share.size)
    }
    best = min(each, key=lambda levels: each[levels].fun)
    return UpdateCurve(levels=best, label=float(each[best].x * LARGEST_LABEL), residual=float(each[best].fun))


def _curve(x: np.ndarray, t: float) -> np.ndarray:
    """Return the normalized curve of the label 9 t; t < 0 bends the other way."""
    if abs(t) < 1e-4:
        return x
    a = curvature_of_label(LARGEST_LABEL * t)
    return np.expm1(-x / a) / np.expm1(-1 / a)


def neurosim_parameters(rows: PulseRows, line: WriteLine | None = None, unknown: tuple[str, ...] = ()) -> dict:
    """Return parameters named as in MLP+NeuroSim (`RealDevice`) and DNN+NeuroSim V2 (`train.py`, `Param.cpp`).

    Args:
        rows: states and write pulses.
        line: write line, for the voltages; None leaves them null.
        unknown: fields of the table that hold stand-ins; what follows from them is null.

    Returns:
        A dictionary with a JSON form.
    """
    each = [_curves(G, up, down) for G, up, down in zip(rows.conductance, rows.up, rows.down, strict=True)]
    low, high = rows.conductance.min(axis=1), rows.conductance.max(axis=1)
    largest, smallest = float(high.mean()), float(low.mean())
    up, down = (_mean_curve([curves[side] for curves in each]) for side in (0, 1))
    labels = np.array([[curves[0].label, curves[1].label] for curves in each])
    several = len(each) > 1
    spread = [_scatter(rows, side) for side in (0, 1)]
    width = [None if "duration" in unknown else point.duration for point in rows.points]
    volts = [None if line is None or "current_density" in unknown else line.voltage(point) for point in rows.points]
    span = float((high - low).mean())
    mlp = {
        "maxConductance": largest,
        "minConductance": smallest,
        "maxNumLevelLTP": up.levels,
        "maxNumLevelLTD": down.levels,
        "nonlinearWrite": True,
        "NL_LTP": up.label,
        "NL_LTD": -down.label,
        "sigmaDtoD": float(labels.std(axis=0, ddof=1).mean()) if several else 0.0,
        "sigmaCtoC": float(np.mean(spread)) * span,
        "conductanceRangeVar": several,
        "maxConductanceVar": float(high.std(ddof=1)) if several else 0.0,
        "minConductanceVar": float(low.std(ddof=1)) if several else 0.0,
        "readNoise": bool(np.any(rows.spread > 0)),
        "sigmaReadNoise": float(np.mean(rows.spread / rows.conductance)),
        "writeVoltageLTP": volts[0],
        "writeVoltageLTD": volts[1],
        "writePulseWidthLTP": width[0],
        "writePulseWidthLTD": width[1],
    }
    dnn = {
        "resistanceOn": 1 / largest,
        "resistanceOff": 1 / smallest,
        "onoffratio": largest / smallest,
        "max_level": max(up.levels, down.levels),
        "cellBit": int(np.log2(rows.levels)),
        "nonlinearityLTP": mlp["NL_LTP"],
        "nonlinearityLTD": mlp["NL_LTD"],
        "d2dVari": mlp["sigmaDtoD"],
        "c2cVari": float(np.mean(spread)),
    }
    energy = None if "energy_per_pulse" in unknown else list(rows.energy)
    fit = {"states": rows.levels, "devices": len(each), "residual_LTP": up.residual, "residual_LTD": down.residual,
           "sigmaCtoC_LTP": spread[0], "sigmaCtoC_LTD": spread[1], "energy_per_pulse_J": energy,
           "largest_probability_lost": rows.lost}  # fmt: skip
    return {"format": "neurosim", "MLP_NeuroSim_RealDevice": mlp, "DNN_NeuroSim_V2": dnn, "fit": fit}


def _curves(G: np.ndarray, up: np.ndarray, down: np.ndarray) -> tuple[UpdateCurve, UpdateCurve]:
    """Return the curves of rising and, turned upside down, of falling staircases."""
    low, span = G[0], G[-1] - G[0]
    rising = _to_saturation(G, up, 0)
    falling = _to_saturation(G, down, G.size - 1)
    return fit_curve((rising - low) / span), fit_curve((G[-1] - falling) / span)


def _to_saturation(G: np.ndarray, matrix: np.ndarray, start: int) -> np.ndarray:
    """Return the mean staircase until a pulse changes it by less than a thousandth of the mean step so far."""
    mean, _ = staircase(G, matrix, start=start, pulses=MAX_PULSES)
    so_far = np.abs(mean - mean[0])
    total = so_far[-1]
    if total <= 0.5 * np.ptp(G):
        raise InputError(
            f"the staircase covers {total / np.ptp(G):.2f} of the conductance range, must be > 0.5 for a fit"
        )
    settled = int(np.argmax(so_far >= (1 - SATURATED) * total))
    return mean[: max(settled, 1) + 1]


def _mean_curve(curves: list[UpdateCurve]) -> UpdateCurve:
    return UpdateCurve(
        levels=round(float(np.mean([c.levels for c in curves]))),
        label=float(np.mean([c.label for c in curves])),
        residual=float(np.max([c.residual for c in curves])),
    )


def _scatter(rows: PulseRows, side: int) -> float:
    """Return root mean square of the spread of one pulse as a share of the range, without the state at the far end."""
    values = []
    for G, matrix in zip(rows.conductance, (rows.up, rows.down)[side], strict=True):
        inner = slice(None, -1) if side == 0 else slice(1, None)
        values.append(np.mean(step_std(G, matrix)[inner] ** 2) / np.ptp(G) ** 2)
    return float(np.sqrt(np.mean(values)))
