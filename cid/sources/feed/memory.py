"""What a source had in its feed the last time: 16 bytes an entry, half for its identity and half for its title.

An entry that is in there as it was needs no cleaning and no question to the database. And a feed whose titles stay
while every identity changes names its entries anew at each poll: what it says about them is then not believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_HALF = 8
LEAST_TITLES = 3
"""Fewer that stay prove nothing."""


def record(identity: str, title: str) -> bytes:
    return _half(identity) + _half(title)


def _half(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:_HALF]


def records(memory: bytes) -> frozenset[bytes]:
    return frozenset(_split(memory))


def volatile(before: bytes, now: bytes) -> bool:
    """Whether the titles stayed, four of five at least, while no identity did."""
    titles = {record[_HALF:] for record in _split(before)} & {record[_HALF:] for record in _split(now)}
    fewest = min(len({record[_HALF:] for record in _split(memory)}) for memory in (before, now))
    if len(titles) < LEAST_TITLES or len(titles) * 5 < fewest * 4:
        return False
    return {record[:_HALF] for record in _split(before)}.isdisjoint(record[:_HALF] for record in _split(now))


def _split(memory: bytes) -> Iterable[bytes]:
    return (memory[start : start + 2 * _HALF] for start in range(0, len(memory), 2 * _HALF))
