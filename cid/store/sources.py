"""Sources and who subscribes to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import SourceId, SubscriptionId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.news import Polled, PollOutcome, Source, SourceKind, SourceState
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

BY_ID = query("sources.by_id")
STANDING = query("sources.standing")
LOCK = query("sources.lock")
RECORD = query("sources.record")
POSTPONE = query("sources.postpone")
FIND = query("sources.find")
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
    """Whether a source is to be polled."""

    state: SourceState
    quarantined_until: datetime | None
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    failures: int
    state: SourceState


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


SHAPES = {BY_ID: Source, STANDING: Standing, LOCK: Locked, SUBSCRIBED: Subscribed, ONE_SUBSCRIBED: Subscribed}


async def by_id(tx: Tx, source: SourceId) -> Source | None:
    row = await tx.fetchrow(BY_ID, source)
    return into(Source, row) if row else None


async def standing(tx: Tx, source: SourceId) -> Standing | None:
    row = await tx.fetchrow(STANDING, source)
    return into(Standing, row) if row else None


async def lock(tx: Tx, source: SourceId) -> Locked | None:
    row = await tx.fetchrow(LOCK, source)
    return into(Locked, row) if row else None


async def record(
    tx: Tx, source: SourceId, polled: Polled, *, failures: int, next_poll_at: datetime, found: bool
) -> None:
    """Validators move only with an answer that was understood: those of a broken one would freeze the loss."""
    await tx.execute(
        RECORD,
        source,
        polled.outcome,
        polled.detail[:DETAIL_LIMIT],
        polled.title,
        polled.publisher,
        polled.outcome.healthy,
        polled.etag,
        polled.last_modified,
        polled.body_sha,
        failures,
        next_poll_at,
        found,
        polled.same_sha,
        polled.cause or "",
        polled.site,
        polled.cursor,
    )


async def postpone(tx: Tx, source: SourceId, until: datetime) -> None:
    await tx.execute(POSTPONE, source, until)


async def find(
    tx: Tx, kind: SourceKind, url: str, owner: TenantId | None, config: Mapping[str, Json]
) -> tuple[SourceId, SourceState] | None:
    row = await tx.fetchrow(FIND, kind, url, owner, dict(config))
    return (SourceId(row["id"]), SourceState(row["state"])) if row else None


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
