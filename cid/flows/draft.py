"""Gate 4: one quality call makes a draft's first version, rendered to the bytes that each channel would receive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from cid.domain.angles import Competition
from cid.domain.clusters import Post
from cid.domain.draft import Article, Author
from cid.domain.errors import BadReply, Batched, CidError, Deferred, Misconfigured, Upstream
from cid.domain.evidence import Pack, Report
from cid.domain.fit import Fit
from cid.domain.ids import DraftId, ScreeningId, TenantId, VerdictId, VersionId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Answer
from cid.domain.outside import ChildFailure
from cid.domain.plan import Turn
from cid.domain.policy import GatePolicy, Outage
from cid.domain.publication import Channel
from cid.domain.screening import Screening, Stage, WaitFor
from cid.domain.tenants import Profile, Tenant
from cid.domain.verdicts import Drop, Gate, Reason, Verdict
from cid.gates import angles, skeletons
from cid.gates import clusters as topics
from cid.gates import gate4_draft as gate4
from cid.gates import gate35_fit as fitting
from cid.gates.outage import Then, then
from cid.outside.rendering import Marks, Rendered, render_version
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import (
    channels,
    clusters,
    competition,
    drafts,
    evidence,
    fits,
    guardrails,
    plans,
    policies,
    screenings,
    tenants,
    verdicts,
)
from cid.text.policies import configured

PLACE_AGAIN = timedelta(hours=1)
"""Who waits for a place looks again so often: a plan may have been raised, and days end."""
LOOK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that is known before the call."""

    tenant: Tenant
    profile: Profile
    screening: Screening
    reports: Sequence[Report]
    pack: Pack
    policy: GatePolicy
    channels: Sequence[Channel]
    found_at: datetime
    fit: Fit | None
    """None: gate 3.5 had nothing to judge by, or was out and a person lets stories pass then."""
    competition: Competition
    guardrails: Sequence[str]
    posts: Sequence[Post]

    @property
    def sample(self) -> bool:
        return self.tenant.sample or any(report.sample for report in self.reports)


Written: TypeAlias = tuple[Answer, gate4.Outcome, Rendered | None]
"""The answer, what it says, and its bytes where it is an article."""


async def write(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await _look_again(sv, job)
        async with sv.db.read(job.tenant) as tx:
            brief = await _brief(sv, tx, job)
            busy = brief is not None and await queue.elsewhere(tx, job)
        if brief is None or busy:
            async with sv.db.tx(job.tenant) as tx:
                if busy:
                    await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "another job is writing it")
                else:
                    # It merged, or is judged anew from an earlier gate on.
                    await plans.release(tx, ScreeningId(UUID(job.payload["screening"])))
                    await queue.done(tx, job)
            continue
        brief = await _placed(sv, job, brief)
        if brief is None:
            continue
        try:
            written = await _written(sv, brief)
        except Deferred as error:
            await _defer(sv, job, brief.screening, error)
        except (Upstream, BadReply, Misconfigured, ChildFailure) as error:
            await _fail(sv, job, brief, error)
        else:
            async with sv.db.tx(job.tenant) as tx:
                await _store(sv, tx, brief, written)
                await queue.done(tx, job)


async def _look_again(sv: Services, job: Job) -> None:
    """What competitors wrote since gate 3: until a draft is begun, angles are taken."""
    async with sv.db.read(job.tenant) as tx:
        found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
        if not found or not found[0].wants(Stage.DRAFT):
            return
        known = await competition.of(tx, job.tenant, found[0].id)
        wrote = await competition.articles(tx, job.tenant, found[0].story_id)
        followed = await competition.followed(tx, job.tenant)
        profile = await tenants.profile(tx, job.tenant)
    standing = await asyncio.to_thread(angles.compared, wrote, profile, sv.angles, followed=followed)
    if standing != known:
        async with sv.db.tx(job.tenant) as tx:
            await competition.note(tx, found[0].id, standing)


