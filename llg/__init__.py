"""The physics of one magnetic domain wall in a notched track: landscape, motion, noise, outcomes.

>>> from llg import Drive, load_device, simulate
>>> device = load_device("five_state")
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "depinning": ["depinning_current"],
        "device": ["Device", "device_from_mapping", "load_device", "shipped_devices"],
        "ensemble": ["Drive", "Ensemble", "simulate"],
        "errors": ["DwsynapseError", "InputError", "RunError"],
        "landscape": ["Well", "find_wells", "valley", "well_index"],
        "langer": ["escape_rate"],
        "pulse": ["Pulse", "Waveform"],
        "q_phi": ["Field", "QPhiModel"],
        "trajectories": ["Trajectories", "load_trajectories", "save_trajectories"],
    },
)
