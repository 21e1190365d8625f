"""Damage transition tables and partial sweep files in thousands of ways; nothing altered may ever be taken for sound.

    python benchmarks/fuzz_files.py --mutations 2000

Each damaged file is read in a child process of bounded memory (address space) and time. Good ends are one line that
names the file (`refused`) and, where the damage changes nothing that counts, the very same content (`harmless`); of a
sweep file also fewer finished blocks, each with the very same content (`fewer`). Bad ends: `altered` content taken for
sound, any other exception (`traceback`), death of the process (`crash`), more than 10 s (`hang`), and MemoryError
(`memory`). Prints one JSON object with the count of each, and how much resident memory grew beyond that for the sound
file.
"""

import argparse
import hashlib
import json
import multiprocessing
import random
import resource
import signal
import tempfile
from pathlib import Path

import h5py
import numpy as np

from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.run import run_shard
from compact.bulk.sweep_file import SweepFile
from compact.table.table_file import check_table, load_table
from dwcore.errors import InputError
from dwsynapse.options import progress
from llg.device.device import load_device

BAD = ("altered", "traceback", "crash", "hang", "memory")
SECONDS = 10
EXTRA_BYTES = 1 << 30
"""Address space a reader may take beyond what it has when it starts; limits are on address space, not on resident memory."""
GROW = bytes.fromhex("ffffffffffffff7f"), bytes.fromhex("00000000ffffffff"), bytes.fromhex("0000000000000080")


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One fault: bits flipped, bytes overwritten, zeroed, lost, added, moved or made huge, the end cut off."""
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
    """One fault that the HDF5 library itself makes, with right checksums: a value, an attribute, a link, a shape."""
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


def digest(path: Path, kind: str) -> dict[str, str]:
    """Hash of each part of a file that counts as sound; a table has one part, a sweep file one per record."""
    if kind == "table":
        check_table(path)
        table = load_table(path)
        parts = [getattr(table, name) for name in vars(table) if isinstance(getattr(table, name), np.ndarray)]
        states = [] if table.instance_states is None else list(vars(table.instance_states).values())
        text = json.dumps([table.config, table.seed, table.retention_method, sorted(table.devices)])
        arrays = [*parts, *states, *(table.devices[name] for name in sorted(table.devices))]
        return {"all": hashlib.sha256(b"".join([text.encode(), *(a.tobytes() for a in arrays)])).hexdigest()}
    with SweepFile(path) as journal:
        conditions, blocks = journal.finished()
        head = json.dumps([journal.plan.config(), journal.plan.seed, journal.shard, journal.n_states]).encode()
        records = {f"block {i}": journal.counts(i).tobytes() for i in blocks.tolist()}
        records |= {
            f"condition {i}": b"".join(v.tobytes() for v in vars(journal.states(i)).values())
            for i in conditions.tolist()
        }
        return {name: hashlib.sha256(head + value).hexdigest() for name, value in records.items()}


def judge(path: Path, kind: str, sound: dict[str, str]) -> str:
    """Read a damaged file and say how it ended."""
    try:
        found = digest(path, kind)
    except InputError as error:
        return "refused" if str(path) in str(error) and "\n" not in str(error) else f"traceback: {error!r}"
    except MemoryError:
        return "memory"
    except BaseException as error:
        return f"traceback: {error!r}"
    if found == sound:
        return "harmless"
    return "fewer" if kind == "sweep" and found.items() <= sound.items() else "altered"


def child(pipe, content: bytes, kind: str, folder: str, sound: dict[str, str]):
    """Judge damaged files by number until told to stop; the number seeds the damage."""
    judge(Path(folder) / f"sound-{kind}.h5", kind, sound)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_BYTES, used + EXTRA_BYTES))
    while (number := pipe.recv()) is not None:
        rng = random.Random(f"{kind} {number}")
        path = Path(folder) / f"{kind}-{number}.h5"  # HDF5 keeps what it knows of an open file by its name and inode
        if rng.random() < 0.2:
            path.write_bytes(content)
            edit(path, rng)
        else:
            path.write_bytes(mutate(content, rng))
        pipe.send(judge(path, kind, sound))
        path.unlink()
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def fuzz(content: bytes, kind: str, folder: str, numbers: range) -> tuple[dict[str, int], list[str], int]:
    """Judge all damages; a child that dies or hangs is replaced."""
    path = Path(folder) / f"sound-{kind}.h5"
    path.write_bytes(content)
    sound = digest(path, kind)
    ends, notes, memory, process = {}, [], 0, None
    context = multiprocessing.get_context("spawn")
    for number in [*numbers, None]:
        if process is None:
            pipe, other = context.Pipe()
            process = context.Process(target=child, args=(other, content, kind, folder, sound))
            process.start()
            other.close()
            warm = 60
        pipe.send(number)
        try:
            end = pipe.recv() if pipe.poll(SECONDS + warm) else "hang"
        except EOFError:
            end = "crash"
        warm = 0
        if number is None:
            memory = end * 1024
            process.join()
            continue
        if end in ("crash", "hang"):
            process.kill()
            process.join()
            process = None
        name = end.split(":")[0]
        ends[name] = ends.get(name, 0) + 1
        if name in BAD:
            notes.append(f"{kind} {number}: {end}")
    return ends, notes, memory


def samples(folder: Path) -> dict[str, bytes]:
    """A table and a partial sweep file of two small device instances, half of whose blocks are done."""
    from compact.bulk.run import run_to_table

    device = load_device("five_state")
    grid = Grid(current_density=(-7e11, 6e11), duration=(1e-9,))
    plan = SweepPlan(device=device, grid=grid, temperature=(300.0,), instances=(1, 2), n=100, seed=1)
    options = {"resume": False, "force": False, "progress": progress}
    run_to_table(plan, folder / "table.h5", lambda worker, tasks: run_threads(worker, tasks, jobs=1), **options)
    half = lambda worker, tasks: run_threads(worker, [task for task, _ in zip(tasks, range(3))], jobs=1)  # noqa: E731, B905
    run_shard(plan, (1, 1), folder / "sweep.h5", half, **options)
    return {kind: (folder / f"{kind}.h5").read_bytes() for kind in ("table", "sweep")}


def run(mutations: int) -> dict:
    """Fuzz both kinds of files."""
    result = {"mutations_each": mutations, "notes": []}
    with tempfile.TemporaryDirectory() as folder:
        for kind, content in samples(Path(folder)).items():
            ends, notes, memory = fuzz(content, kind, folder, range(mutations))
            result[kind] = {"bytes": len(content), **dict(sorted(ends.items())), "resident_growth_bytes": memory}
            result["notes"] += notes
    result["bad"] = sum(result[kind].get(end, 0) for kind in ("table", "sweep") for end in BAD)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mutations", type=int, default=2000)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(json.dumps(run(parser.parse_args().mutations)))
