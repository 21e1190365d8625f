"""Accuracy on MNIST against wire resistance, ADC bits, read noise and process variation, five-state device, three seeds.

    python benchmarks/periphery_accuracy.py DATA_DIR OUT [--epochs N] [--hidden N]

Three networks are trained on chip with 16 device instances at the spreads of the device file and read again through each
periphery; for each process variation tables are made at that multiple of all spreads and three networks trained anew. Writes
four figures and accuracy.json into the folder OUT. About three minutes on one core.
"""

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import matplotlib as mpl
import numpy as np

from arraysim.datasets.datasets import load_dataset
from arraysim.drawing.accuracy_plot import AccuracyScan, plot_accuracy_scan
from arraysim.inference.infer import infer
from arraysim.networks.presets import mlp
from arraysim.periphery.config import Periphery
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.run import run_to_table
from compact.table.operating_point import write_points
from compact.table.table_file import load_table
from dwsynapse.options import progress
from dwsynapse.periphery_text import with_setting
from llg.device.device import load_device

SEEDS = (1, 2, 3)
INSTANCES, TRAJECTORIES = 16, 100
RESISTANCE = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
BITS = (3, 4, 5, 6, 7, 8)
NOISE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
MULTIPLES = (0, 1, 4, 8)


def table_at(multiple: float, folder: Path):
    """Transition table of device instances at a multiple of all spreads."""
    path = folder / f"table_{multiple:g}.h5"
    if path.exists():
        return load_table(path)
    device = load_device("five_state")
    spreads = {
        field.name: multiple * getattr(device.variation, field.name)
        for field in dataclasses.fields(device.variation)
        if field.name.endswith("_dtod")
    }
    device = dataclasses.replace(device, variation=dataclasses.replace(device.variation, **spreads))
    nominal = device.pulse.current_density
    plan = SweepPlan(
        device=device,
        grid=Grid(current_density=(-nominal, nominal), duration=(device.pulse.duration,)),
        temperature=(device.temperature,),
        instances=tuple(range(1, INSTANCES + 1)) if multiple else (0,),
        n=TRAJECTORIES,
        seed=1,
    )
    runner = lambda worker, tasks: run_threads(worker, tasks, jobs=1)  # noqa: E731
    return run_to_table(plan, path, runner, resume=True, force=False, progress=progress)


def law_of(table) -> tuple[PulseLaw, float]:
    """Law of the write pulses, and the spread of the devices' conductance."""
    law = PulseLaw.from_table(table, write_points(table, temperature=float(table.temperature[0])))
    spread = 0.0
    if len(table.counts) > 1:
        conductance = table.instance_states.conductance[:, 0]
        present = table.instance_states.present[:, 0].astype(bool).all(axis=1)
        spread = float(np.log(conductance[present]).std(axis=0, ddof=1).mean())
    return law, spread


def trained(multiple: float, folder: Path, dataset, arguments):
    law, spread = law_of(table_at(multiple, folder))
    config = TrainingConfig(
        network=mlp((arguments.hidden,)),
        epochs=arguments.epochs,
        batch_size=10,
        learning_rate=0.3,
        conductance_std_dtod=spread,
        twin=False,
    )
    return [train(law, dataset, seed=seed, config=config) for seed in SEEDS], spread


def scan(results, dataset, section: str, key: str, values, base: Periphery | None = None) -> np.ndarray:
    base = Periphery() if base is None else base
    rows = [with_setting(base, section, key, repr(value)) for value in values]
    return np.array([[infer(result, dataset, row).accuracy for result in results] for row in rows])


def wire_scan(results, dataset) -> np.ndarray:
    found = []
    for value in RESISTANCE:
        chip = with_setting(Periphery(), "wires", "word_resistance", repr(value))
        found.append(scan(results, dataset, "wires", "bit_resistance", (value,), chip)[0])
    return np.array(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=128)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    mpl.use("Agg")
    dataset = load_dataset("mnist", arguments.data_dir)
    start = time.process_time()
    process, spreads = [], []
    for multiple in MULTIPLES:
        results, spread = trained(multiple, arguments.out, dataset, arguments)
        process.append([float(result.chip.test_accuracy[-1]) for result in results])
        spreads.append(spread)
        if multiple == 1:
            reference = results
    ideal = np.array(process[MULTIPLES.index(1)])
    serial = with_setting(Periphery(), "dac", "bits", "8")
    scans = {
        "wire_resistance": AccuracyScan(
            label="resistance of a wire segment [ohm]",
            value=np.array(RESISTANCE),
            accuracy=wire_scan(reference, dataset),
            ideal=ideal,
            logarithmic=True,
        ),
        "adc_bits": AccuracyScan(
            label="bits of the ADC [1], bit-serial inputs of 8 bits",
            value=np.array(BITS),
            accuracy=scan(reference, dataset, "adc", "bits", BITS, serial),
            ideal=ideal,
        ),
        "read_noise": AccuracyScan(
            label="read noise of a junction, relative to its conductance [1]",
            value=np.array(NOISE),
            accuracy=scan(reference, dataset, "read", "noise", NOISE),
            ideal=ideal,
        ),
        "process_variation": AccuracyScan(
            label="process variation, multiple of the spreads of the device file [1]",
            value=np.array(MULTIPLES),
            accuracy=np.array(process),
            ideal=np.array(process[0]),
            ideal_label="without variation",
        ),
    }
    report = {"processor_seconds": time.process_time() - start, "conductance_std_dtod": spreads, "seeds": list(SEEDS)}
    for name, one in scans.items():
        plot_accuracy_scan(one).figure.savefig(arguments.out / f"{name}.png", dpi=150)
        report[name] = {
            "value": one.value.tolist(),
            "test_accuracy": one.accuracy.tolist(),
            "ideal": one.ideal.tolist(),
        }
    (arguments.out / "accuracy.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
