"""A process that is stopped or whose output goes nowhere: one line at most, no traceback, no leftovers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONG = ("sweep", "five_state", "-n", 1_000_000, "--jobs", 2, "-o", "table.h5")
"""Takes an hour, a block of it half a minute; test_bulk goes on from what is kept."""
HANG = 300.0
"""No machine is so busy; a sweep that nobody interrupts takes longer [s]."""


def interrupted(child: subprocess.Popen, number: int = signal.SIGINT) -> str:
    """Return the one line of a process that gets Ctrl-C, or another signal, now."""
    assert child.poll() is None, child.communicate()
    child.send_signal(number)
    out, err = child.communicate(timeout=HANG)
    assert (child.returncode, out) == (128 + number, "") and err.startswith("dwsynapse: interrupted"), err
    assert err.count("\n") == 1
    return err


def own_command(begin: str, body: str) -> subprocess.CompletedProcess:
    """Run a process whose one command is `body`."""
    code = (
        "import signal, sys, time\nimport dwsynapse.commands.bench as bench\nfrom dwsynapse import main\n"
        f"{begin}\ndef run(arguments):\n    {body}\n"
        "bench.run = run\nsys.argv = ['dwsynapse', 'bench']\nsys.exit(main())\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG, check=False)


def wait_for(child: subprocess.Popen, path: Path) -> None:
    """Wait for a file of a process."""
    while child.poll() is None and not path.exists():
        time.sleep(0.02)


PREPARES = """
import os, signal
from compact.bulk.plan import SweepPlan
def check(plan, own=SweepPlan.__post_init__):
    assert os.listdir() == [".table.h5.lock"]
    os.kill(os.getpid(), signal.SIGINT)
    own(plan)
SweepPlan.__post_init__ = check
"""


def test_interrupt_of_a_sweep_that_prepares(process, folder):
    """Only its lock is there yet, and nothing stays."""
    child = process(*LONG, cwd=folder, before=PREPARES)
    out, err = child.communicate(timeout=HANG)
    assert (child.returncode, out, err.count("\n")) == (130, "", 1)
    assert err.startswith("dwsynapse: interrupted") and "before the first block; all files are as they were" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "number"),
    [(False, signal.SIGINT), (True, signal.SIGINT), (True, signal.SIGTERM), (False, signal.SIGHUP)],
)
def test_interrupt_of_a_sweep_in_its_first_block(process, folder, there, number):
    """What is not a block is not kept, and a table that was to be overwritten is as it was."""
    if there:
        (folder / "table.h5").write_text("precious")
    child = process(*LONG, *(["--force"] if there else []), cwd=folder)
    wait_for(child, folder / "table.partial.h5")
    assert "no block was finished, so nothing is kept" in interrupted(child, number)
    assert [path.read_text() for path in folder.iterdir()] == ["precious"] * there


@pytest.mark.parametrize(
    "loses_it",
    [
        "thing = Thing()\n    watched = weakref.ref(thing, stop)\n    del thing",
        "try:\n        stop(None)\n    except KeyboardInterrupt:\n        pass",
    ],
    ids=["while an object is cleared away", "in code that catches everything"],
)
def test_an_interrupt_that_is_lost_is_raised_again(folder, loses_it):
    """Python only prints what is raised while an object is cleared away; what a library drops leaves no trace."""
    done = own_command(
        "import weakref\nclass Thing: pass\ndef stop(_): signal.raise_signal(signal.SIGINT)\n",
        f"{loses_it}\n    time.sleep({HANG})",
    )
    assert (done.returncode, done.stderr) == (130, "dwsynapse: interrupted\n")


def test_what_is_ignored_stays_ignored(folder):
    """A command under nohup outlives its terminal, and one that a script starts in the background does not see Ctrl-C."""
    ignore = "for number in (signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\n"
    done = own_command(ignore, "[signal.raise_signal(n) for n in (signal.SIGHUP, signal.SIGINT)]\n    print('went on')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


def test_an_interrupt_does_not_disturb_what_cleans_up_after_it(folder):
    """It is raised again only where it is not being handled, by itself or by what became of it."""
    done = own_command(
        "from dwcore.errors import Interrupted\n",
        "try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n"
        "        try:\n            time.sleep(1.2)\n            raise Interrupted('interrupted; all is kept') from None\n"
        "        finally:\n            time.sleep(1.2)",
    )
    assert (done.returncode, done.stderr) == (130, "dwsynapse: interrupted; all is kept\n")


def test_an_interrupt_that_became_an_import_error(folder):
    """Within the import of a compiled module it does; an import that fails by itself stays an error with its reason."""
    stopped, broken = (
        own_command(
            "", f"try:\n        {words}\n    except KeyboardInterrupt:\n        pass\n    raise ImportError('broken')"
        )
        for words in ("signal.raise_signal(signal.SIGINT)", "pass")
    )
    assert (stopped.returncode, stopped.stderr) == (130, "dwsynapse: interrupted\n")
    assert broken.returncode == 1 and broken.stderr.endswith("ImportError: broken\n")


def test_two_sweeps_with_one_output(process, folder):
    """The second ends at once, also with --force, and the first goes on."""
    first = process(*LONG, "--force", cwd=folder)
    wait_for(first, folder / ".table.h5.lock")
    second = process(*LONG, "--force", cwd=folder)
    out, err = second.communicate(timeout=HANG)
    assert (second.returncode, out) == (2, "") and err == "dwsynapse: table.h5: is being written by another process\n"
    interrupted(first)
    assert list(folder.iterdir()) == []


def test_reader_that_leaves_early(process, chain, folder):
    child = process("info", chain[0] / "table.h5", cwd=folder)
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(timeout=HANG) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_cannot_be_written(process, chain, folder):
    with open("/dev/full", "w") as full:
        child = process("info", chain[0] / "table.h5", "--json", cwd=folder, stdout=full)
    _, err = child.communicate(timeout=HANG)
    assert child.returncode == 1
    assert err.count("\n") == 1 and "No space left on device" in err


CLOSED = """\
import os, sys
for number in {numbers}:
    os.close(number)
os.execv(sys.executable, [sys.executable, "-m", "dwsynapse", *{words}])
"""


@pytest.mark.parametrize(
    ("numbers", "words", "code"),
    [
        ((2,), ["info", "nothing"], 2),
        ((1, 2), ["new", "device", "made.toml"], 0),
        ((0, 1, 2), ["rates", "five_state", "--json"], 0),
    ],
)
def test_closed_streams_change_no_exit_code_and_send_nothing_elsewhere(folder, numbers, words, code):
    program = CLOSED.format(numbers=numbers, words=words)
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=HANG)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    assert not (folder / "made.toml").exists() or "[material]" in (folder / "made.toml").read_text()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_bad_input_is_bad_input_where_nothing_can_say_so(process, folder):
    with open("/dev/full", "w") as full:
        assert process("info", "nothing", cwd=folder, stderr=full).wait(timeout=HANG) == 2


def test_bad_input_in_a_process_of_its_own(process, folder):
    """Nothing but the line: no warning of a library, no traceback."""
    child = process("sweep", "five_state", "--currents", "2e11,1e11", "-o", "a.h5", cwd=folder)
    out, err = child.communicate(timeout=HANG)
    assert (child.returncode, out) == (2, "")
    assert err.startswith("dwsynapse: current_density = ") and err.count("\n") == 1
    assert list(folder.iterdir()) == []
