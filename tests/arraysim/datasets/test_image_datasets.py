"""Data sets: the shipped digits, files of MNIST and CIFAR-10 in every form, splits, augmentation, damaged files."""

import codecs
import dataclasses
import functools
import gzip
import http.server
import pickle
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from arraysim.datasets import cifar_format, idx_format
from arraysim.datasets.cifar_format import read_batch
from arraysim.datasets.datasets import CIFAR_MEAN, CIFAR_STD, Dataset, _standard, load_dataset
from arraysim.datasets.idx_format import find_idx, read_idx
from arraysim.training.augmentation import shift_and_flip
from dwcore.errors import InputError, RunError

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def test_digits():
    digits = load_dataset("digits")
    assert digits.inputs().shape == (1797, 8, 8, 1)
    assert digits.inputs().dtype == np.float32
    assert (digits.inputs().min(), digits.inputs().max()) == (0, 1)
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_split_is_stratified_complete_and_a_function_of_the_seed():
    digits = load_dataset("digits")
    train, test = digits.split(seed=3, test_fraction=0.2)
    again = digits.split(seed=3, test_fraction=0.2)[1]
    other = digits.split(seed=4, test_fraction=0.2)[1]
    share = np.bincount(test.labels) / np.bincount(digits.labels)
    assert np.all(np.abs(share - 0.2) < 0.5 / 174)
    rows = np.concatenate([np.c_[part.images.reshape(len(part), -1), part.labels] for part in (train, test)])
    whole = np.c_[digits.images.reshape(len(digits), -1), digits.labels]
    assert np.array_equal(rows[np.lexsort(rows.T)], whole[np.lexsort(whole.T)])
    assert np.array_equal(test.images, again.images)
    assert not np.array_equal(test.images, other.images)


def test_parts_are_rounded_and_drawn_for_their_purpose():
    """A tenth of seven images is one; images to validate are not those that the same draw would take to test."""
    few = dataclasses.replace(load_dataset("digits").part(slice(14)), labels=np.arange(14) % 2, classes=2)
    assert [len(part) for part in few.divide(seed=1, purpose=0, fraction=0.1)] == [12, 2]
    digits = load_dataset("digits")
    first, other = (digits.divide(seed=1, purpose=purpose, fraction=0.2)[1].images for purpose in (0, 1))
    assert first.shape == other.shape and not np.array_equal(first, other)


def test_grey_is_the_nearest_byte():
    made = Dataset(name="made", images=np.zeros((1, 2, 2, 3), np.uint8), labels=np.zeros(1, np.int64), classes=2,
                   full_scale=255, mean=CIFAR_MEAN, std=CIFAR_STD)  # fmt: skip
    assert made.grey.tolist() == [125, 123, 114] and made.grey.dtype == np.uint8
    np.testing.assert_allclose(made.scaled(np.array([0.0, 255.0, 127.5])[:, None]), [
        [-m / s for m, s in zip(CIFAR_MEAN, CIFAR_STD, strict=True)],
        [(1 - m) / s for m, s in zip(CIFAR_MEAN, CIFAR_STD, strict=True)],
        [(0.5 - m) / s for m, s in zip(CIFAR_MEAN, CIFAR_STD, strict=True)],
    ], rtol=1e-5)  # fmt: skip


def test_bad_requests_are_refused(tmp_path):
    with pytest.raises(InputError, match='did you mean "digits"'):
        load_dataset("digit")
    with pytest.raises(InputError, match="test_fraction"):
        load_dataset("digits").split(seed=0, test_fraction=0.001)
    with pytest.raises(InputError, match="give --data-dir"):
        load_dataset("mnist")
    with pytest.raises(InputError, match="no such folder"):
        load_dataset("mnist", tmp_path / "missing")
    with pytest.raises(InputError, match="holds no train-images-idx3-ubyte"):
        load_dataset("mnist", tmp_path)
    with pytest.raises(InputError, match="holds no CIFAR-10 files"):
        load_dataset("cifar10", tmp_path)


def test_files_in_a_sub_folder_are_pointed_at(tmp_path):
    """As downloads of torchvision lie; which of several folders is meant stays with the user."""
    below = tmp_path / "MNIST" / "raw"
    below.mkdir(parents=True)
    write_mnist(below)
    with pytest.raises(InputError, match=r"sub-folder .*MNIST.raw holds such files"):
        load_dataset("mnist", tmp_path)
    assert len(load_dataset("mnist", below)) == 30


def test_a_batch_that_was_saved_again_is_read(tmp_path):
    batch = {b"data": np.zeros((3, 3072), np.uint8), b"labels": np.array([4, 0, 9])}
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps(batch, protocol=2))
    images, labels = read_batch(path)
    assert images.shape == (3, 32, 32, 3) and labels.tolist() == [4, 0, 9]
    path.write_bytes(pickle.dumps(batch | {b"labels": np.array([4, 0.5, 9])}, protocol=2))
    with pytest.raises(InputError, match="whole numbers"):
        read_batch(path)


