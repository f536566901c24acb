"""Sources for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.ids import SourceId
from cid.domain.news import PollOutcome, SourceKind
from cid.flows import sources
from cid.store import pages
from cid.text import urls
from cid.web.api.cursors import after, page
from cid.web.api.shapes import about, number, text

if TYPE_CHECKING:
    from cid.store.pages import SourceRow
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesWanted:
    words: str | None = text("Part of a title or an address.", longest=200, shortest=1, default=None)
    limit: int = number("How many at most.", least=1, most=100, default=50)
    cursor: str | None = text("The `next` of the page before.", longest=600, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShown:
    id: UUID
    kind: SourceKind
    url: str = about("A key in it is blotted out.")
    title: str
    publisher: str
    private: bool = about("Nobody else knows of it.")
    sample: bool
    active: bool
    trust: float = about("From 0 to 1.")
    role: str = about("`news` or `competitor`.")
    outcome: PollOutcome | None = about("Of the last poll; null: it was not polled yet.")
    detail: str
    failures: int
    polled_at: datetime | None
    last_new_at: datetime | None
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesPage:
    """In the order of their titles."""

    items: tuple[SourceShown, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAsked:
    """A feed. Kinds that want more are added on the page Sources."""

    url: str = text("Of an RSS, Atom or JSON feed.", longest=2000, shortest=1)
    title: str = text(longest=300, default="")
    trust: float = number("How far it is believed.", least=0, most=1, default=sources.DEFAULT_TRUST)
    competitor: bool = about("Its reports are what competitors write, not news.", default=False)
    private: bool = about("Nobody else is to know of it.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAdded:
    id: UUID
    url: str = about("As it is stored, a key in it blotted out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    id: UUID
    active: bool


async def listed(asked: Asked[SourcesWanted, Nothing]) -> SourcesPage:
    wanted, tenant = asked.query, asked.actor.tenant.id
    found = after(wanted.cursor)
    place = (found[0], SourceId(found[1])) if found else None
    async with asked.sv.db.read(tenant) as tx:
        rows = await pages.sources(tx, tenant, word=None, part=wanted.words, after=place, limit=wanted.limit + 1)
    shown, next_ = page(rows, wanted.limit, lambda row: (row.place, row.id))
    return SourcesPage(items=tuple(_shown(row) for row in shown), next=next_)


async def add(asked: Asked[Nothing, SourceAsked]) -> SourceAdded:
    form = asked.body
    wish = sources.Wish(
        url=form.url,
        title=form.title,
        trust=form.trust,
        role="competitor" if form.competitor else "news",
        private=form.private,
    )
    added = await sources.add(asked.sv, asked.actor.tenant.id, wish, asked.actor)
    assert added.source_id is not None
    return SourceAdded(id=added.source_id, url=urls.shown(added.url))


async def switch(asked: Asked[Nothing, Switch]) -> Switched:
    source, wanted = SourceId(asked.ids["source"]), asked.body.active
    await sources.set_active(asked.sv, asked.actor.tenant.id, source, wanted=wanted, actor=asked.actor)
    return Switched(id=source, active=wanted)


def _shown(row: SourceRow) -> SourceShown:
    return SourceShown(
        id=row.id,
        kind=row.kind,
        url=urls.shown(row.url),
        title=row.title,
        publisher=row.publisher,
        private=row.private,
        sample=row.sample,
        active=row.active,
        trust=row.trust,
        role=row.role,
        outcome=row.outcome,
        detail=row.outcome_detail,
        failures=row.failures,
        polled_at=row.polled_at,
        last_new_at=row.last_new_at,
        next_poll_at=row.next_poll_at,
    )
