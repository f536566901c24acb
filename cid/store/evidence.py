"""What a tenant may see of a story, and the evidence that was made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cid.domain.evidence import (
    Avoid,
    Claim,
    ClaimKind,
    Confidence,
    EvidenceState,
    Pack,
    Report,
    SourceClass,
    Spread,
)
from cid.domain.ids import ScreeningId, StoryId, TenantId
from cid.domain.telling import WINDOW
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

HEADLINES = query("evidence.headlines")
REPORTS = query("evidence.reports")
SPREAD = query("evidence.spread")
COUNT_SPREAD = query("evidence.count_spread")
ADD = query("evidence.add")
PACK = query("evidence.pack")
FOUND_AT = query("evidence.found_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The item that opened a screening."""

    screening_id: ScreeningId
    title: str
    summary: str
    publisher: str


SHAPES = {HEADLINES: Opened, REPORTS: Report, SPREAD: Spread}


async def headlines(tx: Tx, tenant: TenantId, screenings: Collection[ScreeningId]) -> list[Opened]:
    return each(Opened, await tx.fetch(HEADLINES, tenant, list(screenings)))


async def reports(tx: Tx, tenant: TenantId, story: StoryId) -> list[Report]:
    """In a tenant's transaction: row security decides what is visible. Earliest first, at most 200."""
    return await _reports(tx, tenant, story, last=False)


async def latest_reports(tx: Tx, tenant: TenantId, story: StoryId) -> list[Report]:
    """As `reports`, but of a story with more of them the last."""
    return (await _reports(tx, tenant, story, last=True))[::-1]


async def _reports(tx: Tx, tenant: TenantId, story: StoryId, *, last: bool) -> list[Report]:
    return each(Report, await tx.fetch(REPORTS, tenant, story, last))


async def spread(tx: Tx, tenant: TenantId, story: StoryId, window: timedelta = WINDOW) -> Spread:
    row = await tx.fetchrow(SPREAD, tenant, story, window)
    assert row, "an aggregate answers one row"
    return into(Spread, row)


async def count_spread(tx: Tx, tenant: TenantId, screening: ScreeningId, publishers: int) -> None:
    await tx.execute(COUNT_SPREAD, tenant, screening, publishers)


async def add(tx: Tx, id_: UUID, screening: ScreeningId, pack: Pack) -> None:
    claims, avoid = [asdict(claim) for claim in pack.claims], [asdict(one) for one in pack.avoid]
    refs = [{"title": title, "url": url} for title, url in pack.references]
    await tx.execute(ADD, tx.tenant, id_, screening, claims, avoid, refs, pack.state, list(pack.notes))


async def pack(tx: Tx, tenant: TenantId, screening: ScreeningId) -> Pack:
    """The newest; an empty one while none was made."""
    row = await tx.fetchrow(PACK, tenant, screening)
    if row is None:
        return Pack()
    return Pack(
        claims=tuple(_claim(claim) for claim in row["claims"]),
        avoid=tuple(Avoid(**one) for one in row["avoid"]),
        references=tuple((ref["title"], ref["url"]) for ref in row["refs"]),
        state=EvidenceState(row["state"]),
        notes=tuple(row["notes"]),
    )


def _claim(value: Mapping[str, Any]) -> Claim:
    words = {"kind": ClaimKind, "confidence": Confidence, "source_class": SourceClass}
    return Claim(**{**value, **{name: word(value[name]) for name, word in words.items() if name in value}})


async def found_at(tx: Tx, story: StoryId) -> datetime | None:
    found: datetime | None = await tx.fetchval(FOUND_AT, story)
    return found
