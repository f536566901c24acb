"""When a source that fails is left alone, for how long, and what is proposed in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cid.domain.ids import SourceId
from cid.domain.lifecycle import Lifecycle
from cid.domain.news import Cause, Polled, PollOutcome, SourceKind, SourceState

STRIKES = 3
"""Failures in a row after which a source rests."""
TERMS = tuple(timedelta(hours=hours) for hours in (6, 12, 24, 48, 96, 168))
"""How long it rests, the first time, the second in a row, …; from then on the last. It is never given up."""
SEARCHED = frozenset({SourceKind.RSS, SourceKind.PAGE})
"""Kinds that another feed can stand in for: an account or a search has no successor elsewhere."""
_OURS = frozenset({Cause.NO_KEY, Cause.BUDGET, Cause.INTERNAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source stands after a poll."""

    state: SourceState
    failures: int
    """In a row."""
    quarantines: int
    """In a row: only a success resets them."""
    until: datetime | None = None
    """Not to be polled before; None unless it is quarantined."""
    since: datetime | None = None
    """When the first of these quarantines began."""
    search: bool = False
    """A quarantine has just begun: a replacement is looked for at once."""
    recovered: bool = False
    """It was quarantined and answers again."""


def blames(outcome: PollOutcome, cause: Cause | None) -> bool:
    """Whether the poll speaks against the source. One that asks for rest is well; a lack of ours is ours."""
    return not outcome.healthy and outcome is not PollOutcome.RATE_LIMITED and cause not in _OURS


def after(
    was: Health, outcome: PollOutcome, cause: Cause | None, *, now: datetime, next_poll: datetime, ours: bool = False
) -> Health:
    """`next_poll` is when it would be polled again were it well; `ours` says that our network failed, not the source.

    What does not count changes nothing but the hour of the next try: the failures before it still stand in a row.
    """
    if outcome.healthy:
        recovered = was.state is SourceState.QUARANTINED
        return Health(state=SourceState.ACTIVE, failures=0, quarantines=0, recovered=recovered)
    if ours or not blames(outcome, cause):
        waits = next_poll if was.state is SourceState.QUARANTINED else None
        return Health(state=was.state, failures=was.failures, quarantines=was.quarantines, until=waits, since=was.since)
    failures = was.failures + 1
    if failures < STRIKES:
        return Health(state=SourceState.ACTIVE, failures=failures, quarantines=was.quarantines)
    return Health(
        state=SourceState.QUARANTINED,
        failures=failures,
        quarantines=was.quarantines + 1,
        until=now + TERMS[min(was.quarantines, len(TERMS) - 1)],
        since=was.since or now,
        search=True,
    )


def gone(was: Health, now: datetime) -> Health:
    """Whoever says that a feed is gone for good is asked again only after the longest term. It is not given up: servers
    say so by mistake, and a successor is looked for at once."""
    return Health(
        state=SourceState.QUARANTINED,
        failures=was.failures + 1,
        quarantines=max(was.quarantines + 1, len(TERMS)),
        until=now + TERMS[-1],
        since=was.since or now,
        search=True,
    )


class Tier(StrEnum):
    """Where a replacement was found, the likeliest first."""

    SITE = "site"
    """At the same publisher: its pages name it, or it lies where feeds lie."""
    NEWS = "news"
    """At a publisher that writes about the same, by a search for name and industry."""
    DEFAULTS = "defaults"
    """In config/default_sources.toml, by industry."""


class Kinship(StrEnum):
    """How a candidate is related to what it would replace, the nearest first."""

    HOST = "host"
    TITLE = "title"
    PUBLISHER = "publisher"
    NONE = "none"


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    TAKEN = "taken"
    REJECTED = "rejected"
    EXPIRED = "expired"


PROPOSAL = Lifecycle(
    "proposal",
    {
        ProposalState.PROPOSED: frozenset({ProposalState.TAKEN, ProposalState.REJECTED, ProposalState.EXPIRED}),
        ProposalState.TAKEN: frozenset({ProposalState.PROPOSED}),
        ProposalState.EXPIRED: frozenset({ProposalState.PROPOSED}),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a replacement may be."""

    url: str
    tier: Tier
    via: str
    """How it was come upon, in words."""
    title: str = ""
    """What whoever named it calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A candidate that was fetched, and why it will not do."""

    tier: Tier
    url: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A candidate that was fetched and will do."""

    tier: Tier
    url: str
    via: str
    title: str
    site: str
    entries: int
    newest_at: datetime | None
    kinship: Kinship


def unfit(tier: Tier, polled: Polled, newest: datetime | None, *, now: datetime, oldest: timedelta) -> str:
    """Why what a candidate answered makes it no replacement; empty: it is one.

    Without dates nobody knows whether a stranger still writes; the publisher's own new address is taken at its word.
    """
    if not polled.outcome.healthy:
        return polled.detail or "It cannot be read as a feed."
    if not polled.entries:
        return "It has no entries."
    if newest is None:
        return "" if tier is Tier.SITE else "None of its entries has a date."
    if newest < now - oldest:
        return f"Its newest entry is of {newest:%Y-%m-%d}."
    return ""


def newest_of(polled: Polled, now: datetime) -> datetime | None:
    """Of what is not dated into the future by more than a day: such a date says nothing."""
    dates = [entry.published_at for entry in polled.entries if entry.published_at]
    return max((at for at in dates if at <= now + timedelta(days=1)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What is looked for a replacement of."""

    id: SourceId
    url: str
    title: str
    publisher: str
    site: str
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed of config/default_sources.toml."""

    url: str
    title: str
    site: str
    language: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """Feeds for whoever works in one trade, which `words` tell from the others."""

    words: tuple[str, ...]
    feeds: Sequence[ListedFeed]
