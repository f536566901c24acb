"""Where a tenant publishes."""

from __future__ import annotations

from cid.domain.ids import ChannelId, TenantId
from cid.domain.publication import Channel, ChannelKind
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("channels.add")
ACTIVE = query("channels.active")
SHAPES = {ACTIVE: Channel}


async def add(
    tx: Tx, tenant: TenantId, channel: ChannelId, *, kind: ChannelKind, name: str, base_url: str, canonical: bool
) -> bool:
    """False when the tenant has a channel of that name."""
    return await tx.fetchval(ADD, tenant, channel, kind, name, base_url.rstrip("/"), canonical) is not None


async def add_site(tx: Tx, tenant: TenantId, channel: ChannelId, *, base_url: str, slug: str) -> bool:
    """The static site that every tenant begins with; `base_url` is the desk's own."""
    return await add(
        tx, tenant, channel, kind=ChannelKind.SITE, name="Site", base_url=f"{base_url}/site/{slug}", canonical=True
    )


async def active(tx: Tx, tenant: TenantId) -> list[Channel]:
    return each(Channel, await tx.fetch(ACTIVE, tenant))
