"""What is polled and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import CallId, ItemId, SourceId, StoryId, TenantId
from cid.domain.lifecycle import Lifecycle
from cid.domain.llm import Json
from cid.domain.run import Profile


class SourceKind(StrEnum):
    RSS = "rss"
    GOOGLE_NEWS = "google_news"
    GDELT = "gdelt"
    SERPAPI = "serpapi"
    X = "x"
    TELEGRAM = "telegram"
    TELEGRAM_BOT = "telegram_bot"
    PAGE = "page"
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


class Cause(StrEnum):
    """The outcome of a poll in detail: few and fixed, so that they can be counted."""

    NEW = "ok_new"
    EMPTY_FEED = "ok_empty"
    SAME_HASH = "ok_same_hash"
    NOTHING_NEW = "ok_nothing_new"
    NOT_MODIFIED = "ok_304"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    GONE = "gone"
    NOT_FOUND = "not_found"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    BAD_HTTP = "bad_http"
    REDIRECT_LOOP = "redirect_loop"
    BLOCKED_ADDRESS = "blocked_address"
    HTML = "html"
    EMPTY_BODY = "empty_body"
    PARSE_ERROR = "parse_error"
    NO_KEY = "no_key"
    CONFIG = "config"
    """What was asked for cannot be had in this way: a person has to change the source."""
    BUDGET = "budget"
    ALARM = "alarm"
    """The other side changed so much that our reading of it cannot be right."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a server and its feed say about how often to come. None and empty: nothing was said."""

    cache_s: int | None = None
    """Cache-Control max-age, else Expires."""
    ttl_s: int | None = None
    update_s: int | None = None
    """sy:updatePeriod over sy:updateFrequency."""
    skip_hours: frozenset[int] = frozenset()
    """0 to 23, UTC."""
    skip_days: frozenset[int] = frozenset()
    """0 Monday to 6 Sunday, UTC."""


NO_HINTS = Hints()


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
    config: Mapping[str, Json] = field(default_factory=dict)
    cursor: str = ""
    site: str = ""
    cause: str = ""
    same_sha: bytes | None = None
    memory: bytes = b""
    """What was in it at the last poll: see `sources.feed.memory`."""
    by_title: bool = False
    """It names its entries anew at each poll: they are known by title and date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article as a source reports it, normalised: text without markup, a canonical address, times in UTC."""

    key: str
    url: str
    title: str
    summary: str = ""
    author: str = ""
    published_at: datetime | None = None
    language: str = ""
    """BCP 47 in lower case, where the source says so."""
    link: str = ""
    """The address as the source spells it, where that is not `url`."""
    title_key: str = ""
    """By what its source may know it again where key and address have changed: 16 hexadecimal digits of its title's
    words, or nothing where they name no article."""
    via: str = ""
    """How it was fetched where that is not how the source is normally, such as a fallback that was allowed."""
    publisher: str = ""
    """Who speaks, where one source brings many voices; the host without www."""
    identity: str = ""
    """What makes the article one where its address does not, because that is an aggregator's. Such an address is never
    cited."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What a platform says about a post, as `domain.posts.facts` spells it; as it was when first seen."""


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
    same_sha: bytes | None = None
    """Of the body without what changes at every poll."""
    retry_after_s: int | None = None
    cause: Cause | None = None
    """None: what the outcome's name says."""
    site: str = ""
    """The home page that the source names."""
    cursor: str | None = None
    """Where the next poll goes on; None leaves it as it was."""
    hints: Hints = NO_HINTS
    known: int = 0
    """Entries that were there before as they are, and are not among `entries`."""
    memory: bytes | None = None
    """What the next poll is to know this one's entries by; None leaves it as it was."""
    volatile: bool = False
    """Every entry has another identity than at the last poll, though the titles stayed."""
    moved_to: str = ""
    """Where permanent redirects, and only such, led to, or where the feed says that it is from now on."""
    announced: bool = False
    """The feed itself says so, and a feed was found there."""
    profile: Profile | None = None
    """What a platform says about the account that was read; None: nothing was said this time."""
    paid: CallId | None = None
    """What it was paid for with, where reading costs money: its reply is kept until `llm.reads.forget`."""
    elsewhere: bool = False
    """Another house than the one that was asked wants to be left alone: that concerns this source, and no other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Where a source is said to have gone, as far as it was said. Empty and None: nothing."""

    moved_to: str = ""
    moved_since: datetime | None = None
    moved_polls: int = 0
    announced: bool = False
    """By the feed itself: it says so until its body changes."""
    gone_since: datetime | None = None


NOWHERE = Trail()


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


class Band(StrEnum):
    """How sure it is that an item belongs to its story."""

    FIRST = "first"
    """It opened the story."""
    CERTAIN = "certain"
    SIMILAR = "similar"
    CONTESTED = "contested"
    """It could be told either way; the item stays where the words alone put it until somebody judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an item went, and what else was seen on the way."""

    item: ItemId
    story: StoryId
    band: Band
    likeness: float
    """To its story when it joined, 0 to 1."""
    merges: tuple[tuple[StoryId, StoryId], ...] = ()
    """(from, into): stories that this item showed to be one. No `into` is a `from` of the same hand-out."""
    follows: StoryId | None = None
    """The story that its new story is a later chapter of; only where it opened one."""
    contested: tuple[tuple[StoryId, float], ...] = ()
    """Other stories that it might belong to as well, the likeliest first, with their likeness."""
