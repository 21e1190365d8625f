"""Every choice that an estimate makes, visible and with its default."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dwcore.parameters import Parameters, flag, numbers, quantity, whole, word
from dwcore.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChipSettings(Parameters):
    """A chip: node, arrays, converters, memories, and what a training step moves where."""

    node_nm: float = quantity("node, 7 to 130 nm", "nm", default=32.0, ge=7, le=130)
    transistors: str = word("LP: low standby power; HP: high performance", default="LP", choices=("LP", "HP"))
    supply: float | None = quantity("supply voltage; that of the node if not given", "V", default=None, gt=0)
    clock: float = quantity("clock of converters, logic and buffers", "Hz", default=1e9, ge=1e3, le=1e12)

    array_rows: int = whole("rows of an array", default=128, ge=1, le=4096)
    array_columns: int = whole("columns of an array", default=128, ge=1, le=4096)
    arrays_per_tile: int = whole("arrays that share a branch of the interconnect", default=64, ge=1)
    duplication: str = word(
        "copies of a layer that work on different positions; fill-tile: as many as fit into a tile",
        default="none",
        choices=("none", "fill-tile"),
        needs="copies = none",
    )
    copies: tuple[float, ...] = numbers("copies of each layer, replaces duplication", "1")

    readout: str = word(
        "parallel: all rows at once, through converters; sequential: row by row, through sense amplifiers, added "
        "digitally; digital: SRAM weights multiplied and added by logic beside the cells",
        default="parallel",
        choices=("parallel", "sequential", "digital"),
    )
    front_end: str = word(
        "what holds a column of devices while its current is read: clamp, an amplifier; none leaves it out",
        default="clamp",
        choices=("clamp", "none"),
    )
    clamps: str = word(
        "converter: a clamp for every column that a converter reads at once; column: one for every column",
        default="converter",
        choices=("converter", "column"),
        needs="readout = parallel and front_end = clamp",
    )
    column_current: str = word(
        "held: devices conduct during the whole conversion; gated: during the read, a capacitor holds what is converted",
        default="held",
        choices=("held", "gated"),
    )
    mirror: float = quantity(
        "copies of the current of a column that the read-out draws from the supply beside it",
        "1",
        default=1.0,
        ge=0,
        needs="readout = parallel and front_end = clamp",
    )
    subtraction: str = word(
        "of the columns of a pair: analog, before one converter; digital, after two conversions",
        default="analog",
        choices=("analog", "digital"),
        needs="cells = pair",
    )
    reference_columns: int = whole(
        "columns beside those of an array with which single cells are compared", default=1, needs="cells = single"
    )
    bit_combination: str = word(
        "of the bits of SRAM weights: digital, each is converted; analog, in weighted capacitors before one converter",
        default="digital",
        choices=("digital", "analog"),
    )
    converter: str = word(
        "kind of ADC; sar: one clock per bit; sar-fast: a published one of 1.2 GS/s; flash: one clock; "
        "ramp: 2^bits clocks",
        default="sar",
        choices=("sar", "sar-fast", "flash", "ramp"),
    )
    backward_bits: str = word(
        "of SRAM weights, whose columns send errors: apart, one significance after the other; together, in one analog sum",
        default="apart",
        choices=("apart", "together"),
        needs="training = true",
    )
    converter_bits: int = whole(
        "bits of a converter (ADC); 0: those of a full sum of a column of the design's own cells", default=6, le=16
    )
    converter_floor: bool = flag(
        "no converter takes less than those published in compute-in-memory chips", default=True
    )
    columns_per_converter: int = whole("columns that share a converter", default=8, ge=1)
    backward_converters: str = word(
        "shared: rows use the converters of the columns; own: rows have converters of their own",
        default="shared",
        choices=("shared", "own"),
        needs="training = true",
    )
    input_coding: str = word(
        "bit-serial: one read per bit; multi-level: one read through a converter per row",
        default="bit-serial",
        choices=("bit-serial", "multi-level"),
    )
    input_bits: int = whole("bits of the activations", default=8, ge=1, le=16)
    error_bits: int = whole("bits of the errors", default=8, ge=1, le=16, needs="training = true")
    input_activity: tuple[float, ...] = numbers(
        "share of the input bits that are 1, of all layers or of each", "1", default=(0.15,)
    )
    error_activity: tuple[float, ...] = numbers(
        "share of the error bits that are 1, of all layers or of each",
        "1",
        default=(0.5,),
        needs="training = true",
    )

    cells: str = word(
        "cells per weight of a device: pair, or one per weight", default="pair", choices=("pair", "single")
    )
    weight_bits: int = whole("bits per weight of a memory with one bit per cell", default=8, ge=1, le=16)
    cell_capacitance: float = quantity(
        "capacitor with which an SRAM cell adds to its column; parallel readout", "F", default=1.2e-15, ge=0
    )
    dcim_bits: int = whole("bits of each input that are multiplied at once; digital readout", default=1, ge=1, le=16)
    dcim_share: int = whole("SRAM weights that share a multiplier; digital readout", default=8, ge=1)
    cell_area_F2: float = quantity(
        "area of a cell in squares of the node; 0 takes that of the device", "1", default=0.0, ge=0, le=1e6
    )
    on_resistance: float = quantity(
        "resistance of the most conducting state, set by the barrier of the junction; 0 takes that of the device",
        "ohm",
        default=100e3,
        ge=0,
        plausible=(1, 1e12, "kohm"),
    )
    read_voltage: float = quantity("voltage across a device that is read", "V", default=0.1, gt=0, le=10)
    read_pulse: float = quantity("time for which a device conducts in one read", "s", default=1e-9, gt=0, le=1e3)
    read_time: float = quantity(
        "time per read that the latency counts; 0: the longer of read_pulse and the settling of the lines",
        "s",
        default=0.0,
        ge=0,
        le=1e3,
    )
    pulse_energy: float = quantity(
        "energy of a write pulse in a device; 0: that of the device or table", "J", default=0.0, ge=0, le=1
    )
    pulse_time: float = quantity(
        "duration of a write pulse with its edges; 0: that of the device or table",
        "s",
        default=0.0,
        ge=0,
        le=1e3,
        needs="training = true",
    )
    write_voltage: float = quantity(
        "rail that the write current comes from; 0: the supply, or the drop along the device if that is more",
        "V",
        default=0.0,
        ge=0,
    )
    write_current_limit: float = quantity(
        "largest write current of the chip, for which rows wait; 0: no limit",
        "A",
        default=0.0,
        ge=0,
        needs="training = true",
    )
    pulses_per_update: tuple[float, ...] = numbers(
        "write pulses per device and batch, of all layers or of each",
        "1",
        default=(0.015,),
        needs="training = true",
    )
    reads_per_update: tuple[float, ...] = numbers(
        "devices read one by one to choose pulses, per device and batch, of all layers or of each",
        "1",
        default=(0.0,),
        needs="training = true",
    )

    training: bool = flag("the chip trains; false leaves out the gradient unit and three phases", default=True)
    batch_size: int = whole("images per update", default=200, ge=1)
    images_per_epoch: int = whole("images per epoch", default=50000, ge=1)
    gradient: str = word(
        "where weight gradients are summed: per-image moves that of every image to the gradient memory and back, "
        "per-batch only the sum over a batch; in-array sends pulses for every image and has no gradient unit",
        default="per-batch",
        choices=("per-image", "per-batch", "in-array"),
        needs="training = true",
    )
    gradient_memory: str = word(
        "memory that holds one gradient per weight; auto: on the chip if that takes no more than 1 MiB",
        default="auto",
        choices=("auto", "off-chip", "on-chip"),
    )
    gradient_bits: int = whole("bits of a weight gradient", default=16, ge=1, le=32, needs="training = true")
    gradient_macs: int = whole(
        "multipliers of the gradient unit; 0: a power of two near a 64th of the weights, 16 to 1024", default=0
    )

    input_reuse: str = word(
        "how often an input enters the arrays forward, and its error leaves them backward: none, with every kernel that "
        "covers it; column, once per row of kernels, which pass it on; full, once per image",
        default="column",
        choices=("none", "column", "full"),
    )
    buffer: str = word("kind of the on-chip buffer", default="sram", choices=("sram", "register-file"))
    buffer_bank_bits: int = whole("bits of a bank of the buffers; 0: one bank each", default=2**18)
    buffer_port_bits: int = whole("bits that the buffer moves per clock", default=1024, ge=1)
    buffer_levels: int = whole(
        "buffers one after the other between layers, such as those of chip, tile and array", default=1, ge=1, le=8
    )
    network: str = word("interconnect between tiles", default="h-tree", choices=("h-tree", "mesh"))
    overlap: str = word(
        "layer: what is read, converted, added and moved for one position overlaps with the next; none: one after the "
        "other",
        default="layer",
        choices=("layer", "none"),
    )
    pipeline: str = word(
        "layers: each layer works on an image of its own, with two buffers in front of it; none: one after the other",
        default="layers",
        choices=("layers", "none"),
    )
    power_gating: bool = flag("arrays and what belongs to them leak only while their layer works", default=False)
    control: bool = flag("timing, control and references of the arrays, as a share of them", default=True)
    bus_bits: int = whole("bits that the interconnect moves per clock", default=1024, ge=1)
    activations: str = word(
        "memory that keeps activations and errors for the weight gradient; auto: on the chip up to 1 MiB",
        default="auto",
        choices=("auto", "off-chip", "on-chip"),
        needs="training = true",
    )
    digital_macs: int = whole("multipliers of the digital baseline; 0: four times gradient_macs", default=0)
    digital_weights: str = word(
        "memory that holds the weights of the digital baseline; auto: on the chip up to 1 MiB",
        default="auto",
        choices=("auto", "off-chip", "on-chip"),
    )
    off_chip: str = word("off-chip memory", default="HBM2", choices=("HBM2", "DDR"))

    def problems(self) -> Iterator[str]:
        """Yield shares outside 0 to 1 and counts that do not fit."""
        for name in ("input_activity", "error_activity"):
            values = getattr(self, name)
            if not values or not all(0 <= value <= 1 for value in values):
                yield f"{name} = {list(values)} [1] must hold values >= 0 and <= 1"
        for name in ("pulses_per_update", "reads_per_update"):
            if not getattr(self, name) or min(getattr(self, name)) < 0:
                yield f"{name} = {list(getattr(self, name))} [1] must hold values >= 0"
        if any(value < 1 or value != int(value) for value in self.copies):
            yield f"copies = {list(self.copies)} [1] must hold whole numbers >= 1"
        if self.columns_per_converter > self.array_columns:
            yield f"columns_per_converter = {self.columns_per_converter} must be <= array_columns = {self.array_columns}"


def load_settings(path: "Path | None", overrides: Mapping[str, object]) -> ChipSettings:
    """Read settings from a TOML file and replace some of them.

    Args:
        path: file; None for the defaults.
        overrides: setting name to value.

    Raises:
        InputError: the file cannot be read, or a setting is unknown or impossible.
    """
    mapping = {} if path is None else read_toml(path)
    return ChipSettings.from_mapping({**mapping, **overrides}, str(path or "chip"))
