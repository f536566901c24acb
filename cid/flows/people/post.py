"""Letters to people about their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.ids import PLATFORM, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.queue import jobs as queue
from cid.render import letters
from cid.store import mails

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from cid.domain.mail import Letter, MailKind
    from cid.ports import Tx
    from cid.render.letters import Button
    from cid.services import Services
    from cid.store.people import Account


async def plan(
    sv: Services,
    tx: Tx,
    to: Account,
    kind: MailKind,
    *,
    subject: str,
    lines: Sequence[str],
    button: Button | None = None,
    after: Sequence[str] = (),
    life: timedelta | None = None,
) -> None:
    """Sent once `tx` has committed; after `life` not any more. It is the platform's: a tenant that rests stops none."""
    now = sv.clock.now()
    mail = uuid7(now)
    letter = letters.letter(to=to.email, subject=subject, paragraphs=lines, button=button, after=after)
    await mails.add(
        tx,
        mail,
        tenant=None,
        kind=kind,
        key=str(mail),
        user=to.id,
        address=to.email,
        subject=letter.subject,
        sealed=sealed(sv, mail, letter),
        until=now + life if life else None,
    )
    await enqueue(tx, mail)


def sealed(sv: Services, mail: UUID, letter: Letter) -> str:
    assert sv.vault is not None
    return sv.vault.seal(letters.packed(letter), f"mail:{mail}")


async def enqueue(tx: Tx, mail: UUID) -> None:
    await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=PLATFORM, payload={"mail": str(mail)}))
