"""Stories: written by one writer, read through their items."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.policies import fitted
from cid.text.stories.shelf import LOOKED_AT
from cid.text.stories.story import Story

ALONE = query("stories.alone")
USES = query("stories.uses")
USE = query("stories.use")
NEAR = query("stories.near")
HOLD = query("stories.hold")
ADD = query("stories.add")
GROW = query("stories.grow")
FOLLOW = query("stories.follow")
MERGE = query("stories.merge")
ROOTS = query("stories.roots")
STAND = query("stories.stand")
OUTGROW = query("stories.outgrow")
FORGET = query("stories.forget")
FORGET_USES = query("stories.forget_uses")
COUNT = query("stories.count")
RECOUNT = query("stories.recount")
SPREAD_REACHED = query("stories.spread_reached")

UNDER_A_KEY = 8
"""Stories at most that are read under one key."""


async def alone(tx: Tx) -> None:
    """Until the transaction ends nobody else places items."""
    await tx.execute(ALONE)


async def uses(tx: Tx, keys: Iterable[int]) -> dict[int, int]:
    """How many titles used the terms under these keys, where any did."""
    return {row["key"]: row["titles"] for row in await tx.fetch(USES, sorted(set(keys)))}


async def near(tx: Tx, keys: Sequence[Sequence[int]]) -> list[Story]:
    """Stories that each of the items with these keys may belong to."""
    asked = [(number, key) for number, some in enumerate(keys) for key in some]
    rows = await tx.fetch(NEAR, [number for number, _ in asked], [key for _, key in asked], LOOKED_AT, UNDER_A_KEY)
    return [
        Story(
            id=r["id"],
            at=r["at"],
            sample=r["sample"],
            weights=dict(zip(r["words"], r["weights"], strict=False)),
            mass=r["mass"],
            faces=r["faces"],
            voices=r["voices"],
            follows=r["follows"],
            keys=set(r["keys"]),
        )
        for r in rows
    ]


async def write(tx: Tx, stories: Iterable[Story], used: Mapping[int, int]) -> None:
    """Those that were made, those that grew, the keys they got, and which terms were used how often."""
    stories = list(stories)
    if made := [_row(story) for story in stories if story.made]:
        await tx.execute(ADD, made)
    if grown := [_row(story) for story in stories if story.touched and not story.made]:
        await tx.execute(GROW, grown)
    if dropped := [(key, level, story.id) for story in stories for key, level in story.dropped]:
        await tx.execute(OUTGROW, *map(list, zip(*dropped, strict=True)))
    if added := [(key, level, story.id) for story in stories for key, level in story.added.items()]:
        await tx.execute(STAND, *map(list, zip(*added, strict=True)))
    await tx.execute(USE, list(used), list(used.values()))


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


async def roots(tx: Tx, stories: Collection[StoryId]) -> dict[StoryId, StoryId]:
    """Each with the one that stands for it."""
    rows = await tx.fetch(ROOTS, list(stories))
    return {row["id"]: row["root"] for row in rows}


async def forget(tx: Tx, before: int) -> None:
    """Keys below `before`, which is `keys.first_key` of a moment."""
    await tx.execute(FORGET, before)
    await tx.execute(FORGET_USES, before)


def _row(story: Story) -> Json:
    return {
        "id": str(story.id),
        "words": list(story.weights),
        "weights": list(story.weights.values()),
        "mass": story.mass,
        "faces": story.faces,
        "voices": story.voices,
        "at": story.at.isoformat(),
        "sample": story.sample,
    }


async def count(tx: Tx, items: Collection[ItemId], placed: Mapping[StoryId, int]) -> None:
    """What these items brought their stories, `placed` being how many were put in which just now."""
    await tx.execute(COUNT, list(items), list(placed), list(placed.values()))


async def recount(tx: Tx, stories: Collection[StoryId]) -> None:
    """From their items and sightings, all of them: not for every hand-out."""
    await tx.execute(RECOUNT, list(stories))


async def spread_reached(
    tx: Tx, stories: Collection[StoryId], shipped: GatePolicy
) -> list[tuple[TenantId, ScreeningId]]:
    """Waiting screenings of `stories` that passed, since they were last judged, one of the counts at which their tenant
    wants them judged again: `shipped`'s, where it turned none that fit."""
    rows = await tx.fetch(SPREAD_REACHED, list(stories))
    return [
        (row["tenant_id"], row["id"])
        for row in rows
        if row["urgent"] or any(row["judged_at"] < count <= row["now"] for count in _counts(shipped, row["own"]))
    ]


def _counts(shipped: GatePolicy, own: Json) -> Sequence[int]:
    """`own`: as the tenant turned it; None where it did not."""
    policy = shipped if own is None else fitted(shipped, {"signal": {"rejudge_at": own}})[0]
    return policy.signal.rejudge_at
