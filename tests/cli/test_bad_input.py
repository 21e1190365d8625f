"""Bad input of every kind: one line on stderr that names it, exit code 2, no traceback, and no file touched.

Each case runs in a folder that holds sound files and a set of broken ones; afterwards the folder must be as it was.
"""

import os
import re
import shutil
import socket

import h5py
import pytest

from dwcore.storage.files import create, put

SHIPPED = "five_state"


@pytest.fixture(scope="module")
def good_toml():
    import importlib.resources

    return (importlib.resources.files("dwsynapse_data") / f"{SHIPPED}.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(chain, tmp_path_factory, good_toml):
    """A folder with everything a case may need."""
    folder = tmp_path_factory.mktemp("bad")
    for name in ("trajectories.h5", "table.h5", "training.h5"):
        shutil.copy(chain[0] / name, folder / name)
    table = (folder / "table.h5").read_bytes()
    (folder / "good.toml").write_text(good_toml)
    (folder / "text.h5").write_text("states, probability\n1, 0.5\n")
    (folder / "empty.h5").write_bytes(b"")
    (folder / "truncated.h5").write_bytes(table[: len(table) // 2])
    with h5py.File(folder / "table.h5") as file:
        numbers = file["pulses/current_density"].id.get_offset()
    for name, where in {"superblock": 9, "numbers": numbers + 5, "configuration": table.index(b"five-state")}.items():
        flipped = bytearray(table)
        flipped[where] ^= 4
        (folder / f"flipped-{name}.h5").write_bytes(flipped)
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00name")
    (folder / "filled").mkdir()
    (folder / "filled" / "notes.txt").write_text("mine")
    with create(folder / "not-a-table.h5", "dwsynapse.transition-table", config={}, seed=1) as file:
        put(file, "states/position", [1e-8, 2e-8], unit="m", long_name="position")
    with socket.socket(socket.AF_UNIX) as listener:  # exists, and is no regular file
        listener.bind(str(folder / "socket.h5"))
    return folder


def listing(folder):
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))
    }


def complaint(command, place, *argv) -> str:
    """The line on stderr of a command that must fail as bad input."""
    before = listing(place)
    answer = command(*argv, cwd=place)
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.endswith("\n") and answer.err.count("\n") == 1 and answer.err.startswith("dwsynapse")
    assert "Traceback" not in answer.err
    assert listing(place) == before
    return answer.err


