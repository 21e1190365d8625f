"""Work counted instead of timed."""

import sys
from collections.abc import Callable


def calls(function: Callable[[], object]) -> int:
    """Return how many functions, of Python and of C, a call runs through: the same on every machine."""
    count = 0

    def watch(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count
