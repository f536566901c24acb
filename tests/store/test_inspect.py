"""Views and functions for people with psql, on what the queue itself has written. docs/sql.md shows the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from cid.domain.ids import TenantId
from cid.domain.jobs import Job, Rate
from cid.queue.endings import Ending, Endings, Outcome
from tests import make
from tests.queues import Queue, a_job, flat, terms

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import Database

A = TenantId(UUID(int=1 << 64))


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


async def died(queue: Queue, *found: Job) -> None:
    await Endings(queue.link()).flush([Ending(job=job, outcome=Outcome.DEAD, why="broken") for job in found])


async def test_a_rate_that_holds_a_key_back_names_it(queue: Queue) -> None:
    acme = await make.tenant(queue.platform)
    await queue.add(*(a_job(acme, key="a key with spaces") for _ in range(2)))
    slow = terms(rate=Rate(timedelta(minutes=1)), rate_per_key=Rate(timedelta(hours=1)))
    assert len(flat(await queue.claimer().claim(slow, 2))) == 1
    rows = await queue.owner.fetch("select kind, tenant, key, until from inspect.rates order by until")
    assert [tuple(row)[:3] for row in rows] == [("rules", None, None), ("rules", "acme", "a key with spaces")]
    now = await queue.owner.fetchval("select cid_now()")
    for row, every in zip(rows, (timedelta(minutes=1), timedelta(hours=1)), strict=True):
        assert every / 2 < row["until"] - now <= every


async def test_of_dead_twins_one_comes_back(queue: Queue) -> None:
    for _ in range(2):
        await queue.add(a_job(A, dedupe="same"))
        await died(queue, *flat(await queue.claimer().claim(terms(), 1)))
    row = await queue.owner.fetchrow("select * from inspect.retry_dead('rules', $1)", A)
    assert tuple(row) == (1, 1)
    assert await queue.owner.fetchval("select count(*) from jobs") == 1
    assert await queue.owner.fetchval("select count(*) from jobs_dead") == 1


async def test_a_dead_job_comes_back_as_the_job_it_was(queue: Queue) -> None:
    await queue.add(a_job(A, key="k", priority=3, payload={"item": "1"}))
    (job,) = flat(await queue.claimer().claim(terms(), 1))
    await died(queue, job)
    await queue.owner.execute("select inspect.retry_dead()")
    (again,) = flat(await queue.claimer().claim(terms(), 1))
    assert (again.id, again.key, dict(again.payload), again.attempt) == (job.id, "k", {"item": "1"}, 1)


async def test_what_is_claimed_while_all_that_waits_is_cancelled_runs_on(queue: Queue) -> None:
    await queue.many(A, 3)
    conn = await asyncpg.connect(queue.database.dsn("cid_worker"))
    claim = conn.transaction()
    await claim.start()
    job = await conn.fetchval("""
        update jobs set state = 'running', attempt = 1, worker = gen_random_uuid(), lease = 1, deadline = cid_now()
        where id = (select min(id) from jobs) returning id""")
    cancelling = asyncio.ensure_future(queue.owner.fetchval("select inspect.cancel_waiting('rules')"))
    try:
        async with asyncio.timeout(30):
            while not await conn.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await claim.commit()
        assert await cancelling == 2
    finally:
        cancelling.cancel()
        await conn.close()
    assert await queue.state(job) == "running"


async def test_partitions_say_from_when_to_when(queue: Queue) -> None:
    rows = await queue.owner.fetch("select * from inspect.partitions")
    assert {row["parent"] for row in rows} >= {"jobs_done", "audit", "verdicts"}
    for row in rows:
        if row["parent"] == "jobs_done":
            assert row["partition"] == f"jobs_done_{row['starts']:%Y%m%d}"
            assert row["ends"] - row["starts"] == timedelta(days=1)
        else:
            assert row["partition"] == f"{row['parent']}_{row['starts']:%Y%m}"
            assert (row["starts"] + timedelta(days=32)).replace(day=1) == row["ends"]


@pytest.mark.parametrize(
    "statement",
    [
        "select inspect.retry_dead()",
        "select inspect.cancel_waiting('rules')",
        "select * from inspect.job(1)",
        "select inspect.tenant('acme')",
        "select * from inspect.processes",
        "select * from inspect.rates",
    ],
)
async def test_the_app_role_neither_mends_nor_looks_around(db: AppDb, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tx(A) as tx:
            await tx.execute(statement)
