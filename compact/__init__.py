"""From outcome statistics to a transition table of quantized states.

>>> from compact import load_table, transition_matrix
"""

from dwcore import __version__ as __version__
from dwcore.lazy import attach_stub

__getattr__, __dir__ = attach_stub(__name__, __file__)
