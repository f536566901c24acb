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
DEAD_IDS = query("control.dead_ids")
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
    attempt: int
    payload: Mapping[str, Any]
    error: str
    created_at: datetime
    at: datetime
    dedupe_key: str | None
    priority: int | None


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
    after: int = 0,
    limit: int = 100,
) -> list[LiveJob]:
    return each(LiveJob, await tx.fetch(LISTED, list(kinds), state, tenant, after, limit))


async def listed_dead(
    tx: Tx, *, kinds: Sequence[str] = (), tenant: TenantId | None = None, after: int = 0, limit: int = 100
) -> list[DeadJob]:
    return each(DeadJob, await tx.fetch(LISTED_DEAD, list(kinds), tenant, after, limit))


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


async def dead_ids(
    tx: Tx, *, kinds: Sequence[str] = (), tenant: TenantId | None = None, error: str = "", limit: int = 10_000
) -> list[JobId]:
    """By kind, tenant and a part of the reason."""
    return [JobId(row["id"]) for row in await tx.fetch(DEAD_IDS, list(kinds), tenant, error, limit)]


async def cancel(tx: Tx, job: JobId) -> str | None:
    """Answers "cancelled" at once where it waited, "asked" where it runs, None where there is no such job."""
    said: str | None = await tx.fetchval(CANCEL, job)
    return said


async def pause(tx: Tx, kind: str, tenant: TenantId = PLATFORM) -> bool:
    """PLATFORM: for every tenant. Kind "*": of every kind. False where it was so already."""
    return bool(await tx.fetchval(PAUSE, kind, tenant))


async def resume(tx: Tx, kind: str, tenant: TenantId = PLATFORM) -> bool:
    return bool(await tx.fetchval(RESUME, kind, tenant))
