"""The subcommand `cost`."""

import argparse
import dataclasses
import math

from arraysim.cost.settings import ChipSettings
from dwcore.errors import InputError
from dwcore.storage.notes import notes_in, united
from dwsynapse.given import Given
from dwsynapse.options import emit, need_figure, path, run_variation, whole_number, writable_folder
from dwsynapse.settings import Settings

SETTINGS = Settings("cost", {"chip": ChipSettings}, options={"node_nm": "--node"})

IMAGES = {"vgg8": ((32, 32, 3), 10), "lenet": ((28, 28, 1), 10), "mlp": ((8, 8, 1), 10),
          "resnet8": ((32, 32, 3), 10), "resnet20": ((32, 32, 3), 10), "mobilenet-small": ((32, 32, 3), 10)}  # fmt: skip
"""Images and classes that the presets are made for: CIFAR-10, MNIST, the built-in digits."""

OF_BASELINES = [f"chip.{name}" for name in ("backward_bits", "bit_combination", "cell_capacitance", "dcim_bits", "dcim_share",
                                            "digital_macs", "digital_weights", "weight_bits")]  # fmt: skip
"""Settings that only the chips feel which this one is compared with."""
OF_TRAINING = {f"chip.{name}": "training = true"
               for name in ("batch_size", "gradient_macs", "gradient_memory", "write_voltage")}  # fmt: skip
