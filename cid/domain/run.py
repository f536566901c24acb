"""The analysis desk: runs of outlets, what was fetched for them, and batches of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import CallId, MonitorId, RunBatchId, RunId, TenantId, UserId
from cid.domain.lifecycle import Lifecycle
from cid.domain.llm import Json

FEWEST_ITEMS, USUAL_ITEMS, MOST_ITEMS = 1, 5, 20


class RunState(StrEnum):
    QUEUED = "queued"
    FETCHING = "fetching"
    ASKING = "asking"
    SCORING = "scoring"
    COMPLETED = "completed"
    PARTIAL = "partial"
    """There is a briefing, and something of it is missing: each `Shortfall` is listed."""
    FAILED = "failed"


RUN = Lifecycle(
    "run",
    {
        RunState.QUEUED: frozenset({RunState.FETCHING, RunState.FAILED}),
        RunState.FETCHING: frozenset({RunState.ASKING, RunState.FAILED}),
        RunState.ASKING: frozenset({RunState.SCORING, RunState.FAILED}),
        # A briefing exists by now, and nothing that comes after it may lose it.
        RunState.SCORING: frozenset({RunState.COMPLETED, RunState.PARTIAL}),
    },
)


class Failure(StrEnum):
    """Why a run has no briefing."""

    NO_ITEMS = "no_items"
    """The sources answered, and had nothing of this outlet in this time."""
    SOURCES = "sources"
    """No source that was asked could be read."""
    NO_KEY = "no_key"
    """What the run wants to ask has no key here."""
    MODEL = "model"
    """No model answered, or none with anything of use, and there is no reply to keep."""
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    """A defect of ours; the job is in the list of dead ones."""


class Shortfall(StrEnum):
    """What a partial run lacks."""

    FETCH = "fetch"
    """A source that was asked failed; others brought items."""
    SCHEMA = "schema"
    """The model's answer is kept as it came: it is no briefing of the agreed shape, or only a part of one."""
    SCORER = "scorer"
    MATCHER = "matcher"


class Platform(StrEnum):
    NEWS = "news"
    X = "x"
    TELEGRAM = "telegram"


class Period(StrEnum):
    """How far back items may lie."""

    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0 (FIRST): with whom a briefing may be shared."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be analysed. Made by `briefing.targets.target`, which checks it."""

    outlet: str
    country: str
    """ISO 3166-1 alpha-2; XK for Kosovo; empty: not said."""
    url: str = ""
    """The outlet's site, or its account's address; empty: not said."""
    platform: Platform = Platform.NEWS
    period: Period = Period.MONTH
    items: int = USUAL_ITEMS
    sources: tuple[str, ...] = ()
    """Which sources may be asked, the first first, as `Via` spells them; empty: what the platform's plan says."""
    substitute: bool = False
    """Whoever asked permits that the next source is asked where one fails or has nothing; else the first alone is."""


class Via(StrEnum):
    """By which way an item came."""

    OWN_FEED = "own_feed"
    """A feed of the outlet's own site."""
    SERPAPI = "serpapi"
    GOOGLE_NEWS = "google_news"
    GDELT = "gdelt"
    X = "x"
    TELEGRAM = "telegram"
    SAMPLE = "sample"


WAYS: Mapping[Platform, tuple[Via, ...]] = {
    Platform.NEWS: (Via.OWN_FEED, Via.SERPAPI, Via.GOOGLE_NEWS, Via.GDELT),
    Platform.X: (Via.X,),
    Platform.TELEGRAM: (Via.TELEGRAM,),
}
"""What can be asked about outlets of a platform. News never stands in for posts."""
EDITIONS = frozenset({Via.SERPAPI, Via.GOOGLE_NEWS})
"""Searched in the edition of a country: without one there is nothing to ask."""


