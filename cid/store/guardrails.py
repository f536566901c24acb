"""Standing rules of one tenant and of the platform."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cid.domain.guardrails import Guardrail
from cid.domain.ids import DraftId, TenantId, UserId
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.words import first_found, phrases, words

STANDING = query("guardrails.standing")
LISTED = query("guardrails.listed")
PLATFORMS = query("guardrails.platforms")
IN_FORCE = query("guardrails.in_force")
ADD = query("guardrails.add")
SWITCH_OFF = query("guardrails.switch_off")
SHAPES = {LISTED: Guardrail, PLATFORMS: Guardrail}


async def standing(tx: Tx, tenant: TenantId, industry: str) -> tuple[str, ...]:
    """What a draft for `tenant` is told, its own rules first: those of any industry, and those of one that `industry`,
    the tenant's own words for its trade, names."""
    trade = words(industry)
    rows = await tx.fetch(STANDING, tenant)
    return tuple(
        dict.fromkeys(
            row["text"] for row in rows if not row["industry"] or first_found(phrases([row["industry"]]), trade)
        )
    )


async def listed(tx: Tx, tenant: TenantId, most: int) -> Sequence[Guardrail]:
    """The tenant's own, and the platform's that are in force."""
    return each(Guardrail, await tx.fetch(LISTED, tenant, most))


async def platforms(tx: Tx, most: int) -> Sequence[Guardrail]:
    """In a platform transaction."""
    return each(Guardrail, await tx.fetch(PLATFORMS, most))


async def in_force(tx: Tx, tenant: TenantId | None) -> int:
    return int(await tx.fetchval(IN_FORCE, tenant))


async def add(
    tx: Tx,
    guardrail: UUID,
    tenant: TenantId | None,
    text: str,
    *,
    industry: str,
    category: str,
    finding: str,
    draft: DraftId | None,
    by: UserId | None,
) -> bool:
    """False where the same rule is in force already."""
    return await tx.fetchval(ADD, guardrail, tenant, industry, text, category, finding, draft, by) is not None


async def switch_off(tx: Tx, tenant: TenantId | None, guardrail: UUID, by: UserId | None) -> str | None:
    """What it said; None when no such rule is in force."""
    said: str | None = await tx.fetchval(SWITCH_OFF, tenant, guardrail, by)
    return said
