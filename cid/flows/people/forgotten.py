"""A password that was forgotten: a link by mail, and the page it leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Deferred, NotFound
from cid.domain.ids import uuid7
from cid.domain.mail import MailKind
from cid.flows.people import post
from cid.outside import passwords
from cid.queue import limits
from cid.render import letters
from cid.render.letters import Button
from cid.store import audit, people, sessions
from cid.store.sessions import Purpose
from cid.text.networks import customer_of
from cid.text.tokens import keyed, new_token, token_hash

if TYPE_CHECKING:
    from cid.services import Services

LIFE = timedelta(hours=1)
HOUR = timedelta(hours=1)
PER_ACCOUNT, PER_ADDRESS = 3, 10
"""An hour."""
SPENT = "This link was used already, has expired, or never was one. Ask for another."


async def ask(sv: Services, *, email: str, address: str) -> None:
    """Mail a link to whom the address belongs to; nothing tells whether it is anybody's, not even the time it takes.

    The same statements run either way: they add rows for somebody and none for nobody, and the job of nobody's mail
    finds none. An account that was asked for too often gets nothing more for now, and this is not told either. Raises
    Deferred: this network asks too often.
    """
    email = email.strip().lower()[:254]
    key, now = sv.keys.derive("limits"), sv.clock.now()
    async with sv.platform.tx() as tx:
        wait = await limits.take(tx, f"forgot:{keyed(key, customer_of(address))}", HOUR / PER_ADDRESS, PER_ADDRESS)
    if wait:
        raise Deferred("Too many requests for a new password.", until=wait)
    async with sv.platform.tx() as tx:
        enough = await limits.take(tx, f"forgot:{keyed(key, email)}", HOUR / PER_ACCOUNT, PER_ACCOUNT)
    if enough:
        return
    token, mail = new_token(), uuid7(now)
    letter = letters.letter(
        to=email,
        subject="A new password for the Content Intelligence Desk",
        paragraphs=[
            "Somebody, we think you, asked for a new password. The one you have works until you choose another."
        ],
        button=Button(label="Choose a password", url=f"{sv.base_url}/reset/{token}"),
        after=["The link works once, for an hour. If it was not you, do nothing: nobody but you was sent it."],
    )
    async with sv.platform.tx() as tx:
        await sessions.add_reset(tx, token_hash(token), email, LIFE)
        sealed = post.sealed(sv, mail, letter)
        await sessions.plan_reset(tx, mail, email, subject=letter.subject, sealed=sealed, life=LIFE)
        await post.enqueue(tx, mail)


async def look(sv: Services, token: str) -> str:
    """Whose password the link sets: their address. Looking uses nothing up. Raises NotFound."""
    async with sv.platform.read() as tx:
        link = await sessions.link(tx, token_hash(token), Purpose.RESET)
        account = await people.by_id(tx, link.user_id) if link and link.user_id else None
    if account is None or account.disabled_at is not None:
        raise NotFound(SPENT)
    return account.email


async def set_password(sv: Services, token: str, password: str) -> None:
    """Ends every session and every other link of theirs. Who came by a link signs in with the new password, and with
    the second factor where there is one. Raises NotFound, Refused (too short)."""
    await look(sv, token)
    password_hash = await passwords.hashed(password)
    async with sv.platform.tx() as tx:
        link = await sessions.use_link(tx, token_hash(token), Purpose.RESET)
        account = await people.by_id(tx, link.user_id) if link and link.user_id else None
        if account is None or account.disabled_at is not None:
            raise NotFound(SPENT)
        await people.set_password(tx, account.id, password_hash)
        await sessions.end_all(tx, account.id)
        await sessions.void_all(tx, account.id)
        await limits.clear(tx, f"signin:{keyed(sv.keys.derive('limits'), f'account:{account.email}')}")
        await audit.add(tx, sv.clock.now(), account.id, "user.password_set", detail={"by": "mail"})
        await post.plan(
            sv,
            tx,
            account,
            MailKind.NOTICE,
            subject="Your password was changed",
            lines=["Your password for the Content Intelligence Desk was changed by a link that we had mailed to you."],
            after=[
                "If it was not you, ask whoever runs this desk to switch your account off, and look after your mail."
            ],
        )
