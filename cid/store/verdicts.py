"""What gates said: written once, never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import CallId, ItemId, ScreeningId, StoryId, TenantId, VerdictId
from cid.domain.verdicts import Gate, Pass, Reason, Verdict
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("verdicts.add")
OF_ITEM = query("verdicts.of_item")
OF_SCREENING = query("verdicts.of_screening")
JUDGED_ITEMS = query("verdicts.judged_items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of a trace."""

    gate: Gate
    outcome: str
    reason: Reason
    detail: str
    score: float | None
    screening_id: ScreeningId | None
    call_id: CallId | None
    at: datetime


SHAPES = {OF_ITEM: Said, OF_SCREENING: Said}


async def add(
    tx: Tx,
    verdict_id: VerdictId,
    gate: Gate,
    verdict: Verdict,
    *,
    story: StoryId,
    item: ItemId | None = None,
    screening: ScreeningId | None = None,
    call: CallId | None = None,
) -> None:
    outcome = "pass" if isinstance(verdict, Pass) else "drop"
    await tx.execute(
        ADD,
        verdict_id,
        tx.tenant,
        item,
        story,
        screening,
        gate,
        outcome,
        verdict.reason,
        verdict.detail,
        verdict.score,
        call,
    )


async def of_item(tx: Tx, tenant: TenantId, item: ItemId, story: StoryId | None) -> list[Said]:
    return each(Said, await tx.fetch(OF_ITEM, tenant, item, story))


async def of_screening(tx: Tx, tenant: TenantId, screening: ScreeningId) -> list[Said]:
    return each(Said, await tx.fetch(OF_SCREENING, tenant, screening))


async def judged_items(tx: Tx, tenant: TenantId, items: Collection[ItemId]) -> set[ItemId]:
    rows = await tx.fetch(JUDGED_ITEMS, tenant, list(items))
    return {row["item_id"] for row in rows}
