"""A Verilog-A module of the quantized stochastic synapse: write line, junction, states, transitions.

Three terminals: the write current flows from w1 to w2 through the heavy metal, the junction goes from t to its middle.
A pulse through the line draws the next state once, from the closed-form model of the table where it has one that can be
written, else from the probabilities of the table.
"""

import dataclasses
import re
from pathlib import Path

import numpy as np

from compact.exchange.verilog_a_law import can_write, fitted_law, number, table_law
from compact.exchange.verilog_a_text import CLOCKS, HASH, NODES, NORMAL
from compact.exchange.write_line import write_line
from compact.forms.model import FittedModel
from compact.table.interpolate import inside
from compact.table.origin import caveats, placeholders
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError, harmless

RESERVED = (
    "analog begin branch case current default discipline else end endcase endfunction endmodule event exclude for from "
    "function generate ground if inf inout input integer localparam module nature output parameter real repeat root "
    "string table voltage while wire"
)
"""Words that no module may be named, those a table is likely to be named among them."""
STEPS_PER_PULSE = 100
UNKNOWN_RESISTANCE = 1e3
UNKNOWN_CURRENT = 1e-4
UNKNOWN_DURATION = 1e-9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Module:
    """A module as text.

    Attributes:
        name: of the module.
        text: the whole file.
        law: "fit" or "table", where the transitions come from.
        notes: what the module assumes or leaves out.
    """

    name: str
    text: str
    law: str
    notes: tuple[str, ...]


@checked
def synapse_module(
    table: TransitionTable, *, name: str = "synapse", device: int = 0, temperature: float | None = None
) -> Module:
    """Write the module of one device of a table.

    Args:
        table: the table.
        name: of the module, an identifier.
        device: number of the device instance.
        temperature: for conductances and, without a closed form, transitions; the nearest of the table is taken, the
            lowest by default [K].

    Raises:
        InputError: no identifier, no such device, or a temperature outside the table.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise InputError(f'module name "{name}" must be letters, digits and underscores, not beginning with a digit')
    if name in RESERVED.split(" "):
        raise InputError(f'module name "{name}" is a word of Verilog-A; choose another with --name')
    devices = table.counts.shape[0]
    if not 0 <= device < devices:
        raise InputError(f"device = {device} must be >= 0 and < {devices}, the number of devices of the table")
    T = _temperature(table, temperature)
    form = table.fit.model if table.fit is not None and can_write(table.fit.model) else None
    if form is not None:
        functions, declarations, law = fitted_law(form, device=device)
    else:
        functions, (declarations, law) = "", table_law(table, device=device, temperature=T)
    notes = tuple(_notes(table, form, T))
    parts = (
        _header(table, name, notes),
        _ports(table, name),
        HASH,
        NORMAL,
        functions,
        _body(table, device, T, declarations, law),
    )
    text = "\n".join(part.rstrip("\n") + "\n" for part in parts if part) + "endmodule\n"
    return Module(name=name, text=text, law="table" if form is None else "fit", notes=notes)


def _temperature(table: TransitionTable, temperature: float | None) -> float:
    """Return the grid temperature nearest to that of the chip [K]."""
    if temperature is None:
        return float(table.temperature[0])
    T = inside("temperature", temperature, table.temperature, "K")
    return float(table.temperature[np.argmin(np.abs(table.temperature - T))])


@checked
def save_module(path, module: Module, *, force: bool = False) -> None:
    """Write a module to a file.

    Raises:
        InputError: the path cannot be written.
        RunError: the disk failed.
    """
    from dwcore.storage.atomic import replacing

    with replacing(path, force=force) as temporary:
        Path(temporary).write_text(module.text, encoding="ascii", errors="replace")


def _notes(table: TransitionTable, form: FittedModel | None, T: float):
    yield from caveats(table)
    if form is not None:
        yield f"transitions: closed form {form.form}, any temperature and duration, from $temperature"
        if open_ := [
            name for name, lost in zip(form.names, np.isinf(form.standard_error).any(axis=0), strict=True) if lost
        ]:
            some = f"{', '.join(open_[:3])}{' and others' if len(open_) > 3 else ''}"
            yield f"transitions: the table does not determine {some}: beyond its currents and durations they are a guess"
    else:
        yield f"transitions: probabilities of the table at {T:g} K, interpolated by their quantiles, held beyond its grid"
        if table.fit is not None:
            yield f"the closed form {table.fit.model.form} of the table is not written"
    if write_line(table) is None:
        yield f"write line unknown: r_line = {UNKNOWN_RESISTANCE:g} ohm is a stand-in"
    yield from (f"unknown to the table, a stand-in: {field} = {words}" for field, words in placeholders(table).items())
    yield "pulses must last 10 tau and be 10 tau apart; bipolar pulses without a gap count as one"
    yield "no retention: without pulses the state stays"


def _header(table: TransitionTable, name: str, notes: tuple[str, ...]) -> str:
    lines = [
        f"{name}: domain-wall synapse with {table.position.size} states, written by dwsynapse",
        "",
        "w1, w2: ends of the write line (heavy metal); t: top of the junction, whose other end is the middle of the line.",
        "A pulse on the line draws the next state once. Give every instance a seed of its own.",
        "State: V(q) = 0 to S-1; -1 and S are walls that have left the track at the lower and the upper end.",
        "",
        *notes,
    ]
    return "".join(f"// {harmless(line)}".rstrip() + "\n" for line in lines) + '\n`include "disciplines.vams"\n'


def _ports(table: TransitionTable, name: str) -> str:
    S = table.position.size
    line, known = write_line(table), placeholders(table)
    J = np.abs(table.current_density)
    smallest = float(J[J > 0].min()) if np.any(J > 0) else 1.0
    resistance = line.resistance if line else UNKNOWN_RESISTANCE
    words = known.get("current_density", "")
    if words.endswith(" in V"):  # the drive is the voltage over the line
        area = 1 / resistance
    elif words.endswith(" in A"):
        area = 1.0
    else:
        area = line.current_per_density if line and not words else UNKNOWN_CURRENT / float(J.max() or 1)
    duration = UNKNOWN_DURATION if "duration" in known else float(table.duration[0])
    return f"""
