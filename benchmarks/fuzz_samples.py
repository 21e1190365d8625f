"""Sound files for `fuzz.py` to spoil: of every kind that this program writes, and of other programs' kinds that it reads."""

import contextlib
import dataclasses
import functools
import gzip
import importlib.resources
import io
import pickle
import tempfile
from pathlib import Path

import numpy as np

SPECIFICATION = """
[free]
current_density = [5e11, 9e11]
[require]
states = 3
[budget]
pulses = 1000
population = 4
designs = 1
verify_pulses = 100
"""
"""Of a design that a search of a second finds."""
SPECIFICATION_FILE = "spec.toml"
TRACK = """name = "straight"
[material]
Ms = 7e5
A = 1e-11
K_u = 4.8e5
D = 1e-3
alpha = 0.3
[wall]
shape = "rigid"
[track]
length = "400 nm"
width = "64 nm"
thickness = "0.6 nm"
{track}
[torque]
theta_SH = 0.1
[pulse]
current_density = 3e11
duration = "1 ns"
[[notch]]
position = "200 nm"
shape = "triangular"
depth = "10 nm"
width = "30 nm"
{more}
"""
TRAIN = "train --table ladder:3 --network linear --epochs 1 --no-twin --jobs 1 --json"
QUICK = ("--network", "linear", "--epochs", "1", "--no-twin", "--jobs", "1")


def command(*argv) -> tuple[int, str, str]:
    """Run a command in this process; return its code, output and messages."""
    import dwsynapse

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = dwsynapse.main([str(argument) for argument in argv])
        except SystemExit as end:
            code = end.code
    return (code if isinstance(code, int) else 1), out.getvalue(), err.getvalue()


def done(*argv) -> None:
    """Run a command that must succeed."""
    code, _, err = command(*argv)
    if code:
        raise RuntimeError(f"{argv}: {err}")


# Files of this program


def training_case() -> tuple:
    """Return synapses, images and configuration of a small training."""
    from arraysim import load_dataset
    from arraysim.networks.presets import network_from
    from arraysim.synapses.ladder import ladder_law
    from arraysim.training.config import TrainingConfig

    return ladder_law(), load_dataset("digits"), TrainingConfig(epochs=1, network=network_from("mlp:4"))


def own_files(folder: Path) -> dict[str, Path]:
    """Return a small sound file of each kind; what follows a dot in the name of a kind is how it was made."""
    kinds = ("transition-table", "transition-table.fitted", "transition-table.imported", "trajectories", "training", "programming",
             "checkpoint", "variation", "variation.train", "front", "front.network", "sweep")  # fmt: skip
    found = {kind: folder / f"{kind}.h5" for kind in kinds}
    _tables(folder, found)
    done("simulate", "five_state", "-n", "4", "--samples", "3", "-o", found["trajectories"])
    done("rates", "five_state", "--vary", "material.alpha=0.1,0.2", "-o", found["variation"])
    done("train", "--table", "ladder:3", *QUICK, "--vary", "learning_rate=0.1,0.2", "-o", found["variation.train"])
    _designs(folder, found)
    _trainings(found)
    return found


def _tables(folder: Path, found: dict[str, Path]) -> None:
    from compact.bulk.local import run_threads
    from compact.bulk.plan import Grid, SweepPlan
    from compact.bulk.run import run_shard, run_to_table
    from llg.device.device_file import load_device

    device = load_device("five_state")
    plan = functools.partial(SweepPlan, device=device, temperature=(300.0,), n=50, seed=1)
    small = plan(grid=Grid(current_density=(-7e11, 6e11), duration=(1e-9,)), instances=(1, 2))
    run_to_table(small, found["transition-table"], lambda worker, tasks: run_threads(worker, tasks, jobs=1))
    half = lambda worker, tasks: run_threads(worker, [task for task, _ in zip(tasks, range(3))], jobs=1)  # noqa: E731, B905
    run_shard(small, (1, 1), found["sweep"], half)
    grid = Grid(current_density=(-9e11, -7e11, -5e11, 5e11, 7e11, 9e11), duration=(1e-9, 2e-9))
    many = plan(grid=grid, instances=(1,))
    run_to_table(many, folder / "many.h5", lambda worker, tasks: run_threads(worker, tasks, jobs=1))
    done("fit", folder / "many.h5", "-o", found["transition-table.fitted"])
    crosssim(folder / "lookup")
    done("import", "--from", "crosssim", folder / "lookup", "--states", "8", "-o", found["transition-table.imported"])


