"""What gate 2 dropped and passed, learned from: hourly for every tenant, measured each time, learned anew once a day.

It decides nothing by itself. A person switches the filter on; it switches itself off when it loses what would have
passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from cid.domain.errors import Conflict
from cid.domain.ids import PLATFORM, TenantId, UserId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.policy import Switch
from cid.domain.prefilter import Live
from cid.gates import prefilter
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import audit, policies, prefilters, tenants

MOST = 6000
"""Labels, the newest: half a second of arithmetic."""
WITHIN = timedelta(days=180)
SHOWS = timedelta(days=30)
ANEW = timedelta(hours=23)
"""So old is what was learned when it is learned anew."""
log = structlog.get_logger("learn")


async def learn(sv: Services, jobs: Sequence[Job]) -> None:
    """The platform's job makes one for each tenant."""
    for job in jobs:
        if job.tenant == PLATFORM:
            await _everybody(sv, job)
        else:
            await _one(sv, job)


async def _everybody(sv: Services, job: Job) -> None:
    async with sv.platform.tx() as tx:
        found = await tenants.listed(tx)
        await queue.enqueue(tx, *(_job(tenant.id) for tenant in found))
        await queue.done(tx, job)


def _job(tenant: TenantId) -> NewJob:
    return NewJob(kind=JobKind.LEARN, tenant=tenant, dedupe="learn", priority=10)


async def _one(sv: Services, job: Job) -> None:
    tenant = job.tenant
    async with sv.db.read(tenant) as tx:
        policy = (await policies.of(tx, tenant, sv.policy)).relevance
        standing = await prefilters.standing(tx, tenant)
        live = await prefilters.live(tx, tenant, SHOWS)
        due = standing is None or sv.clock.now() - standing.learned_at >= ANEW or _let_try_again(standing)
        labels = await prefilters.labels(tx, tenant, most=MOST, within=WITHIN) if due else []
    new = await asyncio.to_thread(prefilter.learned, labels, policy) if labels else None
    async with sv.db.tx(tenant) as tx:
        if standing is not None and standing.state == "proved" and policy.prefilter is Switch.ON:
            await _measured(sv, tx, tenant, live, prefilter.failing(live, policy))
        if new is not None:
            await prefilters.put(tx, tenant, new, lacking=prefilter.lacking(new.proof, policy))
        await queue.done(tx, job)


def _let_try_again(standing: prefilters.Standing) -> bool:
    return standing.cleared_at is not None and standing.cleared_at >= standing.learned_at


async def _measured(sv: Services, tx: Tx, tenant: TenantId, live: Live, failing: str) -> None:
    await prefilters.measured(tx, tenant, live, failing)
    if failing:
        log.warning("prefilter.off", tenant=str(tenant), why=failing)
        await audit.add(tx, sv.clock.now(), None, "prefilter.tripped", target=str(tenant), detail={"why": failing})


async def try_again(sv: Services, tenant: TenantId, user: UserId) -> None:
    """Raises Conflict when it had not switched itself off."""
    async with sv.db.tx(tenant) as tx:
        if not await prefilters.clear(tx, tenant, user):
            raise Conflict("The filter has not switched itself off: there is nothing to lift.")
        await audit.add(tx, sv.clock.now(), user, "prefilter.cleared", target=str(tenant))
        await queue.enqueue(tx, _job(tenant))
