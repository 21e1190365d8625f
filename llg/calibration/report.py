"""What a calibration found, in words and numbers, and what it cannot tell apart."""

from collections.abc import Iterator

import numpy as np
import scipy

from dwcore.canvas.number_text import counted
from llg.calibration.fit import Calibration
from llg.calibration.parameters import FITTABLE

DEGENERATE = 0.95
"""Correlations beyond this are reported as degenerate."""
POOR = 0.5
"""Standard errors beyond this share of the value are reported."""
CELLS = 0.005
"""Largest share by which the cells of a relaxed wall move a fitted parameter."""
MISFIT = 1e-3
"""Probability of a larger chi^2 below which the fit is called a misfit."""
RUN = 2.0
"""Correlation of neighbouring residuals, in its standard errors, that is reported."""
_LEAST_RUN = 8


def p_value(result: Calibration) -> float | None:
    """Return probability of a larger chi^2 if the model and all errors are right; None where an error was estimated."""
    if not all(d.errors_known for d in result.data) or result.degrees_of_freedom == 0:
        return None
    return float(scipy.stats.chi2.sf(result.chi2, result.degrees_of_freedom))


def warnings(result: Calibration) -> list[str]:
    """Return what the reader of the numbers must know, one sentence each."""
    return [*_undetermined(result), *_degenerate(result), *_misfits(result), *_cells(result)]


def _cells(result: Calibration) -> Iterator[str]:
    if result.device.wall_shape == "relaxed":
        yield f"the wall is relaxed on cells, which add up to {100 * CELLS:g} % to the errors; rigid walls have no cells"


def _undetermined(result: Calibration) -> Iterator[str]:
    columns = (result.names, result.value, result.standard_error, result.at_bound, result.abrupt)
    for name, value, error, at_bound, abrupt in zip(*columns, strict=True):
        unit = _unit(name)
        if at_bound:
            yield f"{name} = {value:.4g}{unit} lies on a bound of the search; its interval does not hold"
        elif not np.isfinite(error):
            yield f"{name} is not determined by these data: another fitted parameter can make up for any change of it"
        elif abrupt:
            yield f"{name}: the predictions change abruptly with it near the fit (a threshold); its error does not hold"
        elif error > POOR * abs(value):
            yield f"{name} is poorly determined: {value:.4g} +- {error:.2g}{unit}"


def _degenerate(result: Calibration) -> Iterator[str]:
    """Return the pairs whose errors are strongly correlated, with the combination that the data do determine."""
    p, error = len(result.names), result.standard_error
    for i in range(p):
        for j in range(i + 1, p):
            rho = result.correlation[i, j]
            if abs(rho) < DEGENERATE or not (np.isfinite(error[i]) and np.isfinite(error[j])):
                continue
            first, second = result.names[i], result.names[j]
            slope = rho * error[i] / error[j]
            left = error[i] * np.sqrt(max(1 - rho**2, 0.0))
            sign = "-" if slope > 0 else "+"
            yield (
                f"{first} and {second} are nearly degenerate (correlation {rho:+.4f}): the data determine "
                f"{first} {sign} {abs(slope):.4g} {second} to +- {left:.2g} [SI], neither alone; "
                "fix one of them or add data that tell them apart"
            )


def _misfits(result: Calibration) -> Iterator[str]:
    p = p_value(result)
    if p is not None and p < MISFIT:
        yield (
            f"chi^2 = {result.chi2:.4g} at {result.degrees_of_freedom} degrees of freedom (p = {p:.1g}): "
            "the model does not describe these data within their errors, so the intervals are too narrow"
        )
    for data, predicted, error in zip(result.data, result.predicted, result.error, strict=True):
        yield from data.concerns(result.device, predicted)
        r = (data.measured - predicted) / error
        order = np.lexsort((data.x, data.series))
        r, series = r[order], data.series[order]
        neighbours = series[1:] == series[:-1]
        pairs = int(neighbours.sum())
        if pairs < _LEAST_RUN - 1 or not np.any(r):
            continue
        run = float(np.sum((r[1:] * r[:-1])[neighbours]) / np.sum(r**2))
        if run > RUN / np.sqrt(pairs):
            yield (
                f"{data.source}: residuals of neighbouring points have the same sign (correlation {run:.2f}): a "
                "systematic difference between model and data, so the intervals are too narrow"
            )


