"""Mail that is planned, and what became of it. Every move is a compare-and-set; False means somebody else was first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import RunId, TenantId, UserId
from cid.domain.jobs import Job
from cid.domain.mail import MAIL, Mail, MailKind, MailState
from cid.domain.run import Tlp
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("mails.add")
LOCK = query("mails.lock")
SEND = query("mails.send")
OURS = query("mails.ours")
SETTLE = query("mails.settle")
MOVE = query("mails.move")
AGAIN = query("mails.again")
BY_ID = query("mails.by_id")
TEXT = query("mails.text")
OF_TENANT = query("mails.of_tenant")
LISTED = query("mails.listed")
MARKED = query("mails.marked")
SINCE = query("mails.since")
COUNTS = query("mails.counts")
SERVICE = query("mails.service")
SET_SERVICE = query("mails.set_service")
MEND_SERVICE = query("mails.mend_service")
MARK_AFTER = 3
"""An address whose newest so many mails were all refused or came back gets nothing that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A mail as its sender sees it."""

    id: UUID
    tenant_id: TenantId | None
    kind: MailKind
    address: str
    subject: str
    message: str | None
    """Sealed."""
    state: MailState
    attempts: int
    error: str
    late: bool
    """Nobody wants it any more."""
    held: bool
    """Another hand-out that is still alive has it."""
    gone: bool
    """Nobody is there any more who was to read it."""
    barred: str
    """stricter: a run that it tells of is marked more strictly now than the letter says. missing: such a run is no
    more. Empty: neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    planned: int
    unknown: int
    refused: int
    """Refused, or came back."""
    oldest: datetime | None
    """Of those that wait, when it was planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Why no mail goes out; empty: nothing is wrong."""

    broken: str
    since: datetime


SHAPES = {LOCK: Work, BY_ID: Mail, OF_TENANT: Mail, LISTED: Mail, COUNTS: Counts, SERVICE: Service}


async def add(
    tx: Tx,
    mail_id: UUID,
    *,
    tenant: TenantId | None,
    kind: MailKind,
    key: str,
    user: UserId | None,
    address: str,
    subject: str,
    sealed: str,
    until: datetime | None = None,
    tells: Mapping[RunId, Tlp] | None = None,
) -> bool:
    """Plan a mail; whoever does enqueues `NewJob(kind=JobKind.MAIL, tenant=…, payload={"mail": str(mail_id)})` in the
    same transaction. False: it is there already, under this tenant, kind, address and key.

    `sealed` is the letter as `render.letters.packed` makes it, sealed for `mail:ID`. After `until` it is not sent any
    more. `tells`: runs of which it says more than that they are there, and how the letter marks them; once one of them
    is marked more strictly it is not sent. With no tenant, in a platform transaction only.
    """
    marked = {str(run): str(tlp) for run, tlp in (tells or {}).items()}
    added = await tx.fetchval(ADD, mail_id, tenant, kind, key, user, address, subject, sealed, until, marked)
    return added is not None


async def lock(tx: Tx, mail: UUID, job: Job) -> Work | None:
    """In a platform transaction. `job` is the hand-out that asks; it does not count as another holder."""
    row = await tx.fetchrow(LOCK, mail, job.id, job.lease)
    return into(Work, row) if row else None


async def send(tx: Tx, mail: UUID, job: Job) -> bool:
    """Planned → sending, in the hand of `job`."""
    return await tx.fetchval(SEND, mail, job.id, job.lease) is not None


async def ours(tx: Tx, mail: UUID, job: Job) -> bool:
    """Whether `job` still is the one to send it."""
    return bool(await tx.fetchval(OURS, mail, job.id, job.lease))


async def settle(tx: Tx, mail: UUID, job: Job, new: MailState, *, error: str = "", given_up: bool = False) -> bool:
    """What became of the sending that `job` began. `given_up`: nobody was asked to take it."""
    MAIL.check(MailState.SENDING, new)
    return await tx.fetchval(SETTLE, mail, job.id, job.lease, new, error, given_up) is not None


async def move(tx: Tx, mail: UUID, old: MailState, new: MailState, *, error: str = "") -> bool:
    MAIL.check(old, new)
    return await tx.fetchval(MOVE, mail, old, new, error) is not None


async def again(tx: Tx, mail: UUID, old: MailState, *, until: datetime) -> bool:
    """Plan it anew. False: somebody moved it, or its text was let go."""
    MAIL.check(old, MailState.PLANNED)
    return await tx.fetchval(AGAIN, mail, old, until) is not None


async def by_id(tx: Tx, mail: UUID) -> Mail | None:
    row = await tx.fetchrow(BY_ID, mail)
    return into(Mail, row) if row else None


async def text(tx: Tx, mail: UUID) -> str | None:
    """What it says, sealed; None once that was let go."""
    found: str | None = await tx.fetchval(TEXT, mail)
    return found


async def of_tenant(
    tx: Tx, tenant: TenantId, *, before: UUID | None = None, state: MailState | None = None, limit: int = 50
) -> list[Mail]:
    """The newest first."""
    return each(Mail, await tx.fetch(OF_TENANT, tenant, before, state, limit))


async def listed(tx: Tx, *, address: str | None = None, state: MailState | None = None, limit: int = 50) -> list[Mail]:
    """Of every tenant and of none, the newest first. In a platform transaction."""
    return each(Mail, await tx.fetch(LISTED, address, state, limit))


async def marked(tx: Tx, address: str) -> bool:
    """Whether its newest mails were all refused or came back. In a platform transaction: of everybody's."""
    return bool(await tx.fetchval(MARKED, address, MARK_AFTER))


async def since(tx: Tx, tenant: TenantId, user: UserId, kind: MailKind, then: datetime) -> int:
    return int(await tx.fetchval(SINCE, tenant, user, kind, then))


async def counts(tx: Tx, tenant: TenantId, then: datetime) -> Counts:
    row = await tx.fetchrow(COUNTS, tenant, then)
    assert row is not None
    return into(Counts, row)


async def service(tx: Tx) -> Service | None:
    """In a platform transaction. None: nothing was ever wrong."""
    row = await tx.fetchrow(SERVICE)
    return into(Service, row) if row else None


async def set_service(tx: Tx, broken: str) -> None:
    """In a platform transaction."""
    await tx.execute(SET_SERVICE, broken)


async def mend_service(tx: Tx) -> None:
    """In a platform transaction: it is well again, if it was broken."""
    await tx.execute(MEND_SERVICE)
