"""The file protocol: what is written comes back, nothing else is ever accepted, no half file is ever left."""

import errno
import fcntl
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from resealed import content

from dwcore.errors import InputError, RunError
from dwcore.storage import files, integrity

SCHEMA = "dwsynapse.training"
CONFIG = {"track": {"width": 1e-7, "notches": [1, 2]}, "name": "drei µm"}
V110 = ("v110", "v110")


def write(path, *, value=1.5, unit="m", seed=7, config=CONFIG, name="position", **options):
    with files.create(path, SCHEMA, config=config, seed=seed, **options) as file:
        files.put(file, f"walls/{name}", np.full((3, 4), value), unit=unit, long_name="wall position")
        files.put(file, "counts", np.arange(5000, dtype=np.uint64), unit="1", long_name="outcomes")
        files.put(file, "method", "Langer, θ", unit="1", long_name="how it was done")
    return path


def load(path):
    """Everything that can be read from a file, in a form that compares."""
    with files.open_checked(path) as file:
        data = {name: files.get(file, name) for name, *_ in files.describe(file)}
        described = [tuple(map(str, row)) for row in files.describe(file)]
        return {n: (d.dtype.str, d.tobytes()) for n, d in data.items()}, described, files.provenance(file)


def edit(path):
    return h5py.File(path, "r+", libver=V110)


def refuse(path, fragment, schema=None):
    """Opening fails with one line that names the file and the fault."""
    with pytest.raises(InputError) as caught, files.open_checked(path, schema):
        pass
    message = str(caught.value)
    assert str(path) in message and fragment in message and "\n" not in message, message


@pytest.fixture
def sound(tmp_path):
    return write(tmp_path / "sound.h5")


# What is written comes back


def test_content_and_provenance_come_back(tmp_path):
    source = tmp_path / "source.csv"
    source.write_bytes(b"abc")
    path = write(tmp_path / "a.h5", inputs=[source], seed=2**64 - 1)
    with files.open_checked(path, SCHEMA) as file:
        assert np.array_equal(files.get(file, "walls/position"), np.full((3, 4), 1.5))
        assert files.get(file, "counts").dtype == np.uint64
        assert np.array_equal(files.get(file, "counts"), np.arange(5000))
        assert str(files.get(file, "method")) == "Langer, θ"
        assert files.describe(file)[2] == ("/walls/position", (3, 4), np.float64, "m", "wall position")
        with pytest.raises(InputError, match="lacks the data set /walls/speed"):
            files.get(file, "walls/speed")
        found = files.provenance(file)
    assert found["config"] == CONFIG and found["seed"] == 2**64 - 1
    assert found["schema"] == SCHEMA and found["schema_version"] == 1 and found["complete"] == 1
    assert found["inputs"] == {"source.csv": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
    assert set(found["versions"]) == {"dwsynapse", "python", "numpy", "scipy", "numba", "h5py"}
    assert found["versions"]["numpy"] == np.__version__
    assert found["git_state"] and found["command_line"]


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (np.float32(0.5), np.float64),
        ([1, 2], np.int64),
        (np.array([1], np.uint8), np.uint8),
        (np.array([True, False]), np.uint8),
        (np.zeros((0, 3)), np.float64),
        (np.array(["a", "βγ"]), None),
    ],
)
def test_types_that_can_be_put(tmp_path, given, dtype):
    with files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file:
        files.put(file, "x", given, unit="1", long_name="x")
    with files.open_checked(tmp_path / "a.h5") as file:
        back = files.get(file, "x")
    assert np.array_equal(back, given) and back.shape == np.shape(given)
    assert dtype is None or back.dtype == dtype


@pytest.mark.parametrize(
    "given", [1j, np.longdouble(1), [[1], [1, 2]], [None], b"raw", "a\0b", np.datetime64("2020-01-01")]
)
def test_types_that_cannot_be_put(tmp_path, given):
    with (
        pytest.raises(InputError, match="data set /x"),
        files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file,
    ):
        files.put(file, "x", given, unit="1", long_name="x")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("words", [{"unit": ""}, {"long_name": ""}, {"unit": None}])
