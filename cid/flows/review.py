"""Gate 5: the rules, then one model review; the draft becomes ready or is held. It is never lost: a review that fails
holds it, with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.archive import Archive
from cid.domain.draft import Article, Draft, DraftState, Version, article_from
from cid.domain.errors import BadReply, CidError, Misconfigured, Upstream
from cid.domain.evidence import Pack, Report
from cid.domain.ids import CallId, DraftId, ReviewId, VerdictId, VersionId, uuid7
from cid.domain.jobs import Job
from cid.domain.policy import GatePolicy
from cid.domain.review import DRAFT_AFTER, Finding, ReviewOutcome, Severity
from cid.domain.telling import Twin
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate, Pass, Reason
from cid.gates import checks
from cid.gates import gate5_review as gate5
from cid.gates.outage import Then, then
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import clusters, drafts, evidence, policies, telling, tenants, verdicts
from cid.text.policies import configured

OFFLINE = "offline"
"""The provider that makes drafts of the reports' own sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What is reviewed, and against what."""

    draft: Draft
    version: Version
    article: Article
    pack: Pack
    policy: GatePolicy
    reports: Sequence[Report]
    profile: Profile
    archive: Archive
    now: datetime
    extractive: bool
    """No model wrote its first version."""
    internal: Mapping[str, str]
    """Address → title of the tenant's own live articles: a draft may link to them."""
    twin: Twin | None
    """The draft that speaks for the story instead of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    outcome: ReviewOutcome
    score: int | None
    findings: Sequence[Finding]
    call: CallId | None


async def review(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        async with sv.db.read(job.tenant) as tx:
            copy = await _copy(sv, tx, job)
        result = (_repeats(copy) or await _result(sv, job, copy)) if copy else None
        async with sv.db.tx(job.tenant) as tx:
            if copy and result:
                await _store(sv, tx, copy, result)
            await queue.done(tx, job)


async def _copy(sv: Services, tx: Tx, job: Job) -> Copy | None:
    """None when the version is not the one that waits for a review: somebody wrote a newer one."""
    draft = await drafts.by_id(tx, job.tenant, DraftId(UUID(job.payload["draft"])))
    version = await drafts.version(tx, job.tenant, VersionId(UUID(job.payload["version"])))
    if draft is None or version is None or not _current(draft, version):
        return None
    twins = await telling.twins(tx, job.tenant, draft.id)
    return Copy(
        draft=draft,
        version=version,
        article=article_from(version.article),
        pack=await evidence.pack(tx, job.tenant, draft.screening_id),
        policy=await policies.of(tx, job.tenant, sv.policy),
        reports=await evidence.reports(tx, job.tenant, draft.story_id),
        profile=await tenants.profile(tx, job.tenant),
        archive=Archive(),
        now=sv.clock.now(),
        extractive=(await drafts.first_provider(tx, job.tenant, draft.id)).startswith(OFFLINE),
        internal={post.url: post.title for post in await clusters.live(tx, job.tenant)},
        twin=next((one for one in twins if one.speaks and one.state is not DraftState.REJECTED), None),
    )


def _current(draft: Draft, version: Version) -> bool:
    return draft.state is DraftState.WRITTEN and draft.current_version_id == version.id


def _repeats(copy: Copy) -> Result | None:
    """Held without asking a model, where its story merged and another draft stands for it: a person says which is to
    be published, if any."""
    if copy.twin is None:
        return None
    said = Finding(
        severity=Severity.MAJOR,
        category="structure",
        where="story",
        what=f"Another draft tells the same story: {copy.twin.title or copy.twin.id}",
        fix="Reject one of the two, or make sure that both are wanted.",
    )
    return Result(outcome=ReviewOutcome.NEEDS_ADMIN_REVIEW, score=None, findings=[said], call=None)


async def _result(sv: Services, job: Job, copy: Copy) -> Result:
    """Raises what is worth another try; Deferred passes, for a written draft can wait until there is money."""
    found = await asyncio.to_thread(_checked, copy)
    try:
        opinion, call = await _opinion(sv, copy, found)
    except (Upstream, BadReply, Misconfigured) as error:
        return _failed(copy, job, found, error)
    findings = [*found, *opinion.findings]
    outcome = gate5.classify(opinion.score, findings, copy.policy.reviewing)
    return Result(outcome=outcome, score=opinion.score, findings=findings, call=call)


def _checked(copy: Copy) -> list[Finding]:
    """What rules find. A long draft takes them a second, which the loop has not."""
    return checks.run(
        copy.article,
        copy.pack,
        copy.reports,
        copy.policy.drafting,
        copy.archive,
        checks=copy.policy.checks,
        profile=copy.profile,
        now=copy.now,
        extractive=copy.extractive,
        internal=copy.internal,
    )


async def _opinion(sv: Services, copy: Copy, found: Sequence[Finding]) -> tuple[gate5.Opinion, CallId]:
    key = str(copy.version.id)
    ask = gate5.ask(copy.profile, copy.article, copy.pack.claims, found, tenant=copy.draft.tenant_id, key=key)
    answer = (await sv.llm.ask(ask)).get(key)
    if answer is None:
        raise BadReply("review: the model left it out")
    return gate5.read(answer.value), answer.call_id


def _failed(copy: Copy, job: Job, found: Sequence[Finding], error: CidError) -> Result:
    """Tried again, or held unreviewed. Neither `pass` nor `drop` lets a draft out, or throws it away, unread."""
    if then(error, job.attempt, copy.policy.reviewing.on_outage) is Then.RAISE:
        raise error
    said = Finding(
        severity=Severity.MAJOR,
        category="structure",
        where="review",
        what=f"The review could not be made: {error}",
        fix="Read it yourself, or have it reviewed again.",
    )
    return Result(outcome=ReviewOutcome.REVIEW_FAILED, score=None, findings=[*found, said], call=None)


async def _store(sv: Services, tx: Tx, copy: Copy, result: Result) -> None:
    draft = await drafts.lock(tx, tx.tenant, copy.draft.id)
    if draft is None or not _current(draft, copy.version):
        return
    await drafts.add_review(
        tx,
        ReviewId(uuid7(sv.clock.now())),
        draft.id,
        copy.version.id,
        result.outcome,
        score=result.score,
        findings=gate5.listed(result.findings),
        call=result.call,
    )
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.REVIEW,
        Pass(Reason.REVIEWED, result.outcome, result.score),
        story=draft.story_id,
        screening=draft.screening_id,
        call=result.call,
        config=await policies.note(tx, configured(Gate.REVIEW, copy.policy, copy.profile)),
    )
    await drafts.move(tx, tx.tenant, draft.id, DraftState.WRITTEN, DRAFT_AFTER[result.outcome])
