"""Links in mails that let one person decide on one draft without signing in.

The row says whether a link still counts; what it is for is signed into the link itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import DraftId, TenantId, UserId, VersionId, uuid7
from cid.domain.tenants import Role
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text import review_tokens
from cid.text.review_tokens import ReviewToken

ADD = query("review_links.add")
BY_ID = query("review_links.by_id")
USE = query("review_links.use")
END_OF_DRAFT = query("review_links.end_of_draft")
REVOKE_OF_USER = query("review_links.revoke_of_user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One link as it stands."""

    id: UUID
    draft_id: DraftId
    version_id: VersionId
    user_id: UserId
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    made_at: datetime
    expired: bool
    paused: bool
    """Its tenant is: nobody decides by mail meanwhile."""
    who: str
    """Its holder's name; empty for somebody who left without a trace."""
    role: Role | None
    """Of the holder in the tenant at hand, now; None: switched off, or no member any more."""


SHAPES = {BY_ID: Held}


async def make(
    tx: Tx, *, keys: Sequence[bytes], base_url: str, draft: DraftId, user: UserId, now: datetime
) -> str | None:
    """The address of a new link to the draft's current version; None while the draft is not ready for a decision.

    `keys`: `sv.keys.derive_all(review_tokens.PURPOSE)`. Links made before stay as they are.
    """
    link = uuid7(now)
    row = await tx.fetchrow(ADD, tx.tenant, link, draft, user)
    if row is None:
        return None
    token = ReviewToken(
        id=link, tenant=tx.tenant, draft=draft, sha256=row["sha256"], user=user, expires=row["expires_at"]
    )
    return f"{base_url}/r/{review_tokens.write(keys, token)}"


async def by_id(tx: Tx, tenant: TenantId, link: UUID) -> Held | None:
    row = await tx.fetchrow(BY_ID, tenant, link)
    return into(Held, row) if row else None


async def use(tx: Tx, tenant: TenantId, link: UUID, draft: DraftId, user: UserId) -> bool:
    """Once; False for whoever comes later, or with another's."""
    return await tx.fetchval(USE, tenant, link, draft, user) is not None


async def end_of_draft(tx: Tx, tenant: TenantId, draft: DraftId) -> None:
    await tx.execute(END_OF_DRAFT, tenant, draft)


async def revoke_of_user(tx: Tx, tenant: TenantId, user: UserId) -> None:
    """Somebody leaves the tenant."""
    await tx.execute(REVOKE_OF_USER, tenant, user)
