"""From outcome statistics to a transition table of quantized states.

>>> from compact import load_table, transition_matrix
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bulk.merge": ["merge"],
        "bulk.plan": ["Grid", "SweepPlan"],
        "energy": ["pulse_energy"],
        "fitting.intervals": ["intervals"],
        "fitting.model": ["FittedModel"],
        "fitting.prediction": ["prediction_error"],
        "fitting.run": ["compare_forms", "run_fit", "with_fit"],
        "interpolate": ["transition_matrix"],
        "moves": ["move_probability"],
        "operating_point": ["OperatingPoint", "best_points", "write_points"],
        "staircase": ["staircase"],
        "states": ["States", "find_states"],
        "sweep": ["build_table", "reference_grid", "run_in_memory"],
        "table": ["TransitionTable"],
        "table_file": ["load_table", "save_table"],
    },
)
