"""What people change about themselves: name, password, second factor, sessions."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, Deferred, Misconfigured, NotFound, Refused
from cid.domain.mail import MailKind
from cid.flows.people import post
from cid.outside import codes, passwords
from cid.queue import limits
from cid.store import audit, people, sessions
from cid.text.tokens import keyed, new_token, token_hash

if TYPE_CHECKING:
    from cid.domain.ids import UserId
    from cid.domain.tenants import User
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Account

QUARTER = timedelta(minutes=15)
TRIES = 5
WRONG = "That is not your present password."
CHANGED = "Your password was changed at this moment, by another page or person. Sign in with the new one."
WRONG_CODE = "That code is not right, or was used already. Wait for the next one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A second factor that is being set up. Nothing is stored until a code shows that the telephone has it."""

    secret: str
    sealed: str
    """The same for the page's own form: it comes back with the first code."""
    drawing: str
    """For the telephone's camera, as SVG."""


async def set_profile(sv: Services, user: User, *, name: str, zone: str) -> None:
    """Raises Refused: no such zone."""
    if zone and zone not in zoneinfo.available_timezones():
        raise Refused(f"There is no time zone {zone[:60]!r}: they are named as Europe/Lisbon is.")
    async with sv.platform.tx() as tx:
        stood = await _account(tx, user.id)
        was, now = {"name": stood.name, "zone": stood.zone}, {"name": name, "zone": zone}
        if was == now:
            return
        await people.set_name(tx, user.id, name)
        await people.set_zone(tx, user.id, zone)
        await audit.add(tx, sv.clock.now(), user.id, "user.profile", detail={"was": was, "is": now})


async def change_password(sv: Services, user: User, *, present: str, new: str, agent: str) -> str:
    """The token of the one session that is left. Raises Refused, Deferred (too many tries)."""
    proved = await _proved(sv, user, present)
    password_hash = await passwords.hashed(new)
    async with sv.platform.tx() as tx:
        account = await _account(tx, user.id)
        if not await people.replace_password(tx, user.id, proved, password_hash):
            raise Refused(CHANGED)
        await audit.add(tx, sv.clock.now(), user.id, "user.password_set", detail={"by": "themselves"})
        await _warn(sv, tx, account, "Your password was changed")
        return await _alone(tx, user.id, agent)


async def end_session(sv: Services, user: User, id_: str) -> None:
    """Raises NotFound."""
    async with sv.platform.tx() as tx:
        if not await sessions.end_one(tx, user.id, id_):
            raise NotFound("That session has ended already.")
        await audit.add(tx, sv.clock.now(), user.id, "session.ended")


async def end_others(sv: Services, user: User, token: str) -> None:
    """All but the one that asks."""
    async with sv.platform.tx() as tx:
        await sessions.end_others(tx, user.id, token_hash(token))
        await audit.add(tx, sv.clock.now(), user.id, "session.ended", detail={"which": "all others"})


def enrolment(sv: Services, user: User, sealed: str = "") -> Enrolment:
    """A new secret, or the one that the page has shown before: `sealed`. Raises Refused (not ours)."""
    assert sv.vault is not None
    if sealed:
        secret = _shown(sv, user, sealed)
    else:
        secret = codes.new_secret()
        sealed = sv.vault.seal(secret, f"totp-new:{user.id}")
    address = codes.address(secret, user.email, "CID")
    return Enrolment(secret=secret, sealed=sealed, drawing=codes.drawing(address, "QR code"))


async def turn_on(
    sv: Services, user: User, *, sealed: str, code: str, password: str, agent: str
) -> tuple[list[str], str]:
    """From now on signing in asks for a code. The recovery codes, shown once, and the token of the one session that is
    left: others were opened without a code. Raises Refused, Conflict (is on), Deferred."""
    assert sv.vault is not None
    secret = _shown(sv, user, sealed)
    await _proved(sv, user, password)
    step = codes.step_of(secret, code, sv.clock.now())
    if step is None:
        raise Refused(WRONG_CODE)
    recovery = codes.new_recovery()
    kept = sv.vault.seal(secret, f"totp:{user.id}")
    async with sv.platform.tx() as tx:
        account = await _account(tx, user.id)
        if not await people.turn_on_totp(tx, user.id, kept, step, [codes.recovery_hash(each) for each in recovery]):
            raise Conflict("A second factor is on already.")
        await audit.add(tx, sv.clock.now(), user.id, "user.second_factor_on")
        await _warn(sv, tx, account, "A second factor was switched on")
        return recovery, await _alone(tx, user.id, agent)


