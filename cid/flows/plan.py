"""A person asks for a draft that the plan has no place for."""

from __future__ import annotations

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import ScreeningId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.screening import Stage, WaitFor
from cid.domain.tenants import Actor, Permission
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import audit, plans, screenings


async def draft_now(sv: Services, actor: Actor, screening: ScreeningId) -> None:
    """Beyond the plan, on that person's word, before what waits for a place.

    Raises NotFound, Refused (may not decide) or Conflict (it does not wait for a place any more).
    """
    if not actor.may(Permission.DECIDE):
        raise Refused("Only an owner or an editor may ask for a draft.")
    tenant = actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        found = await screenings.by_ids(tx, tenant, [screening])
        if not found:
            raise NotFound("There is no such story.")
        (one,) = found
        waits = one.waiting_for is WaitFor.PLAN and one.stage is Stage.DRAFT
        if not waits or not await plans.take_by_hand(tx, screening, actor.user.id):
            raise Conflict("This story does not wait for a place in the plan any more.")
        if await screenings.opened(tx, one) is None:
            raise Conflict("This story was taken up by somebody else just now.")
        await audit.add(tx, sv.clock.now(), actor.user.id, "draft.asked_for", target=str(screening))
        job = NewJob(
            kind=JobKind.DRAFT,
            tenant=tenant,
            payload={"screening": str(screening)},
            dedupe=str(screening),
            priority=-1,
        )
        await queue.enqueue(tx, job)