def _designs(folder: Path, found: dict[str, Path]) -> None:
    from dwsynapse.design.outcome import JOURNAL
    from dwsynapse.front import Trained, load_front, save_front

    (folder / SPECIFICATION_FILE).write_text(SPECIFICATION)
    done("design", folder / SPECIFICATION_FILE, "-o", folder / "designs")
    (folder / "designs" / "front.h5").rename(found["front"])
    found["journal"] = (folder / "designs" / JOURNAL).rename(folder / JOURNAL)
    front = load_front(found["front"])
    n = len(front.devices)
    network = Trained(test_accuracy=np.full(n, 0.9), float32_test_accuracy=np.full(n, 0.95), energy=np.full(n, 1e-10),
                      failed=np.full(n, ""))  # fmt: skip
    save_front(found["front.network"], dataclasses.replace(front, network=network))


def _trainings(found: dict[str, Path]) -> None:
    from arraysim import train
    from arraysim.programming.config import config_for
    from arraysim.programming.file import save_programming
    from arraysim.programming.program import program
    from arraysim.training.checkpoint import Checkpointer, save_checkpoint
    from arraysim.training.file import save_training

    law, digits, config = training_case()
    states: list[dict] = []
    keeper = Checkpointer(lambda state: states.append({n: {k: v.copy() for k, v in a.items()} for n, a in state.items()}),
                          interval=0.0)  # fmt: skip
    trained = train(law, digits, seed=1, config=config, checkpointer=keeper)
    save_training(found["training"], [trained])
    save_checkpoint(found["checkpoint"], states[-1], belongs_to={"seed": 1})
    save_programming(found["programming"], [program(trained.learned, digits, law, seed=1, config=config_for(config))],
                     config={"write_pulses": []})  # fmt: skip


def readings(schema: str) -> tuple[str, ...]:
    """Return the commands that read a file of a schema, {} for its name and {out} for what they write."""
    from dwsynapse import figures

    drawn = {"transition-table": figures.TABLE, "trajectories": figures.TRAJECTORIES, "training": figures.TRAINING,
             "programming": figures.PROGRAMMING, "variation": figures.VARIATION, "front": figures.FRONT}  # fmt: skip
    plots = tuple(f"plot {{}} --figure {name} -o {{out}}.png" for name in drawn.get(schema, ()))
    return (
        "info {} --check",
        "info {} --check --json",
        *plots,
        *{
            "transition-table": (
                *(f"export {{}} --to {to} -o {{out}} --name x" for to in ("verilog-a",)),
                *(f"export {{}} --to {to} -o {{out}}" for to in ("neurosim", "aihwkit")),
                "export {} --to crosssim --resolution 9 -o {out}",
                "fit {} -o {out}.h5 --json",
                TRAIN.replace("ladder:3", "{}"),
                "cost --table {} --network mlp:4 --image 8,8,1 --json",
            ),
            "training": (
                "infer {} --json",
                "program {} --table ladder:3 --json",
                "cost --training {} --json",
                "infer {} --set adc.bits=4 --json",
            ),
            "programming": ("infer {} --json",),
            "sweep": ("merge {} -o {out}.h5 --json",),
        }.get(schema, ()),
    )


# Files of users