def test_unit_and_name_are_needed(tmp_path, words):
    with pytest.raises(InputError, match=next(iter(words))), h5py.File(tmp_path / "a.h5", "w") as file:
        files.put(file, "x", 1.0, **({"unit": "m", "long_name": "x"} | words))


def test_long_configuration_and_attributes_set_through_h5py(tmp_path):
    config = {"table": ["x" * 1000] * 1000}
    with files.create(tmp_path / "a.h5", SCHEMA, config=config, seed=0) as file:
        file.create_group("a").attrs["words"] = "Grüße"
        file["a"].attrs["list"] = ["b", "c"]
    with files.open_checked(tmp_path / "a.h5") as file:
        assert files.provenance(file)["config"] == config
        assert files.text(file["a"], "words") == "Grüße"
        assert list(file["a"].attrs["list"]) == [b"b", b"c"]


# The content hash


def test_content_hash_is_that_of_the_content_alone(tmp_path, monkeypatch, sound):
    monkeypatch.setattr(sys, "argv", ["other", "command line"])
    again = write(tmp_path / "again.h5", inputs=[sound])
    assert content(again) == content(sound)
    changes = [{"value": 1.6}, {"unit": "s"}, {"seed": 8}, {"config": {}}, {"name": "speed"}]
    hashes = {content(write(tmp_path / f"{i}.h5", **change)) for i, change in enumerate(changes)}
    assert len(hashes | {content(sound)}) == len(changes) + 1


def test_content_hash_does_not_depend_on_blocks_or_storage(tmp_path, monkeypatch):
    data = np.random.default_rng(1).random((2, 3, 40, 50))
    found = set()
    for block in (1 << 24, 5000, 7):
        monkeypatch.setattr(integrity, "BLOCK_BYTES", block)
        for chunks in (None, (1, 1, 7, 50), (2, 3, 40, 50), (1, 3, 9, 11)):
            path = tmp_path / f"{block} {chunks}.h5"
            with h5py.File(path, "w", libver=V110) as file:
                item = file.create_dataset("x", data=data, chunks=chunks, compression="gzip" if chunks else None)
                files.set_attribute(item, "unit", "m")
                found.add(integrity.content_sha256(file))
    assert len(found) == 1


# Writing: at once refused, or complete, or nothing


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", True, None])
def test_seed_must_be_an_integer(tmp_path, seed):
    with pytest.raises(InputError, match="seed"):
        write(tmp_path / "a.h5", seed=seed)
    assert not os.listdir(tmp_path)


def test_unknown_schema_names_the_nearest(tmp_path):
    with (
        pytest.raises(InputError, match=r'did you mean "dwsynapse\.training"'),
        files.create(tmp_path / "a.h5", "dwsynapse.trainin", config={}, seed=0),
    ):
        pass


def test_existing_file_is_only_overwritten_by_force(tmp_path, sound):
    before = sound.read_bytes()
    with pytest.raises(InputError, match="--force"):
        write(sound, value=2.0)
    assert sound.read_bytes() == before
    write(sound, value=2.0, force=True)
    with files.open_checked(sound) as file:
        assert files.get(file, "walls/position")[0, 0] == 2.0
    assert os.listdir(tmp_path) == ["sound.h5"]


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("", "is a folder"),
        ("none/a.h5", "does not exist"),
        ("file/a.h5", "cannot write"),
        ("x" * 300, "File name too long"),
        ("a\0.h5", "null"),
    ],
)
def test_paths_that_cannot_be_written_are_refused_before_the_work(tmp_path, name, fragment):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=fragment),
        files.create(f"{tmp_path}/{name}", SCHEMA, config={}, seed=0, force=True),
    ):
        pytest.fail("the work has started")


def test_folder_without_permission_is_refused_before_the_work(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with (
        pytest.raises(InputError, match=r"cannot write in the folder .*: Permission denied"),
        files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0),
    ):
        pytest.fail("the work has started")


