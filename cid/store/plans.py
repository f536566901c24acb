"""Places for drafts: how many a tenant's plan has this day and week, and who holds or waits for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ItemId, ScreeningId, TenantId, UserId
from cid.domain.plan import Taken, Turn
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

TAKE = query("plans.take")
HOLD = query("plans.hold")
HOLD_BY_HAND = query("plans.hold_by_hand")
HELD = query("plans.held")
RELEASE = query("plans.release")
GIVE_BACK = query("plans.give_back")
BEST = query("plans.best")
COUNTED = query("plans.counted")
WAITING = query("plans.waiting")
NUMBER = query("plans.number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A story that would be drafted if the plan had room."""

    id: ScreeningId
    item_id: ItemId
    title: str
    urgent: bool
    score: float | None
    spread: int
    opened_at: datetime


SHAPES = {BEST: Turn, COUNTED: Taken, WAITING: Waiting}


async def take(tx: Tx, screening: ScreeningId, *, per_day: int, per_week: int, ordinal: int = 1) -> bool:
    """False when the plan is full. One that holds a place keeps it, and takes no second. `ordinal`: which of the
    screening's drafts it is for."""
    row = await tx.fetchrow(TAKE, tx.tenant, per_day, per_week)
    if row is None:
        return False
    if await tx.fetchval(HOLD, tx.tenant, screening, row["day"], row["week"], ordinal) is None:
        await tx.execute(GIVE_BACK, tx.tenant, row["day"], row["week"])
    return True


async def take_by_hand(tx: Tx, screening: ScreeningId, by: UserId) -> bool:
    """Beyond the plan, because a person wants it. False when it holds a place already."""
    return await tx.fetchval(HOLD_BY_HAND, tx.tenant, screening, by) is not None


async def held(tx: Tx, tenant: TenantId, screening: ScreeningId, ordinal: int = 1) -> bool:
    return bool(await tx.fetchval(HELD, tenant, screening, ordinal))


async def release(tx: Tx, screening: ScreeningId, ordinal: int = 1) -> None:
    """There came no draft of it: somebody else may have the place. Changes nothing where none is held, or a draft was
    written."""
    row = await tx.fetchrow(RELEASE, tx.tenant, screening, ordinal)
    if row and row["day"] is not None:
        await tx.execute(GIVE_BACK, tx.tenant, row["day"], row["week"])


async def best(tx: Tx, tenant: TenantId, but: ScreeningId) -> Turn | None:
    """Whose turn it is among those that wait, `but` apart."""
    row = await tx.fetchrow(BEST, tenant, but)
    return into(Turn, row) if row else None


async def counted(tx: Tx, tenant: TenantId) -> Taken:
    row = await tx.fetchrow(COUNTED, tenant)
    return into(Taken, row) if row else Taken()


async def waiting(tx: Tx, tenant: TenantId) -> list[Waiting]:
    return each(Waiting, await tx.fetch(WAITING, tenant))


async def number(tx: Tx, tenant: TenantId) -> int:
    """How many stories wait for a place."""
    return int(await tx.fetchval(NUMBER, tenant))
