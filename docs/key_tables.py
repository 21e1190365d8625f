"""Fill the tables of keys on the pages about input files from the declarations: `python docs/key_tables.py`.

A table follows a comment `<!-- keys of NAME -->`; what stands between the comment and the next blank line is made anew.
"""

import dataclasses
import re
from pathlib import Path

from arraysim.cost.settings import ChipSettings
from arraysim.networks.definition import KINDS
from arraysim.periphery.config import SECTIONS as PERIPHERY
from dwcore.parameters import Parameters
from dwsynapse.settings import Setting
from llg.device.device import SECTIONS as DEVICE
from llg.device.notch import Notch

PAGES = tuple(Path(__file__).parent / name for name in ("device-files.md", "network-and-chip-files.md"))
DECLARATIONS: dict[str, type[Parameters]] = {
    **{f"device {name}": kind for name, kind in DEVICE.items()},
    "device notch": Notch,
    **{f"layer {name}": kind for name, kind in KINDS.items()},
    **{f"periphery {name}": kind for name, kind in PERIPHERY.items()},
    "chip": ChipSettings,
}
HEAD = "| key | unit | default | allowed | meaning |\n|---|---|---|---|---|\n"
PLACE = re.compile(r"^<!-- keys of (.+?) -->\n(?:\|.*\n)*", flags=re.M)


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


def row(field: dataclasses.Field) -> str:
    """Return the row of one key."""
    unit = field.metadata.get("unit", "")
    cells = (f"`{field.name}`", "" if unit == "1" else unit, default_of(field), Setting(section="", field=field).rule())
    meaning = field.metadata["meaning"].replace("|", "\\|")
    return f"| {' | '.join((*cells, meaning))} |\n"


def filled(page: str) -> str:
    """Return a page with every table made anew."""

    def table(place: re.Match) -> str:
        rows = "".join(row(field) for field in dataclasses.fields(DECLARATIONS[place[1]]))
        return f"<!-- keys of {place[1]} -->\n{HEAD}{rows}" if rows else place[0]

    return PLACE.sub(table, page)


def main() -> None:
    """Fill the tables of both pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
