"""The cost model next to the printed figures of DNN+NeuroSim 2.1, thirteen configurations of VGG8 at 32 nm.

The figures lie in ../shared/reference/neurosim_vgg8.json beside a checkout. Settings are those of the tool where it
states them; where the tool states none or counts in another way, the list `CHOICES` says what is taken. No constant is
fitted.

    python benchmarks/cost_against_neurosim.py            # tables in Markdown
    python benchmarks/cost_against_neurosim.py --json     # all pairs of figures
    python benchmarks/cost_against_neurosim.py --comparator 3.4   # what the tool's comparator would change
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from arraysim.cost.cell import Resistive
from arraysim.cost.components import Parts
from arraysim.cost.estimate import chip_cost
from arraysim.cost.founding_paper import WITHOUT, shrinking_comparators
from arraysim.cost.ledger import BLOCKS, ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.networks.crossbars import ArrayLayer

REFERENCE = Path(__file__).parents[2] / "shared/reference/neurosim_vgg8.json"
IMAGES = 50000
CHOICES = (
    "positions of convolutions are those that the tool counts, (H - K + 1)^2",
    "copies per layer are the duplication that the tool prints",
    "three levels of register-file buffers (chip, tile, processing element), 128 bits per clock each: one row of its cores",
    "bus of 1024 bits: the tool chooses its own widths and does not print them",
    "devices conduct for 1 ns per read: the tool is told 10 ns, but its latency counts 0.8 ns and its energy follows that",
    "bits of the errors are 1 as often as those of the inputs (not printed)",
    "no reuse of inputs between positions: its printed buffer energy is that of the traffic without",
    "gradients in a digital unit instead of SRAM arrays with converters of their own",
)
LAYERS = (
    ("conv1", "conv", 27, 128, 900, 32 * 32 * 3, 32 * 32 * 128),
    ("conv2", "conv", 1152, 128, 900, 32 * 32 * 128, 32 * 32 * 128),
    ("conv3", "conv", 1152, 256, 196, 16 * 16 * 128, 16 * 16 * 256),
    ("conv4", "conv", 2304, 256, 196, 16 * 16 * 256, 16 * 16 * 256),
    ("conv5", "conv", 2304, 512, 36, 8 * 8 * 256, 8 * 8 * 512),
    ("conv6", "conv", 4608, 512, 36, 8 * 8 * 512, 8 * 8 * 512),
    ("linear1", "linear", 8192, 1024, 1, 8192, 1024),
    ("linear2", "linear", 1024, 10, 1, 1024, 10),
)
FIELDS = ("name", "kind", "rows", "columns", "positions", "input_values", "output_values")
BANDWIDTH_BITS_PER_S = 15.2e12


def layers() -> list[ArrayLayer]:
    """VGG8 as the tool counts it."""
    named = [dict(zip(FIELDS, layer, strict=True)) for layer in LAYERS]
    return [ArrayLayer(**layer, kernel=3 if layer["kind"] == "conv" else 1) for layer in named]


def estimate(name: str, configuration: dict, reference: dict, comparator_fJ: float | None = None) -> ChipCost:
    """The same configuration in this model, with another energy of its comparators if given."""
    shipped = reference["shipped_parameters"]
    override = {**shipped, **configuration["overrides_vs_shipped"]}
    activity = reference["traces"]["b8" if name.startswith("sram_8") else "b5"]["input_bit_activity_per_layer"]
    sram = name.startswith("sram")
    settings = ChipSettings(
        converter="sar" if override.get("SARADC") else "flash",
        converter_bits=6,
        readout="sequential" if "sequential" in name else "parallel",
        backward_converters="own" if override["parallelBP"] else "shared",
        cells="single",
        weight_bits=override["wl_weight"],
        cell_area_F2=160.0 if sram else 4.0 * override.get("widthInFeatureSize1T1R", 4),
        on_resistance=override["resistanceOn_ohm"],
        read_voltage=override["readVoltage_V"],
        read_pulse=1e-9,
        copies=tuple(configuration["results"]["floorplan"]["weight_duplication_speedup_per_layer"]),
        input_activity=tuple(activity),
        error_activity=tuple(activity),
        pulses_per_update=(updated_share(configuration["traces"], reference),),
        gradient="per-image",
        gradient_memory="off-chip",
        activations="off-chip",
        gradient_bits=15,
        input_reuse="none",
        buffer="register-file",
        buffer_levels=3,
        buffer_port_bits=128,
        **WITHOUT,
    )
    factors = {"HBM2_bandwidth": BANDWIDTH_BITS_PER_S / 2.05e12, **shrinking_comparators(32)}
    if comparator_fJ is not None:
        factors["comparator_energy"] = 1e-15 * comparator_fJ / Parts(technology(32))["comparator_energy"]
    return chip_cost(layers(), settings, None if sram else synapse(override), factors=factors, name=name)


def updated_share(trace: str, reference: dict) -> float:
    """Share of the weights that an iteration of the tool's traces changes [1]."""
    return max(reference["traces"][trace]["updated_weight_fraction_by_max_level"].values())


