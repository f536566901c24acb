"""What the flows need of the world, as Protocols over domain values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cid.domain.errors import CidError
    from cid.domain.ids import CallId, TenantId
    from cid.domain.images import Photo
    from cid.domain.interest import Heard, Question
    from cid.domain.llm import Answer, Ask, Json, Raw, Wire
    from cid.domain.mail import Letter
    from cid.domain.news import Polled, Source
    from cid.domain.paid import Held, Opened, Order, Outcome
    from cid.domain.publication import Channel, Note
    from cid.domain.reading import Reading
    from cid.domain.searching import Found, Wanted


class Row(Protocol):
    """A database row, read by column name."""

    def __getitem__(self, name: str) -> Any: ...
    def items(self) -> Iterable[tuple[str, Any]]: ...


class Tx(Protocol):
    """One open transaction. `tenant` is the tenant it is confined to, or PLATFORM."""

    @property
    def tenant(self) -> TenantId: ...
    async def fetch(self, sql: str, *args: object) -> Sequence[Row]: ...
    async def fetchrow(self, sql: str, *args: object) -> Row | None: ...
    async def fetchval(self, sql: str, *args: object) -> Any: ...
    async def execute(self, sql: str, *args: object) -> str: ...
    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the transaction has committed; never when it rolled back."""

    def with_commit(self, statement: str) -> None:
        """Send `statement`, which takes no arguments, in one message with the commit, to run right behind it."""


class Db(Protocol):
    """As role cid_app: row security confines every statement to one tenant."""

    def tx(self, tenant: TenantId) -> AbstractAsyncContextManager[Tx]: ...
    def read(self, tenant: TenantId) -> AbstractAsyncContextManager[Tx]:
        """The same, READ ONLY."""


class PlatformDb(Protocol):
    """As role cid_worker: shared tables, and the tenants' tables that its policies name."""

    def tx(self) -> AbstractAsyncContextManager[Tx]: ...
    def read(self) -> AbstractAsyncContextManager[Tx]: ...


class Clock(Protocol):
    def now(self) -> datetime: ...
    def follow(self, there: datetime, here: datetime) -> None:
        """The database's clock said `there` when ours said `here`: all processes go by that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    url: str
    """Where the last redirect led."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    moved: bool = False
    """There were redirects, and every one of them for good (301, 308)."""


class Http(Protocol):
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 5_000_000,
        timeout_s: float = 30.0,
    ) -> Response:
        """Raises `HttpFailure`; any status is an answer."""


class Children(Protocol):
    async def call(self, name: str, value: Json, *, timeout_s: float = 5.0) -> Json:
        """Run one of the functions of `cid/workers/child.py` in a process that is killed when it takes too long.

        Raises `ChildFailure`.
        """


class Pages(Protocol):
    """Articles at their own pages."""

    async def read(self, url: str, *, language: str = "") -> Reading:
        """Raises Stopping, and nothing for what the other side does: that is an outcome.

        `language` is what is believed of the text where the page says nothing.
        """


class Search(Protocol):
    """The web, searched on a tenant's account."""

    async def search(self, wanted: Wanted) -> Found:
        """Raises Stopping, and nothing for what the other side does: that is an outcome. What was paid for and is not
        stored yet (`llm.reads.forget`) is not paid for again."""


class SourceReader(Protocol):
    """One per kind of source."""

    async def poll(self, source: Source) -> Polled:
        """Raises nothing for what the other side does: that is an outcome."""


@runtime_checkable
class Archive(Protocol):
    """A source that can be asked about one outlet, over any time."""

    async def of_outlet(self, name: str, site: str, back: timedelta) -> Polled:
        """`site`: its host; empty: that is not known. Raises Deferred when too many others ask first, Stopping, and
        nothing else."""


class Robots(Protocol):
    async def allow(self, url: str) -> bool | None:
        """Whether the site's robots.txt lets us read this page; None: it could not be had. Raises Stopping."""


class Trends(Protocol):
    """How much is searched for something."""

    @property
    def name(self) -> str: ...
    @property
    def lists(self) -> bool:
        """It knows only what a place searches for most: questions name a place and no keyword."""

    async def ask(self, tenant: TenantId, question: Question) -> Heard:
        """Raises Stopping, and nothing for what the other side does: that is an answer. `tenant` pays, if anybody."""


class Purse(Protocol):
    """Pays for reads of sources that an outside party charges for, from the budgets of the source's tenant."""

    async def open(self, order: Order) -> Opened | Held:
        """Set the most that it can cost aside, before anything is sent."""

    async def close(self, order: Order, call: CallId, outcome: Outcome) -> None:
        """What it came to: the cost replaces the reservation, and what came is kept until it is stored."""


class Llm(Protocol):
    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        """Subject key → answer. A subject whose answer stayed missing or invalid after one repair is absent.

        Raises Upstream (outage, limits), Deferred (budget), BadReply (nothing usable), Misconfigured (no key),
        Withdrawn (the run that it is for is over).
        """


class Backlog(Protocol):
    """Questions that wait in batches."""

    async def tend(self) -> Sequence[tuple[TenantId, str]]:
        """Do what is due. Answers which batches came to an end, by our ids: jobs that name one need not wait any more.

        Raises nothing for what a vendor does: it is on record, and tried again.
        """


class Provider(Protocol):
    """One model vendor. Never retries, prices or validates."""

    @property
    def name(self) -> str: ...
    async def complete(self, wire: Wire) -> Raw:
        """Raises Upstream (nothing was done; `retry_after` where it was told), Spent (no money or quota there),
        Unanswered (sent, and perhaps billed), Misconfigured (no or a wrong key, an unknown model), BadReply (a request
        that will never be right)."""


