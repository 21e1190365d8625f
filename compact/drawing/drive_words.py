"""Pulses in words and on axes, for tables that may not know their current density or duration."""

from collections.abc import Mapping

from dwcore.canvas.style import pulse_text


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
