"""The tracker desk: what a tenant follows in public, and the entries that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import CallId, EntryId, ItemId, ScreeningId, StoryId, TenantId, UserId
from cid.domain.lifecycle import Lifecycle


class EntryState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    HIDDEN = "hidden"


ENTRY = Lifecycle(
    "entry",
    {
        EntryState.PENDING: frozenset({EntryState.APPROVED, EntryState.HIDDEN}),
        EntryState.APPROVED: frozenset({EntryState.HIDDEN}),
        EntryState.HIDDEN: frozenset({EntryState.APPROVED}),
    },
)


class Progress(StrEnum):
    """How far the desk came with a story, in the words of people who run trackers. Computed, never stored."""

    SCRAPED = "scraped"
    """Nobody works on it: it is new, or waits."""
    PROCESSING = "processing"
    """A running job has it."""
    PROCESSED = "processed"
    DROPPED = "dropped"
    FAILED = "failed"


class EntryDecision(StrEnum):
    APPROVE = "approve"
    HIDE = "hide"
    EDIT = "edit"


MOVES: dict[EntryDecision, EntryState] = {
    EntryDecision.APPROVE: EntryState.APPROVED,
    EntryDecision.HIDE: EntryState.HIDDEN,
}


class Fault(StrEnum):
    """Why a question to a model came to nothing."""

    LEFT_OUT = "left_out"
    """No answer, or more than one, or one of the wrong shape: also after it was asked for again."""
    UNUSABLE = "unusable"
    """The whole reply: no JSON, cut off, refused."""
    CATEGORY = "category"
    REGION = "region"
    SUMMARY = "summary"
    ANSWER = "answer"
    """Its score or its yes or no is none."""
    TIMEOUT = "timeout"
    """Sent, and no answer in time: it may have been billed."""
    OUTAGE = "outage"
    SETTINGS = "settings"
    """Of the desk: no tracker, no model, no key."""
    UNSEEN = "unseen"
    """Its item is not visible any more."""
    RETRIED = "retried"
    """No failure: a person had it tried anew, which gives it all its tries again."""


OUTAGES = frozenset({Fault.OUTAGE, Fault.TIMEOUT})
"""Faults of the other side, which say nothing about the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    name: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    code: str
    name: str
    aliases: tuple[str, ...] = ()
    """Other codes and names of the same place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRules:
    min_sentences: int = 2
    """Fewer are enough where the text itself has fewer."""
    max_sentences: int = 3
    max_chars: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """What one tenant tracks. Stored as one JSON document, read whole."""

    title: str
    topic: str
    """What belongs and what does not, in sentences."""
    categories: tuple[Category, ...]
    regions: tuple[Region, ...]
    national: str
    """The code of what concerns all regions, or none in particular; none of `regions`."""
    national_name: str
    keywords: tuple[str, ...] = ()
    """For gate 1; none lets every item pass there."""
    excluded: tuple[str, ...] = ()
    summary: SummaryRules = SummaryRules()

    @property
    def category_names(self) -> tuple[str, ...]:
        return tuple(category.name for category in self.categories)

    @property
    def places(self) -> dict[str, str]:
        """Code → name, the national one first."""
        return {self.national: self.national_name, **{region.code: region.name for region in self.regions}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """What is approved without being looked at, by the standing decision of a person."""

    min_score: int
    categories: tuple[str, ...] = ()
    """None: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRule:
    rule: ApprovalRule
    by: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What of an entry an editor may change."""

    category: str
    regions: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One story on the tracker."""

    tenant_id: TenantId
    id: EntryId
    screening_id: ScreeningId
    story_id: StoryId
    item_id: ItemId
    state: EntryState
    category: str
    regions: tuple[str, ...]
    title: str
    summary: str
    url: str
    score: int
    published_at: datetime | None
    sample: bool
    provider: str
    """Whose words the summary began as; `offline` where no model wrote it."""
    call_id: CallId | None
    merged_into: EntryId | None
    """Its story merged, and this one of the tenant's stands for both."""
    made_at: datetime
    changed_at: datetime
