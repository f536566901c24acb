"""Gate 3: is the story carried by enough publishers? A pass makes the evidence pack; the young ones wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cid.domain.evidence import Claim, Report, Spread
from cid.domain.ids import ScreeningId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.screening import Screening, ScreeningState, Stage, WaitFor
from cid.domain.verdicts import Drop, Gate, Pass
from cid.gates import evidence as evidence_gate
from cid.gates import gate3_signal as gate3
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, screenings, texts, verdicts

RECHECK = timedelta(seconds=20)
"""A publisher may join while the first wait is being written, and see nobody waiting: look once more soon after."""
PATIENCE = timedelta(seconds=20)
"""How long a story that passes waits for articles that are being read; then it goes on with what the sources said."""
LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    spread: Spread
    outcome: gate3.Outcome
    reports: Sequence[Report]
    """Empty unless it passes."""
    awaited: bool
    """It passes, and articles are being read."""

    @property
    def passes(self) -> bool:
        return isinstance(self.outcome, Pass)


async def assess(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        tenant = job.tenant
        async with sv.db.read(tenant) as tx:
            found = await screenings.by_ids(tx, tenant, [ScreeningId(UUID(job.payload["screening"]))])
            todo = [screening for screening in found if screening.wants(Stage.ASSESS)]
            facts = [await _facts(sv, tx, screening) for screening in todo]
        if any(fact.awaited for fact in facts):
            async with sv.db.tx(tenant) as tx:
                await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "its articles are being read")
            continue
        # Looking for orders to models takes tens of milliseconds a text, and nothing should wait for that with us.
        packs = [await asyncio.to_thread(evidence_gate.pack, fact.reports) if fact.passes else () for fact in facts]
        async with sv.db.tx(tenant) as tx:
            for screening, fact, claims in zip(todo, facts, packs, strict=True):
                await _judge(sv, tx, screening, fact, claims)
            await queue.done(tx, job)


async def _facts(sv: Services, tx: Tx, screening: Screening) -> Facts:
    spread = await evidence.spread(tx, screening.tenant_id, screening.story_id)
    outcome = gate3.decide(spread, urgent=screening.urgent, now=sv.clock.now(), policy=sv.policy.signal)
    reports: Sequence[Report] = ()
    if isinstance(outcome, Pass):
        reports = await evidence.reports(tx, screening.tenant_id, screening.story_id)
        if not reports:
            outcome = gate3.uncitable(spread, sv.clock.now(), sv.policy.signal)
    return Facts(
        spread=spread,
        outcome=outcome,
        reports=reports,
        awaited=isinstance(outcome, Pass) and await texts.awaited(tx, screening.story_id, PATIENCE),
    )


async def _judge(sv: Services, tx: Tx, screening: Screening, fact: Facts, claims: Sequence[Claim]) -> None:
    spread, outcome = fact.spread, fact.outcome
    if isinstance(outcome, gate3.Wait):
        await _wait(sv, tx, screening, spread, outcome)
        return
    opened = await screenings.opened(tx, screening)
    if opened is None:
        return
    if isinstance(outcome, Drop):
        moved = await screenings.drop(tx, opened, Gate.SIGNAL, outcome.reason)
    else:
        moved = await screenings.advance(tx, opened, Stage.DRAFT)
    if not moved:
        return
    await evidence.count_spread(tx, tx.tenant, opened.id, spread.publishers)
    await verdicts.add(
        tx, VerdictId(uuid7(sv.clock.now())), Gate.SIGNAL, outcome, story=opened.story_id, screening=opened.id
    )
    if isinstance(outcome, Pass):
        await evidence.add(tx, uuid7(sv.clock.now()), opened.id, claims)
        await queue.enqueue(tx, _job(JobKind.DRAFT, opened))


async def _wait(sv: Services, tx: Tx, screening: Screening, spread: Spread, outcome: gate3.Wait) -> None:
    first = screening.state is not ScreeningState.WAITING
    opened = await screenings.opened(tx, screening)
    if opened is None or not await screenings.wait(tx, opened, WaitFor.SIGNAL, outcome.until, spread=spread.publishers):
        return
    if first:
        again = NewJob(
            kind=JobKind.ASSESS,
            tenant=tx.tenant,
            payload={"screening": str(opened.id)},
            dedupe=f"{opened.id}/again",
            run_at=sv.clock.now() + RECHECK,
        )
        await queue.enqueue(tx, again)


def _job(kind: JobKind, screening: Screening) -> NewJob:
    return NewJob(
        kind=kind,
        tenant=screening.tenant_id,
        payload={"screening": str(screening.id)},
        dedupe=str(screening.id),
    )
