"""The server is killed right after a claim: the claim is gone, and the claimant, who does not know, ends its jobs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from cid.domain.errors import LostLease
from cid.domain.jobs import Job
from cid.pg.embedded import ADMIN, WORKER
from cid.queue import jobs as queue_jobs
from cid.queue.claims import Claimer
from cid.queue.endings import Ending, Endings, Outcome
from cid.queue.link import Link
from tests.chaos.field import Field, Grounds, Report, a_field
from tests.chaos.kills import kill_server
from tests.chaos.worker import WORK, WORK_DONE
from tests.queues import flat, terms

BATCH = 20
End = Callable[[Any, Job], Awaitable[None]]


async def fenced(tx: Any, job: Job) -> None:
    await queue_jobs.done(tx, job)


async def unfenced(tx: Any, job: Job) -> None:
    await tx.execute("delete from jobs where id = $1", job.id)


async def claim_lost(grounds: Grounds, *, seed: int, rounds: int, end: End = fenced) -> Report:
    """`zombies_accepted`: completions by leases that the server forgot, and that were written all the same."""
    naive = "" if end is fenced else "3 naive: "
    report = Report(scenario=naive + "2b server killed right after a claim", seed=seed)
    began = time.monotonic()
    works = [f"w{n}" for n in range(rounds * BATCH)]
    zombies = accepted = 0
    async with a_field(grounds, seed=seed) as field:
        await _slow_writer(field)
        for n in range(rounds):
            await field.add(works[n * BATCH : (n + 1) * BATCH])
            old = await _claimed(field)
            kill_server(field)
            rows = await field.fetch("select id from jobs where state = 'ready' and kind = $1", str(WORK))
            forgotten = {row["id"] for row in rows}
            zombies += len(forgotten)
            early = [job for job in old if job.id in forgotten and job.id % 2]
            late = [job for job in old if job.id in forgotten and not job.id % 2]
            accepted += await _ended(field, early, end)
            new = await _claimed(field)
            accepted += await _ended(field, late, end)
            rightful = new + [job for job in old if job.id not in forgotten]
            if await _ended(field, rightful, fenced) != len(rightful) and end is fenced:
                raise AssertionError("the rightful holder was refused")
        effects = await field.fetch(
            "select work, count(*) as n from chaos_effects where kind = $1 group by work", str(WORK)
        )
        await _slow_writer(field, "default")
        report.doubled = sum(row["n"] > 1 for row in effects)
        report.lost = len(works) - len(effects)
    report.jobs, report.kills = len(works), rounds
    report.more = {"claims_forgotten": zombies, "zombies_accepted": accepted}
    report.took = round(time.monotonic() - began, 1)
    return report


async def _slow_writer(field: Field, delay: str = "'10s'") -> None:
    """What is not flushed at its commit stays in memory for long, so that a kill takes it along for sure."""
    admin = await asyncpg.connect(field.dsn(ADMIN))
    await admin.execute(f"alter system set wal_writer_delay = {delay}")
    await admin.execute("select pg_reload_conf()")
    await admin.close()


async def _claimed(field: Field) -> list[Job]:
    link = Link(field.dsn(WORKER), name="claim", timeout=timedelta(seconds=10))
    try:
        return flat(await Claimer(link, uuid4()).claim(terms(WORK), BATCH))
    finally:
        link.drop()


async def _ended(field: Field, found: list[Job], end: End) -> int:
    """How many of `found` were let through. What a flow did not get written, the edge tries, too."""
    accepted = 0
    for job in found:
        try:
            async with field.db.tx(job.tenant) as tx:
                await tx.execute(WORK_DONE, job.tenant, str(job.kind), job.payload["work"], job.id, job.attempt, 0)
                await end(tx, job)
            accepted += 1
        except LostLease:
            link = Link(field.dsn(WORKER), name="end", timeout=timedelta(seconds=10))
            await Endings(link).flush([Ending(job=job, outcome=Outcome.DONE)])
            link.drop()
    return accepted
