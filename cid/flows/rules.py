"""Gate 1: each item by itself, hundreds at once; the first that passes opens its story's screening."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from cid.domain.ids import ItemId, ScreeningId, StoryId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.policy import GatePolicy
from cid.domain.screening import FIRST, JOB_OF, Screening, ScreeningState, Stage
from cid.domain.tenants import Desk, Profile
from cid.domain.tracker import Tracker
from cid.domain.verdicts import Gate, Pass, Reason, Verdict
from cid.gates import gate1_rules, track
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import items, policies, screenings, stories, tenants, texts, trackers, verdicts
from cid.store.items import Unjudged
from cid.store.verdicts import NewVerdict
from cid.text import domains
from cid.text.policies import configured

URGENT = "urgent"
"""A key of its own: breaking news waits neither for a group to fill nor for the tenant's other questions to end."""


async def rules(sv: Services, jobs: Sequence[Job]) -> None:
    """Items that were judged, or that the tenant no longer takes from anybody, are passed over. Each desk of the tenant
    judges by itself, the same items in one reading."""
    tenant = jobs[0].tenant
    async with sv.db.tx(tenant) as tx:
        policy, profile = await policies.of(tx, tenant, sv.policy), await tenants.profile(tx, tenant)
        desks = [desk for desk in await tenants.desks(tx, tenant) if desk in FIRST]
        tracker = await trackers.of(tx, tenant) if Desk.TRACKER in desks else None
        wanted = {ItemId(UUID(job.payload["item"])) for job in jobs}
        again = {ItemId(UUID(job.payload["item"])) for job in jobs if "again" in job.payload}
        found = await items.unjudged(tx, tenant, wanted, desks, again)
        if Desk.PUBLISHING in desks:
            await _publishing(sv, tx, policy, profile, [item for item in found if Desk.PUBLISHING in item.desks])
        if tracker is not None:
            await _tracking(sv, tx, policy, tracker, [item for item in found if Desk.TRACKER in item.desks])
        await queue.done(tx, *jobs)


async def _publishing(sv: Services, tx: Tx, policy: GatePolicy, profile: Profile, found: Sequence[Unjudged]) -> None:
    now = sv.clock.now()
    sieve = await asyncio.to_thread(gate1_rules.sieve, policy.rules, profile)
    # Hundreds of items take tens of milliseconds: too long for the loop that everything else runs on.
    judged = await _today(tx, await asyncio.to_thread(_judged, sieve, found, now))
    opened, screening_of = await _open(tx, judged, sv, Desk.PUBLISHING)
    raised = await screenings.raise_urgent(tx, tx.tenant, _urgent(judged))
    config = await policies.note(tx, configured(Gate.RULES, policy, profile))
    await _say(sv, tx, judged, screening_of, desk=Desk.PUBLISHING, config=config)
    urgent = {screening_of[story] for story in _urgent(judged)}
    await queue.enqueue(
        tx,
        *_jobs(tx, opened, Desk.PUBLISHING, urgent),
        *(
            NewJob(kind=JobKind.ASSESS, tenant=tx.tenant, payload={"screening": str(one)}, dedupe=str(one))
            for one in raised
        ),
    )
    await _hurry(tx, urgent)
    joined = await screenings.by_ids(tx, tx.tenant, set(screening_of.values()) - opened)
    await _read(sv, tx, judged, joined)
    await _follow(sv, tx, policy, joined)


async def _hurry(tx: Tx, urgent: Collection[ScreeningId]) -> None:
    """What waits already for stories that are urgent now comes before others."""
    waiting = [str(one) for one in urgent]
    await queue.hurry(tx, {JobKind.RELATE}, waiting, -1, key=URGENT)
    await queue.hurry(tx, {JOB_OF[stage] for stage in Stage} - {JobKind.RELATE}, waiting, -1)


async def _tracking(sv: Services, tx: Tx, policy: GatePolicy, tracker: Tracker, found: Sequence[Unjudged]) -> None:
    """By the tracker's own words. None is urgent: an entry waits for a person anyway."""
    now = sv.clock.now()
    own = Profile(keywords=tracker.keywords, excluded=tracker.excluded)
    sieve = await asyncio.to_thread(gate1_rules.sieve, replace(policy.rules, urgent_words=()), own)
    said = await asyncio.to_thread(_judged, sieve, found, now)
    judged = await _today(tx, [(item, track.takes_all(verdict, tracker)) for item, verdict in said])
    passed = {item.story_id for item, verdict in judged if isinstance(verdict, Pass)}
    if passed:
        await screenings.supersede(tx, tx.tenant, passed, policy.tracking.window)
    opened, screening_of = await _open(tx, judged, sv, Desk.TRACKER)
    config = await policies.note(tx, configured(Gate.RULES, policy, own))
    await _say(sv, tx, judged, screening_of, desk=Desk.TRACKER, config=config)
    await queue.enqueue(tx, *_jobs(tx, opened, Desk.TRACKER, set()))


