"""Who belongs to a tenant, as what: what its owners do on their page, and the operator by command."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, Deferred, NotFound, Refused
from cid.domain.ids import UserId, uuid7
from cid.domain.mail import MailKind
from cid.domain.tenants import GRANTS, Permission, Role
from cid.flows.people import post
from cid.queue import limits
from cid.render.letters import Button
from cid.store import audit, people, sessions
from cid.store.sessions import Purpose
from cid.text.names import email_of
from cid.text.tokens import keyed, new_token, token_hash

if TYPE_CHECKING:
    from cid.domain.tenants import Tenant
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Account, Place

INVITE_LIFE = timedelta(days=7)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_TENANT, PER_ADDRESS = 20, 3
LAST_OWNER = "Somebody who may come in has to own {tenant}: make another member its owner first."
NOT_IN = "They do not belong to this tenant any more."


async def invite(sv: Services, by: UserId | None, tenant: Tenant, *, email: str, role: Role) -> None:
    """Let somebody in, and tell them by mail. Who has an account belongs at once, who has none is given one.

    `by` is None for whoever sits at the machine. The answer is the same either way: an owner does not learn who uses
    this desk elsewhere. Raises Refused (no address), Conflict (is in), Deferred (too many).
    """
    known = email_of(email)
    if known is None:
        raise Refused(f"{email[:100]!r} is not an e-mail address.")
    await _throttle(sv, tenant, known)
    async with sv.platform.tx() as tx:
        await _still_may(tx, tenant, by)
        account = await people.by_email(tx, known)
        if account is None:
            await people.add(tx, UserId(uuid7(sv.clock.now())), email=known, name="", password_hash=None, admin=False)
            account = await people.by_email(tx, known)
        assert account is not None
        if not await people.let_in(tx, tenant.id, account.id, role):
            raise Conflict(f"{known} is in {tenant.name} already.")
        await sessions.renew(tx, account.id)
        detail = {"role": role}
        await audit.add(
            tx, sv.clock.now(), by, "member.invited", target=str(account.id), detail=detail, tenant=tenant.id
        )
        await _tell(sv, tx, account, (tenant, role), by)


async def invite_again(sv: Services, by: UserId | None, tenant: Tenant, user: UserId) -> None:
    """For somebody who has not come yet. Raises NotFound, Conflict (they were here), Deferred."""
    async with sv.platform.read() as tx:
        place = await people.member(tx, tenant.id, user)
    if place is None:
        raise NotFound(NOT_IN)
    await _throttle(sv, tenant, place.email)
    async with sv.platform.tx() as tx:
        await _still_may(tx, tenant, by)
        place, account = await people.member(tx, tenant.id, user), await people.by_id(tx, user)
        if place is None or account is None:
            raise NotFound(NOT_IN)
        if place.seen_at is not None:
            raise Conflict(f"{place.email} was here already.")
        await audit.add(tx, sv.clock.now(), by, "member.reminded", target=str(user), tenant=tenant.id)
        await _tell(sv, tx, account, (tenant, place.role), by)


async def change_role(
    sv: Services, by: UserId | None, tenant: Tenant, user: UserId, *, role: Role, was: Role | None = None
) -> None:
    """It counts from their next request on, and their sessions go on under other tokens.

    `was` is the role that the page showed. Raises NotFound, Conflict (it is another by now), Refused (the last owner).
    """
    async with sv.platform.tx() as tx:
        place = await _held(tx, tenant, by, user)
        if (was is not None and place.role is not was) or not await people.set_role(
            tx, tenant.id, user, role, was=place.role
        ):
            raise Conflict(f"Somebody else changed the role of {place.email}: it is {place.role} now.")
        if place.role is Role.OWNER and role is not Role.OWNER:
            await _owned(tx, tenant)
        await sessions.renew(tx, user)
        detail = {"from": place.role, "to": role}
        await audit.add(tx, sv.clock.now(), by, "member.role", target=str(user), detail=detail, tenant=tenant.id)


async def remove(sv: Services, by: UserId | None, tenant: Tenant, user: UserId) -> None:
    """Ends their place here, with every link and token that acts for them here, and nothing else of theirs.

    Raises NotFound, Refused (the last owner).
    """
    async with sv.platform.tx() as tx:
        place = await _held(tx, tenant, by, user)
        await people.leave(tx, tenant.id, user)
        if place.role is Role.OWNER:
            await _owned(tx, tenant)
        gone = await people.revoke(tx, tenant.id, user)
        await sessions.renew(tx, user)
        if place.seen_at is None:
            await _withdraw(tx, user)
        detail = {"role": place.role, "links": gone.links, "tokens": gone.tokens, "seen": place.seen_at is not None}
        await audit.add(tx, sv.clock.now(), by, "member.removed", target=str(user), detail=detail, tenant=tenant.id)


async def find(sv: Services, tenant: Tenant, email: str) -> UserId:
    """Of a member, by address. Raises NotFound."""
    async with sv.platform.read() as tx:
        account = await people.by_email(tx, email.strip().lower())
        place = account and await people.member(tx, tenant.id, account.id)
    if not place:
        raise NotFound(
            f"{email[:100]} does not belong to {tenant.slug}: `cid tenants show {tenant.slug}` says who does."
        )
    return place.id


async def _held(tx: Tx, tenant: Tenant, by: UserId | None, user: UserId) -> Place:
    """The member, with everybody else who changes members of this tenant kept waiting. Raises NotFound."""
    await people.hold_tenant(tx, tenant.id)
    await _still_may(tx, tenant, by)
    place = await people.member(tx, tenant.id, user)
    if place is None:
        raise NotFound(NOT_IN)
    return place


async def _still_may(tx: Tx, tenant: Tenant, by: UserId | None) -> None:
    """Whoever was let through the door may have lost their place on the way here. Raises NotFound."""
    mine = await people.member(tx, tenant.id, by) if by else None
    if by and (mine is None or Permission.PEOPLE not in GRANTS[mine.role]):
        raise NotFound("You may not change who belongs to this tenant any more.")


async def _owned(tx: Tx, tenant: Tenant) -> None:
    """After a change, in its transaction: raising takes it back. Raises Refused."""
    if not await people.owners(tx, tenant.id):
        raise Refused(LAST_OWNER.format(tenant=tenant.name))


async def _withdraw(tx: Tx, user: UserId) -> None:
    """An invitation ends with the last place that it leads to."""
    account = await people.by_id(tx, user)
    if account and account.password_hash is None and not await people.belongs(tx, user):
        await sessions.void_all(tx, user)


async def _tell(sv: Services, tx: Tx, account: Account, place: tuple[Tenant, Role], by: UserId | None) -> None:
    """One letter for who has an account, another for who has none; both say who asked for it."""
    tenant, role = place
    inviter = await people.by_id(tx, by) if by else None
    who = inviter.email if inviter else "Whoever runs this desk"
    lines = [f"{who} let you into {tenant.name} on the Content Intelligence Desk, as {role}."]
    if account.password_hash is not None:
        button = Button(label=f"Open {tenant.name}", url=f"{sv.base_url}/t/{tenant.slug}/")
        after = ["You sign in as before. If you do not know them, ask whoever runs this desk."]
        subject = f"You belong to {tenant.name} now"
        await post.plan(sv, tx, account, MailKind.NOTICE, subject=subject, lines=lines, button=button, after=after)
        return
    token = new_token()
    await sessions.add_link(tx, token_hash(token), Purpose.INVITE, account.id, INVITE_LIFE)
    await post.plan(
        sv,
        tx,
        account,
        MailKind.INVITE,
        subject=f"Your invitation to {tenant.name}",
        lines=lines,
        button=Button(label="Choose a password", url=f"{sv.base_url}/welcome/{token}"),
        after=["The link works once, for 7 days. An earlier one does not work any more."],
        life=INVITE_LIFE,
    )


async def _throttle(sv: Services, tenant: Tenant, email: str) -> None:
    """Mail to strangers goes out in our name: not without measure. Raises Deferred."""
    key = sv.keys.derive("limits")
    wanted = {
        f"invite:{tenant.id}": (HOUR / PER_TENANT, PER_TENANT),
        f"invite:{keyed(key, email)}": (DAY / PER_ADDRESS, PER_ADDRESS),
    }
    async with sv.platform.tx() as tx:
        until = await limits.take_each(tx, wanted)
    if until:
        raise Deferred("Too many invitations.", until=until)
