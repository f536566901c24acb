"""How a story was told: by whom, when, and who told it in somebody else's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.draft import DraftState
from cid.domain.ids import DraftId, ItemId
from cid.domain.news import Band

WINDOW = timedelta(hours=2)
"""What spreads, spreads within this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One item at one publisher, as a tenant may see it."""

    item_id: ItemId
    title: str
    url: str
    band: Band | None
    likeness: float | None
    who: str
    """The publisher, or the source where it names none: what is counted."""
    publisher: str
    """The same for people."""
    at: datetime
    """When it was reported: the earlier of its date and our first sight of it."""
    counts: bool
    """At a source that the tenant takes or the platform vetted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A report of somebody's own, and those that repeat its text, in order of time."""

    first: Telling
    copies: tuple[Telling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    publishers: int
    within: int
    """The most of them whose first reports lie within WINDOW."""
    first: Telling | None
    """The first report that counts."""
    chains: tuple[Chain, ...]
    """Of what counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A story before or after this one, by its first item that can be seen."""

    earlier: bool
    item_id: ItemId
    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Another draft of the same story."""

    id: DraftId
    state: DraftState
    title: str
    speaks: bool
    """It is the one that stands for the story."""
