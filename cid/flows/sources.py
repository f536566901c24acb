"""What people do with sources: subscribe, switch on and off, trust, try out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import PLATFORM, SourceId, SubscriptionId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.news import Polled, Source, SourceKind, SourceState
from cid.domain.tenants import Permission
from cid.queue import jobs
from cid.store import subscriptions

if TYPE_CHECKING:
    from cid.domain.tenants import Actor
    from cid.services import Services


async def add(sv: Services, actor: Actor, *, url: str, kind: SourceKind, trust: float, role: str) -> SubscriptionId:
    """Subscribe, and poll at once. Raises Refused (address, trust), Conflict (subscribed already)."""
    _may(actor)
    url = _address(url)
    _check_trust(trust)
    now = sv.clock.now()
    async with sv.platform.tx() as tx:
        source = await subscriptions.public_source(tx, SourceId(uuid7(now)), kind, url)
    subscription = SubscriptionId(uuid7(now))
    async with sv.db.tx(actor.tenant.id) as tx:
        if not await subscriptions.subscribe(tx, subscription, source, trust=trust, role=role):
            raise Conflict("This source is in the list already.")
    await _poll(sv, source)
    return subscription


async def set_active(sv: Services, actor: Actor, subscription: SubscriptionId, wanted: bool) -> None:  # noqa: FBT001 - what is wanted is the whole point
    """Says what is wanted instead of turning around what is: a double click changes nothing. Raises NotFound."""
    _may(actor)
    async with sv.db.tx(actor.tenant.id) as tx:
        source = await subscriptions.set_active(tx, actor.tenant.id, subscription, wanted=wanted)
    if source is None:
        raise NotFound
    if wanted:
        await _poll(sv, source)


async def set_trust(sv: Services, actor: Actor, subscription: SubscriptionId, trust: float) -> None:
    """Raises NotFound, Refused."""
    _may(actor)
    _check_trust(trust)
    async with sv.db.tx(actor.tenant.id) as tx:
        if await subscriptions.set_trust(tx, actor.tenant.id, subscription, trust) is None:
            raise NotFound


async def test(sv: Services, url: str) -> Polled:
    """What a poll would bring. Stores nothing. Raises Refused (address)."""
    now = sv.clock.now()
    source = Source(
        id=SourceId(uuid7(now)),
        tenant_id=None,
        kind=SourceKind.RSS,
        url=_address(url),
        title="",
        publisher="",
        sample=False,
        state=SourceState.ACTIVE,
        outcome=None,
        outcome_detail="",
        etag="",
        last_modified="",
        body_sha=None,
        failures=0,
        interval_s=900,
        polled_at=None,
        next_poll_at=now,
        created_at=now,
    )
    return await sv.outside.sources[SourceKind.RSS].poll(source)


def _may(actor: Actor) -> None:
    if not actor.may(Permission.MANAGE):
        raise Refused("Only an owner changes sources.")


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused("The address of a feed begins with http:// or https://.")
    return parts.geturl()


def _check_trust(trust: float) -> None:
    if not 0 <= trust <= 1:
        raise Refused("Trust is a number from 0 to 1.")


async def _poll(sv: Services, source: SourceId) -> None:
    async with sv.platform.tx() as tx:
        await jobs.enqueue(
            tx, NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(source)}, dedupe=str(source))
        )
