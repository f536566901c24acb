"""Tenants, users and who belongs where. Called by the operator's commands and on the platform's page of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import HOUSE, ChannelId, TenantId, UserId, uuid7
from cid.domain.tenants import Profile, Role, Tenant
from cid.flows.people.members import LAST_OWNER
from cid.outside import passwords
from cid.store import audit, channels, people, sessions, tenants
from cid.store.sessions import Purpose
from cid.text import profiles
from cid.text.names import SLUG, email_of, slug_of
from cid.text.tokens import new_token, token_hash

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Account, Listed, Member
    from cid.store.sessions import Living

INVITE_LIFE = timedelta(days=7)
LAST_ADMIN = "Somebody has to run this desk: make another person its admin first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A tenant and its people."""

    tenant: Tenant
    members: tuple[Member, ...]


async def add_user(sv: Services, *, email: str, name: str, admin: bool, tenant: str | None, role: Role) -> str:
    """The link at which the new user sets a password. Raises Refused, NotFound (tenant), Conflict (address taken)."""
    known = email_of(email)
    if known is None:
        raise Refused(f"{email!r} is not an e-mail address.")
    now = sv.clock.now()
    user = UserId(uuid7(now))
    async with sv.platform.tx() as tx:
        if not await people.add(tx, user, email=known, name=name.strip(), password_hash=None, admin=admin):
            raise Conflict(f"{known} has an account already.")
        if tenant is not None:
            await people.join(tx, (await _tenant(tx, tenant)).id, user, role)
        await audit.add(tx, now, None, "user.added", target=str(user), detail={"tenant": tenant, "role": role})
        return await _invite(sv, tx, user)


async def join(sv: Services, *, email: str, tenant: str, role: Role) -> None:
    """Give somebody who has an account a role in one more tenant, or another role. Raises NotFound."""
    async with sv.platform.tx() as tx:
        account, known = await _account(tx, email), await _tenant(tx, tenant)
        await people.hold_tenant(tx, known.id)
        place = await people.member(tx, known.id, account.id)
        await people.join(tx, known.id, account.id, role)
        if place and place.role is Role.OWNER and role is not Role.OWNER and not await people.owners(tx, known.id):
            raise Refused(LAST_OWNER.format(tenant=known.name))
        await sessions.renew(tx, account.id)
        await audit.add(
            tx, sv.clock.now(), None, "member.joined", target=str(account.id), detail={"role": role}, tenant=known.id
        )


async def disable_user(sv: Services, *, email: str, by: UserId | None = None) -> None:
    """Ends at once every session of theirs and all that acts for them: links in mails, tokens of programs.

    Raises NotFound, Conflict (switched off before), Refused (nobody would run the desk any more).
    """
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        if account.admin:
            await _not_the_last(tx, account.id)
        if not await people.disable(tx, account.id):
            raise Conflict(f"{account.email} is switched off already.")
        await sessions.end_all(tx, account.id)
        await sessions.void_all(tx, account.id)
        gone = await people.revoke(tx, None, account.id)
        detail = {"links": gone.links, "tokens": gone.tokens}
        await audit.add(tx, sv.clock.now(), by, "user.disabled", target=str(account.id), detail=detail)


async def enable_user(sv: Services, *, email: str, by: UserId | None = None) -> None:
    """They sign in again, with the roles they have. What was revoked stays so. Raises NotFound, Conflict (not off)."""
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        if not await people.enable(tx, account.id):
            raise Conflict(f"{account.email} is not switched off.")
        await audit.add(tx, sv.clock.now(), by, "user.enabled", target=str(account.id))


async def set_admin(sv: Services, *, email: str, admin: bool, by: UserId | None = None) -> None:
    """Raises NotFound, Conflict (it is so already), Refused (nobody would run the desk any more)."""
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        if not admin:
            await _not_the_last(tx, account.id)
        if not await people.set_admin(tx, account.id, admin=admin):
            raise Conflict(f"{account.email} {'runs' if admin else 'does not run'} this desk already.")
        await sessions.renew(tx, account.id)
        await audit.add(tx, sv.clock.now(), by, "user.admin", target=str(account.id), detail={"admin": admin})


async def drop_second_factor(sv: Services, *, email: str) -> None:
    """For who lost the telephone and the recovery codes. Raises NotFound, Conflict (there is none)."""
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        if not await people.turn_off_totp(tx, account.id):
            raise Conflict(f"{account.email} has no second factor.")
        await sessions.end_all(tx, account.id)
        detail = {"by": "the machine"}
        await audit.add(tx, sv.clock.now(), None, "user.second_factor_off", target=str(account.id), detail=detail)


