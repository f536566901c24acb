"""From which probability on a sentence is called a match: much found, most of it right, and few false alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PRECISION = 0.61
"""Of all pairs of a sentence and a narrative that are called matches, over the sentences held back for this."""
ALARMS = 0.003
"""The share of ordinary titles, of those held back for this, in which something is found."""
GRID = tuple(step / 100 for step in range(4, 100))
NEVER = 2.0
"""No probability reaches it."""
PRICES = tuple(step / 20 for step in range(6, 45))
"""What a wrong match is taken to cost, in right ones."""
ALARM_PRICES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Of one narrative: what machines thought that had not seen the sentence."""

    likely: tuple[float, ...]
    """Of labelled sentences."""
    right: tuple[bool, ...]
    ordinary: tuple[float, ...]
    """Of ordinary titles."""


@dataclass(frozen=True, slots=True)
class _Cut:
    at: float
    right: int
    wrong: int
    alarms: frozenset[int]


def thresholds(held: Sequence[Held]) -> list[float]:
    """For each narrative. Where nothing reaches the precision, the cut that comes nearest to it.

    For every pair of prices each narrative takes the cut that pays best; of what comes out of that, the choice is the
    one that finds most within the bounds. Narratives so share the bounds as serves all of them together.
    """
    cuts = [list(_cuts(one)) for one in held]
    titles = len(held[0].ordinary) if held else 0
    best: tuple[tuple[float, float], list[float]] | None = None
    for price in PRICES:
        for alarm_price in ALARM_PRICES:
            chosen = [max(some, key=lambda cut: _pays(cut, price, alarm_price)) for some in cuts]
            worth = _worth(chosen, titles)
            if best is None or worth > best[0]:
                best = worth, [cut.at for cut in chosen]
    return best[1] if best else []


def _pays(cut: _Cut, price: float, alarm_price: float) -> tuple[float, float]:
    return cut.right - price * cut.wrong - alarm_price * len(cut.alarms), cut.at


def _worth(chosen: Sequence[_Cut], titles: int) -> tuple[float, float]:
    """Within both bounds: what is found. Outside: how far outside, below zero."""
    right, wrong = sum(cut.right for cut in chosen), sum(cut.wrong for cut in chosen)
    precision = right / (right + wrong) if right else 0.0
    alarms = len(frozenset().union(*(cut.alarms for cut in chosen))) / titles if titles else 0.0
    over = max(0.0, PRECISION - precision) + max(0.0, alarms - ALARMS)
    return (-over, right) if over else (1.0, right)


def _cuts(one: Held) -> Iterator[_Cut]:
    told = list(zip(one.likely, one.right, strict=True))
    for at in (*GRID, NEVER):
        here = [right for likely, right in told if likely >= at]
        yield _Cut(
            at=at,
            right=sum(here),
            wrong=len(here) - sum(here),
            alarms=frozenset(number for number, likely in enumerate(one.ordinary) if likely >= at),
        )
