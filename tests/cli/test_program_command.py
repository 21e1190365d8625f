"""`dwsynapse program` and `dwsynapse infer --rest` as a user meets them."""

import h5py
import numpy as np
import pytest


@pytest.fixture(scope="module")
def workplace(command, tmp_path_factory):
    """A table of the reference device at 300 K and 500 K, and a short training on it."""
    place = tmp_path_factory.mktemp("program")
    grid = ("--currents=-7e11,7e11", "--durations", 1e-9, "--temperatures", "300,500")
    done = [command("sweep", "five_state", *grid, "-n", 20, "--jobs", 1, "-o", "t.h5", cwd=place)]
    small = ("--network", "mlp:12", "--epochs", 4, "--jobs", 1)
    done.append(command("train", "--table", "t.h5", *small, "--seeds", 2, "-o", "a.h5", cwd=place))
    done.append(command("train", "--table", "t.h5", *small, "--no-twin", "-o", "alone.h5", cwd=place))
    assert [answer.code for answer in done] == [0, 0, 0]
    return place


@pytest.fixture
def here(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    return workplace


def test_program_a_training(here, command):
    result = command("program", "a.h5", "--table", "t.h5", "-o", "p.h5", "--json").json
    assert result["seeds"] == [1, 2]
    for number, programmed in zip(result["float32_test_accuracy"], result["test_accuracy"], strict=True):
        assert number > 0.85 and programmed > number - 0.08
    for before, after, share in zip(
        result["rms_error_before"], result["rms_error_after"], result["share_within_tolerance"], strict=True
    ):
        assert after < 0.1 < before and share > 0.95
    assert command("infer", "p.h5", "--json").json["programmed_test_accuracy"] == result["test_accuracy"]
    assert command("infer", "p.h5", "--set", "adc.bits=2", "--json").json["test_accuracy"] != result["test_accuracy"]
    assert "programmed chips of 2 seeds" in command("info", "--check", "p.h5").out
    for figure in ("rounds", "reached", "pulses"):
        assert command("plot", "p.h5", "--figure", figure, "-o", f"{figure}.png").code == 0
    with h5py.File("p.h5") as file, h5py.File("a.h5") as training:
        for layer in ("layer_0", "layer_1"):
            wanted = training[f"seed_2/float32/{layer}/weight"][()]
            assert np.array_equal(file[f"seed_2/float32/{layer}/weight"][()], wanted)
            error = file[f"seed_2/hardware/{layer}/weight"][()] - wanted
            assert np.median(np.abs(error)) < 0.1 * np.abs(wanted).max()
    again = command("program", "a.h5", "--table", "t.h5", "--seed", 2, "-o", "q.h5", "--json").json
    assert again["seeds"] == [2] and again["test_accuracy"] == result["test_accuracy"][1:]
    text = command("program", "a.h5", "--table", "ladder:9").out
    assert text.startswith("seed 1: float32 0.") and "pulses and" in text and "mean test accuracy" in text


def test_accuracy_against_a_setting_of_the_loop(here, command):
    vary = ("program", "a.h5", "--table", "t.h5", "--vary", "read_noise=0.3,0", "-o", "noise.png", "--json")
    result = command(*vary).json
    assert result["axes"] == [{"name": "verify.read_noise", "unit": "1", "values": [0.3, 0.0]}]
    assert (here / "noise.png").read_bytes().startswith(b"\x89PNG")
    noisy, clean = result["test_accuracy"]
    assert sum(noisy) < sum(clean) - 0.05
    assert min(result["rms_error_after"][0]) > 1.5 * max(result["rms_error_after"][1])
    text = command("program", "a.h5", "--table", "t.h5", "--vary", "pulse_budget=1,50").out
    assert "verify.pulse_budget = 1: test accuracy 0." in text


def test_an_archive_of_weights(here, command):
    """The twin's weights by way of an .npz: the same chip as from the training file."""
    with h5py.File("a.h5") as file:
        np.savez("w.npz", **{f"weight_{n}": file[f"seed_1/float32/layer_{n}/weight"][()] for n in range(2)})
    network = ("--network", "mlp:12", "--dataset", "digits")
    result = command("program", "w.npz", "--table", "t.h5", *network, "-o", "w.h5", "--json").json
    expected = command("program", "a.h5", "--table", "t.h5", "--seed", 1, "--json").json
    assert result == expected
    assert command("infer", "w.h5", "--json").json["programmed_test_accuracy"] == result["test_accuracy"]


def test_rest(here, command):
    """At 500 K walls escape within hours, at 300 K none does within a day."""
    assert command("program", "a.h5", "--table", "t.h5", "-o", "r.h5").code == 0
    for name, how in (("a.h5", "trained"), ("r.h5", "programmed")):
        rest = ("infer", name, "--table", "t.h5", "--rest", "1 hour, 1 day, 1 min", "--json")
        hot = command(*rest, "--temperature", "500 K", "-o", f"{name}.png").json
        assert (
            hot["axes"] == [{"name": "rest.time", "unit": "s", "values": [3600, 86400, 60]}]
            and (here / f"{name}.png").exists()
        )
        left, after = np.mean(hot[f"{how}_test_accuracy"]), np.mean(hot["test_accuracy"], axis=1)
        assert after[2] == pytest.approx(left, abs=0.05) and after[1] < left - 0.2
        moved = np.mean(hot["moved_share"], axis=1)
        assert moved[2] < 0.1 and moved[1] > 0.3
        cold = command("infer", name, "--table", "t.h5", "--rest", "1 day", "--json").json
        assert cold["moved_share"] == [[0, 0]]
        assert np.mean(cold["test_accuracy"]) == pytest.approx(left, abs=0.03)
        once = command("infer", name, "--table", "t.h5", "--set", "rest.time=1 day", "--json").json
        assert once["test_accuracy"] == cold["test_accuracy"][0] and once["moved_share"] == [0, 0]
    assert "rest.time = 60 s: test accuracy 0." in command("infer", "a.h5", "--table", "t.h5", "--rest", "60").out


BAD = {
    "program a.h5": "needs --table FILE",
    "program none.h5 --table t.h5": "none.h5: no such file",
    "program t.h5 --table t.h5": "holds dwsynapse.transition-table, dwsynapse.training is needed",
    "program alone.h5 --table t.h5": "alone.h5: has no float32 twin, so it holds no weights to program",
    "program a.h5 --table a.h5": "holds dwsynapse.training, dwsynapse.transition-table is needed",
    "program a.h5 --table t.h5 --seed 3": "a.h5 has no seed 3, it has [1, 2]",
    "program a.h5 --table t.h5 --network mlp": "--network: a.h5 holds it; it is for an .npz",
    "program a.h5 --table t.h5 --set read_nose=1": 'setting "read_nose" is unknown; did you mean "read_noise"?',
    "program a.h5 --table t.h5 --set rounds=1.5": "rounds = '1.5' must be a whole number",
    "program a.h5 --table t.h5 --set read_noise=-1": "read_noise = -1 [1] must be >= 0",
    "program a.h5 --table t.h5 --set quantile=0": "quantile = 0 [1] must be > 0",
    "program a.h5 --table t.h5 --set rounds": "'rounds' must be SECTION.NAME=VALUE",
    "program a.h5 --table t.h5 --vary rounds=1,x": "rounds = 'x' must be a whole number",
    "program a.h5 --table t.h5 --vary quantile=1,0": "quantile = 0 [1] must be > 0",
    "program a.h5 --table t.h5 --vary states=3,4": "the states of t.h5 are its own",
    "program a.h5 --table t.h5 -o a.h5": "a.h5: is read by this command, the result must be another file",
    "program a.h5 --table t.h5 --temperature 900": "temperature = 900 [K] is outside the table",
    "program model.pt --table t.h5 --network mlp": "model.pt: is of PyTorch, whose files may run code; give an .npz",
    "program b.npz --table t.h5": "it needs --network and --dataset",
    "program b.npz --table t.h5 --network mlp --dataset digits": "b.npz: is not a sound .npz of arrays",
    "program one.npz --table t.h5 --network mlp --dataset digits": "one.npz: lacks weight_0, of shape (65, 32)",
    "infer a.h5 --rest 1": "needs --table FILE",
    "infer a.h5 --rest 1 --table ladder": "ladder: holds no escape rates",
    "infer a.h5 --rest 1kg --table t.h5": "wrong unit",
    "infer a.h5 --rest -1 --table t.h5": "--rest: time = -1 [s] must be > 0",
    "infer a.h5 --rest 1 --table t.h5 --temperature 600": "t.h5: temperature = 600 [K] is outside the table, 300 to 500",
    "infer a.h5 --rest 1 --table other.h5": "other.h5: is not of the synapses of a.h5",
    "infer a.h5 --temperature 500": "--temperature: is that of --rest TIME, which is missing",
    "infer a.h5 -o b.png": "-o keeps what --vary or --rest finds",
    "infer t.h5": "t.h5: holds dwsynapse.transition-table",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_one_line(here, command, line):
    (here / "b.npz").write_bytes(b"PK\x03\x04 not really")
    np.savez("one.npz", weight_1=np.zeros((33, 10)))
    if "other" in line:
        device = ("five_state", "--currents=-7e11,7e11", "--durations", 1e-9, "--instances", 2, "--seed", 5)
        assert command("sweep", *device, "-n", 2, "--jobs", 1, "-o", "other.h5", "--force").code == 0
    answer = command(*line.split())
    assert (answer.code, answer.out) == (2, "")
    assert BAD[line] in answer.err and answer.err.count("\n") <= 2 and "Traceback" not in answer.err, answer.err
