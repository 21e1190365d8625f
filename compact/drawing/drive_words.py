"""Pulses in words and on axes, for tables that may not know their current density or duration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from compact.table.origin import subject
from dwcore.canvas.style import pulse_text

if TYPE_CHECKING:
    from compact.table.transition_table import TransitionTable


def drive_axis(known: Mapping[str, str]) -> tuple[float, str]:
    """Return the unit of the axis of current density and its label.

    Args:
        known: stand-ins of the table, see `compact.table.origin.placeholders`.
    """
    words = known.get("current_density")
    if words is None:
        return 1e11, r"current density $J$ ($10^{11}$ A/m$^2$)"
    unit = drive_unit(words)
    return 1.0, f"amplitude of the pulse ({unit})" if unit else "direction of the pulse"


def drive_unit(words: str) -> str:
    """Return the unit of the amplitudes that stand in for current densities; empty where they have none."""
    return next((unit for unit in ("V", "A") if words.endswith(f" in {unit}")), "")


def table_pulse_text(known: Mapping[str, str], current_density: float, duration: float) -> str:
    """Return a pulse in words, without what the table does not know.

    Args:
        known: stand-ins of the table.
        current_density: or what stands in for it [A/m^2].
        duration: [s].
    """
    if not {"current_density", "duration"} & set(known):
        return pulse_text(current_density, duration)
    if "current_density" in known:
        unit = drive_unit(known["current_density"])
        drive = f"{current_density:+.3g} {unit}" if unit else f"pulse {current_density:+.3g}"
    else:
        drive = rf"${current_density / 1e11:+.3g}\times10^{{11}}$ A/m$^2$"
    return drive if "duration" in known else f"{drive} for {duration * 1e9:.3g} ns"


def duration_text(known: Mapping[str, str], duration: float) -> str:
    """Return a duration in words [s]."""
    return "duration unknown" if "duration" in known else f"{duration * 1e9:.3g} ns"


def table_view_text(
    table: TransitionTable, *, device: int | None = None, temperature: int | None = None, nominal: bool = False
) -> str:
    """Return what of a table a figure shows: the device, which of its instances, the temperature.

    Args:
        table: the transition table.
        device: number of the device instance; None: all.
        temperature: number of the temperature; None: the first.
        nominal: it shows the nominal device.
    """
    K, T = len(table.counts), table.temperature[temperature or 0]
    one = f"device instance {device} of 0 to {K - 1}"
    many = "nominal device" if nominal else f"{K} device instances together"
    which = "" if K == 1 else many if device is None else one
    return subject(table, T, which)
