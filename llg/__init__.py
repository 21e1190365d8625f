"""The physics of one magnetic domain wall in a notched track: landscape, motion, noise, outcomes.

>>> from llg import Drive, load_device, simulate
>>> device = load_device("five_state")
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "runs.depinning": ["depinning_current"],
        "device.device": ["Device", "device_from_mapping", "load_device", "shipped_devices"],
        "runs.drive": ["Drive"],
        "runs.ensemble": ["Ensemble", "simulate"],
        "landscape.wells": ["Well", "find_wells", "valley", "well_index"],
        "device.pulse": ["Pulse", "Waveform"],
        "walls.q_phi": ["Field", "QPhiModel"],
        "runs.trajectories": ["Trajectories", "load_trajectories", "save_trajectories"],
    },
)
