"""Data of one's own: archives, folders of pictures, what a file remembers of them, values that are none."""

import dataclasses
import os

import numpy as np
import pytest
from PIL import Image

from arraysim.cost.of_training import use_of_file
from arraysim.datasets.datasets import Dataset, dataset_again, load_dataset
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.run import train
from dwcore.errors import InputError

RNG = np.random.default_rng(2)
LABELS = np.repeat(np.arange(12), 10)
IMAGES = RNG.integers(0, 256, size=(120, 5, 4, 3), dtype=np.uint8)


def archive(path, **arrays):
    np.savez(path, **arrays)
    return load_dataset(str(path))


def test_an_archive_is_standardized_by_its_training_images(tmp_path):
    found = archive(tmp_path / "a.npz", images=IMAGES, labels=LABELS + 5, test_images=IMAGES[:24] // 2,
                    test_labels=LABELS[:24] + 5)  # fmt: skip
    assert (found.name, found.classes, len(found), len(found.test)) == ("a", 12, 120, 24)
    assert np.array_equal(found.labels, LABELS) and np.array_equal(found.test.labels, LABELS[:24])
    inputs = found.inputs()
    np.testing.assert_allclose(inputs.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(inputs.std(axis=(0, 1, 2)), 1, atol=1e-5)
    assert abs(found.test.inputs().mean()) > 0.5, "the test is measured with the scale of the training"


def test_grey_images_sequences_and_classes_with_names(tmp_path):
    names = np.array(["b", "a"])[LABELS % 2]
    grey = archive(tmp_path / "grey.npz", images=IMAGES[..., 0].astype(float), labels=names)
    assert grey.image_shape == (5, 4, 1) and np.array_equal(grey.labels, 1 - LABELS % 2)
    np.testing.assert_allclose(grey.inputs().std(), 1, atol=1e-5)
    sequences = archive(tmp_path / "s.npz", sequences=RNG.normal(size=(120, 9, 2)), labels=names)
    assert sequences.image_shape == (1, 9, 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES}, "needs labels"),
        ({"images": IMAGES, "labels": LABELS[:-1]}, "labels is int64"),
        ({"images": IMAGES, "labels": LABELS.astype(float)}, "labels is float64"),
        ({"images": IMAGES, "labels": LABELS, "label": LABELS}, 'unknown array "label".*labels'),
        ({"images": IMAGES[0], "labels": LABELS}, "labels is|has the shape"),
        ({"images": np.ones((len(LABELS), 3, 8, 8)), "labels": LABELS}, r"channels come last: .*transpose.0, 2, 3, 1."),
        ({"images": np.ones((len(LABELS), 1, 28, 28)), "labels": LABELS}, r"1 x 28 pixels of 28 images.transpose"),
        ({"sequences": IMAGES, "labels": LABELS}, "length, channels"),
        (
            {"images": LABELS, "labels": LABELS},
            r"images has the shape \(120,\), \(n, rows, columns, channels\) is needed",
        ),
        ({"images": IMAGES[:, :0], "labels": LABELS}, r"images has the shape \(120, 0, 4, 3\)"),
        ({"images": IMAGES > 9, "labels": LABELS}, "images is bool, numbers are needed"),
        ({"images": IMAGES, "labels": LABELS, "test_images": IMAGES, "test_labels": LABELS + 1}, 'class "12"'),
        ({"images": IMAGES, "labels": LABELS, "test_images": IMAGES[:, 1:], "test_labels": LABELS}, "differ in size"),
    ],
)
def test_archives_that_do_not_fit_are_refused(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        archive(tmp_path / "a.npz", **arrays)


def test_a_folder_of_known_sets_is_not_ignored(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    with pytest.raises(InputError, match="data-dir"):
        load_dataset(str(tmp_path / "a.npz"), tmp_path)


def test_objects_are_not_unpickled(tmp_path):
    with pytest.raises(InputError, match="not a sound"):
        archive(tmp_path / "a.npz", images=np.array([{}], object), labels=LABELS)


def test_a_value_that_is_none_is_refused_with_its_place(tmp_path):
    values = IMAGES.astype(np.float32)
    values[17, 3, 2, 1] = np.nan
    with pytest.raises(InputError, match="image 17 is nan at row 3, column 2, channel 1"):
        archive(tmp_path / "a.npz", images=values, labels=LABELS)


def pictures(folder, images, labels):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / f"class {label}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.squeeze()).save(place / f"{number:03}.png")


def test_folders_of_pictures(tmp_path):
    pictures(tmp_path / "set/train", IMAGES, LABELS)
    pictures(tmp_path / "set/test", IMAGES[::2], LABELS[::2])
    found = load_dataset(str(tmp_path / "set"))
    assert (found.name, found.classes, found.image_shape, len(found.test)) == ("set", 12, (5, 4, 3), 60)
    names = sorted(f"class {label}" for label in range(12))
    for image, label in zip(found.images, found.labels, strict=True):
        assert (IMAGES[int(names[label].split()[1]) == LABELS] == image).all(axis=(1, 2, 3)).any()
    pictures(tmp_path / "grey", IMAGES[..., :1], LABELS)
    assert load_dataset(str(tmp_path / "grey")).image_shape == (5, 4, 1)


def test_folders_that_do_not_fit_are_refused(tmp_path):
    pictures(tmp_path / "a", IMAGES[:3], LABELS[:3])
    pictures(tmp_path / "a", IMAGES[3:4, 1:], [1])
    with pytest.raises(InputError, match=r"000.png: .*one size|pictures must be of one size"):
        load_dataset(str(tmp_path / "a"))
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="holds no folder of pictures"):
        load_dataset(str(tmp_path / "b"))
    (tmp_path / "b/c").mkdir()
    with pytest.raises(InputError, match="c: holds no picture of its class"):
        load_dataset(str(tmp_path / "b"))
    (tmp_path / "b/c/notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"notes.txt: is no picture"):
        load_dataset(str(tmp_path / "b"))
    (tmp_path / "b/c/notes.txt").rename(tmp_path / "b/c/x.png")
    with pytest.raises(InputError, match="no sound picture"):
        load_dataset(str(tmp_path / "b"))
    pictures(tmp_path / "d/test", IMAGES[:2], LABELS[:2])
    with pytest.raises(InputError, match="d: holds test and no train"):
        load_dataset(str(tmp_path / "d"))


def test_pictures_that_say_more_than_eight_bits_of_colour_are_refused(tmp_path):
    pictures(tmp_path / "a", IMAGES[:20], LABELS[:20])
    place, colour = tmp_path / "a/class 0/other.png", Image.fromarray(IMAGES[0])
    half = Image.fromarray(IMAGES[0, ..., 0])
    for alpha, accepted in ((255, True), (128, False)):
        for picture in (colour.copy(), half.copy()):
            picture.putalpha(alpha)
            picture.save(place)
            if accepted:
                assert len(load_dataset(str(tmp_path / "a"))) == 21
            else:
                with pytest.raises(InputError, match=r"other\.png: has transparent pixels"):
                    load_dataset(str(tmp_path / "a"))
    colour.convert("P").save(place, transparency=int(np.asarray(colour.convert("P"))[0, 0]))
    with pytest.raises(InputError, match="transparent pixels"):
        load_dataset(str(tmp_path / "a"))
    Image.fromarray(IMAGES[0, ..., 0].astype(np.uint16) * 257).save(place)
    with pytest.raises(InputError, match="more than 8 bits"):
        load_dataset(str(tmp_path / "a"))
    place.unlink()
    half.save(place.with_suffix(".gif"), save_all=True, append_images=[Image.fromarray(IMAGES[1, ..., 0])])
    with pytest.raises(InputError, match="has 2 frames"):
        load_dataset(str(tmp_path / "a"))


def test_what_is_no_file_is_refused_at_once(tmp_path):
    pictures(tmp_path / "a", IMAGES[:20], LABELS[:20])
    os.mkfifo(tmp_path / "a/class 1/pipe.png")
    with pytest.raises(InputError, match=r"pipe\.png: is not a file"):
        load_dataset(str(tmp_path / "a"))
    os.mkfifo(tmp_path / "pipe.npz")
    np.save(tmp_path / "single", IMAGES)
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    for name in ("pipe.npz", "single.npz"):
        with pytest.raises(InputError, match=f"{name}: is not a sound .npz"):
            load_dataset(str(tmp_path / name))


@pytest.mark.filterwarnings("error")
def test_a_value_beyond_32_bits_is_refused_with_its_place(tmp_path):
    values = IMAGES.astype(float)
    values[3, 2, 1, 0] = 1e300
    with pytest.raises(InputError, match=r"image 3 is inf at row 2, column 1, channel 0; .*below 3\.4e38"):
        archive(tmp_path / "a.npz", images=values, labels=LABELS)


CONFIG = TrainingConfig(network="linear", epochs=1, twin=False)


def test_a_file_finds_its_data_again(tmp_path):
    data = archive(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    save_training(tmp_path / "a.h5", [train(ladder_law(states=5), data, seed=0, config=CONFIG)])
    (read,) = load_training(tmp_path / "a.h5")
    again = dataset_again(read.dataset, read.origin)
    assert np.array_equal(again.images, IMAGES) and again.sha256 == data.sha256
    use = use_of_file([read], "a.h5")
    assert (use.image_shape, use.images) == ((5, 4, 3), 96), "a fifth of each class is kept for the test"
    (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    with pytest.raises(InputError, match="is not there any more"):
        dataset_again(read.dataset, read.origin)
    assert dataset_again(read.dataset, read.origin, tmp_path / "b.npz").name == "a"
    archive(tmp_path / "b.npz", images=IMAGES[::-1], labels=LABELS)
    with pytest.raises(InputError, match="holds other data"):
        dataset_again(read.dataset, read.origin, tmp_path / "b.npz")


def test_data_made_in_python_are_asked_for(tmp_path):
    data = Dataset(name="mine", images=IMAGES, labels=LABELS, classes=12, full_scale=255)
    result = train(ladder_law(states=5), data, seed=0, config=CONFIG)
    with pytest.raises(InputError, match="data made in Python"):
        dataset_again(result.dataset, result.origin)
    assert use_of_file([result], "mine").images == 96


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": LABELS[:-1]}, "labels is int64 (119,), a whole number for each of 120 images is needed"),
        ({"labels": LABELS + 0.5}, "labels is float64 (120,), a whole number"),
        ({"labels": np.eye(12, dtype=int)[LABELS]}, "labels is int64 (120, 12), a whole number"),
        ({"labels": LABELS - 1}, "label 0 is -1, must be 0 to 11"),
        ({"labels": LABELS + 1}, "label 110 is 12, must be 0 to 11"),
        ({"labels": np.ma.masked_equal(LABELS, 3)}, "labels has masked entries"),
        ({"images": np.ma.masked_less(IMAGES, 9)}, "images has masked entries"),
        ({"images": IMAGES[..., 0]}, "images has the shape (120, 5, 4), (n, rows, columns, channels) is needed"),
        ({"images": IMAGES * 1j}, "images is of type complex128, must be real numbers"),
        ({"full_scale": 1}, "full_scale = 1 must be the level of white, images hold 255"),
        ({"full_scale": 0}, "full_scale = 0 must be > 0"),
        ({"mean": (0.1, 0.2)}, "mean = [0.1, 0.2] must be 1 or 3 finite numbers"),
        ({"std": (0.0,)}, "std = [0.0] must be > 0"),
        ({"classes": 12.5}, "classes = 12.5 must be a whole number >= 1"),
        (
            {"test": Dataset(name="t", images=IMAGES[:, :4], labels=LABELS, classes=12, full_scale=255)},
            "to test are (4,",
        ),
    ],
)
def test_data_made_in_python_that_do_not_fit_together_are_refused(given, said):
    with pytest.raises(InputError) as caught:
        Dataset(**({"name": "mine", "images": IMAGES, "labels": LABELS, "classes": 12, "full_scale": 255} | given))
    assert said in str(caught.value)


def test_data_made_in_python_may_be_of_any_type_of_numbers(tmp_path):
    """Class numbers of NumPy, arrays for mean and std: what people have at hand, and what a file can keep."""
    white, levels = np.float32(255), IMAGES.astype(">f8").transpose(0, 2, 1, 3)
    data = Dataset(name="mine", images=levels, labels=LABELS.astype(np.uint8), classes=LABELS.max() + 1,
                   full_scale=white, mean=IMAGES.mean(axis=(0, 1, 2)) / 255, std=np.full(3, 0.3))  # fmt: skip
    assert data.images.dtype == np.float32 and data.labels.dtype == np.int64 and data.images.flags.c_contiguous
    result = train(ladder_law(states=5), data, seed=0, config=CONFIG)
    save_training(tmp_path / "t.h5", [result])
    assert load_training(tmp_path / "t.h5")[0].origin["classes"] == 12


def test_the_hash_knows_images_and_labels():
    data = Dataset(name="mine", images=IMAGES, labels=LABELS, classes=12, full_scale=255)
    others = [dataclasses.replace(data, images=IMAGES[::-1]), dataclasses.replace(data, labels=LABELS[::-1].copy())]
    assert len({data.sha256, *(one.sha256 for one in others), dataclasses.replace(data, test=data).sha256}) == 4


def test_images_of_one_class_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 4, 4), np.uint8), labels=np.full(9, 7))
    with pytest.raises(InputError, match='all images to train are of the class "7"'):
        load_dataset(str(tmp_path / "a.npz"))


