"""A tenant's use of sources."""

from __future__ import annotations

from cid.domain.ids import SourceId, SubscriptionId, TenantId
from cid.domain.news import SourceKind
from cid.pg.sql import query
from cid.ports import Tx

PUBLIC_SOURCE = query("subscriptions.public_source")
SUBSCRIBE = query("subscriptions.subscribe")
SET_ACTIVE = query("subscriptions.set_active")
SET_TRUST = query("subscriptions.set_trust")


async def public_source(tx: Tx, source: SourceId, kind: SourceKind, url: str) -> SourceId:
    """In a platform transaction: the source at this address, made if there is none."""
    return SourceId(await tx.fetchval(PUBLIC_SOURCE, source, kind, url))


async def subscribe(tx: Tx, subscription: SubscriptionId, source: SourceId, *, trust: float, role: str) -> bool:
    """False when the tenant subscribes already."""
    return await tx.fetchval(SUBSCRIBE, tx.tenant, subscription, source, trust, role) is not None


async def set_active(tx: Tx, tenant: TenantId, subscription: SubscriptionId, *, wanted: bool) -> SourceId | None:
    """The source, or None where the tenant has no such subscription."""
    found = await tx.fetchval(SET_ACTIVE, tenant, subscription, wanted)
    return SourceId(found) if found else None


async def set_trust(tx: Tx, tenant: TenantId, subscription: SubscriptionId, trust: float) -> SourceId | None:
    found = await tx.fetchval(SET_TRUST, tenant, subscription, trust)
    return SourceId(found) if found else None
