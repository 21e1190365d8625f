"""What a training on chip costs: the chip of its network, with the pulses and reads that it really took."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from arraysim.cost.cell import Resistive, pulse_notes, synapse_of_table
from arraysim.cost.comparison import Comparison, compare
from arraysim.cost.ledger import BLOCKS, ChipCost
from arraysim.cost.merits import UNCERTAINTY, endurance, merits
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import ArrayLayer, array_layers, digital_products
from arraysim.networks.definition import NetworkDefinition
from arraysim.periphery.config import Periphery
from arraysim.training.config import TrainingConfig
from arraysim.training.result import TrainingResult
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.canvas.number_text import time_text, with_prefix
from dwcore.errors import InputError

GRADIENTS = {
    "mixed-precision": "per-batch",
    "sign": "per-batch",
    "stochastic-pulses": "in-array",
    "tiki-taka": "in-array",
}
"""Where each rule forms its gradients: digitally, or by pulses in the arrays."""
CELLS = {"pair": ("pair", 2), "reference": ("single", 1), "digits": ("pair", 2)}
"""Cells of a chip by the kind of weights of a training, and how many one weight has; of digits only one pair."""
RUINOUS_DROP = 0.25
"""Drop along a line, relative to what is applied, from which on a note says so."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingUse:
    """Trainings of one network.

    Attributes:
        results: one per seed.
        image_shape: (rows, columns, channels).
        images: that each seed trained on, per epoch [1].
    """

    results: Sequence[TrainingResult]
    image_shape: tuple[int, ...]
    images: int

    @property
    def epochs(self) -> int:
        """Passes through the training images, of the longest seed [1]."""
        return max(len(result.hardware.pulses) - 1 for result in self.results)

    def layers(self) -> list[ArrayLayer]:
        """Return the crossbars of the network."""
        first = self.results[0]
        return array_layers(first.config.network, self.image_shape, len(first.chip.confusion))

    def digital_notes(self) -> tuple[str, ...]:
        """Return what of the network multiplies digitally."""
        first = self.results[0]
        return digital_notes(first.config.network, self.image_shape, len(first.chip.confusion))

    def settings(self, settings: ChipSettings, given: Collection[str] = ()) -> tuple[ChipSettings, tuple[str, ...]]:
        """Return the chip that the trainings had, and where the given settings say another one.

        Pulses and single reads are those of the trainings, mean over the seeds, without the first reset of the arrays,
        per as many images as a batch has; pulses are shared among the layers as the synapses received them.

        Args:
            settings: of the chip.
            given: names of those that the user chose, which stay as they are.
        """
        config = self.results[0].config
        batches = self.images / config.batch_size
        pulses = np.mean([self._per_layer(result, batches) for result in self.results], axis=0)
        reads = np.mean([self._rate(result, result.hardware.reads, batches) for result in self.results])
        own = chip_of(config) | {
            "images_per_epoch": self.images,
            "pulses_per_update": tuple(pulses.tolist()),
            "reads_per_update": (float(reads),),
        }
        if own["gradient"] == "in-array":  # the arrays are pulsed for every image
            own["pulses_per_update"] = tuple((pulses / config.batch_size).tolist())
        notes = [
            f"{name} = {getattr(settings, name)}, the training had {own[name]}"
            for name in own
            if name in given and getattr(settings, name) != own[name]
        ]
        if config.weights == "digits" and config.digits > 1:
            notes.append(
                f"the training had {config.digits} pairs per weight; arrays, drivers and converters are those of one"
            )
        used = dataclasses.replace(settings, **{name: value for name, value in own.items() if name not in given})
        return used, tuple(notes)

    @property
    def accuracy(self) -> dict[str, float]:
        """Test accuracy on chip, mean over the seeds, and of the float32 twins if there are any [1]."""
        found = {"on_chip": float(np.mean([result.chip.test_accuracy[-1] for result in self.results]))}
        twins = [result.float32.test_accuracy[-1] for result in self.results if result.float32 is not None]
        return found | ({"float32": float(np.mean(twins))} if twins else {})

    @staticmethod
    def _rate(result: TrainingResult, counted: np.ndarray, batches: float) -> float:
        """Return what was counted per device and batch, of so many batches per epoch, the last of which may be a part."""
        devices = sum(CELLS[result.config.weights][1] * weight.size for weight in result.hardware.weight)
        updates = (len(counted) - 1) * batches
        return (int(counted[-1]) - int(counted[0])) / (updates * devices) if updates else 0.0

    def _per_layer(self, result: TrainingResult, batches: float) -> np.ndarray:
        mean = self._rate(result, result.hardware.pulses, batches)
        received = np.array([layer.mean(dtype=float) for layer in result.hardware.pulses_received])
        sizes = np.array([layer.size for layer in result.hardware.pulses_received], float)
        overall = received @ sizes / sizes.sum()
        return mean * received / overall if overall else np.zeros(received.size)


