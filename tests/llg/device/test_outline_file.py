"""Notches of one edge, and outlines from CSV and pictures: widths against those they were made from."""

import re

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import load_device
from llg.calibration.mumax3 import mumax3_files
from llg.device.device_file import device_from_mapping, device_text
from llg.landscape.wells import find_wells
from llg.runs.validity import notes
from llg.walls.q_phi import QPhiModel

LENGTH, WIDTH, SCALE = 400e-9, 100e-9, 2e-9
NOTCH = {"position": 200e-9, "shape": "cosine", "depth": 15e-9, "width": 120e-9}


def make_device(*notches, **track):
    return device_from_mapping({
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
        "track": {"length": LENGTH, "width": WIDTH, "thickness": 0.6e-9} | track, "notch": list(notches),
    })  # fmt: skip


def picture(width, *, ground=0.0, shift=0.0, antialiased=True, track=1.0):
    """Grey of a track of these widths [m] per column, 1 is the track, in rows of SCALE."""
    rows = np.arange(80)[:, None] * SCALE
    low = 0.5 * (80 * SCALE - width) + shift
    share = np.clip((rows + SCALE - low) / SCALE, 0, 1) * np.clip((low + width - rows) / SCALE, 0, 1)
    share = share if antialiased else (share >= 0.5).astype(float)
    return ground + (track - ground) * share


def save(path, share, bits=8):
    from PIL import Image

    values = np.rint(share * (2**bits - 1))
    Image.fromarray(values.astype(np.uint8 if bits == 8 else np.uint16)).save(path)


def test_notch_of_one_edge_is_half_a_pair():
    """It holds the wall like a pair of half its depth, and edges that are cut apart add up."""
    pair = make_device(NOTCH | {"depth": 7.5e-9}).replace({"wall.shape": "rigid"})
    x = np.linspace(0, LENGTH, 801)
    for edge in ("upper", "lower"):
        one = make_device(NOTCH | {"edge": edge}).replace({"wall.shape": "rigid"})
        np.testing.assert_allclose(one.width_at(x), pair.width_at(x), atol=1e-22)
        assert find_wells(QPhiModel(one), 300.0) == find_wells(QPhiModel(pair), 300.0)
        assert one.middle_at(200e-9) == pytest.approx(-7.5e-9 if edge == "upper" else 7.5e-9)
        assert any(line.startswith("notch: where one edge alone is cut") for line in notes(one, 1e11))
        assert not any(line.startswith("notch") for line in notes(one))
    both = make_device(NOTCH | {"edge": "upper"}, NOTCH | {"edge": "lower"})
    np.testing.assert_array_equal(both.width_at(x), make_device(NOTCH).width_at(x))
    assert not any(line.startswith("notch") for line in notes(pair, 1e11))


def test_relaxed_wall_turns_in_it():
    """It gains more than in a pair of half the depth, the same in either edge."""
    x = np.linspace(0, LENGTH, 201)
    upper, lower = (make_device(NOTCH | {"edge": edge}) for edge in ("upper", "lower"))
    assert upper.wall_shape == "relaxed"
    gain = np.ptp(upper.extra_potential(x)[0])
    np.testing.assert_array_equal(lower.extra_potential(x), upper.extra_potential(x))
    assert gain > 1.5 * np.ptp(make_device(NOTCH | {"depth": 7.5e-9}).extra_potential(x)[0])


def test_file_keeps_the_edge():
    text = device_text(make_device(NOTCH | {"edge": "lower"}, NOTCH | {"position": 300e-9}))
    assert text.count("edge = ") == 1


@pytest.mark.parametrize(
    ("notches", "words"),
    [
        ([NOTCH | {"edge": "left"}], 'edge = "left" must be one of upper, lower'),
        ([NOTCH | {"edge": "upper", "depth": 1.2e-7}], "depth = 1.2e-07 [m] must be < the track width = 1e-07"),
        (
            [NOTCH | {"edge": "upper", "depth": 6e-8}, NOTCH | {"edge": "lower", "depth": 5e-8}],
            "cut through the outline",
        ),
    ],
)
def test_bad_edges_are_refused(notches, words):
    with pytest.raises(InputError) as error:
        make_device(*notches)
    assert words in str(error.value)


