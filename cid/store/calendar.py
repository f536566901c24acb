"""What goes out when, and the secret addresses at which calendar programs read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cid.domain.draft import DraftState
from cid.domain.ids import ChannelId, DraftId, PublicationId, TenantId, UserId
from cid.domain.publication import ChannelKind, PublicationState
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

BETWEEN = query("calendar.between")
TAKEN_BACK = query("calendar.taken_back")
TRAY = query("calendar.tray")
PLANNED = query("calendar.planned")
MOVE = query("calendar.move")
SET_FEED = query("calendar.set_feed")
END_FEED = query("calendar.end_feed")
FEED_OF = query("calendar.feed_of")
FEED = query("calendar.feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One publication in the calendar."""

    id: PublicationId
    draft_id: DraftId
    channel_id: ChannelId
    hurried: bool
    """A person let it go before its domain had a place."""
    channel: str
    channel_kind: ChannelKind
    canonical: bool
    state: PublicationState
    url: str
    error: str
    due_at: datetime
    live_at: datetime | None
    planned_at: datetime
    changed_at: datetime
    title: str
    keyword: str
    """The first of the article's, empty where it has none."""

    @property
    def at(self) -> datetime:
        """The moment that counts: when it went live, or when it is due."""
        return self.live_at if self.live_at and self.state in LIVE else self.due_at


LIVE = frozenset({PublicationState.LIVE, PublicationState.UPDATING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A draft without a day."""

    id: DraftId
    state: DraftState
    changed_at: datetime
    created_at: datetime
    title: str
    keyword: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    id: PublicationId
    due_at: datetime
    canonical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Whose calendar an address shows."""

    id: TenantId
    slug: str
    name: str
    zone: str


SHAPES = {BETWEEN: Entry, TAKEN_BACK: Entry, TRAY: Waiting, PLANNED: Planned, FEED: Feed}


async def between(tx: Tx, tenant: TenantId, since: datetime, until: datetime, most: int) -> list[Entry]:
    return each(Entry, await tx.fetch(BETWEEN, tenant, since, until, most))


async def taken_back(tx: Tx, tenant: TenantId, since: datetime, until: datetime, most: int) -> list[Entry]:
    return each(Entry, await tx.fetch(TAKEN_BACK, tenant, since, until, most))


async def tray(tx: Tx, tenant: TenantId, most: int) -> list[Waiting]:
    return each(Waiting, await tx.fetch(TRAY, tenant, most))


async def planned(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Planned]:
    """Locked until the transaction ends."""
    return each(Planned, await tx.fetch(PLANNED, tenant, draft))


async def move(tx: Tx, tenant: TenantId, publications: Collection[PublicationId], at: datetime) -> None:
    await tx.execute(MOVE, tenant, list(publications), at)


async def set_feed(tx: Tx, tenant: TenantId, user: UserId, hashed: bytes) -> None:
    await tx.execute(SET_FEED, tenant, user, hashed)


async def end_feed(tx: Tx, tenant: TenantId, user: UserId) -> bool:
    return await tx.fetchval(END_FEED, tenant, user) is not None


async def feed_of(tx: Tx, tenant: TenantId, user: UserId) -> datetime | None:
    made: datetime | None = await tx.fetchval(FEED_OF, tenant, user)
    return made


async def feed(tx: Tx, hashed: bytes) -> Feed | None:
    """In a platform transaction."""
    row = await tx.fetchrow(FEED, hashed)
    return into(Feed, row) if row else None
