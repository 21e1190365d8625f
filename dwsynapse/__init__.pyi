from .about import info as info
from .benchmark import bench as bench
from .chain.chain import run as run
from .chain.report import report as report
from .command_line import main as main
from .figures import draw_device as draw_device
from .figures import draw_file as draw_file

__all__ = ["bench", "draw_device", "draw_file", "info", "main", "report", "run"]

__version__: str
