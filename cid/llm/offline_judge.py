"""Whether two texts tell of one event, by their words: most of the shorter headline is in the other, and no figure of
theirs contradicts the other's."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json
from cid.text.prose import numbers, significant

SHARED = 0.6
"""Of the significant words of the shorter headline."""


def judge(_shared: Mapping[str, Json], pair: Mapping[str, Json]) -> Mapping[str, Json]:
    title = pair["report"]["title"]
    return {"same": any(_alike(title, headline) for headline in pair["story"])}


def _alike(one: str, other: str) -> bool:
    first, second = significant(one), significant(other)
    if not first or not second or len(first & second) < SHARED * min(len(first), len(second)):
        return False
    figures, theirs = set(numbers(one)), set(numbers(other))
    return not figures or not theirs or bool(figures & theirs)
