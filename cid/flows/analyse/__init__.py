"""One analysis of one outlet, from fetch to scorecard: each step is stored, so that whoever takes the job over goes on.

queued ─▶ fetching ─▶ asking ─▶ scoring ─▶ completed | partial
   └─────────┴──────────┴─▶ failed(reason)

What a step brought is written in the transaction that makes the next state, which is a compare-and-set: of two
processes one writes it, and a person who cancels wins over both. Only what is stored goes into the question, so that it
is the same to the byte whoever asks it, and an answer that was paid for is found again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.ids import RunId
from cid.domain.jobs import Job
from cid.domain.run import Run, RunState
from cid.domain.tenants import Desk
from cid.flows.analyse.asking import asking
from cid.flows.analyse.fetching import fetching
from cid.flows.analyse.scoring import scoring
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs, tenants

LOOK_AGAIN = timedelta(seconds=30)
DESK_OFF = timedelta(minutes=5)
"""Between two looks whether the desk is on again."""
OFF = "It waits: the analysis desk is off here."


async def _queued(sv: Services, job: Job, run: Run) -> bool:
    async with sv.db.tx(job.tenant) as tx:
        await runs.move(tx, run, RunState.FETCHING)
    return True


STEPS: Mapping[RunState, Callable[[Services, Job, Run], Awaitable[bool]]] = {
    RunState.QUEUED: _queued,
    RunState.FETCHING: fetching,
    RunState.ASKING: asking,
    RunState.SCORING: scoring,
}
"""What is done in a state. False: the job has ended, done or to be taken up later."""


async def analyse(sv: Services, jobs: Sequence[Job]) -> None:
    """One run a hand-out."""
    for job in jobs:
        while await _step(sv, job):
            pass


async def _step(sv: Services, job: Job) -> bool:
    """Whatever the stored state says is next. False: the job has ended."""
    async with sv.db.tx(job.tenant) as tx:
        run = await runs.by_id(tx, job.tenant, RunId(UUID(job.payload["run"])))
        if run is None or run.over:
            await queue.done(tx, job)
            return False
        if await queue.elsewhere(tx, job):
            await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "another job is at work on it")
            return False
        if run.state is not RunState.SCORING and Desk.ANALYSIS not in await tenants.desks(tx, job.tenant):
            # What is scored costs nothing any more, and whoever paid for it may see it.
            await runs.note(tx, run.id, run.state, OFF)
            await queue.snooze(tx, job, sv.clock.now() + DESK_OFF, OFF)
            return False
    return await STEPS[run.state](sv, job, run)
