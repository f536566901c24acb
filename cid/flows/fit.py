"""Gate 3.5: one cheap call says whether a story is worth an article for a tenant's readers.

A model that is out is asked often for as long as the tenant's policy has patience; then the screening waits, and is
woken again and again. It is neither dropped nor let through unjudged, unless a person of the tenant chose so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from cid.domain.errors import BadReply, Batched, CidError, Deferred, Misconfigured, Upstream
from cid.domain.evidence import Pack, Report
from cid.domain.fit import Fit
from cid.domain.ids import ScreeningId, VerdictId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Answer
from cid.domain.policy import GatePolicy, Outage
from cid.domain.screening import Screening, ScreeningState, Stage, WaitFor
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Gate, Pass, Reason, Verdict
from cid.gates import gate35_fit as gate
from cid.gates.outage import Then, then
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, fits, policies, screenings, tenants, verdicts
from cid.text import audience
from cid.text.policies import configured

AGAIN = timedelta(minutes=15)
"""Between two looks of one that waits for an outage to end."""
LOOK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known before the call."""

    screening: Screening
    profile: Profile
    policy: GatePolicy
    reports: Sequence[Report]
    pack: Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    verdict: Verdict
    fit: Fit | None = None
    answer: Answer | None = None


async def fit(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        async with sv.db.read(job.tenant) as tx:
            case = await _case(sv, tx, job)
            busy = case is not None and await queue.elsewhere(tx, job)
        if case is None or busy:
            async with sv.db.tx(job.tenant) as tx:
                if busy:
                    await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "another job asks about it")
                else:
                    await queue.done(tx, job)
            continue
        try:
            judged = await _judged(sv, case)
        except (Upstream, Deferred, BadReply, Misconfigured) as error:
            await _fail(sv, job, case, error)
        else:
            async with sv.db.tx(job.tenant) as tx:
                await _store(sv, tx, case, judged)
                await queue.done(tx, job)


async def _case(sv: Services, tx: Tx, job: Job) -> Case | None:
    """None when there is nothing to judge, or it is judged."""
    found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
    if not found or not found[0].wants(Stage.FIT):
        return None
    screening = found[0]
    return Case(
        screening=screening,
        profile=await tenants.profile(tx, job.tenant),
        policy=await policies.of(tx, job.tenant, sv.policy),
        reports=await evidence.reports(tx, job.tenant, screening.story_id),
        pack=await evidence.pack(tx, job.tenant, screening.id),
    )


async def _judged(sv: Services, case: Case) -> Judged:
    """Raises what the model layer raises, BadReply for an answer of another shape, and Misconfigured where the tenant
    sees nothing of the story any more."""
    if audience.is_blank(case.profile):
        return Judged(verdict=gate.unjudged())
    if not case.reports:
        raise Misconfigured("the story shows this tenant no reports any more")
    key, tenant = str(case.screening.id), case.screening.tenant_id
    # Looking for orders to models takes tens of milliseconds a text: too long for the loop.
    ask = await asyncio.to_thread(
        gate.ask, case.profile, case.reports[0].title, case.pack.claims, tenant=tenant, key=key
    )
    answer = (await sv.llm.ask(replace(ask, urgent=case.screening.urgent))).get(key)
    if answer is None:
        raise BadReply("fit: the model left it out")
    found = gate.read(answer.value, case.pack.claims)
    return Judged(verdict=gate.decide(found, case.policy.fit), fit=found, answer=answer)


async def _store(sv: Services, tx: Tx, case: Case, judged: Judged) -> None:
    opened = await screenings.opened(tx, case.screening)
    if opened is None:
        return
    if isinstance(judged.verdict, Drop):
        moved = await screenings.drop(tx, opened, Gate.FIT, judged.verdict.reason)
    else:
        moved = await screenings.advance(tx, opened, Stage.DRAFT, score=judged.verdict.score)
    if not moved:
        return
    if judged.fit:
        await fits.note(tx, opened.id, judged.fit)
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.FIT,
        judged.verdict,
        story=opened.story_id,
        screening=opened.id,
        call=judged.answer.call_id if judged.answer else None,
        reused=bool(judged.answer and judged.answer.reused),
        config=await policies.note(tx, configured(Gate.FIT, case.policy, case.profile)),
    )
    if isinstance(judged.verdict, Pass):
        await queue.enqueue(
            tx,
            NewJob(
                kind=JobKind.DRAFT,
                tenant=tx.tenant,
                payload={"screening": str(opened.id)},
                dedupe=str(opened.id),
                priority=-1 if opened.urgent else 0,
            ),
        )


async def _fail(sv: Services, job: Job, case: Case, error: CidError) -> None:
    """Raises the error where its job is to be tried again soon."""
    if isinstance(error, Deferred):
        await _defer(sv, job, case.screening, error)
        return
    policy = case.policy.fit
    action = then(error, job.attempt, policy.on_outage)
    if action is Then.FAIL and isinstance(error, BadReply) and policy.on_outage is Outage.PASS:
        # Who lets stories through in an outage means nonsense, too.
        action = Then.PASS
    if action in {Then.PASS, Then.DROP}:
        said = f"the model was out, and the policy is to {action}: {error}"
        verdict: Verdict = Pass(Reason.OUTAGE, said) if action is Then.PASS else Drop(Reason.OUTAGE, said)
        async with sv.db.tx(job.tenant) as tx:
            await _store(sv, tx, case, Judged(verdict=verdict))
            await queue.done(tx, job)
    elif isinstance(error, Upstream) and (action is Then.FAIL or _is_out_of_patience(sv, case)):
        async with sv.db.tx(job.tenant) as tx:
            # One that had failed, and that a person ran again, waits like any other.
            opened = await screenings.opened(tx, case.screening)
            if opened:
                await screenings.wait(tx, opened, WaitFor.OUTAGE, sv.clock.now() + AGAIN, spread=opened.spread)
            await queue.done(tx, job)
    elif action is Then.RAISE:
        raise error
    else:
        await _give_up(sv, job, case.screening, error)


def _is_out_of_patience(sv: Services, case: Case) -> bool:
    """One that waits already is asked once each time it wakes."""
    screening = case.screening
    if screening.state is ScreeningState.WAITING and screening.waiting_for is WaitFor.OUTAGE:
        return case.policy.fit.on_outage is Outage.RETRY
    return sv.clock.now() - screening.changed_at >= case.policy.fit.patience


async def _defer(sv: Services, job: Job, screening: Screening, error: Deferred) -> None:
    async with sv.db.tx(job.tenant) as tx:
        waits = WaitFor.BATCH if isinstance(error, Batched) else WaitFor.BUDGET
        await screenings.wait(tx, screening, waits, error.until, spread=screening.spread)
        await queue.snooze(tx, job, error.until, str(error))


async def _give_up(sv: Services, job: Job, screening: Screening, error: CidError) -> None:
    async with sv.db.tx(job.tenant) as tx:
        opened = await screenings.opened(tx, screening)
        if opened and await screenings.fail(tx, opened, f"fit: {error}"):
            await queue.dead(tx, job, str(error))
        else:
            # Somebody else moved it first: its story may have merged.
            await queue.done(tx, job)
