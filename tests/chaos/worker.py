"""A worker as it runs in the field: the product's own process with flows of the trial, sound or naive on purpose."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from cid.cli.up import signals
from cid.domain.errors import Deferred, Upstream
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.tuning import QueueTuning, WakeUps
from cid.outside.clock import SystemClock
from cid.pg.pool import AppDb, Pool, WorkerDb, open_pool
from cid.queue import backoff, heart
from cid.queue import jobs as queue_jobs
from cid.services import Services
from cid.web.app import make_app
from cid.workers import upkeep
from cid.workers.main import Crew, Process
from cid.workers.parts import Part
from cid.workers.table import Handler
from tests.chaos import points
from tests.chaos.ledger import Line
from tests.make import services

WORK, FOLLOW = JobKind.PUBLISH, JobKind.WAKE
WORK_DONE = "insert into chaos_effects (tenant_id, kind, work, job, attempt, pid) values ($1, $2, $3, $4, $5, $6)"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a worker is told, as JSON."""

    app: str
    worker: str
    press: str
    flow: str = "sound"
    slots: int = 8
    tries: int = 10
    host: str = ""
    """Pretends to run on another machine: others learn of its death by its silence only."""
    skew_s: float = 0
    """How far its machine's clock is off."""
    first_retry_s: float = 0.2
    poll_s: float = 0.5
    silent_s: float = 1.0
    grace_s: float = 5
    deadline_s: float = 60
    listen: bool = True
    drain: bool = False
    """Work off what is due, then end."""
    stop_at: int = 0
    """Exit at this point of the way; 0: never."""
    trace: str = ""
    """Write the points that were passed to this file."""
    port: int = 0
    """Serve the pages there, too."""
    given: Mapping[str, float] = field(default_factory=dict)
    """Numbers that a flow asks for."""

    def told(self) -> dict[str, Any]:
        return asdict(self)

    def tuning(self) -> QueueTuning:
        return QueueTuning(
            mode=WakeUps.LISTEN if self.listen else WakeUps.POLL,
            poll=timedelta(seconds=self.poll_s),
            move=timedelta(milliseconds=50),
            reap=timedelta(milliseconds=100),
            beat=timedelta(seconds=self.silent_s / 6),
            silent=timedelta(seconds=self.silent_s),
            schedule=MINUTE,
            grace=timedelta(seconds=self.grace_s),
            statement=timedelta(seconds=15),
        )


def worker(orders: dict[str, Any]) -> None:
    """The role: until SIGTERM."""
    told = Orders(**orders)
    backoff.FIRST = timedelta(seconds=told.first_retry_s)  # nobody waits for five seconds here
    if told.host:
        for module in (heart, upkeep):
            setattr(module, "machine", lambda: told.host)  # noqa: B010 - one of them only borrows it
    counter = points.Counter(told.stop_at)
    if told.stop_at or told.trace:
        points.watch(counter)
    asyncio.run(_work(told, counter))
    if told.trace:
        counter.write(told.trace)


async def _work(told: Orders, counter: points.Counter) -> None:
    clock = SystemClock(lambda: datetime.now(UTC) + timedelta(seconds=told.skew_s))
    app = await open_pool(told.app, size=told.slots, clock=clock)
    platform = await open_pool(told.worker, size=4, clock=clock)
    line = Line(told.press)
    sv = replace(services(AppDb(app), WorkerDb(platform)), clock=clock)
    made = crew(told, sv, Bench(told, points.watched(line, counter)))
    try:
        if told.drain:
            await _drain(made, platform)
        else:
            await Process(made).serve(*signals())
    finally:
        await line.close()
        for pool in (app, platform):
            pool.terminate()


async def _drain(made: Crew, platform: Pool) -> None:
    """Until nothing is left, also of what waits to be tried again."""
    while True:
        await Process(made).drain()
        if not await platform.fetchval("select exists (select from jobs)"):
            return
        await asyncio.sleep(0.01)


