"""Devices that do not work: stuck in a state, open, or short."""

import dataclasses
from collections.abc import Iterator

from dwcore.parameters import Parameters, quantity, whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class Faults(Parameters):
    """Shares of broken devices in an array; which devices they are is a function of the seed and the device."""

    stuck: float = quantity("share of devices that no pulse moves", "1", default=0.0, ge=0, le=1)
    stuck_state: int | None = whole(
        "state that stuck devices are in; drawn evenly if not given", default=None, needs="stuck > 0"
    )
    open: float = quantity("share of devices without a contact, of conductance zero", "1", default=0.0, ge=0, le=1)
    short: float = quantity("share of devices with a pinhole in the junction", "1", default=0.0, ge=0, le=1)
    short_ratio: float = quantity(
        "conductance of a short over the highest level", "1", default=10.0, ge=0, needs="short > 0"
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the shares taken together."""
        yield from super().problems()
        if self.stuck + self.open + self.short > 1:
            yield "stuck + open + short must be <= 1"
