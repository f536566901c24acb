"""Judging again from a gate on: first as a rehearsal that changes nothing, then for real, because a person says so.

A rehearsal asks what the gates ask, with the tenant's numbers and profile of now: what it pays for is stored, and the
real run is not charged for it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cid.domain.angles import Competition
from cid.domain.errors import BadReply, CidError, Conflict, Deferred, Misconfigured, NotFound, Refused, Upstream
from cid.domain.evidence import EvidenceState, Pack, Report
from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.policy import GatePolicy
from cid.domain.screening import JOB_OF, Screening, ScreeningState, Stage
from cid.domain.tenants import Actor, Desk, Permission, Profile
from cid.domain.verdicts import Drop, Gate, Pass, Verdict
from cid.gates import angles, gate1_rules
from cid.gates import gate2_relevance as gate2
from cid.gates import gate3_signal as gate3
from cid.gates import gate35_fit as gate35
from cid.gates.evidence import pack as gathered
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import audit, competition, evidence, items, plans, policies, screenings, tenants, verdicts
from cid.store.items import Unjudged
from cid.store.verdicts import Said
from cid.text import audience

STAGE_OF: Mapping[Gate, Stage] = {
    Gate.RELEVANCE: Stage.RELATE,
    Gate.SIGNAL: Stage.ASSESS,
    Gate.EVIDENCE: Stage.GATHER,
    Gate.FIT: Stage.FIT,
    Gate.DRAFT: Stage.DRAFT,
}
REHEARSED = (Gate.RULES, Gate.RELEVANCE, Gate.SIGNAL, Gate.FIT)
"""Judged without writing anything. What comes beside them fetches pages or writes a draft: that is no rehearsal."""


@dataclass(frozen=True, slots=True)
class Waits:
    until: datetime


Now: TypeAlias = Verdict | Waits | CidError
"""What the gate would say, that it would wait, or why it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    gate: Gate
    before: Said | None
    """What it said last; None: it never came that far."""
    now: Now

    @property
    def goes_on(self) -> bool:
        return isinstance(self.now, Pass)

    @property
    def changed(self) -> bool:
        """Whether its verdict would be another one: a score or a detail alone does not make it one."""
        if self.before is None or not isinstance(self.now, Pass | Drop):
            return True
        return (self.before.outcome, self.before.reason) != (_outcome(self.now), self.now.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    steps: tuple[Step, ...]
    further: bool
    """Everything that can be rehearsed lets it pass: evidence and a draft would follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What gates judge, as the tenant sees it now."""

    tenant: TenantId
    item: Unjudged | None
    """None: no source of the tenant has it any more."""
    screening: Screening | None
    said: Sequence[Said]
    root: StoryId | None
    policy: GatePolicy
    profile: Profile

    def before(self, gate: Gate) -> Said | None:
        return next((line for line in reversed(self.said) if line.gate is gate and line.desk is Desk.PUBLISHING), None)


async def rehearse(sv: Services, actor: Actor, item: ItemId, gate: Gate) -> Rehearsal:
    """What each gate from this one on would say, until one does not let it pass. Raises NotFound, Refused (may not
    decide: a question to a model may cost money)."""
    _may(actor)
    story = await _story(sv, actor.tenant.id, item)
    steps: list[Step] = []
    begin = Gate.FIT if gate is Gate.EVIDENCE else gate
    for here in REHEARSED[REHEARSED.index(begin) :] if begin in REHEARSED else ():
        steps.append(Step(gate=here, before=story.before(here), now=await _judged(sv, story, here)))
        if not steps[-1].goes_on:
            return Rehearsal(steps=tuple(steps), further=False)
    return Rehearsal(steps=tuple(steps), further=True)


async def run(sv: Services, actor: Actor, item: ItemId, gate: Gate) -> None:
    """For real: the gate is asked again, and what follows goes its way. Raises NotFound, Refused or Conflict (it is a
    draft already, or part of another story's)."""
    _may(actor)
    tenant = actor.tenant.id
    story = await _story(sv, tenant, item)
    told = await _told(sv, story, gate)
    async with sv.db.tx(tenant) as tx:
        if gate is Gate.RULES:
            if story.item is None:
                raise Conflict("None of your sources that are in use has this article.")
            job = NewJob(
                kind=JobKind.RULES, tenant=tenant, payload={"item": str(item), "again": "1"}, dedupe=f"{item}/again"
            )
        else:
            job = await _reopened(tx, story, gate)
            if told and story.screening:
                await evidence.add(tx, uuid7(sv.clock.now()), story.screening.id, told)
        await audit.add(
            tx, sv.clock.now(), actor.user.id, "story.judged_again", target=str(item), detail={"gate": gate.value}
        )
        await queue.enqueue(tx, job)


async def _told(sv: Services, story: Story, gate: Gate) -> Pack | None:
    """What its reports say, where a person skips the gate that gathers evidence: without any, what follows would only
    fail. Raises Conflict where they say nothing."""
    if gate not in {Gate.FIT, Gate.DRAFT} or story.screening is None or story.root is None:
        return None
    async with sv.db.read(story.tenant) as tx:
        if (await evidence.pack(tx, story.tenant, story.screening.id)).claims:
            return None
        reports = await evidence.reports(tx, story.tenant, story.root)
    claims = await asyncio.to_thread(gathered, reports, sv.source_rules)
    if not claims:
        raise Conflict("No report of this story says anything that a draft could stand on.")
    return Pack(claims=claims, state=EvidenceState.REPORTS, notes=("Nothing was searched for: that gate was skipped.",))


async def _reopened(tx: Tx, story: Story, gate: Gate) -> NewJob:
    screening = story.screening
    if gate not in STAGE_OF:
        raise Refused(f"The {gate} of a draft is made again on its own page.")
    if screening is None:
        raise Conflict("No item of this story has passed gate 1 yet: begin there.")
    if screening.state is ScreeningState.PASSED:
        raise Conflict("A draft was written of this story already.")
    stage = STAGE_OF[gate]
    if not await screenings.reopen(tx, screening.id, stage):
        raise Conflict("The story moved on just now. Look again.")
    if stage is not Stage.DRAFT:
        await plans.release(tx, screening.id)
    return NewJob(
        kind=JOB_OF[stage],
        tenant=story.tenant,
        payload={"screening": str(screening.id), "again": "1"},
        dedupe=str(screening.id),
        priority=-1,
    )


def _may(actor: Actor) -> None:
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may see why, not have it judged again.")


async def _story(sv: Services, tenant: TenantId, item: ItemId) -> Story:
    async with sv.db.read(tenant) as tx:
        seen, root = await items.visible(tx, item)
        if not seen:
            raise NotFound("There is no such item.")
        candidates = await items.unjudged(tx, tenant, [item], [Desk.PUBLISHING], [item])
        return Story(
            tenant=tenant,
            item=candidates[0] if candidates else None,
            screening=await screenings.of_story(tx, tenant, root) if root else None,
            root=root,
            said=await verdicts.of_item(tx, tenant, item, root),
            policy=await policies.of(tx, tenant, sv.policy),
            profile=await tenants.profile(tx, tenant),
        )


async def _judged(sv: Services, story: Story, gate: Gate) -> Now:
    try:
        match gate:
            case Gate.RULES:
                return await _ruled(sv, story)
            case Gate.RELEVANCE:
                return await _related(sv, story)
            case Gate.SIGNAL:
                return await _assessed(sv, story)
            case _:
                return await _fitted(sv, story)
    except (Upstream, Deferred, BadReply, Misconfigured) as error:
        return error


async def _ruled(sv: Services, story: Story) -> Now:
    one = story.item
    if one is None:
        return Misconfigured("none of your sources that are in use has this article")
    candidate = gate1_rules.Candidate(
        title=one.title, summary=one.summary, trust=one.trust, published_at=one.at, dated=one.dated
    )
    sieve = await asyncio.to_thread(gate1_rules.sieve, story.policy.rules, story.profile)
    return gate1_rules.judge(sieve, candidate, sv.clock.now())


async def _related(sv: Services, story: Story) -> Now:
    """Asked alone, under the key that the real question has, so that it is paid for once."""
    headline = await _headline(sv, story)
    if headline is None:
        return Misconfigured("its item is not visible any more")
    ask = await asyncio.to_thread(gate2.ask, story.tenant, story.profile, [headline], story.policy.relevance)
    answer = (await sv.llm.ask(ask)).get(headline.key)
    if answer is None:
        return BadReply("relevance: the model left it out")
    score = await asyncio.to_thread(gate2.bounded, gate2.read(answer.value, story.profile), headline, story.profile)
    return gate2.decide(score, story.policy.relevance)


async def _headline(sv: Services, story: Story) -> gate2.Headline | None:
    """As gate 2 will see it: the story's, where it has been opened, else the item's own."""
    if story.screening is not None:
        async with sv.db.read(story.tenant) as tx:
            found = await evidence.headlines(tx, story.tenant, [story.screening.id])
        return next((_as_headline(one.screening_id, one.title, one.summary, one.publisher) for one in found), None)
    one = story.item
    return _as_headline(ScreeningId(one.id), one.title, one.summary, "") if one else None


def _as_headline(key: ScreeningId, title: str, summary: str, publisher: str) -> gate2.Headline:
    return gate2.Headline(key=str(key), title=title, summary=summary, publisher=publisher)


async def _assessed(sv: Services, story: Story) -> Now:
    """Nobody outside is asked how much is searched for it: the spread has all the weight, as without a provider."""
    one, signal, root = story.screening, story.policy.signal, story.root
    if root is None:
        return Misconfigured("it is in no story yet")
    async with sv.db.read(story.tenant) as tx:
        spread = await evidence.spread(tx, story.tenant, root, signal.window)
        reports: Sequence[Report] = await evidence.reports(tx, story.tenant, root)
        articles = await competition.articles(tx, story.tenant, root)
        followed = await competition.followed(tx, story.tenant)
    compared: Competition = await asyncio.to_thread(
        angles.compared, articles, story.profile, sv.angles, followed=followed
    )
    seen = gate3.Seen(spread=spread, urgent=bool(one and one.urgent), competition=compared)
    outcome = gate3.decide(seen, now=sv.clock.now(), policy=signal)
    if isinstance(outcome, Pass) and not reports:
        outcome = gate3.uncitable(seen, sv.clock.now(), signal)
    return Waits(outcome.until) if isinstance(outcome, gate3.Wait) else outcome


async def _fitted(sv: Services, story: Story) -> Now:
    """By the evidence that was gathered; where none was, by what the story's own reports say."""
    if audience.is_blank(story.profile):
        return gate35.unjudged()
    if story.root is None:
        return Misconfigured("it is in no story yet")
    key = str(story.screening.id if story.screening else story.root)
    async with sv.db.read(story.tenant) as tx:
        reports = await evidence.reports(tx, story.tenant, story.root)
        pack = await evidence.pack(tx, story.tenant, story.screening.id) if story.screening else Pack()
    if not reports:
        return Misconfigured("the story shows you no reports any more")
    claims = pack.claims or await asyncio.to_thread(gathered, reports, sv.source_rules)
    ask = await asyncio.to_thread(gate35.ask, story.profile, reports[0].title, claims, tenant=story.tenant, key=key)
    answer = (await sv.llm.ask(ask)).get(key)
    if answer is None:
        return BadReply("fit: the model left it out")
    return gate35.decide(gate35.read(answer.value, claims), story.policy.fit)


def _outcome(verdict: Verdict) -> str:
    return "pass" if isinstance(verdict, Pass) else "drop"
