"""The front hall: the command line, and the whole chain from one wall to a trained network.

>>> import dwsynapse
>>> summary = dwsynapse.run("five_state", out="results", quick=True)
"""

from dwcore import __version__ as __version__
from dwcore.lazy import attach_stub

__getattr__, __dir__ = attach_stub(__name__, __file__)
