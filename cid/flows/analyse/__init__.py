"""One analysis of one outlet, from fetch to scorecard: each step is stored, so that whoever takes the job over goes on.

queued ─▶ fetching ─▶ asking ─▶ scoring ─▶ completed | partial
   └─────────┴──────────┴─▶ failed(reason)
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cid.domain.ids import RunId
from cid.domain.jobs import Job
from cid.domain.run import Failure, RunState
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs


async def analyse(sv: Services, jobs: Sequence[Job]) -> None:
    """One run a hand-out."""
    for job in jobs:
        async with sv.db.tx(job.tenant) as tx:
            run = await runs.by_id(tx, job.tenant, RunId(UUID(job.payload["run"])))
            if run is not None and not run.over:
                await runs.move(tx, run, RunState.FAILED, failure=Failure.INTERNAL, detail="no source can be asked")
            await queue.done(tx, job)
