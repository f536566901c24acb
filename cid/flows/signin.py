"""Coming in and going out: sessions, the second factor, the first person, invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from cid.domain.errors import Conflict, Deferred, Misconfigured, NotFound, Refused
from cid.domain.ids import ChannelId, TenantId, UserId, uuid7
from cid.outside import codes, passwords
from cid.queue import limits
from cid.store import audit, channels, people, sessions, tenants
from cid.store.sessions import ENTRANCES, Purpose
from cid.text.names import email_of, slug_of
from cid.text.networks import customer_of
from cid.text.tokens import keyed, new_token, token_hash

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Account

log = structlog.get_logger("signin")
SETUP_LIFE = timedelta(hours=24)
CODE_LIFE = timedelta(minutes=10)
"""From the password to the second factor."""
QUARTER = timedelta(minutes=15)
PER_ACCOUNT = 5
PER_ADDRESS = 20
WRONG = "That e-mail address and password do not belong together."
WRONG_CODE = "That code is not right, or was used already. Wait for the next one."
TOO_LATE = "Too much time has passed since the password: sign in again."
LINK_SPENT = "This link was used already, has expired, or never was one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What somebody who came by a one-time link says about themselves."""

    email: str
    name: str
    password: str
    tenant: str = ""
    """Name of the tenant to make where there is none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What a right password leads to: one of the two is empty."""

    token: str = ""
    """Of a new session."""
    ticket: str = ""
    """For the page that asks for the second factor."""


async def sign_in(sv: Services, *, email: str, password: str, address: str, agent: str) -> Came:
    """Raises Refused (wrong, unknown or switched off: never which), Deferred (too many attempts)."""
    email = email.strip().lower()[:254]
    account_key = _limit_key(sv, f"account:{email}")
    await _throttle(sv, account_key, _limit_key(sv, f"address:{customer_of(address)}"))
    async with sv.platform.read() as tx:
        account = await people.by_email(tx, email)
    stored = account.password_hash if account and account.disabled_at is None else None
    checked = await passwords.check(stored, password)
    if account is None or not checked.ok:
        raise Refused(WRONG)
    async with sv.platform.tx() as tx:
        if not await people.unchanged(tx, account.id, stored):
            raise Refused(WRONG)  # a new one was set while this one was checked
        if checked.rehashed:
            await people.set_password(tx, account.id, checked.rehashed)
        if account.totp:
            return Came(ticket=await _ticket(tx, account.id))
        await limits.clear(tx, account_key)
        return Came(token=await _open_session(sv, tx, account.id, agent))


async def with_code(sv: Services, ticket: str, code: str, *, agent: str) -> str:
    """A new session's token, for the second factor's code or one that stands in for it.

    Raises NotFound (the ticket has ended), Refused (the code), Deferred (too many attempts).
    """
    async with sv.platform.read() as tx:
        link = await sessions.link(tx, token_hash(ticket), Purpose.CODE)
        account = await people.by_id(tx, link.user_id) if link and link.user_id else None
    if account is None or account.disabled_at is not None or not account.totp:
        raise NotFound(TOO_LATE)
    key = _limit_key(sv, f"code:{account.id}")
    await _throttle(sv, key)
    step = _step(sv, account, code)
    async with sv.platform.tx() as tx:
        if await sessions.use_link(tx, token_hash(ticket), Purpose.CODE) is None:
            raise NotFound(TOO_LATE)
        if step is not None:
            taken, by = await people.take_step(tx, account.id, step), "code"
        else:
            left = await people.take_recovery(tx, account.id, codes.recovery_hash(code))
            taken, by = left is not None, "recovery code"
        if not taken:
            raise Refused(WRONG_CODE)  # rolls back: the ticket is good for another try
        await limits.clear(tx, key)
        await limits.clear(tx, _limit_key(sv, f"account:{account.email}"))
        await audit.add(tx, sv.clock.now(), account.id, "session.second_factor", detail={"by": by})
        return await _open_session(sv, tx, account.id, agent)


async def renewed(sv: Services, token: str) -> str | None:
    """The session's new token, once what its person may do has changed; None: another request was first."""
    fresh = new_token()
    async with sv.platform.tx() as tx:
        return fresh if await sessions.rename(tx, token_hash(token), token_hash(fresh)) else None


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


async def welcome(sv: Services, token: str, newcomer: Newcomer, *, agent: str) -> Came:
    """Use a one-time link up: the first person becomes admin and owner of every tenant, an invited one gets a password.

    Raises NotFound (link), Refused (what was entered).
    """
    async with sv.platform.read() as tx:
        if await sessions.link(tx, token_hash(token), *ENTRANCES) is None:
            raise NotFound(LINK_SPENT)
    password_hash = await passwords.hashed(newcomer.password)
    async with sv.platform.tx() as tx:
        link = await sessions.use_link(tx, token_hash(token), *ENTRANCES)
        if link is None:
            raise NotFound(LINK_SPENT)
        second = False
        if link.purpose is Purpose.SETUP:
            user = await _first(sv, tx, newcomer, password_hash)
        else:
            account = await _invited(tx, link.user_id)
            user, second = account.id, bool(account.totp)
            await people.set_password(tx, user, password_hash)
            if newcomer.name:
                await people.set_name(tx, user, newcomer.name)
            await sessions.end_all(tx, user)
            await sessions.void_all(tx, user)
        await audit.add(tx, sv.clock.now(), user, "user.welcomed", detail={"by": str(link.purpose)})
        # A link that came by mail is no second factor.
        return Came(ticket=await _ticket(tx, user)) if second else Came(token=await _open_session(sv, tx, user, agent))


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


async def _ticket(tx: Tx, user: UserId) -> str:
    ticket = new_token()
    await sessions.add_code(tx, token_hash(ticket), user, CODE_LIFE)
    return ticket


def _step(sv: Services, account: Account, code: str) -> int | None:
    """Which step of time the code is of. Where the key of the secret is gone, recovery codes still let them in."""
    assert sv.vault is not None
    try:
        secret = sv.vault.open(account.totp, f"totp:{account.id}")
    except Misconfigured as error:
        log.error("totp.sealed", user=str(account.id), error=str(error))  # noqa: TRY400 - the reason is in the message
        return None
    return codes.step_of(secret, code, sv.clock.now())


async def _throttle(sv: Services, *keys: str) -> None:
    """Counts the attempt before anything is looked at. An account is never locked for good: the last key, where there
    are two, is the network's, which may try more often."""
    account, *network = keys
    wanted = {account: (QUARTER / PER_ACCOUNT, PER_ACCOUNT)}
    wanted |= dict.fromkeys(network, (QUARTER / PER_ADDRESS, PER_ADDRESS))
    async with sv.platform.tx() as tx:
        until = await limits.take_each(tx, wanted)
    if until:
        raise Deferred("Too many attempts to sign in.", until=until)


def _limit_key(sv: Services, what: str) -> str:
    return f"signin:{keyed(sv.keys.derive('limits'), what)}"
