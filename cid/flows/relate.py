"""Gate 2 for several stories of one tenant in one call. Each is decided by itself: one that the model left out
waits or fails, visibly, and never counts as scored 0."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from cid.domain.errors import BadReply, Batched, CidError, Deferred, Misconfigured, Upstream
from cid.domain.ids import CallId, ScreeningId, TenantId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import TRIAL
from cid.domain.policy import GatePolicy, Switch
from cid.domain.screening import Screening, Stage, WaitFor
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Gate, Pass, Reason, Signals, Verdict
from cid.gates import gate2_relevance as gate2
from cid.gates import prefilter
from cid.gates.outage import Then, then
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, policies, prefilters, screenings, tenants, texts, verdicts
from cid.store.prefilters import Proved
from cid.store.texts import PER_STORY
from cid.text import domains
from cid.text.policies import configured

AT_ONCE = 4
"""Calls under way where many stories are judged that no job brings."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the tenant goes by."""

    policy: GatePolicy
    profile: Profile
    filter: Proved | None = None
    """What may drop without asking; None: nothing may."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the filter says of a story."""

    score: float
    below: bool
    sampled: bool
    """Asked about all the same, so that the filter goes on being measured."""


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    call: CallId | None
    reused: bool = False
    weighed: Weighed | None = None


Result: TypeAlias = Judged | CidError
"""What became of one question: a verdict, or the named failure."""


@dataclass(frozen=True, slots=True)
class Task:
    job: Job
    screening: Screening
    headline: gate2.Headline


async def room(sv: Services, tx: Tx, tenant: TenantId) -> Room:
    policy, profile = await policies.of(tx, tenant, sv.policy), await tenants.profile(tx, tenant)
    on = policy.relevance.prefilter is Switch.ON
    return Room(policy, profile, await prefilters.proved(tx, tenant) if on else None)


async def judged(
    sv: Services, tenant: TenantId, here: Room, headlines: Sequence[gate2.Headline], *, trial: bool = False
) -> Mapping[str, Result]:
    """By key. `trial`: asked to measure and not to decide, under a stage of its own."""
    apart = await asyncio.to_thread(_apart, headlines)
    together = _calls([one for one in headlines if one.key not in apart], here.policy)
    few = asyncio.Semaphore(AT_ONCE)

    async def ask(some: Sequence[gate2.Headline]) -> Mapping[str, Result]:
        async with few:
            return await _asked(sv, tenant, here, some, urgent=True, trial=trial)

    calls = [*together, *([one] for one in headlines if one.key in apart)]
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(some)) for some in calls]
    return {key: result for task in asked for key, result in task.result().items()}


async def relate(sv: Services, jobs: Sequence[Job]) -> None:
    tenant = jobs[0].tenant
    async with sv.db.read(tenant) as tx:
        here = await room(sv, tx, tenant)
        tasks, unseen = await _tasks(tx, tenant, jobs)
    results = await _results(sv, tenant, here, tasks)
    again: list[CidError] = []
    async with sv.db.tx(tenant) as tx:
        # In the order of their ids, in which a merge of stories takes them, too: the two would else wait in a ring.
        ends = [*((task.screening, task) for task in tasks), *((screening, None) for screening in unseen)]
        for screening, task in sorted(ends, key=lambda end: end[0].id):
            if task is None:
                await _fail(tx, screening, "its item is not visible any more")
                continue
            result = results[task.headline.key]
            if not await _end(sv, tx, here, task, result):
                assert isinstance(result, CidError)
                again.append(result)
        busy = {task.job.id for task in tasks}
        await queue.done(tx, *(job for job in jobs if job.id not in busy))
    if again:
        # What was answered is committed; the queue tries those jobs again that did not end.
        raise again[0]


async def _tasks(tx: Tx, tenant: TenantId, jobs: Sequence[Job]) -> tuple[list[Task], list[Screening]]:
    """The jobs that have something to do, each screening once; and the screenings that there is nothing to judge by."""
    by_screening = {ScreeningId(UUID(job.payload["screening"])): job for job in jobs}
    found = {screening.id: screening for screening in await screenings.by_ids(tx, tenant, by_screening)}
    wanted = {id_: screening for id_, screening in found.items() if screening.wants(Stage.RELATE)}
    tasks = [
        Task(
            job=by_screening[opened.screening_id],
            screening=wanted[opened.screening_id],
            headline=gate2.Headline(
                key=str(opened.screening_id),
                title=opened.title,
                summary=opened.summary,
                publisher=opened.publisher,
            ),
        )
        for opened in await evidence.headlines(tx, tenant, wanted)
    ]
    seen = {task.screening.id for task in tasks}
    return tasks, [screening for screening in wanted.values() if screening.id not in seen]


