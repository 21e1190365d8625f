"""`train` that is killed or interrupted, and then resumed, writes the same content as one that was left alone."""

import json
import os
import signal
import time

import pytest
from resealed import content

RUN = ("train", "--table", "ladder:5", "--network", "mlp:24", "--epochs", 40, "--seeds", 2, "--jobs", 1)
OFTEN = ("--checkpoint-every", "0.05 s")


@pytest.fixture(scope="module")
def whole(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert command(*RUN, "-o", "a.h5", cwd=folder).code == 0
    return folder / "a.h5"


def stopped(process, folder, number, after=4):
    """Stop a run by a signal as its log gets a certain line."""
    child = process(*RUN, *OFTEN, "-o", "a.h5", cwd=folder, stop=(number, "a.jsonl", after))
    out, err = child.communicate(timeout=600)
    assert not (folder / "a.h5").exists()
    return child.returncode, out, err


def log_of(path):
    return [
        {key: value for key, value in line.items() if key != "seconds"}
        for line in map(json.loads, path.read_text().splitlines())
    ]


def test_killed_and_resumed_equals_the_uninterrupted_run(process, command, whole, folder):
    assert stopped(process, folder, signal.SIGKILL, after=46)[0] == -signal.SIGKILL  # the twin of the first seed
    answer = command(*RUN, "-o", "a.h5")
    assert answer.code == 2 and "--resume goes on, --force starts anew" in answer.err
    assert command(*RUN, "-o", "a.h5", "--resume").code == 0
    assert content("a.h5") == content(whole)
    assert log_of(folder / "a.jsonl") == log_of(whole.with_suffix(".jsonl"))
    assert not list(folder.glob("*.checkpoint.h5"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_a_checkpoint(process, command, whole, folder, number):
    assert stopped(process, folder, number) == (
        128 + number, "", "dwsynapse: interrupted; checkpoints beside a.h5 are kept, --resume goes on\n")  # fmt: skip
    assert [path.name for path in folder.glob("*.h5")] == ["a.seed_1.checkpoint.h5"]
    result = command("info", "a.seed_1.checkpoint.h5", "--json").json
    assert result["sound"] and result["schema"] == "dwsynapse.checkpoint"
    answer = command("plot", "a.seed_1.checkpoint.h5", "-o", "a.png")
    assert answer.code == 2 and "no figure of a dwsynapse.checkpoint" in answer.err
    assert command(*RUN, "-o", "a.h5", "--resume").code == 0
    assert content("a.h5") == content(whole)


@pytest.mark.parametrize("to_all", [False, True])
def test_interrupt_reaches_the_processes_of_several_seeds(process, command, whole, folder, to_all):
    """Ctrl-C of the command alone, or SIGTERM of its processes as well, as a batch system sends it when the time is up."""
    run = (*RUN[:-1], 2)
    child = process(*run, *OFTEN, "-o", "a.h5", cwd=folder, start_new_session=to_all)
    while child.poll() is None and len(list(folder.glob("*.checkpoint.h5"))) < 2:
        time.sleep(0.01)
    assert child.poll() is None, child.communicate()
    os.killpg(child.pid, signal.SIGTERM) if to_all else child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=600)
    assert (out, err) == ("", "dwsynapse: interrupted; checkpoints beside a.h5 are kept, --resume goes on\n")
    assert child.returncode == (143 if to_all else 130)
    assert command(*run, "-o", "a.h5", "--resume").code == 0
    assert content("a.h5") == content(whole)


def test_the_processes_of_several_seeds_end_with_a_training_that_is_killed(process, folder):
    """They would go on writing checkpoints and the log beside those of a run that was resumed."""
    child = process(*RUN[:-1], 2, *OFTEN, "-o", "a.h5", cwd=folder)
    while len(list(folder.glob("*.checkpoint.h5"))) < 2:
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.communicate(timeout=60)  # ends once nobody is left who could write to stderr
    log, checkpoints = (folder / "a.jsonl").read_text(), {path.read_bytes() for path in folder.glob("*.checkpoint.h5")}
    time.sleep(0.5)
    assert (folder / "a.jsonl").read_text() == log
    assert {path.read_bytes() for path in folder.glob("*.checkpoint.h5")} == checkpoints


def test_a_second_training_with_the_same_output_ends_at_once(folder, process):
    """It says in a line why, while the first stands still in its training; the log holds a line per epoch of the first."""
    argv = ("train", "--table", "ladder", "--network", "linear", "--epochs", 5, "--no-twin", "--jobs", 1, "-o", "t.h5")
    first = process(*argv, cwd=folder, stop=(signal.SIGSTOP, "t.jsonl", 3))
    os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    second = process(*argv, cwd=folder)
    _, message = second.communicate(timeout=600)
    assert (second.returncode, message) == (2, "dwsynapse: t.h5: is being written by another process\n")
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=600)
    assert first.returncode == 0
    epochs = [json.loads(line)["epoch"] for line in (folder / "t.jsonl").read_text().splitlines()]
    assert epochs == list(range(6))
    assert not list(folder.glob(".*lock"))


def test_checkpoints_within_a_series(folder, command, process):
    """A series that is interrupted within its second point goes on there, and its file is that of one in one go."""
    argv = ("train", "--table", "ladder", "--no-twin", "--jobs", 1, "--seed", 4, "--vary", "epochs=1,60")
    stop = (signal.SIGINT, "a.point_1.jsonl", 20)
    child = process(*argv, "--checkpoint-every", 0.3, "-o", "a.h5", cwd=folder, stop=stop)
    checkpoint = folder / "a.point_1.seed_4.checkpoint.h5"
    _, err = child.communicate(timeout=600)
    assert (child.returncode, err) == (
        130,
        "dwsynapse: interrupted; 1 of 2 points are kept in a.h5, --resume goes on\n",
    )
    assert checkpoint.exists() and "train at 1 of 2 points" in command("info", "--check", "a.h5").out
    resumed = command(*argv[:-1], "epochs=1,60", "-o", "a.h5", "--resume", "--json").json
    assert not checkpoint.exists() and not (folder / "a.point_1.jsonl").exists()
    assert resumed["done"] == [True, True]
    alone = command("train", "--table", "ladder", "--no-twin", "--jobs", 1, "--seed", 4, "--json").json
    assert resumed["test_accuracy"][1] == alone["test_accuracy"]
