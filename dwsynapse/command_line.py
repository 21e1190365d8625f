"""The front door: one command, `dwsynapse`, with its subcommands."""

import argparse
import codecs
import contextlib
import errno
import os
import re
import sys
from collections.abc import Sequence

from dwcore import __version__, stopping
from dwcore.errors import InputError, Interrupted, RunError, harmless
from dwsynapse.commands import COMMANDS

NO_SUCH_NAME = (errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP)
"""What the system says where the name of a file is the fault, not the work."""
_PLAIN = {"µ": "u", "²": "^2", "³": "^3", "±": "+-", "×": "x", "−": "-", "–": "-", "°": "deg", "Ω": "ohm", "…": "..."}


class Help(argparse.HelpFormatter):
    """Help as wide as the terminal; argparse itself asks `shutil`, which takes long to import."""

    def __init__(self, prog: str, **more):
        super().__init__(prog, **{"width": _width() - 2} | more)


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line."""

    def __init__(self, **more):
        super().__init__(**{"formatter_class": Help} | more)

    def error(self, message: str):
        """Report bad usage on one line and exit with 2."""
        self.exit(2, f"{self.prog}: {harmless(' '.join(message.split()))}\n")


def _width() -> int:
    """Return the columns of the terminal: those that COLUMNS says, or its own; 80 where it is none."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def build_parser(name: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command `name` with its options; without one, all commands by name and help."""
    parser = Parser(prog="dwsynapse", description="From the physics of one domain wall to a network trained on chip.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    wanted = {name: COMMANDS[name]} if name in COMMANDS else COMMANDS
    for key, command in wanted.items():
        subparser = commands.add_parser(key, help=command.help)
        if key == name:
            module = command.load()
            module.declare(subparser)
            subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it failed while running, 2 for bad input, 130 when stopped by Ctrl-C,
    143 by SIGTERM, 129 by SIGHUP.

    Without `argv` the command is that of this process, which ends at once when it is stopped.
    """
    if argv is None:
        stopping.listen()
    code = _answered(list(sys.argv[1:] if argv is None else argv))
    stopping.heard()
    if argv is None and code == stopping.exit_code():  # threads would be waited for
        with contextlib.suppress(OSError):
            print(end="", flush=True)
        os._exit(code)
    return code


def _answered(words: list[str]) -> int:
    """Run one command; return its exit code."""
    _open_what_is_closed()
    _print_what_the_terminal_can()
    if "matplotlib" not in sys.modules:  # figures go to files; the back end of a notebook may not be installed here
        os.environ["MPLBACKEND"] = "agg"
    try:
        _check_environment()
        if "_ARGCOMPLETE" in os.environ:  # a shell asks how the line goes on
            from dwsynapse.completion import complete

            complete(build_parser(_command(os.environ.get("COMP_LINE", "").split()[1:])))
        name = _command(words)
        arguments = build_parser(name).parse_args(_joined(words))
        _check_inputs_stay(arguments)
        with _alone(getattr(arguments, "out", None)):
            arguments.run(arguments)
        print(end="", flush=True)
    except InputError as error:
        return _fail(2, str(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        _drop_output()
        return 1
    except Interrupted as error:
        return _stopped(str(error))
    except OSError as error:
        _drop_output()
        return _fail(2 if error.errno in NO_SUCH_NAME else 1, _told(error))
    except (RunError, MemoryError) as error:
        _drop_output()
        return _fail(1, str(error) or type(error).__name__)
    except (KeyboardInterrupt, ImportError) as error:
        if not stopping.meant():
            if "failed to map segment" in str(error):
                return _fail(1, "there is not enough memory to load a library (ulimit -v)")
            raise
        return _stopped("interrupted")
    return 0


def _check_environment() -> None:
    """Refuse a working folder that is gone, and what libraries would take from the environment without being of any use."""
    try:
        os.getcwd()
    except OSError as error:
        raise InputError(f"the working folder cannot be used: {error.strerror}") from None
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise InputError("NUMBA_DISABLE_JIT is set, so kernels would run as plain Python for hours; unset it")
    if not re.fullmatch("0*[1-9][0-9]*", threads := os.environ.get("NUMBA_NUM_THREADS") or "1"):
        raise InputError(f"NUMBA_NUM_THREADS = {threads} must be a whole number >= 1")
    if (driver := os.environ.get("HDF5_DRIVER", "")) not in (
        "",
        "sec2",
    ):  # others crash, or write files of another form
        raise InputError(f"HDF5_DRIVER = {driver} must be sec2 or unset")
    if not re.fullmatch("-?[0-9]+", date := os.environ.get("SOURCE_DATE_EPOCH", "0")):  # Matplotlib reads it for a PDF
        raise InputError(f"SOURCE_DATE_EPOCH = {date} must be a whole number of seconds")


def _alone(out) -> contextlib.AbstractContextManager[None]:
    """Keep a second process from writing the same output."""
    if out is None:
        return contextlib.nullcontext()
    from dwcore.storage.lock import only_writer

    return only_writer(out, refuse=False)


def _check_inputs_stay(arguments: argparse.Namespace) -> None:
    """Refuse a result in the place of a file that it is made from: `--force` would leave nothing of it.

    A fit adds to its table, and a calibration to its device, so these may go back to where they came from.

    Raises:
        InputError: the output is one of the other files of the command line, also through a link.
    """
    out = getattr(arguments, "out", None)
    if out is None or not os.path.isfile(out) or arguments.command in ("new", "fit", "calibrate"):
        return
    others = [value for name, value in vars(arguments).items() if name != "out"]
    while others:
        one = others.pop()
        if isinstance(one, dict | list | tuple):  # settings by section, files of one kind
            others += one.values() if isinstance(one, dict) else one
        elif isinstance(one, str | os.PathLike) and os.path.isfile(one) and os.path.samefile(one, out):
            raise InputError(f"{out}: is read by this command, the result must be another file")


def _command(words: Sequence[str]) -> str | None:
    """Return the word that names the command."""
    return next((word for word in words if not word.startswith("-")), None)


def _joined(argv: Sequence[str]) -> list[str]:
    """Join options and negative values such as `--current -7e11`, which argparse would take for two options."""
    joined: list[str] = []
    for argument in argv:
        if joined and re.match(r"-(\.?\d|inf|nan)", argument) and re.fullmatch(r"--\w+", joined[-1]):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _open_what_is_closed() -> None:
    """Let a stream that is closed (`2>&-`) lead nowhere: files would get its number, and messages the other stream."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def _print_what_the_terminal_can() -> None:
    """Let a stream that knows too few characters, such as ASCII, print others that say the same."""
    codecs.register_error("dwsynapse", _plain)
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in ("strict", "surrogateescape"):  # the latter in the C locale
            stream.reconfigure(errors="dwsynapse")  # type: ignore[union-attr]


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, c.encode("ascii", "backslashreplace").decode()) for c in letters), error.end


def _drop_output() -> None:
    """Where stdout cannot be written let its buffer go nowhere, so that Python does not complain again at its end."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: OSError) -> str:
    """Return what the system says of a file, after its name, as in all other lines."""
    if error.errno == errno.ENOSPC and not error.filename:  # all other files have names
        return f"standard output: {error.strerror}"
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _stopped(message: str) -> int:
    stopping.heard()
    return _fail(stopping.exit_code(), message)


def _fail(code: int, message: str) -> int:
    with contextlib.suppress(OSError):  # the exit code says it where stderr cannot
        print(f"dwsynapse: {harmless(' '.join(message.split()))}", file=sys.stderr)
    return code
