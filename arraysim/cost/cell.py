"""The cell of an array: how large it is, what a read and a write take.

A domain-wall cell has three terminals: the track with its write transistor, the junction with its read transistor. The
device lies in the metal above its transistors, so that the larger of the two sets the area.
"""

import dataclasses
import math

import numpy as np

from arraysim.cost.components import Parts
from arraysim.cost.settings import ChipSettings
from arraysim.synapses.pulse_law import PulseLaw
from compact.states.energy import pulse_energy
from compact.table.operating_point import grid_index, write_points
from compact.table.origin import placeholders
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError
from llg.device.device import Device
from llg.device.device_file import device_from_mapping

READ_SHARE = 0.25
"""Largest resistance of the access transistor and of the multiplexer relative to what they are in series with."""
SPACING_F = 2.0
TRANSISTOR_PITCH_F = 4.0
PULSE_VOLTAGE = 1.0
"""Over a device of which only the energy of a pulse is known [V]."""
SRAM_ASPECT = 2.5
"""Width over height of an SRAM cell, 20 F x 8 F."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    Attributes:
        kind: "device" or "sram".
        name: for tables.
        width: along a row [m].
        height: along a column [m].
        cells_per_weight: cells that hold one weight [1].
        conversions_per_weight: analog sums that make one output, forward [1].
        significances: groups of columns that are read apart backward, as an analog sum cannot weight them [1].
        levels: values that one cell tells apart [1].
        on_conductance: of the most conducting state [S].
        mean_conductance: over the states [S].
        read_width: width of the access transistor [m].
        pulse_energy: in the device, per write pulse [J].
        pulse_current: during the pulse [A].
        pulse_voltage: across the device during the pulse [V].
        pulse_time: of a write pulse with its edges [s].
    """

    kind: str
    name: str
    width: float
    height: float
    cells_per_weight: int
    conversions_per_weight: int
    significances: int
    levels: int
    on_conductance: float = 0.0
    mean_conductance: float = 0.0
    read_width: float = 0.0
    pulse_energy: float = 0.0
    pulse_current: float = 0.0
    pulse_voltage: float = 0.0
    pulse_time: float = 0.0

    @property
    def area(self) -> float:
        """Area of the cell [m^2]."""
        return self.width * self.height

    @property
    def columns_per_conversion(self) -> float:
        """Columns that a converter reads at once, forward [1]."""
        return self.cells_per_weight / self.conversions_per_weight


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resistive:
    """What the cost model must know of a resistive synapse.

    Attributes:
        name: for tables.
        conductance: of each state, shape (states,) [S].
        length, breadth: footprint of the device [m].
        pulse_energy, pulse_current, pulse_voltage, pulse_time: of a write pulse [J], [A], [V], [s].
        cell_area_F2: of a cell where it is known; 0: that of device and transistors [F^2].
    """

    name: str
    conductance: np.ndarray
    length: float
    breadth: float
    pulse_energy: float
    pulse_current: float
    pulse_voltage: float
    pulse_time: float
    cell_area_F2: float = 0.0


@checked
def synapse_of(device: Device, conductance: np.ndarray | None = None, energy: float | None = None, point=None):
    """Take from a device what the cost model must know.

    Args:
        device: with [stack], [readout] and [pulse].
        conductance: of each state, as a table gives it; by default that of the wall at each notch [S].
        energy: of a write pulse, as a table gives it; by default that of the nominal pulse [J].
        point: (current density, duration) of the write pulse; by default the nominal one [A/m^2], [s].

    Raises:
        InputError: a section is missing.
    """
    stack, readout, pulse, track = (
        device.section("stack"),
        device.section("readout"),
        device.section("pulse"),
        device.track,
    )
    J, duration = (pulse.current_density, pulse.duration) if point is None else (abs(point[0]), point[1])
    current = float(stack.current(J, track.width, track.thickness))
    geometry = device.geometry
    resistance = stack.resistance(geometry.q, geometry.w, track.thickness)
    if conductance is None:
        q = np.array([notch.position for notch in device.notches] or [readout.start, readout.end])
        conductance = readout.conductance(q, geometry.q, geometry.w, device.straight_wall.Delta)
    return Resistive(
        name=device.name,
        conductance=np.asarray(conductance, float),
        length=track.length,
        breadth=float(np.max(geometry.w)),
        pulse_energy=float(pulse_energy(device, [J], [duration])[0, 0]) if energy is None else energy,
        pulse_current=current,
        pulse_voltage=current * resistance,
        pulse_time=duration + 0.5 * (pulse.rise_time + pulse.fall_time),
    )


