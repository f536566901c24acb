"""Periodic jobs: who takes a slot, and what becomes of slots that nobody took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.ids import PLATFORM
from cid.domain.tuning import Missed, Periodic
from cid.queue import periodic
from tests.queues import Queue

if TYPE_CHECKING:
    from cid.pg.pool import WorkerDb
    from tests.conftest import Database

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


async def take(queue: Queue, *schedule: Periodic) -> list[str]:
    """What one process does once a second."""
    async with queue.platform.tx() as tx:
        return await periodic.enqueue_due(tx, schedule)


async def taken_before(queue: Queue, entry: Periodic, ago: timedelta) -> datetime:
    """The last slot that was taken, `ago` before the one that is due now."""
    slot: datetime = await queue.owner.fetchval(
        """insert into periodic_slots (name, slot)
           select $1, date_bin($2, cid_now(), '2000-01-01 00:00:00+00') - $3::interval returning slot""",
        entry.name,
        entry.every,
        ago,
    )
    return slot


async def slots(queue: Queue) -> list[datetime]:
    """Of the jobs, in the order in which they will run."""
    rows = await queue.owner.fetch("select payload ->> 'slot' as slot from jobs where kind = 'tidy' order by id")
    return [datetime.fromisoformat(row["slot"]) for row in rows]


def tidy(every: timedelta, missed: Missed) -> Periodic:
    return Periodic(name="tidy", every=every, missed=missed)


def row_of(found: Sequence[datetime], every: timedelta) -> bool:
    """Whether they follow each other without a gap."""
    return all(later - earlier == every for earlier, later in pairwise(found))


async def test_after_a_gap_each_missed_slot_gets_its_job_oldest_first(queue: Queue) -> None:
    entry = tidy(HOUR, Missed.EACH)
    last = await taken_before(queue, entry, 5 * HOUR)
    assert len(await take(queue, entry)) in {5, 6}  # an hour may have begun meanwhile
    found = await slots(queue)
    assert found[0] == last + HOUR
    assert row_of(found, HOUR)
    assert await take(queue, entry) == []


async def test_processes_that_come_back_together_take_each_missed_slot_once(queue: Queue) -> None:
    entry = tidy(HOUR, Missed.EACH)
    last = await taken_before(queue, entry, 20 * HOUR)
    await asyncio.gather(*(take(queue, entry) for _ in range(4)))
    found = sorted(await slots(queue))
    assert found[0] == last + HOUR
    assert len(found) in {20, 21}
    assert row_of(found, HOUR)


async def test_of_many_missed_slots_the_newest_hundred_are_made_up_for(queue: Queue) -> None:
    entry = tidy(MINUTE, Missed.EACH)
    last = await taken_before(queue, entry, 300 * MINUTE)
    await take(queue, entry)
    found = await slots(queue)
    assert len(found) == 100
    assert found[-1] >= last + 300 * MINUTE
    assert row_of(found, MINUTE)


async def test_no_slot_from_before_yesterday_is_made_up_for(queue: Queue) -> None:
    entry = tidy(HOUR, Missed.EACH)
    await taken_before(queue, entry, 72 * HOUR)
    now = await queue.owner.fetchval("select cid_now()")
    await take(queue, entry)
    found = await slots(queue)
    assert len(found) == 24
    assert found[0] >= now - timedelta(days=1)


async def test_a_periodic_job_that_never_ran_has_missed_nothing(queue: Queue) -> None:
    assert await take(queue, tidy(HOUR, Missed.EACH)) == ["tidy"]
    assert len(await slots(queue)) == 1


@pytest.mark.parametrize(("missed", "jobs"), [(Missed.ONCE, 1), (Missed.SKIP, 0)])
async def test_the_others_make_up_for_the_newest_slot_or_for_none(queue: Queue, missed: Missed, jobs: int) -> None:
    # so long that the newest slot is certainly older than the tolerance
    entry = tidy(timedelta(days=365), missed)
    await taken_before(queue, entry, timedelta(days=3 * 365))
    await take(queue, entry)
    assert len(await slots(queue)) == jobs


async def test_a_job_of_an_earlier_slot_that_still_waits_does_the_work_of_this_one(queue: Queue) -> None:
    entry = tidy(HOUR, Missed.ONCE)
    await take(queue, entry)
    (first,) = await slots(queue)
    await queue.owner.execute("update periodic_slots set slot = slot - interval '3 hours'")
    assert await take(queue, entry) == ["tidy"]
    assert await slots(queue) == [first]


async def test_a_failed_transaction_takes_no_slot(queue: Queue) -> None:
    entry = tidy(HOUR, Missed.EACH)
    await taken_before(queue, entry, 3 * HOUR)

    async def fails() -> None:
        async with queue.platform.tx() as tx:
            await periodic.enqueue_due(tx, [entry])
            raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        await fails()
    assert len(await take(queue, entry)) in {3, 4}


async def test_periodic_jobs_are_the_platforms(queue: Queue) -> None:
    await take(queue, tidy(HOUR, Missed.EACH))
    assert await queue.owner.fetchval("select tenant_id from jobs") == PLATFORM