COMMANDS = {
    # Missing and unknown things
    "simulate none.toml": "none.toml: no such file",
    "simulate five_stat": 'five_stat: no such file or shipped device; did you mean "five_state"?',
    "rates none.toml": "none.toml: no such file",
    "rates FIVE_STATE": 'FIVE_STATE: no such file or shipped device; did you mean "five_state"?',
    "simulate five_state -o /": "/: is a folder, must be a file name",
    "sweep five_state -o /": "/: is a folder, must be a file name",
    "train --table table.h5 -o /": "/: is a folder, must be a file name",
    "plot table.h5 -o /": "/: is a folder, must be a file name",
    "sweep none.toml -o a.h5": "none.toml: no such file",
    "run none.toml -o out": "none.toml: no such file",
    "run unheard-of -o out": "unheard-of: no such file or shipped device; valid names: ",
    "train --table none.h5": "none.h5: no such file",
    "plot none.h5 -o a.png": "none.h5: no such file",
    "info none.h5": "none.h5: no such file",
    "train --table table.h5 --dataset digit": 'data set "digit" is unknown; did you mean "digits"?',
    "train --table table.h5 --rule sing": 'did you mean "sign"?',
    "plot table.h5 -o a.png --figure move": 'table.h5: has no figure "move"; did you mean "moves"?',
    "plot table.h5 -o a.png --figure accuracy": "valid names: conductance, displacement, fit, moves",
    "plot table.h5 -o a.gif": "a.gif: the name of a figure must end in .png, .pdf or .svg",
    "plot table.h5 -o a": "must end in .png, .pdf or .svg",
    "plot table.h5": "required: -o/--out",
    "train": "needs --table FILE",
    "sweep five_state": "sweep: needs -o FILE",
    "run": "run: needs -o FOLDER",
    "rates": "required: DEVICE",
    "fly five_state": "invalid choice: 'fly'",
    "rates five_state more": "unrecognized arguments: more",
    "rates five_state --sed 1": "unrecognized arguments: --sed 1",
    "": "required: COMMAND",
    # Files of the wrong kind
    "simulate binary.toml": "binary.toml: not a text file",
    "simulate table.h5": "table.h5: not a text file",
    "simulate text.h5": "text.h5: not a TOML file",
    "simulate filled": "filled: is a folder",
    "train --table good.toml": "good.toml: holds no [synapse]",
    "train --table text.h5": "text.h5: not an HDF5 file",
    "train --table empty.h5": "empty.h5: empty file",
    "train --table truncated.h5": "truncated.h5: truncated or damaged file (",
    "train --table flipped-superblock.h5": "flipped-superblock.h5: ",
    "train --table flipped-configuration.h5": "flipped-configuration.h5: ",
    "train --table flipped-numbers.h5": "flipped-numbers.h5: altered file, the content does not match its hash",
    "train --table training.h5": "training.h5: holds dwsynapse.training, dwsynapse.transition-table is needed",
    "train --table trajectories.h5": "holds dwsynapse.trajectories, dwsynapse.transition-table is needed",
    "train --table not-a-table.h5": "not-a-table.h5: ",
    "train --table filled": "filled: is a folder",
    "train --table socket.h5": "socket.h5: is not a regular file",
    "plot text.h5 -o a.png": "text.h5: not an HDF5 file",
    "plot truncated.h5 -o a.png": "truncated.h5: truncated",
    "plot flipped-numbers.h5 -o a.png": "flipped-numbers.h5: altered",
    "plot not-a-table.h5 -o a.png": "not-a-table.h5: ",
    "info text.h5": "text.h5: not an HDF5 file",
    "info empty.h5": "empty.h5: empty file",
    "info truncated.h5": "bytes are there",
    "info flipped-numbers.h5": "flipped-numbers.h5: altered",
    "info filled": "filled: is a folder",
    # Numbers
    "simulate five_state --current nan": "--current: current = nan [A/m^2] must be finite",
    "simulate five_state --current -inf": "--current: current = -inf [A/m^2] must be finite",
    "simulate five_state --current 1e400": "current = inf [A/m^2] must be finite",
    "simulate five_state --current lots": "\"lots\" is not a number with a unit like A/m^2",
    "simulate five_state --current 3_nm": '"3 nm" has the wrong unit; expected one like A/m^2',
    "simulate five_state --H_z 5_ns": '"5 ns" has the wrong unit; expected one like A/m',
    "simulate five_state --H_x nan": "--H_x: H_x = nan [A/m] must be finite",
    "simulate five_state --duration nan": "--duration: duration = nan [s] must be finite",
    "simulate five_state --duration 0": "duration = 0 [s] must be > 0",
    "simulate five_state --duration -1e-9": "duration = -1e-09 [s] must be > 0",
    "simulate five_state --duration 0.1_ns": "duration = 1e-10 [s] must be >=",
    "simulate five_state --duration 1": 'must be 1e-15 to 0.01 in size; did you mean "1 ns"?',
    "simulate five_state --duration 1e-3": "steps, must be <= 1e+08",
    "simulate five_state --current 7": 'current = 7 [A/m^2] must be 1000 to 1e+15 in size; did you mean "7 TA/m^2"?',
    "simulate five_state --period 3": 'did you mean "3 ns"?',
    "simulate five_state --H_z 1e9": "H_z = 1e+09 [A/m] must be <= 1e+08 in size",
    "simulate five_state --temperature -3": "temperature = -3 [K] must be >= 0 and < 2000",
    "simulate five_state --temperature 1e5": "temperature = 100000 [K] must be >= 0 and < 2000",
    "rates five_state --temperature -3": "temperature = -3 [K] must be > 0 and < 2000",
    "rates five_state --temperature 0": "temperature = 0 [K] must be > 0",
    "simulate five_state -n 0": "argument -n: '0' must be a whole number >= 1",
    "simulate five_state -n -4": "'-4' must be a whole number >= 1",
    "simulate five_state -n 1.5": "'1.5' must be a whole number >= 1",
    "simulate five_state --state 5": "state = 5 must be >= 0 and < 5, the number of states",
    "simulate five_state --state -1": "argument --state: '-1' must be a whole number >= 0",
    "simulate five_state --dt 1e-9": "dt = 1e-09 [s] must be > 0 and <= ",
    "simulate five_state --dt 0": "dt = 0 [s] must be > 0",
    "simulate five_state --dt -1e-13": "dt = -1e-13 [s] must be > 0",
    "simulate five_state --dt 1e-30": "steps, must be <= 1e+08",
    "simulate five_state --samples 0": "argument --samples: '0' must be a whole number >= 1",
    "simulate five_state --samples 1000000000000 -o a.h5": "samples = 1000000000000 must be >= 0 and <= 1e+08",
    "simulate five_state --seed -1": "argument --seed: '-1' must be a whole number >= 0",
    "simulate five_state --seed 99999999999999999999": "must be a whole number >= 0 and <= 4611686018427387904",
    "run --seed 99999999999999999999 -o out": "must be a whole number >= 0 and <= 4611686018427387904",
    "simulate five_state --jobs 0": "argument --jobs: '0' must be a whole number >= 1",
    "sweep five_state -o a.h5 --currents 3e11,1e11": "must be finite and strictly ascending",
    "sweep five_state -o a.h5 --currents 3e11,3e11": "must be finite and strictly ascending",
    "sweep five_state -o a.h5 --currents 3e11,nan": "argument --currents: 'nan' must be finite",
    "sweep five_state -o a.h5 --currents 3e11,": "argument --currents: '' must be a number [A/m^2]",
    "sweep five_state -o a.h5 --durations 2e-9,1e-9": "must be finite and strictly ascending",
    "sweep five_state -o a.h5 --durations 1e-12,1e-9": "duration = 1e-12 [s] must be >= (rise_time + fall_time)/2",
    "sweep five_state -o a.h5 --durations -1e-9": "duration = -1e-09 [s] must be > 0",
    "sweep five_state -o a.h5 -n 0": "argument -n: '0' must be a whole number >= 1",
    "train --table table.h5 --network mlp:0": 'network "mlp:0": "0" must be whole numbers >= 1',
    "train --table table.h5 --network mlp:32,,3": 'network "mlp:32,,3": "32,,3" must be whole numbers >= 1',
    "train --table table.h5 --network vgg": 'network "vgg" is unknown; did you mean "vgg8"?',
    "train --table table.h5 --network none.toml": "none.toml: no such file",
    "train --table table.h5 --network lenet": "network lenet:1, layer 4 (conv): a kernel of 5 does not fit 4 pixels",
    "train --table ladder:1": "1 states, there must be 2",
    "train --table ladder:x": "'x' must be a number of states",
    "train --table table.h5 --set float32_momentum=2": "float32_momentum = 2 [1] must be < 1",
    "train --table table.h5 --set wheights=pair": 'setting "wheights" is unknown; did you mean "weights"?',
    "train --table table.h5 --set flip=yes": "flip = 'yes' must be true or false",
    "train --table table.h5 --set weights": "train: --set 'weights' must be SECTION.NAME=VALUE",
    "train --table table.h5 --set patience=2": "patience = 2 needs a validation_fraction > 0",
    "train --table table.h5 --schedule cosin": 'schedule = "cosin" must be one of cosine, step, constant',
    "train --table table.h5 --dataset mnist": 'data set "mnist" is read from files: give --data-dir FOLDER',
    "train --table table.h5 --dataset mnist --data-dir none": "none: no such folder",
    "train --table table.h5 --resume": "--resume goes on from what lies at --out, which is missing",
    "train --table table.h5 --vary states": "train: --vary 'states' must be SECTION.NAME=V,V",
    "train --table table.h5 --vary state=3": 'setting "state" is unknown; did you mean "states"?',
    "train --table table.h5 --vary states=3,5": "the states of table.h5 are its own",
    "train --table none.h5 --vary epochs=1,2": "none.h5: no such file",
    "train --table table.h5 --vary rule=sign,sing": 'did you mean "sign"?',
    "train --table ladder:9 --vary states=3": "states = 3: is of an idealized synapse, the states of ladder:9",
    "train --temperature 300 --vary states=3": "temperature = 300 [K]: an idealized synapse knows none",
    "train --table ladder --temperature 300": "temperature = 300 [K]: an idealized synapse knows none",
    "train --vary temperature=300": "needs --table FILE",
    "train --table table.h5 --vary temperature=3x": "--vary: temperature: ",
    "train --table ladder --vary epochs=1,2 --resume": "from what lies at --out, which is missing",
    "train --table ladder --vary epochs=1,2 --resume -o a.png": "a.png is a figure and keeps no points",
    "train --table ladder --checkpoint-every 1": "--checkpoint-every keeps checkpoints beside --out, which is missing",
    "train --table ladder --search --seeds 2": "--search takes one seed",
    "train --table ladder --search --no-twin": "--no-twin: train: --search takes every trial to its end",
    "train --table ladder --epochs 1 --set epochs=2": "training.epochs: must be said once, not by --epochs and --set",
    "train --table ladder --set full_scale=3": "not unique; say one of dac.full_scale, adc.full_scale",
    "train --table table.h5 --search -o a.h5": "--search prints what it finds, so it takes no --out",
    "train --table ladder --search --vary epochs=1,2": "it does not vary training.epochs",
    "train --table ladder --search --vary dataset=digits,mnist": "it does not vary data.dataset",
    "train --table table.h5 --epochs 0": "train: --epochs: epochs = 0 [1] must be >= 1",
    "train --table table.h5 --seeds 0": "argument --seeds: '0' must be a whole number >= 1",
    "train --table table.h5 --temperature -1": "train: --temperature: temperature = -1 [K] must be > 0",
    "train --table table.h5 --temperature nan": "train: --temperature: temperature = nan [K] must be finite",
    # Outputs that cannot or must not be written
    "simulate five_state -o missing/a.h5": "missing/a.h5: the folder missing does not exist",
    "simulate five_state -o good.toml/a.h5": "good.toml/a.h5: the folder good.toml does not exist",
    "simulate five_state -o /proc/a.h5 -n 2": "cannot write in the folder /proc: ",
    "simulate five_state -o socket.h5 --force -n 2": "socket.h5: it exists and is not a regular file",
    "simulate five_state -o filled": "filled: is a folder, must be a file name",
    "simulate five_state -o table.h5": "table.h5: exists; give --force to overwrite it",
    "sweep five_state -o table.h5": "table.h5: exists; give --force to overwrite it",
    "sweep five_state -o missing/a.h5": "missing/a.h5: the folder missing does not exist",
    "train --table table.h5 -o training.h5": "training.h5: exists; give --force to overwrite it",
    "train --table table.h5 -o missing/a.h5": "the folder missing does not exist",
    "plot table.h5 -o missing/a.png": "missing/a.png: the folder missing does not exist",
    "run -o filled": "filled: is not empty; give --force to overwrite results in it",
    "run -o good.toml": "good.toml: cannot be made a folder for results: File exists",
    "run -o good.toml/out": "good.toml/out: cannot be made a folder for results: Not a directory",
    "run -o /proc/out": "/proc/out: cannot be made a folder for results: ",
}  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_bad_command_line(command, place, line):
    argv = [
        word.replace("3_nm", "3 nm").replace("_mT", " mT").replace("_ns", " ns") for word in line.split(" ") if word
    ]
    assert COMMANDS[line] in complaint(command, place, *argv)


