"""What a story's own items say: the only ground a draft may stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One item of a story as a tenant may see it."""

    item_id: ItemId
    url: str
    title: str
    summary: str
    publisher: str
    sample: bool
    reported_at: datetime
    """When it was published, at most when it was first seen."""
    text: str = ""
    """The beginning of the article, read at its page; empty: only the summary is known."""


class ClaimKind(StrEnum):
    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    QUOTE = "quote"
    CAUSAL = "causal"
    STATEMENT = "statement"


class SourceClass(StrEnum):
    GOVERNMENT = "government"
    """Or a regulator."""
    WIRE = "wire"
    PRESS = "press"
    VENDOR = "vendor"
    SOCIAL = "social"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of one report or page, word for word."""

    text: str
    item_id: str
    """Of the story; empty: the sentence is of a page that a search found."""
    url: str
    title: str
    publisher: str
    kind: ClaimKind = ClaimKind.STATEMENT
    confidence: Confidence = Confidence.MEDIUM
    safe_phrasing: str = ""
    """How it may be put without saying more than its source does."""
    source_class: SourceClass = SourceClass.PRESS
    page: str = ""
    """SHA-256 in hex of the text it stands in, where that was stored."""
    offset: int | None = None
    """Where it begins there, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Avoid:
    """What is said about the story and borne out by nothing found."""

    text: str
    why: str


class EvidenceState(StrEnum):
    SEARCHED = "searched"
    """Pages were searched for, fetched and read."""
    PARTLY = "partly"
    """Some of that failed: the notes say what."""
    REPORTS = "reports"
    """The story's own reports only."""
    NONE = "none"
    """Nothing to stand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a draft may stand on, and what it must not say."""

    claims: tuple[Claim, ...] = ()
    avoid: tuple[Avoid, ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    """(title, address): what readers may be sent to."""
    state: EvidenceState = EvidenceState.NONE
    notes: tuple[str, ...] = ()
    """Why it came no further, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How many publishers a tenant may count report a story, and when the newest of them joined."""

    publishers: int
    within: int
    """The most of them whose first reports lie within the policy's window: a burst stays one, whenever it is judged."""
    newest_at: datetime | None
