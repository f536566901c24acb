"""What waited for the clock, looked up by the platform across tenants."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cid.domain.ids import DraftId, PublicationId, ScreeningId, SourceId, TenantId, VersionId
from cid.domain.mail import MailState
from cid.domain.publication import PublicationState
from cid.domain.screening import Stage
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

DUE_SCREENINGS = query("wake.due_screenings")
FORGOTTEN_SOURCES = query("wake.forgotten_sources")
ABANDONED_MAILS = query("wake.abandoned_mails")
ABANDONED_PUBLICATIONS = query("wake.abandoned_publications")
ABANDONED_DRAFTS = query("wake.abandoned_drafts")


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMail:
    """A mail on its way that no job leads on; `error` says why its job died, where one did."""

    id: UUID
    state: MailState
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPublication:
    """The same of a publication."""

    tenant_id: TenantId
    id: PublicationId
    state: PublicationState
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostDraft:
    """A draft that waits for a review whose job died."""

    tenant_id: TenantId
    id: DraftId
    version_id: VersionId
    error: str


SHAPES = {ABANDONED_MAILS: LostMail, ABANDONED_PUBLICATIONS: LostPublication, ABANDONED_DRAFTS: LostDraft}


async def due_screenings(tx: Tx, limit: int) -> list[tuple[TenantId, ScreeningId, Stage]]:
    rows = await tx.fetch(DUE_SCREENINGS, limit)
    return [(TenantId(row["tenant_id"]), ScreeningId(row["id"]), Stage(row["stage"])) for row in rows]


async def forgotten_sources(tx: Tx, limit: int) -> list[SourceId]:
    return [SourceId(row["id"]) for row in await tx.fetch(FORGOTTEN_SOURCES, limit)]


async def abandoned_mails(tx: Tx, limit: int) -> list[LostMail]:
    return each(LostMail, await tx.fetch(ABANDONED_MAILS, limit))


async def abandoned_publications(tx: Tx, limit: int) -> list[LostPublication]:
    return each(LostPublication, await tx.fetch(ABANDONED_PUBLICATIONS, limit))


async def abandoned_drafts(tx: Tx, limit: int) -> list[LostDraft]:
    return each(LostDraft, await tx.fetch(ABANDONED_DRAFTS, limit))
