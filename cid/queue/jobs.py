"""Putting work into the queue and ending it, inside the caller's own transaction."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cid.domain.errors import LostLease
from cid.pg.sql import query
from cid.queue import wakeups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cid.domain.ids import JobId, TenantId
    from cid.domain.jobs import Job, NewJob
    from cid.ports import Tx

ENQUEUE = query("jobs.enqueue")
DONE = query("jobs.done")
DEAD = query("jobs.dead")
SNOOZE = query("jobs.snooze")
ERROR_LIMIT = 2000
_ended: ContextVar[dict[JobId, str] | None] = ContextVar("ended", default=None)


@contextmanager
def watched() -> Iterator[dict[JobId, str]]:
    """The jobs that were ended within and how, filled in as their transactions commit."""
    ended: dict[JobId, str] = {}
    token = _ended.set(ended)
    try:
        yield ended
    finally:
        _ended.reset(token)


async def enqueue(tx: Tx, *jobs: NewJob) -> int:
    """Add `jobs`; answers how many were added, which is fewer where a waiting job has the same dedupe key.

    In a tenant's transaction only that tenant's jobs are accepted (row security). After the commit, consumers in this
    process are woken at once and others by one NOTIFY per kind.
    """
    by_tenant: dict[TenantId, list[NewJob]] = defaultdict(list)
    for job in jobs:
        by_tenant[job.tenant].append(job)
    added: set[str] = set()
    count = 0
    for tenant, group in by_tenant.items():
        rows = await tx.fetch(
            ENQUEUE,
            tenant,
            [job.kind for job in group],
            [job.priority for job in group],
            [job.run_at for job in group],
            [job.dedupe for job in group],
            [dict(job.payload) for job in group],
        )
        count += len(rows)
        added |= {row["kind"] for row in rows if row["state"] == "ready"}
    if added:
        tx.after_commit(lambda: wakeups.ready(added))
    return count


async def done(tx: Tx, *jobs: Job) -> None:
    """End `jobs` with the transaction that wrote their outcome. Raises LostLease when one is no longer ours."""
    ended = await tx.fetch(DONE, [job.id for job in jobs], [job.lease for job in jobs])
    if len(ended) != len(jobs):
        raise LostLease(f"{len(jobs) - len(ended)} of {len(jobs)} jobs belong to another process now")
    _note(tx, "done", *jobs)


async def dead(tx: Tx, job: Job, why: str) -> None:
    """End `job` for good, to be looked at by a person."""
    if await tx.fetchval(DEAD, job.id, job.lease, reason(why)) is None:
        raise LostLease(f"job {job.id} belongs to another process now")
    _note(tx, "dead", job)


async def snooze(tx: Tx, job: Job, until: datetime, why: str) -> None:
    """Let `job` wait until `until`; the attempt does not count."""
    if not await tx.fetchval(SNOOZE, job.id, job.lease, until, reason(why)):
        raise LostLease(f"job {job.id} belongs to another process now")
    _note(tx, "snooze", job)


def reason(why: str) -> str:
    """As the database can hold it: short, and without the one character that it cannot."""
    return why[:ERROR_LIMIT].replace("\0", "\N{REPLACEMENT CHARACTER}")


def kinds(jobs: Iterable[Job]) -> set[str]:
    return {job.kind for job in jobs}


def _note(tx: Tx, how: str, *jobs: Job) -> None:
    ended = _ended.get()
    if ended is not None:
        ids = dict.fromkeys((job.id for job in jobs), how)
        tx.after_commit(lambda: ended.update(ids))
