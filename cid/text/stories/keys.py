"""Under which numbers stories are looked up and terms are counted, so that neither grows dearer with history.

A key is 32 bits for a window of 48 hours, then 32 for one term or a pair of them: what is looked up together lies
together, and what is over goes by a range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from zlib import crc32

WINDOW = timedelta(hours=48)
PAIRED = 5
"""Terms of a title that are paired: the rarest."""
ALL = ""
"""The term that every title has: how many there were."""


def bucket(at: datetime) -> int:
    """Number of the window that a moment lies in: what is near in time lies in the same or the next one."""
    return int(at.timestamp() // WINDOW.total_seconds())


def first_key(window: int) -> int:
    """The lowest key of a window."""
    return window << 32


def hashed(term: str) -> int:
    """32 bits. Two terms that share them are found together and compared as what they are."""
    return crc32(term.encode("utf-8", "surrogatepass"))


def key(window: int, term: str) -> int:
    return window << 32 | hashed(term)


def windows(at: datetime, now: datetime) -> range:
    """Those in which stories within WINDOW of `at` may stand, on either side of it but not ahead of `now`."""
    here = bucket(at)
    return range(here - 1, min(here + 1, bucket(now)) + 1)


def pairs(weights: Mapping[str, float]) -> list[str]:
    """Pairs of the terms that weigh most; a lone one stands for itself."""
    rarest = sorted(heaviest(weights, PAIRED))
    return [f"{one} {two}" for one, two in combinations(rarest, 2)] or [f"{term} {term}" for term in rarest]


def heaviest(weights: Mapping[str, float], most: int) -> list[str]:
    return sorted(weights, key=lambda term: (-weights[term], term))[:most]


def counted(terms: Iterable[str], at: datetime) -> list[int]:
    """Where it is written how often terms were used around `at`: in its window and the one before."""
    here = bucket(at)
    return [first_key(window) + number for number in map(hashed, (ALL, *terms)) for window in (here - 1, here)]
