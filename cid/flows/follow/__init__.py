"""Follow-ups: a story that has a draft goes on. What further reports say that is new goes into the draft, while nobody
has decided on it and no person has written in it; once it is live, into an update that leads to it.

What is paid for and what is stored meet in one transaction, under the lock of the draft. Where that moved meanwhile,
by a person's word or a revision's, nothing is stored and the story is looked at again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from cid.domain.draft import Article, Author, DraftState
from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Upstream
from cid.domain.evidence import Claim
from cid.domain.ids import DraftId, ScreeningId, TenantId, VerdictId, VersionId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Answer
from cid.domain.outside import ChildFailure
from cid.domain.plan import Turn
from cid.domain.screening import Screening
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Pass, Reason, Signals
from cid.flows.follow.case import Case, Found, found_in, read
from cid.gates import clusters as topics
from cid.gates import follow as gate
from cid.gates import gate4_draft as gate4
from cid.gates import gate35_fit as fitting
from cid.gates import skeletons
from cid.gates.follow import Course
from cid.gates.outage import Then, then
from cid.outside.rendering import Marks, Rendered, render_version
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import (
    drafts,
    evidence,
    found_pages,
    plans,
    policies,
    screenings,
    verdicts,
)
from cid.text.policies import configured

LOOK_AGAIN = timedelta(hours=1)
"""Who waits for a place in the plan, or for an article to be live."""
IN_HAND = timedelta(seconds=30)
STRUCTURE = "news_brief"
"""Of updates, where there is one of that name."""
UNDECIDED = frozenset({DraftState.WRITTEN, DraftState.READY, DraftState.HELD})
"""What the machine's review moves it between; no person did."""
CONTEXT = 12
"""Claims of the first article that an update is shown besides its news."""
TOLD = 3000
"""Characters of the published article that an update is shown."""


Written: TypeAlias = tuple[Answer, gate4.Outcome, Rendered | None]


async def follow(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        async with sv.db.read(job.tenant) as tx:
            screening = await _screening(tx, job)
            case = await read(sv, tx, screening) if screening and screening.merged_into is None else None
            busy = case is not None and await queue.elsewhere(tx, job)
        if screening is None or case is None or busy:
            async with sv.db.tx(job.tenant) as tx:
                if busy:
                    await queue.snooze(tx, job, sv.clock.now() + IN_HAND, "another job is writing it")
                    continue
                if screening and screening.merged_into:
                    await queue.enqueue(tx, job_for(job.tenant, screening.merged_into, sv.clock.now()))
                await queue.done(tx, job)
            continue
        await _follow(sv, job, case)


def job_for(tenant: TenantId, screening: ScreeningId, at: datetime) -> NewJob:
    return NewJob(
        kind=JobKind.FOLLOW, tenant=tenant, payload={"screening": str(screening)}, dedupe=str(screening), run_at=at
    )


async def _screening(tx: Tx, job: Job) -> Screening | None:
    found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
    return found[0] if found and found[0].desk is Desk.PUBLISHING else None


async def _follow(sv: Services, job: Job, case: Case) -> None:
    found = await asyncio.to_thread(found_in, sv, case)
    if len(found.claims) < case.policy.follow.min_claims:
        await _leave(sv, job, found, Reason.NOTHING_NEW, f"{len(found.claims)} new claims")
    elif found.course is Course.LEAVE or (found.course is Course.WAIT and _stale(sv, found)):
        await _leave(sv, job, found, Reason.NOT_FOLLOWED, found.why)
    elif found.course is Course.WAIT:
        async with sv.db.tx(job.tenant) as tx:
            await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, found.why)
    elif found.course is Course.ENRICH or await _placed(sv, job, found):
        await _write(sv, job, found)


def _stale(sv: Services, found: Found) -> bool:
    """Whether gate 1 would take none of it any more."""
    newest = max(report.reported_at for report in found.reports)
    return sv.clock.now() >= newest + found.case.policy.rules.max_age


async def _write(sv: Services, job: Job, found: Found) -> None:
    try:
        written = await _written(sv, found)
    except Deferred as error:
        async with sv.db.tx(job.tenant) as tx:
            await queue.snooze(tx, job, error.until, str(error))
    except (Upstream, BadReply, Misconfigured, ChildFailure) as error:
        await _fail(sv, job, found, error)
    else:
        async with sv.db.tx(job.tenant) as tx:
            await _store(sv, tx, found, written)
            await queue.done(tx, job)