@functools.cache
def templates() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the text of each kind of file that users write, and the commands that read it, {} for its name."""
    data = importlib.resources.files("dwsynapse_data")
    run = TRAIN.removesuffix(" --json")
    reading = {"device": ("check {}", "info {} --json", "check {}"), "network": ("check {}", "cost --network {} --image 8,8,1"),
               "periphery": ("check {}", f"{run} --periphery {{}}"),
               "chip": ("check {}", "cost --chip {} --network mlp:4 --image 8,8,1"),
               "synapse": ("check {}", "info {}", run.replace("ladder:3", "{}")), "design": ("check {}",),
               "recipe": ("check {}", "train --recipe {} --table ladder:3 --network linear --epochs 1 --no-twin --jobs 1")}  # fmt: skip
    found = {
        "five_state": ((data / "five_state.toml").read_text(encoding="utf-8"), ("check {}", "info {}", "rates {}"))
    }
    with tempfile.TemporaryDirectory() as folder:
        for kind, lines in reading.items():
            with contextlib.chdir(folder):
                done("new", kind, kind)
                found[kind] = Path(f"{kind}.toml").read_text(encoding="utf-8"), lines
    return found


# Files of other programs


def foreign_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Return a small sound file of each kind that other programs write, and the command that reads it, {out} for its output."""
    found: dict[str, tuple[Path, str]] = {}
    for make in (_images, _tables_of_measurements, _of_devices, _of_synapses, _fields):
        found |= make(folder)
    for path, line in found.values():
        code, _, err = command(*line.replace("{out}", str(folder / "result")).split())
        if code:
            raise RuntimeError(f"{path}: {err}")
        for left in folder.glob("result*"):
            left.unlink()
    return found


def _images(folder: Path) -> dict[str, tuple[Path, str]]:
    from PIL import Image

    rng, found = np.random.default_rng(1), {}
    labels = np.arange(40, dtype=np.uint8) % 10
    grey = rng.integers(0, 256, (40, 4, 4), np.uint8)
    idx = folder / "idx"
    idx.mkdir()
    for part in ("train", "t10k"):
        images = b"\0\0\x08\x03" + np.array(grey.shape, ">u4").tobytes() + grey.tobytes()
        (idx / f"{part}-images-idx3-ubyte").write_bytes(images)
        (idx / f"{part}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(b"\0\0\x08\x01\0\0\0\x28" + labels.tobytes(), mtime=0)
        )
    run = f"{TRAIN} --dataset mnist --data-dir {idx}"
    found["idx"] = idx / "train-images-idx3-ubyte", run
    found["idx.gz"] = idx / "t10k-labels-idx1-ubyte.gz", run
    colour = rng.integers(0, 256, (20, 3072), np.uint8)
    for name in ("bin", "py"):
        (folder / name).mkdir()
        for batch in ("data_batch_1", "test_batch"):
            if name == "bin":
                (folder / name / f"{batch}.bin").write_bytes(np.column_stack([labels[:20], colour]).tobytes())
            else:
                content = {b"data": colour, b"labels": labels[:20].tolist()}
                (folder / name / batch).write_bytes(pickle.dumps(content, protocol=2))
        end = ".bin" if name == "bin" else ""
        found[f"cifar.{name}"] = (
            folder / name / f"data_batch_1{end}",
            f"{TRAIN} --dataset cifar10 --data-dir {folder / name}",
        )
    for name, save in (("data", np.savez), ("packed", np.savez_compressed)):
        save(folder / f"{name}.npz", images=grey, labels=labels)
        found[f"npz.{name}"] = folder / f"{name}.npz", f"{TRAIN} --dataset {folder / name}.npz"
    np.savez(folder / "weights.npz", weight_0=rng.normal(size=(65, 10)).astype("f4"))
    found["npz.weights"] = (
        folder / "weights.npz",
        f"program {folder}/weights.npz --table ladder:3 --network linear --dataset digits --json",
    )
    for number, mode in enumerate(("png", "jpg", "tif", "gif", "webp", "bmp", "ppm")):
        for name in "ab":
            (folder / mode / name).mkdir(parents=True)
            for k in range(5):
                Image.fromarray(grey[5 * number + k]).save(folder / mode / name / f"{k}.{mode}")
        found[f"picture.{mode}"] = folder / mode / "a" / f"0.{mode}", f"{TRAIN} --dataset {folder / mode}"
    return found


