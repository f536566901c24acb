"""Runs on a schedule."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.jobs import Job
from cid.queue import jobs as queue
from cid.services import Services


async def look(sv: Services, jobs: Sequence[Job]) -> None:
    """Starts what is due."""
    for job in jobs:
        async with sv.platform.tx() as tx:
            await queue.done(tx, job)