def test_values_of_an_archive_keep_their_scale(tmp_path):
    """Bytes are over 255, other numbers as they are; mean and deviation are over the same scale."""
    values = np.array([[[0.0, 2.0], [4.0, 6.0]]] * 2, np.float32)
    made = archive(tmp_path / "f.npz", images=values, labels=[0, 1])
    assert (made.full_scale, made.mean, made.std) == (1, (3.0,), (pytest.approx(np.sqrt(5)),))
    np.testing.assert_allclose(made.inputs()[0, :, :, 0], (values[0] - 3) / np.sqrt(5), rtol=1e-6)
    bytes_ = archive(tmp_path / "b.npz", images=values.astype(np.uint8), labels=[0, 1])
    assert (
        bytes_.full_scale == 255
        and bytes_.mean[0] == pytest.approx(3 / 255)
        and bytes_.std[0] == pytest.approx(np.sqrt(5) / 255)
    )
    np.testing.assert_allclose(bytes_.inputs(), made.inputs(), rtol=1e-5)


@pytest.mark.parametrize(("shape", "sound"), [((2, 3, 8, 4), True), ((2, 3, 8, 5), False), ((2, 4, 8, 8), False),
                                              ((2, 4, 4, 9), True), ((2, 5, 9, 9), True), ((2, 1, 9, 3), True)])  # fmt: skip
