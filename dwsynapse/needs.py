"""What a setting needs of others to have an effect: ``adc.kind`` needs ``adc.bits > 0``.

A declaration says it in words that are read here: comparisons joined by "and", several of these joined by "or". A
comparison is ``NAME > 0``, ``NAME != 0``, ``NAME = WORD`` or ``NAME = WORD|WORD``, where the word "none" stands for what
is not given. A name without a section is one of the same section. Of several values, as those of several notches, one
that fulfils a comparison is enough.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from dwsynapse.setting import plain

MOST_NAMES = 3
"""Settings of which a message says what they are; of more the needs say enough."""


class Comparison(NamedTuple):
    """One comparison.

    Attributes:
        name: of the other setting, with its section.
        sign: ">", "!=" or "=".
        right: what it is compared with, as in the words.
    """

    name: str
    sign: str
    right: str

    def holds(self, value: Any) -> bool:
        """Return whether a value fulfils it."""
        values = value if isinstance(value, tuple | list) else (value,)
        return any(map(self._holds, values or (None,)))

    def _holds(self, value: Any) -> bool:
        if self.sign == "=":
            return plain(value) in self.right.split("|")
        return value is not None and (value > float(self.right) if self.sign == ">" else value != float(self.right))

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {' or '.join(self.right.split('|'))}"


def comparisons(needs: str, section: str) -> list[list[Comparison]]:
    """Return what the words say: all comparisons of one of the lists must hold.

    Args:
        needs: the words.
        section: of the setting that has the needs.
    """
    lists = needs.split(" or ") if needs else []
    return [[_comparison(words, section) for words in one.split(" and ")] for one in lists]


def _comparison(words: str, section: str) -> Comparison:
    name, sign, right = words.split()
    return Comparison(name if "." in name else f"{section}.{name}", sign, right)


def lacking(needs: str, section: str, value_of: Callable[[str], Any]) -> str:
    """Return what is lacking, in words; nothing if the needs are met.

    Args:
        needs: the words of the declaration.
        section: of the setting that has them.
        value_of: the value of a setting by its name.
    """
    lists = comparisons(needs, section)
    if any(all(one.holds(value_of(one.name)) for one in each) for each in lists):
        return ""
    wanted = " or ".join(" and ".join(map(str, each)) for each in lists)
    names = dict.fromkeys(one.name for each in lists for one in each)
    there = ", ".join(f"{name} = {plain(value_of(name))}" for name in names)
    return f"{wanted}; {there}" if len(names) <= MOST_NAMES else wanted
