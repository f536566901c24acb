"""Evidence: what a draft may stand on, made once a story carries enough signal. Without any the screening goes on: the
pack says that there is none, and whatever comes later sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.evidence import EvidenceState, Pack
from cid.domain.ids import ScreeningId, VerdictId, uuid7
from cid.domain.jobs import Job, NewJob
from cid.domain.screening import JOB_OF, Screening, Stage
from cid.domain.verdicts import Gate, Pass, Reason
from cid.gates import evidence as gate
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, policies, screenings, tenants, texts, verdicts
from cid.text.policies import configured

PATIENCE = timedelta(seconds=20)
"""How long a story that passes waits for articles that are being read; then it goes on with what the sources said."""
LOOK_AGAIN = timedelta(seconds=1)


async def gather(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        tenant = job.tenant
        async with sv.db.read(tenant) as tx:
            found = await screenings.by_ids(tx, tenant, [ScreeningId(UUID(job.payload["screening"]))])
            todo = [screening for screening in found if screening.wants(Stage.GATHER)]
            awaited = [await texts.awaited(tx, one.story_id, PATIENCE) for one in todo]
            reports = [await evidence.reports(tx, tenant, one.story_id) for one in todo]
        if any(awaited):
            async with sv.db.tx(tenant) as tx:
                await queue.snooze(tx, job, sv.clock.now() + LOOK_AGAIN, "its articles are being read")
            continue
        # Looking for orders to models takes tens of milliseconds a text, and nothing should wait for that with us.
        packs = [await asyncio.to_thread(gate.pack, told) for told in reports]
        async with sv.db.tx(tenant) as tx:
            for screening, claims in zip(todo, packs, strict=True):
                state = EvidenceState.REPORTS if claims else EvidenceState.NONE
                await _store(sv, tx, screening, Pack(claims=claims, state=state))
            await queue.done(tx, job)


async def _store(sv: Services, tx: Tx, screening: Screening, pack: Pack) -> None:
    opened = await screenings.opened(tx, screening)
    if opened is None or not await screenings.advance(tx, opened, Stage.FIT):
        return
    policy, profile = await policies.of(tx, tx.tenant, sv.policy), await tenants.profile(tx, tx.tenant)
    reason = Reason.REPORTS_ONLY if pack.claims else Reason.NO_EVIDENCE
    await verdicts.add(
        tx,
        VerdictId(uuid7(sv.clock.now())),
        Gate.EVIDENCE,
        Pass(reason, f"{len(pack.claims)} claims", signals={"claims": len(pack.claims)}),
        story=opened.story_id,
        screening=opened.id,
        config=await policies.note(tx, configured(Gate.EVIDENCE, policy, profile)),
    )
    await evidence.add(tx, uuid7(sv.clock.now()), opened.id, pack)
    await queue.enqueue(tx, _job(opened, Stage.FIT))


def _job(screening: Screening, stage: Stage) -> NewJob:
    return NewJob(
        kind=JOB_OF[stage],
        tenant=screening.tenant_id,
        payload={"screening": str(screening.id)},
        dedupe=str(screening.id),
        priority=-1 if screening.urgent else 0,
    )
