"""One draft on one channel. Every move is a compare-and-set; False means somebody else moved it first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cid.domain.ids import ChannelId, DecisionId, DraftId, PublicationId, TenantId, UserId, VersionId
from cid.domain.jobs import Job
from cid.domain.publication import PUBLICATION, Channel, ChannelKind, Fate, Note, PublicationState, fate
from cid.domain.review import DecisionKind
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

PLAN = query("publications.plan")
OF_DRAFT = query("publications.of_draft")
WITHDRAW = query("publications.withdraw")
LOCK = query("publications.lock")
CHANNEL = query("publications.channel")
PICTURE = query("publications.picture")
TAKE = query("publications.take")
SEND = query("publications.send")
CHANGE = query("publications.change")
OURS = query("publications.ours")
MOVE = query("publications.move")
BECOME = query("publications.become")
ANEW = query("publications.anew")
RETRACT = query("publications.retract")
STAND_IN = query("publications.stand_in")
TURN = query("publications.turn")
ORIGINAL_AFTER_ALL = query("publications.original_after_all")
NOTE = query("publications.note")
PLANNED = query("publications.planned")
SENT = query("publications.sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A publication as its draft's page shows it."""

    id: PublicationId
    channel_id: ChannelId
    channel: str
    kind: ChannelKind
    canonical: bool
    decision_id: DecisionId
    version_id: VersionId
    next_decision_id: DecisionId | None
    """On the version that is to replace what is out."""
    next_version_id: VersionId | None
    state: PublicationState
    url: str
    external_id: str
    error: str
    notes: Sequence[Mapping[str, str]]
    """What the channel did not keep: `domain.publication.Note`s."""
    retraction: str
    """Why a person wants it gone."""
    unwanted: bool
    """It was to be taken back, and that was refused."""
    stands_in: bool
    """It goes out as the original: the canonical channel failed."""
    due_at: datetime
    """Nothing is sent before."""
    planned_at: datetime
    sent_at: datetime | None
    live_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A publication as its sender sees it. Decision, hash and payloads are of the version that is wanted there."""

    id: PublicationId
    draft_id: DraftId
    decision_id: DecisionId
    channel_id: ChannelId
    sha256: bytes
    decided: bytes
    """The hash that the decision names."""
    decided_kind: DecisionKind
    state: PublicationState
    payloads: str
    external_id: str
    url: str
    pending: bool
    """It is out, and a newer version is approved."""
    retraction: str
    """Why a person wants, or wanted, it gone."""
    unwanted: bool
    """It was to be taken back, and that was refused."""
    stands_in: bool
    """It goes out as the original: the canonical channel failed."""
    not_before: timedelta
    """How long until it is due; negative: it is."""
    since_sent: timedelta | None
    held: bool
    """Another hand-out that is still alive has it."""
    waits: bool
    """The canonical channel goes first and is not live yet."""
    canonical_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """What is, or may be, at a channel."""

    id: PublicationId
    channel_id: ChannelId
    state: PublicationState
    url: str
    external_id: str
    payloads: str
    decision_id: DecisionId
    canonical_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """Of a picture."""

    body: bytes
    mime: str


SHAPES = {OF_DRAFT: Posted, LOCK: Work, CHANNEL: Channel, SENT: Out, PICTURE: Bytes}


async def plan(
    tx: Tx,
    publication: PublicationId,
    *,
    draft: DraftId,
    channel: ChannelId,
    decision: DecisionId,
    version: VersionId,
    sha256: bytes,
    due: datetime,
) -> PublicationId | None:
    """`publication` is the id of a new row. Where the draft is out at the channel, or failed there, its row is answered
    and is to become this version. None: there it is on its way.
    Nothing of it is sent before `due`."""
    found: UUID | None = await tx.fetchval(PLAN, tx.tenant, publication, draft, channel, decision, version, sha256, due)
    return None if found is None else PublicationId(found)


async def of_draft(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Posted]:
    return each(Posted, await tx.fetch(OF_DRAFT, tenant, draft))


def fate_of(posted: Iterable[Posted]) -> Fate | None:
    """What became of a draft. What an undo took back before it was sent is no part of it, nor what was taken back where
    it was published anew."""
    every = list(posted)
    there = {post.channel_id for post in every if post.state is not PublicationState.RETRACTED}
    return fate(
        post.state
        for post in every
        if post.state is not PublicationState.RETRACTED or (post.sent_at and post.channel_id not in there)
    )


async def withdraw(tx: Tx, tenant: TenantId, draft: DraftId) -> list[PublicationId]:
    """Retract what is still planned, and let go what was to replace what is out."""
    return [row["id"] for row in await tx.fetch(WITHDRAW, tenant, draft)]


async def lock(tx: Tx, tenant: TenantId, publication: PublicationId, job: Job | None = None) -> Work | None:
    """`job` is the hand-out that asks; it does not count as another holder."""
    mine = (job.id, job.lease) if job else (None, None)
    row = await tx.fetchrow(LOCK, tenant, publication, *mine)
    return into(Work, row) if row else None


async def channel(tx: Tx, tenant: TenantId, channel: ChannelId) -> Channel | None:
    row = await tx.fetchrow(CHANNEL, tenant, channel)
    return into(Channel, row) if row else None


async def picture(tx: Tx, tenant: TenantId, image: UUID, sha256: bytes) -> Bytes | None:
    """None: there is none with exactly these bytes."""
    row = await tx.fetchrow(PICTURE, tenant, image, sha256)
    return into(Bytes, row) if row else None


async def take(tx: Tx, tenant: TenantId, publication: PublicationId, job: Job) -> None:
    await tx.execute(TAKE, tenant, publication, job.id, job.lease)


async def send(tx: Tx, tenant: TenantId, publication: PublicationId, job: Job) -> bool:
    """Planned → sending, by the hand-out that took it."""
    return await tx.fetchval(SEND, tenant, publication, job.id, job.lease) is not None


async def change(tx: Tx, tenant: TenantId, publication: PublicationId, job: Job) -> bool:
    """Live → updating, or once more what is updating or retracting, by the hand-out that took it."""
    return await tx.fetchval(CHANGE, tenant, publication, job.id, job.lease) is not None


async def ours(tx: Tx, tenant: TenantId, publication: PublicationId, job: Job) -> bool:
    """Whether `job` still is the one to send it."""
    return bool(await tx.fetchval(OURS, tenant, publication, job.id, job.lease))


async def move(
    tx: Tx,
    tenant: TenantId,
    publication: PublicationId,
    old: PublicationState,
    new: PublicationState,
    *,
    url: str | None = None,
    external_id: str | None = None,
    error: str | None = None,
    notes: Sequence[Note] | None = None,
) -> bool:
    PUBLICATION.check(old, new)
    kept = None if notes is None else _written(notes)
    return await tx.fetchval(MOVE, tenant, publication, old, new, url, external_id, error, kept) is not None


async def become(
    tx: Tx,
    tenant: TenantId,
    publication: PublicationId,
    decision: DecisionId,
    *,
    url: str,
    external_id: str,
    notes: Sequence[Note],
) -> bool:
    """Updating → live, as the version that `decision` names."""
    row = await tx.fetchval(BECOME, tenant, publication, decision, url, external_id, _written(notes))
    return row is not None


async def anew(tx: Tx, tenant: TenantId, publication: PublicationId) -> bool:
    """Failed → planned, with the version that was approved last."""
    PUBLICATION.check(PublicationState.FAILED, PublicationState.PLANNED)
    return await tx.fetchval(ANEW, tenant, publication) is not None


async def retract(
    tx: Tx, tenant: TenantId, publication: PublicationId, old: PublicationState, reason: str
) -> PublicationState | None:
    """What it is now. None: somebody moved it first."""
    state = await tx.fetchval(RETRACT, tenant, publication, old, reason)
    return None if state is None else PublicationState(state)


async def stand_in(tx: Tx, tenant: TenantId, publication: PublicationId, user: UserId, why: str) -> bool:
    """Make it the original. False: it does not wait, nothing failed, or another stands in already."""
    return await tx.fetchval(STAND_IN, tenant, publication, user, why) is not None


async def turn(tx: Tx, tenant: TenantId, publication: PublicationId) -> None:
    """Before `lock` of what is to stand in: whoever asks next about the same draft waits until the transaction ends."""
    await tx.execute(TURN, tenant, publication)


async def original_after_all(tx: Tx, tenant: TenantId, publication: PublicationId, draft: DraftId) -> None:
    """The canonical channel's `publication` is the original: nothing stands in that is not out."""
    await turn(tx, tenant, publication)
    await tx.execute(ORIGINAL_AFTER_ALL, tenant, draft)


async def note(tx: Tx, tenant: TenantId, publication: PublicationId, error: str) -> None:
    """What went wrong, where the state says already that it is not known what happened."""
    await tx.execute(NOTE, tenant, publication, error)


async def planned(tx: Tx, tenant: TenantId, decision: DecisionId) -> list[PublicationId]:
    return [row["id"] for row in await tx.fetch(PLANNED, tenant, decision)]


async def sent(tx: Tx, tenant: TenantId, kind: ChannelKind) -> list[Out]:
    return each(Out, await tx.fetch(SENT, tenant, kind))


def _written(notes: Iterable[Note]) -> list[dict[str, str]]:
    return [asdict(note) for note in notes]
