"""What is set about models on pages, what it cost, and what waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cid.domain.choices import Breaker, Gauge, Held, Limits, Term
from cid.domain.ids import PLATFORM, CallId, DraftId, TenantId, UserId
from cid.domain.llm import Caps, Tier
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

TERMS = query("money.terms")
EVERY_TENANT = query("money.every_tenant")
CHOOSE = {Tier.CHEAP: query("money.choose_cheap"), Tier.QUALITY: query("money.choose_quality")}
CAP = query("money.cap")
SWITCH = query("money.switch")
GO_ON = query("money.go_on")
HELD = query("money.held")
HELD_BY_ALL = query("money.held_by_all")
BREAKERS = query("money.breakers")
TRY_NOW = query("money.try_now")
BUDGETS = query("money.budgets")
BY_DAY = query("money.by_day")
BY_STAGE = query("money.by_stage")
BY_MODEL = query("money.by_model")
BY_DRAFT = query("money.by_draft")
TROUBLED = query("money.troubled")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantTerms:
    """US dollars; `day` and `month` are spent and reserved together."""

    id: TenantId
    slug: str
    name: str
    sample: bool
    per_day: Decimal | None
    per_month: Decimal | None
    per_stage: Mapping[str, str]
    stopped: str | None
    chooses: bool
    """It has models of its own."""
    day: Decimal
    month: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: date
    spent: Decimal
    reserved: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Of a stage or a model."""

    name: str
    calls: int
    unanswered: int
    spent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCost:
    id: DraftId
    title: str
    created_at: datetime
    calls: int
    unanswered: int
    spent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    id: CallId
    stage: str
    model: str
    state: str
    error: str
    spent: Decimal
    sent_at: datetime


SHAPES = {
    TERMS: Term,
    EVERY_TENANT: TenantTerms,
    HELD: Held,
    HELD_BY_ALL: Held,
    BREAKERS: Breaker,
    BY_DAY: Day,
    BY_STAGE: Sum,
    BY_MODEL: Sum,
    BY_DRAFT: DraftCost,
    TROUBLED: Trouble,
}


async def terms(tx: Tx, tenant: TenantId) -> tuple[Term, Term]:
    """What the tenant has set, and what is set for everybody."""
    found = {row["tenant_id"]: into(Term, row) for row in await tx.fetch(TERMS, tenant)}
    return found.get(tenant, Term(tenant_id=tenant)), found.get(PLATFORM, Term(tenant_id=PLATFORM))


async def every_tenant(tx: Tx) -> list[TenantTerms]:
    """In a platform transaction."""
    return each(TenantTerms, await tx.fetch(EVERY_TENANT))


async def choose(tx: Tx, tenant: TenantId, tier: Tier, names: Sequence[str], user: UserId | None) -> None:
    """No names: nothing is chosen here."""
    await tx.execute(CHOOSE[tier], tenant, list(names) or None, user)


async def cap(tx: Tx, tenant: TenantId, limits: Limits, user: UserId | None) -> None:
    """In a platform transaction."""
    stages = {stage: str(dollars) for stage, dollars in limits.per_stage.items()}
    await tx.execute(CAP, tenant, limits.per_day, limits.per_month, stages, limits.all_per_day, user)


async def switch(tx: Tx, tenant: TenantId, why: str | None, user: UserId | None) -> None:
    """In a platform transaction: a reason stops, None goes on."""
    await tx.execute(SWITCH, tenant, why, user)


async def go_on(tx: Tx, tenant: TenantId | None) -> dict[str, int]:
    """In a platform transaction: what waits for money is ready now; answers how many jobs of each kind."""
    return {row["kind"]: row["jobs"] for row in await tx.fetch(GO_ON, tenant)}


async def held(tx: Tx, tenant: TenantId | None) -> list[Held]:
    """None, in a platform transaction: of all tenants."""
    return each(Held, await (tx.fetch(HELD_BY_ALL) if tenant is None else tx.fetch(HELD, tenant)))


async def breakers(tx: Tx) -> list[Breaker]:
    return each(Breaker, await tx.fetch(BREAKERS))


async def try_now(tx: Tx, model: str) -> bool:
    """In a platform transaction. False: it is not left alone."""
    return await tx.fetchval(TRY_NOW, model) is not None


async def gauges(tx: Tx, tenant: TenantId, caps: Caps) -> list[Gauge]:
    """Today's and this month's budgets of a tenant, or (PLATFORM) of all together: those with a cap, then the rest."""
    rows = {(row["period"], row["scope"]): row for row in await tx.fetch(BUDGETS, tenant)}

    def gauge(name: str, cap: Decimal | None, period: str, scope: str = "") -> Gauge:
        row = rows.get((period, scope))
        nothing = Decimal(0)
        spent, reserved = (row["spent"], row["reserved"]) if row else (nothing, nothing)
        return Gauge(scope=name, cap=cap, spent=spent, reserved=reserved, near=caps.near)

    if tenant == PLATFORM:
        return [gauge("all", caps.all_per_day, "day")]
    stages = sorted({*caps.per_stage, *(scope for _, scope in rows if scope)})
    return [
        gauge("day", caps.per_day, "day"),
        gauge("month", caps.per_month, "month"),
        *(gauge(stage, caps.per_stage.get(stage), "day", stage) for stage in stages),
    ]


async def by_day(tx: Tx, tenant: TenantId) -> list[Day]:
    """31 of them, oldest first."""
    return each(Day, await tx.fetch(BY_DAY, tenant))


async def by_stage(tx: Tx, tenant: TenantId) -> list[Sum]:
    """Of 31 days."""
    return each(Sum, await tx.fetch(BY_STAGE, tenant))


async def by_model(tx: Tx, tenant: TenantId) -> list[Sum]:
    """Of 31 days."""
    return each(Sum, await tx.fetch(BY_MODEL, tenant))


async def by_draft(tx: Tx, tenant: TenantId, limit: int) -> list[DraftCost]:
    return each(DraftCost, await tx.fetch(BY_DRAFT, tenant, limit))


async def troubled(tx: Tx, tenant: TenantId, limit: int) -> list[Trouble]:
    return each(Trouble, await tx.fetch(TROUBLED, tenant, limit))
