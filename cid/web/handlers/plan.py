"""Stories that would be drafted if the plan had room, and the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from aiohttp import web

from cid.domain.ids import ScreeningId
from cid.domain.plan import Taken
from cid.flows import plan
from cid.store import plans, policies
from cid.store.plans import Waiting
from cid.web.forms import Nothing
from cid.web.keys import actor, services
from cid.web.render import page


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    row: Waiting
    stale_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    taken: Taken
    per_day: int
    per_week: int
    hours: float
    """After which a story that found no place is let go."""
    rows: list[PlanLine]


async def shown(request: web.Request) -> web.StreamResponse:
    tenant, sv = actor(request).tenant.id, services(request)
    async with sv.db.read(tenant) as tx:
        policy = await policies.of(tx, tenant, sv.policy)
        taken, waiting = await plans.counted(tx, tenant), await plans.waiting(tx, tenant)
    age = policy.rules.max_age
    view = PlanView(
        taken=taken,
        per_day=policy.drafting.per_day,
        per_week=policy.drafting.per_week,
        hours=age / timedelta(hours=1),
        rows=[PlanLine(row=row, stale_at=row.opened_at + age) for row in waiting],
    )
    return page(request, "plan.html", view)


async def draft_now(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await plan.draft_now(services(request), who, ScreeningId(UUID(request.match_info["id"])))
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/plan?said=draft_asked")
