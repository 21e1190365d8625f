"""What decides about the accuracy on CIFAR-10: states, process variation, ADC bits, temperature, on/off ratio, rule.

    python benchmarks/cifar10_studies.py DATA_FOLDER [STUDY ...] [--folder out/cifar10] [--seeds 3] [--jobs N]

Each study trains VGG8 of width 1/8 by the recipe `vgg8-cifar10` on 20,000 images for three epochs: short, so that many
trainings can be compared with each other, but far below what the recipe reaches. Each update rule is a study of its own
that varies its learning rate, as one rate for all would compare rates; as trains of pulses take long, 10,000 images are
learned for one epoch there. Accuracies are those of 10,000 other training images; the test images are not looked at. A
study is one `dwsynapse train --vary ...` on tables of 64 device instances; its command is printed. It goes on where it
was interrupted. The result of each is a file and a figure in the folder.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from arraysim.datasets.datasets import load_dataset

STATES = "2,3,5,9,17"
TEMPERATURES = (250, 300, 350, 400)
SPREADS = {
    "theta_SH_dtod": 0.02,
    "thickness_dtod": 0.01,
    "width_dtod": 0.01,
    "notch_depth_dtod": 0.03,
    "notch_width_dtod": 0.02,
    "notch_position_dtod": 1e-9,
}
"""Process variation of the device `five_state`."""
MULTIPLES = (1, 4, 8)
PULSES = ["--currents=-7e11,7e11", "--durations", "1 ns", "--instances", "64", "-n", "500"]
CONVERTERS = ["--set", "dac.bits=6", "--set", "dac.coding=level", "--set", "products=numpy"]
RATIOS = (1.5, 2, 10)
"""Highest conductance over the lowest. They count where each line of a pair is converted before the subtraction, so
that the range must hold what both have in common; subtracted before, ideal currents only scale."""
SYNAPSE = """name = "five states, on/off {ratio:g}"
[synapse]
states = 5
conductance_low = "20 uS"
on_off = {ratio}
miss = 0.05
double = 0.01
"""
RATES = {
    "mixed-precision": "0.25,0.5,1,2",
    "sign": "0.003,0.01,0.03,0.1,0.3",
    "stochastic-pulses": "0.01,0.03,0.1",
    "tiki-taka": "0.01,0.03,0.1,0.3",
}
"""Learning rates that each rule is tried at."""


def images(data: str, folder: Path, learned: int) -> str:
    """Return an archive of the images that learn and of those that are measured, both training images of CIFAR-10."""
    path = folder / ("images.npz" if learned == 20_000 else f"images_{learned}.npz")
    if not path.exists():
        cifar, learn, other = load_dataset("cifar10", Path(data)), slice(0, learned), slice(40_000, 50_000)
        kept = {"test_images": cifar.images[other], "test_labels": cifar.labels[other]}
        np.savez(path, images=cifar.images[learn], labels=cifar.labels[learn], **kept)
    return str(path)


def call(*words: str) -> None:
    """Run a command of dwsynapse and show it."""
    print("dwsynapse", *(f'"{word}"' if " " in word else word for word in words), flush=True)
    subprocess.run([sys.executable, "-m", "dwsynapse", *words], check=True)


def table(folder: Path, name: str, *words: str) -> str:
    """Return the table of the five-state device, made if it is not there."""
    path = folder / f"{name}.h5"
    if not path.exists():
        call("sweep", "five_state", *PULSES, *words, "-o", str(path))
    return str(path)


def synapse(folder: Path, ratio: float) -> str:
    """Return the file of an ideal synapse of an on/off ratio."""
    path = folder / f"on_off_{ratio:g}.toml"
    path.write_text(SYNAPSE.format(ratio=ratio))
    return str(path)


def spread(folder: Path, multiple: int) -> str:
    """Return the table at a multiple of all spreads of the process."""
    words = [f"variation.{name}={multiple * value:g}" for name, value in SPREADS.items()]
    return table(folder, f"variation_{multiple}", *(part for word in words for part in ("--set", word)))


def studies(folder: Path) -> dict:
    """Return what each study gives to `train`, as functions, for tables are made on the way."""
    nominal = lambda: table(folder, "table")  # noqa: E731
    kelvin = ",".join(map(str, TEMPERATURES))
    return {
        "states": lambda: ["--vary", f"states={STATES}"],
        "variation": lambda: ["--vary", "table=" + ",".join(spread(folder, one) for one in MULTIPLES)],
        "adc": lambda: ["--table", nominal(), *CONVERTERS, "--vary", "adc.bits=4,5,6,8"],
        "temperature": lambda: [
            "--table",
            table(folder, "temperatures", "--temperatures", kelvin),
            "--vary",
            "temperature=" + ",".join(f"{one} K" for one in TEMPERATURES),
        ],
        "on_off": lambda: ["--vary", "table=" + ",".join(synapse(folder, one) for one in RATIOS),
                           *CONVERTERS, "--set", "adc.bits=6", "--set", "read.subtraction=digital"],
    } | {
        rule: lambda rule=rule: ["--table", nominal(), "--rule", rule, "--vary", f"learning_rate={RATES[rule]}"]
        for rule in RATES
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder of CIFAR-10")
    parser.add_argument("study", nargs="*", help="which (default: all)")
    parser.add_argument("--folder", type=Path, default=Path("out/cifar10"), help="for results (default out/cifar10)")
    parser.add_argument("--seeds", default="3")
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--products", default="onednn-bfloat16", help="what multiplies, where no converters stand")
    arguments = parser.parse_args()
    known = studies(arguments.folder)
    if unknown := set(arguments.study) - known.keys():
        parser.error(f"no study {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.study or known:
        given = known[name]()
        multiply = [] if "products=numpy" in given else ["--set", f"products={arguments.products}"]
        learned, epochs = (10_000, 1) if name in RATES else (20_000, 3)
        out = arguments.folder / f"{name}.h5"
        if out.exists():
            given.append("--resume")
        call("train", "--recipe", "vgg8-cifar10", "--network", "vgg8:0.125", "--epochs", str(epochs),
             "--dataset", images(arguments.data, arguments.folder, learned), "--no-twin", "--set", "monitor_images=500",
             *multiply, *given, "--seeds", arguments.seeds, "--jobs", arguments.jobs, "-o", str(out))  # fmt: skip
        call("plot", str(out), "-o", str(out.with_suffix(".png")), "--force")


if __name__ == "__main__":
    main()