async def living_sessions(sv: Services, *, email: str) -> list[Living]:
    """Raises NotFound."""
    async with sv.platform.read() as tx:
        return await sessions.living(tx, (await _account(tx, email)).id)


async def end_sessions(sv: Services, *, email: str) -> None:
    """Everywhere at once. Raises NotFound."""
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        await sessions.end_all(tx, account.id)
        await audit.add(tx, sv.clock.now(), None, "session.ended", target=str(account.id), detail={"which": "all"})


async def set_password(sv: Services, *, email: str, password: str) -> None:
    """Ends every session opened with the old one. Raises NotFound, Refused."""
    password_hash = await passwords.hashed(password)
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        await people.set_password(tx, account.id, password_hash)
        await sessions.end_all(tx, account.id)
        await sessions.void_all(tx, account.id)
        await audit.add(tx, sv.clock.now(), None, "user.password_set", target=str(account.id))


async def password_link(sv: Services, *, email: str) -> str:
    """Where the user sets a password; the old one works until then. Raises NotFound."""
    async with sv.platform.tx() as tx:
        account = await _account(tx, email)
        await audit.add(tx, sv.clock.now(), None, "user.invited", target=str(account.id))
        return await _invite(sv, tx, account.id)


async def users(sv: Services) -> list[Listed]:
    async with sv.platform.read() as tx:
        return await people.listed(tx)


async def add_tenant(sv: Services, *, name: str, slug: str | None) -> Tenant:
    """The platform's admins own it. Raises Refused (name), Conflict (taken)."""
    name = name.strip()
    short = slug or slug_of(name)
    if not 1 <= len(name) <= 200:
        raise Refused("The name of a tenant has 1 to 200 characters.")
    if not SLUG.fullmatch(short):
        raise Refused(f"{short!r} is no short name: lower-case letters, digits and hyphens, at most 40.")
    now = sv.clock.now()
    tenant = TenantId(uuid7(now))
    async with sv.platform.tx() as tx:
        if not await tenants.add(tx, tenant, slug=short, name=name, sample=False):
            raise Conflict(f"There is a tenant {short} already.")
        await channels.add_site(tx, tenant, ChannelId(uuid7(now)), base_url=sv.base_url, slug=short)
        await people.admins_own(tx, tenant)
        await audit.add(tx, now, None, "tenant.added", target=str(tenant))
        return await _tenant(tx, short)


async def set_profile(sv: Services, *, slug: str, profile: Profile) -> Tenant:
    """What the gates know about a tenant from now on. Raises NotFound."""
    async with sv.platform.tx() as tx:
        tenant = await _tenant(tx, slug)
        was, now = profiles.changed(await tenants.profile(tx, tenant.id, lock=True), profile)
        await tenants.set_profile(tx, tenant.id, profile)
        detail, target = {"was": was, "is": now}, f"tenant:{slug}"
        await audit.add(tx, sv.clock.now(), None, "tenant.profile", target=target, detail=detail, tenant=tenant.id)
        return tenant


async def all_tenants(sv: Services) -> list[Tenant]:
    async with sv.platform.read() as tx:
        return await tenants.listed(tx)


async def show_tenant(sv: Services, *, slug: str) -> Shown:
    """Raises NotFound."""
    async with sv.platform.read() as tx:
        tenant = await _tenant(tx, slug)
        return Shown(tenant=tenant, members=tuple(await people.members(tx, tenant.id)))


async def tenant_of(sv: Services, slug: str) -> Tenant:
    """Raises NotFound."""
    async with sv.platform.read() as tx:
        return await _tenant(tx, slug)


async def _not_the_last(tx: Tx, user: UserId) -> None:
    """That somebody else runs the desk, and goes on to until `tx` ends. Raises Refused."""
    if not set(await people.hold_admins(tx)) - {user}:
        raise Refused(LAST_ADMIN)


async def _invite(sv: Services, tx: Tx, user: UserId) -> str:
    token = new_token()
    await sessions.add_link(tx, token_hash(token), Purpose.INVITE, user, INVITE_LIFE)
    return f"{sv.base_url}/welcome/{token}"


async def _tenant(tx: Tx, slug: str) -> Tenant:
    tenant = await tenants.by_slug(tx, slug)
    if tenant is None or tenant.id == HOUSE:
        raise NotFound(f"There is no tenant {slug}: `cid tenants list` shows which there are.")
    return tenant


async def _account(tx: Tx, email: str) -> Account:
    account = await people.by_email(tx, email.strip().lower())
    if account is None:
        raise NotFound(f"Nobody has an account as {email}: `cid users list` shows who has.")
    return account
