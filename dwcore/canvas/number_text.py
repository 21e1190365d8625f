"""Numbers as text for readers: SI prefixes, times, powers of ten, shares."""

import math
from collections.abc import Sequence

import numpy as np

NONE = "–"
"""Stands for what is infinite or unknown."""
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUTE, _HOUR, _YEAR = 60.0, 3600.0, 365.25 * 86400.0


def with_prefix(value: float | None, unit: str) -> str:
    """Write a quantity with three digits and the SI prefix that suits it, "47.8 fJ"."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return f"0 {unit}"
    # Rounded first, so that 999.9 f becomes 1 p and not 1000 f.
    value = float(f"{value:.3g}")
    power = 3 * math.floor(math.log10(abs(value)) / 3 + 1e-12)
    if power not in _PREFIXES:
        return f"{power_of_ten(value)} {unit}"
    return f"{signed(value / 10.0**power)} {_PREFIXES[power]}{unit}"


def power_of_ten(value: float | None) -> str:
    """Write a number with three digits, large and small ones as "7.2 × 10¹¹"."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return signed(value)
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{signed(float(mantissa))} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def signed(value: float) -> str:
    """Write a number with three digits and a true minus sign."""
    return f"{float(f'{value:.3g}'):.12g}".replace("-", "−")


def counted(number: int, what: str) -> str:
    """Write a number of things, whose name gets an s unless there is one: "1 device", "5 devices"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def time_text(seconds: float | None) -> str:
    """Write a time in the unit that suits it, from picoseconds to years."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if round(seconds, 1) < _MINUTE:
        return with_prefix(seconds, "s")
    if round(seconds) < _HOUR:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    if seconds < _YEAR:
        return f"{power_of_ten(seconds / _HOUR)} h"
    return f"{power_of_ten(seconds / _YEAR)} years"


def memory_text(size: int | None) -> str:
    """Write a number of bytes in MiB or GiB."""
    if size is None:
        return NONE
    return f"{size / 2**20:.0f} MiB" if size < 2**30 else f"{size / 2**30:.2f} GiB"


def percent_text(shares: Sequence[float]) -> str:
    """Write shares [1] as the mean in percent, with the standard deviation of one share where there are several."""
    mean = f"{100 * np.mean(shares):.1f}"
    return f"{mean} %" if len(shares) < 2 else f"{mean} ± {100 * np.std(shares, ddof=1):.1f} %"
