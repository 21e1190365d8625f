"""The front door: one command, `dwsynapse`, with its subcommands."""

import argparse
import importlib.metadata
import os
import re
import sys

from dwcore.errors import InputError, RunError
from dwsynapse.commands.front import add_commands


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line."""

    def error(self, message: str):
        """Report bad usage on one line and exit with 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line with all subcommands."""
    parser = Parser(prog="dwsynapse", description="From the physics of one domain wall to a network trained on chip.")
    parser.add_argument("--version", action="version", version=importlib.metadata.version("dwsynapse"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    add_commands(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0 when done, 1 when it failed while running, 2 for bad input."""
    try:
        arguments = build_parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
        arguments.run(arguments)
        print(end="", flush=True)
    except InputError as error:
        return _fail(2, str(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        _drop_output()
        return 1
    except (RunError, OSError, MemoryError) as error:
        _drop_output()
        return _fail(1, str(error) or type(error).__name__)
    except KeyboardInterrupt:
        return _fail(1, "interrupted")
    return 0


def _joined(argv: list[str]) -> list[str]:
    """Join options and negative values such as `--current -7e11`, which argparse would take for two options."""
    joined = []
    for argument in argv:
        if joined and re.match(r"-(\.?\d|inf|nan)", argument) and re.fullmatch(r"--\w+", joined[-1]):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _drop_output():
    """Where stdout cannot be written let its buffer go nowhere, so that Python does not complain again at its end."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(code: int, message: str) -> int:
    line = " ".join(message.split())
    print(f"dwsynapse: {line}", file=sys.stderr)
    return code
