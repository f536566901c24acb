"""Pools: jsonb as Python objects, nothing left in a session that is shared."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import asyncpg
import pytest

from cid.domain.errors import Upstream
from cid.domain.ids import PLATFORM
from cid.pg.embedded import APP
from cid.pg.pool import AppDb, WorkerDb, open_pool
from tests import make

if TYPE_CHECKING:
    from tests.conftest import Database

NAMED = "select count(*) from pg_prepared_statements where name <> ''"


@pytest.mark.parametrize(("pooled", "named"), [(False, True), (True, False)])
async def test_behind_a_pooler_no_statement_is_named(database: Database, pooled: bool, named: bool) -> None:
    pool = await open_pool(database.dsn(APP), size=1, pooled=pooled)
    for _ in range(3):
        async with pool.acquire() as conn, conn.transaction():
            assert await conn.fetchval("""select '{"a": [1]}'::jsonb""") == {"a": [1]}
            assert await conn.fetchval("select $1::jsonb ->> 'b'", {"b": "c"}) == "c"
            assert (await conn.fetchval(NAMED) > 0) is named
    await pool.close()


async def test_a_tenant_is_forgotten_with_its_transaction(database: Database, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform)
    pool = await open_pool(database.dsn(APP), size=1, pooled=True)
    async with AppDb(pool).read(tenant) as tx:
        assert await tx.fetchval("select count(*) from tenants") == 1
    assert await pool.fetchval("select count(*) from tenants") == 0
    await pool.close()


async def test_the_platform_has_no_tenants_transaction(db: AppDb) -> None:
    with pytest.raises(ValueError, match="the platform has no tenant"):
        async with db.tx(PLATFORM):
            pytest.fail("entered")


async def test_a_database_that_is_not_there_is_upstream() -> None:
    pool = await open_pool("postgresql://cid_app@/cid?host=/nowhere", size=1)
    with pytest.raises(Upstream, match="database: "):
        async with WorkerDb(pool).read():
            pytest.fail("entered")


async def test_what_waits_for_the_commit_is_called_once_and_not_after_a_rollback(platform: WorkerDb) -> None:
    called: list[str] = []
    async with platform.tx() as tx:
        tx.after_commit(lambda: called.append("committed"))
        assert called == []
    assert called == ["committed"]
    with contextlib.suppress(asyncpg.DivisionByZeroError):
        async with platform.tx() as tx:
            tx.after_commit(lambda: called.append("rolled back"))
            await tx.execute("select 1 / 0")
    assert called == ["committed"]


async def test_a_transaction_that_is_cancelled_leaves_nothing_behind(database: Database, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform)
    pool = await open_pool(database.dsn(APP), size=1)
    for wait in ("select pg_sleep(60)", None):
        begun = asyncio.Event()

        async def work(begun: asyncio.Event, statement: str | None) -> None:
            async with AppDb(pool).tx(tenant) as tx:
                begun.set()
                if statement:
                    await tx.execute(statement)
                await asyncio.Event().wait()

        task = asyncio.ensure_future(work(begun, wait))
        await begun.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with pool.acquire() as conn:
            assert not conn.is_in_transaction()
            assert await conn.fetchval("select count(*) from tenants") == 0
    await pool.close()


async def test_a_failed_statement_that_is_passed_over_does_not_count_as_committed(platform: WorkerDb) -> None:
    with pytest.raises(RuntimeError, match="nothing was committed"):
        async with platform.tx() as tx:
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                await tx.execute("select 1 / 0")


async def test_of_two_that_wait_for_each_other_one_is_to_be_tried_again(platform: WorkerDb) -> None:
    """A job that ran into it is no dead job: nothing of it happened."""
    one, two = await make.tenant(platform, "one"), await make.tenant(platform, "two")
    both = asyncio.Barrier(2)

    async def rename(first: object, second: object) -> None:
        async with platform.tx() as tx:
            await tx.execute("update tenants set name = 'a' where id = $1", first)
            await both.wait()
            await tx.execute("update tenants set name = 'b' where id = $1", second)

    ends = await asyncio.gather(rename(one, two), rename(two, one), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "Upstream"]