def idx(values):
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def write_mnist(folder, *, pack=lambda content: content, end=""):
    rng = np.random.default_rng(0)
    made = {}
    for stem, count in (("train", 30), ("t10k", 20)):
        images = rng.integers(256, size=(count, 5, 4), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        made[stem] = images, labels
        (folder / f"{stem}-images-idx3-ubyte{end}").write_bytes(pack(idx(images)))
        (folder / f"{stem}-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels)))
    return made


@pytest.mark.parametrize(("pack", "end"), [(bytes, ""), (gzip.compress, ".gz"), (gzip.compress, "")])
@pytest.mark.parametrize("inner", ["", "fashion-mnist"])
def test_idx_files_are_read(tmp_path, pack, end, inner):
    (tmp_path / inner).mkdir(exist_ok=True)
    made = write_mnist(tmp_path / inner, pack=pack, end=end)
    found = load_dataset("fashion-mnist", tmp_path)
    train, test = found.split(seed=0, test_fraction=0.2)
    for part, (images, labels) in ((train, made["train"]), (test, made["t10k"])):
        assert np.array_equal(part.images[..., 0], images)
        assert np.array_equal(part.labels, labels)
        np.testing.assert_allclose(part.inputs()[..., 0], images / 255, rtol=1e-6)


def test_letters_lie_on_their_side_and_are_counted_from_the_first_that_is_there(tmp_path):
    """EMNIST stores columns before rows; letters 11 to 13 are three classes, digits without a 3 are ten all the same."""
    images = np.arange(6 * 2 * 3, dtype=np.uint8).reshape(6, 2, 3)
    for kind, labels, classes, first in (
        ("letters", [11, 12, 13] * 2, 3, [0, 1, 2]),
        ("digits", [0, 9, 5] * 2, 10, [0, 9, 5]),
    ):
        for stem in ("train", "test"):
            (tmp_path / f"emnist-{kind}-{stem}-images-idx3-ubyte").write_bytes(idx(images))
            (tmp_path / f"emnist-{kind}-{stem}-labels-idx1-ubyte").write_bytes(idx(np.array(labels, np.uint8)))
        found = load_dataset(f"emnist-{kind}", tmp_path)
        assert found.image_shape == (3, 2, 1) and found.images[1, 2, 0, 0] == images[1, 0, 2]
        assert found.classes == classes and found.labels[:3].tolist() == first


def test_a_channel_that_never_changes_is_not_divided_by_nothing():
    images = np.full((2, 2, 2, 2), 51, np.uint8)
    images[0, ..., 1] = 153
    assert _standard(images) == (pytest.approx((0.2, 0.4)), pytest.approx((1.0, 0.2)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c[:-1], "bytes after the header"),
        (lambda c: c + b"x", "bytes after the header"),
        (lambda c: c[:10], "not an IDX file"),
        (lambda c: b"", "not an IDX file"),
        (lambda c: b"\x01" + c[1:], "not an IDX file"),
        (lambda c: c[:1] + b"\x01" + c[2:], "not an IDX file"),
        (lambda c: c[:2] + b"\x0d" + c[3:], "type 13, 3 axes"),
        (lambda c: c[:4] + b"\xff" * 12 + c[16:], "bytes after the header"),
        (lambda c: gzip.compress(c)[:-20], "damaged gzip file"),
        (lambda c: gzip.compress(c)[:40] + b"xx" + gzip.compress(c)[42:], r"damaged gzip file|after the header"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, damage, message):
    path = tmp_path / "images"
    path.write_bytes(damage(idx(np.zeros((4, 6, 5), np.uint8))))
    with pytest.raises(InputError, match=message):
        read_idx(path, 3)


@pytest.mark.parametrize("name", ["-images-idx3-ubyte", "-images-idx3-ubyte.gz", "-images.idx3-ubyte"])
def test_files_are_found_by_either_of_their_names(tmp_path, name):
    (tmp_path / f"train{name}").write_bytes(b"")
    assert find_idx(tmp_path, "train-images-idx3-ubyte").name == f"train{name}"
    with pytest.raises(InputError, match=r"holds no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte\.gz"):
        find_idx(tmp_path, "t10k-images-idx3-ubyte")


def cifar(count=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, 3072), dtype=np.uint8), (np.arange(count) % 10)


def binary(data, labels):
    return np.concatenate([labels[:, None].astype(np.uint8), data], axis=1).tobytes()


def test_both_versions_of_cifar_hold_the_same_images(tmp_path):
    for seed, name in enumerate(("data_batch_1", "data_batch_2", "test_batch")):
        data, labels = cifar(seed=seed)
        (tmp_path / f"{name}.bin").write_bytes(binary(data, labels))
        batch = {b"batch_label": b"x", b"labels": labels.tolist(), b"data": data, b"filenames": [b"a.png"] * 20}
        for protocol, folder in ((2, "two"), (0, "zero"), (4, "four")):
            inner = tmp_path / folder / "cifar-10-batches-py"
            inner.mkdir(parents=True, exist_ok=True)
            (inner / name).write_bytes(pickle.dumps(batch, protocol=protocol))
    one = load_dataset("cifar10", tmp_path)
    data, labels = cifar(seed=0)
    assert one.images.shape == (40, 32, 32, 3)
    assert np.array_equal(one.images[3, :, :, 1].ravel(), data[3, 1024:2048]), "planes are R, G, B"
    assert np.array_equal(one.labels[:20], labels)
    blue = (one.images[3, :, :, 2] / 255 - 0.4465) / 0.2616  # mean and deviation of that channel, as is usual
    np.testing.assert_allclose(one.inputs()[3, :, :, 2], blue, rtol=1e-4, atol=1e-6)
    for folder in ("two", "zero", "four"):
        other = load_dataset("cifar10", tmp_path / folder)
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.test.labels, other.test.labels)


class Attack:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize(
    "hostile",
    [
        lambda mark: Attack(Path.touch, mark),
        lambda mark: Attack(eval, f"__import__('pathlib').Path({str(mark)!r}).touch()"),
        lambda mark: Attack(np.load, str(mark), None, True),
        lambda mark: Attack(np.ndarray, (2**40,)),
        lambda mark: [Attack(getattr, mark, "touch")],
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_no_code_of_a_pickle_runs(tmp_path, hostile, protocol):
    mark, path = tmp_path / "mark", tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({b"data": hostile(mark), b"labels": [1]}, protocol=protocol))
    with pytest.raises(InputError, match="data_batch_1"):
        read_batch(path)
    assert not mark.exists()
    if hostile(mark).__class__ is Attack and hostile(mark).call is Path.touch:  # the attack is one
        pickle.loads(path.read_bytes())
        assert mark.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.bin", b"", "no whole number of records"),
        ("a.bin", binary(*cifar())[:-1], "no whole number of records"),
        ("a.bin", binary(cifar()[0], cifar()[1] + 1), "labels must run from 0 to 9"),
        ("a", b"", "not a batch"),
        ("a", b"\x80\x02}q", "not a batch"),
        ("a", pickle.dumps([1, 2]), "needs data of shape"),
        ("a", pickle.dumps({b"data": cifar()[0], b"labels": [1]}), "needs data of shape"),
        ("a", pickle.dumps({b"data": cifar()[0].astype(float), b"labels": [1] * 20}), "needs data of shape"),
        ("a", pickle.dumps({b"data": cifar()[0], b"labels": ["x"] * 20}), "labels must be whole numbers"),
    ],
)
def test_damaged_batches_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_batch(tmp_path / name)


