"""What gates said: written once, never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cid.domain.ids import CallId, ItemId, ScreeningId, StoryId, TenantId, VerdictId
from cid.domain.llm import Json
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Pass, Reason, Verdict
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("verdicts.add")
OF_ITEM = query("verdicts.of_item")
OF_SCREENING = query("verdicts.of_screening")
JUDGED_ITEMS = query("verdicts.judged_items")
ADD_MANY = query("verdicts.add_many")
RULES_OF_SCREENING = query("verdicts.rules_of_screening")
FOLLOW_UPS = query("verdicts.follow_ups")
CAME_SINCE_EVIDENCE = query("verdicts.came_since_evidence")
LATEST = 300
"""Items of a screening whose keywords count: a story of thousands says with these what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of a trace."""

    gate: Gate
    outcome: str
    reason: Reason
    detail: str
    score: float | None
    signals: Mapping[str, Json]
    cost: Decimal | None
    """US dollars: this judgement's share of its call."""
    config: bytes | None
    """What the gate was set to: `policies.noted`."""
    desk: Desk
    screening_id: ScreeningId | None
    call_id: CallId | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVerdict:
    """One of many, about an item."""

    id: VerdictId
    item_id: ItemId
    story_id: StoryId
    screening_id: ScreeningId | None
    verdict: Verdict


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
    reused: bool = False,
    config: bytes | None = None,
    desk: Desk = Desk.PUBLISHING,
) -> None:
    """`reused`: its call was paid for before, by another judgement."""
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
        verdict.signals,
        config,
        desk,
        reused,
    )


async def of_item(tx: Tx, tenant: TenantId, item: ItemId, story: StoryId | None) -> list[Said]:
    return each(Said, await tx.fetch(OF_ITEM, tenant, item, story))


async def of_screening(tx: Tx, tenant: TenantId, screening: ScreeningId) -> list[Said]:
    return each(Said, await tx.fetch(OF_SCREENING, tenant, screening))


async def judged_items(tx: Tx, tenant: TenantId, items: Collection[ItemId]) -> set[ItemId]:
    rows = await tx.fetch(JUDGED_ITEMS, tenant, list(items))
    return {row["item_id"] for row in rows}


async def keywords(tx: Tx, tenant: TenantId, screening: ScreeningId) -> tuple[str, ...]:
    """The tenant's keywords that gate 1 found in the items of a screening, those that most items name first."""
    rows = await tx.fetch(RULES_OF_SCREENING, tenant, screening, LATEST)
    named = Counter(str(word) for row in rows for word in row["signals"].get("keywords") or ())
    return tuple(sorted(named, key=lambda word: (-named[word], word)))


async def add_many(
    tx: Tx, gate: Gate, said: Sequence[NewVerdict], *, config: bytes | None = None, desk: Desk = Desk.PUBLISHING
) -> None:
    await tx.execute(
        ADD_MANY,
        tx.tenant,
        gate,
        [new.id for new in said],
        [new.item_id for new in said],
        [new.story_id for new in said],
        [new.screening_id for new in said],
        ["pass" if isinstance(new.verdict, Pass) else "drop" for new in said],
        [new.verdict.reason for new in said],
        [new.verdict.detail for new in said],
        [new.verdict.signals for new in said],
        config,
        desk,
    )


async def follow_ups(tx: Tx, tenant: TenantId, screening: ScreeningId, since: datetime) -> int:
    """How often a model was asked to follow its draft up."""
    return int(await tx.fetchval(FOLLOW_UPS, tenant, screening, since))


async def came_since_evidence(tx: Tx, tenant: TenantId, screening: ScreeningId) -> bool:
    """Whether reports joined it while its draft was being made."""
    return bool(await tx.fetchval(CAME_SINCE_EVIDENCE, tenant, screening))
