"""Sessions and one-time links. Secrets come here hashed and are never stored otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import TenantId, UserId
from cid.domain.tenants import Desk, Membership, Role, Tenant, User
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

VISIT = query("sessions.visit")
TOUCH = query("sessions.touch")
ADD = query("sessions.add")
END = query("sessions.end")
HERE = query("sessions.here")
RENEW = query("sessions.renew")
RENAME = query("sessions.rename")
LIVING = query("sessions.living")
END_ONE = query("sessions.end_one")
END_OTHERS = query("sessions.end_others")
END_ALL = query("sessions.end_all")
ADD_RESET = query("sessions.add_reset")
PLAN_RESET = query("sessions.plan_reset")
VOID_ALL = query("sessions.void_all")
ADD_LINK = query("sessions.add_link")
LINK = query("sessions.link")
USE_LINK = query("sessions.use_link")
VOID_LINKS = query("sessions.void_links")


class Purpose(StrEnum):
    SETUP = "setup"
    INVITE = "invite"
    RESET = "reset"
    """A forgotten password."""
    CODE = "code"
    """The password was right; the second factor is asked for."""


ENTRANCES = (Purpose.SETUP, Purpose.INVITE)
"""What the page that welcomes people takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    user: User
    csrf: str
    stale: bool
    """Not touched for a minute."""
    renew: bool
    """What its person may do has changed since."""
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    purpose: Purpose
    user_id: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A session that still counts, for its person to look at."""

    id: str
    """Its hash, in hexadecimal digits: names it and lets nobody in."""
    agent: str
    created_at: datetime
    seen_at: datetime


SHAPES = {LINK: Link, USE_LINK: Link, LIVING: Living}


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
                zone=row["tenant_zone"],
                paused_at=row["paused_at"],
                pause_reason=row["pause_reason"],
                stopped_at=row["stopped_at"],
                stop_reason=row["stop_reason"],
            ),
            role=Role(row["role"]),
            desks=tuple(desk for desk in Desk if desk in row["desks"]),
            unseen=row["unseen"],
        )
        for row in rows
        if row["tenant_id"] is not None
    )
    user = User(
        id=UserId(first["user_id"]), email=first["email"], name=first["name"], admin=first["admin"], zone=first["zone"]
    )
    return Session(user=user, csrf=first["csrf"], stale=first["stale"], renew=first["renew"], memberships=memberships)


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


async def here(tx: Tx, tenant: TenantId, user: UserId) -> None:
    await tx.execute(HERE, tenant, user)


async def renew(tx: Tx, user: UserId) -> None:
    """Their sessions go on under other tokens from the next page on."""
    await tx.execute(RENEW, user)


async def rename(tx: Tx, hashed: bytes, anew: bytes) -> bool:
    """False when it ended, or another request was first."""
    return await tx.fetchval(RENAME, hashed, anew) is not None


async def living(tx: Tx, user: UserId) -> list[Living]:
    """The one that was used last comes first."""
    return each(Living, await tx.fetch(LIVING, user))


async def end_one(tx: Tx, user: UserId, id_: str) -> bool:
    """`id_` as `living` told it. False when there is no such session of theirs."""
    return await tx.fetchval(END_ONE, user, id_) is not None


async def end_others(tx: Tx, user: UserId, but: bytes) -> None:
    await tx.execute(END_OTHERS, user, but)


async def add_link(tx: Tx, hashed: bytes, purpose: Purpose, user: UserId | None, life: timedelta) -> None:
    """Links made before for the same purpose and person stop working."""
    await tx.execute(VOID_LINKS, purpose, user)
    await tx.execute(ADD_LINK, hashed, purpose, user, life)


async def add_code(tx: Tx, hashed: bytes, user: UserId, life: timedelta) -> None:
    """Beside those that are there: a second window must not shut the first."""
    await tx.execute(ADD_LINK, hashed, Purpose.CODE, user, life)


async def add_reset(tx: Tx, hashed: bytes, email: str, life: timedelta) -> UserId | None:
    """None: nobody who may come in has this address."""
    found = await tx.fetchval(ADD_RESET, hashed, email, life)
    return UserId(found) if found else None


async def plan_reset(tx: Tx, mail: UUID, email: str, *, subject: str, sealed: str, life: timedelta) -> None:
    """A mail to whom the address belongs to, if it is anybody's. Whoever plans it enqueues its job in any case."""
    await tx.execute(PLAN_RESET, mail, email, subject, sealed, life)


async def void_all(tx: Tx, user: UserId) -> None:
    """Every link of theirs that was not used yet."""
    await tx.execute(VOID_ALL, user)


async def link(tx: Tx, hashed: bytes, *purposes: Purpose) -> Link | None:
    row = await tx.fetchrow(LINK, hashed, purposes)
    return into(Link, row) if row else None


async def use_link(tx: Tx, hashed: bytes, *purposes: Purpose) -> Link | None:
    """The link, once; None for everybody who comes later, and for a link that was made for something else."""
    row = await tx.fetchrow(USE_LINK, hashed, purposes)
    return into(Link, row) if row else None
