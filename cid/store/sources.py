"""Sources and who subscribes to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import SourceId, SubscriptionId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.news import NO_HINTS, NOWHERE, Hints, Polled, PollOutcome, Source, SourceKind, SourceState, Trail
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

BY_IDS = query("sources.by_ids")
STANDINGS = query("sources.standings")
LOCK = query("sources.lock")
RECORD = query("sources.record")
REMEMBER = query("sources.remember")
POSTPONE = query("sources.postpone")
SETTLE = query("sources.settle")
RETIRE = query("sources.retire")
HAND_OVER = query("sources.hand_over")
LOG_MOVED = query("sources.log_moved")
TAKE_OVER = query("sources.take_over")
LEAVE = query("sources.leave")
SET_INTERVAL = query("sources.set_interval")
FIND = query("sources.find")
TAKEN = query("sources.taken")
ADD = query("sources.add")
REVIVE = query("sources.revive")
SUBSCRIBE = query("sources.subscribe")
SET_ACTIVE = query("sources.set_active")
SET_TRUST = query("sources.set_trust")
SUBSCRIBED = query("sources.subscribed")
ONE_SUBSCRIBED = query("sources.one_subscribed")
LOG = query("sources.log")
WANTED_OF = query("sources.wanted_of")

DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a source is to be polled, and what its polls so far have taught."""

    id: SourceId
    state: SourceState
    quarantined_until: datetime | None
    wanted: bool
    fixed_s: int | None
    gap_s: float | None
    hints: Mapping[str, Json]
    last_new_at: datetime | None
    moved_to: str
    moved_since: datetime | None
    moved_polls: int
    moved_announced: bool
    gone_since: datetime | None
    whole_at: datetime | None
    validators_lie: bool

    @property
    def trail(self) -> Trail:
        return Trail(
            moved_to=self.moved_to,
            moved_since=self.moved_since,
            moved_polls=self.moved_polls,
            announced=self.moved_announced,
            gone_since=self.gone_since,
        )

    @property
    def asked(self) -> Hints:
        told = dict(self.hints)
        return Hints(
            cache_s=told.get("cache_s"),
            ttl_s=told.get("ttl_s"),
            update_s=told.get("update_s"),
            skip_hours=frozenset(told.get("skip_hours", ())),
            skip_days=frozenset(told.get("skip_days", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    id: SourceId
    failures: int
    strikes: int
    state: SourceState
    quarantines: int
    quarantined_until: datetime | None
    quarantined_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one poll came to, and what follows for the next."""

    source: SourceId
    polled: Polled
    failures: int
    """In a row, of all kinds: how long to wait goes by them."""
    strikes: int = 0
    """Of these the ones that speak against the source: whether it rests goes by them."""
    next_poll_at: datetime
    found: bool
    """It brought something new."""
    whole: bool = False
    """A whole body came."""
    lied: bool = False
    """Another body came under the validators of the one before."""
    interval_s: int
    interval_why: str
    gap_s: float | None = None
    hints: Hints = NO_HINTS
    trail: Trail = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A source as one tenant has it."""

    id: SourceId
    kind: SourceKind
    url: str
    title: str
    publisher: str
    state: SourceState
    outcome: PollOutcome | None
    outcome_detail: str
    failures: int
    polled_at: datetime | None
    next_poll_at: datetime
    last_new_at: datetime | None
    sample: bool
    private: bool
    trust: float
    role: str
    active: bool
    fixed_s: int | None
    """Set by this tenant."""
    interval_s: int
    interval_why: str
    moved_to: str
    """Where it seems to have moved, until that is proved."""
    former_url: str
    validators_lie: bool


SHAPES = {BY_IDS: Source, STANDINGS: Standing, LOCK: Locked, SUBSCRIBED: Subscribed, ONE_SUBSCRIBED: Subscribed}


async def by_ids(tx: Tx, sources: Collection[SourceId]) -> dict[SourceId, Source]:
    return {source.id: source for source in each(Source, await tx.fetch(BY_IDS, list(sources)))}


async def standings(tx: Tx, sources: Collection[SourceId]) -> dict[SourceId, Standing]:
    return {standing.id: standing for standing in each(Standing, await tx.fetch(STANDINGS, list(sources)))}


async def lock(tx: Tx, sources: Collection[SourceId]) -> dict[SourceId, Locked]:
    return {locked.id: locked for locked in each(Locked, await tx.fetch(LOCK, list(sources)))}


async def record(tx: Tx, records: Sequence[Record]) -> None:
    """Validators move only with an answer that was understood: those of a broken one would freeze the loss."""
    if records:
        await tx.execute(RECORD, [_row(record) for record in records])


def _row(record: Record) -> dict[str, Json]:
    polled, trail, at = record.polled, record.trail, record.next_poll_at
    return {
        "id": str(record.source),
        "outcome": polled.outcome,
        "outcome_detail": polled.detail[:DETAIL_LIMIT],
        "cause": polled.cause or "",
        "title": polled.title,
        "publisher": polled.publisher,
        "site": polled.site,
        "cursor": polled.cursor,
        "healthy": polled.outcome.healthy,
        "etag": polled.etag,
        "last_modified": polled.last_modified,
        "body_sha": _bytes(polled.body_sha),
        "same_sha": _bytes(polled.same_sha),
        "whole": record.whole,
        "lied": record.lied,
        "failures": record.failures,
        "strikes": record.strikes,
        "next_poll_at": at.isoformat(),
        "found": record.found,
        "interval_s": record.interval_s,
        "interval_why": record.interval_why[:DETAIL_LIMIT],
        "gap_s": record.gap_s,
        "hints": _told(record.hints),
        "moved_to": trail.moved_to,
        "moved_since": trail.moved_since.isoformat() if trail.moved_since else None,
        "moved_polls": trail.moved_polls,
        "moved_announced": trail.announced,
        "gone_since": trail.gone_since.isoformat() if trail.gone_since else None,
    }


def _bytes(value: bytes | None) -> str | None:
    return None if value is None else "\\x" + value.hex()


def _told(hints: Hints) -> dict[str, Json]:
    told = {
        "cache_s": hints.cache_s,
        "ttl_s": hints.ttl_s,
        "update_s": hints.update_s,
        "skip_hours": sorted(hints.skip_hours),
        "skip_days": sorted(hints.skip_days),
    }
    return {name: value for name, value in told.items() if value}


async def remember(tx: Tx, polls: Mapping[SourceId, Polled]) -> None:
    """What was in the sources at these polls: see `sources.feed.memory`."""
    told = [(source, polled) for source, polled in polls.items() if polled.memory is not None]
    if told:
        await tx.execute(
            REMEMBER,
            [source for source, _ in told],
            [polled.memory for _, polled in told],
            [polled.volatile for _, polled in told],
        )


async def postpone(tx: Tx, until: Mapping[SourceId, datetime]) -> None:
    if until:
        await tx.execute(POSTPONE, list(until), list(until.values()))


async def settle(tx: Tx, source: SourceId, url: str) -> None:
    """At its proved new address. Nobody else may be there."""
    await tx.execute(SETTLE, source, url)


async def retire(tx: Tx, source: SourceId) -> None:
    await tx.execute(RETIRE, source)


async def hand_over(tx: Tx, source: SourceId, to: SourceId) -> None:
    """All subscriptions; whoever uses both keeps those of `to`."""
    await tx.execute(LOG_MOVED, source, to)
    await tx.execute(HAND_OVER, source, to)
    await tx.execute(TAKE_OVER, source, to)
    await tx.execute(LEAVE, source)


async def set_interval(tx: Tx, tenant: TenantId, source: SourceId, interval_s: int | None) -> bool:
    """False when the tenant does not subscribe to it."""
    return await tx.fetchval(SET_INTERVAL, tenant, source, interval_s) is not None


async def find(
    tx: Tx, kind: SourceKind, url: str, owner: TenantId | None, config: Mapping[str, Json]
) -> tuple[SourceId, SourceState] | None:
    row = await tx.fetchrow(FIND, kind, url, owner, dict(config))
    return (SourceId(row["id"]), SourceState(row["state"])) if row else None


async def taken(tx: Tx, kind: SourceKind, url: str, tenant: TenantId) -> bool:
    """In a platform transaction: whether another tenant has it."""
    found: bool = await tx.fetchval(TAKEN, kind, url, tenant)
    return found


async def add(
    tx: Tx,
    source: SourceId,
    *,
    owner: TenantId | None,
    kind: SourceKind,
    url: str,
    title: str,
    publisher: str,
    sample: bool,
    interval_s: int,
    config: Mapping[str, Json],
) -> bool:
    """False when somebody else added it in this moment."""
    row = await tx.fetchval(ADD, source, owner, kind, url, title, publisher, sample, interval_s, dict(config))
    return row is not None


async def revive(tx: Tx, source: SourceId) -> None:
    await tx.execute(REVIVE, source)


async def subscribe(
    tx: Tx, tenant: TenantId, subscription: SubscriptionId, source: SourceId, *, trust: float, role: str
) -> bool:
    """False when the tenant has it already, switched on."""
    return await tx.fetchval(SUBSCRIBE, tenant, subscription, source, trust, role) is not None


async def set_active(tx: Tx, tenant: TenantId, source: SourceId, *, wanted: bool) -> bool:
    """False when nothing changed."""
    return await tx.fetchval(SET_ACTIVE, tenant, source, wanted) is not None


async def set_trust(tx: Tx, tenant: TenantId, source: SourceId, trust: float) -> bool:
    """False when the tenant does not subscribe to it."""
    return await tx.fetchval(SET_TRUST, tenant, source, trust) is not None


async def subscribed(tx: Tx, tenant: TenantId) -> list[Subscribed]:
    return each(Subscribed, await tx.fetch(SUBSCRIBED, tenant))


async def one_subscribed(tx: Tx, tenant: TenantId, source: SourceId) -> Subscribed | None:
    row = await tx.fetchrow(ONE_SUBSCRIBED, tenant, source)
    return into(Subscribed, row) if row else None


async def log(
    tx: Tx, entry: UUID, *, tenant: TenantId, user: UserId | None, action: str, target: str, detail: Json
) -> None:
    """A line in the tenant's audit log. `user` is None for whoever sits at the machine."""
    await tx.execute(LOG, entry, tenant, user, action, target, detail)


async def wanted_of(tx: Tx, kinds: Collection[SourceKind]) -> dict[SourceKind, int]:
    """In a platform transaction: how many sources of each kind somebody subscribes to; kinds without one are absent."""
    return {SourceKind(row["kind"]): row["count"] for row in await tx.fetch(WANTED_OF, list(kinds))}
