"""How a line of the shell goes on: commands, options, words of a setting, names of shipped devices and synapses.

It takes the extra `completion`, and `eval "$(register-python-argcomplete dwsynapse)"` in the shell.
"""

import argparse
import contextlib


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks, and end; without argcomplete there is no answer."""
    with contextlib.suppress(ImportError):
        import argcomplete

        for action in _actions(parser):
            if words := _words(action):
                files = None if hasattr(action, "setting") else argcomplete.FilesCompleter()
                action.completer = _either(words, files)  # type: ignore[attr-defined]
        argcomplete.autocomplete(parser, always_complete_options=False)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the actions of a parser and of its commands."""
    own = list(parser._actions)
    groups = [action.choices for action in own if isinstance(action, argparse._SubParsersAction)]
    return own + [action for group in groups for command in group.values() for action in _actions(command)]


def _shown(action: argparse.Action) -> str:
    return str(action.metavar or "")


def _words(action: argparse.Action) -> list[str]:
    """Return the words that an argument may be, as far as they are known; empty where they are not."""
    setting = getattr(action, "setting", None)
    if setting is not None:
        return list(setting.field.metadata.get("choices") or ())
    if "DEVICE" in _shown(action):
        from compact.exchange.synapse_file import shipped_synapses
        from llg.device.device_file import shipped_devices

        return [*shipped_devices(), *(shipped_synapses() if "FILE" in _shown(action) else ())]
    return []


def _either(words: list[str], files=None):
    """Return a completer of words, and of files where they may stand instead."""

    def completer(prefix: str, **rest):
        found = [word for word in words if word.startswith(prefix)]
        return found + (list(files(prefix, **rest)) if files else [])

    return completer
