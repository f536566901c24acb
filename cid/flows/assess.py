"""Gate 3: is the story carried by enough publishers? The young ones wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cid.domain.evidence import Spread
from cid.domain.ids import ScreeningId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.policy import GatePolicy
from cid.domain.screening import Screening, ScreeningState, Stage, WaitFor
from cid.domain.verdicts import Drop, Gate, Pass
from cid.gates import gate3_signal as gate3
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, policies, screenings, tenants, verdicts
from cid.text.policies import configured

RECHECK = timedelta(seconds=20)
"""A publisher may join while the first wait is being written, and see nobody waiting: look once more soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    spread: Spread
    outcome: gate3.Outcome
    policy: GatePolicy


async def assess(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        tenant = job.tenant
        async with sv.db.read(tenant) as tx:
            found = await screenings.by_ids(tx, tenant, [ScreeningId(UUID(job.payload["screening"]))])
            todo = [screening for screening in found if screening.wants(Stage.ASSESS)]
            facts = [await _facts(sv, tx, screening) for screening in todo]
        async with sv.db.tx(tenant) as tx:
            for screening, fact in zip(todo, facts, strict=True):
                await _judge(sv, tx, screening, fact)
            await queue.done(tx, job)


async def _facts(sv: Services, tx: Tx, screening: Screening) -> Facts:
    policy = await policies.of(tx, screening.tenant_id, sv.policy)
    spread = await evidence.spread(tx, screening.tenant_id, screening.story_id)
    outcome = gate3.decide(spread, urgent=screening.urgent, now=sv.clock.now(), policy=policy.signal)
    if isinstance(outcome, Pass) and not await evidence.reports(tx, screening.tenant_id, screening.story_id):
        outcome = gate3.uncitable(spread, sv.clock.now(), policy.signal)
    return Facts(spread=spread, outcome=outcome, policy=policy)


async def _judge(sv: Services, tx: Tx, screening: Screening, fact: Facts) -> None:
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
        moved = await screenings.advance(tx, opened, Stage.GATHER)
    if not moved:
        return
    await evidence.count_spread(tx, tx.tenant, opened.id, spread.publishers)
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.SIGNAL,
        outcome,
        story=opened.story_id,
        screening=opened.id,
        config=await policies.note(tx, configured(Gate.SIGNAL, fact.policy, await tenants.profile(tx, tx.tenant))),
    )
    if isinstance(outcome, Pass):
        await queue.enqueue(tx, _job(JobKind.GATHER, opened))


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
        priority=-1 if screening.urgent else 0,
    )
