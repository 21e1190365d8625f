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
        "drive": ["Drive"],
        "ensemble": ["Ensemble", "simulate"],
        "errors": ["DwsynapseError", "InputError", "RunError"],
        "landscape": ["Well", "find_wells", "valley", "well_index"],
        "pulse": ["Pulse", "Waveform"],
        "q_phi": ["Field", "QPhiModel"],
        "trajectories": ["Trajectories", "load_trajectories", "save_trajectories"],
    },
)
