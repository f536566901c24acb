"""What waited for the clock, looked up by the platform across tenants."""

from __future__ import annotations

from cid.domain.ids import ScreeningId, SourceId, TenantId
from cid.domain.screening import Stage
from cid.pg.sql import query
from cid.ports import Tx

DUE_SCREENINGS = query("wake.due_screenings")
FORGOTTEN_SOURCES = query("wake.forgotten_sources")


async def due_screenings(tx: Tx, limit: int) -> list[tuple[TenantId, ScreeningId, Stage]]:
    rows = await tx.fetch(DUE_SCREENINGS, limit)
    return [(TenantId(row["tenant_id"]), ScreeningId(row["id"]), Stage(row["stage"])) for row in rows]


async def forgotten_sources(tx: Tx, limit: int) -> list[SourceId]:
    return [SourceId(row["id"]) for row in await tx.fetch(FORGOTTEN_SOURCES, limit)]
