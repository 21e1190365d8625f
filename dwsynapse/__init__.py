"""The front hall: the command line, and the whole chain from one wall to a trained network.

>>> import dwsynapse
>>> summary = dwsynapse.run("five_state", out="results", quick=True)
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
