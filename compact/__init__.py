"""From outcome statistics to a transition table of quantized states.

>>> from compact import load_table, transition_matrix
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
