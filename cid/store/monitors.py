"""Monitors: what is analysed on a schedule, whose turn it is, and what each run changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cid.domain.ids import ChangeId, MonitorId, RunId, TenantId
from cid.domain.monitor import Change, Monitor, StoredChange
from cid.domain.run import Failure, Run, RunState, Shortfall
from cid.domain.shape import built, plain
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Row, Tx

ADD = query("monitors.add")
CHANGE = query("monitors.change")
BY_ID = query("monitors.by_id")
LOCK = query("monitors.lock")
LISTED = query("monitors.listed")
COUNT = query("monitors.count")
TURN = query("monitors.turn")
DUE = query("monitors.due")
TAKE = query("monitors.take")
BOARDS = query("monitors.boards")
RUNS = query("monitors.runs")
ADD_CHANGE = query("monitors.add_change")
CHANGES = query("monitors.changes")
CHANGE_BY_ID = query("monitors.change_by_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    tenant_id: TenantId
    id: MonitorId
    next_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a list shows of a monitor. None: there is none yet."""

    monitor_id: MonitorId
    run_id: RunId | None
    state: RunState | None
    failure: Failure | None
    score: int | None
    rating: str | None
    run_at: datetime | None
    scores: Sequence[int] | None
    """Of the last twelve runs, the oldest first; those without a score are left out."""
    change_run_id: RunId | None
    size: int | None
    compared: bool | None
    change_at: datetime | None


SHAPES = {BY_ID: Monitor, LOCK: Monitor, LISTED: Monitor, DUE: Due, BOARDS: Board, RUNS: Run}


async def add(tx: Tx, monitor: Monitor) -> None:
    m = monitor
    await tx.execute(
        ADD,
        *(tx.tenant, m.id, m.outlet, m.outlet_key, m.country, m.url, m.platform, m.period, m.items, list(m.sources)),
        *(m.substitute, m.tlp, m.every_hours, m.threshold, m.next_at, m.made_by),
    )


async def change(tx: Tx, monitor: Monitor) -> None:
    m = monitor
    await tx.execute(
        CHANGE,
        *(tx.tenant, m.id, m.country, m.url, m.period, m.items, list(m.sources), m.substitute, m.tlp),
        *(m.every_hours, m.threshold, m.active, m.next_at),
    )


def _monitor(row: Row) -> Monitor:
    found = into(Monitor, row)
    return replace(found, sources=tuple(found.sources))


async def by_id(tx: Tx, tenant: TenantId, monitor: MonitorId) -> Monitor | None:
    row = await tx.fetchrow(BY_ID, tenant, monitor)
    return _monitor(row) if row else None


async def lock(tx: Tx, monitor: MonitorId) -> Monitor | None:
    """It stays as it is until the transaction ends."""
    row = await tx.fetchrow(LOCK, tx.tenant, monitor)
    return _monitor(row) if row else None


async def listed(tx: Tx, tenant: TenantId, limit: int) -> list[Monitor]:
    """Those that are on first, then by name."""
    return [_monitor(row) for row in await tx.fetch(LISTED, tenant, limit)]


async def room(tx: Tx, most: int) -> int:
    """How many more there may be. Whoever asks next in this tenant waits until the transaction ends."""
    await tx.execute(TURN, tx.tenant)
    return most - int(await tx.fetchval(COUNT, tx.tenant, most))


async def due(tx: Tx, after: Due | None, limit: int) -> list[Due]:
    """In a platform transaction: whose turn it is, behind `after`."""
    place = (after.next_at, after.id) if after else (None, None)
    return each(Due, await tx.fetch(DUE, *place, limit))


async def take(tx: Tx, one: Due, next_at: datetime) -> bool:
    """False: somebody else took this turn, or the monitor was changed or switched off meanwhile."""
    return await tx.fetchval(TAKE, tx.tenant, one.id, one.next_at, next_at) is not None


async def boards(tx: Tx, tenant: TenantId, monitors: Sequence[MonitorId]) -> dict[MonitorId, Board]:
    return {one.monitor_id: one for one in each(Board, await tx.fetch(BOARDS, tenant, list(monitors)))}


async def runs(tx: Tx, tenant: TenantId, monitor: MonitorId, limit: int) -> list[Run]:
    """The newest first."""
    found = each(Run, await tx.fetch(RUNS, tenant, monitor, limit))
    return [
        replace(one, sources=tuple(one.sources), shortfalls=tuple(Shortfall(lack) for lack in one.shortfalls))
        for one in found
    ]


async def add_change(tx: Tx, found: StoredChange) -> bool:
    """False: this run's is there already. The moment is the database's."""
    f = found
    said = (tx.tenant, f.id, f.monitor_id, f.run_id, f.before_run_id, f.change.size, plain(f.change))
    return await tx.fetchval(ADD_CHANGE, *said) is not None


def _change(row: Row) -> StoredChange:
    return StoredChange(
        id=row["id"],
        monitor_id=row["monitor_id"],
        run_id=row["run_id"],
        before_run_id=row["before_run_id"],
        change=built(Change, row["change"]),
        made_at=row["made_at"],
    )


async def changes(tx: Tx, tenant: TenantId, monitor: MonitorId, limit: int) -> list[StoredChange]:
    """The newest first."""
    return [_change(row) for row in await tx.fetch(CHANGES, tenant, monitor, limit)]


async def change_by_id(tx: Tx, tenant: TenantId, change_id: ChangeId) -> StoredChange | None:
    row = await tx.fetchrow(CHANGE_BY_ID, tenant, change_id)
    return _change(row) if row else None
