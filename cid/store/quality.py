"""What the page about reviews shows, and only it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cid.domain.draft import DraftState
from cid.domain.ids import CallId, DraftId, TenantId
from cid.domain.review import ReviewOutcome
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

COUNTS = query("quality.counts")
DRAFTS = query("quality.drafts")
ROUNDS = query("quality.rounds")
FINDINGS = query("quality.findings")
NEWEST = 500
"""Drafts that the counts and the list are over."""
LATELY = 100
"""Drafts in which what recurs is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    id: DraftId
    state: DraftState
    created_at: datetime
    title: str
    number: int
    outcome: ReviewOutcome | None
    """Of the current version; None: its review is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    draft_id: DraftId
    round: int
    outcome: ReviewOutcome
    score: int | None
    findings: str
    """JSON list of Finding."""
    changes: list[dict[str, str]] | None
    cost: Decimal | None
    made_at: datetime
    number: int
    """Of the version."""
    call_id: CallId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    draft_id: DraftId
    findings: str


SHAPES = {DRAFTS: Reviewed, ROUNDS: Round, FINDINGS: Found}


async def counts(tx: Tx, tenant: TenantId) -> dict[ReviewOutcome | None, int]:
    rows = await tx.fetch(COUNTS, tenant, NEWEST)
    return {ReviewOutcome(row["outcome"]) if row["outcome"] else None: row["drafts"] for row in rows}


async def drafts(
    tx: Tx, tenant: TenantId, outcome: ReviewOutcome | None, *, before: tuple[datetime, DraftId] | None, limit: int
) -> Sequence[Reviewed]:
    """The newest first."""
    at, key = before or (None, None)
    return each(Reviewed, await tx.fetch(DRAFTS, tenant, NEWEST, outcome, at, key, limit))


async def rounds(tx: Tx, tenant: TenantId, ids: Collection[DraftId]) -> Sequence[Round]:
    return each(Round, await tx.fetch(ROUNDS, tenant, list(ids)))


async def findings(tx: Tx, tenant: TenantId) -> Sequence[Found]:
    return each(Found, await tx.fetch(FINDINGS, tenant, LATELY))
