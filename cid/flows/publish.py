"""One publication: planned → sending → live, and what lies between when something breaks.

Nothing goes out before `sending` is committed, so `planned` means never sent. Whatever was cut off in between is
`unknown`: looked for by key once every answer must have arrived or been given up, and sent again only when it is not
there. What is out and is to become a newer version is `updating`, what a person wants gone is `retracting`: both are
the same bytes to the same post, repeated until what is there was read back. The bytes are those that the decision
names, checked by hash; nothing is rendered here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.draft import DraftState
from cid.domain.errors import Conflict, LostLease, Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import PublicationId, time_of
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import ChannelKind, Note, PublicationState
from cid.domain.review import DecisionKind
from cid.domain.tenants import Permission
from cid.gates.governor import Volume, governed, spread
from cid.ports import Picture, Placed, Projection, Sent
from cid.queue import jobs as queue
from cid.store import audit, channels, drafts, governors, publications

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cid.domain.ids import TenantId
    from cid.domain.jobs import Job
    from cid.domain.publication import Channel
    from cid.domain.tenants import Actor
    from cid.ports import Publisher, Tx
    from cid.services import Services
    from cid.store.publications import Work

_S = PublicationState
PAUSE = timedelta(seconds=15)
"""How long to keep off what another hand-out has in hand."""
CUT_OFF = "The sending was cut off; whether it arrived is being looked up."
CHANGE_CUT_OFF = "The change was cut off; what is there is being compared."
REASON_LIMIT = 2000
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


async def publish(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `publish`, payload {"publication"}: whatever is to be done with it now. Raises Upstream to be tried
    again."""
    for job in jobs:
        await _one(sv, job)


async def _one(sv: Services, job: Job) -> None:
    begun = await _begin(sv, job)
    if begun is None:
        return
    work, channel = begun
    publisher = sv.outside.channels[channel.kind]
    match work.state:
        case _S.UPDATING:
            await _update(sv, job, work, channel, publisher)
            return
        case _S.RETRACTING:
            await _retract(sv, job, work, channel, publisher)
            return
    if work.state is _S.UNKNOWN or job.attempt > 1:
        placed = await _look(sv, job, work, channel, publisher)
        if placed is not None:
            await _live(sv, job, work, channel, placed)
            return
    if work.state is _S.UNKNOWN and not await _again(sv, job, work, channel):
        return
    await _send(sv, job, replace(work, state=_S.SENDING), channel, publisher)


async def _begin(sv: Services, job: Job) -> tuple[Work, Channel] | None:
    """The publication as it is from here on: `sending` for the first time, `unknown` to be looked for, `updating` or
    `retracting`. None: nothing to do now."""
    key = PublicationId(UUID(job.payload["publication"]))
    async with sv.db.tx(job.tenant) as tx:
        work = await publications.lock(tx, job.tenant, key, job)
        if work is None or not _open(work):
            # what waits for the canonical address is queued again by the publication that brings it
            await queue.done(tx, job)
            return None
        channel = await publications.channel(tx, job.tenant, work.channel_id)
        assert channel is not None
        wait = _not_yet(work)
        if wait is None and work.state in {_S.PLANNED, _S.LIVE, _S.UPDATING} and await _held_back(tx, job, work):
            return None
        if wait is None:
            await publications.take(tx, job.tenant, key, job)
            wait = await _cut_off(tx, work, sv.outside.channels[channel.kind].timeout)
        if wait is not None:
            await queue.snooze(tx, job, sv.clock.now() + wait[0], wait[1])
            return None
        return replace(work, state=await _go(tx, job, work, channel)), channel


def _not_yet(work: Work) -> tuple[timedelta, str] | None:
    """How long to leave it alone, and why."""
    if work.held:
        return PAUSE, "another hand-out has this publication in hand"
    if work.state in {_S.PLANNED, _S.LIVE} and work.not_before > timedelta(0):
        return work.not_before, "it is not due yet"
    return None


async def _cut_off(tx: Tx, work: Work, patience: timedelta) -> tuple[timedelta, str] | None:
    """Of what somebody had in hand before: how long an answer to them may still arrive."""
    if work.state is _S.SENDING:
        await publications.move(tx, tx.tenant, work.id, _S.SENDING, _S.UNKNOWN, error=CUT_OFF)
    if work.state is _S.UPDATING:
        await publications.note(tx, tx.tenant, work.id, CHANGE_CUT_OFF)
    wait = patience - (work.since_sent or timedelta(0))
    if wait > timedelta(0) and work.state not in {_S.PLANNED, _S.LIVE}:
        return wait, "an answer may still arrive"
    return None


