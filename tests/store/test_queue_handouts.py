"""What a limit counts: hand-outs, which go on until the last of their jobs ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.ids import TenantId
from cid.domain.jobs import JobKind
from cid.queue import jobs
from cid.queue.claims import LIMITED
from tests.queues import Queue, a_job, terms

if TYPE_CHECKING:
    from cid.pg.pool import WorkerDb
    from tests.conftest import Database

A = TenantId(UUID(int=1 << 64))
LINGER = timedelta(0)


async def test_a_key_in_work_is_not_handed_out_again_when_the_first_job_of_its_group_ended(
    database: Database, platform: WorkerDb, owner: Any
) -> None:
    queue = Queue(database, platform, owner)
    await queue.add(*(a_job(A, key="k") for _ in range(3)))
    claimer, one_at_a_time = queue.claimer(), terms(group=3, most_per_key=1)
    (hand,) = (await claimer.claim(one_at_a_time, 4)).handouts
    await queue.add(a_job(A, key="k"))
    for job in hand:
        assert (await claimer.claim(one_at_a_time, 4)).handouts == []
        async with platform.tx() as tx:
            await jobs.done(tx, job)
    assert len((await claimer.claim(one_at_a_time, 4)).handouts) == 1
    await queue.close()


async def test_a_big_group_is_handed_out_by_looking_at_each_of_its_jobs_once(
    database: Database, platform: WorkerDb, owner: Any
) -> None:
    """Whatever the statistics say: here those of a table that had no job of the kind a moment ago."""
    queue = Queue(database, platform, owner)
    await queue.many(A, 400, JobKind.POLL)
    await owner.execute("analyze jobs")
    await queue.many(A, 10_000)
    async with platform.tx() as tx:
        read = "select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables where relname = 'jobs'"
        hand = await tx.fetch(
            LIMITED,
            JobKind.RULES,
            [A],
            [""],
            [-100],
            [0],
            [1],
            1,
            500,
            LINGER,
            A,
            4096,
            LINGER,
            None,
            1,
            None,
            None,
            None,
            None,
        )
        assert await tx.fetchval(read) < 20_000
    assert len({row["id"] for row in hand}) == 500
