"""Where a trial takes place: a database of its own, the press, workers by the handful, and what became of it all."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from cid.domain.ids import TenantId
from cid.domain.jobs import NewJob
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import jobs
from tests.chaos.ledger import Line
from tests.chaos.nursery import Nursery
from tests.chaos.worker import FOLLOW, WORK, Orders
from tests.conftest import TEMPLATE, Database

TENANTS = tuple(TenantId(UUID(int=n << 64)) for n in range(1, 6))
EFFECTS = """
    create table chaos_effects (
      tenant_id uuid not null, kind text not null, work text not null, job bigint not null, attempt int not null,
      pid int not null, at timestamptz not null default clock_timestamp());
    grant insert, select on chaos_effects to cid_app, cid_worker;
    grant delete on jobs to cid_app"""
"""No unique key on purpose: what happens twice must show."""
_numbers = count()


@dataclass(kw_only=True)
class Report:
    """What came of one run. Times in seconds."""

    scenario: str
    seed: int
    jobs: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    retried: int = 0
    max_attempts: int = 0
    recovery_p50: float | None = None
    recovery_p95: float | None = None
    took: float = 0
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Grounds:
    """The server and the nursery, shared by the trials of a run."""

    server: Server
    nursery: Nursery
    room: Path


@dataclass
class Field:
    grounds: Grounds
    database: Database
    press: str
    line: Line
    db: AppDb
    platform: WorkerDb
    workers: list[int] = field(default_factory=list)

    @property
    def server(self) -> Server:
        return self.grounds.server

    @property
    def nursery(self) -> Nursery:
        return self.grounds.nursery

    def dsn(self, user: str) -> str:
        return self.database.dsn(user)

    def orders(self, **given: Any) -> Orders:
        return Orders(**{"app": self.dsn(APP), "worker": self.dsn(WORKER), "press": self.press, **given})

    def hire(self, orders: Orders) -> int:
        pid = self.nursery.start("worker", **orders.told())
        self.workers.append(pid)
        return pid

    async def add(self, works: Iterable[str], **given: Any) -> None:
        new = [
            NewJob(kind=WORK, tenant=TENANTS[n % len(TENANTS)], payload={"work": work}, **given)
            for n, work in enumerate(works)
        ]
        async with self.platform.tx() as tx:
            await jobs.enqueue(tx, *new)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """As the owner, on a connection of its own: the server may have been restarted since the last time."""
        conn = await asyncpg.connect(self.dsn(OWNER), timeout=10)
        try:
            return list(await conn.fetch(sql, *args))
        finally:
            await conn.close()

    async def value(self, sql: str, *args: Any) -> Any:
        return (await self.fetch(sql, *args))[0][0]

    async def empty(self) -> bool:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            return not await self.value("select exists (select from jobs)")
        return False

    async def until_empty(self, patience_s: float) -> bool:
        """Whether everything was worked off in time."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if await self.empty():
                return True
            await asyncio.sleep(0.1)
        return False

    async def dismiss(self) -> None:
        """Kill whoever still works."""
        for pid in self.workers:
            if self.nursery.signal(pid, signal.SIGKILL):
                await self.nursery.wait(pid)
        self.workers.clear()

    async def judge(self, report: Report, works: Iterable[str]) -> Report:
        """Hold what happened against what should have: every work posted, recorded and followed up once."""
        wanted = set(works)
        posts = await self.line.posts()
        effects: dict[str, Counter[str]] = defaultdict(Counter)
        for row in await self.fetch("select kind, work, count(*) as n from chaos_effects group by 1, 2"):
            effects[row["kind"]][row["work"]] = row["n"]
        counts = (posts, effects[WORK], effects[FOLLOW])
        report.jobs = len(wanted)
        report.lost = len({work for work in wanted if not all(times[work] for times in counts)})
        report.doubled = len({work for work in wanted if any(times[work] > 1 for times in counts)})
        attempts = await self.fetch(
            "select attempt from jobs_done union all select attempt from jobs_dead union all select attempt from jobs"
        )
        report.max_attempts = max((row["attempt"] for row in attempts), default=0)
        report.retried = sum(row["attempt"] > 1 for row in attempts)
        report.more["dead"] = await self.value("select count(*) from jobs_dead")
        report.more["left"] = await self.value("select count(*) from jobs")
        return report

    async def recovery(self, report: Report, kills: list[tuple[float, int]]) -> None:
        """From a kill to the moment when a job that the killed one had in hand was done by another."""
        held: dict[str, set[tuple[int, float]]] = defaultdict(set)
        for note in (await self.line.truth())["notes"]:
            if note["what"] in {"find", "began"}:
                held[note["work"]].add((int(note["pid"]), note["at"]))
        rows = await self.fetch("select work, pid, at from chaos_effects where kind = $1", str(WORK))
        done = {row["work"]: (row["pid"], row["at"].timestamp()) for row in rows}
        waits = []
        for at, pid in kills:
            for work, holders in held.items():
                by, ended = done.get(work, (pid, 0.0))
                if by != pid and ended > at and any(who == pid and when < at for who, when in holders):
                    waits.append(ended - at)
        if waits:
            waits.sort()
            report.recovery_p50 = round(waits[len(waits) // 2], 2)
            report.recovery_p95 = round(waits[int(len(waits) * 0.95)], 2)


@asynccontextmanager
async def a_field(grounds: Grounds, *, seed: int, **press: Any) -> AsyncIterator[Field]:
    """A new database and a new press; afterwards nothing of it is left."""
    name = f"cid_chaos_{next(_numbers)}"
    await _as_admin(grounds.server, f"create database {name} template {TEMPLATE} strategy file_copy owner {OWNER}")
    database = Database(grounds.server, name)
    owner = await asyncpg.connect(database.dsn(OWNER))
    await owner.execute(EFFECTS)
    await owner.close()
    socket = grounds.room / f"{name}.sock"
    journal = grounds.nursery.start("ledger", socket=str(socket), seed=seed, **press)
    while not socket.exists():
        assert grounds.nursery.ended(journal) is None, grounds.nursery.log.read_text()[-2000:]
        await asyncio.sleep(0.005)
    pools = [await open_pool(database.dsn(role), size=4) for role in (APP, WORKER)]
    made = Field(grounds, database, str(socket), Line(str(socket)), AppDb(pools[0]), WorkerDb(pools[1]))
    try:
        yield made
    finally:
        await made.dismiss()
        await made.line.close()
        grounds.nursery.signal(journal, signal.SIGKILL)
        for pool in pools:
            pool.terminate()
        await asyncio.sleep(0)
        await _as_admin(grounds.server, f"drop database {name} with (force)")


async def _as_admin(server: Server, sql: str) -> None:
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    try:
        await admin.execute(sql)
    finally:
        await admin.close()
