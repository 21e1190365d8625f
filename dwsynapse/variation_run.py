"""`dwsynapse COMMAND --vary` from Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwsynapse.command_line import build_parser
from dwsynapse.series import run_series
from dwsynapse.variation import Variation


@checked
def vary(
    command: str,
    axes: Mapping[str, Sequence],
    *sources: str | Path,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    **options: Any,
) -> Variation:
    """Run a command once per value of one or more of its settings, and per seed.

    >>> found = vary("train", {"states": (2, 3, 5, 9)}, seeds=3, settings={"epochs": 30})
    >>> found["test_accuracy"].mean(axis=1)

    Args:
        command: that can vary its settings, such as "train" or "infer".
        axes: values by setting, as for ``--vary``; several make a grid.
        sources: files or devices that the command works on.
        settings: values by setting, as for ``--set``.
        out: result file, written anew after each point.
        resume: go on from the points that it holds.
        force: overwrite it.
        options: further options of the command, such as ``table="table.h5"`` or ``no_twin=True``.

    Raises:
        InputError: what the command refuses.
    """
    argv = [command, *map(str, sources)]
    argv += [f"--set={name}={_text(value)}" for name, value in (settings or {}).items()]
    argv += [f"--vary={name}={';'.join(map(_text, values))};" for name, values in axes.items()]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is not None and value is not False:
            argv.append(option if value is True else f"{option}={_text(value)}")
    arguments = build_parser(command).parse_args(argv)
    if not hasattr(arguments, "series"):
        raise InputError(f"{command}: has no settings to vary")
    return run_series(arguments.series(arguments), out=None if out is None else Path(out), resume=resume, force=force)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)
