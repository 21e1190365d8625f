"""From outcome statistics to a transition table of quantized states.

>>> from compact import load_table, transition_matrix
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bulk.merge": ["merge"],
        "bulk.plan": ["Grid", "SweepPlan"],
        "states.energy": ["pulse_energy"],
        "fitting.intervals": ["intervals"],
        "forms.model": ["FittedModel"],
        "fitting.prediction": ["prediction_error"],
        "fitting.run": ["compare_forms", "run_fit", "with_fit"],
        "table.interpolate": ["transition_matrix"],
        "table.moves": ["move_probability"],
        "table.operating_point": ["OperatingPoint", "best_points", "write_points"],
        "table.staircase": ["staircase"],
        "states.states": ["States", "find_states"],
        "bulk.sweep": ["build_table", "reference_grid", "run_in_memory"],
        "table.transition_table": ["TransitionTable"],
        "table.table_file": ["load_table", "save_table"],
    },
)
