"""procrastinate as its own documentation sets it up: a pool, a worker that runs thirty jobs at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import procrastinate

from bench.queue import agent

SETTLE_S = 1.0


class Again(Exception):
    """Fails a job whose task may be tried again."""


@asynccontextmanager
async def opened(dsn: str, record: agent.Record, options: Mapping[str, Any]) -> AsyncIterator[tuple[Any, list[Any]]]:
    """The application and its tasks, by kind."""
    connector = procrastinate.PsycopgConnector(conninfo=dsn, min_size=1, max_size=options["pool"])
    app = procrastinate.App(connector=connector)

    async def noop(context: Any, n: int, t: int) -> None:
        if not record.run(n, t, context.job.attempts + 1):
            raise Again

    retry = procrastinate.RetryStrategy(max_attempts=3, wait=0) if options.get("spoil_every") else False
    tasks = [
        app.task(noop, name=f"noop{kind}" if kind else "noop", pass_context=True, retry=retry)
        for kind in range(options.get("kinds", 1))
    ]
    async with app.open_async():
        yield app, tasks


async def install(dsn: str, options: Mapping[str, Any]) -> None:
    async with opened(dsn, agent.Record(), options) as (app, _tasks):
        await app.schema_manager.apply_schema_async()
    agent.say()


async def warm(app: Any, task: Any) -> None:
    """Open the connection and plan the statement; no row stays."""
    await task.batch_defer_async({"n": -1, "t": 0})
    async with app.connector.pool.connection() as conn:
        await conn.execute("delete from procrastinate_jobs where args->>'n' = '-1'")


async def enqueue(dsn: str, options: Mapping[str, Any]) -> None:
    count, size = options["jobs"], options["batch"]
    async with opened(dsn, agent.Record(), options) as (app, tasks):
        await warm(app, tasks[0])
        await agent.signal()
        clock = agent.Clock()
        clock.start()
        for start in range(0, count, size):
            numbers = range(start, min(start + size, count))
            for kind, task in enumerate(tasks):  # a batch is of one task
                mine = [{"n": number, "t": 0} for number in numbers if number % len(tasks) == kind]
                if mine:
                    await task.batch_defer_async(*mine)
        clock.stop()
    agent.say(**clock.told())


async def produce(dsn: str, options: Mapping[str, Any]) -> None:
    async with opened(dsn, agent.Record(), options) as (app, tasks):
        await warm(app, tasks[0])
        await agent.signal()
        await agent.paced(
            options["jobs"], lambda number, sent_ns: tasks[number % len(tasks)].defer_async(n=number, t=sent_ns)
        )
    agent.say()


async def drain(dsn: str, options: Mapping[str, Any]) -> None:
    record, clock = agent.Record(options.get("spoil_every", 0)), agent.Clock()
    async with opened(dsn, record, options) as (app, _tasks):
        await agent.signal()
        clock.start()
        await app.run_worker_async(concurrency=options["concurrency"], wait=False, install_signal_handlers=False)
        clock.stop()
    agent.say(**clock.told(), **record.told())


async def work(dsn: str, options: Mapping[str, Any]) -> None:
    record, clock = agent.Record(options.get("spoil_every", 0), options.get("goal", 0)), agent.Clock()
    async with opened(dsn, record, options) as (app, _tasks):
        # A job that is tried again is found by polling, which is every 5 s where nothing else is said.
        worker = asyncio.ensure_future(
            app.run_worker_async(
                concurrency=options["concurrency"], fetch_job_polling_interval=0.5, install_signal_handlers=False
            )
        )
        await asyncio.sleep(SETTLE_S)
        await agent.signal()
        clock.start()
        await (record.reached(options["limit_s"]) if record.goal else agent.line())
        clock.stop()
        worker.cancel()
        await asyncio.wait([worker], timeout=20)
    agent.say(**clock.told(), **record.told())


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    agent.main({"install": install, "enqueue": enqueue, "produce": produce, "drain": drain, "work": work})
