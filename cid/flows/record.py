"""The approval record of a draft, and whether its chain from decision to published bytes holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cid.domain.errors import NotFound
from cid.render.record import Link, approval_record, chain
from cid.store import drafts, records

if TYPE_CHECKING:
    from cid.domain.ids import DraftId
    from cid.domain.tenants import Tenant
    from cid.services import Services
    from cid.store.records import Kept


async def record(sv: Services, tenant: Tenant, draft: DraftId) -> dict[str, Any]:
    """As plain JSON. Raises NotFound."""
    kept = await _kept(sv, tenant, draft)
    rows = {name: getattr(kept, name) for name in ("decisions", "versions", "reviews", "calls", "publications")}
    return await asyncio.to_thread(approval_record, tenant=tenant.slug, draft=str(draft), **rows)


async def verify(sv: Services, tenant: Tenant, draft: DraftId) -> list[Link]:
    """From what is stored; what stands at a channel is read by `publish.compare`. Raises NotFound."""
    kept = await _kept(sv, tenant, draft)
    return await asyncio.to_thread(
        chain, decisions=kept.decisions, versions=kept.versions, publications=kept.publications
    )


async def _kept(sv: Services, tenant: Tenant, draft: DraftId) -> Kept:
    async with sv.db.read(tenant.id) as tx:
        if await drafts.by_id(tx, tenant.id, draft) is None:
            raise NotFound(f"{tenant.slug} has no draft {draft}.")
        return await records.of_draft(tx, tenant.id, draft)
