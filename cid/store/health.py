"""Sources that rest because they failed, and what was found to replace them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.health import Failing, Health, Kinship, ProposalState, Replacement, Tier, Tried
from cid.domain.ids import SourceId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.news import PollOutcome, SourceKind, SourceState
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

STANDINGS = query("health.standings")
SETTLE = query("health.settle")
RESTORE = query("health.restore")
FAILING = query("health.failing")
TRADES = query("health.trades")
PROPOSE = query("health.propose")
SEARCHED = query("health.searched")
EXPIRE = query("health.expire")
EXPIRE_OTHERS = query("health.expire_others")
TO_TAKE = query("health.to_take")
LOCK_PROPOSAL = query("health.lock_proposal")
LOCK_SOURCE = query("health.lock_source")
DECIDE = query("health.decide")
HAS = query("health.has")
MOVE = query("health.move")
MERGE = query("health.merge")
LEAVE = query("health.leave")
RETIRE = query("health.retire")
SET_ITSELF = query("health.set_itself")
SET_ITSELF_EVERYWHERE = query("health.set_itself_everywhere")
ITSELF_EVERYWHERE = query("health.itself_everywhere")
ATTENTION = query("health.attention")
PROPOSED = query("health.proposed")
MINE = query("health.mine")

TRIED_LIMIT = 60
TEXT_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What some of a source's subscribers work in."""

    industry: str
    language: str
    tenants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A proposal that is to be taken without asking."""

    tenant_id: TenantId
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A proposal somebody is about to decide on."""

    id: UUID
    source_id: SourceId
    tier: Tier
    url: str
    title: str
    site: str
    state: ProposalState


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    owner: TenantId | None
    state: SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A quarantined source as one tenant has it."""

    id: SourceId
    kind: SourceKind
    url: str
    title: str
    private: bool
    outcome: PollOutcome | None
    outcome_detail: str
    failures: int
    quarantines: int
    since: datetime
    until: datetime
    last_new_at: datetime | None
    replace_itself: bool
    searched_at: datetime | None
    """None: no search has ended yet."""
    tried: Sequence[Json]
    """{"tier", "url", "why"} of what was fetched and would not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    id: UUID
    source_id: SourceId
    tier: Tier
    url: str
    via: str
    title: str
    site: str
    entries: int
    newest_at: datetime | None
    kinship: Kinship
    tested_at: datetime


SHAPES = {
    TRADES: Trade,
    TO_TAKE: Due,
    LOCK_PROPOSAL: Offered,
    LOCK_SOURCE: Owned,
    ATTENTION: Resting,
    PROPOSED: Proposed,
}


async def standings(tx: Tx, of: Collection[SourceId]) -> dict[SourceId, Health]:
    rows = await tx.fetch(STANDINGS, list(of))
    return {
        SourceId(row["id"]): Health(
            state=SourceState(row["state"]),
            failures=row["failures"],
            quarantines=row["quarantines"],
            until=row["until"],
            since=row["since"],
        )
        for row in rows
    }


async def settle(tx: Tx, source: SourceId, health: Health) -> None:
    await tx.execute(SETTLE, source, health.state, health.quarantines, health.until, health.since)


async def restore(tx: Tx, source: SourceId) -> bool:
    """False when it is not quarantined."""
    return await tx.fetchval(RESTORE, source) is not None


async def failing(tx: Tx, source: SourceId) -> tuple[SourceKind, Failing] | None:
    """None when it is not quarantined, or not any more."""
    row = await tx.fetchrow(FAILING, source)
    if row is None:
        return None
    names = {name: value for name, value in row.items() if name != "kind"}
    return SourceKind(row["kind"]), Failing(**names)


async def trades(tx: Tx, source: SourceId, *, limit: int) -> list[Trade]:
    return each(Trade, await tx.fetch(TRADES, source, limit))


