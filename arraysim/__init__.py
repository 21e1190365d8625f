"""Crossbars of domain-wall synapses that train and run networks.

>>> from arraysim import PulseLaw, load_dataset, train
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "reporting.chain": ["chain_plan", "run_chain"],
        "training.datasets": ["Dataset", "load_dataset"],
        "reporting.figures": ["draw_file"],
        "periphery.config": ["Periphery", "load_periphery"],
        "periphery.crossbar": ["Crossbar", "solve_circuit"],
        "periphery.effective_matrix": ["effective_matrix"],
        "periphery.inference": ["infer"],
        "programming.file": ["load_programming", "save_programming"],
        "programming.program": ["program"],
        "periphery.tiles": ["TileShape", "map_network"],
        "periphery.wires": ["Wires"],
        "synapses.ladder": ["ladder_law"],
        "networks.network": ["Network"],
        "synapses.pulse_law": ["PulseLaw"],
        "synapses.synapse_array": ["SynapseArray"],
        "training.run": ["train"],
        "training.config": ["TrainingConfig"],
        "training.file": ["load_training", "save_training"],
        "training.result": ["TrainingResult"],
        "synapses.weights": ["FloatWeights", "PairedWeights"],
    },
)
