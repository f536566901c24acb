"""Rows of the sample newsroom. Platform transactions only."""

from __future__ import annotations

from cid.domain.ids import ChannelId, SourceId, SubscriptionId, TenantId
from cid.pg.sql import query
from cid.ports import Tx

ADD_SOURCE = query("sample.add_source")
SOURCE = query("sample.source")
SUBSCRIBE = query("sample.subscribe")
ADD_CHANNEL = query("sample.add_channel")


async def add_source(tx: Tx, source: SourceId, *, url: str, title: str, publisher: str, interval_s: int) -> SourceId:
    """The id of the feed's source: a new one, or the one that is there."""
    added = await tx.fetchval(ADD_SOURCE, source, url, title, publisher, interval_s)
    found: SourceId = added or await tx.fetchval(SOURCE, url)
    return found


async def subscribe(tx: Tx, tenant: TenantId, subscription: SubscriptionId, source: SourceId, *, trust: float) -> None:
    await tx.execute(SUBSCRIBE, tenant, subscription, source, trust)


async def add_channel(tx: Tx, tenant: TenantId, channel: ChannelId, *, base_url: str) -> None:
    await tx.execute(ADD_CHANNEL, tenant, channel, base_url)
