"""One publication: planned → sending → live, and what lies between when something breaks.

Nothing goes out before `sending` is committed, so `planned` means never sent. Whatever was cut off in between is
`unknown`: looked for by key once every answer must have arrived or been given up, and sent again only when it is not
there. The bytes are those that the decision names, checked by hash; nothing is rendered here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.errors import LostLease, NotFound, Refused, Upstream
from cid.domain.ids import PublicationId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import ChannelKind, PublicationState
from cid.domain.review import DecisionKind
from cid.domain.tenants import Permission
from cid.gates.governor import Volume, governed
from cid.ports import Projection, Sent
from cid.queue import jobs as queue
from cid.store import channels, governors, publications

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.domain.ids import TenantId
    from cid.domain.jobs import Job
    from cid.domain.publication import Channel
    from cid.domain.tenants import Actor
    from cid.ports import Placed, Publisher, Tx
    from cid.services import Services
    from cid.store.publications import Work

_S = PublicationState
PAUSE = timedelta(seconds=15)
"""How long to keep off what another hand-out has in hand."""
CUT_OFF = "The sending was cut off; whether it arrived is being looked up."


async def publish(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `publish`, payload {"publication"}. Raises Upstream to be tried again."""
    for job in jobs:
        await _one(sv, job)


async def _one(sv: Services, job: Job) -> None:
    begun = await _begin(sv, job)
    if begun is None:
        return
    work, channel = begun
    publisher = sv.outside.channels[channel.kind]
    if work.state is _S.UNKNOWN or job.attempt > 1:
        placed = await _look(sv, job, work, channel, publisher)
        if placed is not None:
            await _live(sv, job, work, channel, placed)
            return
    if work.state is _S.UNKNOWN:
        work = await _again(sv, job, work)
    await _send(sv, job, work, channel, publisher)


async def _begin(sv: Services, job: Job) -> tuple[Work, Channel] | None:
    """The publication as `sending` for the first time, or as `unknown` to be looked for. None: nothing to do now."""
    key = PublicationId(UUID(job.payload["publication"]))
    async with sv.db.tx(job.tenant) as tx:
        work = await publications.lock(tx, job.tenant, key, job)
        if work is None or work.state not in {_S.PLANNED, _S.SENDING, _S.UNKNOWN} or work.waits:
            # what waits for the canonical address is queued again by the publication that brings it
            await queue.done(tx, job)
            return None
        if work.held:
            await queue.snooze(tx, job, sv.clock.now() + PAUSE, "another hand-out has this publication in hand")
            return None
        channel = await publications.channel(tx, job.tenant, work.channel_id)
        assert channel is not None
        if work.state is _S.PLANNED and await _held_back(tx, job, work):
            return None
        await publications.take(tx, job.tenant, key, job)
        if work.state is _S.PLANNED:
            await publications.send(tx, job.tenant, key, job)
            return replace(work, state=_S.SENDING), channel
        if work.state is _S.SENDING:
            await publications.move(tx, job.tenant, key, _S.SENDING, _S.UNKNOWN, error=CUT_OFF)
        wait = sv.outside.channels[channel.kind].timeout - (work.since_sent or timedelta(0))
        if wait > timedelta(0):
            await queue.snooze(tx, job, sv.clock.now() + wait, "an answer may still arrive")
            return None
        return replace(work, state=_S.UNKNOWN), channel


async def _held_back(tx: Tx, job: Job, work: Work) -> bool:
    """Whether a new piece waits: for somebody to resume, or for a place on its domain, which is taken with the commit.

    Its job ends while publishing is stopped: whoever resumes queues all that is planned.
    """
    known = await governors.facts(tx, job.tenant, work.id)
    if known.stopped:
        await queue.done(tx, job)
        return True
    taken = await governors.taken(tx, work.channel_id)
    volume = Volume(per_week=known.per_week, apart=known.apart, own_per_week=known.own_per_week)
    wait = None if known.hurried else governed(volume, taken, known.now)
    if wait is None:
        return False
    said = f"It waits for a place until {wait.until:%A} {wait.until.day} {wait.until:%B, %H:%M} UTC: {wait.why}."
    await publications.note(tx, job.tenant, work.id, said)
    await queue.snooze(tx, job, wait.until, wait.why)
    return True