DEVICES = {
    "wrong key": ('Ms = "1.1', 'Mz = "1.1', '[material]: unknown key "Mz"'),
    "key of another case": ('alpha = 0.3', 'Alpha = 0.3', 'unknown key "Alpha"; did you mean "alpha"?'),
    "wrong section": ("[torque]", "[torqe]", 'unknown key "torqe"; did you mean "torque"?'),
    "two faults at once": ('alpha = 0.3', 'alpa = 0.3', 'unknown key "alpa"; did you mean "alpha"?; missing "alpha"'),
    "negative width": ('width = "100 nm"', 'width = "-100 nm"', "[track]: width = -1e-07 [m] must be > 0"),
    "deep notch": ('depth = "20 nm"', 'depth = "50 nm"', "[[notch]] 1: depth = 5e-08 [m] must be < half the track"),
    "notch off the track": ('"120 nm"\nshape', '"900 nm"\nshape', "[[notch]] 1: position = 9e-07 [m] must lie on"),
    "notch shape": ('"cosine"', '"cosinus"', 'shape = "cosinus" must be one of triangular, '),
    "nan": ("alpha = 0.3", "alpha = nan", "[material]: alpha = nan [1] must be finite"),
    "inf": ("alpha = 0.3", "alpha = inf", "[material]: alpha = inf [1] must be finite"),
    "nan with unit": ('"1.1 MA/m"', '"nan MA/m"', "[material]: Ms = nan [A/m] must be finite"),
    "text for a number": ("alpha = 0.3", 'alpha = "much"', '[material]: alpha: "much" is not a number'),
    "text for a length": ('"0.6 nm"', '"thin"', '[track]: thickness: "thin" is not a number with a unit like m'),
    "wrong unit": ('"1.1 MA/m"', '"1.1 MA"', 'Ms: "1.1 MA" has the wrong unit; expected one like A/m'),
    "no unit": ('"1.1 MA/m"', '"1.1"', 'Ms: "1.1" lacks a unit; expected one like A/m'),
    "unit too many": ("alpha = 0.3", 'alpha = "0.3 nm"', 'alpha: "0.3 nm" has the wrong unit; expected none, or %'),
    "truth for a number": ("alpha = 0.3", "alpha = true", "alpha: True must be a number"),
    "list for a number": ("alpha = 0.3", "alpha = [1, 2]", "alpha: [1, 2] must be a number"),
    "date for a number": ("alpha = 0.3", "alpha = 1979-05-27", "alpha: datetime.date"),
    "two numbers": ('"100 nm"', '"1 00 nm"', '[track]: width: "1 00 nm" is not a number with a unit like m'),
    "huge number": ("alpha = 0.3", "alpha = 1" + 400 * "0", "more than 64 bits"),
    "negative temperature": ('temperature = "300 K"', "temperature = -5", "temperature = -5 [K] must be > 0 and <"),
    "temperature nan": ('temperature = "300 K"', "temperature = nan", "temperature = nan [K] must be > 0"),
    "temperature text": ('temperature = "300 K"', 'temperature = "hot"', 'temperature: "hot" is not a number'),
    "in-plane film": ('"1.27 MJ/m^3"', '"0.5 MJ/m^3"', "must be > mu0 Ms^2/2"),
    "short pulse": ('duration = "1.0 ns"', 'duration = "0.1 ns"', "[pulse]: duration = 1e-10 [s] must be >="),
    "long junction": ('end = "660 nm"', 'end = "760 nm"', "[readout] end = 7.6e-07 [m] must be <= the track"),
    "not TOML": ("[material]", "[material", "not a TOML file: "),
    "key twice": ("alpha = 0.3", "alpha = 0.3\nalpha = 0.4", "not a TOML file: Cannot overwrite a value"),
    "section is a number": ("[torque]", "torque = 3\n[other]", 'unknown key "other"'),
    "name is a number": ('name = "five', 'name = 5 # "five', "name = 5 must be a text"),
}  # fmt: skip