async def _go(tx: Tx, job: Job, work: Work, channel: Channel) -> PublicationState:
    """What it is from here on."""
    if work.state is _S.PLANNED:
        if channel.canonical:
            await publications.original_after_all(tx, tx.tenant, work.id, work.draft_id)
        await publications.send(tx, tx.tenant, work.id, job)
        return _S.SENDING
    if work.state in {_S.SENDING, _S.UNKNOWN}:
        return _S.UNKNOWN
    await publications.change(tx, tx.tenant, work.id, job)
    return _S.UPDATING if work.state is _S.LIVE else work.state


def _open(work: Work) -> bool:
    """Whether anything is to be done. What waits for the canonical address has its turn later; what a person wanted
    taken back, which was refused, waits for a person."""
    match work.state:
        case _S.LIVE:
            return work.pending
        case _S.UNKNOWN:
            return not work.unwanted
        case _S.PLANNED:
            return not work.waits
    return work.state in {_S.SENDING, _S.UPDATING, _S.RETRACTING}


async def _held_back(tx: Tx, job: Job, work: Work) -> bool:
    """Whether it waits: anything while publishing is stopped, a new piece for a place on its domain.

    A place is taken with the commit. While publishing is stopped a job ends: whoever resumes queues all that waits.
    """
    known = await governors.facts(tx, job.tenant, work.id)
    if known.stopped:
        await queue.done(tx, job)
        return True
    if work.state is not _S.PLANNED:
        return False
    taken = await governors.taken(tx, work.channel_id)
    volume = Volume(per_week=known.per_week, apart=known.apart, own_per_week=known.own_per_week)
    wait = None if known.hurried else governed(volume, taken, known.now)
    if wait is None:
        return False
    until = spread(wait.until, work.id)
    said = f"It waits for a place until {until:%A} {until.day} {until:%B, %H:%M} UTC: {wait.why}."
    await publications.note(tx, job.tenant, work.id, said)
    await queue.snooze(tx, job, until, wait.why)
    return True


