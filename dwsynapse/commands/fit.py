"""Subcommand `dwsynapse fit`: statistics into the closed-form compact model."""

import argparse

from dwsynapse.options import add_common, emit, path, progress, writable_hdf5

BEST = "best"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("raw", metavar="RAW", type=path, help="transition table with the counts")
    parser.add_argument("--form", metavar="NAME", help="closed form (default drift-diffusion), or "
                     f'"{BEST}": compare all by held-out likelihood')  # fmt: skip
    add_common(parser, output="write the table with the fit to this HDF5 file", seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Fit a table and write it with the fit."""
    from compact.fitting.run import compare_forms, run_fit, with_fit
    from compact.forms.registry import DEFAULT, form_by_name
    from compact.table.table_file import load_table, save_table
    from dwcore.errors import InputError

    if arguments.out is None:
        raise InputError("fit: needs -o FILE to write the table with the fit to")
    writable_hdf5(arguments.out, arguments.force)
    form = DEFAULT if arguments.form is None else arguments.form
    if form != BEST:
        form_by_name(form)
    table = load_table(arguments.raw)
    scores = {}
    if form == BEST:
        with progress(None, "forms", "") as bar:
            scores = compare_forms(table, bar)
        form = next(iter(scores))
    with progress(None, "steps", "") as bar:
        fit = run_fit(table, form, progress=bar)
    save_table(arguments.out, with_fit(table, fit), inputs=[arguments.raw], force=arguments.force)
    result, lines = _summary(arguments.out, fit, scores)
    result["notes"] = table.notes
    result["counts"] = table.config.get("origin", {}).get("counts")
    if result["counts"]:
        lines.insert(1, f"  the counts of this table are {result['counts']}")
    emit(arguments, result, lines)


def _summary(path, fit, scores: dict[str, float]) -> tuple[dict, list[str]]:
    """Return what the command prints: the JSON object, and lines of text."""
    import math

    model = fit.model
    error = [[v if math.isfinite(v) else None for v in row] for row in model.standard_error.tolist()]
    result = {
        "table": str(path),
        "form": model.form,
        "devices": model.devices,
        "parameters": list(model.names),
        "units": list(model.units),
        "shared": model.shared.tolist(),
        "value": model.value.tolist(),
        "standard_error": error,
        "deviance": float(fit.deviance.sum()),
        "degrees_of_freedom": float(fit.expected_deviance.sum() - fit.free),
        "deviance_per_degree_of_freedom": fit.dispersion,
        "verdict": fit.verdict,
        "held_out_log_likelihood": {n: s if math.isfinite(s) else None for n, s in scores.items()},
        "spread": None if fit.spread is None else _spread(fit.spread),
    }
    many = f", {model.devices} devices" if model.devices > 1 else ""
    lines = [f"{path}: {model.form}, {fit.free} parameters{many}", f"  {fit.verdict}"]
    lines += [_line(model, i) for i in range(len(model.names)) if model.shared[i] or model.devices == 1]
    if fit.spread is not None:
        lines.append(
            f"  spread between devices: {fit.spread.loading.shape[1]} factors for {len(fit.spread.names)} parameters"
        )
    lines += [f"  held-out log likelihood per trial: {name} {score:.5f}" for name, score in scores.items()]
    return result, lines


def _line(model, i: int) -> str:
    import math

    error = model.standard_error[0, i]
    words = f"+- {error:.2g}" if math.isfinite(error) else "not determined"
    unit = "" if model.units[i] == "1" else f" {model.units[i]}"
    return f"  {model.names[i]} = {model.value[0, i]:.5g} {words}{unit}"


def _spread(spread) -> dict:
    return {
        "parameters": list(spread.names),
        "log_mean": spread.log_mean.tolist(),
        "standard_deviation": (spread.covariance.diagonal() ** 0.5).tolist(),
        "correlation": spread.correlation.tolist(),
        "factors": int(spread.loading.shape[1]),
        "devices": spread.devices,
    }
