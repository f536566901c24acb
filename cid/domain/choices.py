"""Which models answer, what they may cost, and what about them a person should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from cid.domain.ids import TenantId, UserId
from cid.domain.llm import Caps, Price, Tier

SOON_DAYS = 60
"""From so many days before a model's end of life on the desk tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is set on pages, for one tenant or (PLATFORM) for everybody. None and empty: not set."""

    tenant_id: TenantId
    cheap: list[str] | None = None
    """`provider/model` in the order of asking."""
    quality: list[str] | None = None
    per_day: Decimal | None = None
    per_month: Decimal | None = None
    per_stage: Mapping[str, str] = field(default_factory=dict)
    """US dollars a day, as digits: numbers of JSON are no decimals."""
    all_per_day: Decimal | None = None
    stopped: str | None = None
    changed_by: UserId | None = None
    changed_at: datetime | None = None

    def chain(self, tier: Tier) -> Sequence[str]:
        return (self.cheap if tier is Tier.CHEAP else self.quality) or ()

    @property
    def stages(self) -> dict[str, Decimal]:
        return {stage: Decimal(str(cap)) for stage, cap in self.per_stage.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps in US dollars as somebody sets them; None: not set here. `all_per_day` is everybody's alone."""

    per_day: Decimal | None = None
    per_month: Decimal | None = None
    per_stage: Mapping[str, Decimal] = field(default_factory=dict)
    all_per_day: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A model that may be named, and what is known of it."""

    name: str
    price: Price | None
    """Of a short prompt today; None: there is none, so it cannot be chosen."""
    retires: date | None
    days_left: int | None
    lacks: str
    """Why it cannot be asked; empty: it can."""

    @property
    def ends_soon(self) -> bool:
        return self.days_left is not None and self.days_left <= SOON_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who really answers for a tier."""

    tier: Tier
    set_by: str
    """sample, own, everybody or file: where the first of them is named."""
    names: tuple[str, ...]
    """In the order of asking; empty: nobody can be asked."""
    passed: tuple[str, ...]
    """`provider/model: why` of each that comes first and cannot be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something about models or money that a person should know."""

    grave: bool
    """Work waits or fails for it now."""
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    model: str
    failures: int
    open_until: datetime | None
    why: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One budget, in US dollars."""

    scope: str
    """month, day, all (of all tenants, a day), or a stage's name."""
    cap: Decimal | None
    spent: Decimal
    reserved: Decimal
    near: Decimal
    """The share of the cap from which on it is told."""

    @property
    def share(self) -> float:
        """Of the cap, spent and reserved together; 0 where there is none."""
        if self.cap is None:
            return 0.0
        if self.cap == 0:
            return 1.0
        return float((self.spent + self.reserved) / self.cap)

    @property
    def tone(self) -> str:
        if self.cap is None or self.share < self.near:
            return "good"
        return "bad" if self.share >= 1 else "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Work that waits for money: why, and until when if nobody changes that."""

    why: str
    until: datetime
    jobs: int


def in_force(own: Term, everybody: Term, file: Caps) -> Caps:
    """A tenant's own caps come before everybody's, and those before the file's."""

    def first(*values: Decimal | None) -> Decimal | None:
        return next((value for value in values if value is not None), None)

    return Caps(
        per_day=first(own.per_day, everybody.per_day, file.per_day),
        per_month=first(own.per_month, everybody.per_month, file.per_month),
        all_per_day=first(everybody.all_per_day, file.all_per_day),
        per_stage={**file.per_stage, **everybody.stages, **own.stages},
        near=file.near,
    )


def money_notices(gauges: Sequence[Gauge], stopped: str | None) -> list[Notice]:
    """The switch, and every budget that is near its cap or over it."""
    found = []
    if stopped is not None:
        found.append(Notice(grave=True, what=f"Models are switched off: {stopped}", remedy="Switch them on again."))
    for gauge in gauges:
        if gauge.tone == "good":
            continue
        what = f"{gauge.share:.0%} of {_budget(gauge)} is spent or reserved."
        found.append(Notice(grave=gauge.tone == "bad", what=what, remedy="Raise the cap, or wait for the next period."))
    return found


def _budget(gauge: Gauge) -> str:
    whose = {"all": "the day's budget of all tenants", "month": "the month's budget", "day": "the day's budget"}
    return f"{whose.get(gauge.scope, f'the day’s budget for {gauge.scope}')} (${gauge.cap:,.2f})"


def model_notices(asked: Sequence[Asked], known: Sequence[Known], breakers: Sequence[Breaker]) -> list[Notice]:
    """What stands in the way of the models that are chosen: no key, no price, an end of life, failures."""
    found = []
    for one in asked:
        if not one.names:
            what = f"No model answers for the tier {one.tier}: {'; '.join(one.passed)}."
            found.append(Notice(grave=True, what=what, remedy="Set a key, or choose another model."))
        else:
            found += [
                Notice(
                    grave=False,
                    what=f"{passed}. {one.names[0]} answers instead.",
                    remedy="Set the key, or choose another model.",
                )
                for passed in one.passed
            ]
    chosen = {name for one in asked for name in one.names}
    for model in known:
        if model.name in chosen and model.ends_soon:
            what = f"{model.name} ends on {model.retires}, in {model.days_left} days."
            found.append(Notice(grave=False, what=what, remedy="Choose its successor."))
    found += [
        Notice(grave=False, what=f"{it.model} is left alone after failures: {it.why}", remedy="Try it again now.")
        for it in breakers
        if it.model in chosen and it.open_until is not None
    ]
    return found
