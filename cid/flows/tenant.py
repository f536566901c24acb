"""A tenant's own settings, its rest, and the wish of its people that it ends. Each change is a line in its log."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, Refused
from cid.domain.tenants import Desk, Permission
from cid.queue import wakeups
from cid.store import audit, tenants
from cid.text import profiles, zones

if TYPE_CHECKING:
    from cid.domain.ids import UserId
    from cid.domain.tenants import Actor, Profile, Tenant
    from cid.services import Services

REASON = 300
"""Characters of a reason."""


class Unfit(Refused):
    """`wrong` says for each field of the profile what is wrong with it."""

    def __init__(self, wrong: dict[str, str]) -> None:
        super().__init__("The profile was not saved: look at the marked fields.")
        self.wrong = wrong


async def set_profile(sv: Services, actor: Actor, profile: Profile) -> bool:
    """What the gates know from the next judgement on; False where nothing differs. Raises Refused, Unfit."""
    _may(actor)
    if wrong := profiles.wrong(profile):
        raise Unfit(wrong)
    tenant = actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        was, now = profiles.changed(await tenants.profile(tx, tenant, lock=True), profile)
        if not now:
            return False
        await tenants.set_profile(tx, tenant, profile)
        detail = {"was": was, "is": now}
        await audit.add(
            tx, sv.clock.now(), actor.user.id, "tenant.profile", target=f"tenant:{actor.tenant.slug}", detail=detail
        )
    return True


async def set_general(sv: Services, actor: Actor, *, name: str, zone: str, desks: Collection[Desk]) -> bool:
    """Raises Refused. Switching a desk off leaves what it made; its stories wait where they are."""
    _may(actor)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 200:
        raise Refused("The name of a tenant has 1 to 200 characters.")
    if not zones.known(zone):
        raise Refused(f"{zone[:60]!r} is no time zone: it is a name such as Europe/Berlin.")
    tenant = actor.tenant.id
    wanted = {"name": name, "zone": zone, "desks": [desk for desk in Desk if desk in desks]}
    async with sv.platform.tx() as tx:
        found = await tenants.by_id(tx, tenant)
        assert found
        stood = {"name": found.name, "zone": found.zone, "desks": list(await tenants.desks(tx, tenant))}
        differ = [key for key, value in wanted.items() if stood[key] != value]
        if not differ:
            return False
        await tenants.set_general(tx, tenant, name=name, zone=zone, desks=desks)
        await audit.add(
            tx,
            sv.clock.now(),
            actor.user.id,
            "tenant.general",
            target=f"tenant:{actor.tenant.slug}",
            detail={"was": {key: stood[key] for key in differ}, "is": {key: wanted[key] for key in differ}},
            tenant=tenant,
        )
    return True


async def pause(sv: Services, tenant: Tenant, user: UserId | None, reason: str) -> None:
    """From the commit on nothing of it is handed out, polled at its private sources or asked of a model; what is in
    hand ends. Raises Refused (no reason), Conflict (it rests already)."""
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON:
        raise Refused(f"Say why, in at most {REASON} characters: everybody here reads it.")
    async with sv.platform.tx() as tx:
        if not await tenants.pause(tx, tenant.id, user, reason):
            raise Conflict(f"{tenant.name} is paused already.")
        detail = {"reason": reason}
        await audit.add(
            tx, sv.clock.now(), user, "tenant.paused", target=f"tenant:{tenant.slug}", detail=detail, tenant=tenant.id
        )


async def resume(sv: Services, tenant: Tenant, user: UserId | None) -> None:
    """All goes on where it was. Raises Conflict (it does not rest)."""
    async with sv.platform.tx() as tx:
        if not await tenants.resume(tx, tenant.id):
            raise Conflict(f"{tenant.name} is not paused.")
        await audit.add(tx, sv.clock.now(), user, "tenant.resumed", target=f"tenant:{tenant.slug}", tenant=tenant.id)
        tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))


async def ask_deletion(sv: Services, actor: Actor, typed: str) -> None:
    """An owner wants the tenant gone; whoever runs the desk does it. Raises Refused, Conflict (asked already)."""
    _may(actor)
    if typed.strip() != actor.tenant.slug:
        raise Refused(f"Type {actor.tenant.slug} to say which tenant is to go.")
    await _wish(sv, actor, wanted=True)


async def withdraw_deletion(sv: Services, actor: Actor) -> None:
    """Raises Refused, Conflict (nobody asked)."""
    _may(actor)
    await _wish(sv, actor, wanted=False)


async def _wish(sv: Services, actor: Actor, *, wanted: bool) -> None:
    tenant, now = actor.tenant, sv.clock.now()
    action = "tenant.deletion_asked" if wanted else "tenant.deletion_withdrawn"
    async with sv.platform.tx() as tx:
        if wanted and not await tenants.ask_deletion(tx, tenant.id, actor.user.id):
            raise Conflict("Its deletion is asked for already.")
        if not wanted and not await tenants.withdraw_deletion(tx, tenant.id):
            raise Conflict("Nobody asked for its deletion.")
        await audit.add(tx, now, actor.user.id, action, target=f"tenant:{tenant.slug}", tenant=tenant.id)
        await audit.add(tx, now, actor.user.id, action, target=f"tenant:{tenant.slug}")


def _may(actor: Actor) -> None:
    if not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may not change the settings of {actor.tenant.name}.")
