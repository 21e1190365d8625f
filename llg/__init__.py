"""The physics of one magnetic domain wall in a notched track: landscape, motion, noise, outcomes.

>>> from llg import load_device, run_pulse
>>> run = run_pulse(load_device("five_state"), n=1000, seed=1)
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
