"""The clock's arrow: what waited for a time goes on once it has come."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.dossier import lacks
from cid.domain.draft import Draft, DraftState
from cid.domain.ids import PLATFORM, ReviewId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.mail import MailState
from cid.domain.publication import PublicationState
from cid.domain.review import DRAFT_AFTER, Finding, ReviewOutcome, Severity
from cid.domain.run import RUN, Failure, Run, RunState, Shortfall
from cid.domain.screening import JOB_OF
from cid.domain.verdicts import Gate, Pass, Reason
from cid.gates import gate5_review as gate5
from cid.llm import ledger
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import drafts, mails, publications, runs, texts, verdicts
from cid.store import wake as store
from cid.text import domains

BATCH = 5000
LOST = 200
"""At once of each kind of what no job leads on."""
MAIL_CUT_OFF = "The sending was cut off and the queue gave up: whether it was taken over is not known."
NEVER_BEGUN = "The queue gave up before anything was sent."
POST_CUT_OFF = "The sending was cut off and the queue gave up: whether it arrived is not known."
GAVE_UP = "The queue gave up before it was done."


async def wake(sv: Services, jobs: Sequence[Job]) -> None:
    """Enqueue the next step of screenings whose wait is over, poll for sources that fell out of their chain of
    jobs, and read for articles that fell out of theirs; give up the model calls that nobody waits for any more, and
    bring to a visible end what is under way and nobody leads on: runs, mails, publications, reviews."""
    await _end_abandoned(sv)
    await _end_mails(sv)
    await _end_publications(sv)
    await _end_reviews(sv)
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
        found = await runs.abandoned(tx, LOST)
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


async def _end_mails(sv: Services) -> None:
    """Cut off while it was given away: nobody knows, and only a person sends it again. Never begun: refused by us."""
    async with sv.platform.tx() as tx:
        for one in await store.abandoned_mails(tx, LOST):
            if one.state is MailState.SENDING:
                await mails.move(tx, one.id, one.state, MailState.UNKNOWN, error=_said(MAIL_CUT_OFF, one.error))
            else:
                await mails.move(tx, one.id, one.state, MailState.REFUSED, error=_said(NEVER_BEGUN, one.error))


async def _end_publications(sv: Services) -> None:
    """Each in its tenant's own transaction, and none that a hand-out took up meanwhile."""
    async with sv.platform.read() as tx:
        found = await store.abandoned_publications(tx, LOST)
    for one in found:
        async with sv.db.tx(one.tenant_id) as tx:
            work = await publications.lock(tx, one.tenant_id, one.id)
            if work is None or work.held or work.state is not one.state:
                continue
            if one.state is PublicationState.SENDING:
                said = _said(POST_CUT_OFF, one.error)
                await publications.move(tx, one.tenant_id, one.id, one.state, PublicationState.UNKNOWN, error=said)
            else:
                await publications.note(tx, one.tenant_id, one.id, _said(GAVE_UP, one.error))


async def _end_reviews(sv: Services) -> None:
    """Held, as after any review that could not be made: a person reads it, or has it reviewed again."""
    async with sv.platform.read() as tx:
        found = await store.abandoned_drafts(tx, LOST)
    for one in found:
        async with sv.db.tx(one.tenant_id) as tx:
            draft = await drafts.lock(tx, one.tenant_id, one.id)
            if draft and draft.state is DraftState.WRITTEN and draft.current_version_id == one.version_id:
                await _hold(sv, tx, draft, one)


async def _hold(sv: Services, tx: Tx, draft: Draft, lost: store.LostDraft) -> None:
    outcome = ReviewOutcome.REVIEW_FAILED
    said = Finding(
        severity=Severity.MAJOR,
        category="structure",
        where="review",
        what=_said("The review could not be made: its job ended before it did.", lost.error),
        fix="Read it yourself, or have it reviewed again.",
    )
    key = ReviewId(uuid7(sv.clock.now()))
    findings = gate5.listed([said])
    await drafts.add_review(tx, key, draft.id, lost.version_id, outcome, score=None, findings=findings, call=None)
    verdict = VerdictId(uuid7(sv.clock.now()))
    reviewed = Pass(Reason.REVIEWED, outcome)
    await verdicts.add(tx, verdict, Gate.REVIEW, reviewed, story=draft.story_id, screening=draft.screening_id)
    await drafts.move(tx, tx.tenant, draft.id, DraftState.WRITTEN, DRAFT_AFTER[outcome])


def _said(what: str, error: str) -> str:
    return f"{what} {error}".strip()