async def _look(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> Placed | None:
    try:
        return await publisher.find(_sent(work, channel, decided_payload(work)))
    except (Refused, Upstream) as error:
        async with sv.db.tx(job.tenant) as tx:
            await publications.note(tx, job.tenant, work.id, f"It could not be looked up: {error}")
        raise


async def _again(sv: Services, job: Job, work: Work) -> Work:
    """It was looked for after every answer was due, and it is not there: it was never published."""
    async with sv.db.tx(job.tenant) as tx:
        moved = await publications.move(tx, job.tenant, work.id, _S.UNKNOWN, _S.PLANNED, error="")
        if not moved or not await publications.send(tx, job.tenant, work.id, job):
            raise LostLease(f"publication {work.id} is in another hand-out's hands")
    return replace(work, state=_S.SENDING)


async def _send(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> None:
    """The outside step, with the row committed as `sending` before and nothing open while it lasts."""
    try:
        payload = decided_payload(work)
        async with sv.db.read(job.tenant) as tx:
            if not await publications.ours(tx, job.tenant, work.id, job):
                raise LostLease(f"publication {work.id} is in another hand-out's hands")
        sent = _sent(work, channel, payload)
        await publisher.publish(sent)
        placed = await publisher.find(sent)
    except Refused as error:
        await _failed(sv, job, work, error.public)
        return
    except Upstream as error:
        await _doubt(sv, job, work, str(error))
        raise Upstream(str(error), retry_after=_later(error, publisher)) from error
    if placed is None:
        why = "It was accepted and is not there."
        await _doubt(sv, job, work, why)
        raise Upstream(why, retry_after=publisher.timeout or None)
    await _live(sv, job, work, channel, placed)


def decided_payload(work: Work) -> dict[str, Any]:
    """The stored bytes for this channel. Raises Refused unless they are the ones that a person approved."""
    digest = sha256(work.payloads.encode()).digest()
    if not (digest == work.sha256 == work.decided and work.decided_kind is DecisionKind.APPROVE):
        raise Refused("The stored bytes are not those that were approved. Nothing was sent.")
    payload: dict[str, Any] | None = json.loads(work.payloads).get(str(work.channel_id))
    if payload is None:
        raise Refused("The approved version has no text for this channel. Nothing was sent.")
    return payload


async def _live(sv: Services, job: Job, work: Work, channel: Channel, placed: Placed) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await publications.move(
            tx, job.tenant, work.id, work.state, _S.LIVE, url=placed.url, external_id=placed.external_id, error=""
        )
        if channel.canonical:
            await _enqueue(tx, *await publications.planned(tx, job.tenant, work.decision_id))
        await queue.done(tx, job)


async def _failed(sv: Services, job: Job, work: Work, why: str) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await publications.move(tx, job.tenant, work.id, work.state, _S.FAILED, error=why)
        await queue.done(tx, job)


async def _doubt(sv: Services, job: Job, work: Work, why: str) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await publications.move(tx, job.tenant, work.id, work.state, _S.UNKNOWN, error=why)


def _sent(work: Work, channel: Channel, payload: dict[str, Any]) -> Sent:
    return Sent(channel=channel, key=str(work.id), payload=payload, canonical=work.canonical_url, live=True)


def _later(error: Upstream, publisher: Publisher) -> timedelta | None:
    """Not before every answer is due."""
    wait = max(error.retry_after or timedelta(0), publisher.timeout)
    return wait or None


async def _enqueue(tx: Tx, *keys: PublicationId) -> None:
    await queue.enqueue(
        tx,
        *(
            NewJob(kind=JobKind.PUBLISH, tenant=tx.tenant, payload={"publication": str(key)}, dedupe=str(key))
            for key in keys
        ),
    )


async def again(sv: Services, actor: Actor, publication: PublicationId) -> None:
    """A person asks to try once more: what failed is planned anew, what is unknown is looked up.

    Raises NotFound or Refused.
    """
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may not publish.")
    async with sv.db.tx(actor.tenant.id) as tx:
        work = await publications.lock(tx, actor.tenant.id, publication)
        if work is None:
            raise NotFound("There is no such publication.")
        if work.state is _S.FAILED:
            await publications.move(tx, actor.tenant.id, publication, _S.FAILED, _S.PLANNED, error="")
        elif work.state not in {_S.PLANNED, _S.SENDING, _S.UNKNOWN}:
            raise Refused(f"This publication is {work.state}: there is nothing to try again.")
        await _enqueue(tx, publication)


async def rebuild(sv: Services, tenant: TenantId) -> int:
    """Make a tenant's site anew from what is published; how many articles it has.

    Raises Refused when there is no site, Upstream when its folder cannot be written.
    """
    publisher = sv.outside.channels.get(ChannelKind.SITE)
    async with sv.db.read(tenant) as tx:
        active = await channels.active(tx, tenant)
    sites = [channel for channel in active if sv.outside.channels.get(channel.kind) is publisher]
    if not sites or not isinstance(publisher, Projection):
        raise Refused("This tenant publishes on no site of the desk.")

    async def load() -> list[Sent]:
        async with sv.db.read(tenant) as tx:
            out = await publications.sent(tx, tenant, ChannelKind.SITE)
            found = {row.channel_id: await publications.channel(tx, tenant, row.channel_id) for row in out}
        at = {key: channel for key, channel in found.items() if channel is not None}
        return [
            Sent(
                channel=at[row.channel_id],
                key=str(row.id),
                payload=json.loads(row.payloads)[str(row.channel_id)],
                canonical=row.canonical_url,
                live=row.state in {_S.LIVE, _S.UPDATING},
            )
            for row in out
            if row.channel_id in at
        ]

    return await publisher.rebuild(sites[0], load)
