"""What is to be read of an outlet: its sources are asked, and each answer is kept with its name."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace

from cid.domain.errors import Withdrawn
from cid.domain.ids import CallId
from cid.domain.news import Cause, Polled, PollOutcome
from cid.domain.run import WAYS, Profile, Run, RunFetch, RunItem, Via
from cid.flows.analyse.articles import Taken, items, remarks, sift, take, titled
from cid.flows.analyse.ways import Asked, ask
from cid.gates import entries
from cid.services import Services
from cid.store import runs

MOST = 500
"""Entries of one answer that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    items: tuple[RunItem, ...]
    """In the order in which the model and people see them: the newest first, those without a date last."""
    fetches: tuple[RunFetch, ...]
    """In the order in which sources were asked."""
    profile: Profile | None = None
    calls: tuple[CallId, ...] = ()
    """Paid reads whose replies are not needed any more once the items are stored: `llm.reads.forget`, in the same
    transaction."""


async def fetch(sv: Services, run: Run) -> Fetched:
    """Asks the run's first source; the next ones too, until there are enough items, where whoever started the run
    permitted that. Nothing stands in for what was asked without that permission.

    Raises Deferred where another process reads the same, or a queue is long, Withdrawn where the run is over; never for
    what the other side does. What was paid for before is not paid for again.
    """
    taken, fetches, calls = Taken(run, sv.clock.now()), list[RunFetch](), list[CallId]()
    profile: Profile | None = None
    for via in _order(sv, run):
        await _wanted(sv, run)
        asked = await ask(sv, run, via)
        fetches.append(await _taken(sv, taken, asked, number=len(fetches) + 1))
        profile = profile or asked.polled.profile
        calls += [asked.polled.paid] if asked.polled.paid else []
        if not run.substitute or not taken.lacks:
            break
    made = await asyncio.to_thread(items, taken, sv.clock.now())
    kept = Counter(one.via for one in made)
    return Fetched(
        items=made,
        fetches=tuple(replace(one, kept=kept[one.via]) for one in fetches),
        profile=profile,
        calls=tuple(calls),
    )


async def _wanted(sv: Services, run: Run) -> None:
    """Raises Withdrawn: no further source is asked, or paid, for a run that somebody cancelled."""
    async with sv.db.read(run.tenant_id) as tx:
        now = await runs.by_id(tx, run.tenant_id, run.id)
    if now is None or now.over:
        raise Withdrawn(f"run {run.id} is over")


def _order(sv: Services, run: Run) -> list[Via]:
    """What the run says; else what is open here."""
    return [Via(one) for one in run.sources] or [via for via in sv.ways if via in WAYS[run.platform]]


def _sound(polled: Polled) -> Polled:
    """For a thread: the headline of one long post takes ten milliseconds, and there may be hundreds."""
    return entries.sound(titled(polled), MOST)


async def _taken(sv: Services, taken: Taken, asked: Asked, *, number: int) -> RunFetch:
    polled = await asyncio.to_thread(_sound, asked.polled)
    found = await asyncio.to_thread(sift, taken.run, asked.via, polled.entries, taken.now)
    left_out = await take(sv, taken, asked.via, found.entries)
    outcome, cause = polled.outcome, polled.cause
    if outcome.healthy:
        outcome = PollOutcome.NEW if found.entries else PollOutcome.EMPTY
        cause = Cause.NEW if found.entries else Cause.EMPTY_FEED
    return RunFetch(
        number=number,
        via=asked.via,
        address=asked.address,
        outcome=outcome,
        cause=str(cause or ""),
        detail="; ".join(filter(None, (polled.detail, found.remark, remarks(left_out))))[:1000],
        found=len(found.entries),
        kept=0,
        at=sv.clock.now(),
    )