def crew(told: Orders, sv: Services, bench: Bench) -> Crew:
    flows = {WORK: FLOWS[told.flow], FOLLOW: follow}
    deadline = timedelta(seconds=told.deadline_s)
    return Crew(
        services=sv,
        dsn=told.worker,
        tuning=told.tuning(),
        table={
            kind: Handler(flow=partial(flow, bench), tries=told.tries, deadline=deadline, slots=told.slots)
            for kind, flow in flows.items()
        },
        others=(_pages(told.port, sv),) if told.port else (),
        lingers=not told.drain,
    )


def _pages(port: int, sv: Services) -> Part:
    async def run() -> None:
        runner = web.AppRunner(make_app(sv), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    return Part("web", run)


# ---- the flows


@dataclass(frozen=True)
class Bench:
    """What the flows of the trial have besides the services."""

    told: Orders
    line: Line

    async def place(self, job: Job, *, blind: bool = False) -> int:
        """Find or create under our own key; `blind`: create."""
        who = {"pid": os.getpid(), "attempt": job.attempt}
        work = job.payload["work"]
        if blind:
            return await self.line.create(work, key=None, **who)
        found = await self.line.find(work, **who)
        return await self.line.create(work, key=work, **who) if found is None else found


async def _record(sv: Services, job: Job, end: Callable[[Any, Job], Awaitable[None]]) -> None:
    """The effect, the follow-up and the job's end in one transaction."""
    async with sv.db.tx(job.tenant) as tx:
        await tx.execute(WORK_DONE, job.tenant, str(job.kind), job.payload["work"], job.id, job.attempt, os.getpid())
        if job.kind == WORK:
            await queue_jobs.enqueue(tx, NewJob(kind=FOLLOW, tenant=job.tenant, payload=job.payload))
        await end(tx, job)


async def _fenced(tx: Any, job: Job) -> None:
    await queue_jobs.done(tx, job)


async def _unfenced(tx: Any, job: Job) -> None:
    """As many a queue does it: whoever comes says that it is done."""
    await tx.execute("delete from jobs where id = $1", job.id)


async def sound(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """How a publishing flow is meant to be."""
    for job in jobs:
        await bench.place(job)
        await _record(sv, job, _fenced)


async def blind(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """Naive: does not look whether an attempt before this one got through."""
    for job in jobs:
        await bench.place(job, blind=True)
        await _record(sv, job, _fenced)


async def early(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """Naive: says done, then does it."""
    for job in jobs:
        async with sv.db.tx(job.tenant) as tx:
            await queue_jobs.done(tx, job)
        await bench.place(job)

        async def ended(_tx: Any, _job: Job) -> None:
            """It already is."""

        await _record(sv, job, ended)


async def unfenced(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """Naive: ends the job by its id alone."""
    for job in jobs:
        await bench.place(job)
        await _record(sv, job, _unfenced)


async def follow(_bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await _record(sv, job, _fenced)


async def slow(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """Says that it began, works for a while, records."""
    for job in jobs:
        await bench.line.note("began", work=job.payload["work"], attempt=job.attempt, pid=os.getpid())
        await asyncio.sleep(float(job.payload.get("takes", bench.told.given.get("takes", 0))))
        await _record(sv, job, _fenced)


async def fickle(bench: Bench, sv: Services, jobs: Sequence[Job]) -> None:
    """Fails first, or asks for time by its own clock, as the payload says; then records."""
    for job in jobs:
        work, first = job.payload["work"], not job.last_error
        await bench.line.note("began", work=work, attempt=job.attempt, pid=os.getpid(), first=first)
        if first and work.startswith("retry"):
            raise Upstream("not at the first try")
        if first and work.startswith("snooze"):
            raise Deferred("not yet", until=sv.clock.now() + timedelta(seconds=bench.told.given["snooze"]))
        await _record(sv, job, _fenced)


FLOWS: dict[str, Callable[[Bench, Services, Sequence[Job]], Awaitable[None]]] = {
    "sound": sound,
    "blind": blind,
    "early": early,
    "unfenced": unfenced,
    "slow": slow,
    "fickle": fickle,
}
