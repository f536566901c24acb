"""People move what is planned to another time, and let their calendar programs read along."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import PublicationState
from cid.domain.tenants import Permission
from cid.gates.governor import Volume, governed
from cid.queue import jobs as queue
from cid.store import audit, calendar, drafts, governors
from cid.text import zones
from cid.text.tokens import new_token, token_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, time

    from cid.domain.ids import ChannelId, DraftId, PublicationId, TenantId
    from cid.domain.tenants import Actor
    from cid.services import Services
    from cid.store.calendar import Entry
    from cid.store.governors import Governed

FURTHEST = timedelta(days=366)
"""How far ahead something may be planned."""


async def reschedule(sv: Services, actor: Actor, draft: DraftId, day: date, hour: time) -> zones.Moment:
    """All of the draft that nothing was sent of yet goes out at that time of the tenant's zone, and not before.

    The times of the rows and of their jobs change in one transaction. Raises Refused (the time does not exist, has
    passed or is too far off), NotFound, Conflict (it is being sent, or nothing is planned).
    """
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may not plan.")
    moment = zones.moment(day, hour, actor.tenant.zone)
    now, clock = sv.clock.now(), f"{day:%Y-%m-%d} {hour:%H:%M}"
    if moment is None:
        raise Refused(f"{clock} does not exist in {actor.tenant.zone}: the clocks are put forward over it that night.")
    if moment.at <= now:
        raise Refused(f"{clock} in {actor.tenant.zone} has passed.")
    if moment.at > now + FURTHEST:
        raise Refused("Nothing is planned for more than a year ahead.")
    tenant = actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        planned = await calendar.planned(tx, tenant, draft)
        if not planned:
            if await drafts.by_id(tx, tenant, draft) is None:
                raise NotFound("There is no such draft.")
            raise Conflict("Nothing of this draft waits for its time any more: it is being sent, or it was.")
        await calendar.move(tx, tenant, [one.id for one in planned], moment.at)
        # what waits for the canonical address has no job: the one that brings it makes it
        first = [one for one in planned if one.canonical] or planned
        await queue.postpone(
            tx,
            JobKind.PUBLISH,
            [
                NewJob(
                    kind=JobKind.PUBLISH,
                    tenant=tenant,
                    payload={"publication": str(one.id)},
                    dedupe=str(one.id),
                    run_at=moment.at,
                )
                for one in first
            ],
        )
        detail = {"was": min(one.due_at for one in planned).isoformat(), "is": moment.at.isoformat()}
        await audit.add(tx, now, actor.user.id, "publication.rescheduled", target=f"draft:{draft}", detail=detail)
    return moment


async def crowding(sv: Services, tenant: TenantId, entries: Sequence[Entry]) -> dict[PublicationId, str]:
    """Which planned pieces will wait for a place at their hour, and by which rule of their channel."""
    async with sv.db.read(tenant) as tx:
        volumes = await governors.volumes(tx, tenant)
    return unplaced(entries, volumes)


def unplaced(entries: Sequence[Entry], volumes: Mapping[ChannelId, Governed]) -> dict[PublicationId, str]:
    """The plan played through in the order of its hours, as the governor will. `entries` begin a week before what is
    asked about. Other tenants' pieces on the same domain are not in view, and may take places, too."""
    places: dict[str, list[datetime]] = defaultdict(list)
    said: dict[PublicationId, str] = {}
    for entry in sorted(entries, key=lambda one: one.at):
        its = volumes.get(entry.channel_id)
        if its is None or entry.state in {PublicationState.FAILED, PublicationState.RETRACTED}:
            continue
        volume, at = Volume(per_week=its.per_week, apart=its.apart, own_per_week=its.own_per_week), entry.at
        if entry.state is PublicationState.PLANNED and not entry.hurried:
            wait = governed(volume, places[its.domain], at)
            if wait is not None:
                said[entry.id], at = wait.why, wait.until
        places[its.domain].append(at)
    return said


async def make_feed(sv: Services, actor: Actor) -> str:
    """The secret part of an address at which this person's calendar program reads the tenant's calendar. An older one
    leads nowhere from now on. Shown once: only its hash is kept."""
    token = new_token()
    async with sv.db.tx(actor.tenant.id) as tx:
        await calendar.set_feed(tx, actor.tenant.id, actor.user.id, token_hash(token))
        await audit.add(tx, sv.clock.now(), actor.user.id, "calendar.feed_made", target=f"user:{actor.user.id}")
    return token


async def end_feed(sv: Services, actor: Actor) -> None:
    """Raises Conflict (there was none)."""
    async with sv.db.tx(actor.tenant.id) as tx:
        if not await calendar.end_feed(tx, actor.tenant.id, actor.user.id):
            raise Conflict("You have no such address.")
        await audit.add(tx, sv.clock.now(), actor.user.id, "calendar.feed_ended", target=f"user:{actor.user.id}")
