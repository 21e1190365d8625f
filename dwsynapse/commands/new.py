"""`dwsynapse new`: a commented template of a file that users write."""

import argparse

from dwsynapse.options import emit, path, writable_file


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("kind", metavar="KIND", help="device, network, periphery, chip, synapse, design or recipe")
    parser.add_argument("name", metavar="NAME", type=path, help="name; NAME.toml is written")
    parser.add_argument("--force", action="store_true", help="overwrite what exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> None:
    """Write a template, which is a file that works."""
    import shlex

    from dwcore.errors import InputError
    from dwcore.storage.atomic import replacing
    from dwcore.storage.lock import only_writer
    from dwsynapse.templates import template

    name = arguments.name.name
    name = name[: -len(".toml")] if name.lower().endswith(".toml") else name
    if name in ("", ".."):
        raise InputError(f"new: {arguments.name}: must be a name")
    if not name.isprintable():  # a line break, or a letter that the locale does not know
        raise InputError(f"new: {arguments.name}: must be a name of printable characters")
    text = template(arguments.kind, name)
    target = arguments.name.with_name(f"{name}.toml")
    with only_writer(target, refuse=False):
        writable_file(target, arguments.force)
        with replacing(target, force=arguments.force) as temporary:
            temporary.write_text(text, encoding="utf-8")
    typed = shlex.quote(str(target) if not str(target).startswith("-") else f"./{target}")
    line = f"{target}: a {arguments.kind}; edit it, then: dwsynapse check {typed}"
    emit(arguments, {"kind": arguments.kind, "out": str(target)}, [line])