async def _placed(sv: Services, job: Job, brief: Brief) -> Brief | None:
    """`brief`, open, where the story has a place in the tenant's plan. If not it waits for one, or is dropped once it
    is stale, and its job has ended. A place is held across tries: what a draft cost one place costs no second. Who has
    one is open from then on: others that wait would else stand behind it."""
    policy = brief.policy.drafting
    async with sv.db.tx(job.tenant) as tx:
        if await plans.held(tx, job.tenant, brief.screening.id):
            return brief
        screening = await screenings.opened(tx, brief.screening)
        if screening is None:  # somebody else moved it first: its story may have merged
            await queue.done(tx, job)
            return None
        brief = replace(brief, screening=screening)
        stale_at = screening.opened_at + brief.policy.rules.max_age
        turn = Turn(id=screening.id, urgent=screening.urgent, score=screening.score, opened_at=screening.opened_at)
        best = await plans.best(tx, job.tenant, screening.id)
        if sv.clock.now() >= stale_at:
            await _expire(sv, tx, brief)
        elif (best is None or turn.before(best)) and await plans.take(
            tx, screening.id, per_day=policy.per_day, per_week=policy.per_week
        ):
            if best:
                await queue.enqueue(tx, _job(job.tenant, best.id))
            return brief
        else:
            if best and best.before(turn):
                await queue.enqueue(tx, _job(job.tenant, best.id))
            until = min(sv.clock.now() + PLACE_AGAIN, stale_at)
            await screenings.wait(tx, screening, WaitFor.PLAN, until, spread=screening.spread)
        await queue.done(tx, job)
    return None


async def _expire(sv: Services, tx: Tx, brief: Brief) -> None:
    opened = await screenings.opened(tx, brief.screening)
    if opened is None or not await screenings.drop(tx, opened, Gate.DRAFT, Reason.OVER_PLAN):
        return
    hours = brief.policy.rules.max_age / timedelta(hours=1)
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.DRAFT,
        Drop(Reason.OVER_PLAN, f"no place in the plan within {hours:g} h", brief.screening.score),
        story=opened.story_id,
        screening=opened.id,
        config=await policies.note(tx, configured(Gate.DRAFT, brief.policy, brief.profile)),
    )


def _job(tenant: TenantId, screening: ScreeningId) -> NewJob:
    return NewJob(kind=JobKind.DRAFT, tenant=tenant, payload={"screening": str(screening)}, dedupe=str(screening))


async def _brief(sv: Services, tx: Tx, job: Job) -> Brief | None:
    """None when there is nothing to write, or it is written."""
    found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
    if not found or not found[0].wants(Stage.DRAFT):
        return None
    screening = found[0]
    tenant = await tenants.by_id(tx, job.tenant)
    pack = await evidence.pack(tx, job.tenant, screening.id)
    reports = await evidence.reports(tx, job.tenant, screening.story_id)
    if tenant is None:
        return None
    profile = await tenants.profile(tx, job.tenant)
    return Brief(
        tenant=tenant,
        profile=profile,
        screening=screening,
        reports=reports,
        pack=pack,
        policy=await policies.of(tx, job.tenant, sv.policy),
        channels=await channels.active(tx, job.tenant),
        found_at=await evidence.found_at(tx, screening.story_id) or screening.opened_at,
        fit=await fits.of(tx, job.tenant, screening.id),
        competition=await competition.of(tx, job.tenant, screening.id),
        guardrails=await guardrails.standing(tx, job.tenant, profile.industry),
        posts=await clusters.live(tx, job.tenant),
    )


def _assignment(brief: Brief) -> gate4.Assignment:
    """Pure. Looking for what belongs together takes tens of milliseconds, which the loop has not."""
    claims, policy = fitting.chosen(brief.pack, brief.fit), brief.policy.drafting
    headline = brief.reports[0].title
    told = "\n".join([headline, *(claim.text for claim in claims)])
    return gate4.Assignment(
        headline=headline,
        claims=claims,
        structure=skeletons.choose(policy, claims, brief.screening.id),
        avoid=brief.pack.avoid,
        recommended=brief.fit.recommended_angle if brief.fit else None,
        competition=brief.competition,
        internal=topics.related(brief.posts, told, most=policy.internal_links),
        guardrails=brief.guardrails,
    )


