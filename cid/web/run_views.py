"""What the pages of runs are given: the list, the form, and how far a run has come. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.run import RUN, Period, Run, RunFetch, RunState, RunStep, Tlp
from cid.domain.scorecard import Rating
from cid.text import countries
from cid.web import run_words, words
from cid.web.briefing_views import BriefingView, Chip
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.store.people import Reachable
    from cid.store.run_pages import BatchLine, Outlet

LOOKED_AT = timedelta(hours=2)
"""For so long after it was asked for does a page of a run look for news by itself: nothing is asked for ever."""
SPANS = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
    Period.YEAR: timedelta(days=365),
}
"""How far back runs that are shown were started."""
OPEN = "open"
"""The filter's word for all states that are no ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    run: Run
    chip: Chip
    why: str
    """Why it failed or what it lacks, in few words; empty: neither."""
    rating: Chip | None
    country: str
    platform: str
    tlp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    line: BatchLine
    chip: Chip
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the list can be narrowed to, as pairs of value and text."""

    states: Sequence[tuple[str, str]]
    platforms: Sequence[tuple[str, str]]
    countries: Sequence[tuple[str, str]]
    ratings: Sequence[tuple[str, str]]
    tlps: Sequence[tuple[str, str]]
    periods: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsView:
    rows: Sequence[RunLine]
    batches: Sequence[BatchSummary]
    outlets: Sequence[str]
    choices: Choices
    chosen: Mapping[str, str]
    on: bool
    """The tenant has the desk."""
    may: bool
    first: str
    next: str
    looked: datetime | None
    """How far back was looked for runs that several conditions hold for; None: as far as there are any, or enough were
    found."""

    @property
    def filtered(self) -> bool:
        return any(self.chosen.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForm:
    """One row of the form, as it was typed."""

    outlet: str = ""
    country: str = ""
    url: str = ""
    platform: str = "news"

    @property
    def empty(self) -> bool:
        return not (self.outlet or self.country or self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to items, and whether it is open here."""

    via: str
    name: str
    platform: str
    state: Chip
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    targets: Sequence[TargetForm]
    name: str = ""
    period: str = "m"
    items: str = "5"
    tlp: str = "amber"
    first: str = ""
    others: frozenset[str] = frozenset()
    substitute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewView:
    typed: Typed
    offers: Sequence[Offer]
    countries: Sequence[str]
    platforms: Sequence[tuple[str, str]]
    periods: Sequence[tuple[str, str]]
    tlps: Sequence[tuple[str, str]]
    most: int
    problem: str
    on: bool
    needs: Sequence[Offer] = ()
    """Beside the sources: the models."""

    @property
    def firsts(self) -> list[tuple[str, str]]:
        return [
            ("", _("as the desk has it, each that is ready in turn")),
            *((one.via, one.name) for one in self.offers),
        ]

    @property
    def several(self) -> bool:
        """More than one target was typed."""
        return bool(self.typed.name) or any(not one.empty for one in self.typed.targets[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    step: RunStep
    chip: Chip
    said: str
    took: timedelta | None
    """Until the next; None: it is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchView:
    fetch: RunFetch
    via: str
    chip: Chip
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    dossier: Dossier
    line: RunLine
    tlp_means: str
    tlps: Sequence[tuple[str, str]]
    period: str
    asked_of: Sequence[str]
    who: str
    steps: Sequence[StepView]
    fetches: Sequence[FetchView]
    failure: tuple[str, str] | None
    """What happened, and the remedy."""
    lacks: Sequence[str]
    briefing: BriefingView
    before: Run | None
    fresh: bool
    """The page looks for news."""
    may: bool
    feelings: Sequence[tuple[str, str]]
    readers: Sequence[Reachable]
    """Whom it can be mailed to; empty: not by this person, or not at all."""
    nonce: UUID

    @property
    def run(self) -> Run:
        return self.dossier.run

    @property
    def stoppable(self) -> bool:
        return RUN.allows(self.run.state, RunState.FAILED)

    @property
    def extractive(self) -> bool:
        return self.dossier.briefing is not None and self.dossier.briefing.extractive


def line(run: Run) -> RunLine:
    why = ", ".join(run_words.SHORT[one] for one in run.shortfalls)
    if run.failure:
        why = run_words.WHY[run.failure]
    return RunLine(
        run=run,
        chip=run_words.STATES[run.state],
        why=why,
        rating=run_words.RATINGS[Rating(run.rating)] if run.rating else None,
        country=countries.country_name(run.country) if run.country else "",
        platform=run_words.PLATFORMS[run.platform],
        tlp=run_words.TLPS[run.tlp][0],
    )


def summary(one: BatchLine) -> BatchSummary:
    ended = sum(state in RUN.ends() for state in one.states)
    return BatchSummary(line=one, chip=run_words.BATCHES[one.state], ended=ended)


def choices(outlets: Sequence[Outlet], country: str) -> Choices:
    """Of countries those that outlets of the tenant have, and the one that is chosen."""
    codes = {one.country for one in outlets} | {country}
    named = sorted((countries.country_name(code), code) for code in codes if code)
    first = ("", _("any"))
    return Choices(
        states=[first, (OPEN, _("under way")), *((key, text) for key, (text, _tone) in run_words.STATES.items())],
        platforms=[first, *run_words.PLATFORMS.items()],
        countries=[first, *((code, name) for name, code in named)],
        ratings=[first, *((key, text) for key, (text, _tone) in run_words.RATINGS.items())],
        tlps=[first, *((key, text) for key, (text, _means) in run_words.TLPS.items())],
        periods=[("", _("ever")), *((key, text) for key, text in run_words.PERIODS.items())],
    )


def tlps() -> list[tuple[str, str]]:
    return [(key, f"{text} – {means}") for key, (text, means) in run_words.TLPS.items()]


def country_names() -> list[str]:
    """What the form proposes; whatever else a country is called is understood as well."""
    return countries.names()


def run_view(
    dossier: Dossier,
    *,
    now: datetime,
    who: str,
    before: Run | None,
    may: bool,
    briefing: BriefingView,
    readers: Sequence[Reachable],
    nonce: UUID,
) -> RunView:
    run = dossier.run
    return RunView(
        dossier=dossier,
        line=line(run),
        tlp_means=run_words.TLPS[run.tlp][1],
        tlps=[(key, text) for key, (text, _means) in run_words.TLPS.items() if key in set(Tlp)],
        period=run_words.PERIODS[run.period],
        asked_of=[run_words.named(run_words.VIAS, one) for one in run.sources],
        who=who,
        steps=_steps(dossier.steps),
        fetches=[_fetch(one) for one in dossier.fetches],
        failure=run_words.FAILURES[run.failure] if run.failure else None,
        lacks=[run_words.SHORTFALLS[one] for one in run.shortfalls],
        briefing=briefing,
        before=before,
        fresh=not run.over and now - run.created_at < LOOKED_AT,
        may=may,
        feelings=[(key, text) for key, (text, _tone) in run_words.FEELINGS.items()],
        readers=readers,
        nonce=nonce,
    )


def _steps(steps: Sequence[RunStep]) -> list[StepView]:
    ends = [one.at for one in steps[1:]]
    return [
        StepView(
            step=one,
            chip=run_words.STATES[one.state],
            said=one.said or run_words.DOES[one.state],
            took=ends[place] - one.at if place < len(ends) else None,
        )
        for place, one in enumerate(steps)
    ]


def _fetch(one: RunFetch) -> FetchView:
    text, tone, means = words.SOURCE_WORDS.get(one.outcome, (run_words.plain(one.outcome), "warn", ""))
    return FetchView(fetch=one, via=run_words.named(run_words.VIAS, one.via), chip=(text, tone), means=means)