def test_augmentation_shifts_and_mirrors():
    images = np.random.default_rng(0).integers(1, 256, size=(200, 6, 5, 2), dtype=np.uint8)
    out = shift_and_flip(images, shift=2, flip=True, rng=np.random.default_rng(1))
    seen = set()
    for image, changed in zip(images, out, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        cases = {
            (i, j, mirrored): padded[i : i + 6, j : j + 5][:, :: -1 if mirrored else 1]
            for i in range(5)
            for j in range(5)
            for mirrored in (False, True)
        }
        found = [case for case, expected in cases.items() if np.array_equal(expected, changed)]
        assert len(found) == 1
        seen |= set(found)
    assert len(seen) > 45, "all shifts and both senses occur"
    same = shift_and_flip(images, shift=0, flip=False, rng=np.random.default_rng(1))
    assert np.array_equal(same, images)


def test_download_checks_the_hash(tmp_path):
    pooch = pytest.importorskip("pooch", reason="the extra download is not installed")
    from arraysim.datasets.download import fetch

    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    write_mnist(source, pack=gzip.compress, end=".gz")
    hashes = {path.name: f"sha256:{pooch.file_hash(str(path))}" for path in source.iterdir()}
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(source))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}/"
        fetch("mnist", target, base=base, hashes=hashes)
        assert len(load_dataset("mnist", target)) == 30
        wrong = dict.fromkeys(hashes, "sha256:" + "0" * 64)
        with pytest.raises(RunError, match="download failed"):
            fetch("mnist", tmp_path / "other", base=base, hashes=wrong)
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch("digits", target)


