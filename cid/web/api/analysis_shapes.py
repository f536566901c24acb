"""What programs ask of runs of the analysis desk, and what they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.briefing import Briefing
from cid.domain.export import Format
from cid.domain.llm import Json
from cid.domain.narratives import By, MatchVerdict, Stance, Strength, Where
from cid.domain.run import (
    FEWEST_ITEMS,
    MOST_ITEMS,
    USUAL_ITEMS,
    BatchState,
    Failure,
    Grain,
    Period,
    Platform,
    RunState,
    Shortfall,
    Tlp,
    Via,
    Wish,
)
from cid.domain.scorecard import CEILING, Rating
from cid.web.api.shapes import about, number, text
from cid.web.api.shapes import items as several

MOST_TARGETS = 50
"""Of one request; how many a batch may have is the desk's to say."""
_SOURCES = (
    "Which may be asked, the first first: own_feed, serpapi, google_news, gdelt of news; x; telegram. Empty: what is "
    "open here, in the order of config/analysis.toml."
)
_SUBSTITUTE = "Permits that the next source is asked where one fails or has too little; else the first alone is asked."


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAsked:
    """An outlet, or an account."""

    outlet: str = text("Its name, or an account's.", longest=400, shortest=1)
    country: str = text("Its code or name, in English or another common language.", longest=100, default="")
    url: str = text("Of its site or account.", longest=2000, default="")
    platform: Platform = about("Where it speaks.", default=Platform.NEWS)
    period: Period = about("How far back: hour, day, week, month, year.", default=Period.MONTH)
    items: int = number("How many items at most.", least=FEWEST_ITEMS, most=MOST_ITEMS, default=USUAL_ITEMS)
    sources: tuple[str, ...] = several(_SOURCES, most=6, each=40, default=())
    substitute: bool = about(_SUBSTITUTE, default=False)

    def wish(self) -> Wish:
        return Wish(
            outlet=self.outlet,
            country=self.country,
            url=self.url,
            platform=self.platform,
            period=self.period,
            items=str(self.items),
            sources=self.sources,
            substitute=self.substitute,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsked(TargetAsked):
    """One outlet to be analysed."""

    tlp: Tlp = about("How far the briefing may be shared.", default=Tlp.AMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAsked:
    """Outlets to be analysed together."""

    name: str = text(longest=200, shortest=1)
    targets: tuple[TargetAsked, ...] = several("Which.", most=MOST_TARGETS, fewest=1)
    tlp: Tlp = about("How far the briefings may be shared.", default=Tlp.AMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    outlet: str | None = text("Its name, or its account; case does not matter.", longest=400, shortest=1, default=None)
    state: RunState | None = None
    platform: Platform | None = None
    country: str | None = text(
        "Its code or name, in English or another common language.", longest=100, shortest=1, default=None
    )
    batch: UUID | None = None
    since: datetime | None = about("Started at or after this moment.", default=None)
    limit: int = number("How many at most.", least=1, most=100, default=50)
    cursor: str | None = text("The `next` of the page before.", longest=600, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWanted:
    format: Format = about("Which kind of file.", default=Format.JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    id: UUID
    state: RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    id: UUID
    cancelled: bool = about("False: it is being scored, or over.")
    state: RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class AiSaid:
    """How the text of a run came to be."""

    model: str | None = about("Provider and model; null: nothing is written yet.")
    extractive: bool = about("Put together of extracts by fixed rules, without a model.")
    requires_human_review: bool = about("Always true: no person has approved it.")
    disclosure: tuple[str, ...] = about("Sentences that go wherever the text goes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AiMetadata(AiSaid):
    """The same, with what a reader needs to look the answer up."""

    prompt_version: str | None
    prompt_sha256: str | None
    input_sha256: str | None
    schema_version: str | None
    structured: bool | None = about("False: the answer is kept as it came, in `raw`.")
    problems: tuple[str, ...] = about("What was wrong with the answer, a sentence each.")
    generated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    id: UUID
    batch: UUID | None
    monitor: UUID | None
    outlet: str
    country: str = about("ISO 3166-1 alpha-2, XK for Kosovo; empty: nobody said.")
    url: str
    platform: Platform
    period: Period
    wanted: int = about("How many items were asked for.")
    asked: tuple[str, ...] = about("Which sources may be asked, the first first.")
    substitute: bool
    tlp: Tlp
    state: RunState
    failure: Failure | None
    detail: str = about("One sentence of the failure.")
    shortfalls: tuple[Shortfall, ...] = about("What a partial run lacks.")
    sample: bool
    score: int | None = about(f"Of the rubric, 0 to {CEILING}.")
    rating: str = about("As it is shown: capped by the checks of content. Empty: there is none.")
    ai: AiSaid
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """The newest first."""

    items: tuple[RunShown, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    number: int
    state: RunState
    said: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOfRun:
    """A source that was asked, and what it came to."""

    number: int
    via: Via
    address: str
    outcome: str = about("new, empty, not_modified, blocked, rate_limited, gone, broken or unreachable.")
    cause: str
    detail: str
    found: int
    kept: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOfRun:
    """An article or post, as it was fetched."""

    number: int
    via: Via
    url: str
    title: str
    text: str
    grain: Grain
    text_state: str = about("What reading it at its page came to; empty: it was not tried.")
    sha256: str = about("Of title, a line feed and text, UTF-8.")
    publisher: str
    author: str
    language: str
    published_at: datetime | None
    fetched_at: datetime
    facts: Mapping[str, Json] = about("What a platform says about a post.")
    sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWhole:
    """One run with all that was fetched and written."""

    run: RunShown
    ai_metadata: AiMetadata
    tlp: str = about("The label as FIRST writes it.")
    marks: tuple[str, ...] = about("What must be seen before anything is believed, a sentence each.")
    steps: tuple[StepShown, ...]
    sources: tuple[SourceOfRun, ...]
    items: tuple[ItemOfRun, ...]
    profile: Mapping[str, Json] | None = about("What the platform says about the account.")
    briefing: Briefing | None
    raw: str | None = about("The model's answer to the letter, where it has no structure.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PointShown:
    check: str
    points: int
    of: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionShown:
    name: str
    score: int
    of: int
    points: tuple[PointShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckShown:
    name: str
    passed: bool | None = about("Null: there was nothing to look at.")
    why: str
    where: tuple[str, ...]
    cap: Rating | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityShown:
    """What a briefing scores: the rubric of form, and beside it checks of content that cap the rating."""

    id: UUID
    state: RunState
    tlp: str
    ai: AiSaid
    detail: str = about("Why there is no scorecard; empty: there is one.")
    score: int | None
    of: int
    rubric: Rating | None = about("By the rubric alone.")
    rating: Rating | None = about("As it is shown.")
    capped_by: tuple[str, ...]
    dimensions: tuple[DimensionShown, ...]
    checks: tuple[CheckShown, ...]
    version: str | None
    made_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanShown:
    start: int
    end: int
    text: str
    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchShown:
    id: UUID
    narrative: str
    name: str
    category: str
    where: Where
    item: int | None = about("The number of the run's item; null: in the report.")
    spans: tuple[SpanShown, ...] = about("In letters of the item's title, a line feed and its text, or of the report.")
    cues: int
    strength: Strength
    stance: Stance
    language: str
    by: By
    probability: float | None
    version: str
    verdict: MatchVerdict | None = about("The last that a person said.")
    verdict_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchesShown:
    id: UUID
    state: RunState
    tlp: str
    ai: AiSaid
    looked_for: bool = about("Whether no match means that there is none.")
    matches: tuple[MatchShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarted:
    id: UUID
    state: BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchShown:
    """Runs that were started together. What is counted is counted from them."""

    id: UUID
    name: str
    state: BatchState
    target_count: int
    completed_count: int = about("Those with a briefing, partial ones among them.")
    partial_count: int
    failed_count: int
    report_ids: tuple[UUID, ...] = about("The runs that have a briefing.")
    runs: tuple[RunShown, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrativeShown:
    id: str
    name: str
    category: str
    category_name: str
    description: str
    frequency: str
    first_documented: str
    active: bool
    version: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrativesShown:
    """The catalogue that items and reports are matched with."""

    version: str
    narratives: tuple[NarrativeShown, ...]
