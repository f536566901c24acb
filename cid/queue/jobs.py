"""Putting work into the queue and ending it, inside the caller's own transaction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cid.domain.errors import LostLease
from cid.domain.ids import JobId
from cid.domain.jobs import Enqueued
from cid.pg.sql import query
from cid.queue import wakeups
from cid.queue.hand import CURRENT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cid.domain.ids import TenantId
    from cid.domain.jobs import Job, JobKind, NewJob
    from cid.ports import Tx

ENQUEUE = query("jobs.enqueue")
ENQUEUE_ALIKE = query("jobs.enqueue_alike")
ENQUEUE_ONCE = query("jobs.enqueue_once")
TWINS = query("jobs.twins")
DONE = query("jobs.done")
DEAD = query("jobs.dead")
SNOOZE = query("jobs.snooze")
BRING_FORWARD = query("jobs.bring_forward")
HASTEN = query("jobs.hasten")
HURRY = query("jobs.hurry")
ELSEWHERE = query("jobs.elsewhere")
HELD = query("jobs.held")
WITHDRAW = query("jobs.withdraw")
ERROR_LIMIT = 2000


async def enqueue(tx: Tx, *jobs: NewJob) -> list[Enqueued]:
    """Add `jobs`; answers for each, in order, which job does its work and whether it is a new one.

    In a tenant's transaction only that tenant's jobs are accepted (row security). After the commit, consumers in this
    process are woken at once and others by one NOTIFY per kind.
    """
    if not jobs:
        return []
    states = await _insert(tx, jobs)
    answers = [Enqueued(id_, state is not None) for id_, state in states]
    ready = {job.kind for job, (_, state) in zip(jobs, states, strict=True) if state == "ready"}
    if ready:
        told, statement = wakeups.with_commit(ready, time.monotonic())
        tx.with_commit(statement)
        tx.after_commit(lambda: wakeups.ready(ready, told))
    missing = [n for n, answer in enumerate(answers) if not answer.added]
    if missing:
        await _name_twins(tx, jobs, answers, missing)
    return answers


async def _insert(tx: Tx, jobs: Sequence[NewJob]) -> list[tuple[JobId, str | None]]:
    """Ids in the order of `jobs`, and the state each began in; None: a waiting job with the same key does its work."""
    kinds, tenants, keys, payloads, dedupe, run_at, priorities = zip(*jobs, strict=True)
    columns = (tenants, kinds, keys, priorities, run_at)
    if any(dedupe):
        row = await tx.fetchrow(ENQUEUE_ONCE, *columns, payloads, dedupe)
    elif all(column.count(column[0]) == len(jobs) for column in columns):
        row = await tx.fetchrow(ENQUEUE_ALIKE, *(column[0] for column in columns), payloads)
    else:
        row = await tx.fetchrow(ENQUEUE, *columns, payloads)
    assert row
    states = row["states"] if len(row["states"]) > 1 else row["states"] * len(jobs)
    return sorted(zip(row["ids"], states, strict=True))


async def _name_twins(tx: Tx, jobs: Sequence[NewJob], answers: list[Enqueued], missing: Sequence[int]) -> None:
    twins = [jobs[n] for n in missing]
    rows = await tx.fetch(
        TWINS, [job.tenant for job in twins], [job.kind for job in twins], [job.dedupe for job in twins]
    )
    for n in missing:
        answers[n] = Enqueued(None, added=False)
    for row in rows:
        answers[missing[row["n"] - 1]] = Enqueued(JobId(row["id"]), added=False)


async def done(tx: Tx, *jobs: Job) -> None:
    """End `jobs` with the transaction that wrote their outcome. Raises LostLease when one is no longer ours."""
    ended = await tx.fetch(DONE, [job.id for job in jobs], [job.lease for job in jobs])
    if len(ended) != len(jobs):
        raise LostLease(f"{len(jobs) - len(ended)} of {len(jobs)} jobs belong to another process now")
    _note(tx, "done", *jobs)


async def ended(tx: Tx, jobs: Sequence[Job]) -> set[JobId]:
    """End those of `jobs` that are still ours; answers which. For work that several hand-outs do together: once this
    has committed, each tells its own hand by `note`."""
    rows = await tx.fetch(DONE, [job.id for job in jobs], [job.lease for job in jobs])
    return {JobId(row["id"]) for row in rows}


def note(job: Job) -> None:
    """The current hand-out's job was ended by a transaction that has committed."""
    hand = CURRENT.get()
    if hand:
        hand.ended[job.id] = "done"


async def dead(tx: Tx, job: Job, why: str) -> None:
    """End `job` for good, to be looked at by a person."""
    if await tx.fetchval(DEAD, [job.id], [job.lease], [reason(why)]) is None:
        raise LostLease(f"job {job.id} belongs to another process now")
    _note(tx, "dead", job)


async def snooze(tx: Tx, job: Job, until: datetime, why: str) -> None:
    """Let `job` wait until `until`; the attempt does not count."""
    if not await tx.fetchval(SNOOZE, job.id, job.lease, until, reason(why)):
        raise LostLease(f"job {job.id} belongs to another process now")
    _note(tx, "snooze", job)


async def elsewhere(tx: Tx, job: Job) -> bool:
    """Whether an older job with the same key is being worked on: what it pays for would be paid for twice. A key keeps
    two jobs from waiting, not one from being added while the other is in hand."""
    return bool(await tx.fetchval(ELSEWHERE, job.tenant, job.id))


async def held(tx: Tx, job: Job) -> None:
    """Before something is paid for that `job` would not end at once. Raises LostLease: somebody else has it now."""
    if not await tx.fetchval(HELD, job.tenant, job.id, job.lease):
        raise LostLease(f"job {job.id} belongs to another process now")


async def bring_forward(tx: Tx, tenant: TenantId, named: str) -> None:
    """In a platform transaction: the tenant's jobs that sleep for a reason which names this run now."""
    await tx.execute(BRING_FORWARD, tenant, named)


async def hasten(tx: Tx, job: NewJob) -> None:
    """`job` is to be done now: the waiting one with its key is brought forward, and where there is none it is added."""
    await tx.execute(HASTEN, job.tenant, job.kind, job.dedupe)
    await enqueue(tx, job)


async def postpone(tx: Tx, kind: JobKind, jobs: Sequence[NewJob]) -> None:
    """The waiting jobs with the keys of `jobs` give way to these, which are due at another time."""
    await tx.execute(WITHDRAW, tx.tenant, kind, [job.dedupe for job in jobs])
    await enqueue(tx, *jobs)


async def hurry(
    tx: Tx, kinds: Collection[JobKind], dedupe: Collection[str], priority: int, *, key: str | None = None
) -> None:
    """The tenant's waiting jobs with these dedupe keys come before others from now on, in the group `key` where one is
    given; those that sleep go on sleeping."""
    if dedupe:
        await tx.execute(HURRY, tx.tenant, list(kinds), list(dedupe), priority, key)


def reason(why: str) -> str:
    """As the database can hold it: short, and without the one character that it cannot."""
    return why[:ERROR_LIMIT].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _note(tx: Tx, how: str, *jobs: Job) -> None:
    hand = CURRENT.get()
    if hand:
        ended, ids = hand.ended, dict.fromkeys((job.id for job in jobs), how)
        tx.after_commit(lambda: ended.update(ids))