def test_devices_are_never_replaced():
    with pytest.raises(InputError, match="not a regular file"):
        write(os.devnull, force=True)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_link_keeps_pointing_to_the_new_file(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link.h5").symlink_to(tmp_path / "far" / "a.h5")
    write(tmp_path / "link.h5")
    assert (tmp_path / "link.h5").is_symlink() and os.listdir(tmp_path / "far") == ["a.h5"]


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        path = write(tmp_path / "a.h5")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError, InputError])
def test_interrupted_work_leaves_nothing(tmp_path, sound, error):
    before = sound.read_bytes()
    with pytest.raises(error), files.create(sound, SCHEMA, config={}, seed=0, force=True) as file:
        files.put(file, "x", np.zeros(10**5), unit="1", long_name="x")
        assert len(os.listdir(tmp_path)) == 2
        raise error
    assert os.listdir(tmp_path) == ["sound.h5"] and sound.read_bytes() == before


def test_interrupt_while_sealing_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(integrity, "content_sha256", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.h5")
    assert not os.listdir(tmp_path)


def test_file_that_appeared_during_the_work_is_kept(tmp_path):
    path = tmp_path / "a.h5"
    with pytest.raises(InputError, match="--force"), files.create(path, SCHEMA, config={}, seed=0):
        path.write_text("mine")
    assert path.read_text() == "mine" and os.listdir(tmp_path) == ["a.h5"]


@pytest.mark.parametrize(
    ("leave", "fragment"),
    [
        (lambda file: file.create_dataset("x", data=[1.0]), "lacks the attribute unit"),
        (lambda file: file.attrs.update(flag=True), "has the type bool"),
        (lambda file: file.update(x=h5py.SoftLink("/")), "link"),
        (lambda file: file.close(), "could not be written"),
        (lambda file: [files.put(file, "x", 1, unit="1", long_name="x") for _ in range(2)], "already exists"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path, leave, fragment):
    with (
        pytest.raises(RunError, match=fragment),
        files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file,
    ):
        leave(file)
    assert not os.listdir(tmp_path)


FULL_DISK = """
import resource, sys
import numpy as np
from dwcore.storage import files
from dwcore.errors import RunError
resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))
try:
    with files.create(sys.argv[1], "dwsynapse.training", config={}, seed=0) as file:
        for i in range(5):
            files.put(file, f"x{i}", np.random.default_rng(i).random(50000), unit="1", long_name="x")
except RunError as error:
    print(error)
"""


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.h5")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"{tmp_path / 'a.h5'} could not be written: File too large\n"
    assert not os.listdir(tmp_path)


# Reading: what is not ours


def test_files_that_are_not_hdf5(tmp_path):
    path = tmp_path / "a.h5"
    refuse(path, "no such file")
    for data, fragment in ((b"", "empty"), (b"position,1\n", "not an HDF5"), (b"\x89HDF", "not an HDF5")):
        path.write_bytes(data)
        refuse(path, fragment)
    path.write_bytes(files.SIGNATURE)
    refuse(path, "foreign")
    path.write_bytes(files.SIGNATURE + b"\x03" + bytes(1000))
    refuse(path, "truncated or damaged")
    refuse(tmp_path, "is a folder")
    os.mkfifo(tmp_path / "pipe")
    refuse(tmp_path / "pipe", "not a regular file")


def test_foreign_hdf5(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w", libver=("earliest", "v108")) as file:
        file.attrs["schema"] = SCHEMA
    refuse(tmp_path / "old.h5", "foreign file")
    with h5py.File(tmp_path / "new.h5", "w", libver=V110) as file:
        file["x"] = [1.0]
    refuse(tmp_path / "new.h5", "foreign file, it has no text attribute schema")


def test_schema_and_version(sound):
    refuse(sound, "holds dwsynapse.training, dwsynapse.trajectories is needed", "dwsynapse.trajectories")
    for version, fragment in ((2, "version 2 is newer"), (0, "positive integer"), (1.0, "positive integer")):
        with edit(sound) as file:
            file.attrs["schema_version"] = version
        refuse(sound, fragment)
    with edit(sound) as file:
        files.set_attribute(file, "schema", "dwsynapse.trainings")
    refuse(sound, 'did you mean "dwsynapse.training"')
    with edit(sound) as file:
        file.attrs["schema"] = "text of variable length"
    refuse(sound, "variable length")


@pytest.mark.parametrize("marker", [None, 0])
def test_incomplete_file(sound, marker):
    with edit(sound) as file:
        del file.attrs["complete"]
        if marker is not None:
            file.attrs["complete"] = marker
    refuse(sound, "incomplete file")


# Reading: what was altered


def _set(name, value):
    return lambda file: files.set_attribute(file, name, value)


ALTERATIONS = {
    "value": lambda file: file["walls/position"].write_direct(np.full((3, 4), 1.5000000000000002)),
    "one count": lambda file: file["counts"].__setitem__(4321, 1),
    "unit": lambda file: files.set_attribute(file["walls/position"], "unit", "s"),
    "new data": lambda file: files.put(file, "new", 1.0, unit="1", long_name="new"),
    "new group": lambda file: file.create_group("new"),
    "new attribute": _set("new", 1),
    "group attribute": lambda file: files.set_attribute(file["walls"], "new", 1),
    "less data": lambda file: file.pop("method"),
    "other name": lambda file: file.move("method", "methods"),
    "other place": lambda file: file.move("method", "walls/method"),
    "seed": _set("seed", np.uint64(8)),
    "type of the seed": _set("seed", np.int64(7)),
    "config": _set("config", "{}"),
    "config hash": _set("config_sha256", "0" * 64),
    "versions": _set("versions", "{}"),
    "git state": _set("git_state", "0"),
    "command line": _set("command_line", "rm"),
    "inputs": _set("inputs", "{}."),
    "content hash": _set("content_sha256", "0" * 64),
    "provenance hash": _set("provenance_sha256", "0" * 64),
    "no seed": lambda file: file.attrs.pop("seed"),
    "no hash": lambda file: file.attrs.pop("content_sha256"),
    "no versions": lambda file: file.attrs.pop("versions"),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_altered_file(sound, what):
    with edit(sound) as file:
        ALTERATIONS[what](file)
    refuse(sound, "altered file")


def test_untouched_file_opened_for_writing_is_still_sound(sound):
    before = load(sound)
    with edit(sound) as file:
        file["walls/position"][...] = 1.5
    assert load(sound) == before


# Reading: what could do harm


def _virtual(file):
    layout = h5py.VirtualLayout(shape=(5000,), dtype="u8")
    layout[:] = h5py.VirtualSource(".", "counts", shape=(5000,))
    file.create_virtual_dataset("x", layout)


def _cyclic(file):
    file["walls/root"] = file["/"]


def _twice_compressed(file):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((1000,))
    settings.set_deflate(9)
    settings.set_deflate(9)
    space = h5py.h5s.create_simple((1000,))
    h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT64, space, settings)


def _typed(dtype, shape=(1,), **options):
    return lambda file: file.create_dataset("x", shape=shape, dtype=dtype, **options)


def _mostly_absent(file):
    """Ten chunks declared, the first is there."""
    file.create_dataset("x", shape=(100,), dtype="f8", chunks=(10,))[:10] = 1.0


HARMFUL = {
    "soft link": (lambda file: file.update(x=h5py.SoftLink("/counts")), "link"),
    "external link": (lambda file: file.update(x=h5py.ExternalLink("elsewhere", "/")), "link"),
    "cycle": (_cyclic, "second name"),
    "second name": (lambda file: file.update(x=file["counts"]), "second name"),
    "named type": (lambda file: file.update(x=np.dtype("f8")), "neither a group nor a data set"),
    "virtual": (_virtual, "virtual"),
    "external": (_typed("f8", external=[("elsewhere", 0, 8)]), "outside the file"),
    "lzf": (_typed("f8", (10**4,), chunks=True, compression="lzf"), "other than gzip"),
    "gzip twice": (_twice_compressed, "other than gzip"),
    "text of variable length": (_typed(h5py.string_dtype()), "variable length"),
    "lists of variable length": (_typed(h5py.vlen_dtype("f8")), "variable length"),
    "reference": (_typed(h5py.ref_dtype), "reference"),
    "compound": (_typed([("a", "f8"), ("b", "i4")]), "has the type"),
    "enumeration": (_typed(h5py.enum_dtype({"a": 1})), "has the type"),
    "complex": (_typed("c16"), "has the type"),
    "long double": (_typed(np.longdouble), "has the type"),
    "nothing": (lambda file: file.create_dataset("x", dtype="f8", data=h5py.Empty("f8")), "holds no value"),
    "attribute": (lambda file: file["counts"].attrs.create("x", "text"), "variable length"),
    "empty attribute": (lambda file: file["counts"].attrs.create("x", h5py.Empty("f8")), "holds no value"),
    "no unit": (lambda file: file["counts"].attrs.pop("unit"), "lacks the attribute unit"),
    "size": (_typed("f8", (2**50, 2**9)), "only 0 are stored"),
    "size in chunks": (_typed("f8", (2**50, 2**9), chunks=(1, 1)), "only 0 are stored"),
    "size in part": (_mostly_absent, "only 80 are stored"),
    "size in gzip": (_typed("f8", (2**62,), chunks=(8,), compression="gzip"), "only 0 are stored"),
    "text size": (_typed("S1000000000"), "only 0 are stored"),
}


@pytest.mark.parametrize("what", HARMFUL)
def test_harmful_structure(sound, what):
    harm, fragment = HARMFUL[what]
    with edit(sound) as file:
        harm(file)
        if isinstance(file.get("x"), h5py.Dataset) and what != "second name":
            for name in ("unit", "long_name"):
                files.set_attribute(file["x"], name, "1")
    refuse(sound, fragment)


def test_chunks_that_do_not_fit_in_memory(sound, monkeypatch):
    with edit(sound) as file:
        item = file.create_dataset("x", data=np.zeros((4000, 100)), chunks=(2000, 1), compression="gzip")
        files.set_attribute(item, "unit", "1")
        files.set_attribute(item, "long_name", "x")
    monkeypatch.setattr(integrity, "MAX_BLOCK_BYTES", 2000 * 100 * 8)
    refuse(sound, "altered file, the content")
    monkeypatch.setattr(integrity, "MAX_BLOCK_BYTES", 2000 * 100 * 8 - 1)
    refuse(sound, "cannot be read in blocks")


def test_sizes_are_held_against_that_of_the_file(sound):
    with edit(sound) as file:
        noise = np.random.default_rng(3).random(10**4)
        files.put(file, "noise", noise, unit="1", long_name="what cannot be compressed")
        file.flush()
        size = file.id.get_filesize()
        integrity.check_structure(file, size)
        with pytest.raises(InputError, match=r"data sets claim \d+ bytes, the file has 60000"):
            integrity.check_structure(file, 60000)
        with pytest.raises(InputError, match=r"attribute \w+ of / claims \d+ bytes, the file has 10"):
            integrity.check_structure(file, 10)


def test_number_of_objects_is_bounded(sound, monkeypatch):
    monkeypatch.setattr(integrity, "MAX_OBJECTS", 4)
    refuse(sound, "more than 4 objects")


# Reading: what was damaged


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One random fault: flipped bits, overwritten, zeroed, lost or added bytes, half of them in the metadata."""
    damaged = bytearray(content)
    at = rng.randrange(len(content) if rng.random() < 0.5 else 4096)
    length = rng.choice([1, 4, 8, 100])
    kind = rng.choice(["flip", "flip", "flip", "overwrite", "zero", "truncate", "lose", "add"])
    if kind == "flip":
        damaged[at] ^= 1 << rng.randrange(8)
    elif kind == "overwrite":
        damaged[at : at + length] = rng.randbytes(length)
    elif kind == "zero":
        damaged[at : at + length] = bytes(length)
    elif kind == "truncate":
        del damaged[at:]
    elif kind == "lose":
        del damaged[at : at + length]
    else:
        damaged[at:at] = rng.randbytes(length)
    return bytes(damaged)


def test_random_damage_is_found_or_harmless(tmp_path, sound):
    rng = random.Random(20)
    content, expected = sound.read_bytes(), load(sound)
    found = 0
    for i in range(200):
        # A new name each time: HDF5 keeps what it knows of an open file by its name and inode.
        path = tmp_path / f"{i}.h5"
        path.write_bytes(mutate(content, rng))
        try:
            assert load(path) == expected
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            found += 1
        path.unlink()
    assert found > 100


def test_every_truncation_is_found(tmp_path, sound):
    content = sound.read_bytes()
    for i, length in enumerate(np.linspace(0, len(content) - 1, 40).astype(int)):
        path = tmp_path / f"{i}.h5"
        path.write_bytes(content[:length])
        refuse(path, "")


def test_import_is_light():
    code = "import sys, dwcore.storage.files; print([m for m in ('scipy', 'matplotlib', 'numba') if m in sys.modules])"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, cwd=Path.cwd())
    assert answer.stdout == "[]\n"


def test_what_does_not_read_back_gets_no_name(tmp_path, monkeypatch):
    """A library that loses data, as h5py before 3.16 does with images in memory: the file before stays as it was."""
    path = write(tmp_path / "a.h5")
    before = path.read_bytes()
    real = files._seal

    def losing(file, path):
        real(file, path)
        del file.attrs["content_sha256"]

    monkeypatch.setattr(files, "_seal", losing)
    with (
        pytest.raises(RunError, match=r"a\.h5 could not be written: what was written does not read back, altered"),
        files.create(path, SCHEMA, config={}, seed=1, force=True) as file,
    ):
        files.put(file, "x", 1.0, unit="m", long_name="x")
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_file_that_another_program_has_locked_is_read(tmp_path, in_memory):
    with files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=1, in_memory=in_memory) as file:
        files.put(file, "x", 1.5, unit="m", long_name="x")
    with open(tmp_path / "a.h5", "rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with files.open_checked(tmp_path / "a.h5") as file:
            assert files.get(file, "x") == 1.5


def test_locks_that_are_insisted_on_are_no_damage(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5")

    def insisting(*_, **__):
        raise BlockingIOError(errno.EAGAIN, "Unable to synchronously open file (unable to lock file, errno = 11)")

    monkeypatch.setattr(h5py, "File", insisting)
    with pytest.raises(InputError, match=r"cannot be locked, .* HDF5_USE_FILE_LOCKING=FALSE"), files.open_checked(path):
        pass


def test_a_file_that_is_open_in_the_same_program_is_not_damaged(tmp_path):
    """A notebook that looks into a file with h5py has it open with the locks that h5py takes on its own."""
    path = write(tmp_path / "a.h5")
    with (
        h5py.File(path, "r"),
        pytest.raises(InputError, match=r"a\.h5: is open in this program, .* open it with locking=False"),
        files.open_checked(path),
    ):
        pass
    with h5py.File(path, "r", locking=False), files.open_checked(path) as file:
        assert file.attrs["complete"] == 1


def test_a_disk_that_fails_at_a_data_set_is_named_with_the_file(tmp_path, monkeypatch):
    """The first words name the data set alone; a file that cannot be opened for writing is named, too."""
    with (
        pytest.raises(RunError, match=r"a\.h5 could not be written: .*No space left"),
        files.create(tmp_path / "a.h5", SCHEMA, config={}, seed=0) as file,
    ):
        monkeypatch.setattr(h5py.Dataset, "flush", _full, raising=False)
        files.put(file, "x", 1.0, unit="1", long_name="x")
    monkeypatch.undo()
    monkeypatch.setattr(files.h5py, "File", _full)
    with (
        pytest.raises(RunError, match=r"b\.h5 could not be written: .*No space left"),
        files.create(tmp_path / "b.h5", SCHEMA, config={}, seed=0),
    ):
        pass
    assert not os.listdir(tmp_path)


def _full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")
