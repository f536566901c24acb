"""From which probability on a sentence is called a match: much found, most of it right, and few false alarms.

One probability for all narratives. Each narrative's own are brought to one measure by its two numbers after Platt, so
the same threshold asks the same of all; one of its own for each was tried and, out of few sentences, promised more than
it kept on sentences that it had not been chosen with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRECISION = 0.6
"""Of all pairs of a sentence and a narrative that are called matches, over the sentences held back for this."""
ALARMS = 0.003
"""The share of ordinary titles, of those held back for this, in which something is found."""
GRID = tuple(step / 200 for step in range(20, 200))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Of one narrative: what machines thought that had not seen the sentence."""

    likely: tuple[float, ...]
    """Of labelled sentences."""
    right: tuple[bool, ...]
    ordinary: tuple[float, ...]
    """Of ordinary titles."""


def threshold(held: Sequence[Held]) -> float:
    """The lowest within both bounds; where there is none, the one with the highest precision."""
    best = (0.0, 0.5)
    for at in GRID:
        precision, alarms = _at(held, at)
        if precision >= PRECISION and alarms <= ALARMS:
            return at
        best = max(best, (precision, at))
    return best[1]


def _at(held: Sequence[Held], at: float) -> tuple[float, float]:
    """(precision, share of titles with an alarm)."""
    called = [right for one in held for likely, right in zip(one.likely, one.right, strict=True) if likely >= at]
    titles = [max(some) for some in zip(*(one.ordinary for one in held), strict=True)]
    return (
        sum(called) / len(called) if called else 0.0,
        sum(likely >= at for likely in titles) / len(titles) if titles else 0.0,
    )
