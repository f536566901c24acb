"""What people decide about the review of drafts: standing rules, and whether the machine may revise by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.errors import NotFound, Refused
from cid.domain.guardrails import LONGEST, MOST, SHORTEST
from cid.domain.ids import uuid7
from cid.domain.tenants import Permission
from cid.store import audit, drafts, guardrails, switches
from cid.text.clean import clean

if TYPE_CHECKING:
    from uuid import UUID

    from cid.domain.ids import DraftId, TenantId, UserId
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services

INDUSTRY = 100
"""Characters."""


async def add_rule(
    sv: Services, actor: Actor, text: str, *, category: str = "", finding: str = "", draft: DraftId | None = None
) -> None:
    """For the tenant's every later draft; one that stands already stays. Raises Refused."""
    async with sv.db.tx(_managing(actor)) as tx:
        # of this tenant or of none: row security hides the others'
        known = draft if draft and await drafts.by_id(tx, tx.tenant, draft) else None
        await _add(sv, tx, tx.tenant, text, by=actor.user.id, category=category, finding=finding, draft=known)


async def end_rule(sv: Services, actor: Actor, rule: UUID) -> None:
    """Raises Refused and NotFound: also for a rule of the platform."""
    async with sv.db.tx(_managing(actor)) as tx:
        await _end(sv, tx, tx.tenant, rule, actor.user.id)


async def add_everybodys_rule(sv: Services, user: UserId, text: str, *, industry: str = "") -> None:
    """For all tenants, or for those of a trade. Raises Refused."""
    async with sv.platform.tx() as tx:
        await _add(sv, tx, None, text, by=user, industry=industry)


async def end_everybodys_rule(sv: Services, user: UserId, rule: UUID) -> None:
    """Raises NotFound: also for a rule of a tenant."""
    async with sv.platform.tx() as tx:
        await _end(sv, tx, None, rule, user)


async def switch_revision(sv: Services, user: UserId, *, on: bool) -> None:
    """From the next revision on, in all processes."""
    async with sv.platform.tx() as tx:
        was = await switches.auto_revision(tx)
        await switches.set_auto_revision(tx, on=on, user=user)
        if was is not on:
            await audit.add(tx, sv.clock.now(), user, "revision.switched", target="everybody", detail={"on": on})


async def _add(
    sv: Services,
    tx: Tx,
    tenant: TenantId | None,
    text: str,
    *,
    by: UserId,
    industry: str = "",
    category: str = "",
    finding: str = "",
    draft: DraftId | None = None,
) -> None:
    text, industry = clean(text), clean(industry)
    if not SHORTEST <= len(text) <= LONGEST:
        raise Refused(f"A rule has {SHORTEST} to {LONGEST} characters: every draft is told it.")
    if len(industry) > INDUSTRY:
        raise Refused(f"An industry has at most {INDUSTRY} characters.")
    if await guardrails.in_force(tx, tenant) >= MOST:
        raise Refused(f"There are {MOST} rules in force. Each is paid for with every draft: switch one off first.")
    id_ = uuid7(sv.clock.now())
    added = await guardrails.add(
        tx,
        id_,
        tenant,
        text,
        industry=industry,
        category=category[:40],
        finding=clean(finding)[:1000],
        draft=draft,
        by=by,
    )
    if added:
        detail = {"text": text, "industry": industry}
        await audit.add(tx, sv.clock.now(), by, "guardrail.added", target=f"guardrail:{id_}", detail=detail)


async def _end(sv: Services, tx: Tx, tenant: TenantId | None, rule: UUID, by: UserId) -> None:
    said = await guardrails.switch_off(tx, tenant, rule, by)
    if said is None:
        raise NotFound("There is no such rule in force here.")
    await audit.add(tx, sv.clock.now(), by, "guardrail.ended", target=f"guardrail:{rule}", detail={"text": said})


def _managing(actor: Actor) -> TenantId:
    if not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may read the rules, not change them.")
    return actor.tenant.id
