"""The settings of a command: every parameter that it takes, declared once, said in one way everywhere.

A command names its sections; each holds the fields of a declaration (``dwcore.parameters``). From them come ``--set
SECTION.NAME=VALUE``, ``--vary SECTION.NAME=V,V``, the listing of ``--settings`` and options of their own such as
``--epochs``:

    SETTINGS = Settings("train", {"training": fields_of(TrainingConfig), "adc": fields_of(Adc)}, options=("epochs",))
    SETTINGS.add_to(parser)
    ...
    given = given_of(arguments)
    config = TrainingConfig(**given["training"])

The section may be left out where a name is unique, and hyphens stand for underscores. What is unknown, not unique, not
allowed or said twice is refused in one line.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters, as_number, check_value

_KINDS = {"quantity": "X", "whole": "N", "flag": "true|false", "word": "NAME", "numbers": "X,X", "part": "NAME"}
"""What stands for a value in the help, by the kind of its field."""


def fields_of(kind: type[Parameters], *, without: type[Parameters] | None = None) -> tuple[dataclasses.Field, ...]:
    """Return the fields of a declaration that a text can set: all but parts that have no name.

    Args:
        kind: the declaration.
        without: a declaration whose fields are left out, as those of another section.
    """
    left_out = set() if without is None else {field.name for field in dataclasses.fields(without)}
    fields = (field for field in dataclasses.fields(kind) if field.name not in left_out)
    return tuple(field for field in fields if field.metadata["kind"] != "part" or field.metadata.get("named"))


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
            return int(text) if text.lstrip("+-").isdecimal() and len(text) < 20 else text
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
        what = {"whole": "whole number", "flag": "true or false", "numbers": "numbers"}.get(self.kind, "")
        return " ".join(filter(None, (what, " and ".join(bounds))))

    def default(self) -> Any:
        """Return the default as plain numbers and texts; None where there is none."""
        if self.field.default is not dataclasses.MISSING:
            return list(self.field.default) if isinstance(self.field.default, tuple) else self.field.default
        return self.field.metadata.get("named")

    def line(self) -> str:
        """Return name, meaning, rule and default as one line of a listing."""
        default, unit = self.default(), "" if self.unit in ("", "1") else f" [{self.unit}]"
        end = "" if default is None or default == [] else f"default {_plain(default)}"
        notes = "; ".join(filter(None, (self.rule(), end, self.option)))
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
            "choices": list(meta.get("choices", ())),
            "option": self.option,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Axis:
    """A setting that is varied, and the values that it takes one after the other."""

    setting: Setting
    values: tuple


class Given(dict[str, dict[str, Any]]):
    """What a command line sets: by section, the values by name; a section without any is there and empty.

    Attributes:
        said: by name with the section, how it was said: "--epochs" or "--set".
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

    def refuse(self, why: str, *names: str) -> None:
        """Refuse settings that do not go with something else.

        Args:
            why: what they do not go with, in words.
            names: settings or whole sections.

        Raises:
            InputError: one of them was said.
        """
        for name, said in self.said.items():
            if name in names or name.partition(".")[0] in names:
                how = f"{said} {name}" if said in ("--set", "--vary") else said
                raise InputError(f"{how}: {why}")


