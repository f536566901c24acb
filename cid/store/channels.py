"""Where a tenant publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cid.domain.ids import ChannelId, TenantId
from cid.domain.llm import Json
from cid.domain.publication import Channel, ChannelKind
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text import urls

ADD = query("channels.add")
ACTIVE = query("channels.active")
KEPT = query("channels.kept")
KEPT_ONE = query("channels.kept_one")
ONE = query("channels.one")
EDIT = query("channels.edit")
NAMED = query("channels.named")
SEAL = query("channels.seal")
ACTIVATE = query("channels.activate")
NO_CANONICAL = query("channels.no_canonical")
MAKE_CANONICAL = query("channels.make_canonical")
PACE = query("channels.pace")
CHECKED = query("channels.checked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A channel as its page shows it: without what lets us in."""

    id: ChannelId
    kind: ChannelKind
    name: str
    base_url: str
    config: Mapping[str, Json]
    canonical: bool
    active: bool
    has_secret: bool
    sealed_at: datetime | None
    sealed_end: str
    """The last characters of the secret, by which a person knows which one it is."""
    domain: str
    per_week: int
    own_per_week: Decimal | None
    apart: timedelta
    checked_at: datetime | None
    checked: Mapping[str, Json]
    """{"account", "lacks", "problem"}, of the last look at it as it is now."""


SHAPES = {ACTIVE: Channel, ONE: Channel, KEPT: Kept, KEPT_ONE: Kept}


async def add(
    tx: Tx,
    tenant: TenantId,
    channel: ChannelId,
    *,
    kind: ChannelKind,
    name: str,
    base_url: str,
    canonical: bool,
    config: Mapping[str, Json] | None = None,
    domain: str | None = None,
) -> bool:
    """False when the tenant has a channel of that name. `domain` is whose places it takes; else its host and path."""
    base = base_url.rstrip("/")
    row = await tx.fetchval(
        ADD,
        tenant,
        channel,
        kind,
        name,
        base,
        canonical,
        dict(config or {}),
        own_place(base) if domain is None else domain,
    )
    return row is not None


def own_place(base_url: str) -> str:
    """A site of the desk is known by host and path: many lie side by side at one host."""
    return urls.with_small_host(base_url).partition("://")[2].rstrip("/")


async def add_site(tx: Tx, tenant: TenantId, channel: ChannelId, *, base_url: str, slug: str) -> bool:
    """The static site that every tenant begins with; `base_url` is the desk's own."""
    return await add(
        tx, tenant, channel, kind=ChannelKind.SITE, name="Site", base_url=f"{base_url}/site/{slug}", canonical=True
    )


async def active(tx: Tx, tenant: TenantId) -> list[Channel]:
    return each(Channel, await tx.fetch(ACTIVE, tenant))


async def kept(tx: Tx, tenant: TenantId) -> list[Kept]:
    return each(Kept, await tx.fetch(KEPT, tenant))


async def lock(tx: Tx, tenant: TenantId, channel: ChannelId) -> Kept | None:
    row = await tx.fetchrow(KEPT_ONE, tenant, channel)
    return into(Kept, row) if row else None


async def one(tx: Tx, tenant: TenantId, channel: ChannelId) -> Channel | None:
    row = await tx.fetchrow(ONE, tenant, channel)
    return into(Channel, row) if row else None


async def edit(
    tx: Tx, tenant: TenantId, channel: ChannelId, *, name: str, base_url: str, config: Mapping[str, Json], domain: str
) -> bool:
    """False when another of the tenant has the name."""
    if await tx.fetchval(NAMED, tenant, name, channel):
        return False
    await tx.execute(EDIT, tenant, channel, name, base_url, dict(config), domain)
    return True


async def seal(tx: Tx, tenant: TenantId, channel: ChannelId, sealed: str, *, end: str, domain: str) -> None:
    """The empty text: there is no secret any more."""
    await tx.execute(SEAL, tenant, channel, sealed, end, domain)


async def activate(tx: Tx, tenant: TenantId, channel: ChannelId, *, wanted: bool) -> None:
    """Switched off, it is not the canonical one either."""
    await tx.execute(ACTIVATE, tenant, channel, wanted)


async def make_canonical(tx: Tx, tenant: TenantId, channel: ChannelId) -> bool:
    """False: it is switched off. There is one at a time."""
    await tx.execute(NO_CANONICAL, tenant)
    return await tx.fetchval(MAKE_CANONICAL, tenant, channel) is not None


async def pace(
    tx: Tx, tenant: TenantId, channel: ChannelId, *, per_week: int, own_per_week: Decimal | None, apart: timedelta
) -> None:
    await tx.execute(PACE, tenant, channel, per_week, own_per_week, apart)


async def checked(tx: Tx, channel: Channel, found: Mapping[str, Json]) -> bool:
    """False: it was changed meanwhile, and the look says nothing of what it is now."""
    values = (channel.base_url, channel.sealed, dict(channel.config))
    return await tx.fetchval(CHECKED, channel.tenant_id, channel.id, dict(found), *values) is not None
