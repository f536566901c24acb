"""Users and their memberships. In platform transactions only: a tenant's own sees no users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import TenantId, UserId
from cid.domain.tenants import Role
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

ANYBODY = query("people.anybody")
BY_EMAIL = query("people.by_email")
BY_ID = query("people.by_id")
ADD = query("people.add")
SET_PASSWORD = query("people.set_password")
SET_NAME = query("people.set_name")
DISABLE = query("people.disable")
JOIN = query("people.join")
OWN_ALL = query("people.own_all")
ADMINS_OWN = query("people.admins_own")
LISTED = query("people.listed")
MEMBERS = query("people.members")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what sign-in needs to know."""

    id: UserId
    email: str
    name: str
    admin: bool
    password_hash: str | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    id: UserId
    email: str
    name: str
    admin: bool
    disabled: bool
    has_password: bool
    roles: list[str]
    """`tenant:role`, by tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    email: str
    name: str
    role: Role


SHAPES = {BY_EMAIL: Account, BY_ID: Account, LISTED: Listed, MEMBERS: Member}


async def anybody(tx: Tx) -> bool:
    return bool(await tx.fetchval(ANYBODY))


async def by_email(tx: Tx, email: str) -> Account | None:
    """`email` in lower case."""
    row = await tx.fetchrow(BY_EMAIL, email)
    return into(Account, row) if row else None


async def by_id(tx: Tx, user: UserId) -> Account | None:
    row = await tx.fetchrow(BY_ID, user)
    return into(Account, row) if row else None


async def add(tx: Tx, user: UserId, *, email: str, name: str, password_hash: str | None, admin: bool) -> bool:
    """False when the address is taken."""
    return await tx.fetchval(ADD, user, email, name, password_hash, admin) is not None


async def set_password(tx: Tx, user: UserId, password_hash: str) -> None:
    await tx.execute(SET_PASSWORD, user, password_hash)


async def set_name(tx: Tx, user: UserId, name: str) -> None:
    await tx.execute(SET_NAME, user, name)


async def disable(tx: Tx, user: UserId) -> bool:
    """False when it was done before."""
    return await tx.fetchval(DISABLE, user) is not None


async def join(tx: Tx, tenant: TenantId, user: UserId, role: Role) -> None:
    await tx.execute(JOIN, tenant, user, role)


async def own_all(tx: Tx, user: UserId) -> None:
    """Make `user` owner of every tenant there is."""
    await tx.execute(OWN_ALL, user)


async def admins_own(tx: Tx, tenant: TenantId) -> None:
    await tx.execute(ADMINS_OWN, tenant)


async def listed(tx: Tx) -> list[Listed]:
    return each(Listed, await tx.fetch(LISTED))


async def members(tx: Tx, tenant: TenantId) -> list[Member]:
    return each(Member, await tx.fetch(MEMBERS, tenant))
