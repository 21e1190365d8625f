"""Sound pictures are read; damage of any kind is one line, also where Pillow only warns, or stops at the size."""

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from dwcore.errors import InputError
from dwcore.storage.picture_file import opened_picture

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


def fault(path) -> str:
    """Return the line about a picture; nothing else is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError) as error, opened_picture(path) as picture:
            np.asarray(picture)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("end", ["png", "tif", "bmp", "gif"])
def test_sound_pictures(tmp_path, end):
    Image.fromarray(GREY).save(tmp_path / f"a.{end}")
    with opened_picture(tmp_path / f"a.{end}") as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("L")), GREY)


def test_transparent_palettes_are_sound(tmp_path):
    """Pillow warns of them, too, though nothing is wrong."""
    Image.fromarray(GREY).convert("P").save(tmp_path / "a.png", transparency=bytes(range(255)))
    with opened_picture(tmp_path / "a.png") as picture:
        assert picture.convert("RGB").size == (8, 6)


def test_a_tag_beyond_the_end_of_a_tiff(tmp_path):
    """The directory of the file is put last; without its last bytes Pillow warns and goes on without the tag."""
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    start = struct.unpack_from("<I", content, 4)[0]
    tags = [start + 2 + 12 * k for k in range(struct.unpack_from("<H", content, start)[0])]
    at = next(tag for tag in tags if struct.unpack_from("<H", content, tag)[0] == 262)  # black or white is zero
    struct.pack_into("<HII", content, at + 2, 3, 1000, len(content))
    (tmp_path / "a.tif").write_bytes(content)
    assert "is no sound picture: " in fault(tmp_path / "a.tif")


def test_a_header_that_claims_too_much(tmp_path):
    """A PNG of a hundred bytes that says it has 60,000 x 60,000 pixels."""
    Image.fromarray(GREY).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    struct.pack_into(">II", content, 16, 60_000, 60_000)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    (tmp_path / "a.png").write_bytes(content)
    assert "a.png: is no sound picture: Image size (3600000000 pixels)" in fault(tmp_path / "a.png")


def test_what_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_text("text")
    assert "a.png: is no sound picture: " in fault(tmp_path / "a.png")
    assert "b.png: no such file" in fault(tmp_path / "b.png")
    assert "is not a file" in fault(tmp_path)
