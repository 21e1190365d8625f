"""The command line as a user meets it: started in an empty folder, outside the repository."""

import contextlib
import dataclasses
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dwsynapse

# Tests that were started in the background ignore SIGINT, and so would the programs they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout, of a command that had nothing to complain about."""
        assert (self.code, self.err) == (0, "")
        assert self.out.count("\n") == 1
        result = json.loads(self.out)
        assert isinstance(result, dict)
        return result


def run_command(*argv, cwd: Path | None = None) -> Answer:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = dwsynapse.main([str(argument) for argument in argv])
        except SystemExit as end:
            code = end.code
    return Answer(code, out.getvalue(), err.getvalue())


STOP = """\
import os, sys
def watch(event, arguments, seen=[]):
    if event == "open" and arguments[1] == "a" and os.path.basename(str(arguments[0])) == {name!r}:
        seen.append(event)
        if len(seen) == {times}:
            os.kill(os.getpid(), {number})
sys.addaudithook(watch)
"""


def start_process(
    *argv, cwd: Path, stop: tuple[int, str, int] | None = None, before: str = "", **options
) -> subprocess.Popen:
    """Start a command as a process of its own, the way the installed script does.

    Args:
        argv: command and options.
        cwd: folder to start in.
        stop: number of a signal that it gets as it opens the file of this name for the n-th time to append a line:
            at the same place of its work on machines of any speed.
        before: Python that it runs first, such as what stops it elsewhere.
        options: of `subprocess.Popen`.
    """
    code = f"{before}\nimport sys, dwsynapse; sys.exit(dwsynapse.main())"
    if stop is not None:
        number, name, times = stop
        code = STOP.format(number=int(number), name=name, times=times) + code
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([sys.executable, "-c", code, *map(str, argv)], cwd=cwd, **options)


@pytest.fixture(scope="session")
def command():
    """`command(*argv, cwd=None)` runs a command in this process and returns its `Answer`."""
    return run_command


@pytest.fixture
def process():
    """`process(*argv, cwd, stop)` starts a command as a process of its own, which does not outlive the test."""
    with contextlib.ExitStack() as stack:

        def start(*argv, cwd: Path, **options) -> subprocess.Popen:
            child = start_process(*argv, cwd=cwd, **options)
            stack.callback(child.kill)  # of one that has ended: nothing
            return child

        yield start


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def chain(tmp_path_factory) -> tuple[Path, Answer]:
    """The folder of one `run --quick` with a single thread, and what it printed."""
    place = tmp_path_factory.mktemp("chain")
    answer = run_command("run", "--quick", "--seed", 3, "--jobs", 1, "--json", "-o", "results/first", cwd=place)
    return place / "results" / "first", answer
