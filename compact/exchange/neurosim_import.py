"""Device parameters of NeuroSim as a synapse: what `export --to neurosim` writes, or assignments in its C++ sources.

References:
    P.-Y. Chen, X. Peng and S. Yu, IEEE TCAD 37, 3067 (2018), equations 5 and 8 to 10.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

from compact.exchange.synapse_file import SynapseFile, synapse_from_mapping
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.units import plain_number

LARGEST_BYTES = 10_000_000
ROUNDED = 0.01
"""How far the product of a conductance and its resistance may be from one, as both are rounded [1]."""
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
LARGEST = 1e100
"""No parameter is larger; products of some stay finite."""
ASSIGNMENT = re.compile(r"\b(\w+)\s*=\s*([^=;]+);")
CHANGE = re.compile(r"\b(\w+)\s*([-+*/]=)")
CAST = re.compile(r"\(\s*(?:double|float)\s*\)")
INVERSE = re.compile(r"1\.?0*\s*/\s*\(?\s*(resistanceOn|resistanceOff|maxConductance|minConductance)\s*\)?")
SCALED = re.compile(r"([\d.eE+-]+)\s*\*\s*\(\s*maxConductance\s*-\s*minConductance\s*\)")
ENDS = ("maxConductance", "minConductance"), ("resistanceOn", "resistanceOff")
"""Names of the two ends in MLP+NeuroSim and in DNN+NeuroSim."""
NAMES = {
    "pulses_up": ("maxNumLevelLTP", "max_level"),
    "pulses_down": ("maxNumLevelLTD", "max_level"),
    "nonlinearity_up": ("NL_LTP", "nonlinearityLTP"),
    "nonlinearity_down": ("NL_LTD", "nonlinearityLTD"),
    "nonlinearity_std_dtod": ("sigmaDtoD", "d2dVari"),
}


_SPREAD = ("sigmaCtoC", "c2cVari")
_PULSE = tuple(f"write{what}{end}" for what in ("Voltage", "PulseWidth") for end in ("LTP", "LTD", ""))
KNOWN = {*ENDS[0], *ENDS[1], *_SPREAD, *_PULSE, *(name for names in NAMES.values() for name in names)}


@checked
def import_neurosim(path: str | Path, *, states: int | None = None) -> SynapseFile:
    """Return the synapse that a file of NeuroSim describes.

    Args:
        path: JSON with the parameters' names, or a C++ source that assigns them.
        states: that stand for the curve; by default those of a `[synapse]` [1].

    Raises:
        InputError: not such a file, or a parameter that is needed is missing or no number.
    """
    given = _parameters(path)
    low, high = _ends(given, path)
    content: dict = {name: _first(given, keys) for name, keys in NAMES.items()}
    content |= {"conductance_low": low, "conductance_high": high, "states": states}
    content |= _spread(given, high - low) | _pulse(given, (low + high) / 2, path)
    content = {name: value for name, value in content.items() if value is not None}
    if "pulses_up" not in content or "pulses_down" not in content:
        raise InputError(f"{path}: has no maxNumLevelLTP and maxNumLevelLTD (or max_level), the pulses from end to end")
    mapping = {
        "name": Path(path).stem,
        "source": "device parameters of NeuroSim",
        "assumptions": _assumptions(given),
        "synapse": content,
    }
    return synapse_from_mapping(mapping, str(path))


def _parameters(path: str | Path) -> dict[str, float]:
    """Return all numbers that a file names."""
    try:
        if Path(path).exists() and not Path(path).is_file():  # a pipe would wait for ever
            raise InputError(f"{path}: is not a file")
        if Path(path).stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_BYTES // 10**6} MB, no file of device parameters")
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if text.lstrip().startswith("{"):
        return _of_json(text, path)
    found = _of_source(text, path)
    if not found:
        raise InputError(f"{path}: holds no device parameters of NeuroSim, neither JSON nor assignments")
    return found


def _of_source(text: str, path: str | Path) -> dict[str, float]:
    """Return the parameters that a C++ source assigns; of several devices those of `RealDevice`."""
    text = _compiled(COMMENT.sub(" ", text))
    own = re.search(r"\bRealDevice::RealDevice\b(.*?)(?=\b\w+::\w+\s*\(|\Z)", text, re.DOTALL)
    text = own[1] if own else text
    for name, sign in CHANGE.findall(text):
        if name in KNOWN:
            raise InputError(f"{path}: {name} {sign} ... changes a parameter; write its value")
    given = [(name, CAST.sub("", words).strip()) for name, words in ASSIGNMENT.findall(text) if name in KNOWN]
    found: dict[str, float] = {}
    for form in (_plain, INVERSE.fullmatch, SCALED.fullmatch):  # what needs an end may be assigned before it
        for name, words in given:
            if form(words):
                _keep(found, name, _number(words, found, name, path), words, path)
    return found


def _plain(words: str) -> bool:
    return not INVERSE.fullmatch(words) and not SCALED.fullmatch(words)


def _compiled(text: str) -> str:
    """Return the lines of a source that `#if 0` and `#if 1` leave; of other conditions both branches stay."""
    kept: list[str] = []
    branches: list[
        tuple[bool, bool]
    ] = []  # of each condition around a line: whether it is compiled, and whether #else is
    for line in text.splitlines():
        directive = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b\s*(.*)", line)
        if directive is None:
            kept += [line] if all(here for here, _ in branches) else []
        elif directive[1].startswith("if"):
            constant = directive[2].strip() if directive[1] == "if" else ""
            branches.append((constant != "0", constant != "1"))
        elif branches and directive[1] == "endif":
            branches.pop()
        elif branches:
            branches[-1] = branches[-1][1], branches[-1][1]
    return "\n".join(kept)


def _keep(found: dict[str, float], name: str, value: float | None, words, path: str | Path) -> None:
    """Put a parameter to those that were found; it must be a number, and have no other value there."""
    if value is None or not abs(value) <= LARGEST:
        fault = "no number" if value is None or value != value else f"beyond {LARGEST:g} in size"
    elif found.setdefault(name, value) != value:
        fault = f"also {found[name]:g}; leave the parameters of one device"
    else:
        return
    shown = str(words) if len(str(words)) <= 60 else f"{str(words)[:57]}..."
    raise InputError(f"{path}: {name} = {shown} is {fault}")


def _number(words: str, found: Mapping[str, float], name: str, path: str | Path) -> float | None:
    """Return a number, one times the range of conductances, or the inverse of an end; None if it is none of these."""
    scale, inverse = SCALED.fullmatch(words), INVERSE.fullmatch(words)
    for end in ENDS[0] if scale else (inverse[1],) if inverse else ():
        if end not in found:
            raise InputError(f"{path}: {name} = {words} needs {end}, which is not assigned")
    if inverse:
        return 1 / found[inverse[1]] if found[inverse[1]] else math.inf
    try:
        factor = found[ENDS[0][0]] - found[ENDS[0][1]] if scale else 1.0
        return factor * plain_number(scale[1] if scale else words)
    except ValueError:
        return None


def _of_json(text: str, path: str | Path) -> dict[str, float]:
    try:
        content = json.loads(text, object_pairs_hook=tuple)  # a name that is there twice would lose its first value
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file: {error}") from None
    found: dict[str, float] = {}
    for part in (content, *(part for _, part in content if isinstance(part, tuple))):
        for name, value in part:
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            large = isinstance(value, int) and value.bit_length() > 1000  # more than a float can hold
            _keep(found, name, math.inf if large else float(value), "a very large number" if large else value, path)
    return found


def _ends(given: Mapping[str, float], path: str | Path) -> tuple[float, float]:
    for G, R in zip(*ENDS, strict=True):
        if G in given and R in given and not math.isclose(given[G] * given[R], 1, rel_tol=ROUNDED):
            raise InputError(f"{path}: {G} = {given[G]:g} and {R} = {given[R]:g} contradict each other; leave one out")
    for high, low in ENDS:
        if high in given and low in given:
            ends = given[low], given[high]
            if min(ends) <= 0:
                raise InputError(f"{path}: {high} = {given[high]:g} and {low} = {given[low]:g} must be > 0")
            if ends[0] == ends[1]:
                raise InputError(f"{path}: {high} and {low} are both {ends[0]:g}; must differ")
            return ends if high == "maxConductance" else (1 / ends[0], 1 / ends[1])
    wanted = " or ".join(" and ".join(pair) for pair in ENDS)
    raise InputError(f"{path}: has no {wanted}, the ends of the conductance")


def _spread(given: Mapping[str, float], span: float) -> dict[str, float | None]:
    """Return the spread of a pulse; MLP+NeuroSim has it in siemens, DNN+NeuroSim as a share of the range."""
    if "sigmaCtoC" in given:
        return {"step_std_ctoc": given["sigmaCtoC"] / span}
    return {"step_std_ctoc": given.get("c2cVari")}


def _pulse(given: Mapping[str, float], conductance: float, path: str | Path) -> dict[str, float]:
    """Return duration and energy of the pulses; the longer pulse sets the pace."""
    for name in _PULSE:
        if "Width" in name and given.get(name, 1.0) <= 0:
            raise InputError(f"{path}: {name} = {given[name]:g} [s] must be > 0; leave it out where it is unknown")
    volts = [_first(given, (f"writeVoltage{end}", "writeVoltage")) for end in ("LTP", "LTD")]
    widths = [_first(given, (f"writePulseWidth{end}", "writePulseWidth")) for end in ("LTP", "LTD")]
    known = [width for width in widths if width is not None]
    found = {"pulse_duration": max(known)} if known else {}
    energies = [conductance * v**2 * t for v, t in zip(volts, widths, strict=True) if v is not None and t is not None]
    if energies:
        found |= {"pulse_energy": energies[0], "pulse_energy_down": energies[-1]}
    return found


def _assumptions(given: Mapping[str, float]) -> str:
    """Return what the import takes for granted."""
    said = "energy is G V^2 t at half the range, as NeuroSim takes it"
    both = [all(_first(given, (f"write{what}{end}", f"write{what}")) is not None for what in ("Voltage", "PulseWidth"))
            for end in ("LTP", "LTD")]  # fmt: skip
    if both[0] == both[1]:
        return said
    known, unknown = ("up", "down") if both[0] else ("down", "up")
    return f"{said}; that of a pulse {unknown} is not in the file and is taken as that of a pulse {known}"


def _first(given: Mapping[str, float], names: tuple[str, ...]) -> float | None:
    return next((given[name] for name in names if name in given), None)