def test_tilting_wall_refuses_one_edge():
    with pytest.raises(InputError, match=r'needs \[wall\] model = "q-phi" or "q-phi-delta"'):
        make_device(NOTCH | {"edge": "upper"}).replace({"wall.model": "q-phi-chi"})


def test_scripts_cut_the_edge():
    """The strips of the narrowest columns lie on the side that is not cut."""
    script = mumax3_files(make_device(NOTCH | {"edge": "upper"}))["pinning.mx3"]
    strips = np.array(re.findall(r"rect\(\S+, (\S+)\)\.transl\(\S+, (\S+), 0\)", script), float)
    np.testing.assert_allclose(strips[:, 1], -0.5 * (WIDTH - strips[:, 0]), atol=1e-15)
    assert strips[:, 0].min() == pytest.approx(85e-9, rel=0.02)


def widths():
    """Width at the middles of the columns: a notch that is no shape of its own, and a taper."""
    x = SCALE * (np.arange(200) + 0.5)
    return x, WIDTH - 2 * NOTCH["depth"] * np.exp(-(((x - 200e-9) / 40e-9) ** 4)) + 10e-9 * (x / LENGTH)


def test_edges_from_csv(tmp_path):
    """Two edges that swing together make a width; the device file keeps numbers, and finds the file beside it."""
    x, w = widths()
    swing = 5e-9 * np.sin(x / 50e-9)
    rows = "\n".join(
        f"{1e9 * a:.9g},{1e6 * b:.9g},{1e6 * c:.9g}" for a, b, c in zip(x, swing + w / 2, swing - w / 2, strict=True)
    )
    (tmp_path / "edges.csv").write_text(f"x_nm, upper [um], lower [um]\n{rows}\n")
    text = device_text(make_device()).replace("[track]", '[track]\noutline_file = "edges.csv"')
    (tmp_path / "device.toml").write_text(text)
    device = load_device(tmp_path / "device.toml")
    np.testing.assert_allclose(device.width_at(x), w, rtol=1e-7)
    assert device.track.outline_file is None
    (tmp_path / "width.csv").write_text(
        "x_nm,width_nm\n" + "\n".join(f"{1e9 * a:.9g},{1e9 * b:.9g}" for a, b in zip(x, w, strict=True))
    )
    np.testing.assert_allclose(make_device(outline_file=str(tmp_path / "width.csv")).width_at(x), w, rtol=1e-7)


@pytest.mark.parametrize(("name", "bits"), [("t.png", 8), ("t.pgm", 8), ("t.png", 16)])
def test_smooth_picture_is_good_to_its_greys(tmp_path, name, bits):
    """Greys count as parts of a pixel: 0.02 nm with 256 of them at 2 nm a pixel, whatever way around."""
    x, w = widths()
    save(tmp_path / name, 1 - picture(w, shift=3e-9), bits)
    found = make_device(outline_file=str(tmp_path / name), outline_scale="2 nm")
    np.testing.assert_allclose(found.width_at(x), w, atol=0.02e-9)
    save(tmp_path / name, picture(w, ground=0.1, track=0.9), bits)
    found = make_device(outline_file=str(tmp_path / name), outline_scale=SCALE, outline_track="bright")
    np.testing.assert_allclose(found.width_at(x), w, atol=0.03e-9)


def test_noise_and_specks_do_not_widen_the_track(tmp_path):
    """Noise of 3 % of the contrast in 80 rows of 2 nm: 0.54 nm a column, and 0.07 nm in the mean of 200 with both levels.

    Counted from the darkest to the brightest pixel the background would add a tenth of its 30 rows, 6 nm.
    """
    x, w = widths()
    noisy = 0.2 + 0.5 * (1 - picture(w)) + 0.015 * np.random.default_rng(1).normal(size=(80, len(x)))
    noisy[3, 4], noisy[40, 90] = 1.0, 0.0
    save(tmp_path / "t.png", noisy)
    off = make_device(outline_file=str(tmp_path / "t.png"), outline_scale=SCALE).width_at(x) - w
    assert abs(off.mean()) < 4 * 0.07e-9
    assert off.std() == pytest.approx(0.54e-9, rel=0.2)


