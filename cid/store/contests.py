"""Items that might belong to another story as well. All in platform transactions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.contest import CONTEST, ContestState, Ending, Pair
from cid.domain.ids import ItemId, StoryId
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("contests.add")
PAIRS = query("contests.pairs")
CLOSE = query("contests.close")
FORGET = query("contests.forget")
SHAPES = {PAIRS: Pair}


async def add(tx: Tx, contested: Sequence[tuple[UUID, ItemId, StoryId, float]], *, unjudged: str = "") -> list[UUID]:
    """Each with its likeness, 0 to 1. `unjudged`: why nobody will be asked. Answers those that are new."""
    if not contested:
        return []
    ids, items, stories, likeness = ([row[column] for row in contested] for column in range(4))
    return [row["id"] for row in await tx.fetch(ADD, ids, items, stories, likeness, unjudged)]


async def pairs(tx: Tx, ids: Collection[UUID]) -> list[Pair]:
    """The open ones of `ids`."""
    return each(Pair, await tx.fetch(PAIRS, list(ids)))


async def close(tx: Tx, endings: Sequence[Ending]) -> set[UUID]:
    """Answers those that nobody else closed first."""
    for ending in endings:
        CONTEST.check(ContestState.OPEN, ending.state)
    rows = await tx.fetch(
        CLOSE,
        [ending.contest for ending in endings],
        [ending.state for ending in endings],
        [ending.why[:300] for ending in endings],
        [ending.call for ending in endings],
    )
    return {row["id"] for row in rows}


async def forget(tx: Tx, keep: timedelta) -> None:
    await tx.execute(FORGET, keep)
