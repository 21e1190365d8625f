"""Pictures that users bring, opened by Pillow: of damage, which may raise anything or only a warning, one line is told."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dwcore.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image


@contextlib.contextmanager
def opened_picture(path: str | os.PathLike) -> Iterator["Image"]:
    """Yield a picture; what is read of it within the block counts, too.

    Raises:
        InputError: there is no such file, it is no sound picture, or far too large a one.
    """
    from PIL import Image  # comes with matplotlib

    logging.getLogger("PIL").setLevel(logging.WARNING)
    if not os.path.isfile(path):  # a pipe would wait for ever
        raise InputError(f"{path}: {'is not a file' if os.path.exists(path) else 'no such file'}")
    try:
        with warnings.catch_warnings():
            for kind in (
                UserWarning,
                RuntimeWarning,
            ):  # Pillow goes on after damage, and warns of sizes that are a trap
                warnings.simplefilter("error", kind)
            warnings.filterwarnings("ignore", "Palette images with Transparency")
            with Image.open(path) as picture:
                yield picture
    except InputError:
        raise
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: is no sound picture: {reason}") from None
