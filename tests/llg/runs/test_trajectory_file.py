"""Trajectory and figure files: what is written comes back, and what does not fit is refused."""

import dataclasses
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from resealed import reseal

from dwcore.canvas.figure_file import figure_bytes, figure_format, save_figure
from dwcore.errors import InputError
from dwcore.storage.files import open_checked, provenance, put
from llg import load_device, load_trajectories, save_trajectories
from llg.device.pulse import Waveform
from llg.drawing.trajectory_plots import trajectory_figure
from llg.runs.simulation import run_pulse
from llg.runs.trajectories import Trajectories, record
from llg.walls.q_phi import Field


@pytest.fixture(scope="module")
def trajectories() -> Trajectories:
    run = run_pulse(load_device("five_state"), n=5, seed=2, samples=12)
    return record(run)


def test_recorded_pulse_is_the_shape_at_the_sample_times(trajectories):
    """1 ns of rest, a rise of 0.2 ns, 0.8 ns at the top; samples every 6.2 ns/12."""
    np.testing.assert_allclose(trajectories.time, np.linspace(0, 6.2e-9, 13), rtol=1e-12)
    expected = np.interp(trajectories.time, np.array([0, 1, 1.2, 2, 2.2, 9]) * 1e-9, [0, 0, 1, 1, 0, 0])
    np.testing.assert_allclose(trajectories.pulse, expected, atol=1e-12)
    assert trajectories.q.shape == trajectories.phi.shape == (5, 13)


def test_comes_back_from_its_file(trajectories, tmp_path):
    path = tmp_path / "t.h5"
    save_trajectories(path, trajectories, seed=9)
    back = load_trajectories(path)
    for field in dataclasses.fields(Trajectories):
        ours, theirs = getattr(trajectories, field.name), getattr(back, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs)
    assert back.current_density == trajectories.current_density
    assert back.device.config() == trajectories.device.config()
    with open_checked(path) as file:
        assert provenance(file)["seed"] == 9


def test_notes_are_kept_where_there_are_any_to_keep(trajectories, tmp_path):
    for name, said in (("noted", ["width: of 5 um"]), ("silent", []), ("unknown", None)):
        save_trajectories(tmp_path / name, trajectories, seed=9, notes=said)
        with open_checked(tmp_path / name) as file:
            assert provenance(file)["config"].get("notes") == said
        assert load_trajectories(tmp_path / name).q.shape == (5, 13)


def test_the_field_of_the_drive_is_kept(tmp_path):
    """1 ns of rest with the first value of the waveform, then a ramp over 2 ns; nothing is written of H_x and H_y."""
    ramp = Waveform(np.array([0.0, 2e-9]), np.array([0.5, 1.0]))
    run = run_pulse(load_device("five_state"), n=2, seed=2, samples=12, field=Field(H_z=2e4), field_waveform=ramp)
    save_trajectories(tmp_path / "t.h5", record(run), seed=2)
    back = load_trajectories(tmp_path / "t.h5")
    assert back.H_z == pytest.approx(2e4 * np.interp(back.time, [1e-9, 3e-9], [0.5, 1.0]), rel=1e-9)
    assert back.H_x is None
    assert back.H_y is None


@pytest.mark.parametrize("temperature", [0.0, 420.0])
def test_temperature_of_the_run_is_that_of_its_figure(tmp_path, temperature):
    """kB T of the landscape and the title are those of the run; without noise the unit is that of the device."""
    device = load_device("five_state").replace({"field.H_z": "2 mT"})
    save_trajectories(
        tmp_path / "t.h5", record(run_pulse(device, n=2, seed=2, samples=3, temperature=temperature)), seed=2
    )
    back = load_trajectories(tmp_path / "t.h5")
    assert back.temperature == temperature
    assert back.device.temperature == (temperature or 300.0)
    title = trajectory_figure(back).axes[0].get_title()
    assert title.startswith(f"five-state reference, {'420 K' if temperature else '300 K, no noise'}, H_z = 2 mT: 2")


