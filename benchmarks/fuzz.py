"""Damaged files, crafted files and senseless input by the thousand: nothing altered is taken for sound, nothing crashes.

    python benchmarks/fuzz.py --number 2000            all subjects, so many cases each
    python benchmarks/fuzz.py --only toml options      some of them
    python benchmarks/fuzz.py --first 2000             others than those with the numbers below
    python benchmarks/fuzz.py --kinds front            files of some kinds only

Subjects: `damage` (bytes of a file changed, or values, attributes and links without a new seal), `craft` (data sets of
another shape, type or value, or none, under a right seal; what is taken for sound then goes through commands that read
it), `toml` (files that users write, with keys, values and characters changed), `options` (command lines) and `foreign`
(bytes and cells changed in files of other programs: data sets, pictures, measurements, snapshots). Files are of every
kind that this program writes.

A case runs in a child process of bounded memory (2 GB more than at its start) and time (20 s of a processor). Good ends
are `refused`, one line that names the file, `harmless`, the very same content, of a half-done sweep `fewer` records, each
the same, and, of crafted files and input that happen to be sensible, `accepted`. Bad ends: `altered` content taken for
sound, `traceback` (or a warning of Python), `crash`, `hang`, `memory`, and a message of several lines or none, or JSON
that is none (`wordy`). Prints one JSON object.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import shlex
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
from fuzz_samples import (
    SPECIFICATION_FILE,
    command,
    foreign_files,
    own_files,
    readings,
    templates,
    training_case,
)

from dwcore.errors import InputError, RunError
from dwcore.storage import files

BAD = ("altered", "traceback", "crash", "hang", "memory", "wordy")
SECONDS, WARM = 20, 120
"""Time of a processor for a case, and more for the first of a process, which imports and compiles [s]."""
PARTIAL = ("sweep", "journal")
"""Kinds of which a part that is lost is done again."""
EXTRA_BYTES = 2 << 30
"""Address space a case may take beyond what its process has when it starts."""
GROW = bytes.fromhex("ffffffffffffff7f"), bytes.fromhex("00000000ffffffff"), bytes.fromhex("0000000000000080")
VALUES = ("", "nan", "inf", "-inf", "1e400", "1e-400", "-1", "0", "1", "1,5", "1e18", "99999999999999999999", "[]", "{}", "true",
          "\"\"", "\"5 nm\"", "\"1 parsec\"", "\"10**10**10 m\"", "'x'", "\u00e9", "\x1b[2J", "../..", "[[1, 2], [3]]", "1e-30",
          "-0.0", "0x10", "1_000", "2026-01-01", "\"\\u0000\"", "9" * 4000, "[" * 3000)  # fmt: skip


# Files


def content(value) -> bytes:
    """Return the bytes of anything that a reader returns, by which it can be compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return b"".join(repr(name).encode() + content(value[name]) for name in value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str}{value.shape}".encode() + value.tobytes()
    if isinstance(value, list | tuple):
        return b"".join(content(one) for one in value)
    return b"" if callable(value) else repr(value).encode()


def readers() -> dict[str, Callable]:
    """Return how a file of each kind is read as far as a command reads it; a checkpoint by the run that it belongs to."""
    from arraysim.programming.file import load_chips, load_programming
    from arraysim.training.file import load_training
    from compact.table.table_file import check_table, load_table
    from dwsynapse.front import load_front
    from dwsynapse.variation_file import load_variation
    from llg.runs.trajectories import load_trajectories

    return {
        "transition-table": lambda path: (check_table(path), load_table(path))[1],
        "trajectories": load_trajectories,
        "training": load_training,
        "programming": lambda path: (load_programming(path), load_chips(path)),
        "checkpoint": resumed,
        "variation": load_variation,
        "front": lambda path: load_front(path).as_json(),
    }


