"""The tracker's entries for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.errors import NotFound
from cid.domain.ids import EntryId
from cid.domain.tracker import EntryDecision, EntryState
from cid.flows import trackers as flow
from cid.store import entries, track_pages
from cid.web.api.cursors import moment_after, page
from cid.web.api.shapes import about, items, number, text

if TYPE_CHECKING:
    from cid.domain.tracker import Entry
    from cid.web.api.endpoint import Asked, Nothing

VIA = "api"


class Choice(StrEnum):
    APPROVE = "approve"
    HIDE = "hide"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesWanted:
    state: EntryState | None = about("Only entries in this state.", default=None)
    category: str | None = text("Only entries of this category.", longest=200, shortest=1, default=None)
    region: str | None = text("Only entries of the region with this code.", longest=50, shortest=1, default=None)
    limit: int = number("How many at most.", least=1, most=100, default=50)
    cursor: str | None = text("The `next` of the page before.", longest=600, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    id: UUID
    state: EntryState
    title: str
    url: str
    category: str
    regions: tuple[str, ...] = about("Codes.")
    summary: str
    score: int = about("From 0 to 100.")
    provider: str = about("Whose words the summary began as.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesPage:
    """The newest first."""

    items: tuple[EntryLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryShown:
    id: UUID
    item: UUID
    state: EntryState
    title: str
    url: str
    category: str
    regions: tuple[str, ...]
    summary: str
    score: int
    provider: str
    sample: bool
    published_at: datetime | None
    made_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDecisions:
    kind: Choice
    entries: tuple[UUID, ...] = items("All in one go.", most=flow.MOST, fewest=1)
    reason: str = text(longest=500, lines=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesDecided:
    moved: int
    stayed: int = about("They were so already, or their story merged with another's.")


async def listed(asked: Asked[EntriesWanted, Nothing]) -> EntriesPage:
    wanted, tenant = asked.query, asked.actor.tenant.id
    before = moment_after(wanted.cursor)
    async with asked.sv.db.read(tenant) as tx:
        rows = await track_pages.entries(
            tx,
            tenant,
            [wanted.state] if wanted.state else list(EntryState),
            category=wanted.category,
            region=wanted.region,
            before=before,
            limit=wanted.limit + 1,
        )
    shown, next_ = page(rows, wanted.limit, lambda row: (row.place_at.isoformat(), row.place_id))
    lines = (
        EntryLine(
            id=row.entry_id,
            state=row.entry_state,
            title=row.title,
            url=row.url,
            category=row.category or "",
            regions=tuple(row.regions or ()),
            summary=row.summary or "",
            score=row.score or 0,
            provider=row.provider or "",
        )
        for row in shown
        if row.entry_id and row.entry_state
    )
    return EntriesPage(items=tuple(lines), next=next_)


async def one(asked: Asked[Nothing, Nothing]) -> EntryShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await entries.by_id(tx, tenant, EntryId(asked.ids["entry"]))
    if found is None:
        raise NotFound("There is no such entry.")
    return _shown(found)


async def decide(asked: Asked[Nothing, EntryDecisions]) -> EntriesDecided:
    form = asked.body
    chosen = [EntryId(entry) for entry in form.entries]
    kind = EntryDecision(form.kind.value)
    done = await flow.decide(asked.sv, asked.actor, kind, chosen, reason=form.reason, via=VIA)
    return EntriesDecided(moved=done.moved, stayed=done.stayed)


def _shown(entry: Entry) -> EntryShown:
    return EntryShown(
        id=entry.id,
        item=entry.item_id,
        state=entry.state,
        title=entry.title,
        url=entry.url,
        category=entry.category,
        regions=entry.regions,
        summary=entry.summary,
        score=entry.score,
        provider=entry.provider,
        sample=entry.sample,
        published_at=entry.published_at,
        made_at=entry.made_at,
        changed_at=entry.changed_at,
    )
