"""Our own contender: the process as the desk runs it (`Process`, its parts and its connections), with flows that do
nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from bench.queue import agent
from cid import logs
from cid.domain.errors import Upstream
from cid.domain.ids import TenantId
from cid.domain.jobs import Job, JobKind, NewJob, Rate
from cid.domain.tuning import QueueTuning
from cid.outside.clock import SystemClock
from cid.outside.keys import Keys
from cid.pg.embedded import APP, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.ports import Tx
from cid.queue import backoff, jobs
from cid.queue.claims import TURNS
from cid.queue.link import Link
from cid.queue.wakeups import COALESCE_S
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.table import Flow, Handler

TRIES = 5
SETTLE_S = 0.5
"""For the parts of a process to have begun."""


@cache
def kind(number: int) -> JobKind:
    """Rows hold text: the queue takes kinds that the desk does not have."""
    return cast("JobKind", f"noop{number}" if number else "noop")


@cache
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
            catalogue=cast("Any", None),
            base_url="http://desk.test",
        )
    finally:
        await app_pool.close()
        await worker_pool.close()


def job(number: int, options: Mapping[str, Any], sent_ns: int = 0) -> NewJob:
    """The `number`th job of a run in the shape that the options say; see `bench/queue/features.py`."""
    keys, priorities = options.get("keys", 0), options.get("priorities", 1)
    return NewJob(
        kind=kind(number % options.get("kinds", 1)),
        tenant=tenant(options.get("tenant", 0) + number // options.get("block", 1) % options.get("tenants", 1)),
        key=str(number // options.get("kinds", 1) % keys) if keys else "",
        priority=number % priorities,
        dedupe=str(number) if options.get("dedupe") else None,
        payload={"n": str(number), "t": str(sent_ns)},
    )


class Put:
    """Enqueues in a transaction of the tenant where all jobs are one's, else in the platform's."""

    def __init__(self, sv: Services, options: Mapping[str, Any]) -> None:
        self._sv = sv
        self._options = options

    async def batch(self, numbers: Sequence[int], sent_ns: int = 0) -> None:
        new = [job(number, self._options, sent_ns) for number in numbers]
        async with self._tx(new) as tx:
            await jobs.enqueue(tx, *new)

    async def warm(self) -> None:
        """Open the connections and plan the statement; no row stays."""
        one, other = job(0, self._options), job(0, self._options)._replace(tenant=tenant(1))
        for new in ([one], [one, other]):
            with contextlib.suppress(Undone):
                async with self._tx(new) as tx:
                    await jobs.enqueue(tx, *new)
                    raise Undone

    def _tx(self, new: Sequence[NewJob]) -> AbstractAsyncContextManager[Tx]:
        owner = new[0].tenant
        same = all(one.tenant == owner for one in new)
        return self._sv.db.tx(owner) if same else self._sv.platform.tx()


class Undone(Exception):
    """Rolls a transaction back."""


def table(record: agent.Record, options: Mapping[str, Any]) -> dict[JobKind, Handler]:
    """Of `kinds` kinds, all on the same terms unless `terms` says other ones for each."""
    kinds = options.get("kinds", 1)
    terms = options.get("terms", [{}])
    flow = _flow(record, options)
    return {kind(number): _handler(flow, {**options, **terms[number % len(terms)]}) for number in range(kinds)}


def _handler(flow: Flow, options: Mapping[str, Any]) -> Handler:
    rate = options.get("rate")
    return Handler(
        flow=flow,
        tries=TRIES,
        deadline=timedelta(minutes=5),
        slots=max(options.get("slots", 1000) // options.get("kinds", 1), 1),
        group=options.get("group", 1),
        most=options.get("most"),
        most_per_key=options.get("most_per_key"),
        rate=rate and Rate(every=timedelta(microseconds=rate["every_us"]), burst=rate["burst"]),
    )


def _flow(record: agent.Record, options: Mapping[str, Any]) -> Flow:
    hold_s = options.get("hold_ms", 0) / 1000
    lines = Path(options["log"]).open("a", buffering=1) if "log" in options else None  # noqa: SIM115 - to the end

    async def noop(sv: Services, given: Sequence[Job]) -> None:
        began = agent.now()
        done = [one for one in given if record.run(int(one.payload["n"]), int(one.payload["t"]), one.attempt)]
        if hold_s:
            await asyncio.sleep(hold_s)
        if lines:
            one = given[0]
            lines.write(json.dumps([one.kind, str(one.tenant), one.key, began, agent.now()]) + "\n")
        if len(done) < len(given):
            if done:  # of a group: what succeeded ends here, the rest is tried again
                async with sv.db.tx(given[0].tenant) as tx:
                    await jobs.done(tx, *done)
            raise Upstream("as the measurement wants it")

    return noop


class TimedLink(Link):
    """Notes how long each statement of a claim took, in milliseconds: those that hand out, and those that list."""

    def __init__(self, dsn: str, *, name: str, timeout: timedelta) -> None:
        super().__init__(dsn, name=name, timeout=timeout)
        self.claims_ms: list[float] = []
        self.lists_ms: list[float] = []

    async def fetch(self, sql: str, *args: object) -> Sequence[Any]:
        began = time.perf_counter()
        rows = await super().fetch(sql, *args)
        if rows:
            took = self.lists_ms if sql is TURNS else self.claims_ms
            took.append((time.perf_counter() - began) * 1000)
        return rows

    def told(self) -> dict[str, Any]:
        """`claim_ms` with its share of the listings; statements that found nothing are waiting, not claiming."""
        took = sorted(self.claims_ms)
        if not took:
            return {"claims": 0}
        return {
            "claims": len(took),
            "claim_ms": (sum(took) + sum(self.lists_ms)) / len(took),
            "claim_ms_p50": took[len(took) // 2],
        }


class Timed(Process):
    def __init__(self, crew: Crew) -> None:
        self.claims = TimedLink(crew.dsn, name="cid claim", timeout=crew.tuning.statement)
        self.clock = agent.Clock()
        super().__init__(crew)

    def _link(self, use: str) -> Link:
        return self.claims if use == "claim" else super()._link(use)


class Gated(Timed):
    """Waits for the start signal once it beats and its connections are open: opening them is not the measure."""

    async def _begin(self) -> None:
        await super()._begin()
        await self._claim_link.connection()
        await self._end_link.connection()
        await agent.signal()
        self.clock.start()

    async def _close(self) -> None:
        self.clock.stop()
        await super()._close()


@asynccontextmanager
async def producing(dsn: str, options: Mapping[str, Any]) -> AsyncIterator[Put]:
    """In a process that claims nothing but says by NOTIFY what it enqueued, as `cid web` does."""
    stop = asyncio.Event()
    async with services(dsn) as sv, asyncio.TaskGroup() as group:
        web = Process(Crew(services=sv, dsn=addresses(dsn)[1], tuning=QueueTuning(), table={}))
        group.create_task(web.serve(stop, asyncio.Event()))
        put = Put(sv, options)
        await put.warm()
        while "wake-ups" not in web.board.fares:  # noqa: ASYNC110 - the board has no event
            await asyncio.sleep(0.01)
        await agent.signal()
        yield put
        await asyncio.sleep(10 * COALESCE_S)  # what is still to be said by NOTIFY
        stop.set()


async def enqueue(dsn: str, options: Mapping[str, Any]) -> None:
    count, size = options["jobs"], options["batch"]
    clock = agent.Clock()
    async with producing(dsn, options) as put:
        clock.start()
        for start in range(0, count, size):
            await put.batch(range(start, min(start + size, count)))
        clock.stop()
    agent.say(**clock.told())


async def produce(dsn: str, options: Mapping[str, Any]) -> None:
    async with producing(dsn, options) as put:
        await agent.paced(options["jobs"], lambda number, sent_ns: put.batch([number], sent_ns))
    agent.say()


async def drain(dsn: str, options: Mapping[str, Any]) -> None:
    """What waits, until nothing does."""
    record = agent.Record(options.get("spoil_every", 0))
    async with services(dsn) as sv:
        process = Gated(crew(sv, dsn, record, options))
        await process.drain()
    tell(process, record)


async def work(dsn: str, options: Mapping[str, Any]) -> None:
    """As a service does, until `goal` jobs succeeded, or without a goal until a line comes."""
    record = agent.Record(options.get("spoil_every", 0), options.get("goal", 0))
    stop = asyncio.Event()
    async with services(dsn) as sv:
        process = Timed(crew(sv, dsn, record, options))
        async with asyncio.TaskGroup() as group:
            group.create_task(process.serve(stop, asyncio.Event()))
            await asyncio.sleep(SETTLE_S)
            await agent.signal()
            process.clock.start()
            await (record.reached(options["limit_s"]) if record.goal else agent.line())
            process.clock.stop()
            stop.set()
    tell(process, record)


def crew(sv: Services, dsn: str, record: agent.Record, options: Mapping[str, Any]) -> Crew:
    backoff.FIRST = timedelta(0)  # what failed comes back at once: how long a retry waits is not the measure
    return Crew(services=sv, dsn=addresses(dsn)[1], tuning=QueueTuning(), table=table(record, options), lingers=False)


def tell(process: Timed, record: agent.Record) -> None:
    agent.say(**process.clock.told(), **record.told(), **process.claims.told())


if __name__ == "__main__":
    logs.set_up(console=False)
    agent.main({"enqueue": enqueue, "produce": produce, "drain": drain, "work": work})
