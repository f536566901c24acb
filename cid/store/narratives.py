"""Matches of known narratives over time, and what people said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cid.domain.ids import MatchId, RunId, TenantId, UserId
from cid.domain.narratives import By, MatchVerdict, Span, Stance, Strength
from cid.domain.shape import built
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

OF_MATCH = query("narratives.of_match")
ADD_VERDICT = query("narratives.add_verdict")
WEEKLY = query("narratives.weekly")
WEEKLY_OF_OUTLET = query("narratives.weekly_of_outlet")
LATEST = query("narratives.latest")
OUTLETS = query("narratives.outlets")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMatch:
    run_id: RunId
    narrative: str
    verdict: str
    """The last; empty: nobody said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Matches in items, of one narrative in one week (from its Monday, UTC) and stance."""

    narrative: str
    week: date
    stance: str
    found: int
    confirmed: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One match in an item, as a list shows it."""

    id: MatchId
    run_id: RunId
    item: int
    spans: tuple[Span, ...]
    cues: int
    strength: Strength
    stance: Stance
    language: str
    by: By
    made_at: datetime
    outlet: str
    country: str
    sample: bool
    title: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    key: str
    name: str
    last: datetime


SHAPES = {OF_MATCH: OfMatch, WEEKLY: Count, WEEKLY_OF_OUTLET: Count, LATEST: Seen, OUTLETS: Outlet}


async def of_match(tx: Tx, tenant: TenantId, match: MatchId) -> OfMatch | None:
    row = await tx.fetchrow(OF_MATCH, tenant, match)
    return into(OfMatch, row) if row else None


async def add_verdict(tx: Tx, id_: UUID, match: MatchId, verdict: MatchVerdict, *, note: str, user: UserId) -> None:
    await tx.execute(ADD_VERDICT, tx.tenant, id_, match, verdict, note, user)


async def weekly(
    tx: Tx, narratives: Sequence[str], *, since: datetime, stance: Stance | None = None, outlet: str = ""
) -> list[Count]:
    """`outlet`: its key; empty: of all."""
    if outlet:
        return each(Count, await tx.fetch(WEEKLY_OF_OUTLET, tx.tenant, list(narratives), since, stance, outlet))
    return each(Count, await tx.fetch(WEEKLY, tx.tenant, list(narratives), since, stance))


async def latest(
    tx: Tx,
    narrative: str,
    *,
    stance: Stance | None = None,
    outlet: str = "",
    before: tuple[datetime, MatchId] | None = None,
    limit: int,
) -> list[Seen]:
    """The newest first, from behind `before` on."""
    at, id_ = before or (None, None)
    rows = await tx.fetch(LATEST, tx.tenant, narrative, stance, at, id_, outlet or None, limit)
    found = []
    for row in rows:
        values = dict(row.items())
        values["spans"] = tuple(built(Span, one) for one in values["spans"])
        values |= {
            "strength": Strength(values["strength"]),
            "stance": Stance(values["stance"]),
            "by": By(values["by"]),
        }
        found.append(Seen(**values))
    return found


async def outlets(tx: Tx) -> list[Outlet]:
    return each(Outlet, await tx.fetch(OUTLETS, tx.tenant))