def test_recorded_pulse_is_relative_to_the_amplitude_of_an_instance(tmp_path):
    """A shape that rises to half of the amplitude only; the file says which instance it was."""
    device = load_device("five_state").draw(3, seed=1)
    shape = Waveform(np.array([0.0, 1e-9]), np.array([0.5, -0.25]))
    run = run_pulse(device, n=2, seed=2, samples=62, current_density=1e11, shape=shape)
    found = record(run)
    assert np.interp([1.2e-9, 1.5e-9, 1.8e-9], found.time, found.pulse) == pytest.approx([0.35, 0.125, -0.1], abs=1e-3)
    save_trajectories(tmp_path / "t.h5", found, seed=2)
    with open_checked(tmp_path / "t.h5") as file:
        assert provenance(file)["config"]["instance"] == 3


WRONG = {
    "angle": ({"phi": np.zeros((5, 12))}, "phi has the shape (5, 12), must be (n, m) = (5, 13)"),
    "times": ({"time": np.zeros(12)}, "pulse has the shape (13,), must be (m) = (12,)"),
    "positions": ({"q": np.zeros(13)}, "q has the shape (13,), must be (n, m)"),
    "pulse": ({"pulse": np.zeros(12)}, "pulse has the shape (12,), must be (m) = (13,)"),
    "width": ({"Delta": np.zeros((4, 13))}, "Delta has the shape (4, 13), must be (n, m) = (5, 13)"),
    "number": ({"q": np.full((5, 13), np.nan)}, "q holds nan, all values must be finite"),
}


@pytest.mark.parametrize("what", WRONG)
def test_arrays_that_do_not_belong_together_are_refused(trajectories, tmp_path, what):
    """By the writer, and by the reader where something else has sealed them."""
    changes, said = WRONG[what]
    with pytest.raises(InputError, match=re.escape(said)):
        save_trajectories(tmp_path / "t.h5", dataclasses.replace(trajectories, **changes), seed=1)
    save_trajectories(tmp_path / "sound.h5", trajectories, seed=1)

    def change(file):
        for name, values in changes.items():
            if name in file:
                del file[name]
            put(file, name, values, unit={"time": "s", "pulse": "1", "phi": "rad"}.get(name, "m"), long_name="changed")

    reseal(tmp_path / "sound.h5", tmp_path / "t.h5", change)
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 't.h5'}: /")) as caught:
        load_trajectories(tmp_path / "t.h5")
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_existing_file_is_kept(trajectories, tmp_path):
    path = tmp_path / "t.h5"
    path.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        save_trajectories(path, trajectories, seed=1)
    assert path.read_text() == "mine"
    save_trajectories(path, trajectories, seed=1, force=True)
    assert load_trajectories(path).q.shape == (5, 13)


# Figures


def figure() -> Figure:
    made = Figure(figsize=(2, 1))
    made.add_subplot().plot([0, 1], [1, 0], label="line")
    return made


@pytest.mark.parametrize(("name", "kind"), [("a.png", "png"), ("b.PDF", "pdf"), ("c.tar.svg", "svg")])
def test_format_follows_the_suffix(name, kind):
    assert figure_format(name) == kind


@pytest.mark.parametrize("name", ["a", "a.gif", "a.png.", "png", ".png"])
def test_other_names_are_refused(name, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.png, \.pdf or \.svg"):
        save_figure(tmp_path / name, figure())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF-"), ("svg", b"<?xml")])
def test_same_figure_same_bytes(kind, start, tmp_path):
    assert figure_bytes(figure(), kind).startswith(start)
    assert figure_bytes(figure(), kind) == figure_bytes(figure(), kind)
    save_figure(tmp_path / f"a.{kind}", figure())
    assert (tmp_path / f"a.{kind}").read_bytes() == figure_bytes(figure(), kind)
    with pytest.raises(InputError, match="--force"):
        save_figure(tmp_path / f"a.{kind}", figure())


def test_short_representations(trajectories):
    """Numbers that matter in one line, and no dump of arrays."""
    run = run_pulse(load_device("five_state"), n=5, seed=2, samples=12)
    for thing, words in ((trajectories, "5 walls at 13 times"), (run.ensemble, "5 trajectories"), (run, "5 states")):
        assert words in repr(thing)
        assert len(repr(thing)) < 200
        assert "array" not in repr(thing)
    assert repr(trajectories).endswith("5 walls at 13 times over 6.2 ns, J = 7e+11 A/m^2>")


def test_a_run_without_samples_has_nothing_to_record():
    with pytest.raises(InputError, match="no recorded trajectories; give the number of samples"):
        record(run_pulse(load_device("five_state"), n=2, seed=2))
