"""`train --recipe` and `info` of a recipe."""

import json
import os
import platform

import pytest


def test_a_shipped_recipe_is_shown(command):
    found = json.loads(command("info", "vgg8-cifar10", "--json").out)
    changed = found["changed"]
    assert (changed["network.network"], changed["network.whiten"]) == ("vgg8:0.25", True)
    assert changed["training.schedule"] == "one-cycle"


def test_options_go_before_a_recipe(command, tmp_path):
    (tmp_path / "short.toml").write_text("[training]\nepochs = 1\nlearning_rate = 0.5\ntwin = false\n")
    found = command("train", "--recipe", "short.toml", "--epochs", 2, "--table", "ladder:5", "--network", "linear",
                    "-o", "a.h5", "--json", cwd=tmp_path)  # fmt: skip
    assert found.code == 0 and json.loads(found.out)["epochs"] == 2
    told = json.loads(command("info", "a.h5", "--json", cwd=tmp_path).out)["config"]["training"]
    assert (told["epochs"], told["learning_rate"], told["twin"]) == (2, 0.5, False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[training]\nepoch = 1\n", "epoch"),
        ("[training]\nepochs = 0\n", "epochs = 0"),
        ("epochs = 1\n", "must be in a section"),
        ("[nothing]\nepochs = 1\n", "nothing.epochs"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(command, tmp_path, content, message):
    (tmp_path / "a.toml").write_text(content)
    found = command("train", "--recipe", "a.toml", "--table", "ladder:5", cwd=tmp_path)
    assert found.code == 2 and message in found.err and found.err.count("\n") == 1
    checked = command("check", "a.toml", cwd=tmp_path)
    assert checked.code == 2 and (checked.err == found.err or "those of no device, network" in checked.err)


def test_what_does_not_go_together_in_a_recipe_is_refused_by_check(command, tmp_path):
    (tmp_path / "a.toml").write_text("[training]\npatience = 3\n")
    refused = command("check", "a.toml", cwd=tmp_path)
    assert refused.code == 2 and "patience = 3 needs a validation_fraction" in refused.err


def test_an_unknown_recipe_names_the_nearest(command):
    found = command("train", "--recipe", "vgg8-cifar")
    assert found.code == 2 and "vgg8-cifar10" in found.err


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="about processors of x86")
@pytest.mark.parametrize(("products", "said"), [("onednn-bfloat16", True), ("onednn-float32", False)])
def test_a_processor_that_emulates_bfloat16_is_named_before_training(process, tmp_path, products, said):
    pytest.importorskip("torch")
    found = process("train", "--table", "ladder:5", "--network", "linear", "--epochs", 1, "--set", f"products={products}",
                    cwd=tmp_path, env=os.environ | {"ATEN_CPU_CAPABILITY": "avx2"})  # fmt: skip
    _, errors = found.communicate(timeout=600)
    assert found.returncode == 0
    assert ("emulated on this processor" in errors) == said
