"""The report: one sound page that needs nothing else, tells the numbers, and escapes what it is told."""

import base64
import copy
import io
import re
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest

from dwcore.canvas.number_text import NONE, memory_text, percent_text, power_of_ten, time_text, with_prefix
from dwcore.errors import InputError
from dwsynapse import figures
from dwsynapse.chain.html_page import Fact, Section, render
from dwsynapse.chain.report import report
from llg.constants import MU_0

PULSE = {"current_density_A_per_m2": 7e11, "duration_s": 1e-9, "energy_J": 2.83e-14}
WELL = {
    "q_m": 1e-7,
    "barrier_left_kT": 285.4,
    "barrier_right_kT": 45.7,
    "retention_s": 6.6e10,
    "retention_s_at_least": None,
    "retention_s_error": None,
}
SUMMARY = {
    "accuracy": {
        "on_chip_test": 0.94,
        "on_chip_test_per_seed": [0.93, 0.95],
        "float32_test": 0.97,
        "float32_test_per_seed": [0.97, 0.97],
        "seeds": [1, 2],
    },
    "device": "five-state reference",
    "wells": [
        WELL,
        {**WELL, "q_m": 2.2e-7, "barrier_left_kT": 45.9, "retention_s": None, "retention_s_at_least": 1e12},
    ],
    "depinning_field_T": [[0.1015, 0.0552], [0.0552, 0.0552]],
    "depinning_current_A_per_m2": [[None, 4.2e11], [4.2e11, 4.2e11]],
    "write_pulses": {"up": PULSE, "down": {**PULSE, "current_density_A_per_m2": -7e11}},
    "pulses": 12345678,
    "energy_J": 3.49e-7,
    "seconds": {"table": 15.3, "training": 61.2, "total": 76.5},
    "peak_memory_bytes": 412 * 2**20,
}
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags, attributes and texts of a page; fails on tags that do not close one another."""

    def __init__(self, text):
        super().__init__()
        self.attributes, self.open, self.tags, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self.open[-1] != "style":
            self.texts.append(data.strip())

    def images(self):
        return [base64.b64decode(value.split(",")[1]) for name, value in self.attributes if name == "src"]


def png(shade):
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.full((4, 6), shade), vmin=0, vmax=1, format="png")
    return buffer.getvalue()


def written(tmp_path, summary=SUMMARY, **more):
    path = tmp_path / "report.html"
    report(path, **{"title": "A run", "summary": summary, "figures": [], **more})
    return Page(path.read_text(encoding="utf-8"))


def test_page_holds_the_figures_and_needs_nothing_else(tmp_path):
    figures = [("What is seen. And why.", png(0.2)), ("Another.", png(0.7))]
    page = written(tmp_path, figures=figures)
    assert page.images() == [content for _, content in figures]
    assert page.tags.count("figure") == page.tags.count("figcaption") == 2
    addresses = [value for name, value in page.attributes if name in {"src", "href", "srcset", "action", "data"}]
    assert all(value.startswith("data:image/png;base64,") for value in addresses)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?:", text)


def test_first_sentence_of_a_caption_is_its_heading(tmp_path):
    page = written(tmp_path, figures=[("What is seen. And why. And more.", png(0.5))])
    assert "Figure 1. What is seen." in page.texts
    assert "And why. And more." in page.texts
    assert ("alt", "What is seen.") in page.attributes


def test_names_are_escaped_everywhere(tmp_path):
    bad = "<script>alert('&\"')</script>"
    summary = copy.deepcopy(SUMMARY)
    summary["device"] = bad
    summary["seconds"] = {bad: 1.0}
    summary["accuracy"]["seeds"] = [bad, 2]
    section = Section(heading=bad, text=bad, columns=(bad,), rows=((bad,),))
    page = written(tmp_path, summary, title=bad, figures=[(bad, png(0.1))], sections=[section])
    assert "script" not in page.tags
    assert page.texts.count(bad) == 2 + 1 + 1 + 1 + 4  # title and heading, device, stage, seed, section
    assert ("alt", bad) in page.attributes
    assert f"Figure 1. {bad}" in page.texts


def test_dollar_signs_are_no_placeholders(tmp_path):
    page = written(tmp_path, title="$style costs $5")
    assert page.texts.count("$style costs $5") == 2


@pytest.mark.parametrize(
    "text",
    [
        "94.0 ± 1.4 %",
        "97.0 ± 0.0 %",
        "2 seeds, mean ± standard deviation",
        "on chip lies 3.0 percentage points below",
        "five-state reference",
        "2 states per synapse",
        "45.7 kB\u00a0T",
        "mean retention of the weakest state: 2090 years",
        "7 × 10¹¹ A/m²",
        "−7 × 10¹¹ A/m²",
        "for 1 ns, 28.3 fJ per pulse",
        "1.23 × 10⁷",
        "349 nJ",
        "1 min 16 s",
        "412 MiB",
    ],
)
def test_headline_numbers(tmp_path, text):
    assert text in written(tmp_path).texts


def test_tables_hold_seeds_and_wells(tmp_path):
    texts = written(tmp_path).texts
    seeds = texts.index("Float32 twin")
    assert texts[seeds + 1 : seeds + 7] == ["1", "93.0 %", "97.0 %", "2", "95.0 %", "97.0 %"]
    wells = texts.index("Depinning current right (10¹¹\u00a0A/m²)")
    assert texts[wells + 1 : wells + 10] == ["0", "100.0", "285.4", "45.7", "2090 years", "101.5", "55.2", NONE, "4.20"]
    assert texts[wells + 14] == NONE  # no retention known


def test_what_strains_the_model_is_said_beside_the_device_and_in_full(tmp_path):
    texts = written(tmp_path, {**SUMMARY, "notes": ["width: <wide>", "tilt: much"]}).texts
    assert any(text.endswith("; 2 notes on the model below") for text in texts)
    first = texts.index("Where the device strains the model")
    assert texts[first + 2 : first + 5] == ["Note", "width: <wide>", "tilt: much"]
    silent = written(tmp_path, force=True).texts
    assert not any("strains the model" in text or "on the model below" in text for text in silent)


COST = {
    "node_nm": 32.0, "area_m2": 2.5e-6, "energy_J_per_image": 4e-6, "latency_s_per_image": 5e-3,
    "inference_energy_J_per_image": 1e-6, "inference_latency_s_per_image": 2e-3,
    "uncertainty_factor": {"area": 1.6, "energy": 2.1}, "notes": ["made up"],
    "settings": {"array_rows": 128, "array_columns": 64}, "utilization": 0.375,
    "arrays_per_layer": {"layer 1": 3, "layer 2": 1},
    "blocks": {
        "arrays": {"area_m2": 1.5e-6, "energy_J_per_image": 3e-6, "latency_s_per_image": 4e-3},
        "drivers": {"area_m2": 0.0, "energy_J_per_image": 0.0, "latency_s_per_image": 0.0},
        "leakage": {"area_m2": 1e-6, "energy_J_per_image": 1e-6, "latency_s_per_image": 1e-3},
    },
    "ratios": {
        name: dict(zip(("area", "energy", "latency", "forward_energy", "forward_latency"), values, strict=True))
        for name, values in (
            ("sram-8-parallel", (4.2, 2.5, 1.5, 3.5, 0.5)), ("sram-equal-parallel", (2.2, 1.25, 0.75, 1.5, 0.25)),
            ("sram-best", (3.2, 7.0, 8.0, 9.0, 6.0)), ("tpu", (1.0, 2.0, 3.0, 4.0, 5.0)),
        )
    },
}  # fmt: skip


def test_the_chip_is_told_with_its_units(tmp_path):
    """Against 8-bit SRAM; energies and times of training images, those of an inference beside them."""
    texts = written(tmp_path, {**SUMMARY, "cost": COST}).texts
    for label, value, note in (
        ("Chip area", "2.5 mm²", "estimated at 32 nm; with 8-bit SRAM 4.2 times as much"),
        ("Chip energy", "4 µJ", "per training image, 1 µJ per inference; with 8-bit SRAM 2.5 times as much"),
        ("Chip time", "5 ms", "per training image, 2 ms per inference"),
    ):
        first = texts.index(label)
        assert [text.replace("\u00a0", " ") for text in texts[first : first + 3]] == [label, value, note]
    assert any(text.startswith("Arrays of 128 x 64 cells") and "38 % of their cells" in text for text in texts)
    assert any(
        "areas are off by a factor of 1.6, energies by 2.1 (one" in text and "Note: made up." in text for text in texts
    )
    rows = texts[texts.index("Layer") : texts.index("Layer") + 6]
    assert rows == ["Layer", "Arrays", "layer 1", "3", "layer 2", "1"]
    blocks = [text.replace("\u00a0", " ") for text in texts[texts.index("Time per image") + 1 :]][:12]
    assert blocks == [
        "arrays", "1500000", "3 µJ", "4 ms", "leakage", "1000000", "1 µJ", "1 ms", "total", "2500000", "4 µJ", "5 ms",
    ]  # fmt: skip
    chips = texts[texts.index("Inference time") + 1 :][:24]
    assert chips == [
        "SRAM, 8 bits", "4.2", "2.5", "1.5", "3.5", "0.5", "SRAM, equal precision", "2.2", "1.25", "0.75", "1.5",
        "0.25",
        "SRAM, best organization", "3.2", "7", "8", "9", "6", "tpu", "1", "2", "3", "4", "5",
    ]  # fmt: skip
    assert "Chip area" not in written(tmp_path, force=True).texts


def test_the_weakest_state_is_that_of_the_shortest_retention(tmp_path):
    """Of 1 s, 60 s and an unknown one, which may be shorter; and the lowest of all barriers, on either side."""
    more = {"depinning_field_T": [[0.1, 0.1]] * 3, "depinning_current_A_per_m2": [[1e11, 1e11]] * 3}
    for bound, words in ((1.0, "1 s"), (0.1, NONE), (None, NONE)):
        wells = [{**WELL, "retention_s": time, "retention_s_at_least": None if time else bound,
                  "barrier_left_kT": 20.0 + (time or 0)} for time in (60.0, 1.0, None)]  # fmt: skip
        texts = written(tmp_path, {**SUMMARY, **more, "wells": wells}, force=True).texts
        assert f"mean retention of the weakest state: {words}" in texts and "20.0 kB\u00a0T" in texts


@pytest.mark.parametrize(("chip", "words"), [(0.9696, "as accurate"), (0.9694, "0.1 percentage points below")])
def test_a_difference_that_rounds_to_nothing_is_none(tmp_path, chip, words):
    accuracy = SUMMARY["accuracy"] | {"on_chip_test_per_seed": [chip], "float32_test_per_seed": [0.97], "seeds": [1]}
    assert any(text.startswith("on chip") and words in text for text in
               written(tmp_path, {**SUMMARY, "accuracy": accuracy}).texts)  # fmt: skip


def test_one_seed_has_no_spread(tmp_path):
    summary = copy.deepcopy(SUMMARY)
    summary["accuracy"] |= {"on_chip_test_per_seed": [0.95], "float32_test_per_seed": [0.93], "seeds": [7]}
    texts = written(tmp_path, summary).texts
    assert "one seed" in texts
    assert texts.count("95.0 %") == 2
    assert "on chip lies 2.0 percentage points above" in texts


def test_static_field_of_the_device_is_said(tmp_path):
    field = {"H_x": 0.0, "H_y": 0.0, "H_z": 2e-3 / MU_0}
    assert any(
        "in the static field H_z = 2 mT" in text
        for text in written(tmp_path, {**SUMMARY, "field_A_per_m": field}).texts
    )
    assert not any("static field" in text for text in written(tmp_path, SUMMARY, force=True).texts)


def test_run_time_without_a_total_is_the_sum(tmp_path):
    assert "12 s" in written(tmp_path, {**SUMMARY, "seconds": {"table": 5.0, "training": 7.0}}).texts


@pytest.mark.parametrize("key", ["accuracy", "wells", "write_pulses", "seconds", "depinning_field_T"])
def test_missing_key_is_named_and_nothing_is_written(tmp_path, key):
    summary = {name: value for name, value in SUMMARY.items() if name != key}
    with pytest.raises(InputError, match=f"'{key}' is missing"):
        written(tmp_path, summary)
    assert not list(tmp_path.iterdir())


def test_wrong_layout_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="layout"):
        written(tmp_path, {**SUMMARY, "depinning_field_T": [[0.1, 0.1]]})
    with pytest.raises(InputError, match="layout"):
        written(tmp_path, {**SUMMARY, "seconds": 3})


def test_figure_that_is_no_png_leaves_no_file(tmp_path):
    with pytest.raises(InputError, match="figure 2 must be"):
        written(tmp_path, figures=[("One.", png(0.5)), ("Two.", b"GIF89a")])
    assert not list(tmp_path.iterdir())


def test_existing_report_needs_force(tmp_path):
    written(tmp_path)
    with pytest.raises(InputError, match="--force"):
        written(tmp_path)
    assert "Second" in written(tmp_path, title="Second", force=True).texts
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_section_refuses_ragged_rows():
    with pytest.raises(InputError, match="must have 2 entries"):
        Section(heading="Odd", columns=("a", "b"), rows=(("1", "2"), ("3",)))


def test_page_without_figures_and_tables():
    page = Page(render("Title", "Text.", facts=[Fact(label="a", value="b")]))
    assert "figure" not in page.tags
    assert page.texts == ["Title", "Title", "Text.", "a", "b"]


def test_captions_open_with_a_heading():
    tables = [table for name, table in vars(figures).items() if name[0].isupper() and isinstance(table, dict)]
    texts = [kind.caption for table in tables for kind in table.values()]
    assert len(texts) >= 20
    for text in texts:
        head = text.split(". ")[0]
        assert 10 < len(head) < 90
        assert text.endswith(".")
        assert "  " not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.78e-14, "47.8 fJ"),
        (9.999e-13, "1 pJ"),
        (1e-3, "1 mJ"),
        (-2e3, "−2 kJ"),
        (0, "0 J"),
        (5e-22, "5 × 10⁻²² J"),
        (np.inf, NONE),
        (None, NONE),
    ],
)
def test_with_prefix(value, text):
    assert with_prefix(value, "J") == text


@pytest.mark.parametrize(
    ("value", "text"), [(7e11, "7 × 10¹¹"), (-1.234e-5, "−1.23 × 10⁻⁵"), (2090.0, "2090"), (0, "0"), (np.nan, NONE)]
)
def test_power_of_ten(value, text):
    assert power_of_ten(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1e-9, "1 ns"),
        (3.2, "3.2 s"),
        (59.99, "1 min 0 s"),
        (252, "4 min 12 s"),
        (3599.6, "1 h"),
        (7200, "2 h"),
        (3.15576e11, "1 × 10⁴ years"),
    ],
)
def test_time_text(seconds, text):
    assert time_text(seconds) == text


def test_memory_and_percent():
    assert [memory_text(2**20), memory_text(3 * 2**29), memory_text(None)] == ["1 MiB", "1.50 GiB", NONE]
    assert percent_text([0.9, 0.92]) == f"91.0 ± {np.sqrt(2):.1f} %"