"""What the chip itself needs; its baselines and its merits feel these in any case."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "--network", metavar="NAME", help="vgg8 (default), vgg8:0.25, lenet, mlp:256,128, or a TOML file with --image"
    )
    parser.add_argument(
        "--image",
        type=_shape,
        metavar="H,W,C",
        help="rows, columns and channels of an image: a preset has its own, a TOML file needs them",
    )
    parser.add_argument("--classes", type=whole_number(2), metavar="N", help="classes (default 10)")
    parser.add_argument("--device", metavar="DEVICE", help="synapse: shipped device or TOML file (default five_state)")
    parser.add_argument(
        "--table",
        type=path,
        metavar="FILE",
        help="transition table, [synapse] TOML or shipped synapse",
    )
    parser.add_argument(
        "--training", type=path, metavar="FILE", help="training file: its network and the pulses it took"
    )
    parser.add_argument("--chip", type=path, metavar="TOML", help="settings of the chip")
    SETTINGS.add_to(parser, figures="the figures in the folder of -o")
    parser.add_argument("--explain", metavar="BLOCK", help="how the figures of a block came about")
    parser.add_argument(
        "--sensitivity", metavar="BASELINE", help="change every assumption: effect on the ratios to a baseline"
    )
    parser.add_argument(
        "--paper", action="store_true", help="from the ratios of the founding paper to fair ones, choice by choice"
    )
    parser.add_argument("-o", "--out", type=path, metavar="FOLDER", help="write cost.json and the figures here; with "
                        "--vary a file: the results, or a figure of them")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite what exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(series=_series)


def _shape(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(f"{text!r} must be rows, columns and channels of an image, such as 32,32,3")
    return tuple(whole_number(1)(part) for part in parts)


def run(arguments: argparse.Namespace) -> None:
    """Estimate a chip and its baselines."""
    from arraysim.cost.comparison import AT_EQUAL_ACCURACY, compare
    from arraysim.cost.document import chip_lines, comparison_document, explain_lines, ratio_lines
    from arraysim.cost.sensitivity import sensitivities

    given = _given(arguments)
    _check_baseline(arguments.sensitivity)
    if arguments.out is None:
        need_figure(arguments, "the figures in the folder of -o")
    if given.axes:
        if arguments.explain or arguments.sensitivity or arguments.paper:
            raise InputError("cost: --explain, --sensitivity and --paper are of one chip and do not go with --vary")
        run_variation(arguments)
        return
    synapse, device, strained = _synapse(arguments)
    if arguments.paper:
        _paper(arguments, given, synapse, device, strained)
        return
    found = _network(arguments, synapse, given)
    layers, settings, network = found.layers, found.settings, found.network
    if arguments.out is not None:
        writable_folder(arguments.out, arguments.force)
    result = compare(layers, settings, synapse)
    equal = compare(layers, dataclasses.replace(settings, converter_bits=0), synapse, names=AT_EQUAL_ACCURACY)
    document = {
        "network": network,
        "device": device,
        "accuracy": found.accuracy,
        "notes": _notes(synapse, strained, found),
        **comparison_document(result, images_per_epoch=settings.images_per_epoch, network=network, equal=equal),
    }
    lines = [*chip_lines(result.chip, network), "", *ratio_lines(result, network, equal)]
    if found.accuracy:
        means = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in found.accuracy.items())
        lines += ["", f"test accuracy of this training: {means}"]
    shown = document
    if arguments.explain:
        lines = explain_lines(result.chip, arguments.explain)
        shown = {"block": arguments.explain, "derivation": document["derivation"].get(arguments.explain, [])}
        shown["notes"] = document["notes"]
    changes = None
    if arguments.sensitivity:
        changes = sensitivities(layers, settings, synapse, baseline=arguments.sensitivity)
        lines += _sensitivity(document, changes, arguments.sensitivity)
        shown |= {"sensitivity": document["sensitivity"]}
    if arguments.out is not None:
        title = f"{network} with {_subject(arguments)}, {settings.node_nm:g} nm"
        figures = _figures(result, changes, found.accuracy, width=arguments.width, title=title)
        _write(arguments.out, document, figures, force=arguments.force)
        lines.append(f"  written to {arguments.out}")
    emit(arguments, shown, lines)


def _given(arguments: argparse.Namespace) -> Given:
    """Return what the options and the chip file say."""
    from arraysim.cost.settings import load_settings
    from dwcore.toml import read_toml

    given = SETTINGS.given(arguments)
    if arguments.chip is not None:
        sound = load_settings(arguments.chip, given["chip"])
        given.under({"chip": {name: getattr(sound, name) for name in read_toml(arguments.chip)}}, str(arguments.chip))
    if given.axes:
        given.refuse("is of the baselines, and --vary estimates the chip alone", *OF_BASELINES)
    SETTINGS.check_effect(given, more=OF_TRAINING if given.axes else {})
    return given


def _paper(arguments: argparse.Namespace, given: Given, synapse, device: str, strained: list[str]) -> None:
    """Print the ratios of the founding paper and how they become fair ones.

    Raises:
        InputError: a network or a setting is given; both are those of the comparison.
    """
    from arraysim.cost.document import paper_lines
    from arraysim.cost.founding_paper import NETWORKS, PAPER, paper_ratios
    from arraysim.networks.crossbars import array_layers
    from arraysim.networks.presets import network_from

    others = ("chip", "training", "explain", "sensitivity", "image", "classes", "out", "force")
    if given["chip"] or any(getattr(arguments, name) for name in others):
        raise InputError(
            "cost: --paper compares chips of its own and takes no other option than --device, --table and --json"
        )
    if arguments.network not in (None, *NETWORKS):
        raise InputError(f"cost: --network {arguments.network} does not go with --paper, whose network is vgg8")
    found = paper_ratios(array_layers(network_from("vgg8"), *IMAGES["vgg8"]), synapse)
    choices = [{"choice": text, "ratios": ratios} for text, ratios in found]
    result = {"device": device, "paper": PAPER, "choices": choices, "notes": strained}
    emit(arguments, result, paper_lines(found))


def _check_baseline(name: str | None) -> None:
    from arraysim.cost.comparison import BASELINES
    from dwcore.errors import nearest

    if name is not None and name not in BASELINES:
        raise InputError(f'baseline "{name}" is unknown{nearest(name, BASELINES)}')


def _synapse(arguments: argparse.Namespace):
    from arraysim.cost.cell import synapse_of
    from llg.device.device_file import load_device

    if arguments.table is None:
        from dwsynapse.derived import device_notes

        device = load_device(arguments.device or "five_state")
        return synapse_of(device), device.name, device_notes(device, [])
    from arraysim.cost.cell import synapse_of_law, synapse_of_table
    from arraysim.synapses.source import synapses_from
    from compact.exchange.synapse_table import table_of

    if arguments.device is not None:
        raise InputError("--device and --table must not be given together: a table names its device")
    if str(arguments.table).partition(":")[0] == "ladder":
        ideal = synapse_of_law(synapses_from(arguments.table).law, str(arguments.table))
        return dataclasses.replace(ideal, pulse_energy=math.nan), ideal.name, []  # that of the law is a stand-in
    table = table_of(arguments.table)
    synapse = synapse_of_table(table, str(arguments.table))
    return synapse, synapse.name, table.notes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placed:
    """A network on a chip: its crossbars, settings and name; accuracy and notes if it comes from a training.

    What strains the model of the synapses that were trained stands apart, for the table of the cost may say the same.
    """

    layers: list
    settings: ChipSettings
    network: str
    accuracy: dict[str, float] | None = None
    notes: tuple[str, ...] = ()
    strained: list[str] = dataclasses.field(default_factory=list)


def _other_synapse(arguments: argparse.Namespace, synapse, origin: dict) -> tuple[str, ...]:
    """Return a note where the synapses of the cost are not known to be those that were trained.

    Args:
        arguments: as parsed.
        synapse: of the cost.
        origin: root attributes of the training file.
    """
    from dwcore.storage.provenance import input_hashes

    trained = set(origin["inputs"].values())
    if (
        arguments.table is not None
        and arguments.table.is_file()
        and trained & set(input_hashes([arguments.table]).values())
    ):
        return ()
    return (f"accuracy and pulses are those of the synapses that were trained; {arguments.training} does not say that they "
            f"were {synapse.name}, whose area and energy these are; --table names the table that it was trained with",)  # fmt: skip


def _network(arguments: argparse.Namespace, synapse, given: Given) -> Placed:
    from arraysim.cost.of_training import digital_notes
    from arraysim.networks.crossbars import array_layers
    from arraysim.networks.presets import network_from

    settings = ChipSettings(**given["chip"])
    if arguments.training is not None:
        if arguments.network is not None:
            raise InputError("--network and --training must not be given together: a training file holds its network")
        if arguments.image is not None or arguments.classes is not None:
            raise InputError("--image and --classes must not be given with --training: its file holds both")
        from arraysim.cost.of_training import use_of_file, wire_notes
        from arraysim.training.file import load_training
        from dwcore.storage.files import open_checked, provenance

        use = use_of_file(load_training(arguments.training), str(arguments.training))
        settings, notes = use.settings(settings, given["chip"])
        config = use.results[0].config
        with open_checked(arguments.training) as file:
            origin = provenance(file)
        notes += wire_notes(synapse, settings, config.periphery) + use.digital_notes()
        notes += _other_synapse(arguments, synapse, origin)
        return Placed(
            layers=use.layers(), settings=settings, network=config.network.name, accuracy=use.accuracy, notes=notes,
            strained=notes_in(origin["config"]),
        )  # fmt: skip
    text = arguments.network or "vgg8"
    definition = network_from(text)
    shape = arguments.image or IMAGES.get(text.partition(":")[0], (None,))[0]
    if shape is None:
        raise InputError(f"{text}: needs --image, rows, columns and channels of an image, such as --image 32,32,3")
    classes = arguments.classes or 10
    layers, notes = array_layers(definition, shape, classes), digital_notes(definition, shape, classes)
    return Placed(layers=layers, settings=settings, network=definition.name, notes=notes)


def _notes(synapse, strained: list[str], found: Placed) -> list[str]:
    """Return what is to be known beside a cost, one line each; where the synapses strain their model first."""
    from arraysim.cost.cell import pulse_notes

    return [*united(strained, found.strained), *found.notes, *pulse_notes(synapse, found.settings)]


def _series(arguments: argparse.Namespace):
    """Return the estimates over what is varied."""
    from arraysim.cost.document import chip_document
    from arraysim.cost.estimate import chip_cost
    from dwsynapse.series import Measured, Series
    from dwsynapse.variation import Outcome

    given = _given(arguments)
    synapse, device, strained = _synapse(arguments)
    start = _network(arguments, synapse, next(given.points()))

    def measure(point: Given, index, known) -> Measured:
        one = _network(arguments, synapse, point)
        cost = chip_cost(one.layers, one.settings, synapse)
        chip = chip_document(cost, images_per_epoch=one.settings.images_per_epoch)
        return {name: [chip[name]["total"]] for name in outcomes}, _notes(synapse, strained, one)

    outcomes = {
        "area_m2": Outcome(meaning="area", unit="m^2"),
        "energy_J_per_image": Outcome(meaning="energy per image", unit="J"),
        "latency_s_per_image": Outcome(meaning="time per image", unit="s"),
    }
    config = {
        "device": device,
        "network": start.network,
        "layers": [dataclasses.asdict(layer) for layer in start.layers],
    }
    files = [path for path in (arguments.table, arguments.training, arguments.chip) if path]
    return Series(command="cost", given=given, seeds=(0,), outcomes=outcomes, measure=measure,
                  check=lambda point: _network(arguments, synapse, point),
                  config=config | {"given": dict(given)}, inputs=[str(path) for path in files])  # fmt: skip


def _sensitivity(document: dict, found, baseline: str) -> list[str]:
    from arraysim.cost.document import sensitivity_document

    base, assumptions = found
    document["sensitivity"] = sensitivity_document(base, assumptions, baseline)
    lines = ["", f"{'assumption':28} {'from':>12} {'to':>12} {'area':>17} {'energy':>17} {'latency':>17}"]
    for one in assumptions[:20]:
        cells = (f"{one.low_ratios[key]:8.3g} {one.high_ratios[key]:8.3g}" for key in ("area", "energy", "latency"))
        lines.append(f"{one.name:28} {one.low:>12} {one.high:>12} {' '.join(cells)}")
    return lines


def _subject(arguments: argparse.Namespace) -> str:
    """Return which synapses these are, in words, for the titles of figures."""
    from arraysim.synapses.source import synapses_from
    from llg.device.device_file import load_device
    from llg.drawing.device_plots import device_text

    if arguments.table is None:
        return device_text(load_device(arguments.device or "five_state"))
    return synapses_from(arguments.table).subject


def _figures(result, found, accuracy: dict[str, float] | None, *, width: float | None, title: str) -> dict:
    """Draw a comparison, and what is known beside it; return the figures by name.

    Args:
        result: the chip and its baselines.
        found: what the assumptions change, if that was asked for.
        accuracy: of a training, if there is one.
        width: of the figures; by default that of screens [inch].
        title: which network, synapses and node.
    """
    from arraysim.drawing.cost_plots import comparison_figure, plot_accuracy, plot_phases, plot_tornado, shares_figure
    from dwcore.canvas.line_breaks import entitle
    from dwcore.canvas.style import figure_of, own_look

    with own_look(width):
        figures = {
            "comparison": comparison_figure(result),
            "shares": shares_figure(result.chip),
            "energy": figure_of(plot_phases(result.chip)),
            "latency": figure_of(plot_phases(result.chip, what="latency")),
        }
        if accuracy is not None:
            for what in ("energy", "area"):
                figures[f"accuracy_{what}"] = figure_of(plot_accuracy(result, accuracy, what=what))
        if found is not None:
            for ratio in ("area", "energy", "latency"):
                figures[f"tornado_{ratio}"] = figure_of(plot_tornado(found, ratio=ratio))
        for figure in figures.values():
            entitle(figure, title)
    return figures


def _write(folder, document: dict, figures: dict, *, force: bool) -> None:
    import json

    from dwcore.canvas.figure_file import save_figure
    from dwcore.storage.atomic import replacing

    with replacing(folder / "cost.json", force=force) as temporary:
        temporary.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for name, figure in figures.items():
        save_figure(folder / f"{name}.png", figure, force=force)
