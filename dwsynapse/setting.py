"""One setting of a command: what its declaration says, and how a text sets it."""

import dataclasses
from typing import Any

from dwcore.errors import InputError
from dwcore.parameters import as_number, check_value, sizes
from dwcore.units import plain_number, plain_whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a command.

    Attributes:
        section: where it belongs.
        field: its declaration.
        option: its own option, such as "--epochs"; None if it has none.
    """

    section: str
    field: dataclasses.Field
    option: str | None = None

    @property
    def name(self) -> str:
        """Name with the section, as "adc.bits"."""
        return f"{self.section}.{self.field.name}"

    @property
    def kind(self) -> str:
        """Kind of the value, see ``dwcore.parameters``."""
        return self.field.metadata["kind"]

    @property
    def unit(self) -> str:
        """SI unit, "1" if dimensionless, empty for what is no number."""
        return self.field.metadata.get("unit", "")

    @property
    def label(self) -> str:
        """Name, meaning without its details, and unit, for the axis of a figure."""
        return f"{self.name}: {self.meaning}" + ("" if self.unit in ("", "1") else f" [{self.unit}]")

    @property
    def meaning(self) -> str:
        """Meaning without its details."""
        return self.field.metadata["meaning"].partition(";")[0]

    @property
    def needs(self) -> str:
        """Without what of other settings it has no effect, see ``dwsynapse.needs``; empty if it always has one."""
        return self.field.metadata.get("needs", "")

    @property
    def is_number(self) -> bool:
        """Whether its values lie on an axis."""
        return self.kind in ("quantity", "whole")

    def value(self, text: str) -> Any:
        """Return the value that a text says: a number, one with a unit, true or false, a word, numbers with commas.

        Raises:
            InputError: it says none that the declaration allows.
        """
        text = text.strip()
        if text.lower() == "none" and self.field.default is None:
            return None
        value = self._read(text)
        check_value(self.field, value)
        return value

    def _read(self, text: str) -> Any:
        if self.kind == "flag":
            return {"true": True, "false": False}.get(text.lower(), text)
        if self.kind == "whole":
            try:
                return plain_whole(text)
            except ValueError:
                return text  # the check of its field says what is wrong
        try:
            if self.kind == "quantity":
                return _number(text, self.unit)
            return tuple(_number(part, self.unit) for part in text.split(",")) if self.kind == "numbers" else text
        except InputError as error:
            raise InputError(f"{self.field.name}: {error}") from None

    def values(self, text: str) -> tuple:
        """Return the values of a list with commas; lists and names that hold commas are set apart by semicolons.

        Raises:
            InputError: as ``value``, or one is there twice.
        """
        mark = ";" if self.kind == "numbers" or ";" in text else ","
        found = tuple(self.value(part) for part in text.removesuffix(";").split(mark))
        if len(set(found)) < len(found):
            raise InputError(f"{self.name} = {text}: must not hold a value twice")
        return found

    def rule(self) -> str:
        """Return what a value may be, in words; empty where the declaration leaves it open."""
        meta = self.field.metadata
        if choices := meta.get("choices"):
            return ", ".join(choices)
        bounds = [f"{sign} {bound:g}" for sign, bound in meta.get("bounds", {}).items() if bound is not None]
        if plausible := meta.get("plausible"):
            bounds.append(sizes(*plausible))
        what = {"whole": "whole number", "flag": "true or false", "numbers": "numbers"}.get(self.kind, "")
        return " ".join(filter(None, (what, " and ".join(bounds))))

    def default(self) -> Any:
        """Return the default as plain numbers and texts; None where there is none."""
        if self.field.default is dataclasses.MISSING:
            return None
        return list(self.field.default) if isinstance(self.field.default, tuple) else self.field.default

    def line(self) -> str:
        """Return name, meaning, rule and default as one line of a listing."""
        default, unit = self.default(), "" if self.unit in ("", "1") else f" [{self.unit}]"
        end = "" if default is None or default == [] else f"default {plain(default)}"
        needs = f"needs {self.needs}" if self.needs else ""
        notes = "; ".join(filter(None, (self.rule(), end, self.option, needs)))
        return f"{self.name + unit:34} {self.field.metadata['meaning']}{f' ({notes})' if notes else ''}"

    def describe(self) -> dict:
        """Return all that is declared, as plain numbers and texts."""
        meta = self.field.metadata
        bounds = {sign: bound for sign, bound in meta.get("bounds", {}).items() if bound is not None}
        return {
            "section": self.section,
            "kind": self.kind,
            "unit": self.unit,
            "meaning": meta["meaning"],
            "default": self.default(),
            "bounds": bounds,
            "plausible": list(meta.get("plausible") or ())[:2],
            "choices": list(meta.get("choices", ())),
            "option": self.option,
            "needs": self.needs,
        }


def _number(text: str, unit: str) -> float:
    """Return a number in SI or with a unit."""
    try:
        return plain_number(text)
    except ValueError:
        return as_number(text, unit)


def plain(value: Any) -> str:
    """Return a value as texts of settings have it."""
    if isinstance(value, tuple | list):
        return ",".join(map(plain, value)) or "none"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
