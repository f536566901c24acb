"""A queue in a test's own database, with as many claimers as wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.pg.embedded import WORKER
from cid.pg.pool import WorkerDb
from cid.queue import care, jobs
from cid.queue.claims import Claimed, Claimer, Terms
from cid.queue.link import Link
from tests.conftest import Database

SILENT = timedelta(seconds=30)


def terms(kind: JobKind = JobKind.RULES, *, group: int = 1, linger: timedelta = timedelta(0), **limits: Any) -> Terms:
    """A group's hand-outs come one at a time, unless `limits` say otherwise."""
    limits = {"most_per_key": 1 if group > 1 else None, **limits}
    return Terms(kind=kind, deadline=timedelta(minutes=5), group=group, linger=linger, **limits)


@dataclass
class Queue:
    database: Database
    platform: WorkerDb
    owner: Any
    links: list[Link] = field(default_factory=list)

    def claimer(self, worker: UUID | None = None) -> Claimer:
        link = Link(self.database.dsn(WORKER), name="test", timeout=timedelta(seconds=20))
        self.links.append(link)
        # a second passes between any two looks: every claim lists who has waiting jobs
        return Claimer(link, worker or uuid4(), clock=count().__next__)

    def link(self) -> Link:
        self.claimer()
        return self.links[-1]

    async def worker(self, *, silent: bool = False) -> UUID:
        """A process that beat just now, or went silent."""
        worker = uuid4()
        beat = "cid_now() - interval '31 seconds'" if silent else "cid_now()"
        await self.owner.execute(
            f"insert into workers (id, host, pid, version, beat_at) values ($1, 'h', 1, '0', {beat})", worker
        )
        return worker

    async def add(self, *new: NewJob) -> int:
        """Answers how many were added."""
        async with self.platform.tx() as tx:
            return sum(answer.added for answer in await jobs.enqueue(tx, *new))

    async def many(self, tenant: TenantId, count: int, kind: JobKind = JobKind.RULES) -> None:
        await self.add(*(NewJob(kind=kind, tenant=tenant, payload={"item": str(n)}) for n in range(count)))

    async def rescue(self, tries: int = 3, *, deep: bool = True) -> dict[str, dict[str, int]]:
        async with self.platform.tx() as tx:
            return await care.rescue(tx, SILENT, dict.fromkeys(JobKind, tries), deep=deep)

    async def state(self, job: JobId) -> str:
        """Where the job is: a state, an outcome of the history, dead, or nowhere."""
        found: str | None = await self.owner.fetchval(
            """select state from jobs where id = $1
               union all select outcome from jobs_done where id = $1
               union all select 'dead' from jobs_dead where id = $1""",
            job,
        )
        return found or "nowhere"

    async def close(self) -> None:
        for link in self.links:
            await link.close()


def flat(claimed: Claimed) -> list[Job]:
    return [job for jobs in claimed.handouts for job in jobs]


def a_job(tenant: TenantId = PLATFORM, **given: Any) -> NewJob:
    return NewJob(**{"kind": JobKind.RULES, "tenant": tenant, **given})
