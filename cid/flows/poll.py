"""Source → items and sightings.

A hand-out is one source. What the database is asked before polls, and told after them, is asked and told for all polls
together that wait for it: see `queue.together`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from cid.domain.errors import Deferred, LostLease
from cid.domain.health import Health, after, gone
from cid.domain.ids import PLATFORM, ItemId, JobId, SourceId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind, SourceState
from cid.gates import entries, moves, rhythm, validators
from cid.outside import line
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.queue import limits
from cid.queue.together import Together
from cid.services import Services
from cid.store import health, items, sources
from cid.store.items import Report, Seen
from cid.store.sources import Locked, Record, Standing
from cid.text import domains, urls

ENTRIES = 2000
AT_ONCE = 50
"""Entries that are looked through on the event loop; more of them are in a thread."""
SOON = timedelta(milliseconds=50)
CROWDED = timedelta(seconds=3)
"""A source whose domain has enough polls under way comes again after this at the earliest."""
_SPEAKERS = {
    SourceKind.GOOGLE_NEWS: "news.google.com",
    SourceKind.GDELT: "data.gdeltproject.org",
    SourceKind.SERPAPI: "serpapi.com",
    SourceKind.X: "x.com",
    SourceKind.TELEGRAM: "t.me",
    SourceKind.TELEGRAM_BOT: "telegram.org",
    SourceKind.SAMPLE: "",
}
_OUT_OF_REACH = frozenset({Cause.DNS, Cause.CONNECT})
_NOT_THEIRS = frozenset({Cause.BUDGET, Cause.NO_KEY, Cause.INTERNAL})
"""Why we wait without the other side having asked for it."""
_chance = random.SystemRandom().random
log = structlog.get_logger("poll")


@dataclass(frozen=True, slots=True)
class Case:
    """A source that is to be polled now."""

    job: Job
    source: Source
    standing: Standing
    domain: str
    """What is spaced; empty: nothing."""


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


async def poll(sv: Services, jobs: Sequence[Job]) -> None:
    """One source. A poll whose job was handed on to another process meanwhile changes nothing."""
    (job,) = jobs
    case = await _looks(sv).do(job)
    if case is None:
        return  # nobody wants it: the first to subscribe again enqueues a poll
    if isinstance(case, datetime):
        queue.note(job)
        return
    _enter(sv, case.domain)
    try:
        polled = await sv.outside.sources[case.source.kind].poll(_asked(case, sv.clock.now()))
    except Deferred as deferred:
        await _defer(sv, case, deferred.until)
        return
    finally:
        _leave(sv, case.domain)
    many = len(polled.entries) > AT_ONCE
    polled = await asyncio.to_thread(entries.sound, polled, ENTRIES) if many else entries.sound(polled, ENTRIES)
    result = Result(case, polled, ours=_ours(sv, case, polled))
    await _writes(sv).do(result, weight=1 + len(polled.entries))
    queue.note(job)


async def _defer(sv: Services, case: Case, until: datetime) -> None:
    """The reader's own turn has not come. The page says when it will, and the turn at the domain was had already."""
    async with sv.platform.tx() as tx:
        await _put_off(tx, [case.job], {case.job.id: case.source.id}, {case.job.id: (until, True)})
    queue.note(case.job)


def _looks(sv: Services) -> Together[Job, Case | datetime | None]:
    if sv.polls.looks is None:
        # all of a lot go on in one turn of the loop, with a request each
        sv.polls.looks = Together(lambda jobs: _look(sv, jobs), most=12)
    return sv.polls.looks


def _writes(sv: Services) -> Together[Result, None]:
    if sv.polls.writes is None:
        sv.polls.writes = Together(lambda results: _write(sv, results), most=32, linger_s=0.02)
    return sv.polls.writes


def _asked(case: Case, now: datetime) -> Source:
    """As the reader is given it: without validators when they lie, and once a day to see whether they do."""
    source, standing = case.source, case.standing
    if standing.validators_lie or validators.whole_is_due(standing.whole_at, now, _phase(source)):
        return replace(source, etag="", last_modified="")
    return source


def _ours(sv: Services, case: Case, polled: Polled) -> bool:
    failed = polled.cause in _OUT_OF_REACH
    was_down = sv.polls.line.down_since
    known = case.source.outcome is not None and case.source.outcome.healthy
    down = sv.polls.line.note(sv.clock.now(), case.domain, failed=failed, known=known) if case.domain else False
    if down and was_down is None:
        log.warning("network.down", error="names or connections fail for many hosts at once; no source is blamed")
    elif was_down is not None and case.domain and not down:
        log.info("network.up")
    return down and failed


# ------------------------------------------------------------------------------------------------- before the poll


