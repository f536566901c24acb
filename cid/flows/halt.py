"""The switch that stops a tenant's publishing at once, and what may be done after it: go on, or take back. And what a
person's word lets go before its time: without a place, or without its original.

While it is off nothing new goes out and no newer version of what is out; what is being sent at that moment ends. Taking
back is never held up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.channel_kinds import KINDS
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tenants import Permission
from cid.queue import jobs as queue
from cid.store import audit, governors, publications

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.ids import PublicationId, TenantId
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.governors import Out

REASON_LIMIT = 500
LISTED = 200


async def stop(sv: Services, tenant: TenantId, reason: str, *, actor: Actor | None) -> None:
    """Nothing of the tenant goes out from here on. Raises Refused (no reason) or Conflict."""
    _may(actor)
    reason = _said(reason)
    async with sv.db.tx(tenant) as tx:
        if not await governors.stop(tx, tenant, actor.user.id if actor else None, reason):
            raise Conflict("Publishing is stopped already.")
        await _note(sv, tx, actor, "publishing.stopped", {"reason": reason})


async def resume(sv: Services, tenant: TenantId, *, actor: Actor | None) -> int:
    """How many publications waited and are in the queue again. Raises Conflict."""
    _may(actor)
    async with sv.db.tx(tenant) as tx:
        if not await governors.resume(tx, tenant):
            raise Conflict("Publishing is not stopped.")
        waiting = await governors.waiting(tx, tenant)
        await _enqueue(tx, *waiting)
        await _note(sv, tx, actor, "publishing.resumed", {"waiting": str(len(waiting))})
    return len(waiting)


async def hurry(sv: Services, actor: Actor, publication: PublicationId, reason: str) -> None:
    """Let one piece go before its channel has a place for it. Raises Refused (no reason), NotFound or Conflict."""
    _may(actor)
    reason = _said(reason)
    async with sv.db.tx(actor.tenant.id) as tx:
        if not await governors.hurry(tx, actor.tenant.id, publication, actor.user.id, reason):
            raise Conflict("It does not wait for a place any more, or somebody let it go already.")
        await _enqueue(tx, publication, now="now ")
        target = f"publication:{publication}"
        await audit.add(
            tx, sv.clock.now(), actor.user.id, "publication.hurried", target=target, detail={"reason": reason}
        )


async def stand_in(sv: Services, actor: Actor, publication: PublicationId, reason: str) -> None:
    """Let a piece go out as the original of its draft's posts, where the canonical channel failed: the others that wait
    then point at it. Raises Refused (no reason, or its kind points at originals only), NotFound or Conflict."""
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may not publish.")
    reason, tenant = _said(reason), actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        await publications.turn(tx, tenant, publication)
        work = await publications.lock(tx, tenant, publication)
        channel = await publications.channel(tx, tenant, work.channel_id) if work else None
        if work is None or channel is None:
            raise NotFound("There is no such publication.")
        if not KINDS[channel.kind].may_be_canonical:
            raise Refused(f"{KINDS[channel.kind].label} is given articles that point at an original; it cannot be one.")
        if not await publications.stand_in(tx, tenant, publication, actor.user.id, reason):
            raise Conflict("It does not wait for an original that failed, or another stands in for that already.")
        await _enqueue(tx, publication)
        detail = {"draft": str(work.draft_id), "channel": str(work.channel_id), "reason": reason}
        target = f"publication:{publication}"
        await audit.add(tx, sv.clock.now(), actor.user.id, "publication.stands_in", target=target, detail=detail)


async def out_since(sv: Services, actor: Actor, moment: datetime) -> list[Out]:
    """What went out since `moment` and is still there, or may be; the oldest first, at most LISTED."""
    if not actor.may(Permission.READ):
        raise NotFound
    async with sv.db.read(actor.tenant.id) as tx:
        return await governors.since(tx, actor.tenant.id, moment, limit=LISTED)


def _may(actor: Actor | None) -> None:
    if actor is not None and not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may not stop or hurry publishing.")


def _said(reason: str) -> str:
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise Refused("Say why: the reason is kept, and shown to whoever waits.")
    if len(reason) > REASON_LIMIT:
        raise Refused(f"The reason is longer than {REASON_LIMIT} characters.")
    return reason


async def _note(sv: Services, tx: Tx, actor: Actor | None, action: str, detail: dict[str, str]) -> None:
    user = actor.user.id if actor else None
    await audit.add(tx, sv.clock.now(), user, action, target=f"tenant:{tx.tenant}", detail=detail)


async def _enqueue(tx: Tx, *keys: PublicationId, now: str = "") -> None:
    """With `now`, beside a job that sleeps until there is a place: that one finds the work done."""
    await queue.enqueue(
        tx,
        *(
            NewJob(kind=JobKind.PUBLISH, tenant=tx.tenant, payload={"publication": str(key)}, dedupe=f"{now}{key}")
            for key in keys
        ),
    )
