"""What pages and lists read. Nothing here changes anything; every figure is a fold over rows, made by the statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cid.domain.draft import DraftState
from cid.domain.ids import DraftId, ItemId, ScreeningId, SourceId, StoryId, TenantId
from cid.domain.llm import Json
from cid.domain.news import PollOutcome, SourceKind
from cid.domain.screening import ScreeningState, Stage, WaitFor
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Reason
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

QUEUE = query("pages.queue")
SOURCES_BY_WORD = query("pages.sources_by_word")
FUNNEL = query("pages.funnel")
DECIDED = query("pages.decided")
BACKLOG = query("pages.backlog")
DRAFTS_BY_STATE = query("pages.drafts_by_state")
SPEND = query("pages.spend")
BUDGET = query("pages.budget")
PIECES = query("pages.pieces")
PROCESSES = query("pages.processes")
MIGRATED = query("pages.migrated")
SOURCES = query("pages.sources")
JUDGED_AT = query("pages.judged_at")
JUDGED_FOR = query("pages.judged_for")
JUDGED_AS = query("pages.judged_as")
FOUND = query("pages.found")
SCREENED = query("pages.screened")
SCREENED_FOUND = query("pages.screened_found")
BY_URL = query("pages.by_url")
ITEM = query("pages.item")
SIGHTINGS = query("pages.sightings")
TOLD_WITH = query("pages.told_with")
TRACE = query("pages.trace")

COUNTED = 10_000
"""Counting a queue stops here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    kind: str
    ready: int
    oldest: datetime | None
    running: int
    later: int
    dead: int
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    word: str
    sources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelCount:
    gate: Gate
    outcome: str
    reason: Reason
    verdicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    approved: int
    rejected: int
    live: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    state: ScreeningState
    stage: Stage
    waiting_for: WaitFor | None
    stories: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCount:
    state: DraftState
    drafts: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    stage: str
    provider: str
    calls: int
    unanswered: int
    dollars: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    cap: Decimal | None
    """None: there is no cap."""
    spent: Decimal
    reserved: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    id: DraftId
    state: DraftState
    sample: bool
    title: str
    provider: str
    found_at: datetime
    drafted_at: datetime
    decided_at: datetime | None
    live_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    host: str
    pid: int
    kinds: list[str]
    parts: Mapping[str, Json]
    started_at: datetime
    beat_at: datetime
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    id: SourceId
    trust: float
    role: str
    active: bool
    kind: SourceKind
    url: str
    title: str
    publisher: str
    private: bool
    sample: bool
    outcome: PollOutcome | None
    outcome_detail: str
    failures: int
    quarantined_until: datetime | None
    polled_at: datetime | None
    last_new_at: datetime | None
    next_poll_at: datetime
    fixed_s: int | None
    """Set by this tenant."""
    full_text: bool
    interval_why: str
    moved_to: str
    former_url: str
    validators_lie: bool
    word: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item in a list, with the verdict or the screening that put it there."""

    place_id: ScreeningId
    place_at: datetime
    gate: Gate | None
    outcome: str | None
    reason: Reason | None
    score: float | None
    id: ItemId
    title: str
    url: str
    published_at: datetime | None
    first_seen_at: datetime
    sample: bool
    state: ScreeningState | None
    stage: Stage | None
    waiting_for: WaitFor | None
    dropped_at: Gate | None
    dropped_for: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    id: ItemId
    url: str
    title: str
    summary: str
    author: str
    published_at: datetime | None
    first_seen_at: datetime
    sample: bool
    story_id: StoryId | None
    screening_id: ScreeningId | None
    state: ScreeningState | None
    stage: Stage | None
    waiting_for: WaitFor | None
    until: datetime | None
    dropped_at: Gate | None
    dropped_for: Reason | None
    failure: str | None
    urgent: bool | None
    spread: int | None
    opened_at: datetime | None
    opener: bool | None
    draft_id: DraftId | None
    draft_state: DraftState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    source_id: SourceId
    title: str
    url: str
    publisher: str
    private: bool
    published_at: datetime | None
    seen_at: datetime
    trust: float | None
    active: bool
    backlog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    id: ItemId
    title: str
    url: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a trace. The call's cost is that of the whole call, which may have judged others too; `share` is this
    judgement's own, in US dollars."""

    gate: Gate
    outcome: str
    reason: Reason
    detail: str
    score: float | None
    signals: Mapping[str, Json]
    share: Decimal | None
    desk: Desk
    at: datetime
    of_item: bool
    provider: str | None
    model: str | None
    prompt: str | None
    prompt_version: str | None
    cost: Decimal | None
    set_to: Mapping[str, Json] | None
    """The gate's own numbers as they stood when it judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a list a page begins: after the row that this names."""

    at: datetime
    id: ScreeningId


