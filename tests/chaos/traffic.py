"""Load that goes on while something breaks: producers who keep their own ledger, and people who look at pages."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from cid.domain.errors import Upstream
from cid.domain.jobs import NewJob
from cid.pg.pool import AppDb, open_pool
from cid.queue import jobs
from tests.chaos.field import TENANTS
from tests.chaos.worker import WORK

T = TypeVar("T")
ASKED = """
    create table chaos_asked (work text primary key);
    grant insert, select on chaos_asked to cid_app"""


@dataclass
class Acknowledged:
    """What producers were told, and how long they had to wait for it. `acked` are times of `time.monotonic`."""

    works: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    unknown: int = 0
    """Requests of which nobody can say at first whether they were carried out."""
    were_done: int = 0
    """Of those, found to have been carried out when they were repeated."""

    def next_after(self, at: float) -> float:
        """How long after `at` the next one was acknowledged."""
        return min((acked - at for acked in tuple(self.at) if acked > at), default=float("inf"))

    @property
    def longest_gap(self) -> float:
        return max((later - one for one, later in zip(self.at, self.at[1:], strict=False)), default=0.0)


async def produce(dsn: str, said: Acknowledged, stop: threading.Event, *, writers: int, pause_s: float) -> Acknowledged:
    """Each writer asks for one work after the other, by a key, until it is told that it is there."""
    pool = await open_pool(dsn, size=writers)
    db = AppDb(pool)
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(writers):
                group.create_task(_writer(db, f"p{number}", said, stop, pause_s))
    finally:
        pool.terminate()
    return said


async def _writer(db: AppDb, name: str, said: Acknowledged, stop: threading.Event, pause_s: float) -> None:
    number, doubt = 0, False
    while not (stop.is_set() and not doubt):
        try:
            added = await _ask(db, f"{name}-{number}", number)
        except Upstream:
            said.unknown += 1
            doubt = True
            await asyncio.sleep(0.02)
            continue
        said.were_done += doubt and not added
        doubt = False
        said.works.append(f"{name}-{number}")
        said.at.append(time.monotonic())
        number += 1
        await asyncio.sleep(pause_s)


async def _ask(db: AppDb, work: str, number: int) -> bool:
    """A row and its job in one transaction; False: both were already there."""
    tenant = TENANTS[number % len(TENANTS)]
    async with db.tx(tenant) as tx:
        if not await tx.fetchval("insert into chaos_asked values ($1) on conflict do nothing returning work", work):
            return False
        await jobs.enqueue(tx, NewJob(kind=WORK, tenant=tenant, payload={"work": work}))
    return True


@dataclass
class Seen:
    """What people at the pages saw."""

    statuses: dict[int, int] = field(default_factory=dict)
    longest_s: float = 0
    """The slowest answer."""
    outage_s: float = 0
    """The longest time for which nothing but 503 was answered."""


async def look(port: int, path: str, stop: threading.Event) -> Seen:
    """One request after the other; one that is not answered at all counts as status 0."""
    seen = Seen()
    bad_since: float | None = None
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(total=30)) as session:
        while not stop.is_set():
            began = time.monotonic()
            try:
                async with session.get(path, allow_redirects=False) as answer:
                    status = answer.status
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            now = time.monotonic()
            seen.statuses[status] = seen.statuses.get(status, 0) + 1
            seen.longest_s = max(seen.longest_s, now - began)
            bad = status == 0 or status >= 500
            bad_since = (bad_since or began) if bad else None
            if bad_since:
                seen.outage_s = max(seen.outage_s, now - bad_since)
            await asyncio.sleep(0.01)
    return seen


@asynccontextmanager
async def aside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """`work` in a thread and an event loop of its own: it goes on while ours waits for the server to come back."""
    task = asyncio.ensure_future(asyncio.to_thread(asyncio.run, work))
    try:
        yield task
    finally:
        with contextlib.suppress(BaseException):
            await task
