"""Item → its article, read at its own page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.ids import PLATFORM, ItemId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.reading import Reading
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import texts
from cid.text import domains

HOLD = timedelta(minutes=2)
"""Longer than one look can take: the job's deadline ends it before."""
AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
"""After what may pass, that long later; then no more."""


async def read(sv: Services, jobs: Sequence[Job]) -> None:
    """One item, whoever asked first: its text is everybody's who may see the item."""
    (job,) = jobs
    item = ItemId(UUID(job.payload["item"]))
    if sv.outside.pages is None:
        return
    async with sv.platform.tx() as tx:
        taken = await texts.take(tx, item, HOLD)
        if taken is None:
            if due := await texts.due_at(tx, item):
                await queue.snooze(tx, job, due, "somebody else has it")
            return
    reading = await sv.outside.pages.read(taken.url, language=taken.language)
    wait = _wait(reading, taken.tries)
    at = sv.clock.now() + wait if wait else None
    async with sv.platform.tx() as tx:
        if await texts.store(tx, item, reading, tries=taken.tries, retry_at=at) and at:
            again = NewJob(
                kind=JobKind.READ,
                tenant=PLATFORM,
                key=domains.of(taken.url),
                payload={"item": str(item)},
                dedupe=str(item),
                run_at=at,
            )
            await queue.enqueue(tx, again)
        await queue.done(tx, job)


def _wait(reading: Reading, tries: int) -> timedelta | None:
    """None: there is nothing more to try."""
    if not reading.state.passing or tries > len(AGAIN):
        return None
    asked = timedelta(seconds=reading.retry_after_s or 0)
    return max(AGAIN[tries - 1], asked)
