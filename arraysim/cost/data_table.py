"""Tables of published figures that come with the package: CSV with comment lines."""

import csv
import functools
import importlib.resources


@functools.cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of the package `dwsynapse_data`, column name to text; `#` lines are comments."""
    text = (importlib.resources.files("dwsynapse_data") / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(csv.DictReader(lines))
