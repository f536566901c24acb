"""What a tenant may see of a story, and the evidence that was made of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.evidence import Claim, Report, Spread
from cid.domain.ids import ScreeningId, StoryId, TenantId
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

HEADLINES = query("evidence.headlines")
REPORTS = query("evidence.reports")
SPREAD = query("evidence.spread")
COUNT_SPREAD = query("evidence.count_spread")
ADD = query("evidence.add")
CLAIMS = query("evidence.claims")
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
    return each(Report, await tx.fetch(REPORTS, tenant, story))


async def spread(tx: Tx, tenant: TenantId, story: StoryId) -> Spread:
    row = await tx.fetchrow(SPREAD, tenant, story)
    assert row, "an aggregate answers one row"
    return into(Spread, row)


async def count_spread(tx: Tx, tenant: TenantId, screening: ScreeningId, publishers: int) -> None:
    await tx.execute(COUNT_SPREAD, tenant, screening, publishers)


async def add(tx: Tx, pack: UUID, screening: ScreeningId, claims: Sequence[Claim]) -> None:
    await tx.execute(ADD, tx.tenant, pack, screening, [asdict(claim) for claim in claims])


async def claims(tx: Tx, tenant: TenantId, screening: ScreeningId) -> tuple[Claim, ...]:
    """Empty while no pack was made."""
    return tuple(Claim(**claim) for claim in await tx.fetchval(CLAIMS, tenant, screening) or ())


async def found_at(tx: Tx, story: StoryId) -> datetime | None:
    found: datetime | None = await tx.fetchval(FOUND_AT, story)
    return found
