"""The digest's arrow: whose hour has come → what they are told → a planned mail. Once a person, tenant and day.

When to look next stands with the membership, so that a look costs what is due and not what there is. The day itself is
decided on by a row that can be written once only: restarts, twins, changed clocks and changed wishes find it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from cid.domain.digest import DayOutcome, Reader
from cid.domain.ids import DraftId, UserId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.mail import MailKind
from cid.flows.digest.changed import changed
from cid.flows.digest.compose import gathered, planned, urged
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import digests, mails
from cid.text import hours

__all__ = ["breaking", "changed", "digest", "look"]
BATCH = 500
HOUR = timedelta(hours=1)
BREAKING_AN_HOUR = 4
"""Mails about urgent drafts that one person gets of one tenant in an hour, at most."""


async def look(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `digests`: a job for everybody whose hour came. What was due while nobody looked is late, not lost, as
    long as the day lasts where the person is. Without a mail server nothing is written that nobody could send."""
    sends = sv.outside.mailer is not None
    while True:
        now = sv.clock.now()
        async with sv.platform.tx() as tx:
            found = await digests.due(tx, BATCH)
            later, wanted = [], []
            for one in found:
                day = hours.day_of(now, one.zone)
                at = hours.moment(day, one.hour, one.zone)
                if now >= at:
                    if sends and one.wanted and not (one.fresh or one.paused):
                        wanted.append((one, day))
                    at = hours.moment(day + timedelta(days=1), one.hour, one.zone)
                later.append((one, at if one.wanted else None))
            await digests.put_off(tx, later)
            await queue.enqueue(
                tx,
                *(
                    NewJob(
                        kind=JobKind.DIGEST,
                        tenant=one.tenant_id,
                        payload={"user": str(one.user_id), "day": day.isoformat()},
                        dedupe=f"{one.user_id} {day}",
                    )
                    for one, day in wanted
                ),
            )
            if len(found) < BATCH:
                await queue.done(tx, *jobs)
                return


async def digest(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `digest`, payload {"user", "day"}."""
    for job in jobs:
        await _one(sv, job, UserId(UUID(job.payload["user"])), date.fromisoformat(job.payload["day"]))


async def _one(sv: Services, job: Job, user: UserId, day: date) -> None:
    async with sv.platform.read() as tx:
        reader = await digests.reader(tx, job.tenant, user)
        marked = reader is not None and await mails.marked(tx, reader.email)
    outcome = DayOutcome.MARKED if marked else _against(sv, reader, day)
    value = await gathered(sv, reader, day) if reader and outcome is None else None
    if outcome is None and (value is None or value.empty):
        outcome = DayOutcome.EMPTY
    async with sv.db.tx(job.tenant) as tx:
        if await digests.add_day(tx, job.tenant, user, day, outcome or DayOutcome.MAILED) and outcome is None:
            assert reader is not None
            assert value is not None
            await planned(sv, tx, reader, value, key=day.isoformat())
        await queue.done(tx, job)


async def breaking(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `breaking`, payload {"draft"}: those who want it hear at once of a ready draft of an urgent story, once.
    Somebody who had enough of them in this hour finds it in the digest."""
    for job in jobs:
        draft = DraftId(UUID(job.payload["draft"]))
        async with sv.db.read(job.tenant) as tx:
            found = await digests.urgent(tx, job.tenant, draft)
        async with sv.platform.read() as tx:
            wanting = await digests.wants_breaking(tx, job.tenant) if found else []
            readers = [await digests.reader(tx, job.tenant, user) for user in wanting]
            readers = [one for one in readers if one and not one.paused and not await mails.marked(tx, one.email)]
        async with sv.db.tx(job.tenant) as tx:
            for reader in filter(None, readers):
                got = await mails.since(tx, job.tenant, reader.user_id, MailKind.BREAKING, sv.clock.now() - HOUR)
                if found and got < BREAKING_AN_HOUR:
                    await urged(sv, tx, reader, found)
            await queue.done(tx, job)


def _against(sv: Services, reader: Reader | None, day: date) -> DayOutcome | None:
    if reader is None or reader.gone or not reader.digest or reader.paused:
        return DayOutcome.OFF
    _start, end = hours.bounds(day, reader.zone)
    return DayOutcome.MISSED if sv.clock.now() >= end else None
