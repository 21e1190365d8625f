from .cost.cell import synapse_of as synapse_of
from .cost.cell import synapse_of_table as synapse_of_table
from .cost.comparison import Comparison as Comparison
from .cost.comparison import compare as compare
from .cost.estimate import chip_cost as chip_cost
from .cost.ledger import ChipCost as ChipCost
from .cost.merits import merits as merits
from .cost.of_training import training_cost as training_cost
from .cost.of_training import use_of_file as use_of_file
from .cost.sensitivity import sensitivities as sensitivities
from .cost.settings import ChipSettings as ChipSettings
from .datasets.datasets import Dataset as Dataset
from .datasets.datasets import load_dataset as load_dataset
from .drawing.cost_plots import comparison_figure as comparison_figure
from .drawing.cost_plots import plot_accuracy as plot_accuracy
from .drawing.cost_plots import plot_chips as plot_chips
from .drawing.cost_plots import plot_phases as plot_phases
from .drawing.cost_plots import plot_share as plot_share
from .drawing.cost_plots import plot_tornado as plot_tornado
from .drawing.cost_plots import shares_figure as shares_figure
from .drawing.programming_plots import plot_accepted as plot_accepted
from .drawing.programming_plots import plot_error as plot_error
from .drawing.programming_plots import plot_reached as plot_reached
from .drawing.programming_plots import rounds_figure as rounds_figure
from .drawing.training_plots import plot_confusion as plot_confusion
from .drawing.training_plots import plot_learning_curves as plot_learning_curves
from .drawing.training_plots import plot_pulses_per_device as plot_pulses_per_device
from .drawing.training_plots import plot_state_occupancy as plot_state_occupancy
from .drawing.training_plots import plot_weights as plot_weights
from .inference.infer import infer as infer
from .inference.infer import trained_network as trained_network
from .networks.crossbars import array_layers as array_layers
from .networks.definition import Activation as Activation
from .networks.definition import BatchNorm as BatchNorm
from .networks.definition import Convolution as Convolution
from .networks.definition import Flatten as Flatten
from .networks.definition import GlobalPooling as GlobalPooling
from .networks.definition import Linear as Linear
from .networks.definition import Mark as Mark
from .networks.definition import NetworkDefinition as NetworkDefinition
from .networks.definition import Pooling as Pooling
from .networks.definition import Sum as Sum
from .networks.definition import Whiten as Whiten
from .networks.definition_file import load_definition as load_definition
from .networks.network import Network as Network
from .networks.presets import lenet as lenet
from .networks.presets import mlp as mlp
from .networks.presets import mobilenet_small as mobilenet_small
from .networks.presets import network_from as network_from
from .networks.presets import resnet8 as resnet8
from .networks.presets import resnet20 as resnet20
from .networks.presets import vgg8 as vgg8
from .periphery.config import Adc as Adc
from .periphery.config import Dac as Dac
from .periphery.config import Periphery as Periphery
from .periphery.config import Read as Read
from .periphery.config import TileWires as TileWires
from .periphery.config import Wires as Wires
from .periphery.config import load_periphery as load_periphery
from .periphery.crossbar import Crossbar as Crossbar
from .periphery.crossbar import solve_circuit as solve_circuit
from .periphery.effective_matrix import effective_matrix as effective_matrix
from .periphery.reader import PeripheryReader as PeripheryReader
from .periphery.tiles import TileShape as TileShape
from .periphery.tiles import map_network as map_network
from .programming.config import ProgrammingConfig as ProgrammingConfig
from .programming.config import WriteVerifyConfig as WriteVerifyConfig
from .programming.file import load_programming as load_programming
from .programming.file import save_programming as save_programming
from .programming.program import program as program
from .programming.weights_file import load_weights as load_weights
from .programming.write_verify import write_verify as write_verify
from .rules.registry import make_rule as make_rule
from .synapses.faults import Faults as Faults
from .synapses.ladder import ladder_law as ladder_law
from .synapses.pulse_law import PulseLaw as PulseLaw
from .synapses.settings import ArraySettings as ArraySettings
from .synapses.source import synapses_from as synapses_from
from .synapses.synapse_array import SynapseArray as SynapseArray
from .synapses.weight_kinds import make_weights as make_weights
from .synapses.weights import FloatWeights as FloatWeights
from .synapses.weights import PairedWeights as PairedWeights
from .training.chip import update_by_rule as update_by_rule
from .training.config import TrainingConfig as TrainingConfig
from .training.file import load_training as load_training
from .training.file import save_training as save_training
from .training.result import TrainingResult as TrainingResult
from .training.run import train as train
from .training.search import search as search
from .training.seeds import train_seeds as train_seeds

# Layers of PyTorch, with the extra `torch`.
ArrayConv1d: type
ArrayConv2d: type
ArrayGRU: type
ArrayGRUCell: type
ArrayLSTM: type
ArrayLSTMCell: type
ArrayLinear: type
ArrayRNN: type
ArrayRNNCell: type
PulseOptimizer: type

def arrays_of(model, example): ...
def convert(model, law, **options): ...
def network_weights(model, example): ...
def to_torch(model): ...

__version__: str

__all__ = [
    "Activation",
    "Adc",
    "ArraySettings",
    "BatchNorm",
    "ChipCost",
    "ChipSettings",
    "Comparison",
    "Convolution",
    "Crossbar",
    "Dac",
    "Dataset",
    "Faults",
    "Flatten",
    "FloatWeights",
    "GlobalPooling",
    "Linear",
    "Mark",
    "Network",
    "NetworkDefinition",
    "PairedWeights",
    "Periphery",
    "PeripheryReader",
    "Pooling",
    "ProgrammingConfig",
    "PulseLaw",
    "Read",
    "Sum",
    "SynapseArray",
    "TileShape",
    "TileWires",
    "TrainingConfig",
    "TrainingResult",
    "Whiten",
    "Wires",
    "WriteVerifyConfig",
    "array_layers",
    "chip_cost",
    "compare",
    "comparison_figure",
    "effective_matrix",
    "infer",
    "ladder_law",
    "lenet",
    "load_dataset",
    "load_definition",
    "load_periphery",
    "load_programming",
    "load_training",
    "load_weights",
    "make_rule",
    "make_weights",
    "map_network",
    "merits",
    "mlp",
    "mobilenet_small",
    "network_from",
    "plot_accepted",
    "plot_accuracy",
    "plot_chips",
    "plot_confusion",
    "plot_error",
    "plot_learning_curves",
    "plot_phases",
    "plot_pulses_per_device",
    "plot_reached",
    "plot_share",
    "plot_state_occupancy",
    "plot_tornado",
    "plot_weights",
    "program",
    "resnet8",
    "resnet20",
    "rounds_figure",
    "save_programming",
    "save_training",
    "search",
    "sensitivities",
    "shares_figure",
    "solve_circuit",
    "synapse_of",
    "synapse_of_table",
    "synapses_from",
    "train",
    "train_seeds",
    "trained_network",
    "training_cost",
    "update_by_rule",
    "use_of_file",
    "vgg8",
    "write_verify",
]
