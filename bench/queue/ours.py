"""Our own contender: the process as the desk runs it (`Process`, its parts and its connections), with flows that do
nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from bench.queue import agent
from cid import logs
from cid.domain.errors import Upstream
from cid.domain.ids import TenantId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.tuning import QueueTuning
from cid.outside.clock import SystemClock
from cid.outside.keys import Keys
from cid.pg.embedded import APP, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import backoff, jobs
from cid.queue.link import Link
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.table import Flow, Handler

TRIES = 5


def kind(number: int) -> JobKind:
    """Rows hold text: the queue takes kinds that the desk does not have."""
    return cast("JobKind", f"noop{number}" if number else "noop")


def tenant(number: int) -> TenantId:
    return TenantId(UUID(int=(1 << 64) + number))


def addresses(dsn: str) -> tuple[str, str]:
    """Of the app and the worker role; `dsn` holds `{role}` for the login."""
    return dsn.replace("{role}", APP), dsn.replace("{role}", WORKER)


@asynccontextmanager
async def services(dsn: str) -> AsyncIterator[Services]:
    """With both databases and nothing else: the flows here want no more."""
    app, worker = addresses(dsn)
    app_pool, worker_pool = await open_pool(app, size=10), await open_pool(worker, size=4)
    try:
        yield Services(
            db=AppDb(app_pool),
            platform=WorkerDb(worker_pool),
            llm=cast("Any", None),
            outside=cast("Any", None),
            clock=SystemClock(),
            policy=cast("Any", None),
            keys=Keys(b"0" * 32),
            base_url="http://desk.test",
        )
    finally:
        await app_pool.close()
        await worker_pool.close()


def job(number: int, options: Mapping[str, Any], sent_ns: int = 0) -> NewJob:
    return NewJob(
        kind=kind(number % options.get("kinds", 1)),
        tenant=tenant(number % options.get("tenants", 1)),
        payload={"n": str(number), "t": str(sent_ns)},
    )


class Put:
    """Enqueues in transactions of a tenant where all jobs are one's, else in the platform's."""

    def __init__(self, sv: Services, options: Mapping[str, Any]) -> None:
        self._sv = sv
        self._options = options

    async def batch(self, numbers: Sequence[int], sent_ns: int = 0) -> None:
        new = [job(number, self._options, sent_ns) for number in numbers]
        if self._options.get("tenants", 1) == 1:
            async with self._sv.db.tx(tenant(0)) as tx:
                await jobs.enqueue(tx, *new)
        else:
            async with self._sv.platform.tx() as tx:
                await jobs.enqueue(tx, *new)

    async def warm(self) -> None:
        """Open the connection and plan the statement; no row stays."""
        db, platform = self._sv.db, self._sv.platform
        opened = platform.tx() if self._options.get("tenants", 1) > 1 else db.tx(tenant(0))
        try:
            async with opened as tx:
                await jobs.enqueue(tx, job(0, self._options))
                raise Undone  # noqa: TRY301 - that is how a transaction is rolled back
        except Undone:
            pass


class Undone(Exception):
    """Rolls a transaction back."""


def table(record: agent.Record, options: Mapping[str, Any]) -> dict[JobKind, Handler]:
    handler = Handler(
        flow=_flow(record),
        tries=TRIES,
        deadline=timedelta(minutes=5),
        slots=options.get("slots", 1000),
    )
    return {kind(number): handler for number in range(options.get("kinds", 1))}


def _flow(record: agent.Record) -> Flow:
    async def noop(_sv: Services, given: Sequence[Job]) -> None:
        for one in given:
            if not record.run(int(one.payload["n"]), int(one.payload["t"]), one.attempt):
                raise Upstream("as the measurement wants it")

    return noop


class TimedLink(Link):
    """Notes how long each statement took, in milliseconds."""

    def __init__(self, dsn: str, *, name: str, timeout: timedelta) -> None:
        super().__init__(dsn, name=name, timeout=timeout)
        self.took_ms: list[float] = []

    async def fetch(self, sql: str, *args: object) -> Sequence[Any]:
        began = time.perf_counter()
        rows = await super().fetch(sql, *args)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        return rows


class Gated(Process):
    """Waits for the start signal once it beats and its connections are open: opening them is not the measure."""

    def __init__(self, crew: Crew, clock: agent.Clock) -> None:
        self.claims = TimedLink(crew.dsn, name="cid claim", timeout=crew.tuning.statement)
        self._clock = clock
        super().__init__(crew)

    def _link(self, use: str) -> Link:
        return self.claims if use == "claim" else super()._link(use)

    async def _begin(self) -> None:
        await super()._begin()
        await self._claim_link.connection()
        await self._end_link.connection()
        await agent.signal()
        self._clock.start()

    async def _close(self) -> None:
        self._clock.stop()
        await super()._close()


async def enqueue(dsn: str, options: Mapping[str, Any]) -> None:
    count, size = options["jobs"], options["batch"]
    async with services(dsn) as sv:
        put = Put(sv, options)
        await put.warm()
        clock = agent.Clock()
        clock.start()
        for start in range(0, count, size):
            await put.batch(range(start, min(start + size, count)))
        clock.stop()
    agent.say(**clock.told())


async def drain(dsn: str, options: Mapping[str, Any]) -> None:
    record = agent.Record(options.get("spoil_every", 0))
    backoff.FIRST = timedelta(0)  # what failed comes back at once: how long a retry waits is not the measure
    clock = agent.Clock()
    async with services(dsn) as sv:
        _app, worker = addresses(dsn)
        crew = Crew(services=sv, dsn=worker, tuning=QueueTuning(), table=table(record, options), lingers=False)
        process = Gated(crew, clock)
        await process.drain()
    took = sorted(process.claims.took_ms)
    agent.say(
        **clock.told(),
        **record.told(),
        claims=len(took),
        claim_ms=sum(took) / len(took) if took else None,
        claim_ms_p50=took[len(took) // 2] if took else None,
    )


if __name__ == "__main__":
    logs.set_up(console=False)
    agent.main({"enqueue": enqueue, "drain": drain})
