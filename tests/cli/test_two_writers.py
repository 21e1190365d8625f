"""Two processes on one output: the second is refused in one line before it works, whichever command it is."""

import os
import subprocess
import sys

import pytest

from dwsynapse.commands import COMMANDS as EVERY

HOLD = """
import sys
from dwcore.storage.lock import only_writer
with only_writer(sys.argv[1]), only_writer(sys.argv[1] + ".toml"):
    print("held", flush=True)
    sys.stdin.read()
"""
LOCKS = [".held.lock", ".held.toml.lock"]
COMMANDS = {
    "run": ("run", "--quick", "-o", "held"),
    "simulate": ("simulate", "five_state", "-n", 2, "-o", "held"),
    "rates": ("rates", "five_state", "--vary", "material.alpha=0.1,0.2", "-o", "held"),
    "sweep": ("sweep", "five_state", "--currents", "7e11", "--durations", "1e-9", "-n", 2, "-o", "held", "--force"),
    "merge": ("merge", "none.h5", "-o", "held"),
    "calibrate": ("calibrate", "five_state", "--pinning", "none.csv", "--free", "sigma_0", "-o", "held"),
    "fit": ("fit", "none.h5", "-o", "held"),
    "import": ("import", "none.csv", "--from", "pulses", "-o", "held"),
    "train": ("train", "--table", "ladder:5", "--network", "mlp:4", "-o", "held", "--resume"),
    "cost": ("cost", "--network", "mlp:4", "--image", "8,8,1", "-o", "held"),
    "program": ("program", "none.h5", "--table", "ladder:5", "-o", "held"),
    "infer": ("infer", "none.h5", "--vary", "adc.bits=3,4", "-o", "held"),
    "design": ("design", "none.toml", "-o", "held"),
    "plot": ("plot", "five_state", "-o", "held"),
    "export": ("export", "none.h5", "--to", "neurosim", "-o", "held"),
}


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A folder with two outputs, `held` and `held.toml`, that another process writes."""
    folder = tmp_path_factory.mktemp("held")
    command = [sys.executable, "-c", HOLD, str(folder / "held")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        yield folder
        holder.communicate("")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_second_writer_is_refused(command, held, name):
    answer = command(*COMMANDS[name], cwd=held)
    assert (answer.code, answer.out, answer.err) == (2, "", "dwsynapse: held: is being written by another process\n")
    assert sorted(os.listdir(held)) == LOCKS


@pytest.mark.parametrize("force", [False, True])
def test_a_second_writer_of_a_template_is_refused(command, held, force):
    answer = command("new", "device", "held", *["--force"] * force, cwd=held)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "dwsynapse: held.toml: is being written by another process\n"
    assert sorted(os.listdir(held)) == LOCKS


def test_every_command_that_writes_is_here(command):
    assert {name for name in EVERY if "--out" in command(name, "--help").out} == set(COMMANDS)
