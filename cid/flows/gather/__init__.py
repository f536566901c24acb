"""Evidence: what a draft may stand on, made once a story carries enough signal: what its own reports say, and what
searches and the pages they lead to say besides. A story without any goes no further, and its failure says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.errors import BadReply, Batched, CidError, Deferred, Misconfigured, Upstream
from cid.domain.evidence import EvidenceState, Pack
from cid.domain.ids import ScreeningId, VerdictId, uuid7
from cid.domain.jobs import Job, NewJob
from cid.domain.screening import JOB_OF, Screening, Stage, WaitFor
from cid.domain.verdicts import Drop, Gate, Pass, Reason, Verdict
from cid.flows.gather.searching import Beyond, beyond
from cid.flows.gather.trail import Busy, Case, Trail
from cid.gates import evidence as gate
from cid.gates.evidence.found import unborne
from cid.gates.outage import Then, then
from cid.llm import reads
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, found_pages, policies, screenings, tenants, texts, verdicts
from cid.text.policies import configured

PATIENCE = timedelta(seconds=20)
"""How long a story that passes waits for articles that are being read; then it goes on with what the sources said."""
LOOK_AGAIN = timedelta(seconds=1)
BUSY = timedelta(seconds=30)
NEXT = Stage.FIT
"""Where a story goes from here."""
NOTHING = "gather: there is nothing that a draft could stand on"


async def gather(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await _gather(sv, job)


async def _gather(sv: Services, job: Job) -> None:
    async with sv.db.read(job.tenant) as tx:
        case = await _case(sv, tx, job)
        reading = case is not None and await texts.awaited(tx, case.screening.story_id, PATIENCE)
        busy = case is not None and await queue.elsewhere(tx, job)
    if case is None or reading or busy:
        async with sv.db.tx(job.tenant) as tx:
            if busy:
                await queue.snooze(tx, job, sv.clock.now() + BUSY, "another job gathers its evidence")
            elif reading:
                await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "its articles are being read")
            else:
                await queue.done(tx, job)
        return
    trail = Trail(case)
    try:
        pack = await _pack(sv, trail)
    except Busy as error:
        async with sv.db.tx(job.tenant) as tx:
            await queue.snooze(tx, job, error.until, str(error))
    except Deferred as error:
        await _defer(sv, job, case, error)
    except (Upstream, BadReply, Misconfigured) as error:
        await _fail(sv, job, trail, error)
    else:
        async with sv.db.tx(job.tenant) as tx:
            await _store(sv, tx, job, trail, pack)


async def _case(sv: Services, tx: Tx, job: Job) -> Case | None:
    """None: there is nothing to do, or it is done."""
    found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
    if not found or not found[0].wants(Stage.GATHER):
        return None
    return Case(
        screening=found[0],
        reports=tuple(await evidence.reports(tx, job.tenant, found[0].story_id)),
        policy=await policies.of(tx, job.tenant, sv.policy),
        profile=await tenants.profile(tx, job.tenant),
        attempt=job.attempt,
    )


async def _pack(sv: Services, trail: Trail) -> Pack:
    """Raises Busy, and what the tenant's policy does not go on without."""
    reports = trail.case.reports
    if not reports:
        return Pack(state=EvidenceState.NONE, notes=("No report of the story is to be seen any more.",))
    # Looking for orders to models takes tens of milliseconds a text, and nothing should wait for that with us.
    told = await asyncio.to_thread(gate.pack, reports, sv.source_rules)
    trail.counts["reports"] = len(told)
    found = await beyond(sv, trail) if told else Beyond()
    if not told:
        trail.note("No report of the story says anything that could be checked.")
    claims = (*told[: gate.TOTAL - len(found.claims)], *found.claims)
    trail.counts["claims"] = len(claims)
    return Pack(
        claims=claims,
        avoid=(*found.avoid, *unborne(reports, claims)),
        references=found.references,
        state=_state(trail, told=bool(told), found=bool(found.claims)),
        notes=tuple(trail.notes),
    )


