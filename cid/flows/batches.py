"""Questions that wait in batches: send, look after and read those that are due, and wake who waited for them."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.jobs import Job
from cid.queue import jobs as queue
from cid.services import Services


async def batches(sv: Services, jobs: Sequence[Job]) -> None:
    """Who is not woken, because this ended early, wakes by itself."""
    over = await sv.backlog.tend() if sv.backlog else ()
    async with sv.platform.tx() as tx:
        for tenant, batch in over:
            await queue.bring_forward(tx, tenant, batch)
        await queue.done(tx, *jobs)