class Settings:
    """The settings of one command.

    Attributes:
        command: its name, for messages.
        all: by name with the section.
    """

    def __init__(
        self,
        command: str,
        sections: Mapping[str, Sequence[dataclasses.Field] | type[Parameters]],
        *,
        options: Mapping[str, str] | Iterable[str] = (),
        lists: Mapping[str, str] | None = None,
        more: Callable[[], Mapping[str, type[Parameters]]] | None = None,
    ):
        """Gather the settings.

        Args:
            command: its name, for messages.
            sections: fields by section, or a declaration whose fields a text can set.
            options: names of the settings that have an option of their own, and by them the options where
                these are not called after the setting.
            lists: options that vary a setting, by its name: ``--rest 1,2`` is ``--vary rest.time=1,2``.
            more: imports and returns further sections, called once a setting is said: help does not need them.
        """
        self.command = command
        self.sections: tuple[str, ...] = ()
        self.all: dict[str, Setting] = {}
        self.more = None
        self._add(sections)
        named = options if isinstance(options, Mapping) else {name: "" for name in options}
        for name, option in named.items():
            setting = self.find(name)
            no = "no-" if setting.kind == "flag" and setting.field.default else ""
            option = option or f"--{no}{setting.field.name.replace('_', '-')}"
            self.all[setting.name] = dataclasses.replace(setting, option=option)
        self.lists = {option: self.find(name) for name, option in (lists or {}).items()}
        self.more = more

    def _add(self, sections: Mapping[str, Sequence[dataclasses.Field] | type[Parameters]]) -> None:
        for section, fields in sections.items():
            self.sections += () if section in self.sections else (section,)
            for field in fields_of(fields) if isinstance(fields, type) else fields:
                self.all.setdefault(f"{section}.{field.name}", Setting(section=section, field=field))

    def complete(self) -> None:
        """Import the sections that help does not need."""
        more, self.more = self.more, None
        self._add(more() if more else {})

    def find(self, name: str) -> Setting:
        """Return a setting by its name, with or without the section.

        Raises:
            InputError: there is none, or more than one.
        """
        self.complete()
        plain = name.strip().replace("-", "_")
        if plain in self.all:
            return self.all[plain]
        short = [setting for setting in self.all.values() if setting.field.name == plain]
        if len(short) == 1:
            return short[0]
        if short:
            candidates = ", ".join(setting.name for setting in short)
            raise InputError(f'{self.command}: setting "{name}" is not unique; say one of {candidates}')
        names = [*self.all, *(setting.field.name for setting in self.all.values())]
        hint = nearest(plain, names)
        if "valid names" in hint:
            hint = f"; --settings lists those that can be set or varied, such as {next(iter(self.all))}"
        raise InputError(f'{self.command}: setting "{name}" is unknown{hint}')

    def add_to(self, parser: argparse.ArgumentParser, *, vary: bool = True) -> None:
        """Give a command its options of settings.

        Args:
            parser: of the command; ``arguments.run`` is what it runs.
            vary: whether settings can be varied.
        """
        parser.set_defaults(given=None)
        for setting in self.all.values():
            if setting.option and setting.kind == "flag":
                parser.add_argument(setting.option, action=_Flag, of=self, setting=setting, nargs=0,
                                    default=argparse.SUPPRESS, help=_help(setting))  # fmt: skip
            elif setting.option:
                parser.add_argument(setting.option, action=_Option, of=self, setting=setting, default=argparse.SUPPRESS,
                                    metavar=_KINDS[setting.kind], help=_help(setting))  # fmt: skip
        parser.add_argument("--set", action=_Set, of=self, default=argparse.SUPPRESS, metavar="SECTION.NAME=VALUE",
                            help="any setting; may be given often")  # fmt: skip
        if vary:
            parser.add_argument("--vary", action=_Vary, of=self, default=argparse.SUPPRESS, metavar="SECTION.NAME=V,V",
                                help="take these values of a setting one after the other; twice: a grid")  # fmt: skip
            for option, setting in self.lists.items():
                parser.add_argument(option, action=_Several, of=self, setting=setting, default=argparse.SUPPRESS,
                                    metavar="V,V", help=f"short for --vary {setting.name}=V,V: {setting.meaning}")  # fmt: skip
            parser.add_argument("--resume", action="store_true", help="go on where the same command was interrupted")
        parser.add_argument("--settings", action=_List, of=self, nargs=0, default=argparse.SUPPRESS,
                            help="list all settings with unit, bounds and default, and stop")  # fmt: skip

    def given(self, arguments: argparse.Namespace, *, resumable: bool = False) -> Given:
        """Return what the options of a command line set and vary.

        Args:
            arguments: as parsed.
            resumable: whether the command can be resumed without --vary.

        Raises:
            InputError: there is nothing to resume.
        """
        given = self.note(arguments)
        if getattr(arguments, "resume", False):
            if not (given.axes or resumable):
                raise InputError(f"{self.command}: --resume goes on with a --vary, which is missing")
            if arguments.out is None:
                raise InputError(f"{self.command}: --resume goes on from what lies at --out, which is missing")
        return given

    def show(self, arguments: argparse.Namespace) -> None:
        """Print the listing, with --json as one object."""
        self.complete()
        if getattr(arguments, "json", False):
            import json

            print(json.dumps({"settings": {name: setting.describe() for name, setting in self.all.items()}}))
        else:
            print("\n".join(setting.line() for setting in self.all.values()))

    def note(self, namespace: argparse.Namespace) -> Given:
        """Return what a command line has set so far, to be added to."""
        self.complete()
        if namespace.given is None:
            namespace.given = Given(self.sections)
        return namespace.given


