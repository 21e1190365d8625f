"""Fill the tables of keys and of data sets on the pages from the declarations: `python docs/key_tables.py`.

A table follows a comment `<!-- keys of NAME -->`, `<!-- settings of SECTION -->` or `<!-- data sets of NAME -->`; what
stands between the comment and the next blank line is made anew.
"""

import dataclasses
import importlib
import re
from pathlib import Path

from arraysim.programming.result import ProgrammedChip
from arraysim.training.result import TrainingResult
from dwcore.storage import records
from dwsynapse.front import Front
from dwsynapse.setting import Setting
from dwsynapse.toml_files import KINDS, Fields
from llg.runs.trajectories import Trajectories

PAGES = tuple(
    Path(__file__).parent / name
    for name in (
        "device-files.md",
        "network-and-chip-files.md",
        "file-formats.md",
        "synapse-files.md",
        "design.md",
        "settings.md",
    )
)
COMMANDS = ("train", "program", "infer", "simulate", "rates")
"""Whose settings in sections of no file stand on the page of settings."""
DECLARATIONS: dict[str, Fields] = {
    re.sub("[][]", "", title if kind == "network" and title else f"{kind} {title}").strip(): fields
    for kind, entry in KINDS.items()
    if kind != "recipe"  # which has the settings of a command
    for title, fields in entry.sections().items()
}
RECORDS: dict[str, type] = {
    "trajectories": Trajectories,
    "training": TrainingResult,
    "programming": ProgrammedChip,
    "front": Front,
}
RECORD_HEAD = "| data set | axes | type | unit | meaning |\n|---|---|---|---|---|\n"
HEAD = "| key | unit | default | allowed | meaning |\n|---|---|---|---|---|\n"
PLACE = re.compile(r"^<!-- (keys|settings|data sets) of (.+?) -->\n(?:\|.*\n)*", flags=re.M)


def default_of(field: dataclasses.Field) -> str:
    """Return the default as a file says it; "required" where there is none, "-" where the key may be absent."""
    if field.default is dataclasses.MISSING:
        return "required"
    match field.default:
        case None | ():
            return "-"
        case bool():
            return str(field.default).lower()
        case str():
            return f'"{field.default}"'
        case tuple():
            return f"[{', '.join(f'{value:g}' for value in field.default)}]"
    return f"{field.default:g}"


def sections() -> dict[str, list[dataclasses.Field]]:
    """Return the settings of the commands by section, without the sections of files, which have pages of their own."""
    of_files = {name.split()[-1] for name in DECLARATIONS if not name.startswith("layer")} - {"synapse", "network"}
    found: dict[str, dict[str, dataclasses.Field]] = {}
    for command in COMMANDS:
        settings = importlib.import_module(f"dwsynapse.commands.{command}").SETTINGS
        settings.complete()
        for setting in settings.all.values():
            if setting.section not in of_files:
                found.setdefault(setting.section, {}).setdefault(setting.field.name, setting.field)
    return {section: list(fields.values()) for section, fields in found.items()}


def row(field: dataclasses.Field) -> str:
    """Return the row of one key."""
    unit = field.metadata.get("unit", "")
    cells = (f"`{field.name}`", "" if unit == "1" else unit, default_of(field), Setting(section="", field=field).rule())
    meaning = field.metadata["meaning"].replace("|", "\\|")
    return f"| {' | '.join((*cells, meaning))} |\n"


def record_row(path: str, item: records.Item, optional: bool) -> str:
    """Return the row of one data set."""
    unit = "SI" if callable(item.unit) else item.unit
    meaning = "arrays by name" if callable(item.meaning) else item.meaning
    axes = "any" if item.axes is None else ", ".join("any" if axis == "_" else axis for axis in item.axes.split())
    cells = (f"`{path.removeprefix('/')}`", axes, item.dtype, "" if unit == "1" else unit)
    return f"| {' | '.join(cells)} | {'optional: ' if optional else ''}{meaning} |\n"


def filled(page: str) -> str:
    """Return a page with every table made anew."""

    def table(place: re.Match) -> str:
        kind, name = place.groups()
        if kind == "keys":
            rows, head = [row(field) for field in DECLARATIONS[name]], HEAD
        elif kind == "settings":
            rows, head = [row(field) for field in sections()[name]], HEAD
        else:
            rows, head = [record_row(*one) for one in records.layout(RECORDS[name])], RECORD_HEAD
        return f"<!-- {kind} of {name} -->\n{head}{''.join(rows)}"

    return PLACE.sub(table, page)


def main() -> None:
    """Fill the tables of all pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