async def turn_off(sv: Services, user: User, *, code: str, password: str) -> None:
    """By the password and a code, or one that stands in. Raises Refused, Conflict (is off), Deferred."""
    await _proved(sv, user, password)
    await _try(sv, _code_key(sv, user.id))
    async with sv.platform.tx() as tx:
        account = await _account(tx, user.id)
        await _proved_code(sv, tx, account, code)
        await people.turn_off_totp(tx, user.id)
        await audit.add(tx, sv.clock.now(), user.id, "user.second_factor_off", detail={"by": "themselves"})
        await _warn(sv, tx, account, "The second factor was switched off")


async def new_recovery(sv: Services, user: User, *, code: str, password: str) -> list[str]:
    """Ten new ones, shown once; the old ones are worth nothing. Raises as `turn_off` does."""
    await _proved(sv, user, password)
    await _try(sv, _code_key(sv, user.id))
    recovery = codes.new_recovery()
    async with sv.platform.tx() as tx:
        account = await _account(tx, user.id)
        await _proved_code(sv, tx, account, code)
        await people.set_recovery(tx, user.id, [codes.recovery_hash(each) for each in recovery])
        await audit.add(tx, sv.clock.now(), user.id, "user.recovery_codes")
        await _warn(sv, tx, account, "New recovery codes were made")
    return recovery


async def _proved(sv: Services, user: User, password: str) -> str:
    """That whoever sits there knows the password; an open session may be somebody else's by now. The hash that it was
    held against: hashing takes long enough for somebody else to set another one.

    Counted with the attempts to sign in, so that a page behind a session is no way around that limit.
    """
    key = f"signin:{keyed(sv.keys.derive('limits'), f'account:{user.email}')}"
    await _try(sv, key)
    async with sv.platform.read() as tx:
        account = await people.by_id(tx, user.id)
    checked = await passwords.check(account.password_hash if account else None, password)
    if account is None or not account.password_hash or not checked.ok:
        raise Refused(WRONG)
    async with sv.platform.tx() as tx:
        await limits.clear(tx, key)
    return account.password_hash


async def _try(sv: Services, key: str) -> None:
    """Raises Deferred."""
    async with sv.platform.tx() as tx:
        until = await limits.take(tx, key, QUARTER / TRIES, TRIES)
    if until:
        raise Deferred("Too many attempts.", until=until)


def _code_key(sv: Services, user: UserId) -> str:
    """As sign-in counts them."""
    return f"signin:{keyed(sv.keys.derive('limits'), f'code:{user}')}"


async def _proved_code(sv: Services, tx: Tx, account: Account, code: str) -> None:
    """Uses the code up. Raises Refused, Conflict (there is no second factor)."""
    assert sv.vault is not None
    if not account.totp:
        raise Conflict("There is no second factor.")
    try:
        step = codes.step_of(sv.vault.open(account.totp, f"totp:{account.id}"), code, sv.clock.now())
    except Misconfigured:
        step = None  # its key is gone: a recovery code does
    if step is not None:
        taken = await people.take_step(tx, account.id, step)
    else:
        taken = await people.take_recovery(tx, account.id, codes.recovery_hash(code)) is not None
    if not taken:
        raise Refused(WRONG_CODE)
    await limits.clear(tx, _code_key(sv, account.id))


def _shown(sv: Services, user: User, sealed: str) -> str:
    """Raises Refused."""
    assert sv.vault is not None
    try:
        return sv.vault.open(sealed, f"totp-new:{user.id}")
    except Misconfigured as error:
        raise Refused("Begin again: this page is not yours, or too old.") from error


async def _account(tx: Tx, user: UserId) -> Account:
    account = await people.by_id(tx, user)
    if account is None or account.disabled_at is not None:
        raise NotFound
    return account


async def _alone(tx: Tx, user: UserId, agent: str) -> str:
    """A new session, and no other; no link that was under way to set a password either."""
    await sessions.end_all(tx, user)
    await sessions.void_all(tx, user)
    token = new_token()
    await sessions.add(tx, token_hash(token), user, csrf=new_token(), agent=agent)
    return token


async def _warn(sv: Services, tx: Tx, account: Account, what: str) -> None:
    """Whoever has the mail learns what was done, should it not have been them."""
    said = [f"{what} for your account on the Content Intelligence Desk."]
    after = ["If it was not you, set a new password at once and ask whoever runs this desk to look."]
    await post.plan(sv, tx, account, MailKind.NOTICE, subject=what, lines=said, after=after)
