"""A tenant's own published articles."""

from __future__ import annotations

from cid.domain.clusters import Post
from cid.domain.ids import TenantId
from cid.pg.sql import query
from cid.ports import Tx

LIVE = query("clusters.live")
MOST = 200
"""The newest: topics go cold."""


async def live(tx: Tx, tenant: TenantId) -> list[Post]:
    """What stands at a canonical address now, the newest first."""
    rows = await tx.fetch(LIVE, tenant, MOST)
    return [
        Post(title=row["title"], url=row["url"], keywords=tuple(row["keywords"]), live_at=row["live_at"])
        for row in rows
    ]