@pytest.mark.parametrize("what", DEVICES)
@pytest.mark.parametrize("line", ["simulate {} -n 2", "rates {}", "sweep {} -n 2 -o a.h5", "run {} --quick -o out"])
def test_bad_device(command, tmp_path, good_toml, what, line):
    old, new, said = DEVICES[what]
    assert old in good_toml
    (tmp_path / "device.toml").write_text(good_toml.replace(old, new, 1))
    message = complaint(command, tmp_path, *line.format("device.toml").split())
    assert message.startswith("dwsynapse: device.toml") and said in message


def without(text: str, section: str) -> str:
    """The device file without one section."""
    shorter = re.sub(rf"\[{section}\].*?(?=\n\[)", "", text, count=1, flags=re.DOTALL)
    assert shorter != text
    return shorter


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (section, f"{start} d.toml {end}")
        for section, starts in {
            "material": ("simulate", "rates", "sweep", "run"),
            "track": ("simulate", "rates", "sweep", "run"),
            "pulse": ("simulate", "sweep", "run"),
            "readout": ("run",),
            "stack": ("run",),
        }.items()
        for start, end in {"simulate": "", "rates": "", "sweep": "-o a.h5", "run": "--quick -o out"}.items()
        if start in starts
    ],
)
def test_missing_section(command, tmp_path, good_toml, section, line):
    (tmp_path / "d.toml").write_text(without(good_toml, section))
    message = complaint(command, tmp_path, *line.split())
    assert f"missing [{section}]" in message or f"needs a [{section}] section" in message


