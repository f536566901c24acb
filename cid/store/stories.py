"""Stories: written by one writer, read through their items."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from cid.domain.ids import ScreeningId, StoryId, TenantId
from cid.domain.llm import Json
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.similar import Known

ALONE = query("stories.alone")
NEAR = query("stories.near")
HOLD = query("stories.hold")
ADD = query("stories.add")
GROW = query("stories.grow")
FOLLOW = query("stories.follow")
MERGE = query("stories.merge")
STAND = query("stories.stand")
FORGET = query("stories.forget")
RECOUNT = query("stories.recount")
SPREAD_REACHED = query("stories.spread_reached")


async def alone(tx: Tx) -> None:
    """Until the transaction ends nobody else places items."""
    await tx.execute(ALONE)


async def near(tx: Tx, keys: Iterable[int]) -> list[Known[StoryId]]:
    """Stories that stand under any of the keys, the oldest first."""
    rows = await tx.fetch(NEAR, sorted(set(keys)))
    return [Known(id=r["id"], words=r["words"], keys=set(r["keys"]), at=r["at"], sample=r["sample"]) for r in rows]


async def write(tx: Tx, stories: Iterable[Known[StoryId]]) -> None:
    """Those that were made, those that grew, and the keys they got."""
    stories = list(stories)
    if made := [_row(story) for story in stories if story.made]:
        await tx.execute(ADD, made)
    if grown := [_row(story) for story in stories if story.touched and not story.made]:
        await tx.execute(GROW, grown)
    pairs = [(key, story.id) for story in stories for key in story.added]
    await tx.execute(STAND, [key for key, _ in pairs], [story for _, story in pairs])


async def follow(tx: Tx, pairs: Sequence[tuple[StoryId, StoryId]]) -> None:
    """(story, the one it follows)."""
    if pairs:
        await tx.execute(FOLLOW, [story for story, _ in pairs], [before for _, before in pairs])


async def merge(tx: Tx, pairs: Sequence[tuple[StoryId, StoryId]]) -> set[StoryId]:
    """(from, into), in a platform transaction. Screenings and drafts of all tenants go along; items that are placed in
    `from` afterwards would not. Answers the stories that took others in: they are to be counted anew."""
    if not pairs:
        return set()
    rows = await tx.fetch(MERGE, [gone for gone, _ in pairs], [stays for _, stays in pairs])
    return {row["id"] for row in rows}


async def hold(tx: Tx) -> None:
    """No story merges until the transaction ends: before reading which stories screenings are opened for."""
    await tx.execute(HOLD)


async def forget(tx: Tx, before: int) -> None:
    """Keys below `before`, which is `similar.first_key` of a moment."""
    await tx.execute(FORGET, before)


def _row(story: Known[StoryId]) -> Json:
    return {"id": str(story.id), "words": story.words, "at": story.at.isoformat(), "sample": story.sample}


async def recount(tx: Tx, stories: Collection[StoryId]) -> None:
    await tx.execute(RECOUNT, list(stories))


async def spread_reached(
    tx: Tx, stories: Collection[StoryId], counts: Collection[int]
) -> list[tuple[TenantId, ScreeningId]]:
    """Waiting screenings of `stories` that passed one of `counts` since they were last judged."""
    rows = await tx.fetch(SPREAD_REACHED, list(stories), list(counts))
    return [(row["tenant_id"], row["id"]) for row in rows]