def _tables_of_measurements(folder: Path) -> dict[str, tuple[Path, str]]:
    from llg.calibration.pinning_map import holding_field
    from llg.device.device_file import load_device
    from llg.walls.q_phi import QPhiModel

    (folder / "track.toml").write_text(TRACK.format(track="", more=""))
    q = np.arange(-40, 41, 8)
    B = 1e3 * holding_field(QPhiModel(load_device(folder / "track.toml")), (200 + q) * 1e-9)
    texts = {
        "pinning.csv": "q_nm,Bz_mT,Bz_error_mT\n" + "".join(f"{a},{b:.4g},0.2\n" for a, b in zip(q, B, strict=True)),
        "velocity.csv": "J (A/m^2);v (m/s)\n" + "".join(f"{J:g};{J * 5e-11:g}\n" for J in (1e11, 2e11, 3e11)),
        "trajectory.csv": "t_ns,q_nm,J_A_per_m2\n" + "".join(f"{t:g},{3 * t:g},1e11\n" for t in np.arange(0, 2, 0.2)),
        "pinning.txt": "# t (s)\tmz ()\tB_extz (T)\n" + "".join(f"{i}e-9\t{a / 120:.6g}\t{b / 1e3:.5g}\n" for i, (a, b) in
                                                               enumerate(zip(q, B, strict=True))),
        "pinning.odt": "# ODT 1.0\n# Table Start\n# Columns: {Oxs_TimeDriver::mz} {B_extz}\n# Units: {} {mT}\n"
        + "".join(f" {a / 120:.6g} {b:.5g}\n" for a, b in zip(q, B, strict=True)) + "# Table End\n",
    }  # fmt: skip
    found = {}
    for name, text in texts.items():
        (folder / name).write_text(text)
        kind, _, end = name.partition(".")
        mz = "" if end == "csv" else " --mz-length 240nm"
        free = "alpha" if kind == "velocity" else "sigma_0"
        column = " --column mz=Oxs_TimeDriver::mz" if end == "odt" else ""
        found[name] = (
            folder / name,
            f"calibrate {folder}/track.toml --{kind} {folder / name} --free {free}{mz}{column} --json",
        )
    found["potential.csv"] = (
        folder / "pinning.csv",
        f"calibrate {folder}/track.toml --potential {folder}/pinning.csv -o {{out}}.toml --json",
    )
    return found


