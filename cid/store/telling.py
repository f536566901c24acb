"""How a story was told, as one tenant may see it."""

from __future__ import annotations

from cid.domain.ids import DraftId, StoryId, TenantId
from cid.domain.telling import Kin, Telling, Twin
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

REPORTS = query("telling.reports")
KIN = query("telling.kin")
TWINS = query("telling.twins")
SHAPES = {REPORTS: Telling, KIN: Kin, TWINS: Twin}


async def reports(tx: Tx, tenant: TenantId, story: StoryId) -> list[Telling]:
    """In a tenant's transaction: row security decides what is visible. Earliest first, at most 200."""
    return each(Telling, await tx.fetch(REPORTS, tenant, story))


async def kin(tx: Tx, story: StoryId) -> list[Kin]:
    """What came before, then what came after. In a tenant's transaction."""
    return each(Kin, await tx.fetch(KIN, story))


async def twins(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Twin]:
    return each(Twin, await tx.fetch(TWINS, tenant, draft))
