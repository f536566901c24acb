"""A source that failed → what may replace it, proposed to whoever subscribes; and what people decide about that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import structlog

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.health import SEARCHED, Failing, ProposalState, Replacement, Tried
from cid.domain.ids import PLATFORM, ItemId, SourceId, TenantId, UserId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Json
from cid.domain.news import SourceKind, SourceState
from cid.domain.tenants import Actor, Permission
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.sources.industries import feeds_for
from cid.sources.successors import Search
from cid.store import health, items, policies, sources
from cid.store.health import Due, Offered, Trade
from cid.text import urls

TRADES = 200
"""Of a source's subscribers, told apart. Those with the rarest are proposed what is found at the source's own site."""
INTERVAL_S = 900
RECENT = 500
"""Items of the replacement that are judged at once."""
log = structlog.get_logger("heal")


class Result(NamedTuple):
    """What the search came to for the subscribers of one trade, or for all of them."""

    trade: Trade | None
    found: Sequence[Replacement]
    tried: Sequence[Tried]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    old: SourceId
    new: SourceId
    url: str
    retired: bool
    """Nobody else had the old one."""


async def heal(sv: Services, jobs: Sequence[Job]) -> None:
    """Search for one source, or take one proposal for a tenant who wants that done without asking."""
    (job,) = jobs
    if "proposal" in job.payload:
        await _by_itself(sv, job)
    else:
        await _look(sv, job, SourceId(UUID(job.payload["source"])))


async def _look(sv: Services, job: Job, source: SourceId) -> None:
    """A source that answers again, or that nobody has, needs nothing."""
    async with sv.platform.read() as tx:
        known = await health.failing(tx, source)
        trades = await health.trades(tx, source, limit=TRADES)
    if known is None or known[0] not in SEARCHED or not trades:
        return
    results = await _searched(sv, known[1], trades)
    async with sv.platform.tx() as tx:
        await health.lock_source(tx, source)
        if await health.failing(tx, source) is None:
            return
        for result in results:
            await health.propose(tx, source, result.found, result.tried, result.trade)
        await health.expire(tx, source, but=[one.url for result in results for one in result.found])
        await queue.enqueue(tx, *(_take_job(due) for due in await health.to_take(tx, source=source)))
        await queue.done(tx, job)
    log.info("searched", source=str(source), found=sum(len(result.found) for result in results))


async def _searched(sv: Services, failing: Failing, trades: Sequence[Trade]) -> list[Result]:
    """Its own site first; where that has nothing, for each trade a news search, then the list."""
    healing = sv.policy.healing
    search = Search(sv.outside.http, sv.outside.children, healing, failing, sv.clock.now())
    if found := await search.at_its_site():
        return [Result(None, found, search.tried)]
    told = list(search.tried)
    results = [Result(None, [], told)]
    for number, trade in enumerate(trades):
        start = len(search.tried)
        found = await search.by_news(trade.industry, trade.language) if number < healing.industries else []
        found = found or await search.by_list(feeds_for(trade.industry, sv.industries))
        # what was tried for one trade is not told to another: it would give away what others work in
        results.append(Result(trade, found, [*told, *search.tried[start:]]))
    return results


async def take(sv: Services, tenant: TenantId, proposal: UUID, actor: Actor | None) -> Taken:
    """The tenant's subscription, with all that is set on it, moves to the replacement, which is polled at once.

    Nobody else's moves. Raises NotFound, Conflict (decided already, or the tenant has that feed), Refused (role).
    """
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        taken = await _take(sv, tx, tenant, proposal, by=actor.user.id if actor else None)
    if taken is None:
        raise Conflict("You have that feed already, or do not use the one that failed any more.")
    return taken


async def reject(sv: Services, tenant: TenantId, proposal: UUID, actor: Actor | None) -> None:
    """It is not proposed for this source again. Raises NotFound, Conflict, Refused."""
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        offered = await _open(tx, tenant, proposal)
        by = actor.user.id if actor else None
        await health.decide(tx, tenant, proposal, ProposalState.REJECTED, by=by)
        detail = {"source": str(offered.source_id), "url": offered.url}
        await _log(sv, tx, tenant, by, action="source.replacement_rejected", detail=detail)


async def restore(sv: Services, tenant: TenantId, source: SourceId, actor: Actor | None) -> None:
    """A source that rests, or was given up, is polled at once, for all who have it.

    Raises NotFound, Conflict, Refused.
    """
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        if await sources.one_subscribed(tx, tenant, source) is None:
            raise NotFound
        if not await health.restore(tx, source):
            raise Conflict("This source is not quarantined: it is polled anyway.")
        await queue.hasten(tx, _poll(source))
        by = actor.user.id if actor else None
        await _log(sv, tx, tenant, by, action="source.restored", detail={"source": str(source)})


async def set_itself(
    sv: Services, tenant: TenantId, source: SourceId | None, actor: Actor | None, *, wanted: bool
) -> None:
    """Whether tested replacements are taken without asking: for one source, or (None) for all. What is proposed by now
    is taken then, too. Raises NotFound, Refused."""
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        if source is None:
            changed = await health.set_itself_everywhere(tx, tenant, wanted=wanted)
        elif await sources.one_subscribed(tx, tenant, source) is None:
            raise NotFound
        else:
            changed = await health.set_itself(tx, tenant, source, wanted=wanted)
        if not changed:
            return
        if wanted:
            await queue.enqueue(tx, *(_take_job(due) for due in await health.to_take(tx, tenant=tenant)))
        detail = {"source": str(source) if source else "all", "wanted": wanted}
        by = actor.user.id if actor else None
        await _log(sv, tx, tenant, by, action="source.replaces_itself", detail=detail)


async def _by_itself(sv: Services, job: Job) -> None:
    """Somebody may have decided meanwhile, which is as well."""
    async with sv.platform.tx() as tx:
        try:
            await _take(sv, tx, job.tenant, UUID(job.payload["proposal"]), by=None, by_itself=True)
        except (NotFound, Conflict) as error:
            log.info("not taken", proposal=job.payload["proposal"], why=error.public)
        await queue.done(tx, job)


async def _take(
    sv: Services, tx: Tx, tenant: TenantId, proposal: UUID, *, by: UserId | None, by_itself: bool = False
) -> Taken | None:
    """None: it cannot be taken, and is proposed no more."""
    offered = await _open(tx, tenant, proposal)
    old = offered.source_id
    was = await health.lock_source(tx, old)
    new = await _source_at(sv, tx, offered, was.owner if was else None)
    if not await health.move(tx, tenant, old, new):
        await health.decide(tx, tenant, proposal, ProposalState.EXPIRED, by=by, by_itself=by_itself)
        return None
    await health.decide(tx, tenant, proposal, ProposalState.TAKEN, by=by, by_itself=by_itself)
    await health.expire_others(tx, tenant, old)
    retired = await health.retire(tx, old)
    age = (await policies.of(tx, tenant, sv.policy)).rules.max_age
    recent = await items.recent(tx, new, sv.clock.now() - age, limit=RECENT)
    await queue.hasten(tx, _poll(new))
    await queue.enqueue(tx, *(_rules(tenant, item) for item in recent))
    detail = {"source": str(old), "by": str(new), "url": offered.url, "tier": offered.tier, "by_itself": by_itself}
    await _log(sv, tx, tenant, by, action="source.replaced", detail=detail)
    return Taken(old=old, new=new, url=offered.url, retired=retired)


async def _open(tx: Tx, tenant: TenantId, proposal: UUID) -> Offered:
    """Locked: of two who decide at once the second finds it decided."""
    offered = await health.lock_proposal(tx, tenant, proposal)
    if offered is None:
        raise NotFound
    if offered.state is not ProposalState.PROPOSED:
        raise Conflict(f"This proposal was {offered.state} already.")
    return offered


async def _source_at(sv: Services, tx: Tx, offered: Offered, owner: TenantId | None) -> SourceId:
    """The source at the proposal's address: it was fetched just now, so that a quarantine of it is over. In place of a
    private source it is private as well: else all would learn what its owner reads."""
    kind, config = SourceKind.RSS, dict[str, str]()
    found = await sources.find(tx, kind, offered.url, owner, config)
    if found is None:
        fresh = SourceId(uuid7(sv.clock.now()))
        added = await sources.add(
            tx,
            fresh,
            owner=owner,
            kind=kind,
            url=offered.url,
            title=offered.title,
            publisher=urls.site(offered.site) or urls.site(offered.url),
            sample=False,
            interval_s=INTERVAL_S,
            config=config,
        )
        found = (fresh, SourceState.ACTIVE) if added else await sources.find(tx, kind, offered.url, owner, config)
        assert found, "it is there or it was just added"
    if found[1] is SourceState.RETIRED:
        await sources.revive(tx, found[0])
    if found[1] is SourceState.QUARANTINED:
        await health.restore(tx, found[0])
    return found[0]


def _poll(source: SourceId) -> NewJob:
    return NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(source)}, dedupe=str(source))


def _rules(tenant: TenantId, item: ItemId) -> NewJob:
    """What others had from the replacement already is news to whoever takes it."""
    return NewJob(kind=JobKind.RULES, tenant=tenant, payload={"item": str(item)}, dedupe=str(item))


def _take_job(due: Due) -> NewJob:
    """Under a key of its own: it asks nobody outside, and need not wait for searches."""
    key = str(due.id)
    return NewJob(kind=JobKind.HEAL, tenant=due.tenant_id, key=key, payload={"proposal": key}, dedupe=key)


def _allowed(tenant: TenantId, actor: Actor | None) -> None:
    if actor and (actor.tenant.id != tenant or not actor.may(Permission.MANAGE)):
        raise Refused("Your role does not allow changing sources.")


async def _log(sv: Services, tx: Tx, tenant: TenantId, user: UserId | None, *, action: str, detail: Json) -> None:
    entry: UUID = uuid7(sv.clock.now())
    await sources.log(tx, entry, tenant=tenant, user=user, action=action, target="sources", detail=detail)
