"""What a limit counts: hand-outs, which go on until the last of their jobs ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.ids import TenantId
from cid.queue import jobs
from tests.queues import Queue, a_job, terms

if TYPE_CHECKING:
    from cid.pg.pool import WorkerDb
    from tests.conftest import Database

A = TenantId(UUID(int=1 << 64))


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
