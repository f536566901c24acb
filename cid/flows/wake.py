"""The clock's arrow: what waited for a time goes on once it has come."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.ids import PLATFORM
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.screening import JOB_OF
from cid.llm import ledger
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import texts
from cid.store import wake as store
from cid.text import domains

BATCH = 5000


async def wake(sv: Services, jobs: Sequence[Job]) -> None:
    """Enqueue the next step of screenings whose wait is over, poll for sources that fell out of their chain of
    jobs, and read for articles that fell out of theirs; give up the model calls that nobody waits for any more."""
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
