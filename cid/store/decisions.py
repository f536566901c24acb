"""What people decided: written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cid.domain.draft import Version
from cid.domain.ids import DecisionId, DraftId, TenantId, UserId, VersionId
from cid.domain.review import DecisionKind
from cid.domain.tenants import Actor, Role, Tenant, User
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("decisions.add")
OF_DRAFT = query("decisions.of_draft")
LATEST = query("decisions.latest")
BY_LINK = query("decisions.by_link")
MEMBER = query("decisions.member")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One decision as people are told of it."""

    id: DecisionId
    kind: DecisionKind
    version_id: VersionId
    number: int
    user_id: UserId
    who: str
    reason: str
    via: str
    made_at: datetime


SHAPES = {OF_DRAFT: Made, LATEST: Made}


async def add(
    tx: Tx,
    decision: DecisionId,
    shown: Version,
    *,
    kind: DecisionKind,
    user: UserId,
    reason: str,
    via: str,
    record: Mapping[str, Any],
) -> None:
    """About the version that was shown. The schema refuses a hash that is not that version's."""
    what = (shown.draft_id, shown.id, shown.sha256, kind, user, reason, via, dict(record))
    await tx.execute(ADD, tx.tenant, decision, *what)


async def of_draft(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Made]:
    return each(Made, await tx.fetch(OF_DRAFT, tenant, draft))


async def latest(tx: Tx, tenant: TenantId, draft: DraftId) -> Made | None:
    row = await tx.fetchrow(LATEST, tenant, draft)
    return into(Made, row) if row else None


async def by_link(tx: Tx, tenant: TenantId, link: UUID) -> DecisionId | None:
    """The decision that used it up."""
    found = await tx.fetchval(BY_LINK, tenant, link)
    return DecisionId(found) if found else None


async def member(tx: Tx, email: str, tenant: TenantId) -> Actor | None:
    """Who `email` is in `tenant`. In a platform transaction."""
    row = await tx.fetchrow(MEMBER, email, tenant)
    if row is None:
        return None
    return Actor(
        user=User(id=row["user_id"], email=row["email"], name=row["user_name"], admin=row["admin"]),
        tenant=Tenant(
            id=row["id"],
            slug=row["slug"],
            name=row["name"],
            sample=row["sample"],
            created_at=row["created_at"],
            zone=row["zone"],
            paused_at=row["paused_at"],
            pause_reason=row["pause_reason"],
        ),
        role=Role(row["role"]),
    )