def test_one_state_is_not_enough_to_train(command, tmp_path, good_toml):
    start, *notches = good_toml.split("[[notch]]")
    (tmp_path / "d.toml").write_text(f"{start}[[notch]]{notches[2]}")
    message = complaint(command, tmp_path, "run", "d.toml", "--quick", "-o", "out")
    assert message == 'dwsynapse: device "five-state reference": has one state only, a weight needs two\n'


def test_durations_that_the_user_did_not_ask_for_do_not_fail(command, tmp_path, good_toml):
    """Long edges leave less room below the nominal duration; the default grid keeps what fits."""
    slow = good_toml.replace('rise_time = "0.2 ns"', 'rise_time = "1.6 ns"')
    (tmp_path / "d.toml").write_text(slow)
    options = ("--currents", "-7e11,7e11", "-n", 2, "-o", "a.h5", "--json")
    result = command("sweep", "d.toml", *options, cwd=tmp_path).json
    assert result["trajectories"] == 2 * 5 * 2 * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize(
    "line", ["simulate five_state -o locked/a.h5", "run -o locked/out", "plot table.h5 -o locked/a.png"]
)
def test_folder_without_permission(command, place, line):
    locked = place / "locked"
    locked.mkdir(mode=0o500, exist_ok=True)
    message = complaint(command, place, *line.split())
    assert "locked" in message


