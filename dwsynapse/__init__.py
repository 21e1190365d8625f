"""The front hall: the command line, and the whole chain from one wall to a trained network.

>>> import dwsynapse
>>> summary = dwsynapse.run("five_state", out="results", quick=True)
"""

from typing import Any

import lazy_loader

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Return a public name, or the version, imported on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("dwsynapse")
    return _attribute(name)
