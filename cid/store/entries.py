"""Entries of trackers, and what people decided about them. Moves are compare-and-set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import CallId, EntryId, ItemId, ScreeningId, StoryId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.tracker import ENTRY, ApprovalRule, Entry, EntryDecision, EntryState, Tags
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Row, Tx

ADD = query("entries.add")
BY_ID = query("entries.by_id")
LOCK = query("entries.lock")
MOVE = query("entries.move")
RETAG = query("entries.retag")
WAS_HIDDEN = query("entries.was_hidden")
DECIDE = query("entries.decide")
DECISIONS = query("entries.decisions")
REPORTS = query("entries.reports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One decision as people are told of it."""

    id: UUID
    kind: EntryDecision
    who: str
    via: str
    rule: Mapping[str, Json] | None
    reason: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    reports: int
    publishers: int
    latest: datetime | None


SHAPES = {BY_ID: Entry, LOCK: Entry, DECISIONS: Made, REPORTS: Reported}


async def add(
    tx: Tx,
    entry: EntryId,
    *,
    screening: ScreeningId,
    story: StoryId,
    item: ItemId,
    tags: Tags,
    title: str,
    url: str,
    score: int,
    published_at: datetime | None,
    sample: bool,
    provider: str,
    call: CallId | None,
) -> None:
    """Pending. Of one screening there is one."""
    await tx.execute(
        ADD,
        tx.tenant,
        entry,
        screening,
        story,
        item,
        tags.category,
        list(tags.regions),
        title,
        tags.summary,
        url,
        score,
        published_at,
        sample,
        provider,
        call,
    )


async def by_id(tx: Tx, tenant: TenantId, entry: EntryId) -> Entry | None:
    row = await tx.fetchrow(BY_ID, tenant, entry)
    return _entry(row) if row else None


async def lock(tx: Tx, tenant: TenantId, entries: Collection[EntryId]) -> list[Entry]:
    return [_entry(row) for row in await tx.fetch(LOCK, tenant, list(entries))]


def _entry(row: Row) -> Entry:
    return into(Entry, {**dict(row.items()), "regions": tuple(row["regions"])})


async def move(tx: Tx, tenant: TenantId, entry: EntryId, old: EntryState, new: EntryState) -> bool:
    """False when somebody else moved it first, or its story's merge."""
    ENTRY.check(old, new)
    return await tx.fetchval(MOVE, tenant, entry, old, new) is not None


async def retag(tx: Tx, tenant: TenantId, entry: EntryId, tags: Tags) -> None:
    await tx.execute(RETAG, tenant, entry, tags.category, list(tags.regions), tags.summary)


async def was_hidden(tx: Tx, tenant: TenantId, story: StoryId) -> bool:
    found: bool = await tx.fetchval(WAS_HIDDEN, tenant, story)
    return found


async def decide(
    tx: Tx,
    decision: UUID,
    entry: EntryId,
    kind: EntryDecision,
    *,
    user: UserId,
    via: str,
    rule: ApprovalRule | None = None,
    reason: str = "",
    before: Tags | None = None,
    after: Tags | None = None,
) -> None:
    values = [asdict(value) if value else None for value in (rule, before, after)]
    await tx.execute(DECIDE, tx.tenant, decision, entry, kind, user, via, values[0], reason, values[1], values[2])


async def decisions(tx: Tx, tenant: TenantId, entry: EntryId) -> list[Made]:
    return each(Made, await tx.fetch(DECISIONS, tenant, entry))


async def reports(tx: Tx, story: StoryId) -> Reported:
    row = await tx.fetchrow(REPORTS, story)
    assert row, "an aggregate answers one row"
    return into(Reported, row)
