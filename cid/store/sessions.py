"""Sessions, one-time links and the throttle of sign-in. Secrets come here hashed and are never stored otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cid.domain.ids import TenantId, UserId
from cid.domain.tenants import Desk, Membership, Role, Tenant, User
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

VISIT = query("sessions.visit")
TOUCH = query("sessions.touch")
ADD = query("sessions.add")
END = query("sessions.end")
END_ALL = query("sessions.end_all")
ADD_LINK = query("sessions.add_link")
LINK = query("sessions.link")
USE_LINK = query("sessions.use_link")
VOID_LINKS = query("sessions.void_links")
TAKE = query("sessions.take")
FORGET = query("sessions.forget")


class Purpose(StrEnum):
    SETUP = "setup"
    INVITE = "invite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    user: User
    csrf: str
    stale: bool
    """Not touched for a minute."""
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    purpose: Purpose
    user_id: UserId | None


SHAPES = {LINK: Link, USE_LINK: Link}


async def visit(tx: Tx, hashed: bytes) -> Session | None:
    """None for a session that is unknown, idle for 12 hours, 7 days old, or of somebody who was switched off."""
    rows = await tx.fetch(VISIT, hashed)
    if not rows:
        return None
    first = rows[0]
    memberships = tuple(
        Membership(
            tenant=Tenant(
                id=TenantId(row["tenant_id"]),
                slug=row["slug"],
                name=row["tenant_name"],
                sample=row["sample"],
                created_at=row["created_at"],
                zone=row["zone"],
                paused_at=row["paused_at"],
                pause_reason=row["pause_reason"],
            ),
            role=Role(row["role"]),
            desks=tuple(desk for desk in Desk if desk in row["desks"]),
        )
        for row in rows
        if row["tenant_id"] is not None
    )
    user = User(id=UserId(first["user_id"]), email=first["email"], name=first["name"], admin=first["admin"])
    return Session(user=user, csrf=first["csrf"], stale=first["stale"], memberships=memberships)


async def touch(tx: Tx, hashed: bytes) -> None:
    await tx.execute(TOUCH, hashed)


async def add(tx: Tx, hashed: bytes, user: UserId, *, csrf: str, agent: str) -> None:
    await tx.execute(ADD, hashed, user, csrf, agent[:200])


async def end(tx: Tx, hashed: bytes) -> UserId | None:
    """Whose it was, if there was one."""
    found = await tx.fetchval(END, hashed)
    return UserId(found) if found else None


async def end_all(tx: Tx, user: UserId) -> None:
    await tx.execute(END_ALL, user)


async def add_link(tx: Tx, hashed: bytes, purpose: Purpose, user: UserId | None, life: timedelta) -> None:
    """Links made before for the same purpose and person stop working."""
    await tx.execute(VOID_LINKS, purpose, user)
    await tx.execute(ADD_LINK, hashed, purpose, user, life)


async def link(tx: Tx, hashed: bytes) -> Link | None:
    row = await tx.fetchrow(LINK, hashed)
    return into(Link, row) if row else None


async def use_link(tx: Tx, hashed: bytes) -> Link | None:
    """The link, once; None for everybody who comes later."""
    row = await tx.fetchrow(USE_LINK, hashed)
    return into(Link, row) if row else None


async def take(tx: Tx, key: str, per: timedelta, burst: int) -> datetime | None:
    """None when the attempt counts, else when the next one will."""
    row = await tx.fetchrow(TAKE, key, per, burst)
    return None if row is None or row["taken"] else row["at"]


async def forget(tx: Tx, key: str) -> None:
    await tx.execute(FORGET, key)