def resumed(path: Path) -> tuple:
    """Go on from a checkpoint; return its state and the end of the training."""
    from arraysim.training.checkpoint import load_checkpoint
    from arraysim.training.seeds import SeedJob

    saved = load_checkpoint(path, belongs_to={"seed": 1})
    law, digits, config = training_case()
    kept = path.with_suffix(".kept")
    job = SeedJob(seed=1, config=config, interval=1e9, checkpoint=kept, belongs_to={"seed": 1}, saved=saved)
    try:
        result = job.run(law, digits, lambda: False, 1)
    except InputError as error:
        raise InputError(str(error).replace(".kept", ".h5")) from None
    finally:
        kept.unlink(missing_ok=True)
    return saved, [weight.tobytes() for weight in result.hardware.weight], result.chip.test_accuracy


def search_of(path: Path) -> dict:
    """Return what a search of designs knows when it goes on with a journal."""
    from dwsynapse.design.journal import Journal
    from dwsynapse.design.specification import load_specification

    spec = path.with_name(SPECIFICATION_FILE)
    return Journal(path, load_specification(spec), 1, resume=True).known


def digest(path: Path, kind: str) -> dict[str, str]:
    """Return the hash of each part of a file that counts as sound: of all, or of each record of a half-done sweep."""
    if kind == "journal":
        return {name: hashlib.sha256(content(known)).hexdigest() for name, known in search_of(path).items()}
    if kind != "sweep":
        return {"all": hashlib.sha256(content(readers()[kind.partition(".")[0]](path))).hexdigest()}
    from compact.bulk.sweep_file import SweepFile

    with SweepFile(path) as journal:
        conditions, blocks = journal.finished()
        head = json.dumps([journal.plan.config(), journal.plan.seed, journal.shard, journal.n_states]).encode()
        records = {f"block {i}": journal.counts(i).tobytes() for i in blocks.tolist()}
        records |= {f"condition {i}": content(journal.states(i)) for i in conditions.tolist()}
        return {name: hashlib.sha256(head + value).hexdigest() for name, value in records.items()}


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Return a content with one fault: bits flipped, bytes overwritten, zeroed, lost, added, moved or made huge, the end cut off."""
    damaged = bytearray(content)
    at = rng.randrange(len(content) if rng.random() < 0.5 else min(8192, len(content)))
    length = rng.choice([1, 4, 8, 32, 100, 4096])
    kind = rng.choice(["flip", "flip", "flip", "overwrite", "zero", "truncate", "lose", "add", "grow", "move", "swap"])
    if kind == "flip":
        for _ in range(rng.choice([1, 1, 2, 8])):
            damaged[at] ^= 1 << rng.randrange(8)
            at = rng.randrange(len(content))
    elif kind == "overwrite":
        damaged[at : at + length] = rng.randbytes(min(length, len(content) - at))
    elif kind == "zero":
        damaged[at : at + length] = bytes(min(length, len(content) - at))
    elif kind == "truncate":
        del damaged[at:]
    elif kind == "lose":
        del damaged[at : at + length]
    elif kind == "add":
        damaged[at:at] = rng.randbytes(length)
    elif kind == "grow":
        damaged[at : at + 8] = rng.choice(GROW)
    else:
        other = rng.randrange(len(content))
        piece = damaged[other : other + length]
        if kind == "swap":
            damaged[other : other + length] = damaged[at : at + length]
        damaged[at : at + length] = piece
    return bytes(damaged)


def edit(path: Path, rng: random.Random) -> None:
    """Make one fault through the HDF5 library, with right checksums: a value, an attribute, a link, a shape."""
    with h5py.File(path, "r+") as file:
        items = []
        file.visititems(lambda name, item: items.append(item))
        data = [item for item in items if isinstance(item, h5py.Dataset)]
        item = rng.choice([item for item in data if item.dtype.kind != "S"])
        kind = rng.choice(["value", "attribute", "root", "delete", "link", "rename", "resize"])
        if kind == "value" and item.size:
            flat = item[()].ravel() if item.ndim else np.array([item[()]])
            place = rng.randrange(flat.size)
            flat[place] += 1
            item[...] = flat.reshape(item.shape)
        elif kind == "attribute":
            item.attrs["unit"] = np.bytes_("furlong")
        elif kind == "root":
            name = rng.choice(sorted(set(file.attrs) - {"complete"}))
            value = file.attrs[name]
            if isinstance(value, bytes | np.bytes_):
                at = rng.randrange(len(value)) if len(value) else 0
                file.attrs[name] = np.bytes_(value[:at] + b"0" + value[at + 1 :])
            else:
                file.attrs[name] = value + 1
        elif kind == "delete":
            del file[item.name]
        elif kind == "link":
            file["extra"] = item
        elif kind == "rename":
            file.move(item.name, item.name + "_")
        else:
            shape = (2**40,) * item.ndim
            name, attributes = item.name, dict(item.attrs)
            del file[name]
            new = file.create_dataset(name, shape, "f8", chunks=(1,) * item.ndim if item.ndim else None)
            new.attrs.update(attributes)


def craft(source: Path, target: Path, rng: random.Random) -> None:
    """Copy a sound file, spoil one data set or entry of its configuration, and seal the copy."""
    with files.open_checked(source) as old:
        origin = files.provenance(old)
        config = json.loads(json.dumps(origin["config"]))
        if rng.random() < 0.2:
            spoil(config, rng)
        with files.create(target, origin["schema"], config=config, seed=origin["seed"]) as new:
            for name in old:
                old.copy(name, new)
            found: list[h5py.Dataset] = []
            new.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
            if found and config == origin["config"]:
                replace(new, rng.choice(found).name, rng)


def replace(file, name: str, rng: random.Random) -> None:
    """Put something else in the place of a data set."""
    values, unit = files.get(file, name), files.text(file[name], "unit")
    dtype = file[name].attrs.get("dtype")
    flat = np.zeros((1, *np.shape(values))) if np.asarray(values).dtype.kind in "US" else np.array([values], float)
    made = {
        "nan": lambda: np.full(np.shape(values), np.nan),
        "inf": lambda: np.full(np.shape(values), np.inf),
        "minus": lambda: -flat[0] - 1,
        "huge": lambda: flat[0] * 1e300,
        "axis": lambda: flat,
        "longer": lambda: np.concatenate([np.atleast_1d(flat[0])] * 2),
        "shorter": lambda: np.atleast_1d(flat[0])[1:],
        "text": lambda: np.array(["x"] * max(1, np.shape(values)[0] if np.ndim(values) else 1)),
        "whole": lambda: np.nan_to_num(flat[0]).astype(np.int64),
        "one": lambda: np.array(7.0),
        "other unit": lambda: values,
        "none": None,
        "group": None,
    }
    kind = rng.choice(sorted(made))
    del file[name]
    file.file.flush()
    if kind == "group":
        file.create_group(name)
    elif kind != "none":
        new = files.put(file, name, made[kind](), unit="furlong" if kind == "other unit" else unit, long_name="spoilt")
        if dtype is not None:
            files.set_attribute(new, "dtype", rng.choice([dtype, b"<f8", b"O", b"nonsense"]))


def spoil(tree, rng: random.Random) -> None:
    """Change one entry anywhere in nested mappings and lists."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = rng.choice(keys)
        if not (isinstance(tree[key], dict | list) and tree[key] and rng.random() < 0.8):
            break
        tree = tree[key]
    kind = rng.choice(["drop", "value", "value", "value", "rename"])
    if kind == "value" or isinstance(tree, list):
        tree[key] = rng.choice([None, [], {}, "x", -1, 0, 1e300, 2**62, True, [[1]], {"a": {}}, ""])
    elif kind == "drop":
        del tree[key]
    else:
        tree[key + "_"] = tree.pop(key)