def synapse(override: dict) -> Resistive:
    """The tool's two-terminal cell: the write current flows through the read resistance."""
    low, high = 1 / override["resistanceOff_ohm"], 1 / override["resistanceOn_ohm"]
    voltage, time = override["writeVoltage_V"], override["writePulseWidth_s"]
    G = np.linspace(low, high, override["maxNumLevelLTP"])
    return Resistive(
        name="resistor",
        conductance=G,
        length=0.0,
        breadth=0.0,
        pulse_energy=2 * voltage**2 * time * float(G.mean()),
        pulse_current=0.0,
        pulse_voltage=voltage,
        pulse_time=time,
    )


def compare(cost: ChipCost, printed: dict) -> dict[str, tuple[float, float]]:
    """Pairs (this model, the tool) of areas [mm^2], energies [J] and latencies [s] per epoch."""
    area = dict(zip(BLOCKS, 1e6 * cost.area, strict=True))
    tool, pairs = printed["area_mm2"], {}
    pairs["area chip"] = (1e6 * cost.total_area, tool["chip_total_mm2"])
    pairs["area arrays"] = (area["arrays"], tool["synaptic_array_fw_ag_mm2"])
    pairs["area converters"] = (area["converters"], tool["adc_or_senseamp_precharger_mm2"])
    accumulation = area["shift-and-add"] + area["adder trees"] + area["accumulators"]
    pairs["area accumulation"] = (accumulation, tool["accumulation_mm2"])
    pairs["area interconnect"] = (area["interconnect"], tool["interconnect_mm2"])
    other = area["drivers"] + area["multiplexers"] + area["buffers"] + area["function units"]
    pairs["area other"] = (other, tool["other_periphery_buffers_pooling_activation_mm2"])
    pairs["area gradient unit"] = (area["gradient unit"], tool["weight_gradient_unit_mm2"])
    for ours, its in (("forward", "forward"), ("backward", "activation_gradient"),
                      ("weight gradient", "weight_gradient"), ("update", "weight_update")):  # fmt: skip
        pairs[f"energy {ours}"] = (IMAGES * cost.total_energy(ours), printed["energy_per_epoch_J"][its])
        pairs[f"latency {ours}"] = (IMAGES * cost.total_latency(ours), printed["latency_per_epoch_s"][its])
    pairs["energy total"] = (IMAGES * cost.total_energy(), printed["energy_per_epoch_J"]["total"])
    pairs["latency total"] = (IMAGES * cost.total_latency(), printed["latency_per_epoch_s"]["total"])
    for kind, book in (("energy", cost.energy), ("latency", cost.latency)):
        total = IMAGES * book[:, :, :2].sum(axis=(0, 2))
        part = dict(zip(BLOCKS, total, strict=True))
        its = printed[f"printed_breakdown_{kind}_per_epoch_{'J' if kind == 'energy' else 's'}"]
        pairs[f"{kind} converters, fw + bw"] = (part["converters"], its["adc"])
        summed = part["shift-and-add"] + part["adder trees"] + part["accumulators"]
        pairs[f"{kind} accumulation, fw + bw"] = (summed, its["accumulation"])
        arrays = part["arrays"] + part["drivers"] + part["multiplexers"]
        pairs[f"{kind} arrays and drivers, fw + bw"] = (arrays, its["synaptic_array_without_adc"])
        moved = IMAGES * book[:, [BLOCKS.index("buffers"), BLOCKS.index("interconnect")]].sum()
        pairs[f"{kind} buffers and interconnect, all"] = (moved, its["buffer"] + its["interconnect"])
    return pairs


def run(reference: dict, comparator_fJ: float | None = None) -> dict:
    """All configurations."""
    result = {}
    for name, configuration in reference["configurations"].items():
        cost = estimate(name, configuration, reference, comparator_fJ)
        result[name] = compare(cost, configuration["results"])
    return result


def table(result: dict) -> str:
    """The ratios, this model over the tool, as Markdown."""
    names = list(result)
    rows = list(next(iter(result.values())))
    lines = ["| this model/tool | " + " | ".join(str(i + 1) for i in range(len(names))) + " |"]
    lines.append("|---" * (len(names) + 1) + "|")
    for row in rows:
        cells = [f"{ours / its:.2f}" if its else "–" for ours, its in (result[name][row] for name in names)]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{i + 1}. `{name}`" for i, name in enumerate(names))]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--absolute", metavar="NAME", help="both figures of one configuration")
    parser.add_argument(
        "--comparator", type=float, metavar="FJ", help="energy of a comparator instead of the published"
    )
    arguments = parser.parse_args()
    if not REFERENCE.exists():
        sys.exit(f"{REFERENCE} is absent: nothing to compare with")
    reference = json.loads(REFERENCE.read_text())
    result = run(reference, arguments.comparator)
    if arguments.json:
        print(json.dumps(result))
    elif arguments.absolute:
        for row, (ours, its) in result[arguments.absolute].items():
            print(f"{row:45s} {ours:12.5g} {its:12.5g} {ours / its if its else 0:8.2f}")
    else:
        print(table(result))


if __name__ == "__main__":
    main()
