"""An estimate as numbers and lines for others, and the steps of its sensitivities, on two small layers."""

import numpy as np
import pytest
from cost_cases import small_synapse

from arraysim.cost.comparison import compare
from arraysim.cost.document import bits_of, chip_document, chip_lines, comparison_document, explain_lines, ratio_lines
from arraysim.cost.estimate import chip_cost
from arraysim.cost.founding_paper import PAPER
from arraysim.cost.sensitivity import _changed, sensitivities
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import ArrayLayer
from dwcore.canvas.number_text import time_text, with_prefix

FIRST = ArrayLayer(
    name="conv1", kind="conv", rows=9, columns=4, positions=16, input_values=16, output_values=64, kernel=3
)
LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10)
SYNAPSE = small_synapse(np.array([1e-5, 2e-5, 3e-5]))
SETTINGS = ChipSettings(batch_size=10, images_per_epoch=1000)


@pytest.fixture(scope="module")
def cost():
    return chip_cost([FIRST, LAYER], SETTINGS, SYNAPSE)


def test_an_epoch_takes_the_time_between_images_and_not_the_latency_of_each(cost):
    found, interval = chip_document(cost, images_per_epoch=1000), cost.facts["image_interval_s"]
    assert interval < 0.9 * cost.total_latency()
    assert found["energy_J_per_epoch"] == pytest.approx(1000 * cost.total_energy())
    assert found["latency_s_per_epoch"] == pytest.approx(1000 * interval)
    lines = chip_lines(cost, "two")
    assert f"{with_prefix(1000 * cost.total_energy(), 'J')}, {time_text(1000 * interval)} per epoch of 1000" in lines[0]
    assert lines[0].startswith(f"two on test: {1e6 * cost.total_area:.3g} mm2; ")
    assert lines[-1].split()[:3] == ["total", f"{1e6 * cost.total_area:.4g}", "mm2"]


def test_phases_and_layers_of_a_document_are_those_of_the_books(cost):
    found = chip_document(cost, images_per_epoch=1)
    for name, book in (("energy_J_per_image", cost.energy), ("latency_s_per_image", cost.latency)):
        assert (
            found[name]["inference"] == found[name]["phases"]["forward"]["total"] == pytest.approx(book[..., 0].sum())
        )
        assert found["layers"][1][name]["backward"] == pytest.approx(book[1, :, 1].sum())
        converters = found[name]["phases"]["backward"]["blocks"]["converters"]
        assert converters == pytest.approx(book[:, cost.block("converters"), 1].sum())


def test_bits_of_converters_and_ratios_of_the_paper_stand_where_they_belong():
    """SRAM that is multiplied beside its cells has no converters; the ratios of the paper are those of its network."""
    result = compare([FIRST, LAYER], SETTINGS, SYNAPSE, names=("sram-8-parallel", "digital-cim"))
    assert bits_of(result) == {"chip": 6, "sram-8-parallel": 6, "digital-cim": None}
    for network, paper in (("vgg8", PAPER), ("vgg8:1", PAPER), ("vgg8:0.5", None), ("mlp", None)):
        assert comparison_document(result, images_per_epoch=1, network=network)["founding_paper_ratios"] == paper
        assert any("Dhull" in line for line in ratio_lines(result, network)) == (paper is not None)
    head, first, *_ = ratio_lines(result)
    assert head.split()[-2:] == ["forward", "latency"] and first.startswith("SRAM, 8 bit, parallel")
    assert first.split()[-6] == f"{result.ratios()['sram-8-parallel']['area']:.3g}"
    equal = ratio_lines(result, equal=result)
    assert any(line.startswith("at equal accuracy: 6-bit converters") for line in equal)
    assert any(line.startswith("SRAM, 8 bit, parallel, 6-bit converters") for line in equal)


def test_baselines_that_do_not_differ_are_shown_once():
    """A pair of 100 levels has 199 weights, eight bits."""
    fine = small_synapse(np.linspace(1e-5, 3e-5, 100))
    result = compare([LAYER], SETTINGS, fine, names=("sram-8-parallel", "sram-equal-parallel"))
    assert list(result.ratios()) == ["sram-8-parallel", "sram-equal-parallel"]
    assert [line.startswith("SRAM, 8 bit, parallel") for line in ratio_lines(result)] == [False, True]


def test_a_figure_is_explained_by_its_node_and_supply():
    found = explain_lines(chip_cost([LAYER], ChipSettings(converter_floor=False), SYNAPSE), "converters")
    assert any(line.startswith("  comparator_area: 3.92e-10 m^2 at 180 nm, 1.2 V; ") for line in found)
    assert any(line.startswith("  placement_density: 0.7 1; ") for line in found), "a share is that of any node"


def test_steps_of_a_sensitivity_stay_within_what_a_setting_may_be():
    assert _changed("input_activity", (0.8, 0.1), True) == (1.0, 0.2)
    assert _changed("pulses_per_update", (0.8,), True) == (1.6,)
    assert (_changed("converter_bits", 6, True), _changed("converter_bits", 1, False)) == (7, 1)
    assert (_changed("array_rows", 128, False), _changed("batch_size", 1, False)) == (64, 1)
    _, found = sensitivities([FIRST, LAYER], SETTINGS, SYNAPSE, baseline="sram-8-parallel")
    limits = {one.name: (one.low, one.high) for one in found}
    assert limits["placement_density"] == ("x 0.714", "x 1.4")  # at most 0.98 of the area
