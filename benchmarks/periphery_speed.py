"""Training of VGG8 at width 1/4 with converters in both passes, against the same training without.

python benchmarks/periphery_speed.py [IMAGES]         prints one JSON object; processor time of one thread
"""

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from arraysim.networks.crossbars import array_layers
from arraysim.networks.presets import vgg8
from arraysim.periphery.config import Adc, Dac, Periphery
from arraysim.periphery.reader import PeripheryReader
from arraysim.synapses.ladder import ladder_law
from arraysim.training.chip import Chip
from arraysim.training.config import TrainingConfig

SHAPE, CLASSES, BATCH = (32, 32, 3), 10, 32
PERIPHERIES = {
    "none": None,
    "6-bit ADC, 8-bit serial inputs": Periphery(dac=Dac(bits=8), adc=Adc(bits=6)),
    "5-bit ADC, 8-bit serial inputs": Periphery(dac=Dac(bits=8), adc=Adc(bits=5)),
    "5-bit deviating SAR converters, 8-bit serial inputs": Periphery(
        dac=Dac(bits=8), adc=Adc(bits=5, offset_dtod=0.3, gain_dtod=0.01, nonlinearity_dtod=0.05)
    ),
}


def trainer(periphery: Periphery | None):
    config = TrainingConfig(network=vgg8(0.25, bits=8, error_bits=8))
    layers = array_layers(config.network, SHAPE, CLASSES)
    chip = Chip(ladder_law(), layers, input_shape=SHAPE, classes=CLASSES, seed=0, config=config)
    if periphery is not None:
        for number, layer in enumerate(chip.network.crossbars):
            layer.weights.reader = PeripheryReader(periphery, seed=0, number=number)
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, *SHAPE)).astype(np.float32)
    labels = rng.integers(CLASSES, size=BATCH)

    def step() -> None:
        chip.network.learn(images, labels)
        chip.update(0.1)

    return step


def main(images: int = 256):
    steps = {name: trainer(periphery) for name, periphery in PERIPHERIES.items()}
    seconds = {name: [] for name in steps}
    for step in steps.values():  # compile, and find the first ranges
        step()
    for _ in range(max(1, images // BATCH)):
        for name, step in steps.items():
            start = time.process_time()
            step()
            seconds[name].append(time.process_time() - start)
    # Ranges are found anew in some steps only, so the mean counts, not the best.
    speed = {name: BATCH / float(np.mean(values)) for name, values in seconds.items()}
    report = {"images_per_second": speed, "share": {name: value / speed["none"] for name, value in speed.items()}}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
