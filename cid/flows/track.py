"""The tracker's gate for a few stories of one tenant, some in one call. Each is decided by itself: one whose answer is
missing or breaks a rule is asked about alone after a pause, and touches none of the others. A model that is out leaves
stories waiting, where people see it, and never makes them irrelevant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from cid.domain.errors import BadReply, Batched, CidError, Deferred, Misconfigured, Unanswered, Upstream
from cid.domain.ids import CallId, EntryId, ScreeningId, TenantId, VerdictId, uuid7
from cid.domain.jobs import Job
from cid.domain.policy import MODEL_TRIES, GatePolicy, Outage
from cid.domain.screening import Screening, Stage, WaitFor
from cid.domain.tenants import Desk, Profile
from cid.domain.tracker import EntryDecision, EntryState, Fault, Tracker
from cid.domain.verdicts import Drop, Gate, Pass, Reason
from cid.gates import track as gate
from cid.gates.outage import PATIENCE
from cid.ports import Tx
from cid.queue import backoff
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import entries, faults, policies, screenings, trackers, verdicts
from cid.store.faults import Past
from cid.text.policies import Configured, configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the tenant goes by."""

    policy: GatePolicy
    tracker: Tracker
    rule: trackers.Standing | None

    @property
    def config(self) -> Configured:
        own = Profile(keywords=self.tracker.keywords, excluded=self.tracker.excluded)
        return configured(Gate.TRACK, self.policy, own, tracker=asdict(self.tracker))


@dataclass(frozen=True, slots=True)
class Answered:
    found: gate.Found
    call: CallId
    provider: str
    reused: bool


