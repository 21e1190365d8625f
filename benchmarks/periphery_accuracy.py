"""Accuracy on MNIST against wire resistance, ADC bits, read noise and process variation, five-state device, three seeds.

    python benchmarks/periphery_accuracy.py DATA_DIR OUT [--epochs N] [--hidden N]

Three networks are trained on chip with 16 device instances at the spreads of the device file and read again through
each periphery; for each process variation tables are made at that multiple of all spreads and three networks trained
anew. Writes four figures and accuracy.json into the folder OUT. About three minutes on one core.
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
from dwsynapse.variation import Outcome, Variation, VariedAxis
from dwsynapse.variation_plot import plot_variation
from llg.device.device_file import load_device

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


def with_setting(periphery: Periphery, section: str, **values) -> Periphery:
    return dataclasses.replace(periphery, **{section: dataclasses.replace(getattr(periphery, section), **values)})


def scan(results, dataset, rows) -> np.ndarray:
    return np.array([[infer(result, dataset, row).accuracy for result in results] for row in rows])


def variation(label: str, value, accuracy, ideal, ideal_label: str = "as trained") -> Variation:
    return Variation(
        command="infer",
        axes=(VariedAxis(name="", label=label, unit="1", values=tuple(map(float, value))),),
        seeds=SEEDS,
        outcomes={
            "test_accuracy": Outcome(meaning="test accuracy"),
            "ideal": Outcome(meaning=ideal_label, reference=True),
        },
        results={"test_accuracy": np.array(accuracy), "ideal": np.broadcast_to(ideal, (len(value), len(SEEDS)))},
        done=np.ones(len(value), bool),
        config={},
    )


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
    ideal_chip = Periphery()
    serial = with_setting(ideal_chip, "dac", bits=8)
    wires = [with_setting(ideal_chip, "wires", word_resistance=r, bit_resistance=r) for r in RESISTANCE]
    bits = [with_setting(serial, "adc", bits=b) for b in BITS]
    noise = [with_setting(ideal_chip, "read", noise=n) for n in NOISE]
    scans = {
        "wire_resistance": variation(
            "resistance of a wire segment [ohm]", RESISTANCE, scan(reference, dataset, wires), ideal
        ),
        "adc_bits": variation(
            "bits of the ADC [1], bit-serial inputs of 8 bits", BITS, scan(reference, dataset, bits), ideal
        ),
        "read_noise": variation(
            "read noise of a junction, relative to its conductance [1]", NOISE, scan(reference, dataset, noise), ideal
        ),
        "process_variation": variation(
            "process variation, multiple of the spreads of the device file [1]",
            MULTIPLES,
            process,
            process[0],
            "without variation",
        ),
    }
    report = {"processor_seconds": time.process_time() - start, "conductance_std_dtod": spreads, "seeds": list(SEEDS)}
    for name, one in scans.items():
        plot_variation(one).figure.savefig(arguments.out / f"{name}.png", dpi=150)
        report[name] = {
            "value": list(one.axes[0].values),
            "test_accuracy": one["test_accuracy"].tolist(),
            "ideal": one["ideal"][0].tolist(),
        }
    (arguments.out / "accuracy.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