def test_control_characters_stay_on_one_line(command, place):
    for argv in (
        ("simulate", "no\nsuch"),
        ("info", "no\r\nsuch"),
        ("rates", "five_state", "--temperature", "1\n2 K"),
        ("rates", "five_state", "more\nlines"),
        ("train", "--table", "table.h5", "--rule", "a\nb"),
    ):
        complaint(command, place, *argv)


LONG = 300 * "x"


@pytest.mark.parametrize(
    "line",
    [
        f"new device {LONG}",
        f"rates {LONG}",
        f"check {LONG}.toml",
        f"info {LONG}.h5",
        f"simulate five_state -n 1 -o {LONG}.h5",
        f"run --quick -o {LONG}",
        f"sweep five_state --currents 7e11 --durations 1e-9 -n 2 -o {LONG}.h5",
        f"plot table.h5 -o {LONG}.png",
        f"train --table {LONG}.h5",
        f"train --table table.h5 --network {LONG}.toml",
        f"import {LONG}.csv --from pulses -o a.h5",
        f"calibrate five_state --pinning {LONG}.csv --free sigma_0",
    ],
)
def test_a_name_too_long_for_the_disk(command, place, line):
    message = complaint(command, place, *line.split())
    assert message.count(LONG) == 1 and "File name too long" in message and "Errno" not in message