def chip_of(config: TrainingConfig) -> dict[str, Any]:
    """Return the settings of a chip that a training tells: rule, batch, and if it has one its periphery.

    Bits that a training leaves open, floating point, are left to the settings of the chip.
    """
    bits = max((getattr(layer, "bits", 0) for layer in config.network.layers), default=0)
    own: dict[str, Any] = {"batch_size": config.batch_size, "gradient": GRADIENTS[config.rule]}
    own["cells"] = CELLS[config.weights][0]
    periphery = config.periphery
    if periphery is not None:
        own |= {"array_rows": periphery.tile.rows, "array_columns": periphery.tile.columns}
        own |= {"read_voltage": periphery.read.voltage}
        own |= {"subtraction": periphery.read.subtraction} if own["cells"] == "pair" else {}
        own["input_coding"] = {"serial": "bit-serial", "level": "multi-level"}[periphery.dac.coding]
        bits = periphery.dac.bits or bits
        if periphery.adc.bits:
            lines = min(periphery.adc.lines, periphery.tile.columns)
            own |= {"converter": periphery.adc.kind, "converter_bits": periphery.adc.bits}
            own["columns_per_converter"] = lines
        if not periphery.wires.ideal:
            own["on_resistance"] = 0.0  # the junction of the table, which the wires of the training met
    errors = (periphery.dac.bits if periphery is not None else 0) or config.network.error_bits
    return own | ({"input_bits": bits} if bits else {}) | ({"error_bits": errors} if errors else {})


def digital_notes(definition: NetworkDefinition, image_shape: tuple[int, ...], classes: int) -> tuple[str, ...]:
    """Return what of a network multiplies digitally, in the function units of a chip."""
    found = digital_products(definition, image_shape, classes)
    if not found:
        return ()
    total = sum(found.values())
    return (f"{', '.join(found)}: digital, {total} multiplications per image forward in the function units; "
            "the memory of digital weights is not in the cost",)  # fmt: skip


def wire_notes(synapse: Resistive, settings: ChipSettings, periphery: Periphery | None) -> tuple[str, ...]:
    """Return what wires do to the junctions of a chip: N^2/2 R_wire/R_on of the voltage is lost along N cells.

    Args:
        synapse: with the conductances of its table.
        settings: of the chip.
        periphery: of the training, whose wires count if it has any; 1 ohm per cell if not.
    """
    wires = None if periphery is None or periphery.wires.ideal else periphery.wires
    ohm = 1.0 if wires is None else max(wires.word_resistance, wires.bit_resistance)
    length = max(settings.array_rows, settings.array_columns)
    drawn = 1 / float(np.max(synapse.conductance))
    notes = []
    for what, on in (("the junction of the table", drawn), ("the junction of the chip", settings.on_resistance)):
        drop = 0.5 * length**2 * ohm / on if on else 0.0
        if drop > RUINOUS_DROP and (what.endswith("chip") or wires is not None or settings.on_resistance == 0):
            notes.append(f"wires of {ohm:g} ohm per cell take {drop:.0%} of the voltage along {length} cells that all conduct "
                         f"at {on:.3g} ohm, {what}: such arrays lose accuracy")  # fmt: skip
    if settings.on_resistance and not 0.5 < settings.on_resistance / drawn < 2:
        text = "without wires, where it does not matter" if wires is None else "through its wires"
        notes.append(f"the cost takes junctions of {settings.on_resistance:.3g} ohm (on_resistance), those of the table have "
                     f"{drawn:.3g} ohm, {text}")  # fmt: skip
    return tuple(notes)


@checked
def use_of_file(results: Sequence[TrainingResult], where: str) -> TrainingUse:
    """Return what a training file says.

    Args:
        results: all seeds of the file.
        where: its name for messages.

    Raises:
        InputError: the file does not say what its images are.
    """
    first = results[0]
    told = first.origin
    if not told:
        raise InputError(f'{where}: does not say what the images of the data set "{first.dataset}" are; train again')
    images = told["images"] - (0 if told["test_images"] else int(first.chip.confusion.sum()))
    images = round(images * (1 - first.config.validation_fraction))
    return TrainingUse(results=results, image_shape=tuple(told["image_shape"]), images=images)


