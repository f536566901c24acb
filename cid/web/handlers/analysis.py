"""How the analysis desk does: sums, days, failures, and whether what runs need is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.readiness import Ready, Service
from cid.domain.run_figures import DAYS, Day, RunFigures, Week, compared
from cid.domain.scorecard import CEILING, Rating
from cid.flows import readiness
from cid.store import run_figures
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

RATINGS = {
    Rating.EXCELLENT: (_("excellent"), "good"),
    Rating.GOOD: (_("good"), "good"),
    Rating.ACCEPTABLE: (_("acceptable"), "warn"),
    Rating.POOR: (_("poor"), "bad"),
    Rating.FAILING: (_("failing"), "bad"),
}
READY = {
    Ready.READY: (_("ready"), "good"),
    Ready.UNTESTED: (_("untested"), "plain"),
    Ready.FAILING: (_("failing"), "bad"),
    Ready.MISSING: (_("missing"), "warn"),
}
NAMES = {
    "serpapi": _("SerpAPI (Google News)"),
    "google": _("Google Gemini"),
    "anthropic": _("Anthropic"),
    "openai": _("OpenAI"),
    "x": _("X"),
    "telegram": _("Telegram"),
    "database": _("Database"),
}
STEP = 100 / DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day in a chart that is 100 wide and 100 high."""

    day: Day
    x: float
    runs: float
    failed: float
    """Of `runs`."""
    score: float | None
    """Height of the mean score, of 70."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingLine:
    text: str
    tone: str
    runs: int
    share: float
    """Per cent of those that are rated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    name: str
    service: Service
    state: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisView:
    figures: RunFigures
    week: Week
    bars: Sequence[Bar]
    most: int
    """Runs of the fullest day."""
    ratings: Sequence[RatingLine]
    rated: int
    services: Sequence[ServiceLine]
    models: Sequence[str]
    ceiling: int = CEILING


async def shown(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        figures = await run_figures.of(tx, who.tenant.id)
        days = await run_figures.days(tx, who.tenant.id, sv.clock.now().astimezone(UTC))
        ready = await readiness.of(sv, tx, who.tenant)
    rated = sum(figures.ratings.values())
    view = AnalysisView(
        figures=figures,
        week=compared(days),
        bars=bars(days),
        most=max(one.runs for one in days),
        ratings=[
            RatingLine(text=text, tone=tone, runs=(runs := figures.ratings[rating]), share=100 * runs / (rated or 1))
            for rating, (text, tone) in RATINGS.items()
        ],
        rated=rated,
        services=service_lines(ready.services),
        models=ready.models,
    )
    return page(request, "analysis.html", view)


def bars(days: Sequence[Day]) -> list[Bar]:
    most = max((one.runs for one in days), default=0) or 1
    return [
        Bar(
            day=one,
            x=round(number * STEP, 2),
            runs=round(100 * one.runs / most, 1),
            failed=round(100 * one.failed / most, 1),
            score=None if one.mean is None else round(100 * one.mean / CEILING, 1),
        )
        for number, one in enumerate(days)
    ]


def service_lines(found: Sequence[Service]) -> list[ServiceLine]:
    return [
        ServiceLine(
            name=NAMES.get(one.name, one.name), service=one, state=READY[one.state][0], tone=READY[one.state][1]
        )
        for one in found
    ]
