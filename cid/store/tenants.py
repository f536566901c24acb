"""Tenants and what the gates know about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from typing import Any

from cid.domain.ids import TenantId
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
SHAPES = {BY_ID: Tenant, BY_SLUG: Tenant, LISTED: Tenant}


async def by_id(tx: Tx, tenant: TenantId) -> Tenant | None:
    row = await tx.fetchrow(BY_ID, tenant)
    return into(Tenant, row) if row else None


async def by_slug(tx: Tx, slug: str) -> Tenant | None:
    row = await tx.fetchrow(BY_SLUG, slug)
    return into(Tenant, row) if row else None


async def listed(tx: Tx) -> list[Tenant]:
    return each(Tenant, await tx.fetch(LISTED))


async def profile(tx: Tx, tenant: TenantId) -> Profile:
    """The empty profile where none was written yet."""
    body: dict[str, Any] = await tx.fetchval(PROFILE, tenant) or {}
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
