"""Sweeps that are killed, resumed, cut into shards, run in processes: always the same table, bit for bit."""

import dataclasses
import os
import shutil
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest
from resealed import SMALL_SWEEP, content

from compact import load_table
from compact.bulk.run import partial_path
from compact.bulk.sweep_file import SweepFile
from compact.drawing.drive_words import table_view_text
from llg import load_device, save_device
from llg.constants import MU_0

SWEEP = [
    *SMALL_SWEEP,
    "--currents=-7e11,6e11",
    "--durations",
    "1e-9,1.2e-9",
    "-n",
    "40",
    "--seed",
    "4",
]


def done(answer):
    assert (answer.code, answer.err) == (0, "")


@pytest.fixture(scope="module")
def quiet(command, tmp_path_factory):
    """The table of one uninterrupted run."""
    out = tmp_path_factory.mktemp("quiet") / "table.h5"
    done(command(*SWEEP, "-o", out))
    assert [path.name for path in out.parent.iterdir()] == ["table.h5"]
    return out


@pytest.fixture(scope="module")
def shards(command, tmp_path_factory):
    """Files of three shards."""
    folder = tmp_path_factory.mktemp("shards")
    for i in (1, 2, 3):
        result = command(*SWEEP, "--shard", f"{i}/3", "--json", "-o", folder / f"{i}.h5").json
        assert (result["shard"], result["blocks_of_plan"]) == ([i, 3], 8)
    return [folder / f"{i}.h5" for i in (1, 2, 3)]


def test_processes_give_the_same(command, quiet, folder):
    done(command(*SWEEP, "--processes", "--jobs", "2", "-o", "table.h5"))
    assert content("table.h5") == content(quiet)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0, 1)])
def test_shards_merge_in_any_order(command, quiet, shards, folder, order):
    result = command("merge", *(shards[i] for i in order), "--json", "-o", "table.h5").json
    assert content("table.h5") == content(quiet)
    assert result["instances"] == [1, 2] and result["trajectories"] == 8 * 5 * 40
    assert len(result["one_step_probability_range"]) == 2


def test_merge_needs_every_shard_once(command, shards, folder):
    answer = command("merge", shards[0], shards[2], "-o", "table.h5")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "dwsynapse: 3 of 8 blocks are missing, the first is 2\n"
    assert not os.listdir(folder)


def test_merge_refuses_other_plans_and_other_files(command, quiet, shards, folder):
    other = [word if word != "40" else "41" for word in SWEEP]
    command(*other, "--shard", "2/3", "-o", "other.h5")
    for wrong, words in (("other.h5", "other.h5: is of another sweep than"), (quiet, "dwsynapse.sweep is needed")):
        answer = command("merge", shards[0], wrong, shards[2], "-o", "table.h5")
        assert answer.code == 2 and answer.err.count("\n") == 1 and words in answer.err
    answer = command(*other, "--shard", "3/3", "-o", "other.h5", "--resume")
    assert answer.err == "dwsynapse: other.h5: holds shard 2/3, not 3/3\n"


