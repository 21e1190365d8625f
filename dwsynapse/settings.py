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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters
from dwsynapse.given import Axis, Given
from dwsynapse.options import add_width, need_figure
from dwsynapse.setting import Setting, plain

_KINDS = {"quantity": "X", "whole": "N", "flag": "true|false", "word": "NAME", "numbers": "X,X", "part": "NAME"}
"""What stands for a value in the help, by the kind of its field."""


def fields_of(kind: type[Parameters], *, without: type[Parameters] | None = None) -> tuple[dataclasses.Field, ...]:
    """Return the fields of a declaration that a text can set: all but parts.

    Args:
        kind: the declaration.
        without: a declaration whose fields are left out, as those of another section.
    """
    left_out = set() if without is None else {field.name for field in dataclasses.fields(without)}
    fields = (field for field in dataclasses.fields(kind) if field.name not in left_out)
    return tuple(field for field in fields if field.metadata["kind"] != "part")


class Settings:
    """The settings of one command.

    Attributes:
        command: its name, for messages.
        all: by name with the section.
        only_varied: whether the only figures of the command are those of --vary.
    """

    def __init__(
        self,
        command: str,
        sections: Mapping[str, Sequence[dataclasses.Field] | type[Parameters]],
        *,
        options: Mapping[str, str] | Iterable[str] = (),
        lists: Mapping[str, str] | None = None,
        more: Callable[[], Mapping[str, type[Parameters]]] | None = None,
        unused: Mapping[str, str] | None = None,
    ):
        """Gather the settings.

        Args:
            command: its name, for messages.
            sections: fields by section, or a declaration whose fields a text can set.
            options: names of the settings that have an option of their own, and by them the options where
                these are not called after the setting.
            lists: options that vary a setting, by its name: ``--rest 1,2`` is ``--vary rest.time=1,2``.
            more: imports and returns further sections, called once a setting is said: help does not need them.
            unused: settings and sections that the command does not feel, and why; files may hold them.
        """
        self.command = command
        self.sections: tuple[str, ...] = ()
        self.all: dict[str, Setting] = {}
        self.lists: dict[str, Setting] = {}
        self.more = None
        self._add(sections)
        named = options if isinstance(options, Mapping) else {name: "" for name in options}
        for name, option in named.items():
            setting = self.find(name)
            no = "no-" if setting.kind == "flag" and setting.field.default else ""
            option = option or f"--{no}{setting.field.name.replace('_', '-')}"
            self.all[setting.name] = dataclasses.replace(setting, option=option)
        self.lists = {option: self.find(name) for name, option in (lists or {}).items()}
        self.more, self.unused = more, dict(unused or {})
        self.only_varied = False

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
        """Return a setting by its name, with or without the section, or by that of its option.

        Raises:
            InputError: there is none, or more than one.
        """
        self.complete()
        plain = name.strip().replace("-", "_")
        if plain in self.all:
            return self.all[plain]
        named = {one.option: one for one in self.all.values() if one.option} | self.lists
        if (option := f"--{plain.replace('_', '-')}") in named or (option := f"--{plain}") in named:
            return named[option]
        short = [setting for setting in self.all.values() if setting.field.name == plain]
        if len(short) == 1:
            return short[0]
        if short:
            candidates = ", ".join(setting.name for setting in short)
            raise InputError(f'{self.command}: setting "{name}" is not unique; say one of {candidates}')
        names = {setting.field.name: "" for setting in self.all.values()}
        meanings = {name: setting.field.metadata["meaning"] for name, setting in self.all.items()}
        hint = nearest(plain, names | meanings)
        if "valid names" in hint:
            hint = f"; --settings lists those that can be set or varied, such as {next(iter(self.all))}"
        raise InputError(f'{self.command}: setting "{name}" is unknown{hint}')

    def add_to(self, parser: argparse.ArgumentParser, *, vary: bool = True, figures: str = "") -> None:
        """Give a command its options of settings.

        Args:
            parser: of the command; ``arguments.run`` is what it runs.
            vary: whether settings can be varied.
            figures: what other figures than those of --vary the command writes, in words.
        """
        parser.set_defaults(given=None)
        self.only_varied = vary and not figures
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
            add_width(parser, f"{figures}, or of a figure of --vary" if figures else "a figure of --vary")
        parser.add_argument("--settings", action=_List, of=self, nargs=0, default=argparse.SUPPRESS,
                            help="list all settings with unit, bounds and default, and stop")  # fmt: skip

    def given(self, arguments: argparse.Namespace, *, resumable: bool = False) -> Given:
        """Return what the options of a command line set and vary.

        Args:
            arguments: as parsed.
            resumable: whether the command can be resumed without --vary.

        Raises:
            InputError: there is nothing to resume, or no figure to be as wide as said.
        """
        given = self.note(arguments)
        if self.only_varied and not given.axes:
            need_figure(arguments, "a figure of --vary, -o FIGURE")
        for name, why in self.unused.items():
            given.refuse(f"has no effect in {self.command}: {why}", name)
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

            print(json.dumps({"settings": {setting.name: setting.describe() for setting in self.felt}}))
        else:
            print("\n".join(setting.line() for setting in self.felt))

    @property
    def felt(self) -> list[Setting]:
        """The settings that the command feels."""
        return [s for s in self.all.values() if s.name not in self.unused and s.section not in self.unused]

    def check_effect(
        self,
        given: Given,
        known: Callable[[Given], Mapping[str, Any]] = lambda point: {},
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse what was said and has no effect, at any point of what is varied.

        A file may say what stands at its default anyway.

        Args:
            given: what is set and varied.
            known: returns values by name at a point, where these are not those of the settings.
            more: what settings need here beside what their declarations say, by name or section; only options are
                held to it, not files, which serve several commands.

        Raises:
            InputError: a setting has no effect.
        """
        idle = {name: "" for name in given.said}
        for point in given.points():
            values = known(point)
            idle = {name: self._lacking(name, point, values, more or {}) for name in idle}
            idle = {name: why for name, why in idle.items() if why}
            if not idle:
                return
        for name, why in idle.items():
            raise InputError(f"{self.command}: {given.how(name)}: has no effect without {why}")

    def _lacking(self, name: str, point: Given, known: Mapping[str, Any], more: Mapping[str, str]) -> str:
        """Return what a setting lacks for an effect, in words; nothing if it has one."""
        from dwsynapse.needs import lacking  # here, since help needs none

        setting = self.all[name]
        is_option = point.said[name].startswith("--")
        if not is_option and point[setting.section].get(setting.field.name) == setting.field.default:
            return ""
        here = more.get(name) or more.get(setting.section, "") if is_option else ""

        def value_of(other: str) -> Any:
            if other in known:
                return known[other]
            section, _, field = other.partition(".")
            default = self.all[other].field.default
            return point[section].get(field, None if default is dataclasses.MISSING else default)

        return next(
            filter(None, (lacking(needs, setting.section, value_of) for needs in (setting.needs, here) if needs)), ""
        )

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


def _help(setting: Setting) -> str:
    default = setting.default()
    if setting.kind == "flag" and default:  # its option is --no-...
        return f"not: {setting.meaning}".replace("%", "%%")
    rule = ", ".join(setting.field.metadata.get("choices", ()))
    notes = "; ".join(filter(None, (rule, "" if default is None else f"default {plain(default)}")))
    return f"{setting.meaning}{f' ({notes})' if notes else ''}".replace("%", "%%")
