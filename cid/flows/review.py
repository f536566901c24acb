"""Gate 5: the checks, one model review, and where that finds little one revision by the machine, reviewed like any
other version. The draft becomes ready or is held. It is never lost: whatever fails holds it, with the reason."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from cid.domain.archive import Archive, Trace
from cid.domain.draft import Article, Author, Draft, DraftState, Version, article_from
from cid.domain.errors import BadReply, CidError, Misconfigured, Upstream
from cid.domain.evidence import Pack, Report
from cid.domain.ids import CallId, DraftId, ReviewId, VerdictId, VersionId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Answer
from cid.domain.outside import ChildFailure
from cid.domain.policy import GatePolicy
from cid.domain.review import DRAFT_AFTER, Change, Course, Finding, ReviewOutcome, Severity, concluded
from cid.domain.telling import Twin
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate, Pass, Reason, Signals
from cid.gates import checks
from cid.gates import gate5_review as gate5
from cid.gates import gate5_revise as revision
from cid.gates.outage import Then, then
from cid.outside.rendering import Marks, Rendered, render_version
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import (
    archive,
    channels,
    clusters,
    digests,
    drafts,
    evidence,
    guardrails,
    policies,
    switches,
    telling,
    tenants,
    verdicts,
)
from cid.text.policies import configured

OFFLINE = "offline"
"""The provider that makes drafts of the reports' own sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What is reviewed, and against what."""

    draft: Draft
    version: Version
    article: Article
    before: Article | None
    """What it was before the machine revised it; None: this is no revision."""
    machines_own: bool
    pack: Pack
    policy: GatePolicy
    reports: Sequence[Report]
    profile: Profile
    rules: Sequence[str]
    """That stand for every draft."""
    archive: Archive
    now: datetime
    extractive: bool
    """No model wrote its first version."""
    internal: Mapping[str, str]
    """Address → title of the tenant's own live articles: a draft may link to them."""
    twin: Twin | None
    """The draft that speaks for the story instead of this one."""

    @property
    def round(self) -> int:
        return 1 if self.before is None else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """The version that takes the place of the one that was reviewed."""

    answer: Answer
    rendered: Rendered
    changed: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    outcome: ReviewOutcome
    score: int | None
    findings: Sequence[Finding]
    call: CallId | None = None
    revised: Revised | None = None
    failed: Answer | None = None
    """The answer that no revision could be made of."""
    why: str = ""
    """Why there was no revision although one was due."""


