"""`dwsynapse train --periphery` and `dwsynapse infer` as a user meets them."""

import pytest

CHIP = "[tile]\nrows = 32\ncolumns = 32\n[dac]\nbits = 8\n[adc]\nbits = 6\n"


def test_train_and_infer(folder, command):
    (folder / "chip.toml").write_text(CHIP)
    train = ("train", "--table", "ladder", "--network", "mlp:12", "--epochs", 3, "--no-twin", "--seeds", 2)
    trained = command(*train, "--periphery", "chip.toml", "-o", "a.h5", "--json").json["test_accuracy"]
    result = command("infer", "a.h5", "--periphery", "chip.toml", "--json").json
    assert result["seeds"] == [1, 2] and result["trained_test_accuracy"] == trained
    assert result["test_accuracy"] == pytest.approx(trained, abs=0.03)
    varied = command("infer", "a.h5", "--set", "dac.bits=8", "--vary", "adc.bits=2,8", "-o", "a.png", "--json").json
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG") and varied["out"] == "a.png"
    assert varied["axes"] == [{"name": "adc.bits", "unit": "1", "values": [2, 8]}]
    low, high = varied["test_accuracy"]
    assert sum(low) < sum(high) and high == pytest.approx(trained, abs=0.03)
    text = command("infer", "a.h5", "--vary", "wires.word_resistance=1 ohm").out
    assert "wires.word_resistance = 1 ohm: test accuracy 0." in text

    for argv, words in (
        (("infer", "b.h5"), "b.h5"),
        (("infer", "a.h5", "--set", "adc.bit=3"), 'did you mean "adc.bits"'),
        (("infer", "a.h5", "--set", "adc.bits"), "SECTION.NAME=VALUE"),
        (("infer", "a.h5", "-o", "b.png"), "-o keeps what --vary or --rest finds"),
        (("infer", "a.h5", "--vary", "adc.bits=2", "-o", "a.png"), "a.png: exists"),
        (("infer", "a.h5", "--resume"), "--resume goes on with a --vary, which is missing"),
        (("infer", "a.h5", "--vary", "adc.bits=six"), "must be a whole number"),
        (("infer", "a.h5", "--periphery", "none.toml"), "no such file"),
        ((*train, "--periphery", "none.toml"), "no such file"),
    ):
        answer = command(*argv)
        assert answer.code == 2 and words in answer.err and "Traceback" not in answer.err, answer