async def _written(sv: Services, brief: Brief) -> Written:
    """The call, and the rendering of what it wrote. Raises what the model layer and the children raise."""
    if not brief.pack.claims or not brief.reports:
        raise Misconfigured("the story shows this tenant no evidence any more")
    key = str(brief.screening.id)
    told = await asyncio.to_thread(_assignment, brief)
    ask = await asyncio.to_thread(
        gate4.ask, brief.profile, told, brief.policy.drafting, tenant=brief.tenant.id, key=key
    )
    answer = (await sv.llm.ask(replace(ask, urgent=brief.screening.urgent))).get(key)
    if answer is None:
        raise BadReply("draft: the model left it out")
    outcome = await asyncio.to_thread(gate4.read, answer.value, told)
    if not isinstance(outcome, Article):
        return answer, outcome, None
    marks = Marks(
        sample=brief.sample,
        offline=answer.provider.startswith("offline"),
        language=brief.profile.language,
        site_name=brief.tenant.name,
        made_at=sv.clock.now().isoformat(),
        provider=answer.provider,
    )
    return answer, outcome, await render_version(sv.outside.children, outcome, brief.channels, marks)


async def _store(sv: Services, tx: Tx, brief: Brief, written: Written) -> None:
    answer, outcome, rendered = written
    opened = await screenings.opened(tx, brief.screening)
    if opened is None:
        await plans.release(tx, brief.screening.id)
        return
    verdict = gate4.decide(outcome)
    config = await policies.note(tx, configured(Gate.DRAFT, brief.policy, brief.profile))
    if rendered is None:
        await plans.release(tx, opened.id)
        if await screenings.drop(tx, opened, Gate.DRAFT, verdict.reason):
            await _say(tx, opened, verdict, answer, config=config, at=sv.clock.now())
        return
    if not await screenings.pass_(tx, opened):
        await plans.release(tx, opened.id)
        return
    await _say(tx, opened, verdict, answer, config=config, at=sv.clock.now())
    draft, version = DraftId(uuid7(sv.clock.now())), VersionId(uuid7(sv.clock.now()))
    await drafts.add(
        tx,
        draft,
        screening=opened.id,
        story=opened.story_id,
        version=version,
        sample=brief.sample,
        found_at=brief.found_at,
    )
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
    await queue.enqueue(
        tx,
        NewJob(
            kind=JobKind.REVIEW,
            tenant=tx.tenant,
            payload={"draft": str(draft), "version": str(version)},
            dedupe=str(version),
        ),
    )
    if await verdicts.came_since_evidence(tx, tx.tenant, opened.id):
        at = sv.clock.now() + brief.policy.follow.pause
        await queue.enqueue(tx, _job(tx.tenant, opened.id)._replace(kind=JobKind.FOLLOW, run_at=at))


async def _say(tx: Tx, screening: Screening, verdict: Verdict, answer: Answer, *, config: bytes, at: datetime) -> None:
    await verdicts.add(
        tx,
        VerdictId(uuid7(at)),
        Gate.DRAFT,
        verdict,
        story=screening.story_id,
        screening=screening.id,
        call=answer.call_id,
        reused=answer.reused,
        config=config,
    )


async def _defer(sv: Services, job: Job, screening: Screening, error: Deferred) -> None:
    async with sv.db.tx(job.tenant) as tx:
        waits = WaitFor.BATCH if isinstance(error, Batched) else WaitFor.BUDGET
        await screenings.wait(tx, screening, waits, error.until, spread=screening.spread)
        await queue.snooze(tx, job, error.until, str(error))


async def _fail(sv: Services, job: Job, brief: Brief, error: CidError) -> None:
    """Tried again, or failed where people see it. There is no article to let pass, so that policy is `retry` here."""
    policy, screening = brief.policy.drafting.on_outage, brief.screening
    action = then(error, job.attempt, Outage.RETRY if policy is Outage.PASS else policy)
    if action is Then.RAISE:
        raise error
    async with sv.db.tx(job.tenant) as tx:
        opened = await screenings.opened(tx, screening)
        await plans.release(tx, screening.id)
        if opened and await screenings.fail(tx, opened, f"draft: {error}"):
            await queue.dead(tx, job, str(error))
        else:
            # Somebody else moved it first: its story may have merged.
            await queue.done(tx, job)