def _assignment(found: Found) -> gate4.Assignment:
    """Pure. Looking for what belongs together takes tens of milliseconds."""
    case = found.case
    before, policy = fitting.chosen(case.pack, case.fit), case.policy.drafting
    if found.course is Course.ENRICH:
        claims: tuple[Claim, ...] = (*before, *found.claims)
        headline, published, news = case.reports[0].title, None, 0
        structure = skeletons.choose(policy, claims, case.screening.id)
    else:
        claims = (*found.claims, *before[:CONTEXT])
        headline, news = found.claims[0].title, len(found.claims)
        told = f"{case.article.description}\n\n{case.article.body}"[:TOLD]
        published = gate4.Published(title=case.article.title, url=case.standing.address, told=told)
        structure = policy.structure_of(STRUCTURE) or skeletons.choose(policy, claims, case.screening.id)
    text = "\n".join([headline, *(claim.text for claim in claims)])
    return gate4.Assignment(
        headline=headline,
        claims=claims,
        structure=structure,
        avoid=gate.extended(case.pack, found.claims).avoid,
        recommended=case.fit.recommended_angle if case.fit else None,
        competition=case.competition,
        internal=topics.related(case.posts, text, most=policy.internal_links),
        guardrails=case.guardrails,
        published=published,
        news=news,
    )


async def _written(sv: Services, found: Found) -> Written:
    """The call, and the rendering of what it wrote. Raises what the model layer and the children raise."""
    case = found.case
    key = str(case.screening.id)
    told = await asyncio.to_thread(_assignment, found)
    ask = await asyncio.to_thread(gate4.ask, case.profile, told, case.policy.drafting, tenant=case.tenant.id, key=key)
    answer = (await sv.llm.ask(replace(ask, urgent=case.screening.urgent))).get(key)
    if answer is None:
        raise BadReply("follow: the model left it out")
    outcome = await asyncio.to_thread(gate4.read, answer.value, told)
    if not isinstance(outcome, Article):
        return answer, outcome, None
    marks = Marks(
        sample=case.draft.sample or any(report.sample for report in found.reports),
        offline=answer.provider.startswith("offline"),
        language=case.profile.language,
        site_name=case.tenant.name,
        made_at=sv.clock.now().isoformat(),
        provider=answer.provider,
    )
    return answer, outcome, await render_version(sv.outside.children, outcome, case.channels, marks)


async def _placed(sv: Services, job: Job, found: Found) -> bool:
    """Whether the update has a place in the tenant's plan, as any draft needs one. If not it waits for one, after the
    stories that come first, and is let go once its news are stale; its job has ended then, or sleeps."""
    case = found.case
    screening, ordinal, drafting = case.screening, case.draft.ordinal + 1, case.policy.drafting
    turn = Turn(id=screening.id, urgent=screening.urgent, score=screening.score, opened_at=screening.opened_at)
    async with sv.db.tx(job.tenant) as tx:
        if await plans.held(tx, job.tenant, screening.id, ordinal):
            return True
        best = await plans.best(tx, job.tenant, screening.id)
        if (best is None or turn.before(best)) and await plans.take(
            tx, screening.id, per_day=drafting.per_day, per_week=drafting.per_week, ordinal=ordinal
        ):
            return True
        if not _stale(sv, found):
            await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "no place in the plan for an update")
            return False
    await _leave(sv, job, found, Reason.NOT_FOLLOWED, "no place in the plan for an update")
    return False


