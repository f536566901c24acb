"""Coming in and going out: sessions, the first person, invitations."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, Deferred, NotFound, Refused
from cid.domain.ids import ChannelId, TenantId, UserId, uuid7
from cid.outside import passwords
from cid.queue import limits
from cid.store import audit, channels, people, sessions, tenants
from cid.store.sessions import Purpose
from cid.text.names import email_of, slug_of
from cid.text.tokens import new_token, token_hash

if TYPE_CHECKING:
    from datetime import datetime

    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Account

SETUP_LIFE = timedelta(hours=24)
QUARTER = timedelta(minutes=15)
PER_ACCOUNT = 5
PER_ADDRESS = 20
SHORTEST_PASSWORD = 12
WRONG = "That e-mail address and password do not belong together."
LINK_SPENT = "This link was used already, has expired, or never was one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What somebody who came by a one-time link says about themselves."""

    email: str
    name: str
    password: str
    tenant: str = ""
    """Name of the tenant to make where there is none yet."""


async def sign_in(sv: Services, *, email: str, password: str, address: str, agent: str) -> str:
    """A new session's token.

    Raises Refused (wrong, unknown or switched off: never which), Deferred (too many attempts).
    """
    email = email.strip().lower()[:254]
    account_key = _limit_key(sv, f"account:{email}")
    await _throttle(sv, account_key, _limit_key(sv, f"address:{_network(address)}"))
    async with sv.platform.read() as tx:
        account = await people.by_email(tx, email)
    stored = account.password_hash if account and account.disabled_at is None else None
    checked = await passwords.check(stored, password)
    if account is None or not checked.ok:
        raise Refused(WRONG)
    async with sv.platform.tx() as tx:
        if checked.rehashed:
            await people.set_password(tx, account.id, checked.rehashed)
        await limits.clear(tx, account_key)
        return await _open_session(sv, tx, account.id, agent)


async def sign_out(sv: Services, token: str) -> None:
    async with sv.platform.tx() as tx:
        user = await sessions.end(tx, token_hash(token))
        if user:
            await audit.add(tx, sv.clock.now(), user, "session.ended")


async def setup_link(sv: Services) -> str | None:
    """Where the first person makes their account; None when somebody has one. Each call voids the links before it."""
    token = new_token()
    async with sv.platform.tx() as tx:
        if await people.anybody(tx):
            return None
        await sessions.add_link(tx, token_hash(token), Purpose.SETUP, None, SETUP_LIFE)
    return f"{sv.base_url}/welcome/{token}"


async def welcome(sv: Services, token: str, newcomer: Newcomer, *, agent: str) -> str:
    """Use a one-time link up: the first person becomes admin and owner of every tenant, an invited one gets a password.

    The new session's token. Raises NotFound (link), Refused (what was entered).
    """
    async with sv.platform.read() as tx:
        if await sessions.link(tx, token_hash(token)) is None:
            raise NotFound(LINK_SPENT)
    _check_password(newcomer.password)
    password_hash = await passwords.hashed(newcomer.password)
    async with sv.platform.tx() as tx:
        link = await sessions.use_link(tx, token_hash(token))
        if link is None:
            raise NotFound(LINK_SPENT)
        if link.purpose is Purpose.SETUP:
            user = await _first(sv, tx, newcomer, password_hash)
        else:
            user = (await _invited(tx, link.user_id)).id
            await people.set_password(tx, user, password_hash)
            if newcomer.name:
                await people.set_name(tx, user, newcomer.name)
            await sessions.end_all(tx, user)
        await audit.add(tx, sv.clock.now(), user, "user.welcomed", detail={"by": str(link.purpose)})
        return await _open_session(sv, tx, user, agent)


async def _first(sv: Services, tx: Tx, newcomer: Newcomer, password_hash: str) -> UserId:
    if await people.anybody(tx):
        raise Conflict("Somebody has set this desk up already.")
    email = email_of(newcomer.email)
    if email is None:
        raise Refused("That is not an e-mail address.")
    user = UserId(uuid7(sv.clock.now()))
    await people.add(tx, user, email=email, name=newcomer.name, password_hash=password_hash, admin=True)
    if not await tenants.listed(tx):
        if not newcomer.tenant:
            raise Refused("Give the organisation a name.")
        now = sv.clock.now()
        tenant, slug = TenantId(uuid7(now)), slug_of(newcomer.tenant)
        await tenants.add(tx, tenant, slug=slug, name=newcomer.tenant, sample=False)
        await channels.add_site(tx, tenant, ChannelId(uuid7(now)), base_url=sv.base_url, slug=slug)
    await people.own_all(tx, user)
    return user


async def _invited(tx: Tx, user: UserId | None) -> Account:
    account = await people.by_id(tx, user) if user else None
    if account is None or account.disabled_at is not None:
        raise NotFound(LINK_SPENT)
    return account


async def _open_session(sv: Services, tx: Tx, user: UserId, agent: str) -> str:
    """Always a new token: one that somebody planted before sign-in is worth nothing after it."""
    token = new_token()
    await sessions.add(tx, token_hash(token), user, csrf=new_token(), agent=agent)
    await audit.add(tx, sv.clock.now(), user, "session.opened")
    return token


async def _throttle(sv: Services, account_key: str, address_key: str) -> None:
    """Counts the attempt before the password is looked at. An account is never locked for good."""
    async with sv.platform.tx() as tx:
        waits: list[datetime | None] = [
            await limits.take(tx, account_key, QUARTER / PER_ACCOUNT, PER_ACCOUNT),
            await limits.take(tx, address_key, QUARTER / PER_ADDRESS, PER_ADDRESS),
        ]
    until = max((wait for wait in waits if wait), default=None)
    if until:
        raise Deferred("Too many attempts to sign in.", until=until)


def _limit_key(sv: Services, what: str) -> str:
    """Under a key of ours, so that the table tells nobody who tried to come in from where."""
    return "signin:" + hmac.digest(sv.keys.derive("limits"), what.encode(), "sha256").hex()


def _network(address: str) -> str:
    """An IPv6 customer owns a /64: it counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(f"The password needs at least {SHORTEST_PASSWORD} characters.")
