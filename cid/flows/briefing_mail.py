"""A briefing as PDF in the mail of some members: one presses a button, and each who was chosen gets it once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.errors import Misconfigured, NotFound, Refused
from cid.domain.export import MIMES, Format
from cid.domain.ids import RunId, UserId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import ATTACHED, Attachment, MailKind
from cid.domain.run import Tlp
from cid.domain.tenants import Permission
from cid.outside.briefing_pdf import pdf
from cid.queue import jobs as queue
from cid.render import letters
from cid.render.briefing_words import file_name
from cid.render.letters import Button
from cid.store import audit, mails, people, runs

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.mail import Letter
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.people import Reachable

MOST = 50
"""People at once: each gets a copy of their own, which is kept until it was sent."""
HOUR = timedelta(hours=1)
AN_HOUR = 20
"""Briefings that one person is mailed by one tenant in an hour, at most."""
WANTED_FOR = timedelta(days=1)
NOBODY = "Nobody was chosen: tick whoever is to get it."
NO_MEMBER = "A briefing is mailed to members of this tenant only: somebody who was chosen is none, or is none any more."
RED = "TLP:RED is for those who were told in person: it is not mailed."


async def send(sv: Services, actor: Actor, run_id: RunId, to: Collection[UserId], nonce: UUID) -> int:
    """How many mails were planned. `nonce` is of the form: the same form sent twice plans nothing more.

    Raises Refused with a sentence (Missing where PDF was not installed), NotFound, Upstream where the PDF could not be
    made in time.
    """
    if not actor.may(Permission.ANALYSE):
        raise Refused(f"As {actor.role} you may read briefings, not mail any.")
    if sv.vault is None:
        raise Misconfigured("Mail is kept sealed, and there is no key: set CID_SECRET_KEY.")
    tenant = actor.tenant
    async with sv.db.read(tenant.id) as tx:
        dossier = await runs.dossier(tx, tenant.id, run_id)
    if dossier is None:
        raise NotFound("There is no such run.")
    _sendable(dossier)
    readers = await _readers(sv, actor, to)
    body = await pdf(sv.outside.children, dossier, tenant.name)
    if len(body) > ATTACHED:
        raise Refused(f"The PDF has {len(body)} bytes, and {ATTACHED} can be mailed: export it instead.")
    attached = Attachment(name=file_name(dossier, Format.PDF), mime=MIMES[Format.PDF], body=body)
    key, planned = f"{run_id}:{nonce}", 0
    async with sv.db.tx(tenant.id) as tx:
        now_is = await runs.by_id(tx, tenant.id, run_id)
        if now_is is None or now_is.tlp is not dossier.run.tlp:
            raise Refused("Its marking was changed just now: look at it again.")
        for reader in readers:
            letter = _letter(sv, actor, dossier, reader, attached)
            planned += await _planned(sv, tx, reader, letter, key=key, tells={run_id: dossier.run.tlp})
        if planned:
            detail = {"tlp": str(dossier.run.tlp), "to": [str(one.id) for one in readers]}
            await audit.add(tx, sv.clock.now(), actor.user.id, "run.mailed", target=str(run_id), detail=detail)
    return planned


def _sendable(dossier: Dossier) -> None:
    """Raises Refused."""
    if dossier.briefing is None or not dossier.run.over:
        raise Refused("There is no briefing to be mailed: the run has none, or is not over.")
    if dossier.run.tlp is Tlp.RED:
        raise Refused(RED)


async def _readers(sv: Services, actor: Actor, to: Collection[UserId]) -> list[Reachable]:
    """All of them, or Refused: whoever presses is told rather than left to guess who was left out."""
    wanted = set(to)
    if not wanted:
        raise Refused(NOBODY)
    if len(wanted) > MOST:
        raise Refused(f"At most {MOST} people at once.")
    async with sv.platform.read() as tx:
        found = await people.reachable(tx, actor.tenant.id, only=sorted(wanted), limit=MOST)
    if {one.id for one in found} != wanted:
        raise Refused(NO_MEMBER)
    return found


def _letter(sv: Services, actor: Actor, dossier: Dossier, reader: Reachable, attached: Attachment) -> Letter:
    run, tenant = dossier.run, actor.tenant
    label = f"TLP:{run.tlp.upper()}"
    sample = ["The outlet and all that it wrote are made up: this is a sample."] if run.sample else []
    return letters.letter(
        to=reader.email,
        subject=f"[{label}] Briefing: {run.outlet} – {tenant.name}",
        paragraphs=[
            f"{actor.user.name or actor.user.email} sends you the briefing about {run.outlet}. It is attached as PDF.",
            f"It is marked {label}: what that allows is said on its first page.",
            *sample,
        ],
        button=Button(label="Open it on the desk", url=f"{sv.base_url}/t/{tenant.slug}/runs/{run.id}"),
        after=[f"You get this because you are a member of {tenant.name} and were chosen by name."],
        attachments=(attached,),
    )


async def _planned(
    sv: Services, tx: Tx, reader: Reachable, letter: Letter, *, key: str, tells: Mapping[RunId, Tlp]
) -> bool:
    """False: it was planned before. Raises Refused where they got too many."""
    assert sv.vault is not None
    now = sv.clock.now()
    mail = uuid7(now)
    added = await mails.add(
        tx,
        mail,
        tenant=tx.tenant,
        kind=MailKind.BRIEFING,
        key=key,
        user=reader.id,
        address=reader.email,
        subject=letter.subject,
        sealed=await asyncio.to_thread(lambda: _sealed(sv, letter, mail)),
        until=now + WANTED_FOR,
        tells=tells,
    )
    if not added:
        return False
    if await mails.since(tx, tx.tenant, reader.id, MailKind.BRIEFING, now - HOUR) > AN_HOUR:
        raise Refused(f"{reader.name} got {AN_HOUR} briefings within the hour: nothing was sent.")
    await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=tx.tenant, payload={"mail": str(mail)}))
    return True


def _sealed(sv: Services, letter: Letter, mail: UUID) -> str:
    assert sv.vault is not None
    return sv.vault.seal(letters.packed(letter), f"mail:{mail}")
