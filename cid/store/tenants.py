"""Tenants and what the gates know about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from cid.domain.ids import TenantId, UserId
from cid.domain.tenants import Desk, Profile, Tenant
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

BY_ID = query("tenants.by_id")
BY_SLUG = query("tenants.by_slug")
LISTED = query("tenants.listed")
PROFILE = query("tenants.profile")
SET_PROFILE = query("tenants.set_profile")
ADD = query("tenants.add")
DESKS = query("tenants.desks")
ZONE = query("tenants.zone")
SET_DESKS = query("tenants.set_desks")
PROFILE_FOR_UPDATE = query("tenants.profile_for_update")
SET_GENERAL = query("tenants.set_general")
PAUSE = query("tenants.pause")
RESUME = query("tenants.resume")
HELD_BACK = query("tenants.held_back")
ASK_DELETION = query("tenants.ask_deletion")
WITHDRAW_DELETION = query("tenants.withdraw_deletion")
DELETION = query("tenants.deletion")
STANDING = query("tenants.standing")
LIVE_BY_CHANNEL = query("tenants.live_by_channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A newsroom as those who run the desk see it."""

    id: TenantId
    slug: str
    name: str
    desks: list[str]
    zone: str
    sample: bool
    paused_at: datetime | None
    pause_reason: str
    deletion_asked_at: datetime | None
    created_at: datetime
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Who wants the tenant gone, since when."""

    at: datetime
    by: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What is out on one channel, or may be."""

    channel: str
    kind: str
    base_url: str
    articles: int


SHAPES = {
    BY_ID: Tenant,
    BY_SLUG: Tenant,
    LISTED: Tenant,
    STANDING: Standing,
    DELETION: Deletion,
    LIVE_BY_CHANNEL: Published,
}


async def by_id(tx: Tx, tenant: TenantId) -> Tenant | None:
    row = await tx.fetchrow(BY_ID, tenant)
    return into(Tenant, row) if row else None


async def by_slug(tx: Tx, slug: str) -> Tenant | None:
    row = await tx.fetchrow(BY_SLUG, slug)
    return into(Tenant, row) if row else None


async def listed(tx: Tx) -> list[Tenant]:
    return each(Tenant, await tx.fetch(LISTED))


async def profile(tx: Tx, tenant: TenantId, *, lock: bool = False) -> Profile:
    """The empty profile where none was written yet. With `lock` nobody changes it before the transaction ends."""
    body: dict[str, Any] = await tx.fetchval(PROFILE_FOR_UPDATE if lock else PROFILE, tenant) or {}
    known = {field.name for field in fields(Profile)}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items() if k in known}
    return Profile(**values)


async def set_profile(tx: Tx, tenant: TenantId, value: Profile) -> None:
    await tx.execute(SET_PROFILE, tenant, asdict(value))


async def add(tx: Tx, tenant: TenantId, *, slug: str, name: str, sample: bool) -> bool:
    """False when the slug is taken."""
    return await tx.fetchval(ADD, tenant, slug, name, sample) is not None


async def zone(tx: Tx, tenant: TenantId) -> str:
    """Of the IANA time zone database: what its people mean by an hour."""
    return str(await tx.fetchval(ZONE, tenant))


async def desks(tx: Tx, tenant: TenantId) -> tuple[Desk, ...]:
    """Those that are on, in the order of Desk."""
    on = await tx.fetchval(DESKS, tenant) or ()
    return tuple(desk for desk in Desk if desk in on)


async def set_desks(tx: Tx, tenant: TenantId, on: Collection[Desk]) -> None:
    await tx.execute(SET_DESKS, tenant, [desk for desk in Desk if desk in on])


async def set_general(tx: Tx, tenant: TenantId, *, name: str, zone: str, desks: Collection[Desk]) -> None:
    """In a platform transaction."""
    await tx.execute(SET_GENERAL, tenant, name, zone, [desk for desk in Desk if desk in desks])


async def pause(tx: Tx, tenant: TenantId, user: UserId | None, reason: str) -> bool:
    """In a platform transaction. False: it rests already."""
    return bool(await tx.fetchval(PAUSE, tenant, user, reason))


async def resume(tx: Tx, tenant: TenantId) -> bool:
    """In a platform transaction. False: it does not rest."""
    return bool(await tx.fetchval(RESUME, tenant))


async def held_back(tx: Tx, tenant: TenantId) -> dict[str, int]:
    """How many jobs wait, by kind."""
    return {row["kind"]: row["jobs"] for row in await tx.fetch(HELD_BACK, tenant)}


async def ask_deletion(tx: Tx, tenant: TenantId, user: UserId) -> bool:
    """In a platform transaction. False: somebody did before."""
    return await tx.fetchval(ASK_DELETION, tenant, user) is not None


async def withdraw_deletion(tx: Tx, tenant: TenantId) -> bool:
    """In a platform transaction. False: nobody had asked."""
    return await tx.fetchval(WITHDRAW_DELETION, tenant) is not None


async def deletion(tx: Tx, tenant: TenantId) -> Deletion | None:
    row = await tx.fetchrow(DELETION, tenant)
    return into(Deletion, row) if row else None


async def standing(tx: Tx) -> list[Standing]:
    """In a platform transaction."""
    return each(Standing, await tx.fetch(STANDING))


async def live_by_channel(tx: Tx, tenant: TenantId) -> list[Published]:
    """What stays on other people's servers when the tenant goes."""
    return each(Published, await tx.fetch(LIVE_BY_CHANNEL, tenant))
