"""Whose digest is due, what it says, and what became of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cid.domain.digest import MOST, Ailing, Changed, DayOutcome, Out, Reader, Waiting, Wishes
from cid.domain.draft import DraftState
from cid.domain.ids import DraftId, TenantId, UserId
from cid.domain.monitor import Change
from cid.domain.publication import PublicationState
from cid.domain.run import Tlp
from cid.domain.shape import built
from cid.domain.tenants import Role
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Row, Tx
from cid.text import urls

DUE = query("digests.due")
PUT_OFF = query("digests.put_off")
LOOK_AGAIN = query("digests.look_again")
READER = query("digests.reader")
WANTS_BREAKING = query("digests.wants_breaking")
WANTS_CHANGES = query("digests.wants_changes")
URGENT = query("digests.urgent")
WISHES = query("digests.wishes")
WISH = query("digests.wish")
NO_MORE = query("digests.no_more")
ADD_DAY = query("digests.add_day")
DAY = query("digests.day")
WAITING = query("digests.waiting")
WAITING_COUNT = query("digests.waiting_count")
LIVE = query("digests.live")
TROUBLE = query("digests.trouble")
AILING = query("digests.ailing")
CHANGED = query("digests.changed")
PENDING = query("digests.pending")
SPENT = query("digests.spent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    tenant_id: TenantId
    user_id: UserId
    fresh: bool
    """Never looked at before: what was due earlier today is not sent late."""
    wanted: bool
    hour: int
    zone: str
    paused: bool


SHAPES = {DUE: Due, READER: Reader, WISHES: Wishes, WAITING: Waiting, URGENT: Waiting}


async def due(tx: Tx, limit: int) -> list[Due]:
    """In a platform transaction. Locked until it ends."""
    return each(Due, await tx.fetch(DUE, limit))


async def put_off(tx: Tx, later: Sequence[tuple[Due, datetime | None]]) -> None:
    """In a platform transaction: when to look at each next; None: not before their wishes change."""
    if later:
        at = [moment for _, moment in later]
        await tx.execute(PUT_OFF, [one.tenant_id for one, _ in later], [one.user_id for one, _ in later], at)


async def look_again(tx: Tx, tenant: TenantId, user: UserId) -> None:
    """In a platform transaction."""
    await tx.execute(LOOK_AGAIN, tenant, user)


async def reader(tx: Tx, tenant: TenantId, user: UserId) -> Reader | None:
    """In a platform transaction. None: no member."""
    row = await tx.fetchrow(READER, tenant, user)
    return into(Reader, row) if row else None


async def wants_breaking(tx: Tx, tenant: TenantId) -> list[UserId]:
    """In a platform transaction: who wants to hear at once of what they may decide on."""
    return [UserId(row["user_id"]) for row in await tx.fetch(WANTS_BREAKING, tenant)]


async def wants_changes(tx: Tx, tenant: TenantId, roles: Sequence[Role]) -> list[UserId]:
    """In a platform transaction: who of these wants to hear at once."""
    return [UserId(row["user_id"]) for row in await tx.fetch(WANTS_CHANGES, tenant, list(roles))]


async def urgent(tx: Tx, tenant: TenantId, draft: DraftId) -> Waiting | None:
    """A draft that is ready, of a story that is urgent; None: it is not, or not any more."""
    row = await tx.fetchrow(URGENT, tenant, draft)
    return into(Waiting, row) if row else None


async def wishes(tx: Tx, tenant: TenantId, user: UserId) -> Wishes:
    row = await tx.fetchrow(WISHES, tenant, user)
    return into(Wishes, row) if row else Wishes()


async def wish(tx: Tx, tenant: TenantId, user: UserId, wanted: Wishes) -> None:
    await tx.execute(WISH, tenant, user, wanted.digest, wanted.hour, wanted.zone, wanted.breaking)


async def no_more(tx: Tx, tenant: TenantId, user: UserId) -> bool:
    """In a platform transaction. False: no member."""
    return await tx.fetchval(NO_MORE, tenant, user) is not None


async def add_day(tx: Tx, tenant: TenantId, user: UserId, day: date, outcome: DayOutcome) -> bool:
    """False: it was decided on before."""
    return await tx.fetchval(ADD_DAY, tenant, user, day, outcome) is not None


async def day(tx: Tx, tenant: TenantId, user: UserId, day: date) -> DayOutcome | None:
    found = await tx.fetchval(DAY, tenant, user, day)
    return DayOutcome(found) if found else None


async def waiting(tx: Tx, tenant: TenantId, states: Sequence[DraftState]) -> tuple[list[Waiting], int]:
    """The first of them, and how many there are."""
    rows = await tx.fetch(WAITING, tenant, list(states), MOST)
    return each(Waiting, rows), int(await tx.fetchval(WAITING_COUNT, tenant, list(states)))


async def live(tx: Tx, tenant: TenantId, start: datetime, end: datetime) -> tuple[list[Out], int]:
    return _out(await tx.fetch(LIVE, tenant, start, end, MOST))


async def trouble(tx: Tx, tenant: TenantId, since: datetime) -> tuple[list[Out], int]:
    return _out(await tx.fetch(TROUBLE, tenant, since, MOST))


async def ailing(tx: Tx, tenant: TenantId) -> tuple[list[Ailing], int]:
    rows = await tx.fetch(AILING, tenant, MOST)
    found = [
        Ailing(
            title=row["title"] or urls.shown(row["url"]),
            why=": ".join(filter(None, (row["outcome"], row["outcome_detail"]))),
            until=row["until"],
        )
        for row in rows
    ]
    return found, rows[0]["whole"] if rows else 0


async def changed(tx: Tx, tenant: TenantId, start: datetime, end: datetime) -> tuple[list[Changed], int]:
    rows = await tx.fetch(CHANGED, tenant, start, end, MOST)
    found = [
        Changed(
            run_id=row["run_id"],
            outlet=row["outlet"],
            tlp=Tlp(row["tlp"]),
            monitor_id=row["monitor_id"],
            change=built(Change, row["change"]),
        )
        for row in rows
    ]
    return found, rows[0]["whole"] if rows else 0


async def pending(tx: Tx, tenant: TenantId) -> int:
    """Entries of the tracker that wait; a thousand stands for more."""
    return int(await tx.fetchval(PENDING, tenant))


async def spent(tx: Tx, tenant: TenantId, day: date, default: Decimal | None) -> tuple[Decimal, Decimal | None]:
    """US dollars of that day in UTC, and the most that a day may cost."""
    row = await tx.fetchrow(SPENT, tenant, day, default)
    assert row is not None
    return row["spent"], row["cap"]


def _out(rows: Sequence[Row]) -> tuple[list[Out], int]:
    found = [
        Out(
            draft_id=row["draft_id"],
            title=row["title"],
            channel=row["channel"],
            state=PublicationState(row["state"]),
            url=row["url"],
            error=row["error"],
        )
        for row in rows
    ]
    return found, rows[0]["whole"] if rows else 0
