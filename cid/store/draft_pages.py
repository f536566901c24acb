"""What the pages about drafts show, and only they."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cid.domain.draft import Author, Draft, DraftState
from cid.domain.ids import DraftId, ItemId, ScreeningId, TenantId, VersionId
from cid.domain.publication import Fate, PublicationState, fate
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

LISTED = query("draft_pages.listed")
COUNTS = query("draft_pages.counts")
VERSIONS = query("draft_pages.versions")
COST = query("draft_pages.cost")
KIN = query("draft_pages.kin")
CAME_SINCE = query("draft_pages.came_since")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    id: DraftId
    state: DraftState
    sample: bool
    update: bool
    """Of an earlier draft of its story."""
    found_at: datetime
    created_at: datetime
    changed_at: datetime
    number: int
    title: str
    provider: str
    """Of the first version: how the text began."""
    score: int | None
    outcome: str | None
    """Of the current version's review."""
    states: list[str]
    """Of its publications."""
    live_at: datetime | None

    @property
    def fate(self) -> Fate | None:
        return fate(PublicationState(state) for state in self.states) if self.state is DraftState.APPROVED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    id: VersionId
    number: int
    author: Author
    who: str
    provider: str
    renderer: str
    sha256: str
    """In hexadecimal."""
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    calls: int
    cost: Decimal
    """US dollars."""
    models: list[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list: the row after which it goes on."""

    at: datetime
    id: DraftId


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Another draft of the same screening."""

    id: DraftId
    state: DraftState
    first: bool
    """The one that the others are updates of."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A report with news that is not in the draft."""

    id: ItemId
    title: str
    at: datetime


SHAPES = {LISTED: DraftRow, VERSIONS: VersionRow, COST: Cost, KIN: Kin, CAME_SINCE: Later}


async def listed(
    tx: Tx,
    tenant: TenantId,
    states: Collection[DraftState],
    *,
    before: Mark | None,
    limit: int,
    posted: Collection[PublicationState] = (),
    unless: Collection[PublicationState] = (),
    words: str = "",
) -> list[DraftRow]:
    """The newest change first. `posted`: one of its publications is in one of these states; `unless`: none is in one of
    those. `words`: of its title, as people type them into a search."""
    at, key = (before.at, before.id) if before else (None, None)
    narrow = (list(posted) or None, list(unless) or None, words)
    return each(DraftRow, await tx.fetch(LISTED, tenant, list(states), at, key, limit, *narrow))


async def counts(tx: Tx, tenant: TenantId) -> dict[tuple[DraftState, str], int]:
    """By state and, of what is approved, by problem, live or scheduled; empty: it has no publications."""
    return {(DraftState(row["state"]), row["fate"] or ""): row["drafts"] for row in await tx.fetch(COUNTS, tenant)}


async def versions(tx: Tx, tenant: TenantId, draft: DraftId) -> list[VersionRow]:
    return each(VersionRow, await tx.fetch(VERSIONS, tenant, draft))


async def cost(tx: Tx, tenant: TenantId, draft: DraftId, screening: ScreeningId) -> Cost:
    row = await tx.fetchrow(COST, tenant, draft, screening)
    assert row is not None
    return into(Cost, row)


async def kin(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Kin]:
    return each(Kin, await tx.fetch(KIN, tenant, draft))


async def came_since(tx: Tx, tenant: TenantId, draft: Draft, since: datetime) -> list[Later]:
    """What the last follow-up of it after `since` found and left alone."""
    return each(Later, await tx.fetch(CAME_SINCE, tenant, draft.screening_id, since, draft.id))
