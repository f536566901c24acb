"""What a poll came to: items and sightings, and what follows for the source."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from cid.domain.errors import LostLease
from cid.domain.health import Health, after, gone
from cid.domain.ids import PLATFORM, ItemId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind, SourceState
from cid.flows.poll.turns import Case, again
from cid.gates import entries, moves, rhythm, validators
from cid.outside import line
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.queue import limits
from cid.services import Services
from cid.store import health, items, sources
from cid.store.items import Report, Seen
from cid.store.sources import Locked, Record
from cid.text import domains, urls

ENTRIES = 2000
"""Of one poll, at most."""
_NOT_THEIRS = frozenset({Cause.BUDGET, Cause.NO_KEY, Cause.INTERNAL})
"""Why we wait without the other side having asked for it."""
_chance = random.SystemRandom().random
log = structlog.get_logger("poll")


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    polled: Polled
    ours: bool
    """Our own line is down: it says nothing about the source."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a result."""

    result: Result
    record: Record
    course: moves.Course
    was: Health
    well: Health


async def write(sv: Services, results: list[Result]) -> list[Exception | None]:
    """What polls came to, in one transaction. A result whose job is no longer ours changes nothing."""
    now = sv.clock.now()
    async with sv.platform.tx() as tx:
        ours = await queue.ended(tx, [result.case.job for result in results])
        told = {result.case.source.id: result for result in results if result.case.job.id in ours}
        locked = await sources.lock(tx, told)
        live = [told[id_] for id_, row in locked.items() if row.state is not SourceState.RETIRED]
        blameless = {result.case.source.id: now + line.AGAIN * (1 + _chance()) for result in live if result.ours}
        await sources.postpone(tx, blameless)
        counted = [result for result in live if not result.ours]
        seen = await items.add(tx, [_report(sv, result, now) for result in counted if result.polled.entries])
        fresh = Counter(one.source_id for one in seen)
        outcomes = [_outcome(sv, one, locked[one.case.source.id], fresh[one.case.source.id], now) for one in counted]
        await sources.record(tx, [outcome.record for outcome in outcomes])
        await sources.remember(tx, {one.case.source.id: one.polled for one in counted})
        for outcome in outcomes:
            await _settle(tx, outcome)
        due = dict(blameless)
        for outcome in outcomes:
            if not await _left(tx, outcome):
                due[outcome.record.source] = outcome.record.next_poll_at
        await _hold(tx, outcomes, now)
        await queue.enqueue(tx, *_groups(seen), *(again(source, at) for source, at in due.items()))
    return [None if result.case.job.id in ours else _lost(result) for result in results]


def _stood(locked: Locked) -> Health:
    return Health(
        state=locked.state,
        strikes=locked.strikes,
        quarantines=locked.quarantines,
        until=locked.quarantined_until,
        since=locked.quarantined_since,
    )


async def _settle(tx: Tx, outcome: Outcome) -> None:
    """What the poll changed about a quarantine."""
    was, well, source = outcome.was, outcome.well, outcome.record.source
    if (was.state, was.quarantines, None) == (well.state, well.quarantines, well.until):
        return
    await health.settle(tx, source, well)
    if well.recovered:
        await health.expire(tx, source)
    if well.search:
        await queue.enqueue(tx, _heal(outcome.result.case.source))


def _report(sv: Services, result: Result, now: datetime) -> Report:
    source, known = result.case.source, result.case.standing.last_new_at is not None
    return Report(
        source=source.id,
        owner=source.tenant_id,
        sample=source.sample,
        entries=result.polled.entries if known else entries.newest_first(result.polled.entries),
        at=now,
        screened=ENTRIES if known or source.sample else sv.policy.polling.first,
    )


