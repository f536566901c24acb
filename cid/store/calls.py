"""Calls of models as people look at them. The ledger writes them; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import CallId, DraftId, ItemId, SourceId, TenantId
from cid.domain.llm import Json
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

LISTED = query("calls.listed")
KINDS = query("calls.kinds")
ONE = query("calls.one")
KEPT = query("calls.kept")
ABOUT = query("calls.about")
FOLLOWED = query("calls.followed")
SPENT_SINCE = query("calls.spent_since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    calls: int
    subjects: int
    input: int
    """All tokens that were read, cached or not."""
    cached: int
    output: int
    dollars: Decimal


class CallState(StrEnum):
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    """Nothing is owed."""
    AMBIGUOUS = "ambiguous"
    """Sent, and perhaps billed: counted at its reservation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    id: CallId
    stage: str
    tier: str
    provider: str
    model: str
    prompt: str
    prompt_version: str
    attempt: int
    state: CallState
    stop: str
    error: str
    reading: str
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    units: Mapping[str, int]
    """What was charged where that is not tokens."""
    reserved: Decimal
    cost: Decimal | None
    subjects: int
    repaired_from: CallId | None
    sent_at: datetime
    answered_at: datetime | None

    @property
    def read(self) -> int:
        """Tokens of the prompt, cached or not."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h

    @property
    def took(self) -> timedelta | None:
        return self.answered_at - self.sent_at if self.answered_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Everything about one call."""

    id: CallId
    stage: str
    tier: str
    provider: str
    model: str
    prompt: str
    prompt_version: str
    prompt_hash: str
    """In hexadecimal."""
    attempt: int
    repaired_from: CallId | None
    instead_of: str
    request: Mapping[str, Json]
    state: CallState
    stop: str
    served: str
    request_id: str
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    thinking: int
    units: Mapping[str, int]
    reserved: Decimal
    cost: Decimal | None
    price_from: date | None
    error: str
    reply: str | None
    reading: str
    subjects: Sequence[Sequence[str]]
    """[opaque id, subject key, input hash in hexadecimal] each."""
    sent_at: datetime
    deadline: datetime
    answered_at: datetime | None
    read_at: datetime | None

    @property
    def took(self) -> timedelta | None:
        return self.answered_at - self.sent_at if self.answered_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    stage: str
    model: str
    """`provider/model`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored answer for an input of a call."""

    id: str
    """Opaque, of the call that is looked at."""
    subject: str
    call_id: CallId
    """Whose answer it is."""
    answer: Mapping[str, Json]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a subject's key stands for."""

    key: UUID
    item_id: ItemId | None
    draft_id: DraftId | None
    source_id: SourceId | None
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list: the row after which it goes on."""

    at: datetime
    id: CallId


SHAPES = {LISTED: CallRow, KINDS: Kind, ONE: Call, KEPT: Kept, ABOUT: About, SPENT_SINCE: Spent}


async def listed(
    tx: Tx,
    tenant: TenantId,
    *,
    stage: str | None = None,
    model: str | None = None,
    state: CallState | None = None,
    since: datetime | None = None,
    before: Mark | None = None,
    limit: int,
) -> list[CallRow]:
    """Newest first. `model` is `provider/model`."""
    at, key = (before.at, before.id) if before else (None, None)
    return each(CallRow, await tx.fetch(LISTED, tenant, stage, model, state, since, at, key, limit))


async def kinds(tx: Tx, tenant: TenantId) -> list[Kind]:
    return each(Kind, await tx.fetch(KINDS, tenant))


async def one(tx: Tx, tenant: TenantId, call: CallId) -> Call | None:
    row = await tx.fetchrow(ONE, tenant, call)
    return None if row is None else into(Call, row)


async def kept(tx: Tx, tenant: TenantId, call: CallId) -> list[Kept]:
    return each(Kept, await tx.fetch(KEPT, tenant, call))


async def about(tx: Tx, tenant: TenantId, keys: Collection[str]) -> dict[str, About]:
    """By key; what is no id of ours, or of nothing that is still there, is absent."""
    known = [key for key in map(_uuid, keys) if key]
    return {str(row.key): row for row in each(About, await tx.fetch(ABOUT, tenant, known))}


async def spent_since(tx: Tx, tenant: TenantId, stage: str, since: datetime) -> Spent:
    row = await tx.fetchrow(SPENT_SINCE, tenant, stage, since)
    assert row, "an aggregate answers one row"
    return into(Spent, row)


async def followed(tx: Tx, tenant: TenantId, call: Call) -> list[CallId]:
    """The calls that asked again for what it left open."""
    return [CallId(row["id"]) for row in await tx.fetch(FOLLOWED, tenant, call.id, call.sent_at)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