# Text


def spoilt_text(text: str, rng: random.Random) -> str:
    """Return a TOML text with one to three changes."""
    lines = text.splitlines()
    for _ in range(rng.choice([1, 1, 2, 3])):
        filled = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
        i = rng.choice(filled or [0])
        name, equals, value = lines[i].partition("=")
        kind = rng.choice(
            ["value", "value", "value", "value", "drop", "twice", "rename", "character", "swap", "header", "nest"]
        )
        if kind == "value" and equals:
            lines[i] = f"{name}= {rng.choice(VALUES)}"
        elif kind == "drop":
            del lines[i]
        elif kind == "twice":
            lines.insert(rng.choice(filled or [0]), lines[i])
        elif kind == "rename":
            lines[i] = f"{name.rstrip()}_ {equals}{value}"
        elif kind == "character":
            at = rng.randrange(len(lines[i]) + 1)
            lines[i] = lines[i][:at] + rng.choice("=[]{}\"'.,#\n\t\u00e9\u2212 0e-") + lines[i][at:]
        elif kind == "swap" and equals:
            other = lines[rng.choice(filled)].partition("=")[2]
            lines[i] = f"{name}={other or value}"
        elif kind == "header":
            lines.insert(i, rng.choice(["[a.b.c]", "[[layer]]", "[material]", "[[notch]]", "[array]", "[", "[]"]))
        elif kind == "nest" and equals:
            lines[i] = f"{name}= {'[' * 40}{value.split('#')[0]}{']' * 40}"
        if not lines:
            lines = [""]
    return "\n".join(lines) + "\n"