def test_the_published_files_are_read():
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the checkout")
    mnist = load_dataset("mnist", SHARED)
    assert mnist.images.shape == (60_000, 28, 28, 1)
    assert np.bincount(mnist.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert len(mnist.test) == 10_000
    cifar10 = load_dataset("cifar10", SHARED)
    assert cifar10.images.shape == (50_000, 32, 32, 3)
    assert np.bincount(cifar10.test.labels).tolist() == [1000] * 10
    assert np.abs(cifar10.inputs(slice(5000)).mean(axis=(0, 1, 2))).max() < 0.05


@pytest.mark.parametrize(
    ("labels", "words"),
    [([-1, 0], "labels must run from 0 to 9"), ([10, 0], "labels must run from 0 to 9"),
     ([1, 2, 3], "a label for each"),
     ([1], "a label for each")],
)  # fmt: skip
def test_labels_of_a_batch_are_ten_and_one_for_each_image(tmp_path, labels, words):
    (tmp_path / "a").write_bytes(pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": labels}))
    with pytest.raises(InputError, match=words):
        read_batch(tmp_path / "a")
    (tmp_path / "a").write_bytes(pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [9, 0]}))
    assert read_batch(tmp_path / "a")[1].tolist() == [9, 0]


def test_a_pixel_of_a_batch_is_in_its_row_column_and_plane(tmp_path):
    """A label, then 1024 red values, row by row, then green and blue ones."""
    record = np.zeros((1, 3073), np.uint8)
    record[0, 0], record[0, 1 + 1024 + 32 * 5 + 7] = 8, 200
    (tmp_path / "a.bin").write_bytes(record.tobytes())
    images, labels = read_batch(tmp_path / "a.bin")
    assert labels.tolist() == [8] and np.argwhere(images).tolist() == [[0, 5, 7, 1]]


def test_five_batches_in_order_are_the_images_to_train(tmp_path):
    for number, name in enumerate((*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")):
        (tmp_path / f"{name}.bin").write_bytes(binary(*cifar(count=2, seed=number)))
    made = load_dataset("cifar10", tmp_path)
    assert len(made) == 10 and len(made.test) == 2
    assert np.array_equal(made.images[8, :, :, 0].ravel(), cifar(count=2, seed=4)[0][0, :1024])


def test_what_is_far_too_large_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "a.bin").write_bytes(binary(*cifar(count=2)))
    monkeypatch.setattr(cifar_format, "MAX_BYTES", 2 * 3073)
    read_batch(tmp_path / "a.bin")
    monkeypatch.setattr(cifar_format, "MAX_BYTES", 2 * 3073 - 1)
    with pytest.raises(InputError, match="6146 bytes, a batch has 30730000"):
        read_batch(tmp_path / "a.bin")
    (tmp_path / "i").write_bytes(gzip.compress(idx(np.zeros((4, 6, 5), np.uint8))))
    monkeypatch.setattr(idx_format, "MAX_BYTES", 16 + 120)
    assert read_idx(tmp_path / "i", 3).shape == (4, 6, 5)
    monkeypatch.setattr(idx_format, "MAX_BYTES", 16 + 119)
    with pytest.raises(InputError, match="more than 135 bytes"):
        read_idx(tmp_path / "i", 3)
    with pytest.raises(InputError, match=r"type 8, 3 axes; unsigned bytes and 1 axes needed|more than"):
        read_idx(tmp_path / "i", 1)


@pytest.mark.parametrize(
    ("stem", "values", "words"),
    [
        ("t10k-labels-idx1", np.zeros(19, np.uint8), "t10k-labels-idx1-ubyte: needs one label for each of 20 images"),
        ("t10k-images-idx3", np.zeros((20, 4, 5), np.uint8), "training and test images differ in size"),
        ("t10k-labels-idx1", np.full(20, 10, np.uint8), "a label of the test images is none of the training images"),
    ],
)
def test_the_four_files_of_a_set_fit_each_other(tmp_path, stem, values, words):
    write_mnist(tmp_path)
    (tmp_path / f"{stem}-ubyte").write_bytes(idx(values))
    with pytest.raises(InputError, match=words):
        load_dataset("mnist", tmp_path)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Attack(np._core.multiarray._reconstruct, np.ndarray, (3,), b"b"), "makes an array in an unknown way"),
        (lambda: Attack(codecs.encode, "x", "rot13"), "encodes in an unknown way"),
    ],
)
def test_a_pickle_makes_and_encodes_as_batches_do_only(tmp_path, call, words):
    (tmp_path / "a").write_bytes(pickle.dumps({b"data": call(), b"labels": [1]}, protocol=2))
    with pytest.raises(InputError, match=f"a: refused: its pickle {words}"):
        read_batch(tmp_path / "a")
    with pytest.raises(InputError, match="missing: cannot be read: No such file"):
        read_batch(tmp_path / "missing")