class Grain(StrEnum):
    """How much of an item there is to read."""

    ARTICLE = "article"
    SUMMARY = "summary"
    TITLE = "title"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: RunId
    tenant_id: TenantId
    batch_id: RunBatchId | None
    monitor_id: MonitorId | None
    outlet: str
    outlet_key: str
    """Outlet and country in one spelling: by this runs of one outlet are found together."""
    country: str
    url: str
    platform: Platform
    period: Period
    items: int
    sources: tuple[str, ...]
    substitute: bool
    tlp: Tlp
    state: RunState
    failure: Failure | None
    detail: str
    """One sentence of the failure, for people."""
    shortfalls: tuple[Shortfall, ...]
    requested_by: UserId | None
    """None: a monitor, or somebody who has left."""
    sample: bool
    score: int | None
    """Of the rubric, 0 to 70; None: there is none."""
    rating: str
    """As it is shown: capped by the checks of content. Empty: there is none."""
    provider: str
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None

    @property
    def over(self) -> bool:
        return self.state in RUN.ends()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One thing that was done, as it was done. Append-only: what progress is told from."""

    number: int
    state: RunState
    """In which the run was from then on."""
    said: str
    """A sentence of what came of it; empty: the state says it all."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFetch:
    """One source that was asked for a run."""

    number: int
    via: Via
    address: str
    """What was asked, without keys, as a person would look at it."""
    outcome: str
    """As `PollOutcome` has it."""
    cause: str
    detail: str
    found: int
    """Entries in the period; how many of them others published is in the detail."""
    kept: int
    """Items that the run took from it."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """One article or post, as it was fetched for a run: its snapshot never changes."""

    number: int
    """From 1, in the order in which the model and people see them."""
    via: Via
    url: str
    title: str
    text: str
    """What there is to read, without markup; at least the title's words are elsewhere: it may be empty."""
    grain: Grain
    text_state: str
    """As `TextState` has it, of the try to read the article at its page; empty: it was not tried."""
    sha256: bytes
    """Of title, a line feed and text, UTF-8."""
    publisher: str
    author: str
    language: str
    published_at: datetime | None
    fetched_at: datetime
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What a platform says about a post, as `domain.posts.facts` spells it."""
    sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a platform says about the account or channel, and when. None and empty: it does not say."""

    handle: str
    name: str = ""
    bio: str = ""
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    created_at: datetime | None = None
    verified: bool | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


class BatchState(StrEnum):
    """Never stored: a fold of the runs' states."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


def fold(states: Iterable[RunState]) -> BatchState:
    """A batch's status of its runs' states. Raises ValueError where there are none: a batch has at least one."""
    seen = set(states)
    if not seen:
        raise ValueError("a batch has at least one run")
    if seen == {RunState.QUEUED}:
        return BatchState.QUEUED
    if seen - RUN.ends():
        return BatchState.RUNNING
    if seen == {RunState.COMPLETED}:
        return BatchState.COMPLETED
    return BatchState.FAILED if seen == {RunState.FAILED} else BatchState.PARTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBatch:
    id: RunBatchId
    name: str
    requested_by: UserId | None
    created_at: datetime
    runs: tuple[Run, ...]

    @property
    def state(self) -> BatchState:
        return fold(run.state for run in self.runs)

    @property
    def target_count(self) -> int:
        return len(self.runs)

    @property
    def completed_count(self) -> int:
        """Those with a briefing, be it a partial one."""
        return sum(run.state in {RunState.COMPLETED, RunState.PARTIAL} for run in self.runs)

    @property
    def failed_count(self) -> int:
        return sum(run.state is RunState.FAILED for run in self.runs)

    @property
    def report_ids(self) -> tuple[RunId, ...]:
        """Of the runs that have a briefing, in the order of the outlets."""
        return tuple(run.id for run in self.runs if run.state in {RunState.COMPLETED, RunState.PARTIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """Where a briefing came from: what a reader needs to look the call up."""

    provider: str
    prompt_version: str
    prompt_hash: bytes
    input_hash: bytes
    call_id: CallId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A target as somebody typed it, unchecked."""

    outlet: str
    country: str = ""
    url: str = ""
    platform: str = "news"
    period: str = "m"
    items: str = str(USUAL_ITEMS)
    sources: tuple[str, ...] = ()
    substitute: bool = False
