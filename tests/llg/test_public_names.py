"""What `import llg` offers: every verb of the command line, found by people and by type checkers, and nothing heavy."""

import importlib.metadata
import subprocess
import sys

import dwcore
import llg

VERBS = (
    "calibrate depinning_current load_device run_pulse run_pulse_density save_device simulate velocity_against_current "
    "velocity_against_field well_rates read_pinning_map read_velocity_curve read_depinning_curve read_wall_trace"
)
PLOTS = (
    "calibration energy_surface fit landscape motion outline phase_portrait potential residuals retention trajectories "
    "velocity_against_current velocity_against_field waveform"
)
RESOLVE = """
import sys
import llg
for name in llg.__all__:
    getattr(llg, name)
heavy = ("matplotlib", "scipy.optimize", "scipy.stats", "scipy.sparse", "scipy.interpolate", "pint", "torch")
print([name for name in heavy if name in sys.modules])
"""


def test_verbs_and_plots_are_public():
    assert set(VERBS.split()) <= set(llg.__all__)
    assert {f"plot_{name}" for name in PLOTS.split()} == {name for name in llg.__all__ if name.startswith("plot_")}
    assert all(callable(getattr(llg, name)) for name in llg.__all__)
    assert all(getattr(llg, name).__doc__ for name in llg.__all__)


def test_resolving_all_names_loads_nothing_heavy():
    answer = subprocess.run([sys.executable, "-c", RESOLVE], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_version_is_that_of_the_installed_package():
    assert llg.__version__ == dwcore.__version__ == importlib.metadata.version("dwsynapse")


def test_a_type_checker_sees_what_a_function_returns(tmp_path):
    """Needs mypy, as the check of the whole house does."""
    (tmp_path / "user.py").write_text("import llg\nreveal_type(llg.load_device)\nreveal_type(llg.run_pulse)\n")
    command = [sys.executable, "-m", "mypy", "--config-file", "", "--ignore-missing-imports", str(tmp_path / "user.py")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "-> llg.device.device.Device" in answer.stdout, answer.stdout + answer.stderr
    assert "-> llg.runs.simulation.PulseRun" in answer.stdout