def test_channels_that_come_first_are_told_from_few_rows(tmp_path, shape, sound):
    """Up to four channels may stand last behind few rows; more of them are pixels."""
    arrays = {"images": np.arange(np.prod(shape)).reshape(shape), "labels": [0, 1]}
    if sound:
        assert archive(tmp_path / "a.npz", **arrays).image_shape == shape[1:]
    else:
        with pytest.raises(InputError, match="channels come last"):
            archive(tmp_path / "a.npz", **arrays)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_pictures_have_one_channel_also_with_an_opaque_second(tmp_path, mode):
    for number in (0, 1):
        place = tmp_path / mode / f"class {number}" / "a.png"
        place.parent.mkdir(parents=True)
        Image.fromarray(IMAGES[number, ..., 0]).convert(mode).save(place)
    assert load_dataset(str(tmp_path / mode)).image_shape == (5, 4, 1)


def test_grey_pictures_among_coloured_ones_are_coloured(tmp_path):
    """Each grey level stands in all three channels."""
    pictures(tmp_path / "a", IMAGES[:2, ..., :1], [0, 1])
    Image.fromarray(IMAGES[2]).save(tmp_path / "a/class 1/002.png")
    found = load_dataset(str(tmp_path / "a"))
    assert found.image_shape == (5, 4, 3) and found.labels.tolist() == [0, 1, 1]
    assert np.array_equal(found.images[0], np.repeat(IMAGES[0, ..., :1], 3, axis=2)) and np.array_equal(
        found.images[2], IMAGES[2]
    )


def test_sequences_are_images_of_one_row(tmp_path):
    sequences = np.arange(2 * 9 * 2).reshape(2, 9, 2)
    assert np.array_equal(archive(tmp_path / "s.npz", sequences=sequences, labels=[0, 1]).images[:, 0], sequences)