async def _look(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> Placed | None:
    try:
        return await publisher.find(await _sent(sv, work, channel, decided_payload(work)))
    except (Refused, Upstream, Misconfigured) as error:
        async with sv.db.tx(job.tenant) as tx:
            await publications.note(tx, job.tenant, work.id, f"It could not be looked up: {error}")
        raise


async def _again(sv: Services, job: Job, work: Work, channel: Channel) -> bool:
    """It was looked for after every answer was due, and it is not there: it was never published. Whether it is sent
    now: while publishing is stopped, or the original is gone by now, it waits like all that is planned."""
    async with sv.db.tx(job.tenant) as tx:
        moved = await publications.move(tx, job.tenant, work.id, _S.UNKNOWN, _S.PLANNED, error="")
        waits = work.waits or (await governors.facts(tx, job.tenant, work.id)).stopped
        if not moved or not (waits or await publications.send(tx, job.tenant, work.id, job)):
            raise LostLease(f"publication {work.id} is in another hand-out's hands")
        if waits:
            await queue.done(tx, job)
        elif channel.canonical:
            await publications.original_after_all(tx, job.tenant, work.id, work.draft_id)
    return not waits


async def _send(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> None:
    """The outside step, with the row committed as `sending` before and nothing open while it lasts."""
    try:
        sent = await _sent(sv, work, channel, decided_payload(work))
        await _fence(sv, job, work)
        await publisher.publish(sent)
    except (Refused, Misconfigured) as error:
        await _failed(sv, job, work, str(error))
        return
    except Upstream as error:
        await _doubt(sv, job, work, str(error))
        raise Upstream(str(error), retry_after=_later(error, publisher)) from error
    try:
        placed = await publisher.find(sent)
    except (Refused, Misconfigured, Upstream) as error:
        why = f"It was accepted and could not be looked up: {error}"
        await _doubt(sv, job, work, why)
        later = _later(error, publisher) if isinstance(error, Upstream) else publisher.timeout or None
        raise Upstream(why, retry_after=later) from error
    if placed is None:
        why = "It was accepted and is not there."
        await _doubt(sv, job, work, why)
        raise Upstream(why, retry_after=publisher.timeout or None)
    await _live(sv, job, work, channel, placed)


async def _update(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> None:
    """What is out becomes the newer version, at its address. Refused, it stays what it was and says why."""
    try:
        sent = await _sent(sv, work, channel, decided_payload(work))
        await _fence(sv, job, work)
        placed = await publisher.update(sent)
        notes = await publisher.look(replace(sent, placed=placed))
    except NotFound as error:
        await _move_on(sv, job, work, _S.FAILED, error=error.public)
        return
    except (Refused, Misconfigured) as error:
        await _move_on(sv, job, work, _S.LIVE, error=f"The update was refused, what was there still is: {error}")
        return
    except Upstream as error:
        async with sv.db.tx(job.tenant) as tx:
            await publications.note(tx, job.tenant, work.id, str(error))
        raise Upstream(str(error), retry_after=_later(error, publisher)) from error
    async with sv.db.tx(job.tenant) as tx:
        at = {"url": placed.url, "external_id": placed.external_id}
        await publications.become(tx, job.tenant, work.id, work.decision_id, **at, notes=notes)
        if channel.canonical or work.stands_in:
            await _enqueue(tx, *await publications.planned(tx, job.tenant, work.decision_id))
        await queue.done(tx, job)


async def _retract(sv: Services, job: Job, work: Work, channel: Channel, publisher: Publisher) -> None:
    """Gone is what was looked for and not found."""
    try:
        sent = await _sent(sv, work, channel, decided_payload(work), pictured=False)
        await _fence(sv, job, work)
        await publisher.retract(sent)
        left = await publisher.find(sent)
    except (Refused, Misconfigured) as error:
        was = _S.LIVE if work.external_id else _S.UNKNOWN
        await _move_on(sv, job, work, was, error=f"It could not be retracted: {error}")
        return
    except Upstream as error:
        async with sv.db.tx(job.tenant) as tx:
            await publications.note(tx, job.tenant, work.id, str(error))
        raise Upstream(str(error), retry_after=_later(error, publisher)) from error
    if left is not None:
        why = "It was taken back and is still there."
        async with sv.db.tx(job.tenant) as tx:
            await publications.note(tx, job.tenant, work.id, why)
        raise Upstream(why, retry_after=publisher.timeout or None)
    await _move_on(sv, job, work, _S.RETRACTED, error="", notes=())


async def _fence(sv: Services, job: Job, work: Work) -> None:
    async with sv.db.read(job.tenant) as tx:
        if not await publications.ours(tx, job.tenant, work.id, job):
            raise LostLease(f"publication {work.id} is in another hand-out's hands")


async def compare(sv: Services, tenant: TenantId, publication: PublicationId) -> Sequence[Note]:
    """What stands at the channel, held against the bytes that were approved: how the two differ.

    Raises NotFound, Refused, Upstream or Misconfigured.
    """
    async with sv.db.tx(tenant) as tx:
        work = await publications.lock(tx, tenant, publication)
        channel = await publications.channel(tx, tenant, work.channel_id) if work else None
    if work is None or channel is None:
        raise NotFound("There is no such publication.")
    return await sv.outside.channels[channel.kind].look(await _sent(sv, work, channel, decided_payload(work)))


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
    """It is there. That it could not be read back changes nothing about that, and is noted."""
    try:
        sent = await _sent(sv, work, channel, decided_payload(work), pictured=False)
        notes = await sv.outside.channels[channel.kind].look(replace(sent, placed=placed))
    except (Refused, Upstream, Misconfigured) as error:
        notes = [Note(what="look", detail=f"What the channel kept of it could not be read back: {error}")]
    async with sv.db.tx(job.tenant) as tx:
        at = {"url": placed.url, "external_id": placed.external_id}
        await publications.move(tx, job.tenant, work.id, work.state, _S.LIVE, **at, error="", notes=notes)
        if channel.canonical:
            await publications.original_after_all(tx, job.tenant, work.id, work.draft_id)
        if channel.canonical or work.stands_in:
            await _enqueue(tx, *await publications.planned(tx, job.tenant, work.decision_id))
        await queue.done(tx, job)


async def _failed(sv: Services, job: Job, work: Work, why: str) -> None:
    await _move_on(sv, job, work, _S.FAILED, error=why)


async def _move_on(
    sv: Services, job: Job, work: Work, new: PublicationState, *, error: str, notes: Sequence[Note] | None = None
) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await publications.move(tx, job.tenant, work.id, work.state, new, error=error, notes=notes)
        await queue.done(tx, job)


async def _doubt(sv: Services, job: Job, work: Work, why: str) -> None:
    async with sv.db.tx(job.tenant) as tx:
        await publications.move(tx, job.tenant, work.id, work.state, _S.UNKNOWN, error=why)


async def _sent(sv: Services, work: Work, channel: Channel, payload: dict[str, Any], *, pictured: bool = True) -> Sent:
    return Sent(
        channel=channel,
        key=str(work.id),
        payload=payload,
        canonical=work.canonical_url,
        live=True,
        placed=Placed(external_id=work.external_id, url=work.url) if work.external_id else None,
        picture=await _picture(sv, channel.tenant_id, payload) if pictured else None,
        modified=_modified(work.id, work.decision_id),
    )


async def _picture(sv: Services, tenant: TenantId, payload: dict[str, Any]) -> Picture | None:
    """The bytes that the approved hash covers. Raises Refused when they are not there any more."""
    image = payload.get("image")
    if not image:
        return None
    async with sv.db.read(tenant) as tx:
        found = await publications.picture(tx, tenant, UUID(image["id"]), bytes.fromhex(image["sha256"]))
    if found is None:
        raise Refused("The picture that was approved is not stored any more. Nothing was sent.")
    name = f"picture-{image['sha256'][:16]}.{ENDINGS[found.mime]}"
    return Picture(body=found.body, mime=found.mime, name=name, alt=image["alt"], caption=image["credit"])


def _modified(publication: UUID, decision: UUID) -> datetime | None:
    """When the bytes were decided on, if that was after it was first planned: an update."""
    first, last = time_of(publication), time_of(decision)
    return last if last > first else None


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
    """A person asks to try once more: what failed is planned anew, what is unknown is looked up, an update or a
    retraction that was refused is tried again.

    Raises NotFound or Refused.
    """
    _deciding(actor)
    async with sv.db.tx(actor.tenant.id) as tx:
        work = await publications.lock(tx, actor.tenant.id, publication)
        if work is None:
            raise NotFound("There is no such publication.")
        if work.state is _S.FAILED:
            draft = await drafts.by_id(tx, tx.tenant, work.draft_id)
            if draft is None or draft.state is DraftState.REJECTED:
                raise Refused("Its draft was rejected: nothing of it is published any more.")
            await publications.anew(tx, actor.tenant.id, publication)
        elif work.unwanted:
            await publications.retract(tx, actor.tenant.id, publication, work.state, work.retraction)
        elif work.state is _S.RETRACTED or (work.state is _S.LIVE and not work.pending):
            raise Refused(f"This publication is {work.state}: there is nothing to try again.")
        await _enqueue(tx, publication)


async def retract(sv: Services, actor: Actor, publication: PublicationId, reason: str) -> PublicationState:
    """A person wants it gone from the channel, and says why; what was never sent is gone at once.

    Answers its state: `retracting` until it was looked for and not found. Raises NotFound, Refused (no reason) or
    Conflict (in hand at this moment).
    """
    _deciding(actor)
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise Refused("Say why it is taken back: the reason is kept.")
    if len(reason) > REASON_LIMIT:
        raise Refused(f"The reason is longer than {REASON_LIMIT} characters.")
    tenant = actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        work = await publications.lock(tx, tenant, publication)
        if work is None:
            raise NotFound("There is no such publication.")
        if work.state in {_S.RETRACTED, _S.RETRACTING}:
            raise Conflict("It is taken back already.")
        if work.held or work.state is _S.SENDING:
            raise Conflict("It is being sent at this moment. Try again in a minute.")
        state = await publications.retract(tx, tenant, publication, work.state, reason)
        if state is None:
            raise AssertionError("a locked publication moved")
        detail = {
            "draft": str(work.draft_id),
            "channel": str(work.channel_id),
            "was": str(work.state),
            "reason": reason,
        }
        target = f"publication:{publication}"
        await audit.add(tx, sv.clock.now(), actor.user.id, "publication.retract", target=target, detail=detail)
        if state is _S.RETRACTING:
            await _enqueue(tx, publication)
        return state


def _deciding(actor: Actor) -> None:
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may not publish.")


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
                placed=Placed(external_id=row.external_id, url=row.url) if row.external_id else None,
                modified=_modified(row.id, row.decision_id),
            )
            for row in out
            if row.channel_id in at
        ]

    async def picture(sent: Sent) -> Picture | None:
        return await _picture(sv, tenant, dict(sent.payload))

    return await publisher.rebuild(sites[0], load, picture)
