"""From the outcomes of all blocks to the transition table."""

import numpy as np

from compact.bulk.home import HomeStates
from compact.bulk.plan import SweepPlan
from compact.states.drawn import drawn_parameters
from compact.states.energy import pulse_energy
from compact.states.retention import METHOD
from compact.states.states import find_states
from compact.table.transition_table import InstanceStates, TransitionTable


def gather(plan: SweepPlan, counts: np.ndarray, homes: list[HomeStates]) -> TransitionTable:
    """Make the table of a plan.

    Args:
        plan: the plan.
        counts: outcomes of all blocks, shape (blocks, S, S + 2), uint64; the last column: had not settled.
        homes: states of all homes.
    """
    nominal = find_states(plan.device, plan.reference_temperature)
    K, T, A, D = plan.shape
    S = len(nominal.wells)
    stacked = {
        name: np.stack([getattr(home, name) for home in homes]).reshape(K, T, *getattr(homes[0], name).shape)
        for name in ("present", "position", "conductance", "conductance_std_ctoc", "retention_rate", "retention_lost")
    }
    rate, lost = stacked.pop("retention_rate"), stacked.pop("retention_lost")
    known = np.isfinite(rate).any()
    return TransitionTable(
        position=np.array([well.q for well in nominal.wells]),
        conductance=nominal.conductance,
        conductance_std_ctoc=nominal.conductance_std_ctoc,
        current_density=np.array(plan.grid.current_density),
        duration=np.array(plan.grid.duration),
        temperature=np.array(plan.temperature),
        counts=counts[..., :-1].reshape(K, T, A, D, S, S + 1),
        unsettled=counts[..., -1].reshape(K, T, A, D, S),
        energy_per_pulse=pulse_energy(plan.device, plan.grid.current_density, plan.grid.duration),
        retention_rate=rate if known else None,
        retention_lost=lost if known else None,
        retention_method=METHOD if known else "",
        devices=drawn_parameters([plan.instance(number) for number in plan.instances]),
        instance_states=InstanceStates(**stacked),
        config=plan.config() | {"unsettled_share": float(counts[..., -1].sum() / counts[..., :-1].sum())},
        seed=plan.seed,
    )
