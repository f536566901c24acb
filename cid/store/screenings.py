"""One tenant's judgement of one story. Every move is a compare-and-set; False means somebody else moved it first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId
from cid.domain.screening import FIRST, Screening, ScreeningState, Stage, WaitFor
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Reason
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

OPEN = query("screenings.open")
OF_STORY = query("screenings.of_story")
BY_IDS = query("screenings.by_ids")
ADVANCE = query("screenings.advance")
WAIT = query("screenings.wait")
PASS = query("screenings.pass")
DROP = query("screenings.drop")
FAIL = query("screenings.fail")
OPEN_MANY = query("screenings.open_many")
OF_STORIES = query("screenings.of_stories")
REOPEN = query("screenings.reopen")
RAISE_URGENT = query("screenings.raise_urgent")
SUPERSEDE = query("screenings.supersede")
REVIVE = query("screenings.revive")
DRAFTED = query("screenings.drafted")
SHAPES = {OF_STORY: Screening, BY_IDS: Screening}


async def open_(
    tx: Tx, screening: ScreeningId, story: StoryId, item: ItemId, *, urgent: bool, desk: Desk = Desk.PUBLISHING
) -> bool:
    """False when the story has a screening already: the item joins it and pays nothing."""
    return await tx.fetchval(OPEN, tx.tenant, screening, story, item, urgent, desk, FIRST[desk]) is not None


async def of_story(tx: Tx, tenant: TenantId, story: StoryId, desk: Desk = Desk.PUBLISHING) -> Screening | None:
    row = await tx.fetchrow(OF_STORY, tenant, story, desk)
    return into(Screening, row) if row else None


async def by_ids(tx: Tx, tenant: TenantId, ids: Collection[ScreeningId]) -> list[Screening]:
    return each(Screening, await tx.fetch(BY_IDS, tenant, list(ids)))


async def advance(tx: Tx, screening: Screening, stage: Stage, *, score: float | None = None) -> bool:
    """`score`: what the gate that let it through gave it; None keeps the one it has."""
    one = (screening.tenant_id, screening.id, screening.state, screening.stage)
    return await tx.fetchval(ADVANCE, *one, stage, score) is not None


async def opened(tx: Tx, screening: Screening) -> Screening | None:
    """`screening` open at its own stage, whatever it waited for or failed at; None when somebody else moved it."""
    if screening.state is ScreeningState.OPEN:
        return screening
    moved = await advance(tx, screening, screening.stage)
    return replace(screening, state=ScreeningState.OPEN, waiting_for=None, until=None, failure="") if moved else None


async def wait(tx: Tx, screening: Screening, for_: WaitFor, until: datetime, *, spread: int) -> bool:
    states = [ScreeningState.OPEN, ScreeningState.WAITING]
    return (
        await tx.fetchval(WAIT, screening.tenant_id, screening.id, states, screening.stage, for_, until, spread)
        is not None
    )


async def pass_(tx: Tx, screening: Screening) -> bool:
    return await tx.fetchval(PASS, screening.tenant_id, screening.id, screening.stage) is not None


async def drop(tx: Tx, screening: Screening, gate: Gate, reason: Reason) -> bool:
    return await tx.fetchval(DROP, screening.tenant_id, screening.id, screening.stage, gate, reason) is not None


async def fail(tx: Tx, screening: Screening, failure: str) -> bool:
    return await tx.fetchval(FAIL, screening.tenant_id, screening.id, screening.stage, failure[:500]) is not None


async def reopen(tx: Tx, screening: ScreeningId, stage: Stage) -> bool:
    """False when it became a draft, or part of another."""
    return await tx.fetchval(REOPEN, tx.tenant, screening, stage) is not None


async def open_many(
    tx: Tx, opened: Sequence[tuple[ScreeningId, StoryId, ItemId, bool]], desk: Desk = Desk.PUBLISHING
) -> tuple[set[ScreeningId], dict[StoryId, ScreeningId]]:
    """Each with whether it is urgent, one per story. Answers those that are new, and the screening of every story."""
    ids, stories, items, urgent = ([row[column] for row in opened] for column in range(4))
    rows = await tx.fetch(OPEN_MANY, tx.tenant, ids, stories, items, urgent, desk, FIRST[desk])
    standing = await tx.fetch(OF_STORIES, tx.tenant, stories, desk)
    return {row["id"] for row in rows}, {row["story_id"]: row["id"] for row in standing}


async def raise_urgent(tx: Tx, tenant: TenantId, stories: Collection[StoryId]) -> list[ScreeningId]:
    """Those of `stories` become urgent; answers the ones that waited for signal and need to wait no longer."""
    if not stories:
        return []
    rows = await tx.fetch(RAISE_URGENT, tenant, list(stories))
    return [row["id"] for row in rows if row["waiting"]]


async def supersede(tx: Tx, tenant: TenantId, stories: Collection[StoryId], window: timedelta) -> None:
    """Stories that were on the tracker for longer than `window` may open another screening there."""
    await tx.execute(SUPERSEDE, tenant, list(stories), window)


async def revive(
    tx: Tx, tenant: TenantId, desk: Desk, chosen: Collection[ScreeningId] | None, *, limit: int
) -> list[ScreeningId]:
    """Failed ones are open again where they failed; None: whichever failed. Answers which."""
    ids = None if chosen is None else list(chosen)
    return [ScreeningId(row["id"]) for row in await tx.fetch(REVIVE, tenant, desk, ids, limit)]


async def drafted(tx: Tx, stories: Collection[StoryId]) -> list[tuple[TenantId, ScreeningId]]:
    """In a platform transaction: who has a draft of one of `stories`."""
    return [(row["tenant_id"], row["id"]) for row in await tx.fetch(DRAFTED, list(stories))]
