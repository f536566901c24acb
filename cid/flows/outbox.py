"""What a person does about mail: send one again, say that one came back, try the way out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import PLATFORM, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import Mail, MailKind, MailState
from cid.domain.tenants import Permission
from cid.queue import jobs as queue
from cid.render import letters
from cid.store import audit, mails
from cid.text.names import email_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.domain.ids import TenantId, UserId
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services

_S = MailState
AGAIN_FOR = timedelta(days=1)
"""What a person sends again is given up after so long."""
MENDABLE = frozenset({_S.UNKNOWN, _S.REFUSED, _S.BOUNCED})
CAME = frozenset({_S.SENT, _S.UNKNOWN})
LATELY = 20


async def again(sv: Services, actor: Actor, mail: UUID) -> None:
    """Raises NotFound (also for another tenant's), Refused or Conflict."""
    if not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may not send mail again.")
    await send_again(sv, mail, tenant=actor.tenant.id, user=actor.user.id)


async def send_again(sv: Services, mail: UUID, *, tenant: TenantId | None, user: UserId | None) -> None:
    """`tenant`: whose it has to be; None for whoever runs the desk. Raises NotFound, Refused or Conflict."""
    now = sv.clock.now()
    async with sv.platform.tx() as tx:
        found = await mails.by_id(tx, mail)
        if found is None or (tenant is not None and found.tenant_id != tenant):
            raise NotFound("There is no such mail.")
        if found.state not in MENDABLE:
            raise Refused(f"This mail is {found.state}: there is nothing to send again.")
        if not await mails.again(tx, mail, found.state, until=now + AGAIN_FOR):
            raise Conflict("It was sent again already, or its text is kept no longer.")
        await audit.add(tx, now, user, "mail.again", target=str(mail), detail={"was": str(found.state)})
        await _enqueue(tx, mail, found.tenant_id)


async def bounced(sv: Services, *, address: str = "", message_id: str = "") -> list[Mail]:
    """Mail came back: the one that is named, or the newest to an address; answers what is marked now. Raises
    NotFound."""
    async with sv.platform.tx() as tx:
        found = await _named(tx, address, message_id)
        moved = [one for one in found if await mails.move(tx, one.id, one.state, _S.BOUNCED, error="It came back.")]
        if not moved:
            raise NotFound("No mail of ours went there, or it is known to have come back.")
        for one in moved:
            await audit.add(tx, sv.clock.now(), None, "mail.bounced", target=str(one.id))
    return moved


async def _named(tx: Tx, address: str, message_id: str) -> Sequence[Mail]:
    if message_id:
        local = message_id.strip().strip("<>").partition("@")[0]
        try:
            one = await mails.by_id(tx, UUID(local))
        except ValueError:
            one = None
        return [one] if one and one.state in CAME else []
    newest = await mails.listed(tx, address=email_of(address) or address, limit=LATELY)
    return [one for one in newest if one.state in CAME][:1]


async def tried(sv: Services, address: str) -> UUID:
    """Plan a letter for trying. Answers the mail. Raises Refused."""
    to = email_of(address)
    if to is None:
        raise Refused(f"{address[:80]!r} is not an e-mail address.")
    now = sv.clock.now()
    mail = uuid7(now)
    letter = letters.letter(
        to=to,
        subject="A letter for trying",
        paragraphs=["Mail from this desk arrives.", f"It was sent by {sv.base_url}."],
        after=["Somebody who runs the desk tried its mail. There is nothing to do."],
    )
    assert sv.vault is not None
    async with sv.platform.tx() as tx:
        await mails.add(
            tx,
            mail,
            tenant=None,
            kind=MailKind.NOTICE,
            key=f"test {uuid4()}",
            user=None,
            address=to,
            subject=letter.subject,
            sealed=sv.vault.seal(letters.packed(letter), f"mail:{mail}"),
            until=now + timedelta(hours=1),
        )
        await _enqueue(tx, mail, None)
    return mail


async def _enqueue(tx: Tx, mail: UUID, tenant: TenantId | None) -> None:
    await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=tenant or PLATFORM, payload={"mail": str(mail)}))
