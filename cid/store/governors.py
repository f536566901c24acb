"""What holds new pieces back: the places of a domain, and the switch of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cid.domain.ids import ChannelId, DraftId, PublicationId, TenantId, UserId
from cid.domain.publication import PublicationState
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

FACTS = query("governors.facts")
TAKEN = query("governors.taken")
HURRY = query("governors.hurry")
STOP = query("governors.stop")
RESUME = query("governors.resume")
STOPPED = query("governors.stopped")
WAITING = query("governors.waiting")
SINCE = query("governors.since")
VOLUMES = query("governors.volumes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    per_week: int
    apart: timedelta
    own_per_week: Decimal | None
    hurried: bool
    """A person let it go before there was a place."""
    stopped: bool
    """Nothing new of the tenant goes out."""
    now: datetime
    """By the database's clock, which the places go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    stopped_at: datetime
    stop_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """Something that is, or may be, before the public."""

    id: PublicationId
    draft_id: DraftId
    state: PublicationState
    url: str
    live_at: datetime | None
    channel: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """A channel that shares the places of a domain."""

    id: ChannelId
    domain: str
    per_week: int
    apart: timedelta
    own_per_week: Decimal | None


SHAPES = {VOLUMES: Governed, FACTS: Facts, STOPPED: Stopped, SINCE: Out}


async def facts(tx: Tx, tenant: TenantId, publication: PublicationId) -> Facts:
    row = await tx.fetchrow(FACTS, tenant, publication)
    assert row
    return into(Facts, row)


async def taken(tx: Tx, channel: ChannelId) -> list[datetime]:
    """Of the last seven days, over all tenants. The domain is held until the transaction ends."""
    return [row["at"] for row in await tx.fetch(TAKEN, channel)]


async def hurry(tx: Tx, tenant: TenantId, publication: PublicationId, user: UserId, why: str) -> bool:
    """False: it is not planned any more, or somebody did so already."""
    return await tx.fetchval(HURRY, tenant, publication, user, why) is not None


async def stop(tx: Tx, tenant: TenantId, user: UserId | None, reason: str) -> bool:
    """False: it was stopped already."""
    return await tx.fetchval(STOP, tenant, user, reason) is not None


async def resume(tx: Tx, tenant: TenantId) -> bool:
    """False: it was not stopped."""
    return await tx.fetchval(RESUME, tenant) is not None


async def stopped(tx: Tx, tenant: TenantId) -> Stopped | None:
    row = await tx.fetchrow(STOPPED, tenant)
    return into(Stopped, row) if row else None


async def waiting(tx: Tx, tenant: TenantId) -> list[PublicationId]:
    return [PublicationId(row["id"]) for row in await tx.fetch(WAITING, tenant)]


async def since(tx: Tx, tenant: TenantId, moment: datetime, *, limit: int) -> list[Out]:
    """The oldest first."""
    return each(Out, await tx.fetch(SINCE, tenant, moment, limit))


async def volumes(tx: Tx, tenant: TenantId) -> dict[ChannelId, Governed]:
    """Of the tenant's channels that have a domain."""
    return {one.id: one for one in each(Governed, await tx.fetch(VOLUMES, tenant))}