class Batches(Protocol):
    """A vendor's batch API: many requests at a lower price, answered within a day. Never retries, prices or validates.

    `key` is ours, one per batch; requests go by our call ids, which are at most 64 letters, digits, `-` and `_`. All
    requests of a batch are for one model. What only reads may be asked again: it raises Upstream (also when nothing was
    answered), Misconfigured (the key), or BadReply (there is no such batch).
    """

    @property
    def name(self) -> str: ...
    async def submit(self, key: str, wires: Mapping[str, Wire]) -> str:
        """The vendor's id of the batch. Sent once. Raises as `Provider.complete`, and Unanswered whenever the batch may
        have been made all the same, be it by a 500: ask `find` before anything."""

    async def find(self, key: str, calls: Collection[str], since: datetime, known: Collection[str] = ()) -> str | None:
        """A batch that was submitted for `key` at `since` or after, though its id was never heard; None: there is none.

        `known` are ids of other batches. Only reads, but for Upstream while it cannot be told.
        """

    async def ended(self, batch: str) -> bool:
        """Whether every request of it has an outcome. Only reads."""

    def results(self, batch: str, calls: Sequence[str]) -> AsyncIterator[tuple[str, Raw | CidError]]:
        """Of an ended batch: call id → reply or named failure, in any order; `calls` as they were submitted, in order.

        Upstream: it was not done and costs nothing. Unanswered: done, and unreadable. BadReply, Misconfigured: it will
        never be done. The vendor decides what comes: calls may be missing, come twice, or be nobody's. Only reads.
        """

    async def cancel(self, batch: str) -> None:
        """Ask that no more of it is done. It still ends, and has results. Only reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where something is published."""

    external_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The bytes of a version's image, as its hash covers them."""

    body: bytes
    mime: str
    name: str
    """Of the file, with its ending."""
    alt: str
    caption: str
    """Plain text: whose picture it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a channel was given, or is being given while `live` is false. `key` is the publication's id."""

    channel: Channel
    key: str
    payload: Mapping[str, Json]
    canonical: str | None
    live: bool
    placed: Placed | None = None
    """Where it is, once that is known."""
    picture: Picture | None = None
    modified: datetime | None = None
    """When these bytes were decided on, if something else was out before; None: they are the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who we are at a channel, and what is missing for all that is wanted of us there."""

    account: str
    lacks: Sequence[str] = ()
    """A sentence each, with the remedy."""


class Publisher(Protocol):
    """One per kind of channel. What is already there under a publication's key is found, not doubled.

    Whatever talks to the other side raises Refused (it will never be taken: a sentence with the remedy), Upstream (not
    now; it may or may not have arrived) or Misconfigured (the secret cannot be opened).
    """

    @property
    def timeout(self) -> timedelta:
        """How long after a send its answer may still arrive: the whole HTTP timeout of the adapter."""

    async def check(self, channel: Channel) -> Standing:
        """Come in and look around; changes nothing there."""

    async def find(self, sent: Sent) -> Placed | None:
        """By the key, and by `placed` where that is known. None: it is not there."""

    async def publish(self, sent: Sent) -> Placed:
        """Create as a draft there, verify, publish. Repeated, it takes up what it finds."""

    async def update(self, sent: Sent) -> Placed:
        """Bring what is at `placed` to the payload, at the same address. Repeated, it changes nothing more.

        Raises NotFound when it is not there any more; nothing is created."""

    async def retract(self, sent: Sent) -> None:
        """Take it from the public's eyes; gone already is done."""

    async def look(self, sent: Sent) -> Sequence[Note]:
        """Read back what is at `placed`: what the other side did not keep of the payload."""


class Turns(Protocol):
    """How often something may happen, counted for all processes together."""

    async def take(self, key: str, every: timedelta, burst: int = 1) -> timedelta:
        """One event under `key`, which may happen once in `every`, `burst` at once. Zero: now; else in how long it may,
        and nothing was taken."""


class Mailer(Protocol):
    async def send(self, letter: Letter) -> str:
        """The next server's answer, which took it over.

        Raises Refused (this letter, or this address, will never be taken), Upstream (not taken; try later), Unanswered
        (all of it was given away and no answer came), Misconfigured (no server is set, or it will not have us).
        """


class Images(Protocol):
    """A library of pictures that may be used with a credit."""

    @property
    def name(self) -> str: ...
    async def search(self, words: str, *, language: str = "") -> Sequence[Photo]:
        """The best first. Raises Upstream, Refused, Misconfigured (no key)."""

    async def fetch(self, photo: Photo) -> bytes:
        """The picture itself, at a size for a page. Raises Upstream, Refused."""


class Vault(Protocol):
    """Secrets at rest."""

    def seal(self, value: str, context: str) -> str: ...
    def open(self, sealed: str, context: str) -> str:
        """Raises Misconfigured."""

    def renew(self, sealed: str) -> str:
        """The same under the newest key. Raises Misconfigured."""


@runtime_checkable
class Projection(Protocol):
    """A publisher whose place can be made anew from what was published."""

    async def rebuild(
        self,
        channel: Channel,
        load: Callable[[], Awaitable[Sequence[Sent]]],
        picture: Callable[[Sent], Awaitable[Picture | None]] | None = None,
    ) -> int:
        """`load` is called once the place is held against other writers, `picture` for each that is not there any more.
        How many pieces are there afterwards.

        Raises Upstream.
        """

    async def read(self, tenant_slug: str, name: str) -> bytes | None:
        """One file of a tenant's place. None for any name that the place would not have written. Raises Upstream."""
