"""What is polled and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import ItemId, SourceId, StoryId, TenantId
from cid.domain.lifecycle import Lifecycle


class SourceKind(StrEnum):
    RSS = "rss"
    SAMPLE = "sample"


class SourceState(StrEnum):
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


SOURCE = Lifecycle(
    "source",
    {
        SourceState.ACTIVE: frozenset({SourceState.QUARANTINED, SourceState.RETIRED}),
        SourceState.QUARANTINED: frozenset({SourceState.ACTIVE, SourceState.RETIRED}),
        SourceState.RETIRED: frozenset({SourceState.ACTIVE}),
    },
)


class PollOutcome(StrEnum):
    """What the last poll came to. Never merged: each has its own remedy."""

    NEW = "new"
    EMPTY = "empty"
    NOT_MODIFIED = "not_modified"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    GONE = "gone"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"

    @property
    def healthy(self) -> bool:
        return self in {PollOutcome.NEW, PollOutcome.EMPTY, PollOutcome.NOT_MODIFIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    id: SourceId
    tenant_id: TenantId | None
    kind: SourceKind
    url: str
    title: str
    publisher: str
    sample: bool
    state: SourceState
    outcome: PollOutcome | None
    outcome_detail: str
    etag: str
    last_modified: str
    body_sha: bytes | None
    failures: int
    interval_s: int
    polled_at: datetime | None
    next_poll_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article as a source reports it, normalised: text without markup, a canonical address, times in UTC."""

    key: str
    url: str
    title: str
    summary: str = ""
    author: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The outcome of one poll. `entries` is empty unless the outcome is `new`; validators only ever come from a
    response that parsed, because storing those of a broken one freezes the loss behind 304s."""

    outcome: PollOutcome
    detail: str = ""
    entries: tuple[Entry, ...] = ()
    title: str = ""
    publisher: str = ""
    etag: str = ""
    last_modified: str = ""
    body_sha: bytes | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    id: ItemId
    story_id: StoryId | None
    url: str
    title: str
    summary: str
    author: str
    published_at: datetime | None
    first_seen_at: datetime
    sample: bool
