"""Crossbars of domain-wall synapses that train and run networks.

>>> from arraysim import PulseLaw, load_dataset, train
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chain": ["chain_plan", "run_chain"],
        "datasets": ["Dataset", "load_dataset"],
        "figures": ["draw_file"],
        "ladder": ["ladder_law"],
        "network": ["Network"],
        "pulse_law": ["PulseLaw"],
        "synapse_array": ["SynapseArray"],
        "training": ["train"],
        "training_config": ["TrainingConfig"],
        "training_file": ["load_training", "save_training"],
        "training_result": ["TrainingResult"],
        "weights": ["FloatWeights", "PairedWeights"],
    },
)