BESIDE = ("sram-8-parallel", "sram-equal-parallel", "sram-best", "digital", "gpu")
"""Baselines shown beside a training."""


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingCost:
    """Cost of a training.

    Attributes:
        comparison: chip and baselines, per image.
        images: that one seed trained on, all epochs together [1].
        epochs: of them [1].
        accuracy: on chip and of the float32 twin [1].
        notes: where accuracy and cost are those of different chips, or wires would ruin them.
    """

    comparison: Comparison
    images: int
    epochs: int
    accuracy: dict[str, float]
    notes: tuple[str, ...]

    @property
    def chip(self) -> ChipCost:
        """The chip."""
        return self.comparison.chip


@checked
def training_cost(table: TransitionTable, use: TrainingUse, *, where: str = "table") -> TrainingCost:
    """Estimate the chip that did a training.

    Args:
        table: of the synapses.
        use: the training.
        where: name of the table for messages.

    Raises:
        InputError: the table holds no device.
    """
    synapse = synapse_of_table(table, where)
    used, notes = use.settings(ChipSettings())
    notes += (
        wire_notes(synapse, used, use.results[0].config.periphery) + use.digital_notes() + pulse_notes(synapse, used)
    )
    comparison = compare(use.layers(), used, synapse, names=BESIDE)
    return TrainingCost(comparison, use.epochs * use.images, use.epochs, use.accuracy, notes)


def summary_of(cost: TrainingCost) -> dict:
    """Return the cost as plain numbers for summaries."""
    chip = cost.chip
    energy, latency = chip.energy.sum(axis=(0, 2)), chip.latency.sum(axis=(0, 2))
    return {
        "node_nm": chip.facts["settings"]["node_nm"],
        "area_m2": chip.total_area,
        "energy_J_per_image": chip.total_energy(),
        "latency_s_per_image": chip.total_latency(),
        "inference_energy_J_per_image": chip.total_energy("forward"),
        "inference_latency_s_per_image": chip.total_latency("forward"),
        "training_energy_J": cost.images * chip.total_energy(),
        "training_latency_s": cost.images * chip.facts["image_interval_s"],
        "merits": merits(chip),
        "uncertainty_factor": dict(UNCERTAINTY),
        "pulses_per_cell": endurance(chip, cost.epochs),
        "accuracy": cost.accuracy,
        "notes": list(cost.notes),
        "settings": chip.facts["settings"],
        "blocks": {
            block: {"area_m2": float(a), "energy_J_per_image": float(e), "latency_s_per_image": float(t)}
            for block, a, e, t in zip(BLOCKS, chip.area, energy, latency, strict=True)
        },
        "arrays_per_layer": dict(zip(chip.layers, chip.facts["arrays_per_layer"], strict=True)),
        "utilization": chip.facts["utilization"],
        "ratios": cost.comparison.ratios(),
    }


def cost_lines(cost: dict) -> list[str]:
    """Return a line about the chip, and one for each note, from what `summary_of` returns."""
    ratio, chip = cost["ratios"]["sram-8-parallel"], cost["settings"]
    line = (
        f"  chip at {cost['node_nm']:g} nm: {1e6 * cost['area_m2']:.3g} mm2; training image "
        f"{with_prefix(cost['energy_J_per_image'], 'J')}, {time_text(cost['latency_s_per_image'])}; inference "
        f"{with_prefix(cost['inference_energy_J_per_image'], 'J')}, "
        f"{time_text(cost['inference_latency_s_per_image'])}; 8-bit SRAM takes {ratio['area']:.2g} x the area, "
        f"{ratio['energy']:.2g} x the energy, {ratio['latency']:.2g} x the time; arrays of {chip['array_rows']} x "
        f"{chip['array_columns']}, {chip['converter_bits']}-bit {chip['converter']} converters, {chip['input_bits']}-bit "
        "inputs"
    )
    return [line, *(f"  note: {note}" for note in cost["notes"])]


def block_rows(cost: dict) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table of blocks: name, area, energy, latency, from what `summary_of` returns."""
    rows = []
    for name, block in cost["blocks"].items():
        values = (block["area_m2"], block["energy_J_per_image"], block["latency_s_per_image"])
        if any(values):
            area, energy, latency = values
            rows.append((name, f"{1e12 * area:.0f}", with_prefix(energy, "J"), time_text(latency)))
    totals = np.array([[*block.values()] for block in cost["blocks"].values()]).sum(axis=0)
    rows.append(("total", f"{1e12 * totals[0]:.0f}", with_prefix(totals[1], "J"), time_text(totals[2])))
    return tuple(rows)