SHAPES = {
    QUEUE: Queue,
    SOURCES_BY_WORD: SourceCount,
    FUNNEL: FunnelCount,
    DECIDED: Decided,
    BACKLOG: Backlog,
    DRAFTS_BY_STATE: DraftCount,
    SPEND: Spend,
    BUDGET: Budget,
    PIECES: Piece,
    PROCESSES: Process,
    SOURCES: SourceRow,
    JUDGED_AT: ItemRow,
    JUDGED_FOR: ItemRow,
    JUDGED_AS: ItemRow,
    FOUND: ItemRow,
    SCREENED: ItemRow,
    SCREENED_FOUND: ItemRow,
    ITEM: ItemPage,
    SIGHTINGS: Seen,
    TOLD_WITH: Told,
    TRACE: Line,
}


async def queue(tx: Tx, tenant: TenantId, kinds: Sequence[str]) -> list[Queue]:
    """One row for each of `kinds`, in their order."""
    return each(Queue, await tx.fetch(QUEUE, tenant, list(kinds)))


async def sources_by_word(tx: Tx, tenant: TenantId) -> list[SourceCount]:
    return each(SourceCount, await tx.fetch(SOURCES_BY_WORD, tenant))


async def funnel(tx: Tx, tenant: TenantId, desk: Desk) -> list[FunnelCount]:
    return each(FunnelCount, await tx.fetch(FUNNEL, tenant, desk))


async def decided(tx: Tx, tenant: TenantId) -> Decided:
    rows = await tx.fetch(DECIDED, tenant)
    return into(Decided, rows[0])


async def backlog(tx: Tx, tenant: TenantId, desk: Desk) -> list[Backlog]:
    return each(Backlog, await tx.fetch(BACKLOG, tenant, desk))


async def drafts_by_state(tx: Tx, tenant: TenantId) -> list[DraftCount]:
    return each(DraftCount, await tx.fetch(DRAFTS_BY_STATE, tenant))


async def spend(tx: Tx, tenant: TenantId) -> list[Spend]:
    return each(Spend, await tx.fetch(SPEND, tenant))


async def budget(tx: Tx, tenant: TenantId, default: Decimal | None) -> Budget:
    """Of today; `default` is the cap where no page says otherwise."""
    row = await tx.fetchrow(BUDGET, tenant, default)
    assert row
    return into(Budget, row)


async def pieces(tx: Tx, tenant: TenantId) -> list[Piece]:
    return each(Piece, await tx.fetch(PIECES, tenant))


async def processes(tx: Tx) -> list[Process]:
    """In a platform transaction."""
    return each(Process, await tx.fetch(PROCESSES))


async def migrated(tx: Tx) -> int:
    """The number of the newest migration applied."""
    return int(await tx.fetchval(MIGRATED))


async def sources(
    tx: Tx,
    tenant: TenantId,
    *,
    word: str | None,
    part: str | None,
    after: tuple[str, SourceId] | None,
    limit: int,
) -> list[SourceRow]:
    place, source = after or (None, None)
    return each(SourceRow, await tx.fetch(SOURCES, tenant, word, part, place, source, limit))


async def judged(
    tx: Tx,
    tenant: TenantId,
    *,
    gate: Gate | None,
    outcome: str | None,
    reason: Reason | None,
    words: str | None,
    before: Place | None,
    limit: int,
    desk: Desk | None = None,
) -> list[ItemRow]:
    """At least one of gate, outcome and reason; `desk`: of that one alone.

    `words`: as typed into a search engine, quotes and minus included."""
    place = (before.at if before else None, before.id if before else None)
    if words is not None:
        return each(ItemRow, await tx.fetch(FOUND, tenant, gate, outcome, reason, *place, limit, words, desk))
    if reason is not None:
        return each(ItemRow, await tx.fetch(JUDGED_FOR, tenant, reason, gate, *place, limit, desk))
    if gate is not None:
        return each(ItemRow, await tx.fetch(JUDGED_AT, tenant, gate, outcome, *place, limit, desk))
    return each(ItemRow, await tx.fetch(JUDGED_AS, tenant, outcome, *place, limit, desk))


async def screened(
    tx: Tx,
    tenant: TenantId,
    state: ScreeningState,
    *,
    words: str | None,
    before: Place | None,
    limit: int,
    desk: Desk | None = None,
) -> list[ItemRow]:
    args = (tenant, state, before.at if before else None, before.id if before else None, limit)
    found = (SCREENED, *args) if words is None else (SCREENED_FOUND, *args, words)
    rows = await tx.fetch(*found, desk)
    return each(ItemRow, rows)


async def by_url(tx: Tx, url: str) -> ItemId | None:
    """Of an item that the transaction's tenant may see, by its canonical address."""
    found = await tx.fetchval(BY_URL, url)
    return ItemId(found) if found else None


async def item(tx: Tx, tenant: TenantId, item: ItemId) -> ItemPage | None:
    row = await tx.fetchrow(ITEM, tenant, item)
    return into(ItemPage, row) if row else None


async def sightings(tx: Tx, tenant: TenantId, item: ItemId) -> list[Seen]:
    return each(Seen, await tx.fetch(SIGHTINGS, tenant, item))


async def told_with(tx: Tx, story: StoryId, item: ItemId) -> list[Told]:
    return each(Told, await tx.fetch(TOLD_WITH, story, item))


async def trace(tx: Tx, tenant: TenantId, item: ItemId, screening: ScreeningId | None) -> list[Line]:
    return each(Line, await tx.fetch(TRACE, tenant, item, screening))
