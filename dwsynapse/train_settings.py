"""The settings of `dwsynapse train`, which recipes hold too, and the configuration that they make."""

from arraysim.networks.settings import NetworkSettings
from arraysim.synapses.settings import ArraySettings, SynapseSettings
from arraysim.training.config import TrainingConfig
from arraysim.training.task import DataSettings
from dwsynapse.given import Given
from dwsynapse.periphery_text import periphery_of, periphery_sections
from dwsynapse.settings import Settings, fields_of

SETTINGS = Settings(
    "train",
    {
        "synapse": SynapseSettings,
        "data": DataSettings,
        "network": NetworkSettings,
        "training": fields_of(TrainingConfig, without=ArraySettings),
        "arrays": ArraySettings,
    },
    more=periphery_sections,
    options=("table", "temperature", "dataset", "network", "network.bits", "error_bits", "rule", "epochs", "batch_size",
             "learning_rate", "float32_learning_rate", "weight_range", "schedule", "decay", "device", "twin"),
)  # fmt: skip


def layers(point: Given) -> dict[str, bool]:
    """Return what the layers of the network decide."""
    return {"network.digital_parameters": NetworkSettings(**point["network"]).definition().has_digital_parameters}


def config_of(given: Given, *, periphery_file: bool = False) -> TrainingConfig:
    """Return the configuration that the settings make, with a periphery where a file of it is given."""
    network = NetworkSettings(**given["network"]).definition()
    periphery = periphery_of(given, always=periphery_file)
    return TrainingConfig(network=network, periphery=periphery, **given["training"], **given["arrays"])
