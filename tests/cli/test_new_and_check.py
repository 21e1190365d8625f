"""`dwsynapse new` writes files that work and name every key; `dwsynapse check` reads a file as its command does."""

import shlex
import tomllib

import pytest

from dwcore.errors import InputError
from dwsynapse.templates import template
from dwsynapse.toml_files import KINDS, check, kind_of


def uncommented(text: str) -> list[str]:
    """Return what a template becomes when one key at a time is uncommented, where it has a value and a section."""
    lines, active, found = text.splitlines(), True, []
    for number, line in enumerate(lines):
        if line.lstrip("# ").startswith("[") and line.rstrip().endswith("]"):
            active = not line.startswith("#")
        key, mark, value = line.removeprefix("# ").partition("=")
        given = value.partition("  #")[0].strip()
        if line.startswith("# ") and mark and active and key.strip().isidentifier() and given:
            found.append("\n".join([*lines[:number], f"{key}= {given}", *lines[number + 1 :]]))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_right_and_of_its_kind(kind, command, folder):
    made = command("new", kind, "mine")
    assert made.code == 0 and "dwsynapse check mine.toml" in made.out
    assert kind_of(folder / "mine.toml") == kind
    checked = command("check", "mine.toml", "--json")
    assert checked.code == 0 and checked.json["kind"] == kind and checked.json["notes"] == []
    again = command("new", kind, "mine.toml")
    assert again.code == 2 and "--force" in again.err
    assert command("new", kind, "mine.toml", "--force").code == 0


def test_the_line_that_checks_a_new_file_can_be_typed(command, folder):
    for name in ("a b", "-x", "it's"):
        line = command("new", "device", "--", name).out
        assert command(*shlex.split(line.partition("dwsynapse ")[2])).code == 0


SHIPPED = {"five_state": "device", "domain-wall-leonard": "synapse", "vgg8-cifar10": "recipe", "resnet20": "network"}


@pytest.mark.parametrize(("name", "kind"), SHIPPED.items())
def test_what_is_shipped_is_checked_by_its_name(name, kind, command):
    checked = command("check", name, "--json")
    assert checked.code == 0 and checked.json["kind"] == kind and checked.json["says"]
    wrong = command("check", f"x{name}")
    assert wrong.code == 2 and f'network, synapse or recipe; did you mean "{name}"?' in wrong.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_names_every_key(kind):
    lines = {line.removeprefix("# ").partition(" =")[0] for line in template(kind, "mine").splitlines()}
    keys = {field.name for fields in KINDS[kind].sections().values() for field in fields}
    assert keys - lines == set() and max(map(len, template(kind, "mine").splitlines())) <= 120


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_commented_out_stands_at_its_default(kind, folder):
    path = folder / "mine.toml"
    path.write_text(template(kind, "mine"))
    plain, changed = KINDS[kind].load(str(path)), uncommented(path.read_text())
    assert len(changed) > 2
    for text in changed:
        path.write_text(text)
        assert KINDS[kind].load(str(path)) == plain, text


def test_a_wrong_file_is_refused_in_one_line(command, folder):
    text = template("device", "mine")
    (folder / "mine.toml").write_text(text.replace("alpha", "alhpa", 1))
    refused = command("check", "mine.toml")
    assert refused.code == 2 and 'did you mean "alpha"' in refused.err and refused.err.count("\n") == 1
    (folder / "other.toml").write_text("[tool]\nx = 1\n")
    with pytest.raises(InputError, match="those of no device, network, periphery, chip"):
        check(folder / "other.toml")
    for name in ("", ".", "..", ".toml"):
        refused = command("new", "device", name)
        assert refused.code == 2 and refused.err.count("\n") == 1 and "name" in refused.err
    assert sorted(path.name for path in folder.iterdir()) == ["mine.toml", "other.toml"]
    assert 'did you mean "device"' in command("new", "devise", "mine").err
    (folder / "chip.toml").write_text("[chip]\nnode_nm = 22\n")
    assert "there is no section [chip]; the keys of a chip stand at the top level" in command("check", "chip.toml").err


def test_all_sections_are_told_what_is_wrong_with_them_at_once(command, folder):
    wrong = template("device", "mine").replace("alpha = 0.3", "alpha = 3").replace('"cosine"', '"cosin"')
    (folder / "mine.toml").write_text(wrong.replace("t_HM", "tHM", 1))
    said = command("check", "mine.toml").err
    assert said.count("mine.toml") == 1 and said.count("\n") == 1
    assert "alpha = 3 [1] must be <= 1" in said and 'unknown key "tHM"' in said and said.count('mean "cosine"') == 3


def test_a_strained_device_has_a_note(command, folder):
    wide = template("device", "mine").replace('width = "100 nm"', 'width = "5 um"').replace('"300 nm"', '"5 um"')
    (folder / "wide.toml").write_text(wide)
    strained = command("check", "wide.toml")
    assert strained.code == 0 and "wall widths wide" in strained.err and "right" in strained.out


def test_a_network_says_which_images_fit(command, folder):
    text = (
        '[[layer]]\nkind = "conv"\nchannels = 2\nkernel = 9\n[[layer]]\nkind = "flatten"\n[[layer]]\nkind = "linear"\n'
    )
    assert tomllib.loads(text)
    (folder / "net.toml").write_text(text)
    said = command("check", "net.toml").out
    weights = (9 * 9 + 1) * 2 + (20 * 20 * 2 + 1) * 10
    assert (
        "digits does not fit" in said
        and f"mnist fits: {weights} weights in arrays; its cost takes --image 28,28,1" in said
    )


@pytest.mark.parametrize("kind", KINDS)
def test_info_takes_every_kind(kind, command, folder):
    (folder / "mine.toml").write_text(template(kind, "mine"))
    told = command("info", "mine.toml", "--json")
    assert told.code == 0 and (kind in told.json or told.json["kind"] == kind)
    assert kind in command("info", "mine.toml").out
    refused = command("info", "mine.toml", "--check")
    assert refused.code == 2 and f"mine.toml is a {kind}" in refused.err


def test_settings_are_told_by_what_differs_from_the_defaults(command, folder):
    (folder / "chip.toml").write_text('node_nm = 22\non_resistance = "200 kohm"\n')
    told = command("info", "chip.toml", "--json").json
    assert told["changed"] == {"node_nm": 22, "on_resistance": 2e5}
    assert "on_resistance = 200000 ohm: " in command("info", "chip.toml").out
    (folder / "chip.toml").write_text("training = true\n")  # a section of recipes has this name
    assert kind_of(folder / "chip.toml") == "chip"


def test_a_network_that_no_images_enter_is_refused(command, folder):
    convolution, linear = '[[layer]]\nkind = "conv"\nchannels = 8\nkernel = 3\n', '[[layer]]\nkind = "linear"\n'
    flatten = '[[layer]]\nkind = "flatten"\n'
    (folder / "net.toml").write_text(convolution + linear)
    refused = command("check", "net.toml")
    assert refused.code == 2 and "put a flatten before it" in refused.err and "right" not in refused.out
    for change in ("kernel = 99", "kernel = 1\nkernel_columns = 99", "kernel = 3\ngroups = 4"):
        (folder / "net.toml").write_text(convolution.replace("kernel = 3", change) + flatten + linear)
        own = command("check", "net.toml")
        assert own.code == 0 and "takes images of your own only" in own.err, change


def test_only_devices_and_synapses_have_figures(command, folder):
    (folder / "chip.toml").write_text(template("chip", "chip"))
    refused = command("plot", "chip.toml", "-o", "x.png")
    assert refused.code == 2 and "is a chip, of which there is no figure" in refused.err
