"""The periphery that a command line asks for."""

from typing import TYPE_CHECKING, Any

from dwsynapse.given import Given

if TYPE_CHECKING:
    from pathlib import Path

    from arraysim.periphery.config import Periphery


def periphery_sections() -> dict[str, Any]:
    """Return the sections of a periphery file, which help does not need."""
    from arraysim.periphery.config import SECTIONS

    return SECTIONS


_WIRES = " or ".join(f"wires.{end}_resistance > 0" for end in ("word", "bit", "driver", "sink"))
_ERRORS = "adc.offset_dtod > 0 or adc.gain_dtod > 0 or adc.nonlinearity_dtod > 0"
OF_READS = {
    "tile.rows": f"adc.bits > 0 or read.integrator_noise > 0 or {_WIRES}",
    "tile.columns": f"{_ERRORS} or {_WIRES}",
    "dac.coding": " or ".join(
        f"dac.bits > 0 and {one} > 0" for one in ("adc.bits", "read.noise", "read.integrator_noise")
    ),
    "adc.kind": "adc.nonlinearity_dtod > 0",
    "adc.lines": _ERRORS,
    "read.voltage": "read.integrator_noise > 0 or adc.full_scale > 0",
    "read.subtraction": "adc.bits > 0 or read.integrator_noise > 0",
}
"""What settings need to change what is read; the cost of a chip feels them in any case."""


def follow_periphery(path: "Path | None", given: Given) -> None:
    """Set what a periphery file says and the command line does not.

    Args:
        path: periphery file, if there is one.
        given: what the options set; added to.

    Raises:
        InputError: the file is not sound.
    """
    from arraysim.periphery.config import load_periphery
    from dwcore.toml import read_toml

    if path is not None:
        sound = load_periphery(path)
        said = {section: {name: getattr(getattr(sound, section), name) for name in named}
                for section, named in read_toml(path).items()}  # fmt: skip
        given.under(said, str(path))


def periphery_of(given: Given, *, always: bool = False) -> "Periphery | None":
    """Return the periphery that the settings make; None where they say nothing of it.

    Args:
        given: settings by section.
        always: return an ideal one instead of None.

    Raises:
        InputError: the settings do not fit together.
    """
    from arraysim.periphery.config import SECTIONS, Periphery

    said = {name: SECTIONS[name](**given[name]) for name in SECTIONS if given[name]}
    return Periphery(**said) if said or always else None