module {name}(w1, w2, t);
  inout w1, w2, t;
  electrical w1, w2, t, mid;
  electrical q, m, n, c, p, a;

  parameter real seed = 1.0;                        // whole number, another for every instance
  parameter real start = 0.0 from [-1:{S}];           // state at the beginning, a whole number
  parameter real r_line = {number(resistance)} from (0:inf);   // write line [ohm]
  parameter real area = {number(area)} from (0:inf);     // total current over current density [m^2]
  parameter real j_min = {number(smallest / 4)} from (0:inf);    // drive above which a pulse is one
  parameter real tau = {number(duration / STEPS_PER_PULSE)} from (0:inf);      // time constant of the internal nodes [s]
  parameter real read_spread = 1.0 from [0:1];      // share of the cycle-to-cycle spread of the conductance
  parameter real draw = -1.0;                       // >= 0: this instead of a random number, for corners and tests
"""


def _body(table: TransitionTable, device: int, temperature: float, declarations: str, law: str) -> str:
    J = float(np.abs(table.current_density).max()) or 1.0
    G, spread = _states(table, device, temperature)
    levels = " ".join([number(G[0]), *(f"+ {_step(d, i)}" for i, d in enumerate(np.diff(G)))])
    noise = " ".join([number(spread[0]), *(f"+ {_step(d, i)}" for i, d in enumerate(np.diff(spread)))])
    return f"""
  analog begin : synapse
    real j_unit, t_unit, gs, drive, size, peak, on, off, pulse, amplitude, width, u, next, y, G, z;
    integer state;
{declarations}
    j_unit = {number(J)};
    t_unit = {number(float(table.duration.max()))};
    gs = 1e-6;
{CLOCKS}
    next = V(q);
    if (on > 0.0) begin
      u = draw >= 0.0 ? draw : even(seed, pulse, 1.0);
{law}    end

{NODES}
    // junction: conductance of the state and a spread that is drawn anew by every pulse
    y = V(q);
    z = sqrt(-2.0 * ln(even(seed, pulse, 2.0))) * cos(6.283185307179586 * even(seed, pulse, 3.0));
    G = {levels};
    G = max(G + read_spread * z * ({noise}), 0.05 * G);
    I(t, mid) <+ G * V(t, mid);
    I(w1, mid) <+ 2.0 * V(w1, mid) / r_line;
    I(mid, w2) <+ 2.0 * V(mid, w2) / r_line;
  end
"""


def _step(change: float, i: int) -> str:
    return f"{number(change)} * min(max(y - {i}.0, 0.0), 1.0)"


def _states(table: TransitionTable, device: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the conductances and their spread by state, along the track."""
    if table.instance_states is None:
        return table.conductance, table.conductance_std_ctoc
    t = int(np.argmin(np.abs(table.temperature - temperature)))
    states = table.instance_states
    return states.conductance[device, t], states.conductance_std_ctoc[device, t]