Result: TypeAlias = Answered | CidError
"""What became of one question: an answer that keeps the rules, or the named failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    job: Job
    screening: Screening
    opened: trackers.Opened
    past: Past | None
    told: gate.Told

    @property
    def failed(self) -> int:
        return self.past.failed if self.past else 0

    @property
    def outages(self) -> int:
        return self.past.outages if self.past else 0

    @property
    def suspect(self) -> bool:
        """It may be what makes a model fail that answers others."""
        past = self.past
        return past is not None and bool(past.failed or past.timeouts or (past.others and past.outages >= PATIENCE))


@dataclass(frozen=True, slots=True)
class Turn:
    """The transaction that writes what became of a hand-out."""

    sv: Services
    tx: Tx
    room: Room | None


async def track(sv: Services, jobs: Sequence[Job]) -> None:
    tenant = jobs[0].tenant
    async with sv.db.read(tenant) as tx:
        policy, tracker = await policies.of(tx, tenant, sv.policy), await trackers.of(tx, tenant)
        rule = await trackers.rule(tx, tenant)
        tasks, unseen = await _tasks(tx, tenant, jobs)
    room = Room(policy=policy, tracker=tracker, rule=rule) if tracker else None
    unset = Misconfigured("nothing is tracked: `cid trackers set`")
    results = await _results(sv, tenant, room, tasks) if room else {task.told.key: unset for task in tasks}
    async with sv.db.tx(tenant) as tx:
        turn = Turn(sv, tx, room)
        # In the order of their ids, in which a merge of stories takes them, too: the two would else wait in a ring.
        ends = [*((task.screening, task) for task in tasks), *((screening, None) for screening in unseen)]
        for screening, task in sorted(ends, key=lambda end: end[0].id):
            opened = await screenings.opened(tx, screening)
            if opened and task:
                await _end(turn, replace(task, screening=opened), results[task.told.key])
            elif opened:
                await _fail(turn, opened, Fault.UNSEEN, "its item is not visible any more", alone=False)
            elif task:  # somebody else moved it first: its story may have merged
                await queue.done(tx, task.job)
        busy = {task.job.id for task in tasks}
        await queue.done(tx, *(job for job in jobs if job.id not in busy))


async def _tasks(tx: Tx, tenant: TenantId, jobs: Sequence[Job]) -> tuple[list[Task], list[Screening]]:
    """The jobs that have something to do, each screening once; and the screenings that there is nothing to judge by."""
    by_screening = {ScreeningId(UUID(job.payload["screening"])): job for job in jobs}
    found = {screening.id: screening for screening in await screenings.by_ids(tx, tenant, by_screening)}
    wanted = {id_: screening for id_, screening in found.items() if screening.wants(Stage.TRACK)}
    past = await faults.of_screenings(tx, tenant, wanted)
    tasks = [
        Task(
            job=by_screening[opened.screening_id],
            screening=wanted[opened.screening_id],
            opened=opened,
            past=past.get(opened.screening_id),
            told=_told(opened, past.get(opened.screening_id)),
        )
        for opened in await trackers.told(tx, tenant, wanted, chars=gate.TEXT)
    ]
    seen = {task.screening.id for task in tasks}
    return tasks, [screening for screening in wanted.values() if screening.id not in seen]


def _told(opened: trackers.Opened, past: Past | None) -> gate.Told:
    return gate.Told(
        key=str(opened.screening_id),
        title=opened.title,
        text=opened.text,
        tries=past.ever if past else 0,
        problem=past.problem if past else "",
    )


async def _results(sv: Services, tenant: TenantId, room: Room, tasks: Sequence[Task]) -> Mapping[str, Result]:
    # Looking for orders takes tens of milliseconds a text: too long for the loop that everything else runs on.
    speaking = await asyncio.to_thread(lambda: {task.told.key for task in tasks if task.told.signs})
    async with asyncio.TaskGroup() as together:
        asked = [
            together.create_task(_asked(sv, tenant, room, group))
            for group in _groups(tasks, speaking, max(1, room.policy.tracking.batch))
        ]
    return {key: result for task in asked for key, result in task.result().items()}


def _groups(tasks: Sequence[Task], speaking: set[str], size: int) -> Iterator[list[gate.Told]]:
    """What shares a call. Alone are those whose answers came to nothing, or whose question was never answered: one that
    a model refuses, or that makes it overflow or hang, must not take its neighbours down a second time. So are those
    that seem to speak to the model, which could speak about their neighbours. What waits in a batch stays there."""
    apart = [task for task in tasks if task.suspect or task.told.key in speaking]
    shared = [task for task in tasks if task not in apart]
    yield from ([task.told] for task in apart)
    for seated in (False, True):
        some = [task.told for task in shared if (task.screening.waiting_for is WaitFor.BATCH) is seated]
        yield from (some[start : start + size] for start in range(0, len(some), size))


async def _asked(sv: Services, tenant: TenantId, room: Room, told: Sequence[gate.Told]) -> Mapping[str, Result]:
    asked = {one.key: one for one in told}
    try:
        ask = await asyncio.to_thread(gate.ask, tenant, room.tracker, told)
        answers = await sv.llm.ask(ask)
    except (Upstream, Deferred, BadReply, Misconfigured) as error:
        return dict.fromkeys(asked, error)
    results: dict[str, Result] = dict.fromkeys(
        asked, gate.Unfit(Fault.LEFT_OUT, "left out, answered twice, or not in the shape that was asked for")
    )
    for key, answer in answers.items():
        try:
            found = await asyncio.to_thread(_found, answer.value, asked[key], room.tracker)
        except gate.Unfit as error:
            results[key] = error
        else:
            results[key] = Answered(found, answer.call_id, answer.provider, answer.reused)
    return results


def _found(value: Mapping[str, object], told: gate.Told, tracker: Tracker) -> gate.Found:
    return gate.bounded(gate.read(value, told, tracker), told, tracker)


async def _end(turn: Turn, task: Task, result: Result) -> None:
    """Write what became of it and end its job, or let it sleep."""
    tx = turn.tx
    match result:
        case Answered():
            await _judge(turn, task, result)
            await queue.done(tx, task.job)
        case Deferred():
            waits = WaitFor.BATCH if isinstance(result, Batched) else WaitFor.BUDGET
            await screenings.wait(tx, task.screening, waits, result.until, spread=task.screening.spread)
            await queue.snooze(tx, task.job, result.until, str(result))
        case Upstream():
            await _out(turn, task, result)
        case BadReply():
            await _again(turn, task, result)
        case _:
            await _fail(turn, task.screening, Fault.SETTINGS, str(result), alone=task.failed > 0)
            await queue.done(tx, task.job)


async def _again(turn: Turn, task: Task, error: BadReply) -> None:
    """Its own fault: asked about alone after the next pause, until there is none left."""
    assert turn.room, "somebody was asked"
    kind = error.fault if isinstance(error, gate.Unfit) else Fault.UNUSABLE
    pause = gate.next_try(task.failed + 1, turn.room.policy.tracking)
    if pause is None:
        await _fail(turn, task.screening, kind, str(error), alone=True)
        await queue.done(turn.tx, task.job)
        return
    await _note(turn, task, kind, str(error))
    await queue.snooze(turn.tx, task.job, turn.sv.clock.now() + pause, str(error))


async def _out(turn: Turn, task: Task, error: Upstream) -> None:
    """The other side's fault. It waits for as long as that takes; but what comes to no answer for hours, while others
    are answered, makes the model fail by itself, and has failed before it is billed for ever."""
    assert turn.room, "somebody was asked"
    tx, kind = turn.tx, Fault.TIMEOUT if isinstance(error, Unanswered) else Fault.OUTAGE
    if task.outages + 1 >= MODEL_TRIES and task.past and task.past.others:
        await _fail(turn, task.screening, kind, str(error), alone=True)
        await queue.done(tx, task.job)
        return
    if task.outages + 1 >= PATIENCE and turn.room.policy.tracking.on_outage is Outage.DROP:
        if await screenings.drop(tx, task.screening, Gate.TRACK, Reason.OUTAGE):
            await _verdict(turn, task.screening, Drop(Reason.OUTAGE, str(error)), None)
        await queue.done(tx, task.job)
        return
    await _note(turn, task, kind, str(error))
    until = turn.sv.clock.now() + _pause(tx.tenant, task.outages + 1, error.retry_after)
    await screenings.wait(tx, task.screening, WaitFor.OUTAGE, until, spread=task.screening.spread)
    await queue.snooze(tx, task.job, until, str(error))


def _pause(tenant: TenantId, outages: int, asked: timedelta | None) -> timedelta:
    """A tenant's stories come back together, to share calls again; tenants do not."""
    return backoff.delay(outages, tenant.int % 1009 / 1009, retry_after=asked)


