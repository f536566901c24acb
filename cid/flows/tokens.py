"""Tokens for programs: given, taken back, let in at their pace; and their requests, each done once under its key.

A program never may more than the person in whose name it comes may now. What a person may do is looked up with every
request, so whoever is removed or switched off takes their programs along at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import TokenId, uuid7
from cid.domain.programs import BURST, NEEDS, PACE, STUCK, Bearer, Meter, Scope
from cid.domain.tenants import Actor, Permission
from cid.store import audit, tokens
from cid.text.tokens import token_hash

if TYPE_CHECKING:
    from cid.services import Services

MOST = 50
"""Tokens of one person in one tenant that may be used at a time."""
LONGEST = timedelta(days=366)
SECRET = re.compile(r"cid_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
NAME_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    id: TokenId
    secret: str
    """Shown once, and stored nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the same request was answered before."""

    status: int
    body: str


class Reused(Refused):
    """A key that stands for another request."""


class UnderWay(Conflict):
    """The same request is being done at this moment."""


async def add(sv: Services, actor: Actor, *, name: str, scopes: Collection[Scope], life: timedelta | None) -> Made:
    """Raises Refused (no name, no scope, more than the person may do, too long a life), Conflict (too many)."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT:
        raise Refused(f"A token has a name of 1 to {NAME_LIMIT} characters, by which you will know it.")
    if not scopes:
        raise Refused("Choose at least one thing that it may do.")
    if over := sorted(scope for scope in scopes if not actor.may(NEEDS[scope])):
        raise Refused(f"As {actor.role} you may not do {over[0]} yourself.")
    if life is not None and not timedelta(days=1) <= life <= LONGEST:
        raise Refused(f"A token lives 1 to {LONGEST.days} days.")
    token = TokenId(uuid7(sv.clock.now()))
    secret = f"cid_{token.hex}_{secrets.token_urlsafe(32)}"
    async with sv.db.tx(actor.tenant.id) as tx:
        if not await tokens.add(
            tx, token, actor.user.id, name=name, hashed=token_hash(secret), scopes=set(scopes), life=life, most=MOST
        ):
            raise Conflict(f"You have {MOST} tokens already: revoke one that is not used any more.")
        detail = {"name": name, "scopes": sorted(scopes), "days": life.days if life else None}
        await audit.add(tx, sv.clock.now(), actor.user.id, "token.added", target=f"token:{token}", detail=detail)
    return Made(id=token, secret=secret)


async def revoke(sv: Services, actor: Actor, token: TokenId) -> str:
    """Its name. People revoke their own, owners everybody's. Raises NotFound."""
    whose = None if actor.may(Permission.MANAGE) else actor.user.id
    async with sv.db.tx(actor.tenant.id) as tx:
        name = await tokens.revoke(tx, tx.tenant, token, whose)
        if name is None:
            raise NotFound("There is no such token, or it was revoked before.")
        detail = {"name": name}
        await audit.add(tx, sv.clock.now(), actor.user.id, "token.revoked", target=f"token:{token}", detail=detail)
    return name


async def admit(sv: Services, secret: str) -> tuple[Bearer, Meter] | None:
    """Who comes with it and whether this request counts. None: it lets nobody in."""
    found = SECRET.fullmatch(secret)
    if found is None:
        return None
    async with sv.platform.read() as tx:
        bearer = await tokens.bearer(tx, token_hash(secret))
    if bearer is None or bearer.token != UUID(found[1]):
        return None
    async with sv.platform.tx() as tx:
        meter = await tokens.meter(tx, f"api:{bearer.token}", PACE, BURST)
        if bearer.stale:
            await tokens.touch(tx, bearer.actor.tenant.id, bearer.token)
    return bearer, meter


async def begin(sv: Services, bearer: Bearer, key: str, request: bytes) -> datetime | Replay:
    """The request is to be done, under the moment that `finish` wants; or was done, and was answered so.

    Raises Reused or UnderWay.
    """
    async with sv.db.tx(bearer.actor.tenant.id) as tx:
        made = await tokens.begin(tx, bearer.token, key, request)
        if made is not None:
            return made
        known = await tokens.answered(tx, tx.tenant, bearer.token, key)
        if known is None:  # let go in this moment, by one that came to nothing
            raise UnderWay("The same request is being done. Ask again in a moment.")
        if known.request != request:
            raise Reused("This Idempotency-Key was used for another request.")
        if known.status is not None:
            return Replay(status=known.status, body=known.body or "")
        made = await tokens.take_over(tx, bearer.token, key, request, STUCK)
        if made is None:
            raise UnderWay("The same request is being done. Ask again in a moment.")
        return made


async def finish(sv: Services, bearer: Bearer, key: str, made: datetime, *, status: int, body: str) -> None:
    """From now on this is what the key is answered with."""
    async with sv.db.tx(bearer.actor.tenant.id) as tx:
        await tokens.finish(tx, bearer.token, key, made, status=status, body=body)


async def release(sv: Services, bearer: Bearer, key: str, made: datetime) -> None:
    """Nothing was done: the next request under the key begins anew."""
    async with sv.db.tx(bearer.actor.tenant.id) as tx:
        await tokens.release(tx, bearer.token, key, made)