async def _results(sv: Services, tenant: TenantId, room: Room, tasks: Sequence[Task]) -> Mapping[str, Result]:
    """First tries share one call. Those tried before are asked alone: one that a model refuses, or that makes it
    overflow, must not take its neighbours down a second time. So are those that seem to speak to the model, which could
    speak about their neighbours. Where one is urgent, none of them waits for a batch, nor with one that is in one."""
    # Looking for orders takes tens of milliseconds a text: too long for the loop that everything else runs on.
    apart = await asyncio.to_thread(_apart, [task.headline for task in tasks])
    weighed = await asyncio.to_thread(_weighed, tasks, room, apart)
    dropped = {key: _unasked(one, room) for key, one in weighed.items() if one.below and not one.sampled}
    tasks = [task for task in tasks if task.headline.key not in dropped]
    fresh = [task for task in tasks if task.job.attempt == 1 and task.headline.key not in apart]
    seated = [task.headline for task in fresh if task.screening.waiting_for is WaitFor.BATCH]
    others = [task.headline for task in fresh if task.screening.waiting_for is not WaitFor.BATCH]
    alone = [[task.headline] for task in tasks if task.job.attempt > 1 or task.headline.key in apart]
    urgent = any(task.screening.urgent for task in tasks)
    async with asyncio.TaskGroup() as together:
        asked = [
            together.create_task(_asked(sv, tenant, room, group, urgent=urgent))
            for group in [*_calls(others, room.policy), *_calls(seated, room.policy), *alone]
        ]
    results = {key: result for task in asked for key, result in task.result().items()}
    return {**dropped, **{key: _with(result, weighed.get(key), room) for key, result in results.items()}}


def _weighed(tasks: Sequence[Task], room: Room, apart: Collection[str]) -> dict[str, Weighed]:
    """What the filter says of those that it may drop: never breaking news, nor what is in a batch and paid for, nor
    what a person has judged again, nor a text that seems to speak to the model, whose words may be chosen for the
    filter as well."""
    if room.filter is None:
        return {}
    policy, filter_ = room.policy.relevance, room.filter.filter
    found = {}
    for task in tasks:
        one = task.headline
        if task.screening.urgent or task.screening.waiting_for is WaitFor.BATCH or one.key in apart:
            continue
        if "again" in task.job.payload:
            continue
        score = prefilter.score(filter_, prefilter.features(one.title, one.summary, policy))
        below = score < filter_.threshold
        found[one.key] = Weighed(score, below, below and prefilter.sampled(one.key, policy))
    return found


def _signals(weighed: Weighed, room: Room) -> Signals:
    assert room.filter is not None
    return {
        "prefilter": round(weighed.score, 3),
        "prefilter_threshold": round(room.filter.filter.threshold, 3),
        "prefilter_version": room.filter.version,
        "prefilter_sampled": weighed.sampled,
    }


def _unasked(weighed: Weighed, room: Room) -> Judged:
    detail = "its words are those of stories that were dropped before: nobody was asked"
    return Judged(Drop(Reason.PREFILTERED, detail, signals=_signals(weighed, room)), None, weighed=weighed)


def _with(result: Result, weighed: Weighed | None, room: Room) -> Result:
    """The same with what the filter said beforehand."""
    if weighed is None or not isinstance(result, Judged):
        return result
    signals = {**result.verdict.signals, **_signals(weighed, room)}
    return replace(result, verdict=replace(result.verdict, signals=signals), weighed=weighed)


def _calls(headlines: Sequence[gate2.Headline], policy: GatePolicy) -> list[Sequence[gate2.Headline]]:
    most = max(policy.relevance.per_call, 1)
    return [headlines[start : start + most] for start in range(0, len(headlines), most)]


def _apart(headlines: Sequence[gate2.Headline]) -> frozenset[str]:
    """The keys of those that seem to speak to the model."""
    return frozenset(headline.key for headline in headlines if headline.signs)


