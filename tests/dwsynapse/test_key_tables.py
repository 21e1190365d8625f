"""The tables of keys are those of the declarations; the examples beside them are accepted and do what they say."""

import importlib.util
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from arraysim.cost.settings import ChipSettings
from arraysim.networks.definition_file import definition_from_mapping
from arraysim.periphery.config import periphery_from_mapping
from compact import TransitionTable, synapse_table
from compact.exchange.synapse_file import synapse_from_mapping
from dwcore.storage import records
from llg import QPhiModel, device_from_mapping, find_wells

DOCS = Path(__file__).parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("key_tables", DOCS / "key_tables.py")
TABLES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TABLES)
PAGES = {page.name: page.read_text(encoding="utf-8") for page in TABLES.PAGES}
EXAMPLES = [tomllib.loads(text) for page in PAGES.values() for text in re.findall(r"```toml\n(.*?)```", page, re.S)]


@pytest.mark.parametrize("name", PAGES)
def test_tables_are_those_of_the_declarations(name):
    """`python docs/key_tables.py` makes them anew."""
    assert TABLES.filled(PAGES[name]) == PAGES[name]


def test_every_declaration_has_its_table():
    placed = [f"{place[1]} of {place[2]}" for page in PAGES.values() for place in TABLES.PLACE.finditer(page)]
    kinds = {"keys": TABLES.DECLARATIONS, "data sets": TABLES.RECORDS, "settings": TABLES.sections()}
    declared = {f"{kind} of {name}" for kind, names in kinds.items() for name in names}
    assert sorted(placed) == sorted(declared - {"keys of layer flatten"})  # which has no keys
    assert "settings of training" in declared


def test_the_page_on_tables_names_every_data_set():
    section = (
        PAGES["file-formats.md"].partition("## `dwsynapse.transition-table`")[2].partition("## `dwsynapse.sweep`")[0]
    )
    paths = [path for path, _, _ in records.layout(TransitionTable) if "NAME" not in path]
    assert len(paths) > 20
    assert [
        path for path in paths if f"`{path}`" not in section and f"`{path.rpartition('/')[2]}`" not in section
    ] == []


def test_rows_say_unit_default_and_rule():
    page = PAGES["device-files.md"]
    assert "| `alpha` |  | required | > 0 and <= 1 | Gilbert damping |" in page
    assert "| `Delta` | m | - | > 0 and 1e-10 to 1e-06 in size | wall width parameter |" in page
    changed = page.replace("Gilbert damping", "damping")
    assert changed != page and TABLES.filled(changed) == page


def test_example_devices():
    three, strip = (device_from_mapping(one) for one in EXAMPLES[:2])
    assert len(find_wells(QPhiModel(three), three.temperature)) == 3
    assert strip.material.in_plane


def test_example_network_fits_images():
    network = definition_from_mapping(EXAMPLES[2], "example")
    assert network.shapes((8, 8, 1), 10)[-1] == (10,)
    more = EXAMPLES[3]["layer"]
    whole = definition_from_mapping({**EXAMPLES[2], "layer": [*more, *EXAMPLES[2]["layer"]]}, "example")
    assert len(whole.layers) == len(more) + len(network.layers)


def test_example_periphery_and_chip():
    assert periphery_from_mapping(EXAMPLES[4], "example").read.noise == 0.01
    assert ChipSettings.from_mapping(EXAMPLES[5], "example").on_resistance == 200e3
    assert len(EXAMPLES) == 7


def test_example_synapse():
    table = synapse_table(synapse_from_mapping(EXAMPLES[6], "example"))
    np.testing.assert_allclose(table.probability[0, 0, 1, 0, 1, :3], [0, 0.2, 0.8], atol=1e-8)