def test_links_in_a_circle(command, tmp_path):
    for name in ("circle.toml", "circle.h5", "circle.csv"):
        (tmp_path / name).symlink_to(name)
    for line in (
        "check circle.toml",
        "info circle.h5",
        "simulate five_state -n 1 -o circle.h5 --force",
        "calibrate five_state --pinning circle.csv --free sigma_0",
    ):
        answer = command(*line.split(), cwd=tmp_path)
        assert answer.code == 2 and answer.err.count("\n") == 1 and "symbolic links" in answer.err
        assert "Errno" not in answer.err


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb", "a\udcffb"])
def test_a_new_file_has_a_printable_name(command, place, name):
    assert "must be a name of printable characters" in complaint(command, place, "new", "device", name)


def test_plain_python_kernels_are_refused(command, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    answer = command("simulate", "five_state", "-n", 1)
    assert answer.code == 2
    assert "NUMBA_DISABLE_JIT is set" in answer.err


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_a_number_of_threads_that_numba_cannot_have(command, place, monkeypatch, threads):
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    assert f"NUMBA_NUM_THREADS = {threads} must be a whole number >= 1" in complaint(command, place, "info", "table.h5")


def test_a_driver_of_files_that_would_crash(command, place, monkeypatch):
    monkeypatch.setenv("HDF5_DRIVER", "foo")
    assert "HDF5_DRIVER = foo must be sec2 or unset" in complaint(command, place, "info", "table.h5")
    monkeypatch.setenv("HDF5_DRIVER", "sec2")
    assert command("info", "table.h5", cwd=place).code == 0


def test_libraries_that_find_no_memory(command, place, monkeypatch):
    def run(arguments):
        raise ImportError("libopenblas.so: failed to map segment from shared object")

    monkeypatch.setattr("dwsynapse.commands.info.run", run)
    answer = command("info", "table.h5", cwd=place)
    assert (answer.code, answer.err) == (1, "dwsynapse: there is not enough memory to load a library (ulimit -v)\n")


def test_a_date_of_builds_that_is_none(command, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    answer = command("plot", "five_state", "-o", tmp_path / "a.pdf")
    assert answer.code == 2 and "SOURCE_DATE_EPOCH = today must be a whole number of seconds" in answer.err


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("table.h5", ("train", "--table", "table.h5", "--network", "mlp:4")),
        ("table.h5", ("program", "training.h5", "--table", "table.h5")),
        ("training.h5", ("program", "training.h5", "--table", "table.h5")),
        ("link.h5", ("infer", "training.h5", "--vary", "adc.bits=3,4")),
        ("table.h5", ("merge", "training.h5", "table.h5")),
    ],
)
def test_a_result_does_not_take_the_place_of_what_it_is_made_from(command, chain, folder, out, words):
    """With `--force` nothing was left of it; a link is the file, too."""
    for name in ("table.h5", "training.h5"):
        shutil.copy(chain[0] / name, folder)
    (folder / "link.h5").symlink_to("training.h5")
    answer = command(*words, "-o", out, "--force")
    assert answer.code == 2 and f"{out}: is read by this command, the result must be another file" in answer.err
    assert all((folder / name).read_bytes() == (chain[0] / name).read_bytes() for name in ("table.h5", "training.h5"))
    assert command("fit", "table.h5", "-o", "table.h5", "--force").code == 0, "which adds to it"
