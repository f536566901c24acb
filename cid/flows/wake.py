"""The clock's arrow: what waited for a time goes on once it has come."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.dossier import lacks
from cid.domain.ids import PLATFORM
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.run import RUN, Failure, Run, RunState, Shortfall
from cid.domain.screening import JOB_OF
from cid.llm import ledger
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs, texts
from cid.store import wake as store
from cid.text import domains

BATCH = 5000
RUNS = 200


async def wake(sv: Services, jobs: Sequence[Job]) -> None:
    """Enqueue the next step of screenings whose wait is over, poll for sources that fell out of their chain of
    jobs, and read for articles that fell out of theirs; give up the model calls that nobody waits for any more, and end
    the runs that nobody leads on."""
    await _end_abandoned(sv)
    async with sv.platform.tx() as tx:
        screenings = await store.due_screenings(tx, BATCH)
        sources = await store.forgotten_sources(tx, BATCH)
        unread = await texts.forgotten(tx, BATCH)
        await ledger.sweep(tx)
        await queue.enqueue(
            tx,
            *(
                NewJob(kind=JOB_OF[stage], tenant=tenant, payload={"screening": str(screening)}, dedupe=str(screening))
                for tenant, screening, stage in screenings
            ),
            *(
                NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(source)}, dedupe=str(source))
                for source in sources
            ),
            *(
                NewJob(
                    kind=JobKind.READ,
                    tenant=PLATFORM,
                    key=domains.of(url),
                    payload={"item": str(item)},
                    dedupe=str(item),
                )
                for item, url in unread.items()
            ),
        )
        await queue.done(tx, *jobs)


async def _end_abandoned(sv: Services) -> None:
    """A run whose job died, or was taken away, would be on its way for ever. Each in its tenant's own transaction."""
    async with sv.platform.read() as tx:
        found = await runs.abandoned(tx, RUNS)
    for one in found:
        async with sv.db.tx(one.tenant_id) as tx:
            run = await runs.by_id(tx, one.tenant_id, one.id)
            if run is not None and not run.over:
                await _end(tx, run, one.error)


async def _end(tx: Tx, run: Run, error: str) -> None:
    why = f"Its job ended before the run did: {error}" if error else "Its job was taken away."
    if RUN.allows(run.state, RunState.FAILED):
        await runs.move(tx, run, RunState.FAILED, said=why, failure=Failure.INTERNAL, detail=why)
        return
    # There is a briefing, which stays; what was to be said of it is not.
    briefing, replies = await runs.briefing(tx, run.tenant_id, run.id), await runs.replies(tx, run)
    agreed = any(one.answer is not None for one in replies)
    shortfalls = lacks(briefing, await runs.fetches(tx, run.tenant_id, run.id), agreed=agreed) | {Shortfall.MATCHER}
    if await runs.scorecard(tx, run.tenant_id, run.id) is None:
        shortfalls.add(Shortfall.SCORER)
    await runs.move(tx, run, RunState.PARTIAL, said=why, shortfalls=shortfalls)