def _outcome(sv: Services, result: Result, locked: Locked, fresh: int, now: datetime) -> Outcome:
    source, standing, polled = result.case.source, result.case.standing, _news(result, fresh)
    before = rhythm.Habits(
        kind=source.kind,
        start_s=source.interval_s if source.kind is SourceKind.SAMPLE else rhythm.START_S,
        gap_s=standing.gap_s,
        last_new_at=standing.last_new_at,
        fixed_s=standing.fixed_s,
    )
    hints = rhythm.merged(standing.asked, result.polled)
    habits = replace(
        before,
        gap_s=rhythm.gap(before, result.polled, fresh, now),
        last_new_at=now if fresh else standing.last_new_at,
        hints=hints,
    )
    fixed = sv.policy.polling.fixed
    interval = rhythm.interval(habits, now, everywhere_s=fixed.total_seconds() if fixed else None)
    course = moves.follow(standing.trail, _settled(source, polled), source.url, now)
    failures = 0 if polled.outcome.healthy else locked.failures + 1
    at = rhythm.next_poll(interval, polled, hints, failures, now, phase=phase(source), chance=_chance())
    was = _stood(locked)
    well = gone(was, now) if course.gone else after(was, polled.outcome, polled.cause, now=now, next_poll=at)
    at = max(at, well.until or at)
    record = Record(
        source=source.id,
        polled=polled,
        failures=failures,
        strikes=well.strikes,
        next_poll_at=at,
        found=fresh > 0,
        whole=polled.body_sha is not None and result.polled.cause is not Cause.NOT_MODIFIED,
        lied=validators.lied(source, result.polled),
        interval_s=interval.seconds,
        interval_why=interval.why,
        gap_s=habits.gap_s,
        hints=hints,
        trail=course.trail,
    )
    return Outcome(result, record, course, was, well)


def _news(result: Result, fresh: int) -> Polled:
    polled = result.polled
    if polled.outcome is not PollOutcome.NEW or fresh:
        return polled
    detail = polled.detail or "nothing new in it"
    return replace(polled, outcome=PollOutcome.NOT_MODIFIED, cause=Cause.NOTHING_NEW, detail=detail)


def _settled(source: Source, polled: Polled) -> Polled:
    """What lets in whoever knows its address is not followed elsewhere: the secret would be lost, or told."""
    return replace(polled, moved_to="") if polled.moved_to and urls.secret(source.url) else polled


async def _left(tx: Tx, outcome: Outcome) -> bool:
    """Whether the source is polled no more: another one that we have is what it has moved to."""
    source, course = outcome.result.case.source, outcome.course
    if not course.settled_at:
        return False
    other = await sources.find(tx, source.kind, course.settled_at, source.tenant_id, source.config)
    if other and other[0] == source.id:
        return False  # another poll that was under way as well has settled it there already
    if other is None:
        await sources.settle(tx, source.id, course.settled_at)
        log.info("source.moved", source=str(source.id))
        return False
    await sources.hand_over(tx, source.id, other[0])
    await sources.retire(tx, source.id)
    await sources.revive(tx, other[0])
    await queue.enqueue(tx, again(other[0], outcome.record.next_poll_at))
    log.info("source.merged", source=str(source.id), into=str(other[0]))
    return True


async def _hold(tx: Tx, outcomes: Sequence[Outcome], now: datetime) -> None:
    """What one source's server asks for holds for the whole domain. A lack of money is one tenant's alone."""
    until: dict[str, datetime] = {}
    for outcome in outcomes:
        domain, wait_s = outcome.result.case.domain, outcome.result.polled.retry_after_s
        theirs = outcome.result.polled.cause not in _NOT_THEIRS and not outcome.result.polled.elsewhere
        if domain and wait_s and theirs:
            key = f"hold {domain}"
            until[key] = max(until.get(key, now), now + timedelta(seconds=wait_s))
    await limits.hold(tx, until)


def _groups(seen: Sequence[Seen]) -> list[NewJob]:
    wanted = dict.fromkeys(one.item_id for one in seen if not one.backlog)
    return [_group(item) for item in wanted]


def _group(item: ItemId) -> NewJob:
    return NewJob(kind=JobKind.GROUP, tenant=PLATFORM, payload={"item": str(item)}, dedupe=str(item))


def _heal(source: Source) -> NewJob:
    """Under the key of its house, which is what searches for all its feeds would be asking: any number of hosts below
    one domain are to get no more searches than one, and to hold up nobody else's."""
    payload, house = {"source": str(source.id)}, domains.of(source.url)
    return NewJob(kind=JobKind.HEAL, tenant=PLATFORM, key=house, payload=payload, dedupe=str(source.id))


def _lost(result: Result) -> LostLease:
    return LostLease(f"job {result.case.job.id} belongs to another process now")


def phase(source: Source) -> float:
    """The source's own, in [0, 1): the last bits of its id are random."""
    return (source.id.int % 10_007) / 10_007
