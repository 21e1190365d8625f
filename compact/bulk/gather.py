"""From the outcomes of all blocks, in memory or in the files of the shards, to the transition table."""

from pathlib import Path

import numpy as np

from compact.bulk.instance import RETENTION_METHOD, StoredStates, nominal_wells
from compact.bulk.plan import SweepPlan
from compact.bulk.sweep_file import SweepFile
from compact.states.drawn import drawn_parameters
from compact.states.energy import pulse_energy
from compact.states.states import find_states, unread
from compact.table.table_file import save_table
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.provenance import canonical_json
from llg.landscape.wells import empty_notches
from llg.runs.drive_limits import heat_notes
from llg.runs.validity import notes

SAME = 1e-6
"""Relative difference up to which states that two machines found are the same [1]."""


def gather(plan: SweepPlan, counts: np.ndarray, conditions: list[StoredStates]) -> TransitionTable:
    """Make the table of a plan.

    Args:
        plan: the plan.
        counts: outcomes of all blocks, shape (blocks, S, S + 2), uint64; the last column: had not settled.
        conditions: states of all conditions.
    """
    position, conductance, spread = _nominal(plan)
    K, T, A, D = plan.shape
    S = position.size
    stacked = {
        name: np.stack([getattr(one, name) for one in conditions]).reshape(K, T, *getattr(conditions[0], name).shape)
        for name in ("present", "position", "conductance", "conductance_std_ctoc", "retention_rate", "retention_lost")
    }
    rate, lost = stacked.pop("retention_rate"), stacked.pop("retention_lost")
    known = np.isfinite(rate).any()
    return TransitionTable(
        position=position,
        conductance=conductance,
        conductance_std_ctoc=spread,
        current_density=np.array(plan.grid.current_density),
        duration=np.array(plan.grid.duration),
        temperature=np.array(plan.temperature),
        counts=counts[..., :-1].reshape(K, T, A, D, S, S + 1),
        unsettled=counts[..., -1].reshape(K, T, A, D, S),
        energy_per_pulse=_energy(plan),
        retention_rate=rate if known else None,
        retention_lost=lost if known else None,
        retention_method=RETENTION_METHOD if known else "",
        devices=drawn_parameters([plan.instance(number) for number in plan.instances]),
        instance_states=InstanceStates(**stacked),
        config=plan.config()
        | _unknown(plan)
        | {
            "wall_shape": plan.device.wall_shape,
            "unsettled_share": float(counts[..., -1].sum() / counts[..., :-1].sum()),
            "notes": _strains(plan, position),
        },
        seed=plan.seed,
    )


def _nominal(plan: SweepPlan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return place [m], conductance and its spread [S] of each state of the nominal device."""
    if plan.device.readout is None:
        position = np.array([well.q for well in nominal_wells(plan.device, plan.reference_temperature)])
        return position, unread(position.size), np.zeros(position.size)
    states = find_states(plan.device, plan.reference_temperature)
    return np.array([well.q for well in states.wells]), states.conductance, states.conductance_std_ctoc


def _energy(plan: SweepPlan) -> np.ndarray:
    """Return the energies of the pulses [J], zeros where they are unknown."""
    if plan.device.stack is None:
        return np.zeros(plan.shape[2:])
    return pulse_energy(plan.device, plan.grid.current_density, plan.grid.duration)


def _unknown(plan: SweepPlan) -> dict:
    """Return what the table does not know of its device, see `compact.table.origin`."""
    found = {}
    if plan.device.readout is None:
        found["conductance"] = "number of the state from 1, no conductance: the device has no [readout]"
    if plan.device.stack is None:
        found["energy_per_pulse"] = "zero, unknown: the device has no [stack]"
    return {"origin": {"placeholders": found}} if found else {}


def _strains(plan: SweepPlan, position: np.ndarray) -> list[str]:
    """Return what the device strains in the model under the largest pulse and at the temperature farthest from its own.

    Args:
        plan: the plan.
        position: of the states [m].
    """
    device, grid = plan.device, plan.grid
    J, shape = max(map(abs, grid.current_density)), device.section("pulse").waveform(grid.duration[-1])
    farthest = max(plan.temperature, key=lambda T: abs(T - device.temperature))
    strained = notes(device, J, shape) + heat_notes(device, farthest, J, shape)
    return strained + empty_notches(device, position.tolist())


@checked
def merge(paths: list[Path], out: Path, *, force: bool = False) -> tuple[SweepPlan, TransitionTable]:
    """Make the table of a plan from the files of its shards, in whatever order.

    Args:
        paths: the files; together they hold every block.
        out: table to write.
        force: overwrite an existing table.

    Raises:
        InputError: files of different plans, altered ones, or blocks that are in none of them.
        RunError: the disk failed.
    """
    journals = []
    try:
        for path in paths:
            journals.append(SweepFile(path))
            _check_same(journals[0], journals[-1])
        table = gather(journals[0].plan, *read_blocks(journals, journals[0].plan, journals[0].n_states))
    finally:
        for journal in journals:
            journal.close()
    save_table(out, table, inputs=paths, force=force)
    return journals[0].plan, table


def _check_same(first: SweepFile, other: SweepFile):
    if other.faults:
        raise InputError(f"{other.path}: altered file, {other.faults[0]}; run the shard again with --resume")
    mine, its = first.plan, other.plan
    if (its.seed, canonical_json(its.config())) != (mine.seed, canonical_json(mine.config())):
        raise InputError(f"{other.path}: is of another sweep than {first.path}")
    if other.n_states != first.n_states:
        raise InputError(f"{other.path}: has {other.n_states} states, {first.path} has {first.n_states}")


def _alike(one: StoredStates, other: StoredStates) -> bool:
    """Whether two runs found the same states; the last digits may differ between machines."""
    return all(
        np.allclose(mine, getattr(other, name), rtol=SAME, atol=0.0, equal_nan=True) for name, mine in vars(one).items()
    )


def read_blocks(journals: list[SweepFile], plan: SweepPlan, n_states: int) -> tuple[np.ndarray, list[StoredStates]]:
    """Collect the outcomes of all blocks and the states of all conditions.

    Returns:
        Outcomes, shape (blocks, S, S + 2), uint64, and a list of the states.

    Raises:
        InputError: something is missing, or two files disagree.
    """
    counts = np.zeros((plan.blocks, n_states, n_states + 2), np.uint64)
    conditions, have = dict[int, StoredStates](), np.zeros(plan.blocks, bool)
    for journal in journals:
        finished_conditions, finished_blocks = journal.finished()
        for number in finished_conditions.tolist():
            states = journal.states(number)
            if not _alike(states, conditions.setdefault(number, states)):
                raise InputError(
                    f"{journal.path}: condition {number} has other states than in another file of the same plan"
                )
        for number in finished_blocks.tolist():
            found = journal.counts(number)
            if have[number] and not np.array_equal(found, counts[number]):
                raise InputError(f"{journal.path}: block {number} differs from that of another file of the same plan")
            counts[number], have[number] = found, True
    lacking = [i for i in range(plan.conditions) if i not in conditions]
    for what, total, missing in (
        ("blocks", plan.blocks, np.flatnonzero(~have).tolist()),
        ("conditions", plan.conditions, lacking),
    ):
        if missing:
            raise InputError(f"{len(missing)} of {total} {what} are missing, the first is {missing[0]}")
    return counts, [conditions[number] for number in range(plan.conditions)]
