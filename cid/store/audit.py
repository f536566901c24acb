"""Who did what. Append-only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cid.domain.ids import PLATFORM, TenantId, UserId, uuid7
from cid.domain.llm import Json
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("audit.add")
FOUND = query("audit.found")
NAMES_HERE = query("audit.names_here")
NAMES_ANYWHERE = query("audit.names_anywhere")
PEOPLE_HERE = query("audit.people_here")
PEOPLE_ANYWHERE = query("audit.people_anywhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log. Who did it is None for the desk itself, and for a person at its command line."""

    id: UUID
    at: datetime
    user_id: UserId | None
    action: str
    target: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Of one log; what is empty is no condition."""

    tenant: TenantId | None
    """None: the platform's own."""
    user: UserId | None = None
    action: str = ""
    target: str = ""
    since: UUID | None = None
    """The first id of a moment (`first_id`)."""
    before: UUID | None = None


SHAPES = {FOUND: Line}


async def add(
    tx: Tx,
    now: datetime,
    user: UserId | None,
    action: str,
    *,
    target: str = "",
    detail: Mapping[str, Json] | None = None,
    tenant: TenantId | None = None,
) -> None:
    """Into the log of the transaction's tenant; a platform transaction may name the tenant whose log it is.

    `tenant` names one in a platform transaction, for what the platform's own tables keep of it.
    """
    if tenant is None and tx.tenant != PLATFORM:
        tenant = tx.tenant
    await tx.execute(ADD, uuid7(now), tenant, user, action, target, dict(detail or {}))


def first_id(at: datetime) -> UUID:
    """The smallest id that a line of that moment can have: bounds of the id are bounds of the time."""
    return UUID(int=(int(at.timestamp() * 1000) & (1 << 48) - 1) << 80)


async def found(tx: Tx, which: Which, most: int) -> list[Line]:
    """The newest first."""
    rows = await tx.fetch(
        FOUND,
        which.tenant,
        which.user,
        which.action or None,
        which.target or None,
        which.since,
        which.before,
        most,
    )
    return each(Line, rows)


async def names(tx: Tx, users: Collection[UserId]) -> dict[UserId, str]:
    """What to call them; somebody of whom nothing is known here is left out."""
    statement = NAMES_ANYWHERE if tx.tenant == PLATFORM else NAMES_HERE
    rows = await tx.fetch(statement, list(users)) if users else []
    return {UserId(row["id"]): row["name"] for row in rows if row["name"]}


async def people(tx: Tx) -> list[tuple[UserId, str]]:
    """Whom the log can be asked for: a tenant's members, or those who run the desk."""
    rows = await (tx.fetch(PEOPLE_ANYWHERE) if tx.tenant == PLATFORM else tx.fetch(PEOPLE_HERE, tx.tenant))
    return [(UserId(row["id"]), row["name"]) for row in rows]