async def _look(sv: Services, jobs: list[Job]) -> list[Case | datetime | None]:
    """For each job the source to poll now; a moment, where it is put off and its job has ended; None: nothing to do."""
    now = sv.clock.now()
    ids = {job.id: SourceId(UUID(job.payload["source"])) for job in jobs}
    async with sv.platform.tx() as tx:
        found = await sources.by_ids(tx, ids.values())
        standings = await sources.standings(tx, ids.values())
        cases: dict[JobId, Case] = {}
        later: dict[JobId, tuple[datetime, bool]] = {}
        for job in jobs:
            source, standing = found.get(ids[job.id]), standings.get(ids[job.id])
            if source is None or standing is None or not standing.wanted or standing.state is SourceState.RETIRED:
                continue
            if standing.quarantined_until and standing.quarantined_until > now:
                later[job.id] = standing.quarantined_until, False
            else:
                cases[job.id] = Case(job, source, standing, _domain(sv, source))
        later |= await _spaced(sv, tx, list(cases.values()), now)
        await _put_off(tx, [job for job in jobs if job.id in later], ids, later)
    return [later[job.id][0] if job.id in later else cases.get(job.id) for job in jobs]


async def _spaced(sv: Services, tx: Tx, cases: Sequence[Case], now: datetime) -> dict[JobId, tuple[datetime, bool]]:
    """Whose turn it is not yet: until when, and whether that is a turn of its own."""
    polling = sv.policy.polling
    spaced = [case for case in cases if case.domain]
    held = await limits.held(tx, {f"hold {case.domain}" for case in spaced})
    later: dict[JobId, tuple[datetime, bool]] = {}
    asking: dict[str, list[Case]] = {}
    under_way = Counter(sv.polls.busy)
    for case in spaced:
        wait_s = held.get(f"hold {case.domain}")
        if wait_s:
            # together they would come at one moment: each within a tenth of the wait, but at least a minute
            spread_s = max(60.0, wait_s * 0.1)
            later[case.job.id] = now + timedelta(seconds=wait_s + spread_s * _chance()), False
        elif "turn" in case.job.payload and under_way[case.domain] < polling.at_once:
            under_way[case.domain] += 1
        else:
            asking.setdefault(case.domain, []).append(case)
    every = {domain: polling.apart(domain) for domain in asking}
    first = await limits.reserve(tx, {f"poll {domain}": (every[domain], len(some)) for domain, some in asking.items()})
    for domain, some in asking.items():
        # where enough is under way, the end of the line is where to wait: asking again and again costs more
        crowded = now + CROWDED if under_way[domain] >= polling.at_once else now
        for number, case in enumerate(some):
            turn = max(now + timedelta(seconds=first[f"poll {domain}"]) + every[domain] * number, crowded)
            if turn > now + SOON:
                later[case.job.id] = turn, True
    return later


async def _put_off(
    tx: Tx, jobs: Sequence[Job], ids: dict[JobId, SourceId], later: dict[JobId, tuple[datetime, bool]]
) -> None:
    """Their jobs end, and others wait for the moment. A turn that was taken ahead is not taken again."""
    if not jobs:
        return
    ours = await queue.ended(tx, jobs)
    put_off = [job for job in jobs if job.id in ours]
    await sources.postpone(tx, {ids[job.id]: later[job.id][0] for job in put_off})
    await queue.enqueue(tx, *(_again(ids[job.id], *later[job.id]) for job in put_off))


def _domain(sv: Services, source: Source) -> str:
    """Whose patience the poll takes: a registered domain. Empty for what the operator serves himself."""
    if source.kind in _SPEAKERS:
        return _SPEAKERS[source.kind]
    return "" if urls.host_and_port(source.url) in sv.policy.polling.local else domains.of(source.url)


def _enter(sv: Services, domain: str) -> None:
    if domain:
        sv.polls.busy[domain] += 1


def _leave(sv: Services, domain: str) -> None:
    if domain:
        sv.polls.busy[domain] -= 1
        if sv.polls.busy[domain] <= 0:
            del sv.polls.busy[domain]


# -------------------------------------------------------------------------------------------------- after the poll


async def _write(sv: Services, results: list[Result]) -> list[Exception | None]:
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
        again = dict(blameless)
        for outcome in outcomes:
            if not await _left(tx, outcome):
                again[outcome.record.source] = outcome.record.next_poll_at
        await _hold(tx, outcomes, now)
        await queue.enqueue(tx, *_groups(seen), *(_again(source, at) for source, at in again.items()))
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
    at = rhythm.next_poll(interval, polled, hints, failures, now, phase=_phase(source), chance=_chance())
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
    await queue.enqueue(tx, _again(other[0], outcome.record.next_poll_at))
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


def _again(source: SourceId, at: datetime, turn: bool = False) -> NewJob:  # noqa: FBT001, FBT002 - a pair's second half
    payload = {"source": str(source), **({"turn": "taken"} if turn else {})}
    return NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload=payload, dedupe=str(source), run_at=at)


def _phase(source: Source) -> float:
    """The source's own, in [0, 1): the last bits of its id are random."""
    return (source.id.int % 10_007) / 10_007


def _lost(result: Result) -> LostLease:
    return LostLease(f"job {result.case.job.id} belongs to another process now")
