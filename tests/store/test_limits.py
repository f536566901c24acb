"""One mechanism for every limit, held against a model that counts."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cid.queue import limits

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import DatabaseTime

PER = timedelta(seconds=10)


async def take(platform: WorkerDb, key: str = "k", burst: int = 3) -> datetime | None:
    async with platform.tx() as tx:
        return await limits.take(tx, key, PER, burst)


async def test_a_burst_is_granted_and_then_one_in_every_interval(
    platform: WorkerDb, database_time: DatabaseTime
) -> None:
    # An hour from now, so that the clock's own progress during the test means nothing.
    await database_time.advance(timedelta(hours=1))
    granted = [await take(platform) is None for _ in range(5)]
    assert granted == [True, True, True, False, False]
    await database_time.advance(PER)
    assert [await take(platform) is None for _ in range(2)] == [True, False]
    await database_time.advance(timedelta(hours=1))
    assert [await take(platform) is None for _ in range(4)] == [True, True, True, False]


async def test_a_refusal_says_when(platform: WorkerDb, database_time: DatabaseTime) -> None:
    await take(platform, burst=1)
    at = await take(platform, burst=1)
    assert at is not None
    async with platform.read() as tx:
        now = await tx.fetchval("select cid_now()")
    assert timedelta(0) < at - now <= PER
    await database_time.advance(PER + timedelta(seconds=1))
    assert await take(platform, burst=1) is None


async def test_keys_do_not_touch_each_other_and_a_refusal_costs_nothing(platform: WorkerDb) -> None:
    assert await take(platform, "a", burst=1) is None
    first = await take(platform, "a", burst=1)
    for _ in range(5):
        await take(platform, "a", burst=1)
    assert await take(platform, "a", burst=1) == first
    assert await take(platform, "b", burst=1) is None


async def test_what_is_rolled_back_was_not_taken(platform: WorkerDb) -> None:
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError):
            async with platform.tx() as tx:
                assert await limits.take(tx, "k", PER, 1) is None
                _ = 1 / 0
    assert await take(platform, burst=1) is None


async def test_processes_that_ask_at_once_never_get_more_than_the_burst(db: AppDb, platform: WorkerDb) -> None:
    answers = await asyncio.gather(*(take(platform, burst=4) for _ in range(20)))
    assert answers.count(None) == 4


async def test_full_limits_are_forgotten(platform: WorkerDb, database_time: DatabaseTime) -> None:
    await take(platform)
    await database_time.advance(timedelta(days=2))
    async with platform.tx() as tx:
        await limits.forget(tx)
        assert await tx.fetchval("select count(*) from limits") == 0