COMMANDS = (
    "simulate five_state -n 2 --current '7e11 A/m^2' --duration '1 ns' --seed 1 --temperature '300 K' --json",
    "simulate five_state -n 2 --set material.alpha=0.1 --H_z '1 mT'",
    "rates five_state --temperature '300 K' --json",
    "cost --network mlp:8 --image 8,8,1 --set chip.node=40 --json",
    "cost --network mlp:8 --image 8,8,1 --vary converter_bits=4,5",
    "train --network mlp:4 --epochs 1 --seeds 1 --rate 0.1 --batch 64 --rule sign --bits 4 -o {}/t.h5",
    "train --settings", "infer --settings --json", "program --settings", "cost --settings",
    "new device track", "check five_state", "info five_state", "plot five_state -o {}/a.png", "export five_state --to neurosim",
    "sweep five_state --currents 7e11 --durations 1e-9 -n 2 -o {}/s.h5", "calibrate five_state --pinning {}/none.csv --free sigma_0",
    "import {}/none.csv --from pulses -o {}/i.h5", "merge {}/none.h5 -o {}/m.h5",
)  # fmt: skip


def spoilt_command(rng: random.Random, folder: str) -> list[str]:
    """Return a command line with one to three changes."""
    argv = shlex.split(rng.choice(COMMANDS).replace("{}", folder))
    for _ in range(rng.choice([1, 1, 2, 3])):
        i = rng.randrange(len(argv))
        kind = rng.choice(["value", "value", "value", "drop", "twice", "other", "set", "flag"])
        if kind == "value" and i > 0:
            name, equals, _ = argv[i].partition("=")
            argv[i] = f"{name}={rng.choice(VALUES)}" if equals else rng.choice(VALUES)
        elif kind == "drop":
            del argv[i]
        elif kind == "twice":
            argv.insert(rng.randrange(len(argv)), argv[i])
        elif kind == "other":
            argv[i:i] = rng.choice([shlex.split(line)[1:] for line in COMMANDS])[:2]
        elif kind == "set":
            argv += [
                rng.choice(["--set", "--vary"]),
                f"{rng.choice(['adc.bits', 'material.alpha', 'x', ''])}={rng.choice(VALUES)}",
            ]
        else:
            argv.append(rng.choice(["--json", "--force", "--resume", "--help", "--settings", "--jobs", "-n", "--seed"]))
        argv = argv or [""]
    return [one.replace("{}", folder).replace("\0", "") for one in argv]


