"""Publications for programs: what is where, and what may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.errors import NotFound
from cid.domain.ids import DraftId, PublicationId
from cid.domain.publication import ChannelKind, PublicationState
from cid.flows import publish
from cid.store import publication_pages
from cid.web.api.cursors import after, page
from cid.web.api.shapes import about, number, text

if TYPE_CHECKING:
    from cid.store.publication_pages import Line
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationsWanted:
    state: PublicationState | None = about("Only those in this state.", default=None)
    draft: UUID | None = about("Only those of this draft.", default=None)
    limit: int = number("How many at most.", least=1, most=100, default=50)
    cursor: str | None = text("The `next` of the page before.", longest=600, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationShown:
    id: UUID
    draft: UUID
    title: str
    version: UUID
    sha256: str = about("Of the bytes that a person approved.")
    channel: str
    kind: ChannelKind
    state: PublicationState
    url: str
    error: str
    due_at: datetime = about("Not before.")
    planned_at: datetime
    sent_at: datetime | None
    live_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationsPage:
    """The newest first."""

    items: tuple[PublicationShown, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What failed is planned anew; what is unknown is looked up before anything is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    reason: str = text("Kept in the audit log.", shortest=1, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    id: UUID
    state: PublicationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Its state tells what becomes of it."""

    id: UUID


async def listed(asked: Asked[PublicationsWanted, Nothing]) -> PublicationsPage:
    wanted, tenant = asked.query, asked.actor.tenant.id
    found = after(wanted.cursor)
    async with asked.sv.db.read(tenant) as tx:
        rows = await publication_pages.listed(
            tx,
            tenant,
            state=wanted.state,
            draft=DraftId(wanted.draft) if wanted.draft else None,
            before=PublicationId(found[1]) if found else None,
            limit=wanted.limit + 1,
        )
    shown, next_ = page(rows, wanted.limit, lambda row: ("", row.id))
    return PublicationsPage(items=tuple(_shown(row) for row in shown), next=next_)


async def one(asked: Asked[Nothing, Nothing]) -> PublicationShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await publication_pages.one(tx, tenant, PublicationId(asked.ids["publication"]))
    if found is None:
        raise NotFound("There is no such publication.")
    return _shown(found)


async def again(asked: Asked[Nothing, Again]) -> Taken:
    publication = PublicationId(asked.ids["publication"])
    await publish.again(asked.sv, asked.actor, publication)
    return Taken(id=publication)


async def retract(asked: Asked[Nothing, Retraction]) -> Retracted:
    publication = PublicationId(asked.ids["publication"])
    state = await publish.retract(asked.sv, asked.actor, publication, asked.body.reason)
    return Retracted(id=publication, state=state)


def _shown(row: Line) -> PublicationShown:
    return PublicationShown(
        id=row.id,
        draft=row.draft_id,
        title=row.title,
        version=row.version_id,
        sha256=row.sha256,
        channel=row.channel,
        kind=row.kind,
        state=row.state,
        url=row.url,
        error=row.error,
        due_at=row.due_at,
        planned_at=row.planned_at,
        sent_at=row.sent_at,
        live_at=row.live_at,
        changed_at=row.changed_at,
    )