def _unit(name: str) -> str:
    unit = FITTABLE[name].unit
    return "" if unit == "1" else f" {unit}"


def parameter_lines(result: Calibration) -> list[str]:
    """Return one line per fitted parameter."""
    lines = []
    for i, name in enumerate(result.names):
        low, high = result.interval[i]
        line = (
            f"{name:17s} = {result.value[i]:.6g} +- {result.standard_error[i]:.2g}{_unit(name)}, "
            f"95 % {low:.6g} to {high:.6g} (start {result.start[i]:.6g})"
        )
        if result.profile is not None:
            low, high = ("bound" if np.isinf(end) else f"{end:.6g}" for end in result.profile[i])
            line += f", profile {low} to {high}"
        lines.append(line)
    return lines


def as_text(result: Calibration) -> list[str]:
    """Return the report as lines."""
    points = sum(d.measured.size for d in result.data)
    lines = [f"{result.device.name}: {counted(len(result.names), 'parameter')} fitted to {counted(points, 'point')}"]
    lines += [f"  {line}" for line in parameter_lines(result)]
    if len(result.names) > 1:
        lines.append("correlation " + " ".join(f"{name:>17s}" for name in result.names))
        for name, row in zip(result.names, result.correlation, strict=True):
            lines.append(f"  {name:17s}" + " ".join(f"{value:17.4f}" for value in row))
    for entry in _data_json(result):
        errors = "given errors" if entry["errors_known"] else f"error estimated as {entry['estimated_error']:.3g}"
        lines.append(
            f"{entry['kind']} {entry['source']}: {counted(entry['points'], 'point')}, rms residual {entry['rms_residual']:.3g} "
            f"[{_SI[entry['kind']]}], {errors}"
        )
    p = p_value(result)
    verdict = "an error was estimated" if p is None else f"p = {p:.3g}"
    lines.append(f"chi^2 = {result.chi2:.4g} at {result.degrees_of_freedom} degrees of freedom ({verdict})")
    return lines + [f"note: {text}" for text in warnings(result)]


_SI = {"pinning map": "T", "velocity curve": "m/s", "depinning curve": "1", "trajectory": "m"}


def as_json(result: Calibration) -> dict:
    """Return the documented JSON object of `dwsynapse calibrate`; null where the data do not determine a number."""
    parameters = [
        {
            "name": name,
            "unit": FITTABLE[name].unit,
            "start": float(result.start[i]),
            "value": float(result.value[i]),
            "standard_error": _number(result.standard_error[i]),
            "interval_95": [_number(end) for end in result.interval[i]],
            "profile_interval_95": None if result.profile is None else [_number(end) for end in result.profile[i]],
        }
        for i, name in enumerate(result.names)
    ]
    return {
        "device": result.device.name,
        "parameters": parameters,
        "correlation": result.correlation.tolist(),
        "chi2": result.chi2,
        "degrees_of_freedom": result.degrees_of_freedom,
        "p_value": p_value(result),
        "data": _data_json(result),
        "warnings": warnings(result),
        "evaluations": result.evaluations,
    }


def _data_json(result: Calibration) -> list[dict]:
    entries = []
    for data, predicted, error in zip(result.data, result.predicted, result.error, strict=True):
        residual = data.measured - predicted
        entries.append(
            {
                "kind": data.kind,
                "source": data.source,
                "points": int(residual.size),
                "errors_known": data.errors_known,
                "estimated_error": None if data.errors_known else float(error[0]),
                "chi2": float(np.sum((residual / error) ** 2)),
                "rms_residual": float(np.sqrt(np.mean(residual**2))),
            }
        )
    return entries


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
