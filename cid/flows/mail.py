"""One mail: planned → sending → sent, at most once.

Nothing is given away before `sending` is committed, so `planned` means never given away whole. Whatever was cut off in
between is `unknown`: unlike a post it cannot be looked for, so it is shown, and only a person sends it again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from cid.domain.errors import LostLease, Misconfigured, Refused, Unanswered, Upstream
from cid.domain.mail import MailState
from cid.queue import jobs as queue
from cid.queue import limits
from cid.render import letters
from cid.store import mails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.domain.jobs import Job
    from cid.domain.mail import Letter
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.mails import Work

_S = MailState
PAUSE = timedelta(seconds=15)
"""How long to keep off what another hand-out has in hand."""
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
"""Between tries of a mail that was deferred: doubled each time."""
BROKEN = timedelta(minutes=5)
"""How long all mail rests when the server will not have us: wrong passwords, often repeated, lock accounts."""
HOLD = "mail"
NO_SERVER = "No mail server is set: set CID_SMTP and CID_MAIL_FROM."
CUT_OFF = "The sending was cut off: whether it was taken over is not known."
LATE = "It waited until nobody wanted it any more."
GONE = "Whoever was to read it has no place here any more."
BARRED = {
    "stricter": "What it tells of was marked more strictly since it was written. This letter is not sent any more; a "
    "briefing is sent anew from its page, as it is marked now.",
    "missing": "What it tells of is not here any more.",
}


async def mail(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `mail`, payload {"mail"}. It raises for nothing that a mail server does: that is an outcome."""
    for job in jobs:
        work = await _begin(sv, job)
        if work is not None:
            await _send(sv, job, work)


async def _begin(sv: Services, job: Job) -> Work | None:
    """The mail as `sending`, in our hand. None: nothing to do now."""
    key = UUID(job.payload["mail"])
    async with sv.platform.tx() as tx:
        work = await mails.lock(tx, key, job)
        if work is None or work.state not in {_S.PLANNED, _S.SENDING}:
            await queue.done(tx, job)
        elif work.held:
            await queue.snooze(tx, job, sv.clock.now() + PAUSE, "another hand-out has this mail in hand")
        elif work.state is _S.SENDING:
            await mails.move(tx, key, _S.SENDING, _S.UNKNOWN, error=CUT_OFF)
            await queue.done(tx, job)
        elif never := _never(work):
            await mails.move(tx, key, _S.PLANNED, _S.REFUSED, error=never)
            await queue.done(tx, job)
        elif not await _rests(sv, tx, job):
            await mails.send(tx, key, job)
            return work
    return None


def _never(work: Work) -> str:
    """Why it is not sent at all any more; empty: it is."""
    if work.gone:
        return GONE
    if work.barred:
        return BARRED[work.barred]
    if work.late:
        return f"{LATE} {work.error}".strip()
    return "" if work.message else "Its text is gone."


async def _rests(sv: Services, tx: Tx, job: Job) -> bool:
    """Whether no mail goes out at all now; the job then sleeps."""
    if sv.outside.mailer is None:
        await mails.set_service(tx, NO_SERVER)
        await queue.snooze(tx, job, sv.clock.now() + BROKEN, NO_SERVER)
        return True
    rest = (await limits.held(tx, [HOLD])).get(HOLD)
    if rest:
        await queue.snooze(tx, job, sv.clock.now() + timedelta(seconds=rest), "the mail server will not have us")
    return bool(rest)


async def _send(sv: Services, job: Job, work: Work) -> None:
    """The outside step, with the row committed as `sending` before and nothing open while it lasts."""
    assert sv.outside.mailer is not None
    try:
        # what is attached may be megabytes
        letter = await asyncio.to_thread(_letter, sv, work)
    except Misconfigured as error:
        await _over(sv, job, work, _S.REFUSED, str(error), given_up=True)
        return
    async with sv.platform.read() as tx:
        if not await mails.ours(tx, work.id, job):
            raise LostLease(f"mail {work.id} is in another hand-out's hands")
    try:
        await sv.outside.mailer.send(letter)
    except Unanswered as error:
        await _over(sv, job, work, _S.UNKNOWN, str(error))
    except Upstream as error:
        await _later(sv, job, work, str(error), max(error.retry_after or FIRST, _pause(work.attempts + 1)))
    except Refused as error:
        await _over(sv, job, work, _S.REFUSED, error.public)
    except Misconfigured as error:
        await _later(sv, job, work, str(error), BROKEN, broken=True)
    else:
        await _over(sv, job, work, _S.SENT, "")


def _letter(sv: Services, work: Work) -> Letter:
    """Raises Misconfigured: its text was sealed with a key that is gone."""
    assert sv.vault is not None
    assert work.message is not None
    text = sv.vault.open(work.message, f"mail:{work.id}")
    return letters.unpacked(text, message_id=f"{work.id}@{urlsplit(sv.base_url).hostname or 'localhost'}")


async def _over(sv: Services, job: Job, work: Work, state: MailState, error: str, *, given_up: bool = False) -> None:
    """Written even when the job is another's by now: what we heard of our own sending is true all the same."""
    async with sv.platform.tx() as tx:
        await mails.settle(tx, work.id, job, state, error=error, given_up=given_up)
        if state in {_S.SENT, _S.REFUSED}:
            await mails.mend_service(tx)
        ended = await queue.ended(tx, [job])
    if job.id in ended:
        queue.note(job)


async def _later(sv: Services, job: Job, work: Work, why: str, wait: timedelta, *, broken: bool = False) -> None:
    until = sv.clock.now() + wait
    async with sv.platform.tx() as tx:
        if broken:
            await mails.set_service(tx, why)
            await limits.hold(tx, {HOLD: until})
        await mails.settle(tx, work.id, job, _S.PLANNED, error=why)
        await queue.snooze(tx, job, until, why)


def _pause(attempts: int) -> timedelta:
    """After so many tries, from 1."""
    doubled: timedelta = FIRST * 2 ** min(attempts - 1, 10)
    return min(doubled, LONGEST)
