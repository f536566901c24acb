"""Publications as lists show them, whatever draft they are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import DraftId, PublicationId, TenantId, VersionId
from cid.domain.publication import ChannelKind, PublicationState
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

LISTED = query("publication_pages.listed")
ONE = query("publication_pages.one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    id: PublicationId
    draft_id: DraftId
    title: str
    version_id: VersionId
    sha256: str
    """In hexadecimal."""
    channel: str
    kind: ChannelKind
    state: PublicationState
    url: str
    error: str
    due_at: datetime
    planned_at: datetime
    sent_at: datetime | None
    live_at: datetime | None
    changed_at: datetime


SHAPES = {LISTED: Line, ONE: Line}


async def listed(
    tx: Tx,
    tenant: TenantId,
    *,
    state: PublicationState | None,
    draft: DraftId | None,
    before: PublicationId | None,
    limit: int,
) -> list[Line]:
    """Newest first."""
    return each(Line, await tx.fetch(LISTED, tenant, state, draft, before, limit))


async def one(tx: Tx, tenant: TenantId, publication: PublicationId) -> Line | None:
    row = await tx.fetchrow(ONE, tenant, publication)
    return into(Line, row) if row else None
