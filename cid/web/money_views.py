"""Models and money as pages show them: frozen values made of what a flow or the store found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING

from cid.domain.choices import Asked, Breaker, Gauge, Held, Known, Notice
from cid.domain.llm import Caps, Tier
from cid.store.money import Day, DraftCost, Sum, TenantTerms, Trouble
from cid.web import trace_words
from cid.web.forms import text
from cid.web.words import _

if TYPE_CHECKING:
    from cid.flows.choices import Standing

STAGES = (
    *("relevance", "queries", "search", "evidence", "fit", "track", "draft", "review", "revise", "briefing", "poll"),
    "judge",
)
"""That a page asks caps for (`CapsForm` has a field for each); others stay as they are."""
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
FEWEST_PLACES = 3
TIERS = {
    Tier.CHEAP: (_("Cheap"), _("judges relevance, reviews drafts, and tells stories apart")),
    Tier.QUALITY: (_("Quality"), _("writes drafts and briefings, and revises")),
}
SET_BY = {
    "own": _("chosen by this tenant"),
    "everybody": _("chosen for everybody"),
    "file": _("from config/models.toml"),
    "sample": _("sample newsrooms are answered offline"),
}
SCOPES = {"day": _("Today"), "month": _("This month"), "all": _("Today, all tenants")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A posted chain: models in the order of asking, empty places left out."""

    tier: Tier
    first: str = text(longest=200, default="")
    second: str = text(longest=200, default="")
    third: str = text(longest=200, default="")
    fourth: str = text(longest=200, default="")
    fifth: str = text(longest=200, default="")
    sixth: str = text(longest=200, default="")
    seventh: str = text(longest=200, default="")
    eighth: str = text(longest=200, default="")

    @property
    def names(self) -> list[str]:
        return [name for field in fields(self) if field.name != "tier" and (name := getattr(self, field.name))]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    tier: Tier
    title: str
    does: str
    asked: Asked
    set_by: str
    places: Sequence[tuple[str, str]]
    """(field, chosen model) each, with an empty one to grow by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeView:
    """Widths are of 100."""

    title: str
    gauge: Gauge
    spent: float
    reserved: float
    mark: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsView:
    problem: str
    chains: Sequence[ChainView]
    options: Sequence[tuple[str, str]]
    known: Sequence[Known]
    notices: Sequence[Notice]
    held: Sequence[Held]
    gauges: Sequence[GaugeView]
    breakers: Sequence[Breaker]
    stopped: str | None
    sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformModelsView:
    models: ModelsView
    keys: Sequence[tuple[str, str]]
    """Provider, and what it lacks."""
    set_here: Sequence[tuple[str, str, str, str]]
    """(field, label, value, hint) of the caps for everybody."""
    tenants: Sequence[TenantTerms]
    stages: Sequence[str]
    file: Caps


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBar:
    """In a drawing of 100 by 100, from the ground up."""

    day: Day
    x: float
    spent: float
    reserved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsView:
    gauges: Sequence[GaugeView]
    notices: Sequence[Notice]
    held: Sequence[Held]
    bars: Sequence[DayBar]
    most: Decimal
    total: Decimal
    stages: Sequence[Sum]
    models: Sequence[Sum]
    drafts: Sequence[DraftCost]
    troubled: Sequence[Trouble]


def models_view(found: Standing, *, problem: str = "", sample: bool = False) -> ModelsView:
    return ModelsView(
        problem=problem,
        chains=[_chain(found, asked) for asked in found.asked],
        options=_options(found.known),
        known=found.known,
        notices=found.notices,
        held=found.held,
        gauges=gauges(found.gauges),
        breakers=found.breakers,
        stopped=found.stopped,
        sample=sample,
    )


def _chain(found: Standing, asked: Asked) -> ChainView:
    title, does = TIERS[asked.tier]
    chosen = found.own.chain(asked.tier)
    shown = min(max(FEWEST_PLACES, len(chosen) + 1), len(PLACES))
    places = [(PLACES[n], chosen[n] if n < len(chosen) else "") for n in range(shown)]
    return ChainView(tier=asked.tier, title=title, does=does, asked=asked, set_by=SET_BY[asked.set_by], places=places)


def _options(known: Sequence[Known]) -> list[tuple[str, str]]:
    """What may be chosen: with a price, and not switched off. What has no key may be, and says so."""
    able = [model for model in known if model.price is not None and (model.days_left is None or model.days_left > 0)]
    return [(model.name, model.name + (_(" (no key)") if model.lacks else "")) for model in able]


def gauges(found: Sequence[Gauge]) -> list[GaugeView]:
    return [_gauge(gauge) for gauge in found if gauge.cap is not None or gauge.spent or gauge.reserved]


def _gauge(gauge: Gauge) -> GaugeView:
    title = SCOPES.get(gauge.scope) or _("Today, {stage}").format(stage=trace_words.stage(gauge.scope))
    cap = gauge.cap
    if not cap:
        return GaugeView(
            title=title,
            gauge=gauge,
            spent=0.0 if cap is None else 100.0,
            reserved=0.0,
            mark=0.0,
            text=_("no cap") if cap is None else _("nothing may be spent"),
        )
    spent = min(100.0, float(gauge.spent / cap) * 100)
    reserved = min(100.0 - spent, float(gauge.reserved / cap) * 100)
    words = {"good": "", "warn": _("near its cap"), "bad": _("used up")}
    return GaugeView(
        title=title,
        gauge=gauge,
        spent=round(spent, 2),
        reserved=round(reserved, 2),
        mark=float(gauge.near) * 100,
        text=words[gauge.tone],
    )


def day_bars(days: Sequence[Day]) -> tuple[list[DayBar], Decimal]:
    """And the dearest day, which is as high as the drawing."""
    most = max((day.spent + day.reserved for day in days), default=Decimal(0))
    wide = 100 / max(len(days), 1)

    def high(dollars: Decimal) -> float:
        return round(float(dollars / most) * 100, 2) if most else 0.0

    bars = [
        DayBar(day=day, x=round(n * wide, 3), spent=high(day.spent), reserved=high(day.reserved))
        for n, day in enumerate(days)
    ]
    return bars, most
