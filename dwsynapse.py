"""The front door: one command, `dwsynapse`, with the subcommands of the three packages."""

import argparse
import importlib
import importlib.metadata
import sys

from llg.errors import InputError, RunError

PACKAGES = ("arraysim", "llg", "compact")
"""Each has a module `commands` whose `add_commands` declares its subcommands; parsers are cheap, imports wait."""


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line."""

    def error(self, message: str):
        """Report bad usage on one line and exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line with all subcommands."""
    parser = Parser(prog="dwsynapse", description="From the physics of one domain wall to a network trained on chip.")
    parser.add_argument("--version", action="version", version=importlib.metadata.version("dwsynapse"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for package in PACKAGES:
        importlib.import_module(f"{package}.commands").add_commands(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0 when done, 1 when it failed while running, 2 for bad input."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except InputError as error:
        return _fail(2, str(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 1
    except (RunError, OSError, MemoryError) as error:
        return _fail(1, str(error) or type(error).__name__)
    except KeyboardInterrupt:
        return _fail(1, "interrupted")
    return 0


def _fail(code: int, message: str) -> int:
    line = " ".join(message.split())
    print(f"dwsynapse: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
