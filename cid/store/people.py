"""Users and their memberships. In platform transactions only: a tenant's own sees no users."""

from __future__ import annotations

from collections.abc import Sequence
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
UNCHANGED = query("people.unchanged")
SET_PASSWORD = query("people.set_password")
REPLACE_PASSWORD = query("people.replace_password")
SET_NAME = query("people.set_name")
SET_ZONE = query("people.set_zone")
TURN_ON_TOTP = query("people.turn_on_totp")
TURN_OFF_TOTP = query("people.turn_off_totp")
TAKE_STEP = query("people.take_step")
TAKE_RECOVERY = query("people.take_recovery")
SET_RECOVERY = query("people.set_recovery")
ENABLE = query("people.enable")
HOLD_ADMINS = query("people.hold_admins")
SET_ADMIN = query("people.set_admin")
EVERYBODY = query("people.everybody")
ROSTER = query("people.roster")
MEMBER = query("people.member")
HOLD_TENANT = query("people.hold_tenant")
OWNERS = query("people.owners")
BELONGS = query("people.belongs")
LET_IN = query("people.let_in")
SET_ROLE = query("people.set_role")
LEAVE = query("people.leave")
REVOKE = query("people.revoke")
DISABLE = query("people.disable")
JOIN = query("people.join")
OWN_ALL = query("people.own_all")
ADMINS_OWN = query("people.admins_own")
LISTED = query("people.listed")
REACHABLE = query("people.reachable")
MEMBERS = query("people.members")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what sign-in needs to know."""

    id: UserId
    email: str
    name: str
    admin: bool
    zone: str
    password_hash: str | None
    totp: str
    """The second factor's secret, sealed; empty: there is none."""
    recovery: int
    """Codes that are left for when it is lost."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """On the page of the platform's people."""

    id: UserId
    email: str
    name: str
    admin: bool
    disabled: bool
    has_password: bool
    roles: list[str]
    second: bool
    """Signs in with a second factor."""
    seen_at: datetime | None
    """None: has no session that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody's place in a tenant."""

    id: UserId
    email: str
    name: str
    """Empty until they were here."""
    role: Role
    created_at: datetime
    seen_at: datetime | None
    """In this tenant; None: was let in and has not come yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """A member who can be mailed."""

    id: UserId
    email: str
    name: str
    """The address of whoever was not here yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    links: int
    tokens: int


SHAPES = {
    BY_EMAIL: Account,
    BY_ID: Account,
    LISTED: Listed,
    MEMBERS: Member,
    EVERYBODY: Somebody,
    ROSTER: Place,
    REACHABLE: Reachable,
    MEMBER: Place,
    REVOKE: Revoked,
}


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


async def unchanged(tx: Tx, user: UserId, password_hash: str | None) -> bool:
    """Whether this is still their password; it stays so until the transaction ends."""
    return await tx.fetchval(UNCHANGED, user, password_hash) is not None


async def set_password(tx: Tx, user: UserId, password_hash: str) -> None:
    await tx.execute(SET_PASSWORD, user, password_hash)


async def replace_password(tx: Tx, user: UserId, old_hash: str, new_hash: str) -> bool:
    """False: it is another one by now, or the account was closed."""
    return await tx.fetchval(REPLACE_PASSWORD, user, old_hash, new_hash) is not None


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


async def set_zone(tx: Tx, user: UserId, zone: str) -> None:
    await tx.execute(SET_ZONE, user, zone)


async def turn_on_totp(tx: Tx, user: UserId, sealed: str, step: int, recovery: Sequence[bytes]) -> bool:
    """False when it is on already."""
    return await tx.fetchval(TURN_ON_TOTP, user, sealed, step, list(recovery)) is not None


async def turn_off_totp(tx: Tx, user: UserId) -> bool:
    """False when it was not on."""
    return await tx.fetchval(TURN_OFF_TOTP, user) is not None


async def take_step(tx: Tx, user: UserId, step: int) -> bool:
    """False when a code of this step, or of a later one, was taken before."""
    return await tx.fetchval(TAKE_STEP, user, step) is not None


async def take_recovery(tx: Tx, user: UserId, hashed: bytes) -> int | None:
    """How many are left; None when this is none of theirs, or was used."""
    left: int | None = await tx.fetchval(TAKE_RECOVERY, user, hashed)
    return left


async def set_recovery(tx: Tx, user: UserId, recovery: Sequence[bytes]) -> bool:
    """False where there is no second factor to stand in for."""
    return await tx.fetchval(SET_RECOVERY, user, list(recovery)) is not None


async def enable(tx: Tx, user: UserId) -> bool:
    """False when they were not switched off."""
    return await tx.fetchval(ENABLE, user) is not None


async def hold_admins(tx: Tx) -> list[UserId]:
    """Those who may come in. They stay admins until the transaction ends."""
    return [UserId(row["id"]) for row in await tx.fetch(HOLD_ADMINS)]


async def set_admin(tx: Tx, user: UserId, *, admin: bool) -> bool:
    """False when it was so before."""
    return await tx.fetchval(SET_ADMIN, user, admin) is not None


async def everybody(tx: Tx, words: str, after: str, limit: int) -> list[Somebody]:
    return each(Somebody, await tx.fetch(EVERYBODY, words, after, limit))


async def roster(tx: Tx, tenant: TenantId, words: str, after: str, limit: int) -> list[Place]:
    return each(Place, await tx.fetch(ROSTER, tenant, words, after, limit))


async def reachable(tx: Tx, tenant: TenantId, *, only: Sequence[UserId] | None = None, limit: int) -> list[Reachable]:
    """By name. In a platform transaction."""
    return each(Reachable, await tx.fetch(REACHABLE, tenant, None if only is None else list(only), limit))


async def member(tx: Tx, tenant: TenantId, user: UserId) -> Place | None:
    row = await tx.fetchrow(MEMBER, tenant, user)
    return into(Place, row) if row else None


async def hold_tenant(tx: Tx, tenant: TenantId) -> None:
    """Nobody else changes who owns it until the transaction ends."""
    await tx.execute(HOLD_TENANT, tenant)


async def owners(tx: Tx, tenant: TenantId) -> int:
    """How many may come in as its owner."""
    return int(await tx.fetchval(OWNERS, tenant))


async def belongs(tx: Tx, user: UserId) -> bool:
    """To any tenant."""
    return bool(await tx.fetchval(BELONGS, user))


async def let_in(tx: Tx, tenant: TenantId, user: UserId, role: Role) -> bool:
    """False when they are in already, with whatever role."""
    return await tx.fetchval(LET_IN, tenant, user, role) is not None


async def set_role(tx: Tx, tenant: TenantId, user: UserId, role: Role, *, was: Role) -> bool:
    """False when the role was another one."""
    return await tx.fetchval(SET_ROLE, tenant, user, role, was) is not None


async def leave(tx: Tx, tenant: TenantId, user: UserId) -> bool:
    """False when they were not in."""
    return await tx.fetchval(LEAVE, tenant, user) is not None


async def revoke(tx: Tx, tenant: TenantId | None, user: UserId) -> Revoked:
    """Links in mails and tokens of programs; `tenant` None: everywhere."""
    row = await tx.fetchrow(REVOKE, tenant, user)
    assert row
    return into(Revoked, row)