class _Action(argparse.Action):
    """An option of the settings of a command."""

    def __init__(self, *arguments, of: Settings, **more):
        super().__init__(*arguments, **more)
        self.of = of

    def pair(self, text: str, option: str) -> tuple[str, str]:
        """Return name and value of NAME=VALUE."""
        name, mark, value = text.partition("=")
        if not (name and mark and value):
            raise InputError(f"{self.of.command}: {option} {text!r} must be {self.metavar}")
        return name, value

    def list_instead(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace) -> None:
        """Let the command print its settings, whatever else is missing."""
        for action in parser._actions:
            action.required = False
        namespace.run = self.of.show

    def read(self, read, text: str, option: str) -> Any:
        """Return what a setting reads from a text, its errors with the command and the option."""
        try:
            return read(text)
        except InputError as error:
            raise InputError(f"{self.of.command}: {option} {error}") from None


class _Own(_Action):
    """An option of one setting."""

    def __init__(self, *arguments, setting: Setting, **more):
        super().__init__(*arguments, **more)
        self.setting = setting


class _Option(_Own):
    def __call__(self, parser, namespace, text, option_string=None):
        value = self.read(self.setting.value, text, f"{option_string}:")
        self.of.note(namespace).put(self.setting, value, option_string)


class _Flag(_Own):
    def __call__(self, parser, namespace, values, option_string=None):
        self.of.note(namespace).put(self.setting, not self.setting.field.default, option_string)


class _Several(_Own):
    def __call__(self, parser, namespace, text, option_string=None):
        values = self.read(self.setting.values, text, f"{option_string}:")
        self.of.note(namespace).vary(Axis(setting=self.setting, values=values), option_string)


class _Set(_Action):
    def __call__(self, parser, namespace, text, option_string=None):
        name, value = self.pair(text, option_string)
        if name == "help":
            self.list_instead(parser, namespace)
            return
        setting = self.of.find(name)
        found = self.read(setting.value, value, f"{option_string}:")
        self.of.note(namespace).put(setting, found, option_string)


class _Vary(_Action):
    def __call__(self, parser, namespace, text, option_string=None):
        name, values = self.pair(text, option_string)
        setting = self.of.find(name)
        found = self.read(setting.values, values, f"{option_string}:")
        self.of.note(namespace).vary(Axis(setting=setting, values=found), option_string)


class _List(_Action):
    def __call__(self, parser, namespace, values, option_string=None):
        self.list_instead(parser, namespace)


def _number(text: str, unit: str) -> float:
    """Return a number in SI or with a unit."""
    try:
        return float(text)
    except ValueError:
        return as_number(text, unit)


def _help(setting: Setting) -> str:
    default = setting.default()
    if setting.kind == "flag" and default:  # its option is --no-...
        return f"not: {setting.meaning}".replace("%", "%%")
    rule = ", ".join(setting.field.metadata.get("choices", ()))
    notes = "; ".join(filter(None, (rule, "" if default is None else f"default {_plain(default)}")))
    return f"{setting.meaning}{f' ({notes})' if notes else ''}".replace("%", "%%")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(f"{v:g}" for v in value) if isinstance(value, list) else str(value)
