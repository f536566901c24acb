"""Source → items and sightings.

A hand-out is one source. What the database is asked before polls, and told after them, is asked and told for all polls
together that wait for it: see `queue.together`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from cid.domain.errors import Deferred
from cid.domain.jobs import Job
from cid.domain.news import Cause, Polled, Source
from cid.flows.poll.results import ENTRIES, Result, phase, write
from cid.flows.poll.turns import Case, look, put_off
from cid.gates import entries, validators
from cid.queue import jobs as queue
from cid.queue.together import Together
from cid.services import Services

AT_ONCE = 50
"""Entries that are looked through on the event loop; more of them are in a thread."""
_OUT_OF_REACH = frozenset({Cause.DNS, Cause.CONNECT})
log = structlog.get_logger("poll")


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


def _looks(sv: Services) -> Together[Job, Case | datetime | None]:
    if sv.polls.looks is None:
        # all of a lot go on in one turn of the loop, with a request each
        sv.polls.looks = Together(lambda jobs: look(sv, jobs), most=12)
    return sv.polls.looks


def _writes(sv: Services) -> Together[Result, None]:
    if sv.polls.writes is None:
        sv.polls.writes = Together(lambda results: write(sv, results), most=32, linger_s=0.02)
    return sv.polls.writes


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


async def _defer(sv: Services, case: Case, until: datetime) -> None:
    """The reader's own turn has not come. The page says when it will, and the turn at the domain was had already."""
    async with sv.platform.tx() as tx:
        await put_off(tx, [case.job], {case.job.id: case.source.id}, {case.job.id: (until, True)})
    queue.note(case.job)


def _asked(case: Case, now: datetime) -> Source:
    """As the reader is given it: without validators when they lie, and once a day to see whether they do."""
    source, standing = case.source, case.standing
    if standing.validators_lie or validators.whole_is_due(standing.whole_at, now, phase(source)):
        return replace(source, etag="", last_modified="")
    return source


def _enter(sv: Services, domain: str) -> None:
    if domain:
        sv.polls.busy[domain] += 1


def _leave(sv: Services, domain: str) -> None:
    if domain:
        sv.polls.busy[domain] -= 1
        if sv.polls.busy[domain] <= 0:
            del sv.polls.busy[domain]
