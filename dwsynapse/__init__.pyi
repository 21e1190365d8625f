from .about import info as info
from .benchmark import bench as bench
from .chain.chain import run as run
from .chain.report import report as report
from .command_line import main as main
from .design.outcome import design_devices as design_devices
from .draw import draw_device as draw_device
from .draw import draw_file as draw_file
from .draw import draw_pulses as draw_pulses
from .front import Front as Front
from .front import load_front as load_front
from .templates import template as template
from .toml_files import check as check
from .variation import Variation as Variation
from .variation_file import load_variation as load_variation
from .variation_file import save_variation as save_variation
from .variation_plot import plot_variation as plot_variation
from .variation_run import vary as vary

__all__ = [
    "Front",
    "Variation",
    "bench",
    "check",
    "design_devices",
    "draw_device",
    "draw_file",
    "draw_pulses",
    "info",
    "load_front",
    "load_variation",
    "main",
    "plot_variation",
    "report",
    "run",
    "save_variation",
    "template",
    "vary",
]

__version__: str
