"""A synapse known by its figures stands wherever the commands take a table."""

import pytest

FAST = ("--network", "mlp:8", "--epochs", "1", "--set", "twin=false")
MINE = """
[synapse]
states = 5
conductance_low = "10 uS"
on_off = 3
miss = 0.1
retention = "1 h"
pulse_energy = "50 fJ"
pulse_duration = "2 ns"
instances = 4
step_std_dtod = 0.1
"""


@pytest.fixture
def device(folder):
    (folder / "mine.toml").write_text(MINE, encoding="utf-8")
    return "mine.toml"


def test_commands_take_a_synapse_file(command, device):
    result = command("train", "--table", device, *FAST[:-2], "-o", "trained.h5", "--json").json
    assert result["energy_J"] == pytest.approx(50e-15 * result["pulses"])
    assert result["cost"]["area_m2"] > 0
    rested = command("infer", "trained.h5", "--table", device, "--set", "rest.time=1 h", "--json").json
    assert 0.4 < rested["moved_share"][0] < 0.7  # 1 - exp(-1) leave, and some come back
    assert command("program", "trained.h5", "--table", device, "--json").code == 0
    assert command("cost", "--table", device, "--network", "mlp:8", "--json").json["device"] == "mine"
    assert command("plot", device, "-o", "a.png").code == 0
    assert command("info", device, "--json").json["instances"] == 4
    assert command("export", device, "--to", "neurosim", "-o", "a.json").code == 0
    assert command("import", "a.json", "--from", "neurosim", "-o", "b.h5").code == 0
    assert "5 states" in command("check", device).out


@pytest.mark.parametrize("chance", ["miss = 1", "lost = 1"])
def test_a_synapse_that_no_pulse_moves_is_not_right(command, folder, chance):
    (folder / "stuck.toml").write_text(MINE.replace("miss = 0.1", chance), encoding="utf-8")
    found = command("check", "stuck.toml")
    assert found.code == 2 and 'synapse "stuck": the table has no pulse that raises the conductance' in found.err


def test_rivals_are_compared_by_one_command(command, folder):
    tables = "table=domain-wall-leonard,spin-orbit-hsin"
    assert command("train", "--vary", tables, *FAST, "-o", "rivals.h5").code == 0
    assert command("plot", "rivals.h5", "--figure", "rivals", "-o", "a.png").code == 0
    assert command("train", "--vary", tables, *FAST, "-o", "b.png").code == 0
    assert (folder / "a.png").stat().st_size > 10_000 < (folder / "b.png").stat().st_size


def test_what_is_unknown_is_said(command, device, folder):
    (folder / device).write_text(MINE.replace('pulse_energy = "50 fJ"\n', ""), encoding="utf-8")
    result = command("train", "--table", device, *FAST, "--json").json
    assert result["energy_J"] is None and result["cost"] is None
    failed = command("cost", "--table", device, "--network", "mlp:8")
    assert failed.code == 2 and '"mine": pulse_energy of its write pulses is unknown' in failed.err
    failed = command("train", "--table", "domain-wall-lenard", *FAST)
    assert failed.code == 2 and 'did you mean "domain-wall-leonard"' in failed.err