@pytest.mark.parametrize("bright", [False, True])
def test_transparent_ground_is_no_track(tmp_path, bright):
    from PIL import Image

    x, w = widths()
    cover = np.rint(255 * picture(w)).astype(np.uint8)
    colour = np.full_like(cover, 255 if bright else 0)
    for bands in ([colour, cover], [colour, colour, colour, cover]):
        Image.fromarray(np.stack(bands, -1)).save(tmp_path / "t.png")
        grey = {"outline_track": "bright"} if bright else {}
        found = make_device(outline_file=str(tmp_path / "t.png"), outline_scale=SCALE, **grey)
        np.testing.assert_allclose(found.width_at(x), w, atol=0.02e-9)


def test_black_and_white_picture_is_good_to_its_pixels(tmp_path):
    """Each edge is off by half a pixel at most; on the slow taper the wall sees it, in the notch it is averaged."""
    x, w = widths()
    save(tmp_path / "t.png", 1 - picture(w, antialiased=False))
    found = make_device(outline_file=str(tmp_path / "t.png"), outline_scale=SCALE)
    smooth = make_device(outline_x=x.tolist(), outline_width=w.tolist())
    assert 0.3 * SCALE < np.abs(found.width_at(x) - w).max() <= 1.0 * SCALE
    one, other = (min(find_wells(QPhiModel(d), 300.0), key=lambda well: well.energy) for d in (found, smooth))
    assert one.depinning_field_right == pytest.approx(other.depinning_field_right, rel=0.05)
    assert one.depinning_field_left == pytest.approx(other.depinning_field_left, rel=0.05)


def test_outline_of_another_place_is_refused():
    """One that the track does not reach, or within its first hundredth; one of a part of it has a note."""
    for x in ([5e-7, 6e-7], [0.0, 0.4e-9]):
        with pytest.raises(InputError, match=r"outline_x = .* must span part of the track, 0 to 4e-07"):
            make_device(outline_x=x, outline_width=[WIDTH, WIDTH])
    part = make_device(outline_x=[0.0, 3e-7], outline_width=[WIDTH, 1.1 * WIDTH])
    assert "outline: says 0 to 3e-07 m of the 4e-07 m of track; the rest keeps the last width" in notes(part)
    whole = make_device(outline_x=[1e-9, 3.99e-7], outline_width=[WIDTH, 1.1 * WIDTH])
    assert not any(line.startswith("outline") for line in notes(whole))