async def _note(turn: Turn, task: Task, kind: Fault, why: str) -> None:
    await faults.add(turn.tx, uuid7(turn.sv.clock.now()), task.screening.id, kind, why, alone=task.suspect)


async def _fail(turn: Turn, opened: Screening, kind: Fault, why: str, *, alone: bool) -> None:
    """Until a person has it tried anew."""
    if await screenings.fail(turn.tx, opened, f"{kind}: {why}"):
        await faults.add(turn.tx, uuid7(turn.sv.clock.now()), opened.id, kind, why, alone=alone, final=True)


async def _judge(turn: Turn, task: Task, answered: Answered) -> None:
    assert turn.room, "somebody was asked"
    verdict, tx = gate.decide(answered.found, turn.room.policy.tracking), turn.tx
    if isinstance(verdict, Drop):
        moved = await screenings.drop(tx, task.screening, Gate.TRACK, verdict.reason)
    else:
        moved = await screenings.pass_(tx, task.screening)
    if not moved:
        return
    await _verdict(turn, task.screening, verdict, answered)
    if isinstance(verdict, Pass):
        await _enter(turn, task, answered)


async def _verdict(turn: Turn, opened: Screening, verdict: Pass | Drop, answered: Answered | None) -> None:
    assert turn.room, "somebody was asked"
    await verdicts.add(
        turn.tx,
        VerdictId(uuid7(turn.sv.clock.now())),
        Gate.TRACK,
        verdict,
        story=opened.story_id,
        screening=opened.id,
        call=answered.call if answered else None,
        reused=answered.reused if answered else False,
        config=await policies.note(turn.tx, turn.room.config),
        desk=Desk.TRACKER,
    )


async def _enter(turn: Turn, task: Task, answered: Answered) -> None:
    """Pending, or approved at once by somebody's standing rule: never what its story was hidden for before."""
    tx, now, found = turn.tx, turn.sv.clock.now(), answered.found
    assert found.tags
    assert turn.room
    entry, standing = EntryId(uuid7(now)), turn.room.rule
    await entries.add(
        tx,
        entry,
        screening=task.screening.id,
        story=task.screening.story_id,
        item=task.opened.item_id,
        tags=found.tags,
        title=task.opened.title,
        url=task.opened.url,
        score=found.score,
        published_at=task.opened.published_at,
        sample=task.opened.sample,
        provider=answered.provider,
        call=answered.call,
    )
    if standing is None or not standing.holds or not gate.approves(standing.value, found):
        return
    if await entries.was_hidden(tx, tx.tenant, task.screening.story_id):
        return
    await entries.move(tx, tx.tenant, entry, EntryState.PENDING, EntryState.APPROVED)
    who, rule = standing.rule_by, standing.value
    await entries.decide(tx, uuid7(now), entry, EntryDecision.APPROVE, user=who, via="rule", rule=rule)
