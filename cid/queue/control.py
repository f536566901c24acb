"""Looking at the queue and mending it, in platform transactions. The same functions serve people with psql."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.pg.rows import each, into
from cid.pg.sql import query

if TYPE_CHECKING:
    from cid.ports import Tx

LISTED = query("control.listed")
LISTED_DEAD = query("control.listed_dead")
SHOW = query("control.show")
TOTALS = query("control.totals")
RETRY = query("control.retry")
COUNT_DEAD = query("control.count_dead")
RETRY_DEAD = query("control.retry_dead")
COUNT_WAITING = query("control.count_waiting")
CANCEL_WAITING = query("control.cancel_waiting")
CANCEL = query("control.cancel")
PAUSE = query("control.pause")
RESUME = query("control.resume")
PAUSES = query("control.pauses")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    id: JobId
    kind: str
    state: str
    tenant: str | None
    """The slug; None for work of the platform."""
    key: str
    priority: int
    attempt: int
    run_at: datetime
    waited: timedelta
    deadline: datetime | None
    host: str | None
    pid: int | None
    cancel: bool
    paused: bool
    error: str
    payload: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    id: JobId
    kind: str
    tenant: str | None
    key: str
    priority: int
    attempt: int
    error: str
    payload: Mapping[str, Any]
    created_at: datetime
    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyJob:
    """`state` is scheduled, ready, running, dead, done, cancelled or merged; `at` when that was or is due."""

    id: JobId
    kind: str
    state: str
    tenant_id: TenantId
    tenant: str | None
    key: str | None
    """None in the history, as all that only mattered to live jobs."""
    attempt: int
    payload: Mapping[str, Any]
    error: str
    created_at: datetime
    started_at: datetime | None
    at: datetime
    dedupe_key: str | None
    priority: int | None
    deadline: datetime | None
    host: str | None
    pid: int | None
    cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Which dead jobs; what is empty is no condition."""

    kinds: Sequence[str] = ()
    tenant: TenantId | None = None
    reason: str = ""
    """A part of it, in whatever case."""
    since: timedelta | None = None
    """That died so lately."""

    def arguments(self) -> list[tuple[str | None, TenantId | None, str, timedelta | None]]:
        """One kind at a time, or any."""
        return [(kind, self.tenant, self.reason, self.since) for kind in self.kinds or (None,)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTotal:
    kind: str
    ready: int
    scheduled: int
    running: int
    oldest_ready_s: float | None
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    kind: str
    tenant: str | None
    tenant_id: TenantId
    paused_at: datetime


SHAPES = {LISTED: LiveJob, LISTED_DEAD: DeadJob, SHOW: AnyJob, TOTALS: KindTotal, PAUSES: Pause}


async def listed(
    tx: Tx,
    *,
    kinds: Sequence[str] = (),
    state: str | None = None,
    tenant: TenantId | None = None,
    key: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[LiveJob]:
    return each(LiveJob, await tx.fetch(LISTED, list(kinds), state, tenant, key, after, limit))


async def listed_dead(
    tx: Tx,
    *,
    kinds: Sequence[str] = (),
    tenant: TenantId | None = None,
    key: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[DeadJob]:
    return each(DeadJob, await tx.fetch(LISTED_DEAD, list(kinds), tenant, key, after, limit))


async def show(tx: Tx, job: JobId) -> AnyJob | None:
    row = await tx.fetchrow(SHOW, job)
    return into(AnyJob, row) if row else None


async def totals(tx: Tx) -> list[KindTotal]:
    return each(KindTotal, await tx.fetch(TOTALS))


async def pauses(tx: Tx) -> list[Pause]:
    return each(Pause, await tx.fetch(PAUSES))


async def retry(tx: Tx, job: JobId) -> bool:
    """A dead job gets all its tries again; False where there is no such dead job."""
    return bool(await tx.fetchval(RETRY, job))


async def count_dead(tx: Tx, which: Dead) -> int:
    return sum([await tx.fetchval(COUNT_DEAD, *one) for one in which.arguments()])


async def retry_dead(tx: Tx, which: Dead) -> tuple[int, int]:
    """All of them; answers how many came back, and how many stayed because a waiting job does their work."""
    rows = [await tx.fetchrow(RETRY_DEAD, *one) for one in which.arguments()]
    return sum(row["back"] for row in rows if row), sum(row["stayed"] for row in rows if row)


async def count_waiting(tx: Tx, kinds: Sequence[str], tenant: TenantId | None, key: str | None) -> int:
    return sum([await tx.fetchval(COUNT_WAITING, kind, tenant, key) for kind in kinds])


async def cancel_waiting(tx: Tx, kinds: Sequence[str], tenant: TenantId | None, key: str | None) -> int:
    """All that wait, of every tenant and key where none is named; answers how many. Running ones go on."""
    return sum([await tx.fetchval(CANCEL_WAITING, kind, tenant, key) for kind in kinds])


async def cancel(tx: Tx, job: JobId) -> str | None:
    """Answers "cancelled" at once where it waited, "asked" where it runs, None where there is no such job."""
    said: str | None = await tx.fetchval(CANCEL, job)
    return said


async def pause(tx: Tx, kind: str, tenant: TenantId = PLATFORM) -> bool:
    """PLATFORM: for every tenant. Kind "*": of every kind. False where it was so already."""
    return bool(await tx.fetchval(PAUSE, kind, tenant))


async def resume(tx: Tx, kind: str, tenant: TenantId = PLATFORM) -> bool:
    return bool(await tx.fetchval(RESUME, kind, tenant))