async def _store(sv: Services, tx: Tx, found: Found, written: Written) -> None:
    case = found.case
    answer, outcome, rendered = written
    if not await _stands(tx, case):
        await plans.release(tx, case.screening.id, case.draft.ordinal + 1)
        await queue.enqueue(tx, job_for(tx.tenant, case.screening.id, sv.clock.now() + case.policy.follow.pause))
        return
    if rendered is None or not isinstance(outcome, Article):
        await plans.release(tx, case.screening.id, case.draft.ordinal + 1)
        why = outcome.why if isinstance(outcome, gate4.Skip) else ""
        await _say(sv, tx, found, Reason.NOT_FOLLOWED, why[:300], answer=answer)
        return
    draft, version = case.draft.id, VersionId(uuid7(sv.clock.now()))
    if found.course is Course.ENRICH:
        if not await drafts.replace_version(tx, tx.tenant, draft, case.version.id, version):
            raise AssertionError("a locked draft moved")
    else:
        draft = DraftId(uuid7(sv.clock.now()))
        await _add_update(tx, found, draft, version)
    await drafts.add_version(
        tx,
        version,
        draft,
        author=Author.MACHINE,
        author_id=None,
        call=answer.call_id,
        provider=answer.provider,
        article=rendered.article,
        payloads=rendered.payloads,
        renderer=rendered.renderer,
    )
    await _extend(sv, tx, found)
    detail = "written anew" if found.course is Course.ENRICH else "an update"
    await _say(sv, tx, found, Reason.FOLLOWED, detail, answer=answer)
    payload = {"draft": str(draft), "version": str(version)}
    await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=tx.tenant, payload=payload, dedupe=str(version)))


async def _stands(tx: Tx, case: Case) -> bool:
    """Whether the draft still is what was read, and the story's newest. Locks it."""
    seen = await drafts.lock(tx, tx.tenant, case.draft.id)
    newest = await drafts.newest(tx, tx.tenant, case.screening.id)
    [screening] = await screenings.by_ids(tx, tx.tenant, [case.screening.id])
    return (
        seen is not None
        and newest is not None
        and newest.id == seen.id
        and screening.merged_into is None
        and (seen.state is case.draft.state or {seen.state, case.draft.state} <= UNDECIDED)
        and seen.current_version_id == case.version.id
    )


async def _add_update(tx: Tx, found: Found, draft: DraftId, version: VersionId) -> None:
    case = found.case
    await drafts.add(
        tx,
        draft,
        screening=case.screening.id,
        story=case.screening.story_id,
        version=version,
        sample=case.draft.sample or any(report.sample for report in found.reports),
        found_at=min(report.reported_at for report in found.reports),
        ordinal=case.draft.ordinal + 1,
        update_of=case.draft.update_of or case.draft.id,
    )


async def _extend(sv: Services, tx: Tx, found: Found) -> None:
    id_, pack = uuid7(sv.clock.now()), gate.extended(found.case.pack, found.claims)
    await evidence.add(tx, id_, found.case.screening.id, pack)
    await found_pages.stand_on(tx, id_, {bytes.fromhex(claim.page) for claim in pack.claims if claim.page})


async def _leave(sv: Services, job: Job, found: Found, reason: Reason, why: str) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await plans.release(tx, found.case.screening.id, found.case.draft.ordinal + 1)
        await _say(sv, tx, found, reason, why)
        await queue.done(tx, job)


async def _say(
    sv: Services, tx: Tx, found: Found, reason: Reason, detail: str, *, answer: Answer | None = None
) -> None:
    """What is new and stays out of the draft is named: the draft's page leads to it."""
    case = found.case
    signals: Signals = {
        "draft": str(case.draft.id),
        "unread_reports": len(found.unread),
        "new_claims": len(found.claims),
        "left": found.items if reason is Reason.NOT_FOLLOWED else [],
    }
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.DRAFT,
        Pass(reason, detail, signals=signals),
        story=case.screening.story_id,
        screening=case.screening.id,
        call=answer.call_id if answer else None,
        reused=answer.reused if answer else False,
        config=await policies.note(tx, configured(Gate.DRAFT, case.policy, case.profile)),
    )


async def _fail(sv: Services, job: Job, found: Found, error: CidError) -> None:
    """Tried again; or the draft stays as it is, by the tenant's policy or as a job that died in plain sight."""
    case = found.case
    action = then(error, job.attempt, case.policy.follow.on_outage)
    if action is Then.RAISE:
        raise error
    async with sv.db.tx(job.tenant) as tx:
        await plans.release(tx, case.screening.id, case.draft.ordinal + 1)
        await _say(sv, tx, found, Reason.NOT_FOLLOWED, f"{error}"[:300])
        if action is Then.FAIL:
            await queue.dead(tx, job, str(error))
        else:
            await queue.done(tx, job)
