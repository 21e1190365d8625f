"""How the learning rate falls: its share of the first value as a function of the time in epochs."""

import math

from dwcore.errors import InputError, nearest


def _cosine(time: float, epochs: int, decay: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * time / epochs))


def _step(time: float, epochs: int, decay: float) -> float:
    return decay ** math.floor(time)


def _constant(time: float, epochs: int, decay: float) -> float:
    return 1.0


WARM_UP = 0.15
"""Share of the time in which the rate of one-cycle rises [1]."""


def _one_cycle(time: float, epochs: int, decay: float) -> float:
    part = time / epochs
    return min(part / WARM_UP, (1 - part) / (1 - WARM_UP))


SCHEDULES = {"cosine": _cosine, "step": _step, "constant": _constant, "one-cycle": _one_cycle}


def share_of_rate(name: str, time: float, *, epochs: int, decay: float) -> float:
    """Return the share of the full learning rate [1].

    Args:
        name: "cosine" falls to zero along half a cosine, "step" by a factor after each epoch, "constant" not at all;
            "one-cycle" rises from zero along a line for the first 15 % and falls to zero along another.
        time: epochs done, with the share of the present one [1].
        epochs: in all [1].
        decay: factor after each epoch, of "step" [1].

    Raises:
        InputError: there is no such schedule.
    """
    if name not in SCHEDULES:
        raise InputError(f'schedule "{name}" is unknown{nearest(name, SCHEDULES)}')
    return SCHEDULES[name](time, epochs, decay)