async def _say(
    sv: Services,
    tx: Tx,
    judged: Sequence[tuple[Unjudged, Verdict]],
    screening_of: Mapping[StoryId, ScreeningId],
    *,
    desk: Desk,
    config: bytes,
) -> None:
    now = sv.clock.now()
    await verdicts.add_many(
        tx,
        Gate.RULES,
        [
            NewVerdict(
                id=VerdictId(uuid7(now)),
                item_id=item.id,
                story_id=item.story_id,
                screening_id=screening_of[item.story_id] if isinstance(verdict, Pass) else None,
                verdict=verdict,
            )
            for item, verdict in judged
        ],
        config=config,
        desk=desk,
    )


def _jobs(tx: Tx, opened: Collection[ScreeningId], desk: Desk, urgent: Collection[ScreeningId]) -> list[NewJob]:
    return [
        NewJob(
            kind=JOB_OF[FIRST[desk]],
            tenant=tx.tenant,
            key=URGENT if one in urgent else "",
            payload={"screening": str(one)},
            dedupe=str(one),
            priority=-1 if one in urgent else 0,
        )
        for one in sorted(opened)
    ]


def _judged(sieve: gate1_rules.Sieve, found: Sequence[Unjudged], now: datetime) -> list[tuple[Unjudged, Verdict]]:
    return [(item, gate1_rules.judge(sieve, _candidate(item), now)) for item in found]


async def _today(tx: Tx, judged: Sequence[tuple[Unjudged, Verdict]]) -> list[tuple[Unjudged, Verdict]]:
    """The verdicts, on the stories that the items are of from here on: none merges until the transaction ends. Not from
    its beginning, because grouping waits for whoever holds merges off, and judging takes as long as writing."""
    await stories.hold(tx)
    roots = await stories.roots(tx, {item.story_id for item, _ in judged})
    return [(replace(item, story_id=roots[item.story_id]), verdict) for item, verdict in judged]


async def _read(
    sv: Services, tx: Tx, judged: Sequence[tuple[Unjudged, Verdict]], joined: Collection[Screening]
) -> None:
    """What joins a story that gate 2 let through is read at its page, as that story's first articles were."""
    if sv.outside.pages is None or not joined:
        return
    further = {
        one.story_id
        for one in joined
        if (one.unsettled and one.stage is not Stage.RELATE) or one.state is ScreeningState.PASSED
    }
    passed = [item.id for item, verdict in judged if isinstance(verdict, Pass) and item.story_id in further]
    wanted = await texts.want(tx, tx.tenant, passed, most=texts.PER_STORY)
    urls = await texts.addresses(tx, wanted)
    urgent = {one.story_id for one in joined if one.urgent}
    story_of = {item.id: item.story_id for item, _ in judged}
    await queue.enqueue(
        tx,
        *(
            NewJob(
                kind=JobKind.READ,
                tenant=tx.tenant,
                key=domains.of(urls[item]),
                payload={"item": str(item)},
                dedupe=str(item),
                priority=-1 if story_of[item] in urgent else 0,
            )
            for item in wanted
        ),
    )


async def _follow(sv: Services, tx: Tx, policy: GatePolicy, joined: Collection[Screening]) -> None:
    """A story that has a draft goes on. One look for a burst of reports, after a pause."""
    at = sv.clock.now() + policy.follow.pause
    await queue.enqueue(
        tx,
        *(
            NewJob(
                kind=JobKind.FOLLOW,
                tenant=tx.tenant,
                payload={"screening": str(one.id)},
                dedupe=str(one.id),
                run_at=at,
            )
            for one in sorted(joined, key=lambda one: one.id)
            if one.state is ScreeningState.PASSED and policy.follow.per_draft
        ),
    )


async def _open(
    tx: Tx, judged: Sequence[tuple[Unjudged, Verdict]], sv: Services, desk: Desk
) -> tuple[set[ScreeningId], dict[StoryId, ScreeningId]]:
    """The screenings made now, and the screening of each story of which an item passed."""
    first: dict[StoryId, Unjudged] = {}
    for item, verdict in judged:
        if isinstance(verdict, Pass):
            first.setdefault(item.story_id, item)
    if not first:
        return set(), {}
    now = sv.clock.now()
    urgent = _urgent(judged)
    return await screenings.open_many(
        tx, [(ScreeningId(uuid7(now)), story, item.id, story in urgent) for story, item in first.items()], desk
    )


def _urgent(judged: Sequence[tuple[Unjudged, Verdict]]) -> set[StoryId]:
    return {item.story_id for item, verdict in judged if verdict.reason is Reason.URGENT}


def _candidate(item: Unjudged) -> gate1_rules.Candidate:
    return gate1_rules.Candidate(
        title=item.title, summary=item.summary, trust=item.trust, published_at=item.at, dated=item.dated
    )