def _state(trail: Trail, *, told: bool, found: bool) -> EvidenceState:
    if not told and not found:
        return EvidenceState.NONE
    if trail.broken:
        return EvidenceState.PARTLY
    return EvidenceState.SEARCHED if found else EvidenceState.REPORTS


async def _store(sv: Services, tx: Tx, job: Job, trail: Trail, pack: Pack) -> None:
    opened = await screenings.opened(tx, trail.case.screening)
    if pack.state is EvidenceState.NONE:
        moved = opened is not None and await screenings.fail(tx, opened, NOTHING)
    else:
        moved = opened is not None and await screenings.advance(tx, opened, NEXT)
    if opened is None or not moved:  # somebody else moved it first: its story may have merged
        await queue.done(tx, job)
        return
    await _say(sv, tx, opened, trail, _verdict(trail, pack))
    id_ = uuid7(sv.clock.now())
    await evidence.add(tx, id_, opened.id, pack)
    await found_pages.stand_on(tx, id_, {bytes.fromhex(claim.page) for claim in pack.claims if claim.page})
    await reads.forget(tx, trail.paid)
    if pack.state is EvidenceState.NONE:
        await queue.dead(tx, job, NOTHING)
        return
    await queue.enqueue(tx, _job(opened, NEXT))
    await queue.done(tx, job)


def _verdict(trail: Trail, pack: Pack) -> Verdict:
    detail = " ".join([f"{len(pack.claims)} claims.", *pack.notes])[:500]
    searched = trail.counts["searches"] or None
    signals = {
        "state": pack.state.value,
        "claims": len(pack.claims),
        "of_reports": trail.counts["reports"],
        "searches": searched,
        **{name: trail.counts[name] if searched else None for name in ("hits", "pages_read", "pages_failed", "thrown")},
    }
    if pack.state is EvidenceState.NONE:
        return Drop(Reason.NO_EVIDENCE, detail, signals=signals)
    gathered = any(not claim.item_id for claim in pack.claims)
    return Pass(Reason.GATHERED if gathered else Reason.REPORTS_ONLY, detail, signals=signals)


async def _say(sv: Services, tx: Tx, opened: Screening, trail: Trail, verdict: Verdict) -> None:
    config = configured(Gate.EVIDENCE, trail.case.policy, trail.case.profile)
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.EVIDENCE,
        verdict,
        story=opened.story_id,
        screening=opened.id,
        call=trail.call,
        reused=trail.reused,
        config=await policies.note(tx, config),
    )


async def _defer(sv: Services, job: Job, case: Case, error: Deferred) -> None:
    async with sv.db.tx(job.tenant) as tx:
        waits = WaitFor.BATCH if isinstance(error, Batched) else WaitFor.BUDGET
        await screenings.wait(tx, case.screening, waits, error.until, spread=case.screening.spread)
        await queue.snooze(tx, job, error.until, str(error))


async def _fail(sv: Services, job: Job, trail: Trail, error: CidError) -> None:
    """Tried again, dropped as the tenant's policy says of an outage that lasts, or failed where people see it. What
    the policy goes on without was noted on the way, and never gets here."""
    case = trail.case
    action = then(error, job.attempt, case.wanted.on_outage)
    if action in {Then.RAISE, Then.PASS}:
        raise error
    async with sv.db.tx(job.tenant) as tx:
        opened = await screenings.opened(tx, case.screening)
        if opened and action is Then.DROP:
            if await screenings.drop(tx, opened, Gate.EVIDENCE, Reason.OUTAGE):
                await _say(sv, tx, opened, trail, Drop(Reason.OUTAGE, str(error)))
            await queue.done(tx, job)
        elif opened and await screenings.fail(tx, opened, f"gather: {error}"):
            await queue.dead(tx, job, str(error))
        else:
            await queue.done(tx, job)


def _job(screening: Screening, stage: Stage) -> NewJob:
    return NewJob(
        kind=JOB_OF[stage],
        tenant=screening.tenant_id,
        payload={"screening": str(screening.id)},
        dedupe=str(screening.id),
        priority=-1 if screening.urgent else 0,
    )
