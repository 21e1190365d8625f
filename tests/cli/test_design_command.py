"""`design`: a folder of verified devices, an impossible specification, a template; killed and resumed."""

import json
import signal

import pytest
from design_spec import SPEC, write_judged_on_devices
from resealed import content

from dwsynapse import load_front
from llg.device.device_file import load_device


def test_a_folder_of_designs(command, folder):
    (folder / "spec.toml").write_text(SPEC)
    answer = command("design", "spec.toml", "-o", "d", "--jobs", 2, "--json")
    result = answer.json
    assert len(result["designs"]) == 1 and all(verdict["holds"] for verdict in result["designs"][0]["verdicts"])
    names = {"design_1.toml", "front.h5", "front.json", "front.png", "report.html", "trials.jsonl"}
    assert {path.name for path in (folder / "d").iterdir()} == names
    device = load_device(folder / "d" / "design_1.toml")
    assert len(device.notches) == 3
    assert device.pulse.current_density == pytest.approx(result["designs"][0]["figures"]["current_density"])
    assert json.loads((folder / "d" / "front.json").read_text()) == result
    front = load_front(folder / "d" / "front.h5")
    assert front.as_json() == result and front.devices == (device,) and front.config["text"] == SPEC
    again = command("design", "spec.toml", "-o", "d")
    assert again.code == 2 and "front.h5: exists; give --force" in again.err
    before = {path: path.stat().st_mtime_ns for path in (folder / "d").iterdir()}
    assert command("design", "spec.toml", "-o", "d", "--resume", "--json").json == result  # nothing is left to do
    assert {path: path.stat().st_mtime_ns for path in (folder / "d").iterdir()} == before
    (folder / "spec.toml").write_text(SPEC.replace("barrier = 40", "barrier = 41"))
    other = command("design", "spec.toml", "-o", "d", "--resume")
    assert other.code == 2 and "front.h5: is of another search; --force begins anew" in other.err


KILLED = """
import os
from pathlib import Path
from dwcore.storage.atomic import replacing
from dwcore.storage.lock import only_writer
path = Path("d", "design_1", "training.h5")
with only_writer(path), replacing(path):
    os.kill(os.getpid(), 9)
"""
"""A training of a design that is killed as it writes its file."""


def test_an_impossible_specification_says_what_fails_first(command, process, folder):
    (folder / "spec.toml").write_text(SPEC.replace("barrier = 40", 'barrier = 40\nenergy = "7.3e-15 J"'))
    for name, files in (("old", ()), ("1", ("table.h5", "chip.png", "summary.json")), ("2", ("table.h5", "mine.txt"))):
        (folder / "d" / f"design_{name}").mkdir(parents=True)  # those with a number are of --network
        for file in files:
            (folder / "d" / f"design_{name}" / file).write_text("of another search\n")
    child = process("rates", cwd=folder, before=KILLED)
    assert child.wait() == -signal.SIGKILL and len(list((folder / "d" / "design_1").iterdir())) == 5
    for name in ("trials.jsonl", "design_2.toml", "front.png", "report.html", "design_notes.toml"):
        (folder / "d" / name).write_text("of another search\n")
    refused = command("design", "spec.toml", "-o", "d", "--resume")
    assert refused.code == 2 and "belongs to another search" in refused.err
    answer = command("design", "spec.toml", "-o", "d", "--jobs", 2, "--resume", "--force")
    assert answer.code == 1 and answer.err.count("\n") == 1 and "energy fails first" in answer.err
    left = {"trials.jsonl", "front.h5", "front.json", "design_old", "design_2", "design_notes.toml"}
    assert {path.name for path in (folder / "d").iterdir()} == left
    assert [path.name for path in (folder / "d" / "design_2").iterdir()] == ["mine.txt"]
    nearest = json.loads((folder / "d" / "front.json").read_text())["nearest"]
    assert nearest["misses"]["energy"] > 0


def test_what_cannot_be_simulated_is_said(command, folder):
    long = SPEC.replace("[require]", 'duration = ["1 ns", "5 ms"]\n[require]').replace(
        "pulses = 12000", "pulses = 1000"
    )
    (folder / "spec.toml").write_text(long.replace("barrier = 40", "barrier = 4\none_step = 0.9"))
    answer = command("design", "spec.toml", "-o", "d", "--jobs", 1)
    assert answer.code == 1 and answer.err.count("\n") == 1
    assert "one_step fails first: unknown (a trajectory of 0.005" in answer.err


def test_the_template_is_sound(command, folder):
    assert command("new", "design", "mine").code == 0
    answer = command("check", "mine.toml")
    assert answer.code == 0 and "required: states 5, barrier 45" in answer.out


def test_killed_and_resumed_gives_the_same_folder(command, process, folder):
    """Killed in the search, interrupted in the search, killed between two verifications."""
    (folder / "spec.toml").write_text(SPEC.replace("designs = 1", "designs = 2"))
    assert command("design", "spec.toml", "-o", "whole", "--jobs", 2).code == 0
    lines = (folder / "whole" / "trials.jsonl").read_text().splitlines()
    assert sum('"verified ' in line for line in lines) == 2
    kept = folder / "part" / "trials.jsonl"
    for number, times in ((signal.SIGKILL, 4), (signal.SIGINT, 4), (signal.SIGKILL, None)):
        options = ("-o", "part", "--jobs", 1, *(["--resume"] if kept.exists() else []))
        last = times or len(lines) - len(kept.read_text().splitlines())
        child = process("design", "spec.toml", *options, cwd=folder, stop=(number, "trials.jsonl", last))
        _, err = child.communicate(timeout=600)
        if number == signal.SIGINT:
            assert child.returncode == 130 and "the trials are kept in part/trials.jsonl, --resume goes on" in err
    assert sum('"verified ' in line for line in kept.read_text().splitlines()) == 1
    assert not (folder / "part" / "front.h5").exists()
    assert "--resume goes on with it" in command("design", "spec.toml", "-o", "part").err
    assert command("design", "spec.toml", "-o", "part", "--resume").code == 0
    for name in ("front.json", "design_1.toml", "front.png"):
        assert (folder / "part" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert content(folder / "part" / "front.h5") == content(folder / "whole" / "front.h5")
    assert sorted((folder / "part" / "trials.jsonl").read_text().splitlines()) == sorted(lines)


def test_processes_find_what_threads_find(command, folder):
    write_judged_on_devices(folder)
    for place, how in (("apart", ("--processes", "--jobs", 2)), ("here", ("--jobs", 1))):
        assert command("design", "spec.toml", *how, "-o", place).code == 0
    assert content(folder / "apart" / "front.h5") == content(folder / "here" / "front.h5")
    both = command("design", "spec.toml", "--processes", "--dask", "nowhere.json", "-o", "both")
    assert both.code == 2 and "not allowed with argument --processes" in both.err
    nobody = command("design", "spec.toml", "--dask", "nowhere.json", "-o", "nobody")
    assert nobody.code == 2 and "--dask nowhere.json: no such scheduler file" in nobody.err
    assert not (folder / "both").exists() and not (folder / "nobody").exists()
