"""What a monitor's run changed: compared once the run is over, kept once, and told at once where it is large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from cid.briefing.change import change
from cid.domain.ids import ChangeId, RunId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.monitor import StoredChange
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import monitors, runs


async def compare(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `change`, payload {"run"}, written in the transaction that ended the run."""
    for job in jobs:
        await _one(sv, job, RunId(UUID(job.payload["run"])))


async def _one(sv: Services, job: Job, run_id: RunId) -> None:
    async with sv.db.read(job.tenant) as tx:
        now = await runs.dossier(tx, job.tenant, run_id)
        earlier = await runs.before(tx, now.run) if now else None
        before = await runs.dossier(tx, job.tenant, earlier.id) if earlier else None
        monitor = await monitors.by_id(tx, job.tenant, now.run.monitor_id) if now and now.run.monitor_id else None
    # Twenty items' words and two scorecards: more than others should wait for.
    found = await asyncio.to_thread(change, before, now) if now and monitor else None
    async with sv.db.tx(job.tenant) as tx:
        if found and monitor:
            change_id = ChangeId(uuid7(sv.clock.now()))
            stored = StoredChange(
                id=change_id,
                monitor_id=monitor.id,
                run_id=run_id,
                before_run_id=earlier.id if earlier else None,
                change=found,
                made_at=sv.clock.now(),
            )
            added = await monitors.add_change(tx, stored)
            if added and found.compared and found.size >= monitor.threshold:
                told = {"change": str(change_id)}
                await queue.enqueue(
                    tx, NewJob(kind=JobKind.CHANGED, tenant=tx.tenant, payload=told, dedupe=str(change_id))
                )
        await queue.done(tx, job)