def test_bad_outlines_are_refused(tmp_path):
    _, w = widths()
    good = 1 - picture(w)
    holed, cut, touching = good.copy(), good.copy(), good.copy()
    holed[40, 57] = 1.0
    cut[:, 91] = 1.0
    touching[:40, 12] = 0.0
    for name, share in {"holed": holed, "cut": cut, "touching": touching, "grey": np.full((9, 9), 0.5)}.items():
        save(tmp_path / f"{name}.png", share)
    from PIL import Image

    Image.fromarray(good.astype(np.float32)).save(tmp_path / "fractions.tif")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cross.csv").write_text("x_nm,upper_nm,lower_nm\n0,50,-50\n10,-5,5\n")
    (tmp_path / "back.csv").write_text("x_nm,width_nm\n0,50\n10,50\n5,50\n")
    (tmp_path / "one.csv").write_text("x_nm,upper_nm\n0,50\n10,5\n")
    (tmp_path / "bare.csv").write_text("x,width\n0,50\n10,5\n")
    (tmp_path / "other.csv").write_text("x_nm,width_nm,height_nm\n0,50,1\n10,5,1\n")
    (tmp_path / "unit.csv").write_text("x_nm,width_mT\n0,50\n10,5\n")
    (tmp_path / "twice.csv").write_text("x_nm,width_nm,width_um\n0,50,50\n10,5,5\n")
    Image.new("L", (20_001, 3)).save(tmp_path / "long.png")
    for name, options, words in (
        ("holed.png", {}, "column 57 of the picture has 2 pieces of track, must have one"),
        ("cut.png", {}, "column 91 of the picture has no track"),
        ("touching.png", {}, "touches the rim of the picture in column 12; is it dark or bright?"),
        ("grey.png", {}, "hardly any contrast"),
        ("fractions.tif", {}, "must hold greys or colours of 8 or 16 bits"),
        ("text.png", {}, "text.png: is no sound picture"),
        ("none.png", {}, "no such file"),
        ("holed.png", {"outline_scale": None}, "a picture needs outline_scale"),
        ("cross.csv", {"outline_scale": None}, "cross.csv line 3: the width must be > 0"),
        ("back.csv", {"outline_scale": None}, "back.csv line 4: x must be strictly ascending"),
        ("one.csv", {"outline_scale": None}, "must have the columns x and width, or x, upper and lower; has x, upper"),
        ("bare.csv", {"outline_scale": None}, 'column "x" must name its unit, as in x_nm'),
        ("cross.csv", {}, "outline_scale and outline_track are of pictures"),
        (
            "back.csv",
            {"outline_scale": None, "outline_track": "bright"},
            "outline_scale and outline_track are of pictures",
        ),
        ("other.csv", {"outline_scale": None}, 'column "height_nm" must be x, width, upper or lower, with its unit'),
        ("unit.csv", {"outline_scale": None}, 'column "width_mT": "1 mT" has the wrong unit'),
        ("twice.csv", {"outline_scale": None}, 'column "width_um" says width a second time'),
        ("long.png", {}, "has 20001 x 3 pixels, at most 20000 a side"),
    ):
        given = {"outline_file": str(tmp_path / name), "outline_scale": SCALE} | options
        with pytest.raises(InputError) as error:
            make_device(**{key: value for key, value in given.items() if value is not None})
        assert words in str(error.value), name
    save(tmp_path / "good.png", good)
    with pytest.raises(InputError, match=r"shows 8e-07 m at outline_scale = 4e-09, must be the length 4e-07 \[m\]"):
        make_device(outline_file=str(tmp_path / "good.png"), outline_scale=4e-9)
    with pytest.raises(InputError, match="outline_scale and outline_track are of a picture"):
        make_device(outline_scale=4e-9)


def test_a_track_ends_where_it_is_half_as_dark(tmp_path):
    """A shadow of a quarter beside the track counts as parts of its pixels, and is no second piece of it."""
    grey = picture(np.full(200, WIDTH))
    grey[5:8] = 0.25
    save(tmp_path / "t.png", 1 - grey)
    found = make_device(outline_file=str(tmp_path / "t.png"), outline_scale=SCALE)
    assert found.width_at(2e-7) == pytest.approx(WIDTH + 0.75 * SCALE, abs=0.03e-9)


def test_contrast_is_that_of_the_bits_of_a_picture(tmp_path):
    """Greys of 0.45 and 0.55 are hardly any contrast, in 16 bits as in 8."""
    for bits in (8, 16):
        save(tmp_path / "t.png", picture(widths()[1], ground=0.45, track=0.55), bits)
        with pytest.raises(InputError, match=r"hardly any contrast, 0\.(098|1) of white"):
            make_device(outline_file=str(tmp_path / "t.png"), outline_scale=SCALE, outline_track="bright")