async def _asked(
    sv: Services,
    tenant: TenantId,
    room: Room,
    headlines: Sequence[gate2.Headline],
    *,
    urgent: bool,
    trial: bool = False,
) -> Mapping[str, Result]:
    asked = {headline.key: headline for headline in headlines}
    keys = list(asked)
    try:
        ask = await asyncio.to_thread(gate2.ask, tenant, room.profile, headlines, room.policy.relevance)
        stage = TRIAL + ask.stage if trial else ask.stage
        answers = await sv.llm.ask(replace(ask, urgent=urgent, stage=stage))
    except (Upstream, Deferred, BadReply, Misconfigured) as error:
        return dict.fromkeys(keys, error)
    results: dict[str, Result] = dict.fromkeys(keys, BadReply("relevance: the model left it out"))
    for key, answer in answers.items():
        try:
            score = gate2.bounded(gate2.read(answer.value, room.profile), asked[key], room.profile)
        except BadReply as error:
            results[key] = error
        else:
            results[key] = Judged(gate2.decide(score, room.policy.relevance), answer.call_id, answer.reused)
    return results


async def _end(sv: Services, tx: Tx, room: Room, task: Task, result: Result) -> bool:
    """Write what became of it and end its job; False leaves the job to be tried again."""
    job, screening = task.job, task.screening
    if isinstance(result, Judged):
        await _judge(sv, tx, room, screening, result)
        await queue.done(tx, job)
        return True
    if isinstance(result, Deferred):
        waits = WaitFor.BATCH if isinstance(result, Batched) else WaitFor.BUDGET
        await screenings.wait(tx, screening, waits, result.until, spread=screening.spread)
        await queue.snooze(tx, job, result.until, str(result))
        return True
    match then(result, job.attempt, room.policy.relevance.on_outage):
        case Then.RAISE:
            return False
        case Then.PASS:
            await _judge(sv, tx, room, screening, Judged(Pass(Reason.OUTAGE, str(result)), None))
            await queue.done(tx, job)
        case Then.DROP:
            await _judge(sv, tx, room, screening, Judged(Drop(Reason.OUTAGE, str(result)), None))
            await queue.done(tx, job)
        case Then.FAIL:
            if await _fail(tx, screening, str(result)):
                await queue.dead(tx, job, str(result))
            else:
                await queue.done(tx, job)
    return True


async def _fail(tx: Tx, screening: Screening, why: str) -> bool:
    """False when somebody else moved it first: its story may have merged."""
    opened = await screenings.opened(tx, screening)
    return opened is not None and await screenings.fail(tx, opened, f"relate: {why}")


async def _judge(sv: Services, tx: Tx, room: Room, screening: Screening, judged: Judged) -> None:
    opened = await screenings.opened(tx, screening)
    if opened is None:
        return
    if isinstance(judged.verdict, Drop):
        moved = await screenings.drop(tx, opened, Gate.RELEVANCE, judged.verdict.reason)
    else:
        moved = await screenings.advance(tx, opened, Stage.ASSESS, score=judged.verdict.score)
    if not moved:
        return
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.RELEVANCE,
        judged.verdict,
        story=opened.story_id,
        screening=opened.id,
        call=judged.call,
        reused=judged.reused,
        config=await policies.note(tx, configured(Gate.RELEVANCE, room.policy, room.profile)),
    )
    if judged.weighed is not None and judged.weighed.sampled and judged.call is not None:
        assert room.filter is not None
        await prefilters.sample(
            tx,
            tx.tenant,
            opened.id,
            version=room.filter.version,
            score=judged.weighed.score,
            stands_for=1 / room.policy.relevance.prefilter_sample,
        )
    if isinstance(judged.verdict, Pass):
        await queue.enqueue(
            tx,
            NewJob(
                kind=JobKind.ASSESS,
                tenant=tx.tenant,
                payload={"screening": str(opened.id)},
                dedupe=str(opened.id),
                priority=-1 if opened.urgent else 0,
            ),
        )
        await _read(sv, tx, opened)


async def _read(sv: Services, tx: Tx, opened: Screening) -> None:
    """Its articles are read at their pages from now on: what a draft will stand on is fetched while the story waits."""
    if sv.outside.pages is None:
        return
    found = await texts.of_stories(tx, [opened.story_id], most=PER_STORY)
    wanted = await texts.want(tx, tx.tenant, found, most=PER_STORY)
    await queue.enqueue(
        tx,
        *(
            NewJob(
                kind=JobKind.READ,
                tenant=tx.tenant,
                key=domains.of(found[item]),
                payload={"item": str(item)},
                dedupe=str(item),
                priority=-1 if opened.urgent else 0,
            )
            for item in wanted
        ),
    )
