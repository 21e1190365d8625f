"""Speed of training: images per second on chip and of the float32 twin, against what the processor gives to BLAS.

    python benchmarks/network_training.py --table table.h5 [--networks mlp,vgg8:0.25,vgg8] [--jobs 2]
        [--products onednn-float32] [--device cuda [--device-products bfloat16]] [--plain] [--json]

Each network learns on random images, batch after batch: both passes and the update, without measuring accuracy. Time is
that of the processor with one thread and of the clock with several or on a GPU, the best of some batches. `share_of_sgemm` is the
rate of the whole training step, counted in multiplications and additions of its matrix products, over that of a large
product of single precision on as many threads. With `--plain` the same network, batch and type of numbers learn in plain
PyTorch too (gradient descent, images with their channels last), in turns with the chip.
"""

import argparse
import json
import time

import numpy as np

from arraysim.networks.crossbars import array_layers
from arraysim.networks.definition import BatchNorm, Convolution, Flatten, Linear, NetworkDefinition, Pooling
from arraysim.networks.presets import network_from
from arraysim.networks.settings import PRODUCTS
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TENSOR_DEVICES, TrainingConfig
from arraysim.training.run import learner_classes
from compact.table.operating_point import write_points
from compact.table.table_file import load_table
from dwcore.numerics.product import product
from dwcore.numerics.threads import workers

# Network -> shape of its images, batch size, batches.
CASES = {
    "mlp": ((28, 28, 1), 10, 4),
    "vgg8:0.25": ((32, 32, 3), 64, 6),
    "vgg8:0.5": ((32, 32, 3), 64, 4),
    "vgg8": ((32, 32, 3), 64, 3),
}
SETTINGS = {"mlp": {"learning_rate": 0.3}}


def sgemm_rate(clock, *, size: int = 2048, repeat: int = 3) -> float:
    """Operations per second of a product of two square matrices of single precision."""
    left, right = np.random.default_rng(0).normal(size=(2, size, size)).astype(np.float32)
    return 2 * size**3 / best(lambda: product(left, right), clock, repeat)


def best(work, clock, repeat: int) -> float:
    """Least time of one call [s], after one that does not count."""
    work()
    times = []
    for _ in range(repeat):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def plain_step(definition: NetworkDefinition, images: np.ndarray, labels: np.ndarray, products: str, jobs: int):
    """One batch of training of the same network in PyTorch, as a function."""
    import torch
    from torch import nn

    torch.set_num_threads(jobs)
    size, batch = images.shape[3], torch.from_numpy(images).permute(0, 3, 1, 2)
    modules: list[nn.Module] = []
    for spec in definition.layers:
        if isinstance(spec, Convolution):
            modules.append(nn.Conv2d(size, spec.channels, spec.sides, spec.steps, spec.edges, bias=spec.bias))
            size = spec.channels
        elif isinstance(spec, Linear):
            modules.append(nn.Linear(size, spec.outputs or 10, bias=spec.bias))
            size = spec.outputs or 10
        elif isinstance(spec, BatchNorm):
            modules.append((nn.BatchNorm2d if batch.ndim == 4 else nn.BatchNorm1d)(size))
        elif isinstance(spec, Pooling):
            modules.append(nn.MaxPool2d(spec.size))
        else:
            modules.append(nn.Flatten() if isinstance(spec, Flatten) else nn.ReLU())
        batch = modules[-1](batch)
        size = batch.shape[1]
    network = nn.Sequential(*modules).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    inputs, targets = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)

    def step() -> None:
        torch.set_num_threads(jobs)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=products == "onednn-bfloat16"):
            loss = nn.functional.cross_entropy(network(inputs), targets)
        loss.backward()
        optimizer.step()

    return step


def measure(name: str, law: PulseLaw, clock, how: dict[str, str], plain: int = 0) -> dict:
    """Images per second of both, of plain PyTorch on that many threads, and operations per image."""
    shape, size, batches = CASES[name]
    definition = network_from("mlp:256" if name == "mlp" else name)
    config = TrainingConfig(network=definition, batch_size=size, **how, **SETTINGS.get(name, {}))
    layers = array_layers(definition, shape, 10)
    rng = np.random.default_rng(1)
    # A fifth of the pixels are lit, as in MNIST; errors like those of a trained network would send fewer pulses.
    images = (rng.random((size, *shape)) * (rng.random((size, *shape)) < 0.2)).astype(np.float32)
    labels = rng.integers(10, size=size)
    steps = {}
    make_chip, make_twin = learner_classes(config)
    for make in (lambda *a, **k: make_chip(law, *a, **k), make_twin):
        learner = make(layers, input_shape=shape, classes=10, seed=1, config=config)

        def step(learner=learner) -> None:
            learner.network.learn(images, labels)
            learner.update(1.0)

        steps[learner.name] = step
    if plain:
        steps["plain"] = plain_step(definition, images, labels, how["products"], plain)
    together = 100 if name == "mlp" else 1  # its batches are short
    times: dict[str, list[float]] = {kind: [] for kind in steps}
    for _ in range(batches):
        for kind, one in steps.items():
            times[kind].append(best(lambda one=one: [one() for _ in range(together)], clock, 1) / together)
    found = {f"{kind}_images_per_second": size / min(all_times) for kind, all_times in times.items()}
    return found | {"operations": 6 * sum(layer.rows * layer.columns * layer.positions for layer in layers)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", help="transition table (default: an idealized synapse)")
    parser.add_argument("--networks", default=",".join(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--products", default="numpy", choices=PRODUCTS, help="what multiplies")
    parser.add_argument("--device", default="processor", choices=("processor", *TENSOR_DEVICES))
    parser.add_argument("--device-products", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--plain", action="store_true", help="the same network in plain PyTorch, too")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    law = ladder_law(instances=64)
    if arguments.table:
        table = load_table(arguments.table)
        law = PulseLaw.from_table(table, write_points(table, temperature=float(table.temperature[0])))
    clock = time.process_time if arguments.jobs == 1 and arguments.device != "cuda" else time.perf_counter
    how = {name: getattr(arguments, name) for name in ("products", "device", "device_products")}
    with workers(arguments.jobs):
        rate = sgemm_rate(clock)
        result = {"jobs": arguments.jobs, "sgemm_operations_per_second": rate}
        for name in arguments.networks.split(","):
            found = measure(name, law, clock, how, arguments.jobs * arguments.plain)
            found["share_of_sgemm"] = found["chip_images_per_second"] * found.pop("operations") / rate
            result[name] = found
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"sgemm: {rate / 1e9:.0f} GFLOPS on {arguments.jobs} threads")
    for name, found in result.items():
        if isinstance(found, dict):
            print(
                f"{name}: {found['chip_images_per_second']:.1f} images per second on chip, "
                f"{found['float32_images_per_second']:.1f} as a float32 twin, {found['share_of_sgemm']:.0%} of sgemm"
            )
            if arguments.plain:
                ratio = found["chip_images_per_second"] / found["plain_images_per_second"]
                print(f"    plain PyTorch {found['plain_images_per_second']:.1f}: the chip does {ratio:.2f} of that")


if __name__ == "__main__":
    main()
