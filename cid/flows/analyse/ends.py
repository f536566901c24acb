"""The ways in which a run's job stops before its run is complete: it failed, or it waits."""

from __future__ import annotations

from datetime import datetime

from cid.domain.errors import Deferred
from cid.domain.jobs import Job
from cid.domain.run import Failure, Run, RunState
from cid.flows.analyse.fetch import Fetched
from cid.llm import reads
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs


async def fail(
    sv: Services, job: Job, run: Run, failure: Failure, *, detail: str, fetched: Fetched | None = None
) -> bool:
    """Nothing is moved where somebody else was first. The job is done either way: a person starts another run."""
    async with sv.db.tx(job.tenant) as tx:
        if await runs.move(tx, run, RunState.FAILED, said=detail, failure=failure, detail=detail) and fetched:
            await runs.add_fetches(tx, run.id, fetched.fetches)
            await reads.forget(tx, fetched.calls)
        await queue.done(tx, job)
    return False


async def wait(sv: Services, job: Job, run: Run, error: Deferred) -> bool:
    """Until the moment that `error` names. Told as a step, once for each reason."""
    async with sv.db.tx(job.tenant) as tx:
        await runs.note(tx, run.id, run.state, f"waits until {minute(error.until)}: {error}")
        await queue.snooze(tx, job, error.until, str(error))
    return False


async def told(sv: Services, run: Run, said: str) -> None:
    async with sv.db.tx(run.tenant_id) as tx:
        await runs.note(tx, run.id, run.state, said)


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
