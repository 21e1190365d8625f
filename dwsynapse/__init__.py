"""The front hall: the command line, and the whole chain from one wall to a trained network.

>>> from dwsynapse import run_chain
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "command_line": ["main"],
        "figures": ["draw_file"],
        "report.chain": ["chain_plan", "run_chain"],
    },
)
