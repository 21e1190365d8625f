"""The physics of one magnetic domain wall in a notched track: landscape, motion, noise, outcomes.

>>> from llg import load_device, run_pulse
>>> run = run_pulse(load_device("five_state"), n=1000, seed=1)
"""

from dwcore import __version__ as __version__
from dwcore.lazy import attach_stub

__getattr__, __dir__ = attach_stub(__name__, __file__)
