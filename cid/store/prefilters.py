"""What is learned of a tenant's past scores, and how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.ids import ScreeningId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.prefilter import Filter, Label, Learned, Live, Word
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

LABELS = query("prefilters.labels")
PUT = query("prefilters.put")
STANDING = query("prefilters.standing")
PROVED = query("prefilters.proved")
SAMPLE = query("prefilters.sample")
LIVE = query("prefilters.live")
MEASURED = query("prefilters.measured")
CLEAR = query("prefilters.clear")
LEARNED_AT = query("prefilters.learned_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """One that may drop."""

    version: int
    filter: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As people see it. `up` and `down`: word, weight, and how many stories with it passed and did not."""

    version: int
    state: str
    """learning, proved or tripped."""
    why: str
    threshold: float
    up: Sequence[Sequence[Json]]
    down: Sequence[Sequence[Json]]
    labels: int
    decided: int
    passes: int
    held: int
    held_passes: int
    recall: float | None
    sure: float
    saved: float
    learned_at: datetime
    measured_at: datetime | None
    kept_passes: int
    asked: int
    asked_passes: int
    live_recall: float | None
    cleared_at: datetime | None
    cleared_by: str | None


SHAPES = {LABELS: Label, STANDING: Standing, LIVE: Live}


async def labels(tx: Tx, tenant: TenantId, *, most: int, within: timedelta) -> list[Label]:
    """In order of time, the newest of them."""
    return each(Label, await tx.fetch(LABELS, tenant, most, within))


async def put(tx: Tx, tenant: TenantId, new: Learned, *, lacking: str) -> None:
    """`lacking`: why it has not proved itself; empty: it has."""
    filter_, proof = new.filter, new.proof
    await tx.execute(
        PUT,
        tenant,
        "learning" if lacking else "proved",
        lacking,
        filter_.bias,
        filter_.threshold,
        dict(filter_.weights),
        _shown(new.up),
        _shown(new.down),
        proof.labels,
        proof.decided,
        proof.passes,
        proof.held,
        proof.held_passes,
        proof.recall,
        proof.sure,
        proof.saved,
    )


def _shown(words: Sequence[Word]) -> Json:
    return [[one.word, one.weight, one.wanted, one.unwanted] for one in words]


async def standing(tx: Tx, tenant: TenantId) -> Standing | None:
    row = await tx.fetchrow(STANDING, tenant)
    return into(Standing, row) if row else None


async def proved(tx: Tx, tenant: TenantId) -> Proved | None:
    row = await tx.fetchrow(PROVED, tenant)
    if row is None:
        return None
    return Proved(
        version=row["version"],
        filter=Filter(bias=row["bias"], threshold=row["threshold"], weights=row["weights"]),
    )


async def sample(
    tx: Tx, tenant: TenantId, screening: ScreeningId, *, version: int, score: float, stands_for: float
) -> None:
    await tx.execute(SAMPLE, tenant, screening, version, score, stands_for)


async def live(tx: Tx, tenant: TenantId, within: timedelta) -> Live:
    row = await tx.fetchrow(LIVE, tenant, within)
    assert row, "an aggregate answers one row"
    return into(Live, row)


async def measured(tx: Tx, tenant: TenantId, live: Live, failing: str) -> None:
    """`failing`: why it switches itself off; empty: it goes on."""
    await tx.execute(MEASURED, tenant, live.kept_passes, live.asked, live.asked_passes, live.recall, failing)


async def clear(tx: Tx, tenant: TenantId, by: UserId) -> bool:
    """False when it had not switched itself off."""
    return await tx.fetchval(CLEAR, tenant, by) is not None


async def learned_at(tx: Tx, tenant: TenantId) -> datetime | None:
    found: datetime | None = await tx.fetchval(LEARNED_AT, tenant)
    return found