def device_cell(synapse: Resistive, settings: ChipSettings, parts: Parts) -> Cell:
    """Return the cell of a resistive synapse.

    The access transistor has a quarter of the resistance of the most conducting state, the write transistor carries the
    write current. The footprint of a device is its own with two F of space to each side; transistors stand side by side
    at four F along the column.

    Raises:
        InputError: the conductances are no positive numbers, or the write pulse of a chip that trains is unknown.
    """
    synapse, G = _with_pulse(synapse, settings), synapse.conductance
    if G.size < 2 or G.min() <= 0:
        raise InputError(f'device "{synapse.name}": conductances must be two or more and > 0, got {G}')
    scale = 1.0 if settings.on_resistance == 0 else 1 / (settings.on_resistance * G.max())
    F = parts.technology.feature
    read_width = max(SPACING_F * F, parts.linear_resistance * scale * G.max() / READ_SHARE)
    write_width = synapse.pulse_current / parts.on_current
    width, height = _footprint(synapse, settings, F, max(read_width, write_width))
    pair = settings.cells == "pair"
    sums = 2 if pair and settings.subtraction == "digital" else 1
    return Cell(
        kind="device",
        name=synapse.name,
        width=width,
        height=height,
        cells_per_weight=2 if pair else 1,
        conversions_per_weight=sums,
        significances=sums,
        levels=G.size,
        on_conductance=float(scale * G.max()),
        mean_conductance=float(scale * G.mean()),
        read_width=read_width,
        pulse_energy=synapse.pulse_energy,
        pulse_current=synapse.pulse_current,
        pulse_voltage=synapse.pulse_voltage,
        pulse_time=synapse.pulse_time,
    )


def pulse_notes(synapse: Resistive, settings: ChipSettings) -> tuple[str, ...]:
    """Return what is guessed of the write pulse of a chip that trains."""
    voltage_known = math.isfinite(synapse.pulse_voltage) and synapse.pulse_voltage
    if not settings.training or voltage_known or math.isfinite(synapse.pulse_current):
        return ()
    return (f"the current of a write pulse is unknown; it follows from energy, time and {PULSE_VOLTAGE:g} V, a guess that "
            "decides on the write transistors",)  # fmt: skip


def _with_pulse(synapse: Resistive, settings: ChipSettings) -> Resistive:
    """Return a synapse with the write pulse of the settings, where they give one.

    A chip that does not train needs none. Of a pulse that is given, and of one whose current is unknown, the current
    follows from energy, duration and voltage.

    Raises:
        InputError: the chip trains, and energy or duration of a pulse are unknown.
    """
    energy = settings.pulse_energy or synapse.pulse_energy
    time, voltage = settings.pulse_time or synapse.pulse_time, synapse.pulse_voltage
    if math.isfinite(energy) and math.isfinite(time):
        current = synapse.pulse_current
        if not math.isfinite(current) or settings.pulse_energy or settings.pulse_time:
            voltage = voltage if math.isfinite(voltage) and voltage else PULSE_VOLTAGE
            current = energy / (time * voltage) if time else 0.0
        return dataclasses.replace(
            synapse, pulse_energy=energy, pulse_time=time, pulse_current=current, pulse_voltage=voltage
        )
    if settings.training:
        names = {"pulse_energy": energy, "pulse_time": time}
        missing = " and ".join(name for name, value in names.items() if not math.isfinite(value))
        raise InputError(f'device "{synapse.name}": {missing} of its write pulses is unknown; give it as a setting, or '
                         "training = false")  # fmt: skip
    return dataclasses.replace(synapse, pulse_energy=0.0, pulse_time=0.0, pulse_current=0.0, pulse_voltage=0.0)


