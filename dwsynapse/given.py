"""What a command line sets and varies, and whether it has an effect."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dwcore.errors import InputError
from dwsynapse.setting import Setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axis:
    """A setting that is varied, and the values that it takes one after the other."""

    setting: Setting
    values: tuple


class Given(dict[str, dict[str, Any]]):
    """What a command line sets: by section, the values by name; a section without any is there and empty.

    Attributes:
        said: by name with the section, how it was said: "--epochs", "--set", or the name of a file.
        axes: what is to be varied.
    """

    def __init__(self, sections: Iterable[str]):
        super().__init__({section: {} for section in sections})
        self.said: dict[str, str] = {}
        self.axes: list[Axis] = []

    def put(self, setting: Setting, value: Any, said: str) -> None:
        """Note a value.

        Raises:
            InputError: the setting has been said already.
        """
        self._note(setting, said)
        self[setting.section][setting.field.name] = value

    def vary(self, axis: Axis, said: str) -> None:
        """Note what is to be varied.

        Raises:
            InputError: the setting has been said already.
        """
        self._note(axis.setting, said)
        self.axes.append(axis)

    def _note(self, setting: Setting, said: str) -> None:
        if setting.name in self.said:
            raise InputError(f"{setting.name}: must be said once, not by {self.said[setting.name]} and {said}")
        self.said[setting.name] = said

    def at(self, values: Sequence) -> "Given":
        """Return what is set at one point of the grid of what is varied.

        Args:
            values: one per axis.
        """
        point = Given(self)
        point.said = dict(self.said)
        for section, named in self.items():
            point[section].update(named)
        for axis, value in zip(self.axes, values, strict=True):
            point[axis.setting.section][axis.setting.field.name] = value
        return point

    def points(self) -> Iterator["Given"]:
        """Yield what is set at each point of the grid, the last axis fastest; without axes what is set."""
        for values in itertools.product(*(axis.values for axis in self.axes)):
            yield self.at(values)

    def under(self, values: Mapping[str, Mapping[str, Any]], said: str) -> None:
        """Set what a file says and the command line does not.

        Args:
            values: by section and name.
            said: which file it is.
        """
        for section, named in values.items():
            for name, value in named.items():
                if f"{section}.{name}" not in self.said:
                    self[section][name] = value
                    self.said[f"{section}.{name}"] = said

    def how(self, name: str) -> str:
        """Return how a setting was said, with its name where that does not tell it."""
        said = self.said[name]
        return said if said.startswith("--") and said not in ("--set", "--vary") else f"{said} {name}"

    def varies(self, section: str) -> bool:
        """Whether a setting of a section is varied."""
        return any(axis.setting.section == section for axis in self.axes)

    def by_options(self) -> list[str]:
        """Return the names of what the options of the command line say, not a file."""
        return [name for name, said in self.said.items() if said.startswith("--")]

    def refuse(self, why: str, *names: str) -> None:
        """Refuse settings that do not go with something else.

        Args:
            why: what they do not go with, in words.
            names: settings or whole sections.

        Raises:
            InputError: an option says one of them.
        """
        for name in self.by_options():
            if name in names or name.partition(".")[0] in names:
                raise InputError(f"{self.how(name)}: {why}")