async def propose(
    tx: Tx, source: SourceId, found: Sequence[Replacement], tried: Sequence[Tried], trade: Trade | None
) -> None:
    """To the subscribers of one trade, or to all of them."""
    whose = (trade.industry, trade.language) if trade else (None, None)
    for place, one in enumerate(found):
        await tx.execute(
            PROPOSE,
            source,
            one.tier,
            one.url,
            one.via[:TEXT_LIMIT],
            one.title[:TEXT_LIMIT],
            one.site,
            one.entries,
            one.newest_at,
            one.kinship,
            place,
            *whose,
        )
    told = [asdict(each_) for each_ in tried[:TRIED_LIMIT]]
    await tx.execute(SEARCHED, source, len(found), told, *whose)


async def expire(tx: Tx, source: SourceId, but: Sequence[str] | None = None) -> None:
    """All that is still proposed for it, or all but the addresses `but`."""
    await tx.execute(EXPIRE, source, list(but) if but is not None else None)


async def expire_others(tx: Tx, tenant: TenantId, source: SourceId) -> None:
    await tx.execute(EXPIRE_OTHERS, tenant, source)


async def to_take(tx: Tx, *, source: SourceId | None = None, tenant: TenantId | None = None) -> list[Due]:
    """The best for each source and subscriber who wants it so; of one source or of one tenant."""
    assert source or tenant, "not of everybody at once"
    return each(Due, await tx.fetch(TO_TAKE, source, tenant))


async def lock_proposal(tx: Tx, tenant: TenantId, proposal: UUID) -> Offered | None:
    row = await tx.fetchrow(LOCK_PROPOSAL, tenant, proposal)
    return into(Offered, row) if row else None


async def lock_source(tx: Tx, source: SourceId) -> Owned | None:
    row = await tx.fetchrow(LOCK_SOURCE, source)
    return into(Owned, row) if row else None


async def decide(
    tx: Tx, tenant: TenantId, proposal: UUID, state: ProposalState, *, by: UserId | None, by_itself: bool = False
) -> None:
    await tx.execute(DECIDE, tenant, proposal, state, by, by_itself)


async def move(tx: Tx, tenant: TenantId, old: SourceId, new: SourceId) -> bool:
    """The subscription with its settings. False when the tenant has `new` already, or does not use `old`."""
    has: bool | None = await tx.fetchval(HAS, tenant, new)
    if has:
        return False
    if has is None:
        return await tx.fetchval(MOVE, tenant, old, new) is not None
    if await tx.fetchval(MERGE, tenant, old, new) is None:
        return False
    await tx.execute(LEAVE, tenant, old)
    return True


async def retire(tx: Tx, source: SourceId) -> bool:
    """False while somebody still has it."""
    return await tx.fetchval(RETIRE, source) is not None


async def set_itself(tx: Tx, tenant: TenantId, source: SourceId, *, wanted: bool) -> bool:
    """False when nothing changed."""
    return await tx.fetchval(SET_ITSELF, tenant, source, wanted) is not None


async def set_itself_everywhere(tx: Tx, tenant: TenantId, *, wanted: bool) -> bool:
    """False when nothing changed."""
    return await tx.fetchval(SET_ITSELF_EVERYWHERE, tenant, wanted) is not None


async def itself_everywhere(tx: Tx, tenant: TenantId) -> bool:
    return bool(await tx.fetchval(ITSELF_EVERYWHERE, tenant))


async def attention(tx: Tx, tenant: TenantId, *, limit: int = 50) -> list[Resting]:
    return each(Resting, await tx.fetch(ATTENTION, tenant, limit))


async def proposed(tx: Tx, tenant: TenantId, of: Sequence[SourceId]) -> list[Proposed]:
    return each(Proposed, await tx.fetch(PROPOSED, tenant, list(of)))


async def mine(tx: Tx, tenant: TenantId, urls: Sequence[str]) -> SourceId | None:
    found = await tx.fetchval(MINE, tenant, list(urls))
    return SourceId(found) if found else None