def test_a_picture_is_as_long_as_the_track_to_a_pixel(tmp_path):
    """200 columns are; 199 and 201 may be by rounding, 198 and 202 are not; and a track leaves both rims of the picture free."""
    _, w = widths()
    grey, options = 1 - picture(w), {"outline_file": str(tmp_path / "t.png"), "outline_scale": SCALE}
    save(tmp_path / "t.png", np.concatenate([grey, grey[:, -1:]], axis=1))
    make_device(**options)
    save(tmp_path / "t.png", np.concatenate([grey, grey[:, -2:]], axis=1))
    with pytest.raises(InputError, match=r"shows 4.04e-07 m at outline_scale = 2e-09, must be the length 4e-07"):
        make_device(**options)
    save(tmp_path / "t.png", grey[:, :-1])
    make_device(**options)
    save(tmp_path / "t.png", grey[:, :-2])
    with pytest.raises(InputError, match=r"shows 3.96e-07 m at outline_scale = 2e-09, must be the length 4e-07"):
        make_device(**options)
    for rim in (slice(40), slice(40, 80)):
        touching = grey.copy()
        touching[rim, 12] = 0.0
        save(tmp_path / "t.png", touching)
        with pytest.raises(InputError, match="touches the rim of the picture in column 12"):
            make_device(**options)


def test_a_middle_that_swings_does_not_slope(tmp_path):
    """Its ends rise by 60 nm in 400 and the line through it falls: neither way it is turned would be right."""
    rows = "".join(f"{a},{50 + b},{-50 + b}\n" for a, b in ((0, 0), (100, 200), (300, -160), (400, 60)))
    (tmp_path / "edges.csv").write_text("x_nm,upper_nm,lower_nm\n" + rows)
    found = make_device(outline_file=str(tmp_path / "edges.csv"))
    assert found.width_at(np.array([0.0, 1e-7, 3e-7])) == pytest.approx(100e-9)


def test_a_middle_that_slopes_by_its_ends_or_by_a_line_alone_is_level(tmp_path):
    """Ends of 20 nm in 400 about a dip of 160 nm, whose line rises by 0.3; a step of 50 nm at the end of a level track."""
    for rows in (((0, 0), (40, -160), (80, -160), (300, 0), (400, 20)), ((0, 0), (200, 0), (390, 0), (400, 50))):
        lines = "".join(f"{a},{50 + b},{-50 + b}\n" for a, b in rows)
        (tmp_path / "edges.csv").write_text("x_nm,upper_nm,lower_nm\n" + lines)
        assert make_device(outline_file=str(tmp_path / "edges.csv")).width_at(0.0) == pytest.approx(100e-9)


def test_a_track_that_slopes_is_refused(tmp_path):
    """Upright its width is too large by 1/cos; notches of one edge, whose middle swings, and a slope of 4 degrees are read."""
    x, w = widths()[0], np.full(widths()[0].size, WIDTH)
    for rise in (0.13, -0.13):
        save(tmp_path / "slope.png", 1 - picture(w, shift=rise * (x - LENGTH / 2)))
        with pytest.raises(
            InputError, match=r"slope.png: the middle of the track slopes by -?7 degrees, must be level"
        ):
            make_device(outline_file=str(tmp_path / "slope.png"), outline_scale=SCALE)
    save(tmp_path / "level.png", 1 - picture(w, shift=0.07 * (x - LENGTH / 2)))
    assert make_device(outline_file=str(tmp_path / "level.png"), outline_scale=SCALE).width_at(x) == pytest.approx(
        w, rel=0.01
    )
    rows = "".join(f"{a},{50 + b * a},{-50 + b * a}\n" for a, b in ((0, 0.2), (200, 0.2), (400, 0.2)))
    (tmp_path / "edges.csv").write_text("x_nm,upper_nm,lower_nm\n" + rows)
    with pytest.raises(InputError, match=r"edges\.csv: the middle of the track slopes by 11 degrees"):
        make_device(outline_file=str(tmp_path / "edges.csv"))
    (tmp_path / "notch.csv").write_text("x_nm,upper_nm,lower_nm\n0,50,-50\n40,-10,-50\n80,50,-50\n400,50,-50\n")
    assert make_device(outline_file=str(tmp_path / "notch.csv")).width_at(40e-9) == pytest.approx(40e-9)