def _of_devices(folder: Path) -> dict[str, tuple[Path, str]]:
    from PIL import Image

    place = np.linspace(0, 400, 21)
    texts = {
        "outline.csv": "x_nm,width_nm\n" + "".join(f"{x:g},{64 - 8 * np.exp(-(((x - 200) / 40) ** 2)):.4g}\n" for x in place),
        "profile.csv": "x_nm,K_u\n" + "".join(f"{x:g},{1 + 0.1 * np.sin(x / 60):.4g}\n" for x in place),
        "waveform.csv": "time_ns,value\n0,0\n0.2,1\n1,1\n1.5,0\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
    rows = np.arange(50)[:, None] * np.ones(200)
    Image.fromarray(np.where(np.abs(rows - 24.5) < 16, 0, 255).astype(np.uint8)).save(folder / "outline.png")
    parts = {
        "outline.csv": {"track": 'outline_file = "outline.csv"'},
        "outline.png": {"track": 'outline_file = "outline.png"\noutline_scale = "2 nm"'},
        "profile.csv": {"more": '[profile]\nfile = "profile.csv"'},
    }
    waveform = f"simulate {folder}/track.toml --waveform {folder}/waveform.csv -n 1 --jobs 1 --json"
    found = {"waveform.csv": (folder / "waveform.csv", waveform)}
    for name, part in parts.items():
        text = TRACK.format(**{"track": "", "more": ""} | part)
        device = folder / f"with_{name}.toml"
        device.write_text(text)
        found[name] = folder / name, f"info {device} --json"
    return found


def crosssim(folder: Path) -> None:
    """Write lookup tables of CrossSim."""
    from compact.exchange.crosssim_file import LookupTable, write_lookup

    folder.mkdir()
    u, G = np.linspace(0, 1, 11), np.linspace(1e-5, 3e-5, 13)
    for word, sign in (("increasing", 1), ("decreasing", -1)):
        change = 2e-5 * (sign * 0.1 + 0.05 * (u[:, None] - 0.5)) * np.ones(G.size)
        write_lookup(folder / f"dG_{word}.txt", LookupTable(conductance=G, cumulative=u, change=change))


def _of_synapses(folder: Path) -> dict[str, tuple[Path, str]]:
    rng, state, lines = np.random.default_rng(1), 0, ["pulse,polarity,amplitude_V,duration_us,conductance_uS"]
    for number in range(1, 100):
        up = number // 3 % 2 == 0
        state = int(np.clip(state + (1 if up else -1) * (rng.random() < 0.8), 0, 2))
        lines.append(f"{number},{'up' if up else 'down'},0.5,1,{10 + 5 * state + 0.3 * rng.standard_normal():.4g}")
    (folder / "pulses.csv").write_text("\n".join(lines) + "\n")
    crosssim(folder / "crosssim")
    (folder / "Cell.cpp").write_text(
        "RealDevice::RealDevice(int x, int y) {\n\tmaxConductance = 3.8462e-8; // S\n\tminConductance = 3.0769e-9;\n"
        "\twriteVoltageLTP = 3.2;\n\twriteVoltageLTD = 2.8;\n\twritePulseWidthLTP = 300e-6;\n\twritePulseWidthLTD = 300e-6;\n"
        "\tmaxNumLevelLTP = 97;\n\tmaxNumLevelLTD = 100;\n\tNL_LTP = 2.4;\n\tNL_LTD = -4.88;\n\tsigmaDtoD = 0;\n"
        "\tsigmaCtoC = 0.035 * (maxConductance - minConductance);\n}\n"
    )
    done("import", folder / "Cell.cpp", "--from", "neurosim", "-o", folder / "cell.h5")
    done("export", folder / "cell.h5", "--to", "neurosim", "-o", folder / "neurosim.json")
    run = "import {0} --from {1} -o {{out}}.h5 --json"
    return {
        "pulses.csv": (folder / "pulses.csv", run.format(folder / "pulses.csv", "pulses")),
        "crosssim.txt": (folder / "crosssim" / "dG_increasing.txt", run.format(folder / "crosssim", "crosssim")),
        "neurosim.json": (folder / "neurosim.json", run.format(folder / "neurosim.json", "neurosim")),
        "neurosim.cpp": (folder / "Cell.cpp", run.format(folder / "Cell.cpp", "neurosim")),
    }


def _fields(folder: Path) -> dict[str, tuple[Path, str]]:
    nx, ny, cell = 200, 32, 2e-9
    x = cell * (np.arange(nx) + 0.5)
    u = np.clip((x - 201e-9) / 8e-9, -300, 300)
    m = 7e5 * np.stack([1 / np.cosh(u), 0 * u, -np.tanh(u)], axis=-1) * np.ones((ny, 1, 1))
    header = (
        "# OOMMF OVF 2.0\n# Segment count: 1\n# Begin: Segment\n# Begin: Header\n# meshtype: rectangular\n# meshunit: m\n"
        f"# xbase: 1e-9\n# ybase: 1e-9\n# zbase: 3e-10\n# xnodes: {nx}\n# ynodes: {ny}\n# znodes: 1\n# xstepsize: 2e-9\n"
        "# ystepsize: 2e-9\n# zstepsize: 6e-10\n# valuedim: 3\n# Desc: Total simulation time:  1e-10  s\n# End: Header\n"
    )
    text = "\n".join(" ".join(f"{v:.5g}" for v in row) for row in m.reshape(-1, 3)).encode() + b"\n"
    data = np.concatenate([[1234567.0], m.ravel()]).astype("<f4").tobytes() + b"\n"
    found = {}
    for name, kind, body in (("text", "Text", text), ("binary", "Binary 4", data)):
        path = folder / f"{name}.ovf"
        path.write_bytes(
            f"{header}# Begin: Data {kind}\n".encode() + body + f"# End: Data {kind}\n# End: Segment\n".encode()
        )
        found[f"ovf.{name}"] = (
            path,
            f"import {path} --from ovf --device {folder}/track.toml --left 0 --json",
        )
    return found