def damage(path, group, index):
    """Change one byte of a finished record."""
    with h5py.File(path) as file:
        name = "counts" if group == "blocks" else "position"
        item = file[f"{group}/{name}"]
        offset = item.id.get_offset() + index * item.dtype.itemsize * int(np.prod(item.shape[1:]))
    with open(path, "r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)
        stream.seek(offset)
        stream.write(bytes([byte[0] ^ 1]))


def test_altered_blocks_are_never_taken(command, quiet, shards, folder):
    """Merging refuses them; resuming says so and runs them again."""
    mine = [shutil.copy(path, folder) for path in shards]
    damage(mine[1], "blocks", 1)
    answer = command("merge", *mine, "-o", "table.h5")
    assert answer.code == 2 and "2.h5: altered file, record 1 of /blocks does not match its hash" in answer.err
    damage(mine[1], "conditions", 0)
    with SweepFile(mine[1]) as journal:
        assert len(journal.faults) == 2 and journal.finished()[1].size == 2
    command(*SWEEP, "--shard", "2/3", "--resume", "-o", mine[1])
    done(command("merge", *mine, "-o", "table.h5"))
    assert content("table.h5") == content(quiet)


def test_existing_files_are_kept(command, quiet, folder):
    shutil.copy(quiet, "table.h5")
    before = Path("table.h5").read_bytes()
    assert "exists; give --force" in command(*SWEEP, "-o", "table.h5").err
    done(command(*SWEEP, "-o", "table.h5", "--resume"))  # done already
    assert Path("table.h5").read_bytes() == before
    changes = {
        ("--seed", "5"): "with the seed 4, not 5",
        ("-n", "50"): "another trajectories = 40, not 50",
        ("--instances", "3"): "another instances = [1, 2], not [1, 2, 3]",
        ("--temperatures", "310"): "another temperature = [300.0], not [310.0]",
    }
    for change, words in changes.items():
        answer = command(*SWEEP, *change, "-o", "table.h5", "--resume")
        assert answer.code == 2 and words in answer.err and "--force begins anew" in answer.err
    assert Path("table.h5").read_bytes() == before


STOP = """
import os
import dwcore.storage.journal as journal
from compact.bulk.sweep_file import SweepFile
journal.SYNC_SECONDS = 0.0  # each block goes to the disk at once
def put(self, block, counts, own=SweepFile.put_counts, kept=[]):
    own(self, block, counts)
    kept.append(block)
    if len(kept) == 3:
        os.kill(os.getpid(), {number})
SweepFile.put_counts = put
"""


@pytest.mark.parametrize(("kill", "extra"), [(signal.SIGKILL, ()), (signal.SIGINT, ("--processes",))])
def test_kill_and_resume(command, process, folder, quiet, kill, extra):
    """The benchmark kill_and_resume deals many kills; here one each of two kinds, as three of eight blocks are done."""
    out = folder / "table.h5"
    child = process(*SWEEP, *extra, "--jobs", 1, "-o", out, cwd=folder, before=STOP.format(number=int(kill)))
    _, err = child.communicate(timeout=600)
    if kill == signal.SIGINT:
        assert child.returncode == 130
        assert err.startswith("dwsynapse: interrupted; ") and err.endswith("table.partial.h5, --resume goes on\n")
    else:
        assert child.returncode == -kill
    with SweepFile(partial_path(out)) as journal:
        assert journal.faults == [] and journal.finished()[1].size == 3
    assert "holds an unfinished sweep; --resume goes on" in command(*SWEEP, "-o", out).err
    done(command(*SWEEP, "-o", out, "--resume"))
    assert os.listdir(folder) == ["table.h5"]
    assert content(out) == content(quiet)


def test_force_begins_anew(command, quiet, folder):
    shutil.copy(quiet, "table.h5")
    done(command(*SWEEP, "--seed", "5", "-o", "table.h5", "--force"))
    assert load_table("table.h5").seed == 5


def test_adaptive_and_hot_sweeps_resume_alike(command, folder):
    line = (*SWEEP, "--currents=6e11", "--durations", "1e-9", "--temperatures", "300,350", "--target-error", "0.03")
    command(*line, "--shard", "1/2", "-o", "1.h5")
    command(*line, "--shard", "2/2", "-o", "2.h5")
    command("merge", "2.h5", "1.h5", "-o", "merged.h5")
    assert "note: temperature: at 350 K, with Ms" in command(*line, "-o", "table.h5").err
    assert content("merged.h5") == content("table.h5")
    table = load_table("table.h5")
    assert table.standard_error.max() <= 0.03 and table.temperature.tolist() == [300.0, 350.0]
    assert dataclasses.asdict(table)["config"]["target_error"] == 0.03


def test_table_says_its_field(command, tmp_path):
    """In text, JSON, info and the words of a figure."""
    out = tmp_path / "table.h5"
    sweep = command("sweep", "five_state", "--H_x", "20 mT", "--currents=-7e11,7e11", "--durations", "1e-9", "-n", "8",
                        "-o", out, "--json")  # fmt: skip
    assert sweep.json["field_A_per_m"]["H_x"] == pytest.approx(20e-3 / MU_0)
    assert "in the static field H_x = 20 mT" in command("info", out).out
    assert table_view_text(load_table(out)).endswith("H_x = 20 mT")


def test_sweep_asks_for_what_it_uses(command, tmp_path, folder):
    """A file without pulse, junction and layers; the default grid needs the nominal pulse, exports the conductances."""
    device = load_device("five_state").replace({"readout": None, "stack": None, "pulse": None})
    save_device(tmp_path / "bare.toml", device)
    argv = ("sweep", "bare.toml", "--currents=-7e11,7e11", "--durations", "1e-9", "-n", "8", "-o", "bare.h5")
    answer = command(*argv, cwd=tmp_path)
    assert answer.code == 0
    assert "unknown: conductance = number of the state from 1" in answer.err
    assert "unknown: energy_per_pulse = zero, unknown" in answer.err
    assert "pulse: its steepest edge lasts 0 ps" in answer.err
    assert "unknown, a stand-in: conductance" in command("info", "bare.h5", cwd=tmp_path).out
    export = command("export", "bare.h5", "--to", "aihwkit", "-o", "x.json", cwd=tmp_path)
    assert "knows no conductances" in export.err
    nominal = command("sweep", "bare.toml", "--durations", "1e-9", "-o", "b.h5", cwd=tmp_path)
    assert "needs a [pulse] section" in nominal.err
