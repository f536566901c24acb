"""Numbers that people may turn, read from config/gates.toml once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from cid.domain.errors import Misconfigured
from cid.domain.review import Severity
from cid.domain.structures import Structure

BY_EVIDENCE = "by_evidence"


class Outage(StrEnum):
    """What a gate does when the party it needs does not answer."""

    RETRY = "retry"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    DROP = "drop"


class Switch(StrEnum):
    OFF = "off"
    ON = "on"


MODEL_TRIES = 12
"""How often a job that asks a model is tried: with the queue's backoff an outage of two hours fails nothing. The flows
count on being handed the last try, so that they can write the failure where people see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    min_chars: int
    min_trust: float
    max_age: timedelta
    urgent_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Gate 2."""

    min_score: int
    on_outage: Outage
    per_call: int = 8
    """Stories of one question. The platform's number bounds what a tenant may ask for: it makes the groups."""
    summary_chars: int = 200
    """Of a summary, that a story is judged by."""
    prefilter: Switch = Switch.OFF
    """`on` drops without asking what a filter learned from the tenant's own past scores would drop, once it has proved
    itself on scores that were held back from it."""
    prefilter_recall: float = 0.98
    """What it must keep of what passes; below, it switches itself off."""
    prefilter_sure: float = 0.95
    """What it must keep at least, as far as that can be told of so many: 95 of 100 times."""
    prefilter_passes: int = 100
    """Stories that passed, held back from it, before anything is believed of it."""
    prefilter_sample: float = 0.05
    """The share of what it would drop that is asked about all the same, so that it goes on being measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    min_score: int
    spread_scores: tuple[tuple[int, int], ...]
    """(at least this many publishers, score), the largest count first."""
    urgent_spread: int
    rejudge_at: tuple[int, ...]
    patience: timedelta
    """How long a story may go without a new publisher before it is dropped."""
    window: timedelta = timedelta(hours=2)
    """What spreads, spreads within this: the most publishers count whose first reports lie so close together."""
    spread_weight: float = 0.6
    interest_weight: float = 0.4
    """0 asks nobody how much is searched for."""
    interest_keywords: int = 3
    interest_places: int = 2
    """Of a story's keywords and of the tenant's countries, the first ones that searches are asked about."""
    first_mover_boost: float = 15.0
    """Points for a story that none of the tenant's competitors has."""

    def __post_init__(self) -> None:
        """Raises Misconfigured."""
        weights = (self.spread_weight, self.interest_weight)
        if min(weights) < 0 or sum(weights) <= 0:
            raise Misconfigured("signal: the weights are 0 or more, and not both 0.")
        if not timedelta(0) < self.window <= timedelta(days=7):
            raise Misconfigured("signal.window is a time of up to 7d.")
        if not all(0 <= points <= 100 for points in (self.min_score, self.first_mover_boost)):
            raise Misconfigured("signal: min_score and first_mover_boost are 0 to 100.")
        if not (0 <= self.interest_keywords <= 10 and 0 <= self.interest_places <= 5):
            raise Misconfigured("signal: interest_keywords are at most 10, and interest_places at most 5.")
        least = [count for count, _ in self.spread_scores]
        if least != sorted(set(least), reverse=True) or not all(0 <= score <= 100 for _, score in self.spread_scores):
            raise Misconfigured("signal.spread_scores are pairs of publishers and 0 to 100, the largest count first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is gathered before a draft."""

    tier: int = 2
    """0: the story's own reports only; 1: and what a search shows of its results; 2: and what their pages say."""
    results: int = 5
    """Of one search."""
    keywords: int = 3
    """The tenant's own that are added to the headline in the first search."""
    queries: int = 6
    """More searches, which the cheap model thinks of; five to ten, 0 for none."""
    pages: int = 8
    """Fetched and read, at most."""
    claims: int = 30
    """Taken from pages and searches, at most, besides those of the story's own reports."""
    on_outage: Outage = Outage.PASS
    """Of searches, of the model, and of money: `pass` goes on with what there is, and the pack says so; `retry` tries
    again and waits for money; `drop` does so too, but drops when an outage lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPages:
    """Pages that searches for evidence lead to. They are shared: no tenant turns these."""

    fresh: timedelta = timedelta(hours=6)
    """For so long a page is not fetched again, for whomever."""
    again: timedelta = timedelta(minutes=10)
    """The same for a page that could not be had and may be had later."""
    at_once: int = 5
    """Of one story, fetched at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Gate 3.5. Both are shares from 0 to 1."""

    min_audience: float = 0.6
    min_actionability: float = 0.5
    on_outage: Outage = Outage.RETRY
    patience: timedelta = timedelta(hours=1)
    """How long an outage is tried often; then the story waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """The tracker desk."""

    min_score: int = 0
    """Relevant by its yes, and not surer than this all the same: not on the tracker. 0 leaves it to the yes."""
    batch: int = 3
    """Stories in one call, 12 at most."""
    retry_after: tuple[timedelta, ...] = (timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45))
    """After an answer that cannot be used its story is asked about alone, once after each; then it has failed."""
    window: timedelta = timedelta(days=14)
    """A report joins its story's entry that long after it was begun; a later one begins another."""
    on_outage: Outage = Outage.RETRY
    """`retry` waits as long as it takes. `pass` does the same: there is no entry without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    min_words: int
    """Of any body, whatever its structure says."""
    max_words: int
    questions: int
    """At most; a structure may want fewer. 0: none."""
    on_outage: Outage
    per_day: int = 5
    """Drafts of the tenant's plan, in UTC; what is over waits for a place, the most urgent first."""
    per_week: int = 25
    """From Monday on."""
    structure: str = BY_EVIDENCE
    """One of `structures` for every draft, or `by_evidence`: chosen for each by what there is to say."""
    structures: tuple[Structure, ...] = ()
    """Those of config/structures."""
    description: tuple[int, int] = (150, 160)
    """Characters of the description that search results show."""
    short_post: int = 280
    """Characters, at most."""
    internal_links: int = 5
    """The tenant's own published articles that a draft may link to, at most."""
    title_question: bool = False
    """Whether titles have to be questions. One form for all is a fingerprint: off unless a tenant wants it."""
    title_keyword_within: int = 8
    """Words from the title's beginning that hold the first keyword; 0: it may stand anywhere."""
    title_year: bool = False
    """Whether titles end with the year. The same ending for all is a fingerprint, too."""
    question_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language tag: what a question may begin with."""
    number_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language tag: numbers in words, for `{n}` in patterns."""
    forbidden_titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language tag: patterns of `cid/text/titles.py`."""

    def structure_of(self, name: str) -> Structure | None:
        """None: it is none of those any more, or the article was written before there were any."""
        return next((structure for structure in self.structures if structure.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What happens when a story that has a draft goes on."""

    pause: timedelta = timedelta(minutes=30)
    """From the first further report to the look at what is new: a burst makes one follow-up."""
    min_claims: int = 2
    """New ones; with fewer the draft stays as it is."""
    per_draft: int = 3
    """How often a draft is written anew before anybody decided, and how many updates follow it; 0: never."""
    on_outage: Outage = Outage.RETRY
    """`pass` and `drop` both leave the draft as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    ready_score: int
    on_outage: Outage
    revise_score: int = 70
    """From here to `ready_score`, or with major findings, one revision by the machine is worth its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What of a draft is checked without a model. Shares are from 0 to 1, lengths in words."""

    unsupported: Severity = Severity.MINOR
    """Figures, dates and names that stand in no claim."""
    unsupported_strict: Severity = Severity.CRITICAL
    """The same where a wrong one harms people: in these industries."""
    strict: tuple[str, ...] = (
        "finance", "financial", "mortgage", "banking", "insurance", "health", "medical", "legal", "cybersecurity",
    )  # fmt: skip
    """Words of a profile's industry."""
    quote_words: int = 25
    quote_share: float = 0.10
    """Of the body's words, all quotations together."""
    quotes_per_source: int = 2
    run_words: int = 12
    """That may stand in a row as in a source, outside quotations."""
    copied_minor: float = 0.10
    copied_major: float = 0.15
    copied_critical: float = 0.20
    """Of the draft's runs of five words, those that one source has, too."""
    title_likeness: float = 0.8
    """Cosine of the words of two titles."""
    skeleton_likeness: float = 0.8
    """Share of headings that an earlier post has, too."""
    shared_major: int = 3
    """Sentences shared with one earlier post; fewer are minor."""
    elsewhere_major: float = 0.3
    elsewhere_critical: float = 0.45
    """Share of the words that stand in paragraphs about something else."""
    avoid_near: float = 0.75
    """Share of a claim to avoid whose words stand in one sentence."""
    max_age: timedelta = timedelta(hours=48)
    """Of the newest report."""
    hype: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Phrases by language tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """How often sources are asked."""

    fixed: timedelta | None = None
    """The same for all, for trials; None leaves it to each source's own interval."""
    longest: timedelta = timedelta(hours=24)
    """However often a source has failed or asked to be left alone."""
    spread: timedelta = timedelta(seconds=10)
    """An import's first polls are spread over this long."""
    first: int = 20
    """Entries of a source's first poll that are screened, the newest; the rest is stored as seen."""
    spacing: timedelta = timedelta(seconds=1)
    """Between two requests to one registered domain, over all processes."""
    spacing_of: tuple[tuple[str, timedelta], ...] = ()
    """Domains and hosts that want more of it."""
    at_once: int = 2
    """Polls of one domain under way in one process."""
    local: frozenset[str] = frozenset()
    """`host:port` pairs that are exempt from spacing: the operator's own."""

    def apart(self, domain: str) -> timedelta:
        """Between two requests to it."""
        return dict(self.spacing_of).get(domain, self.spacing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Healing:
    """The search for what replaces a source that failed."""

    oldest: timedelta = timedelta(days=45)
    """A candidate whose newest entry is older than this has fallen silent."""
    proposals: int = 3
    """Enough found: the search ends."""
    publishers: int = 8
    """Sites probed of those that a news search names."""
    industries: int = 5
    """Of the subscribers, that a news search is made for: those with most of them."""
    requests: int = 120
    """Of one search, all together."""
    patience: timedelta = timedelta(minutes=2)
    """Of one search, all together."""
    news: str = "https://news.google.com/rss/search"
    """Where the news search is asked: `google_news` in config/default.toml; empty: nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """What happens between an approval and the first byte that leaves."""

    undo: timedelta = timedelta(0)
    """An approval can be taken back for so long before anything is sent; 0: it is sent at once."""


class Judge(StrEnum):
    """Who is asked about an item that might belong to another story as well."""

    NONE = "none"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    judge: Judge = Judge.NONE
    on_outage: Outage = Outage.RETRY
    """`pass` and `drop` both leave the stories apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    rules: Rules
    relevance: Relevance
    signal: Signal
    drafting: Drafting
    reviewing: Reviewing
    evidence: Evidence = Evidence()
    pages: FoundPages = FoundPages()
    fit: Fit = Fit()
    tracking: Tracking = Tracking()
    checks: Checks = Checks()
    follow: Follow = Follow()
    polling: Polling = Polling()
    stories: Stories = Stories()
    healing: Healing = Healing()
    publishing: Publishing = Publishing()
