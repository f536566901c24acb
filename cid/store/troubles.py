"""What of a tenant's publishing and mail needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import DraftId, PublicationId, TenantId
from cid.domain.publication import ChannelKind, PublicationState
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

PUBLICATIONS = query("troubles.publications")
MAILS = query("troubles.mails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    id: PublicationId
    draft_id: DraftId
    state: PublicationState
    url: str
    error: str
    changed_at: datetime
    due_at: datetime
    channel: str
    kind: ChannelKind
    title: str
    hurried: bool
    gave_up: str
    """Why the queue stopped trying; empty where it did not."""
    queued: bool
    """A job for it waits or runs."""
    unwanted: bool
    """It was to be taken back, and that was refused."""
    original: str
    """The canonical channel that it waits for and that has nothing to point at; empty: it does not wait for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMail:
    id: UUID
    kind: str
    address: str
    subject: str
    state: str
    error: str
    changed_at: datetime


SHAPES = {PUBLICATIONS: Stuck, MAILS: LostMail}


async def publications(tx: Tx, tenant: TenantId, *, limit: int) -> list[Stuck]:
    return each(Stuck, await tx.fetch(PUBLICATIONS, tenant, limit))


async def mails(tx: Tx, tenant: TenantId, *, limit: int) -> list[LostMail]:
    return each(LostMail, await tx.fetch(MAILS, tenant, limit))