def _footprint(synapse: Resistive, settings: ChipSettings, F: float, transistor: float) -> tuple[float, float]:
    if area := settings.cell_area_F2 or synapse.cell_area_F2:
        return F * math.sqrt(area), F * math.sqrt(area)
    length, breadth = (size + SPACING_F * F if size else 0.0 for size in (synapse.length, synapse.breadth))
    wide = transistor + SPACING_F * F
    width = max(length, wide)
    return width, max(breadth, 2 * TRANSISTOR_PITCH_F * F * wide / width)


def sram_cell(settings: ChipSettings, parts: Parts) -> Cell:
    """Return the cells of one bit each, one column per bit of a weight.

    Cells that are read in parallel have eight transistors, since six would be overwritten.
    """
    F = parts.technology.feature
    ratio = parts["sram_8t_ratio"] if settings.readout == "parallel" else 1.0
    area = settings.cell_area_F2 * F**2 or ratio * parts.technology.sram_cell
    height = math.sqrt(area / SRAM_ASPECT)
    bits = settings.weight_bits
    apart = bits if settings.readout == "parallel" else 1
    return Cell(
        kind="sram",
        name=f"SRAM, {bits} bit",
        width=area / height,
        height=height,
        cells_per_weight=bits,
        conversions_per_weight=1 if settings.bit_combination == "analog" else apart,
        significances=1 if settings.backward_bits == "together" else apart,
        levels=2,
        read_width=SPACING_F * F,
    )


@checked
def synapse_of_table(table: TransitionTable, where: str) -> Resistive:
    """Take conductances, write pulse and its energy from a table, the geometry from the device if it was made from one.

    Args:
        table: the table.
        where: its name for messages.

    Raises:
        InputError: no pulse of the table writes.
    """
    if "device" not in table.config:
        return _known_by_figures(table, where)
    device = device_from_mapping(table.config["device"], where)
    points = write_points(table, temperature=float(table.temperature[0]))
    energies = [float(table.energy_per_pulse[grid_index(table, point)]) for point in points]
    strongest = max(points, key=lambda point: abs(point.current_density))
    return synapse_of(
        device,
        conductance=table.conductance,
        energy=float(np.mean(energies)),
        point=(strongest.current_density, strongest.duration),
    )


def _known_by_figures(table: TransitionTable, where: str) -> Resistive:
    """Take a synapse from a `[synapse]` or from foreign data: what these do not know of its pulse is NaN.

    Its footprint is that of its transistors unless it is given.
    """
    figures, unknown = table.config.get("synapse", {}), placeholders(table)
    time = math.nan if "duration" in unknown else float(table.duration[0])
    energy = math.nan if "energy_per_pulse" in unknown else float(table.energy_per_pulse.mean())
    voltage, current = figures.get("pulse_voltage", math.nan), figures.get("pulse_current", math.nan)
    if math.isnan(voltage) and math.isfinite(energy * current):
        voltage = energy / (time * current)
    return Resistive(
        name=str(table.config.get("name", where)),
        conductance=table.conductance,
        length=0.0,
        breadth=0.0,
        pulse_energy=energy,
        pulse_current=current,
        pulse_voltage=voltage,
        pulse_time=time,
        cell_area_F2=figures.get("cell_area_F2", 0.0),
    )


def synapse_of_law(law: PulseLaw, name: str) -> Resistive:
    """Take an idealized synapse: conductances and energy of a pulse; its duration is unknown, its footprint transistors.

    Args:
        law: of its pulses.
        name: for tables and messages.
    """
    return Resistive(
        name=name,
        conductance=np.asarray(law.conductance, float),
        length=0.0,
        breadth=0.0,
        pulse_energy=float(np.mean(law.energy_per_pulse)),
        pulse_current=math.nan,
        pulse_voltage=math.nan,
        pulse_time=math.nan,
    )
