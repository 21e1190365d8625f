"""Crossbars of domain-wall synapses that train and run networks.

>>> from arraysim import PulseLaw, TrainingConfig, load_dataset, train
>>> law = PulseLaw.load("table.h5")  # or ladder_law(states=5), an idealized synapse
>>> result = train(law, load_dataset("digits"), seed=0, config=TrainingConfig(network="mlp:32"))

From single devices to networks: ``SynapseArray`` (states and pulses), ``make_weights`` (weights made of devices),
``make_rule`` (who decides on pulses), ``Network`` (passes forward and backward), ``train`` (all of it). A training loop
of one's own is in docs/synapse-arrays.md, layers for PyTorch are in ``arraysim.torch.modules``.
"""

import lazy_loader

from dwcore import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "inference.infer": ["infer", "trained_network"],
        "networks.definition": [
            "Activation",
            "BatchNorm",
            "Convolution",
            "Flatten",
            "Linear",
            "NetworkDefinition",
            "Pooling",
            "array_layers",
        ],
        "networks.network": ["Network"],
        "networks.presets": ["lenet", "mlp", "network_from", "vgg8"],
        "periphery.config": ["Periphery", "Wires", "load_periphery"],
        "periphery.crossbar": ["Crossbar", "solve_circuit"],
        "periphery.effective_matrix": ["effective_matrix"],
        "periphery.tiles": ["TileShape", "map_network"],
        "programming.config": ["WriteVerifyConfig"],
        "programming.file": ["load_programming", "save_programming"],
        "programming.program": ["program"],
        "programming.write_verify": ["write_verify"],
        "drawing.training_plots": ["plot_learning_curves"],
        "rules.registry": ["make_rule"],
        "synapses.faults": ["Faults"],
        "synapses.weight_kinds": ["make_weights"],
        "synapses.ladder": ["ladder_law"],
        "synapses.pulse_law": ["PulseLaw"],
        "synapses.synapse_array": ["SynapseArray"],
        "synapses.weights": ["FloatWeights", "PairedWeights"],
        "training.chip": ["update_by_rule"],
        "training.config": ["TrainingConfig"],
        "datasets.datasets": ["Dataset", "load_dataset"],
        "training.file": ["load_training", "save_training"],
        "training.result": ["TrainingResult"],
        "training.run": ["train"],
        "training.search": ["search"],
        "training.seeds": ["train_seeds"],
    },
)