def spoilt_cells(content: bytes, rng: random.Random) -> bytes:
    """Return a text with one to three words, numbers, marks or lines changed, lost or doubled."""
    lines = content.decode("latin-1").splitlines(keepends=True)
    for _ in range(rng.choice([1, 1, 2, 3])):
        i = rng.randrange(len(lines))
        kind = rng.choice(["cell", "cell", "cell", "mark", "lose", "twice", "swap", "long"])
        cells = re.split(r"([,;\s=:()\[\]{}]+)", lines[i])
        j = 2 * rng.randrange((len(cells) + 1) // 2) if kind == "cell" else rng.randrange(len(cells))
        if kind == "lose":
            lines[i] = ""
        elif kind == "twice":
            lines[i] *= 2
        elif kind == "swap":
            k = rng.randrange(len(lines))
            lines[i], lines[k] = lines[k], lines[i]
        elif kind == "long":
            lines[i] *= 3000
        else:
            cells[j] = (
                rng.choice([*VALUES, "#", "%", "\0", '"'])
                if kind == "cell"
                else rng.choice([",", ";", "\t", " ", "", "\n"])
            )
            lines[i] = "".join(cells)
    return "".join(lines).encode("latin-1", "replace")


# Judgement


def judge_text(argv: list[str]) -> str:
    """Run a command and say how it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)  # which nobody sees
        code, out, err = command(*argv)
    if "Traceback" in err + out or "Warning: " in err:
        return f"traceback: {argv}: {err[-300:]}"
    if "Unable to allocate" in err or "MemoryError" in err:
        return f"memory: {argv}: {err[-300:]}"
    if code == 0:
        return "accepted" if "--json" not in argv or is_json(out) else f"wordy: {argv}: {out[:300]!r}"
    last = [line for line in err.splitlines() if not line.startswith(("usage:", " "))]
    return "refused" if code in (1, 2) and last and len(last[-1]) < 8000 else f"wordy: {argv}: {code} {err[:300]!r}"


def is_json(text: str) -> bool:
    """Whether a text is one line of JSON that every reader takes, without NaN and infinity."""
    try:
        json.loads(text, parse_constant=float.fromhex)
    except ValueError:
        return False
    return text.count("\n") == 1


def judge_file(path: Path, kind: str, sound: dict[str, str], lines: Sequence[str] = ()) -> str:
    """Read a damaged file, or a crafted one with commands that take it, and say how it ended."""
    try:
        found = digest(path, kind)
    except InputError as error:
        return "refused" if path.name in str(error) and "\n" not in str(error) else f"wordy: {error!r}"
    if found == sound:
        return "harmless"
    if not lines:
        return "fewer" if kind in PARTIAL and found.items() <= sound.items() else "altered"
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        ends = [judge_text(shlex.split(line.format(path, out=f"{folder}/{i}"))) for i, line in enumerate(lines)]
    return max(ends, key=lambda end: end.partition(":")[0] in BAD)


def case(subject: str, kind: str, number: int, source: Path, made: "Sound", folder: str) -> str:
    """Make and judge one case; subject, kind and number decide all of it."""
    rng = random.Random(f"{subject} {kind} {number}")
    end = {"toml": ".toml", "foreign": ""}.get(subject, source.suffix)
    path = Path(folder) / f"{subject}-{kind}-{number}{end}"  # HDF5 remembers open files by name
    try:
        if subject == "options":
            with contextlib.chdir(folder):  # `new NAME` and others write where they are started
                return judge_text(spoilt_command(rng, folder))
        if subject == "toml":
            text, commands = templates()[kind]
            path.write_text(spoilt_text(text, rng), encoding="utf-8")
            return judge_text(shlex.split(rng.choice(commands).replace("{}", str(path))))
        if subject == "foreign":
            return judge_foreign(kind, source, made, path, rng)
        if subject == "craft":
            try:
                craft(source, path, rng)
            except (InputError, RunError):  # what the writer itself refuses
                return "refused"
            return judge_file(path, kind, made.parts, rng.sample(readings(kind.partition(".")[0]), 2))
        if rng.random() < 0.2 and source.suffix == ".h5":
            path.write_bytes(source.read_bytes())
            edit(path, rng)
        else:
            path.write_bytes(mutate(source.read_bytes(), rng))
        return judge_file(path, kind, made.parts)
    except MemoryError:
        return "memory"
    except BaseException as error:
        return f"traceback: {error!r}"
    finally:
        path.unlink(missing_ok=True)


def judge_foreign(kind: str, source: Path, made: "Sound", out: Path, rng: random.Random) -> str:
    """Spoil a file of another program where it lies, among those that belong to it, and run the command that reads it."""
    content = source.read_bytes()
    is_text = source.suffix in (".csv", ".txt", ".odt", ".json", ".cpp") or kind == "ovf.text"
    try:
        source.write_bytes(spoilt_cells(content, rng) if is_text and rng.random() < 0.7 else mutate(content, rng))
        return judge_text(shlex.split(made.line.replace("{out}", str(out))))
    finally:
        source.write_bytes(content)
        for left in out.parent.glob(f"{out.name}*"):
            left.unlink()


@dataclasses.dataclass(frozen=True)
class Sound:
    """What is known of a sound file.

    Attributes:
        parts: hash of each part that counts as sound, of a file of this program.
        line: command that reads it, of a file of another one.
    """

    parts: dict[str, str] = dataclasses.field(default_factory=dict)
    line: str = ""


def child(pipe, subject: str, kind: str, source: Path, line: str, folder: str):
    """Judge cases by number until told to stop."""
    sound = Sound(line=line) if line else Sound(digest(source, kind) if source.is_file() else {})
    case(subject, kind, -1, source, sound, folder)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_BYTES, used + EXTRA_BYTES))
    while (number := pipe.recv()) is not None:
        pipe.send(case(subject, kind, number, source, sound, folder))


def answers(pipe, pid: int, seconds: float) -> bool:
    """Return whether a child answers within so much time of a processor, and ten times as much by the clock."""
    end, began = time.monotonic() + 10 * seconds, used_time(pid)
    while time.monotonic() < end and used_time(pid) - began < seconds:
        if pipe.poll(1.0):
            return True
    return False


def used_time(pid: int) -> float:
    """Return the time that a process has had of the processors [s], of one that has ended 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fuzz(subject: str, kind: str, source: Path, line: str, folder: str, numbers: range) -> tuple[Counter, list[str]]:
    """Judge all cases of a kind; a child that dies or hangs is replaced."""
    ends, notes, process = Counter(), [], None
    context = multiprocessing.get_context("spawn")
    for number in numbers:
        if process is None:
            pipe, other = context.Pipe()
            process = context.Process(target=child, args=(other, subject, kind, source, line, folder))
            process.start()
            other.close()
            warm = WARM
        pipe.send(number)
        try:
            end = pipe.recv() if answers(pipe, process.pid, SECONDS + warm) else "hang"
        except (EOFError, ConnectionResetError):
            end = "crash"
        warm = 0
        if end in ("crash", "hang"):
            process.kill()
            process.join()
            process = None
        name = end.split(":")[0]
        ends[name] += 1
        if name in BAD:
            notes.append(f"{subject} {kind} {number}: {end}")
            print(notes[-1], file=sys.stderr)
    if process is not None:
        pipe.send(None)
        process.join()
    return ends, notes


def run(number: int, only: list[str], first: int = 0, chosen: list[str] | None = None) -> dict:
    """Fuzz all subjects, the cases of each spread over its kinds, all or those chosen, with numbers from `first` on."""
    result: dict = {"cases_each": number, "bad": 0, "notes": []}
    with tempfile.TemporaryDirectory() as folder:
        own = own_files(Path(folder)) if {"damage", "craft"} & set(only) else {}
        (Path(folder) / "foreign").mkdir()
        kinds = {
            "damage": {kind: (path, "") for kind, path in own.items()},
            "craft": {kind: (path, "") for kind, path in own.items() if path.suffix == ".h5"},
            "toml": dict.fromkeys(templates() if "toml" in only else (), (Path("none"), "")),
            "options": {"all": (Path("none"), "")},
            "foreign": foreign_files(Path(folder) / "foreign") if "foreign" in only else {},
        }
        for subject in only:
            some = [kind for kind in kinds[subject] if chosen is None or kind in chosen]
            if not some:
                raise SystemExit(f"--kinds: {subject} knows {', '.join(kinds[subject])}")
            each = -(-number // len(some))
            for kind in some:
                ends, notes = fuzz(subject, kind, *kinds[subject][kind], folder, range(first, first + each))
                result[f"{subject} {kind}"] = dict(sorted(ends.items()))
                result["notes"] += notes
                result["bad"] += sum(ends[end] for end in BAD)
                print(subject, kind, dict(ends), file=sys.stderr)
    return result


SUBJECTS = ("damage", "craft", "toml", "options", "foreign")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case of each kind")
    parser.add_argument("--kinds", nargs="+", help="kinds of files, all if not given")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.number, chosen.only, chosen.first, chosen.kinds), indent=1))
