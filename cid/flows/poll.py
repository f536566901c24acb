"""Source → items and sightings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from cid.domain.health import Health, after
from cid.domain.ids import PLATFORM, ItemId, SourceId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.news import Entry, Polled, PollOutcome, Source, SourceState
from cid.domain.policy import Polling
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import health, items, sources
from cid.text import urls


async def poll(sv: Services, jobs: Sequence[Job]) -> None:
    """One source. A poll whose job was handed on to another process meanwhile changes nothing."""
    (job,) = jobs
    source_id = SourceId(UUID(job.payload["source"]))
    async with sv.platform.read() as tx:
        source = await sources.by_id(tx, source_id)
        standing = await sources.standing(tx, source_id)
    now = sv.clock.now()
    if source is None or standing is None or not standing.wanted or standing.state is SourceState.RETIRED:
        return  # the first to subscribe again enqueues a poll
    if standing.quarantined_until and standing.quarantined_until > now:
        await _later(sv, job, source, standing.quarantined_until)
        return
    polled = await sv.outside.sources[source.kind].poll(source)
    await _store(sv, job, source, polled)


async def _later(sv: Services, job: Job, source: Source, until: datetime) -> None:
    async with sv.platform.tx() as tx:
        await sources.postpone(tx, source.id, until)
        await queue.enqueue(tx, _again(source, until))
        await queue.done(tx, job)


async def _store(sv: Services, job: Job, source: Source, polled: Polled) -> None:
    now = sv.clock.now()
    entries = _distinct(polled.entries)
    async with sv.platform.tx() as tx:
        locked = await sources.lock(tx, source.id)
        if locked is None or locked.state is SourceState.RETIRED:
            return
        failures = 0 if polled.outcome.healthy else locked.failures + 1
        at = next_poll(source, polled, failures, sv.policy.polling, now)
        was = (await health.standings(tx, [source.id]))[source.id]
        well = after(was, polled.outcome, polled.cause, now=now, next_poll=at)
        at = max(at, well.until or at)
        new = await items.add(
            tx,
            entries,
            source=source.id,
            owner=source.tenant_id,
            sample=source.sample,
            ids=[(ItemId(uuid7(now)), uuid7(now)) for _ in entries],
        )
        if polled.outcome is PollOutcome.NEW and not new:
            polled = replace(polled, outcome=PollOutcome.NOT_MODIFIED, detail=polled.detail or "nothing new in it")
        await sources.record(tx, source.id, polled, failures=well.failures, next_poll_at=at, found=bool(new))
        await _settle(tx, source, was, well)
        await queue.enqueue(tx, *(_group(item) for item in new), _again(source, at))
        await queue.done(tx, job)


async def _settle(tx: Tx, source: Source, was: Health, well: Health) -> None:
    """What the poll changed about a quarantine, which is nothing for nearly all of them."""
    if (was.state, was.quarantines, None) == (well.state, well.quarantines, well.until):
        return
    await health.settle(tx, source.id, well)
    if well.recovered:
        await health.expire(tx, source.id)
    if well.search:
        payload, site = {"source": str(source.id)}, urls.site(source.url)
        heal = NewJob(kind=JobKind.HEAL, tenant=PLATFORM, key=site, payload=payload, dedupe=str(source.id))
        await queue.enqueue(tx, heal)


def _distinct(entries: Sequence[Entry]) -> list[Entry]:
    """One per address: a feed that lists an article twice reports it once."""
    return list({entry.url: entry for entry in reversed(entries)}.values())[::-1]


def _group(item: ItemId) -> NewJob:
    return NewJob(kind=JobKind.GROUP, tenant=PLATFORM, payload={"item": str(item)}, dedupe=str(item))


def _again(source: Source, at: datetime) -> NewJob:
    payload = {"source": str(source.id)}
    return NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload=payload, dedupe=str(source.id), run_at=at)


def next_poll(source: Source, polled: Polled, failures: int, polling: Polling, now: datetime) -> datetime:
    """Each failure in a row adds an interval, up to a day; what the server asks for is kept; a tenth is jitter.

    Not exponential: sources come back, and nobody notices one that is asked again in a week.
    """
    interval = polling.fixed or timedelta(seconds=source.interval_s)
    wait = max(interval, min(interval * (failures + 1), polling.longest))
    if polled.retry_after_s is not None:
        wait = max(wait, timedelta(seconds=polled.retry_after_s))
    if polling.fixed is None:
        wait *= (
            0.95 + (source.id.int % 1000) / 10_000
        )  # stable per source, so that the sources of one import drift apart
    return now + wait
