"""Whose turn it is: which of the sources whose jobs were handed out are polled now, and when the others are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cid.domain.ids import PLATFORM, JobId, SourceId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.news import Source, SourceKind, SourceState
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.queue import limits
from cid.services import Services
from cid.store import sources
from cid.store.sources import Standing
from cid.text import domains, urls

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
_chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Case:
    """A source that is to be polled now."""

    job: Job
    source: Source
    standing: Standing
    domain: str
    """What is spaced; empty: nothing."""


async def look(sv: Services, jobs: list[Job]) -> list[Case | datetime | None]:
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
        await put_off(tx, [job for job in jobs if job.id in later], ids, later)
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


async def put_off(
    tx: Tx, jobs: Sequence[Job], ids: dict[JobId, SourceId], later: dict[JobId, tuple[datetime, bool]]
) -> None:
    """Their jobs end, and others wait for the moment. A turn that was taken ahead is not taken again."""
    if not jobs:
        return
    ours = await queue.ended(tx, jobs)
    waiting = [job for job in jobs if job.id in ours]
    await sources.postpone(tx, {ids[job.id]: later[job.id][0] for job in waiting})
    await queue.enqueue(tx, *(again(ids[job.id], *later[job.id]) for job in waiting))


def _domain(sv: Services, source: Source) -> str:
    """Whose patience the poll takes: a registered domain. Empty for what the operator serves himself."""
    if source.kind in _SPEAKERS:
        return _SPEAKERS[source.kind]
    return "" if urls.host_and_port(source.url) in sv.policy.polling.local else domains.of(source.url)


def again(source: SourceId, at: datetime, turn: bool = False) -> NewJob:  # noqa: FBT001, FBT002 - a pair's second half
    payload = {"source": str(source), **({"turn": "taken"} if turn else {})}
    return NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload=payload, dedupe=str(source), run_at=at)
