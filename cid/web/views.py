"""What templates are given: frozen values, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cid.domain.angles import Competition, Taken
from cid.domain.choices import Held, Notice
from cid.domain.news import Polled
from cid.domain.telling import Kin, Spread
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Reason
from cid.sources.discover import Found
from cid.sources.options import Spec
from cid.store.health import Proposed, Resting
from cid.store.pages import (
    Backlog,
    Budget,
    Decided,
    DraftCount,
    ItemPage,
    ItemRow,
    Line,
    Piece,
    Queue,
    Seen,
    SourceRow,
    Told,
)
from cid.store.texts import TextOfItem
from cid.text.policies import Unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    status: int
    title: str
    sentence: str
    retry_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    next: str
    email: str
    problem: str
    fresh: bool
    """Nobody has an account yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeView:
    token: str
    first: bool
    asks_tenant: bool
    tenants: Sequence[str]
    email: str
    name: str
    tenant: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    reason: Reason
    count: int
    share: float
    """Of what the gate judged, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    gate: Gate
    number: str
    judged: int
    passed: int
    dropped: int
    drops: Sequence[ReasonCount]

    @property
    def rate(self) -> float:
        return self.passed / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """What one desk's gates did in the last 24 hours, and its stories under way."""

    desk: Desk
    funnel: Sequence[GateView]
    backlog: Sequence[Backlog]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLine:
    stage: str
    provider: str
    calls: int
    unanswered: int
    dollars: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A part of the process that does not work, or a process that is silent."""

    what: str
    where: str
    why: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceView:
    piece: Piece
    offline: bool
    to_draft: timedelta
    to_decision: timedelta | None
    to_live: timedelta | None
    total: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCount:
    word: str
    text: str
    tone: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    queue: Sequence[Queue]
    shared_queue: Sequence[Queue]
    sources: Sequence[WordCount]
    desks: Sequence[DeskView]
    decided: Decided
    drafts: Sequence[DraftCount]
    spend: Sequence[SpendLine]
    spent: Decimal
    budget: Budget
    notices: Sequence[Notice]
    held: Sequence[Held]
    unfit: Sequence[Unfit]
    pieces: Sequence[PieceView]
    down: Sequence[Down]
    processes: int

    @property
    def under_way(self) -> bool:
        return bool(self.drafts) or any(desk.backlog for desk in self.desks)

    @property
    def needs_you(self) -> int:
        return sum(line.drafts for line in self.drafts if line.state in {"ready", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    row: SourceRow
    text: str
    tone: str
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a poll of an address would bring."""

    url: str
    polled: Polled
    text: str
    tone: str
    means: str
    found: Sequence[Found] | None = None
    """Feeds of the page that stands there instead of a feed; None: it was not looked for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyLine:
    """What became of one source of many."""

    url: str
    text: str
    tone: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyView:
    """The form that adds many sources, or what became of them."""

    listing: str = ""
    trust: str = "0.70"
    role: str = "news"
    problem: str = ""
    lines: Sequence[ManyLine] = ()
    counts: Sequence[tuple[str, str, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """What became of an item's own page."""

    row: TextOfItem
    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceForm:
    """The form that adds a source of one kind."""

    kind: str
    kinds: Sequence[tuple[str, str]]
    hint: str
    takes_address: bool
    private: bool
    """In any case, so that nobody is asked."""
    fields: Sequence[tuple[Spec, str]]
    url: str
    trust: str
    role: str
    keep_private: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLine:
    """What may stand in for a source that failed."""

    row: Proposed
    where: str
    kinship: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLine:
    """A quarantined source, and what was found and tried to replace it."""

    row: Resting
    name: str
    outcome: str
    proposals: Sequence[ProposalLine]
    tried: Sequence[tuple[str, str, str]]
    """Where it was looked for, the address, why it would not do."""
    searchable: bool
    """Whether anything can stand in for a source of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionView:
    rests: Sequence[RestLine]
    more: bool
    """There are others."""
    itself: bool
    """The tenant lets all replacements be taken without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesView:
    intervals: Sequence[tuple[int, str]]
    """Seconds and their name, for the choice of how often; 0 is as the source's rhythm has it."""
    rows: Sequence[SourceLine]
    attention: AttentionView
    choices: Sequence[tuple[str, str]]
    total: int
    word: str
    part: str
    entered: SourceForm
    tested: Tested | None
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an item stands, as a chip and a few words."""

    text: str
    tone: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    row: ItemRow
    standing: Standing
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsView:
    rows: Sequence[ItemLine]
    words: str
    state: str
    gate: str
    outcome: str
    reason: str
    desk: str
    desks: Sequence[tuple[str, str]]
    gates: Sequence[tuple[str, str]]
    states: Sequence[tuple[str, str]]
    reasons: Sequence[tuple[str, str]]
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    line: Line
    number: str
    title: str
    passed: bool
    reason: str
    offline: bool
    signals: Sequence[tuple[str, str]] = ()
    """What the gate went by, as it is read; what was missing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalsView:
    """What competitors made of a story."""

    known: Competition
    since: Sequence[Taken]
    """Written after the story was judged, and looked at when a draft of it is begun."""
    followed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    item: ItemPage
    standing: Standing
    lines: Sequence[LineView]
    sightings: Sequence[Seen]
    others: Sequence[Told]
    next_step: str
    spread: Spread
    kin: Sequence[Kin]
    rivals: RivalsView
    reading: ReadingView | None = None
    """None: nobody wanted its page read."""
    gates: Sequence[tuple[str, str]] = ()
    """From which it can be judged again."""
