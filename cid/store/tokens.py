"""What lets programs in, and what they were answered under keys of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.ids import TenantId, TokenId, UserId
from cid.domain.programs import Bearer, Meter, Scope, Token
from cid.domain.tenants import Actor, Role, Tenant, User
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

BEARER = query("tokens.bearer")
TOUCH = query("tokens.touch")
METER = query("tokens.meter")
ADD = query("tokens.add")
LISTED = query("tokens.listed")
REVOKE = query("tokens.revoke")
BEGIN = query("tokens.begin")
ANSWERED = query("tokens.answered")
TAKE_OVER = query("tokens.take_over")
FINISH = query("tokens.finish")
RELEASE = query("tokens.release")
FORGET = query("tokens.forget")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What stands under a key."""

    request: bytes
    status: int | None
    """None: it is being done."""
    body: str | None


SHAPES = {METER: Meter, ANSWERED: Answered}


async def bearer(tx: Tx, hashed: bytes) -> Bearer | None:
    """In a platform transaction. None: there is no such token, it is over, or its person may not come in any more."""
    row = await tx.fetchrow(BEARER, hashed)
    if row is None:
        return None
    user = User(id=UserId(row["user_id"]), email=row["email"], name=row["user_name"], admin=row["admin"])
    tenant = Tenant(
        id=TenantId(row["tenant_id"]),
        slug=row["slug"],
        name=row["tenant_name"],
        sample=row["sample"],
        created_at=row["created_at"],
    )
    return Bearer(
        token=TokenId(row["token"]),
        actor=Actor(user=user, tenant=tenant, role=Role(row["role"])),
        scopes=frozenset(scope for scope in Scope if scope in row["scopes"]),
        stale=row["stale"],
    )


async def touch(tx: Tx, tenant: TenantId, token: TokenId) -> None:
    await tx.execute(TOUCH, tenant, token)


async def meter(tx: Tx, key: str, per: timedelta, burst: int) -> Meter:
    row = await tx.fetchrow(METER, key, per, burst)
    assert row
    return into(Meter, row)


async def add(
    tx: Tx,
    token: TokenId,
    user: UserId,
    *,
    name: str,
    hashed: bytes,
    scopes: Collection[Scope],
    life: timedelta | None,
    most: int,
) -> bool:
    """False when the person has `most` already."""
    wanted = sorted(scopes)
    return await tx.fetchval(ADD, tx.tenant, token, user, name, hashed, wanted, life, most) is not None


async def listed(tx: Tx, tenant: TenantId, user: UserId | None) -> list[Token]:
    """Of one person, or of everybody."""
    rows = await tx.fetch(LISTED, tenant, user)
    return [
        into(Token, {**dict(row.items()), "scopes": tuple(scope for scope in Scope if scope in row["scopes"])})
        for row in rows
    ]


async def revoke(tx: Tx, tenant: TenantId, token: TokenId, user: UserId | None) -> str | None:
    """Its name; None when there is none of that person's (or of anybody's) to be revoked."""
    name: str | None = await tx.fetchval(REVOKE, tenant, token, user)
    return name


async def begin(tx: Tx, token: TokenId, key: str, request: bytes) -> datetime | None:
    """When the key became this request's; None: it was used before."""
    made: datetime | None = await tx.fetchval(BEGIN, tx.tenant, token, key, request)
    return made


async def answered(tx: Tx, tenant: TenantId, token: TokenId, key: str) -> Answered | None:
    row = await tx.fetchrow(ANSWERED, tenant, token, key)
    return into(Answered, row) if row else None


async def take_over(tx: Tx, token: TokenId, key: str, request: bytes, after: timedelta) -> datetime | None:
    """When it became this request's; None: the other may still be at work."""
    made: datetime | None = await tx.fetchval(TAKE_OVER, tx.tenant, token, key, request, after)
    return made


async def finish(tx: Tx, token: TokenId, key: str, made: datetime, *, status: int, body: str) -> None:
    await tx.execute(FINISH, tx.tenant, token, key, made, status, body)


async def release(tx: Tx, token: TokenId, key: str, made: datetime) -> None:
    await tx.execute(RELEASE, tx.tenant, token, key, made)


async def forget(tx: Tx, keep: timedelta) -> None:
    await tx.execute(FORGET, keep)