async def review(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        async with sv.db.read(job.tenant) as tx:
            copy = await _copy(sv, tx, job)
        result = (_unread(sv) or _repeats(copy) or await _result(sv, job, copy)) if copy else None
        changed = await asyncio.to_thread(revision.changes, copy.before, copy.article) if copy and copy.before else None
        trace = await asyncio.to_thread(checks.trace, copy.article, copy.policy.drafting) if copy else None
        async with sv.db.tx(job.tenant) as tx:
            if copy and result and trace:
                await _store(sv, tx, copy, result, changed=changed, trace=trace)
            await queue.done(tx, job)


async def _copy(sv: Services, tx: Tx, job: Job) -> Copy | None:
    """None when the version is not the one that waits for a review: somebody wrote a newer one."""
    draft = await drafts.by_id(tx, job.tenant, DraftId(UUID(job.payload["draft"])))
    version = await drafts.version(tx, job.tenant, VersionId(UUID(job.payload["version"])))
    if draft is None or version is None or not _current(draft, version):
        return None
    twins = await telling.twins(tx, job.tenant, draft.id)
    profile = await tenants.profile(tx, job.tenant)
    old = await drafts.version(tx, job.tenant, version.revises) if version.revises else None
    return Copy(
        draft=draft,
        version=version,
        article=article_from(version.article),
        before=article_from(old.article) if old else None,
        machines_own=await drafts.machines_own(tx, job.tenant, draft.id),
        pack=await evidence.pack(tx, job.tenant, draft.screening_id),
        policy=await policies.of(tx, job.tenant, sv.policy),
        reports=await evidence.reports(tx, job.tenant, draft.story_id),
        profile=profile,
        rules=await guardrails.standing(tx, job.tenant, profile.industry),
        archive=await archive.before(tx, job.tenant, draft.id),
        now=sv.clock.now(),
        extractive=(await drafts.first_provider(tx, job.tenant, draft.id)).partition("/")[0] == OFFLINE,
        internal={post.url: post.title for post in await clusters.live(tx, job.tenant)},
        twin=next((one for one in twins if one.speaks and one.state is not DraftState.REJECTED), None),
    )


def _current(draft: Draft, version: Version) -> bool:
    return draft.state is DraftState.WRITTEN and draft.current_version_id == version.id


def _unread(sv: Services) -> Result | None:
    """While gate 5 is switched off nothing is checked, and what nothing has checked is never ready."""
    if sv.gate5:
        return None
    said = Finding(
        severity=Severity.MAJOR,
        category="structure",
        where="review",
        what="Gate 5 is switched off (CID_GATE5=off): nothing has checked this draft.",
        fix="Check every statement yourself, or have the gate switched on and the draft reviewed again.",
    )
    return Result(outcome=ReviewOutcome.NEEDS_ADMIN_REVIEW, score=None, findings=[said])


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
    return Result(outcome=ReviewOutcome.NEEDS_ADMIN_REVIEW, score=None, findings=[said])


async def _result(sv: Services, job: Job, copy: Copy) -> Result:
    """Raises what is worth another try; Deferred passes, for a written draft can wait until there is money."""
    found = await asyncio.to_thread(_checked, copy)
    try:
        opinion, call = await _opinion(sv, copy, found)
    except (Upstream, BadReply, Misconfigured) as error:
        return _failed(copy, job, found, error)
    findings = [*found, *opinion.findings]
    course = gate5.classify(opinion.score, findings, copy.policy.reviewing)
    outcome = concluded(course, copy.round)
    result = Result(outcome=outcome, score=opinion.score, findings=findings, call=call)
    if course is not Course.REVISE or copy.round == 2:
        return result
    why = await _against(sv, copy, findings)
    return replace(result, why=why) if why else await _revised(sv, job, copy, result)


async def _against(sv: Services, copy: Copy, findings: Sequence[Finding]) -> str:
    """Why it is not revised; empty: it is. The switch is read here, at the last moment before the call."""
    if not copy.machines_own:
        return "it was revised before, or a person has written in it"
    if not await asyncio.to_thread(revision.mendable, copy.article, findings):
        return "nothing of it could be mended by edits"
    async with sv.db.read(copy.draft.tenant_id) as tx:
        return "" if await switches.auto_revision(tx) else "automatic revision is switched off"


async def _revised(sv: Services, job: Job, copy: Copy, result: Result) -> Result:
    """The result and the new version, or the finding that there is none; the draft is then as it was. Raises Upstream
    while the policy says to try again, and Deferred: what was nearly good may wait until there is money."""
    answer: Answer | None = None
    try:
        answer = await _edits(sv, copy, result.findings)
        after = await asyncio.to_thread(
            lambda value: revision.revised(copy.article, revision.read(value), result.findings, copy.pack), answer.value
        )
        rendered = await _rendered(sv, copy, after, result.findings)
    except (Upstream, BadReply, Misconfigured, ChildFailure) as error:
        if isinstance(error, Upstream) and then(error, job.attempt, copy.policy.reviewing.on_outage) is Then.RAISE:
            raise
        said = Finding(
            severity=Severity.MINOR,
            category="structure",
            where="revision",
            what=f"The machine tried to revise it and failed: {error}"[:600],
            fix="Mend it yourself: the text is as it was.",
        )
        return replace(result, findings=[*result.findings, said], failed=answer, why="the revision failed")
    changed = await asyncio.to_thread(revision.changes, copy.article, after)
    return replace(result, revised=Revised(answer=answer, rendered=rendered, changed=changed))


async def _edits(sv: Services, copy: Copy, findings: Sequence[Finding]) -> Answer:
    key = str(copy.version.id)
    ask = revision.ask(
        copy.profile, copy.article, copy.pack, findings, rules=copy.rules, tenant=copy.draft.tenant_id, key=key
    )
    answer = (await sv.llm.ask(ask)).get(key)
    if answer is None:
        raise BadReply("revise: the model left it out")
    return answer


async def _rendered(sv: Services, copy: Copy, after: Article, findings: Sequence[Finding]) -> Rendered:
    """Its bytes. Raises ChildFailure, and BadReply should rendering have changed what is not to change."""
    async with sv.db.read(copy.draft.tenant_id) as tx:
        tenant = await tenants.by_id(tx, copy.draft.tenant_id)
        active = await channels.active(tx, copy.draft.tenant_id)
        origin = await drafts.first_provider(tx, copy.draft.tenant_id, copy.draft.id)
    marks = Marks(
        sample=copy.draft.sample,
        offline=origin.partition("/")[0] == OFFLINE,
        language=copy.profile.language,
        site_name=tenant.name if tenant else "",
        made_at=sv.clock.now().isoformat(),
        provider=origin,
    )
    rendered = await render_version(sv.outside.children, after, active, marks)
    revision.unchanged(copy.article, article_from(rendered.article), revision.flagged(copy.article, findings))
    return rendered


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
    ask = gate5.ask(
        copy.profile, copy.article, copy.pack, found, rules=copy.rules, tenant=copy.draft.tenant_id, key=key
    )
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
    return Result(outcome=ReviewOutcome.REVIEW_FAILED, score=None, findings=[*found, said])


async def _store(
    sv: Services, tx: Tx, copy: Copy, result: Result, *, changed: Sequence[Change] | None, trace: Trace
) -> None:
    draft = await drafts.lock(tx, tx.tenant, copy.draft.id)
    if draft is None or not _current(draft, copy.version):
        return
    await archive.add(tx, draft.id, copy.version.id, trace)
    spent = [copy.version.call_id] if changed is not None else [result.failed.call_id] if result.failed else []
    await drafts.add_review(
        tx,
        ReviewId(uuid7(sv.clock.now())),
        draft.id,
        copy.version.id,
        result.outcome,
        score=result.score,
        findings=gate5.listed(result.findings),
        call=result.call,
        paid=[call for call in (*spent, result.call) if call],
        changes=None if changed is None else [asdict(change) for change in changed],
    )
    await _say(sv, tx, copy, result)
    if result.revised:
        await _replace(sv, tx, copy, result.revised)
    else:
        await drafts.move(tx, tx.tenant, draft.id, DraftState.WRITTEN, DRAFT_AFTER[result.outcome])
        if await digests.urgent(tx, tx.tenant, draft.id):
            told = {"draft": str(draft.id)}
            await queue.enqueue(tx, NewJob(kind=JobKind.BREAKING, tenant=tx.tenant, payload=told, dedupe=str(draft.id)))


async def _say(sv: Services, tx: Tx, copy: Copy, result: Result) -> None:
    config = await policies.note(tx, configured(Gate.REVIEW, copy.policy, copy.profile))
    said = [(Pass(Reason.REVIEWED, result.outcome, result.score, signals=_signals(copy, result)), result.call)]
    if result.revised:
        places = Counter(change.field for change in result.revised.changed)
        detail = ", ".join(f"{field} ({count})" for field, count in sorted(places.items()))
        said.append((Pass(Reason.REVISED, detail), result.revised.answer.call_id))
    elif result.failed:
        said.append((Pass(Reason.REVISED, "to no use"), result.failed.call_id))
    for verdict, call in said:
        await verdicts.add(
            tx,
            VerdictId(uuid7(sv.clock.now())),
            Gate.REVIEW,
            verdict,
            story=copy.draft.story_id,
            screening=copy.draft.screening_id,
            call=call,
            config=config,
        )


def _signals(copy: Copy, result: Result) -> Signals:
    grave = Counter(finding.severity for finding in result.findings)
    counts = {str(severity): grave[severity] for severity in Severity}
    return {"round": copy.round, **counts, "evidence": str(copy.pack.state), "revision": result.why or None}


async def _replace(sv: Services, tx: Tx, copy: Copy, made: Revised) -> None:
    """The draft stays `written`, with the new version, whose review is the next job."""
    new = VersionId(uuid7(sv.clock.now()))
    if not await drafts.replace_version(tx, tx.tenant, copy.draft.id, copy.version.id, new):
        raise AssertionError("a locked draft moved")
    await drafts.add_version(
        tx,
        new,
        copy.draft.id,
        author=Author.MACHINE,
        author_id=None,
        call=made.answer.call_id,
        provider=made.answer.provider,
        article=made.rendered.article,
        payloads=made.rendered.payloads,
        renderer=made.rendered.renderer,
        revises=copy.version.id,
    )
    payload = {"draft": str(copy.draft.id), "version": str(new)}
    await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=tx.tenant, payload=payload, dedupe=str(new)))
