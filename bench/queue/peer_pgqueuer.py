"""pgqueuer as its own documentation sets it up: `pgq install`, `pgq autovac`, two managers with a connection each."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from pgqueuer import AsyncpgDriver, PgQueuer, Queries
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.types import QueueExecutionMode

from bench.queue import agent

SETTLE_S = 1.0


async def install(dsn: str, _options: Mapping[str, Any]) -> None:
    program = Path(sys.executable).with_name("pgq")
    for command in ("install", "autovac"):
        await asyncio.to_thread(
            subprocess.run, [program, "--pg-dsn", dsn, command], check=True, stdout=subprocess.DEVNULL
        )
    agent.say()


def entrypoint(number: int, options: Mapping[str, Any]) -> str:
    kind = number % options.get("kinds", 1)
    return f"noop{kind}" if kind else "noop"


async def opened(dsn: str) -> Any:
    """Connected and with the statement planned; no row stays."""
    queries = Queries(AsyncpgDriver(await asyncpg.connect(dsn)))
    await queries.enqueue(["noop"], [b"-1 0"], [0])
    await queries.driver.execute("delete from pgqueuer where payload = '-1 0'")
    return queries


async def enqueue(dsn: str, options: Mapping[str, Any]) -> None:
    count, size = options["jobs"], options["batch"]
    queries = await opened(dsn)
    await agent.signal()
    clock = agent.Clock()
    clock.start()
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        await queries.enqueue(
            [entrypoint(number, options) for number in numbers],
            [b"%d 0" % number for number in numbers],
            [0] * len(numbers),
        )
    clock.stop()
    agent.say(**clock.told())


async def produce(dsn: str, options: Mapping[str, Any]) -> None:
    queries = await opened(dsn)

    async def send(number: int, sent_ns: int) -> None:
        await queries.enqueue(entrypoint(number, options), b"%d %d" % (number, sent_ns))

    await agent.signal()
    await agent.paced(options["jobs"], send)
    agent.say()


async def manager(dsn: str, record: agent.Record, options: Mapping[str, Any]) -> Any:
    app = PgQueuer(AsyncpgDriver(await asyncpg.connect(dsn)))

    async def noop(job: Any) -> None:
        number, sent_ns = job.payload.split()
        if not record.run(int(number), int(sent_ns), job.attempts + 1):
            raise RetryRequested(delay=timedelta(0))

    for kind in range(options.get("kinds", 1)):
        app.entrypoint(entrypoint(kind, options))(noop)
    return app


async def drain(dsn: str, options: Mapping[str, Any]) -> None:
    record, clock = agent.Record(options.get("spoil_every", 0)), agent.Clock()
    apps = [await manager(dsn, record, options) for _ in range(options["managers"])]
    await agent.signal()
    clock.start()
    await asyncio.gather(*(app.run(batch_size=options["size"], mode=QueueExecutionMode.drain) for app in apps))
    clock.stop()
    agent.say(**clock.told(), **record.told())


async def work(dsn: str, options: Mapping[str, Any]) -> None:
    record, clock = agent.Record(options.get("spoil_every", 0), options.get("goal", 0)), agent.Clock()
    # One that only waits gains nothing by a second listener.
    apps = [await manager(dsn, record, options) for _ in range(options["managers"] if record.goal else 1)]
    runs: list[asyncio.Future[Any]] = [asyncio.ensure_future(run(app, options)) for app in apps]
    await asyncio.sleep(SETTLE_S)
    await agent.signal()
    clock.start()
    await (record.reached(options["limit_s"]) if record.goal else agent.line())
    clock.stop()
    for app in apps:
        app.shutdown.set()
    await asyncio.wait(runs, timeout=20)
    agent.say(**clock.told(), **record.told())


def run(app: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
    going: Awaitable[Any] = app.run(batch_size=options["size"], dequeue_timeout=timedelta(seconds=30))
    return going


if __name__ == "__main__":
    logging.disable(logging.INFO)
    agent.main({"install": install, "enqueue": enqueue, "produce": produce, "drain": drain, "work": work})
