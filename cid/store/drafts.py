"""Drafts, their versions and the machine's reviews."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from cid.domain.draft import DRAFT, Author, Draft, DraftState, Version
from cid.domain.ids import CallId, DraftId, ReviewId, ScreeningId, StoryId, TenantId, UserId, VersionId
from cid.domain.llm import Json
from cid.domain.review import Review, ReviewKind, ReviewOutcome
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("drafts.add")
ADD_VERSION = query("drafts.add_version")
BY_ID = query("drafts.by_id")
LOCK = query("drafts.lock")
NEWEST = query("drafts.newest")
VERSION = query("drafts.version")
MOVE = query("drafts.move")
REPLACE_VERSION = query("drafts.replace_version")
BACK = query("drafts.back")
MACHINES_OWN = query("drafts.machines_own")
ADD_REVIEW = query("drafts.add_review")
REVIEWS = query("drafts.reviews")
EDITED_BY = query("drafts.edited_by")
FIRST_PROVIDER = query("drafts.first_provider")
AUTHOR_NAME = query("drafts.author_name")
SHAPES = {BY_ID: Draft, LOCK: Draft, NEWEST: Draft, VERSION: Version, REVIEWS: Review}


async def add(
    tx: Tx,
    draft: DraftId,
    *,
    screening: ScreeningId,
    story: StoryId,
    version: VersionId,
    sample: bool,
    found_at: datetime,
    ordinal: int = 1,
    update_of: DraftId | None = None,
) -> None:
    """Its first version is added in the same transaction; the reference between the two is checked at commit."""
    await tx.execute(ADD, tx.tenant, draft, screening, story, version, sample, found_at, ordinal, update_of)


async def add_version(
    tx: Tx,
    version: VersionId,
    draft: DraftId,
    *,
    author: Author,
    author_id: UserId | None,
    call: CallId | None,
    provider: str,
    article: str,
    payloads: str,
    renderer: str,
    revises: VersionId | None = None,
) -> int:
    """The version's number. Postgres computes and checks the hash of `payloads`."""
    number = await tx.fetchval(
        ADD_VERSION, tx.tenant, version, draft, author, author_id, call, provider, article, payloads, renderer, revises
    )
    return int(number)


async def by_id(tx: Tx, tenant: TenantId, draft: DraftId) -> Draft | None:
    row = await tx.fetchrow(BY_ID, tenant, draft)
    return into(Draft, row) if row else None


async def lock(tx: Tx, tenant: TenantId, draft: DraftId) -> Draft | None:
    row = await tx.fetchrow(LOCK, tenant, draft)
    return into(Draft, row) if row else None


async def newest(tx: Tx, tenant: TenantId, screening: ScreeningId) -> Draft | None:
    """The last of its drafts."""
    row = await tx.fetchrow(NEWEST, tenant, screening)
    return into(Draft, row) if row else None


async def version(tx: Tx, tenant: TenantId, version: VersionId) -> Version | None:
    row = await tx.fetchrow(VERSION, tenant, version)
    return into(Version, row) if row else None


async def move(tx: Tx, tenant: TenantId, draft: DraftId, old: DraftState, new: DraftState) -> bool:
    DRAFT.check(old, new)
    return await tx.fetchval(MOVE, tenant, draft, old, new) is not None


async def replace_version(tx: Tx, tenant: TenantId, draft: DraftId, old: VersionId, new: VersionId) -> bool:
    """Back to `written` with a new version; False when the draft moved on since `old` was read."""
    return await tx.fetchval(REPLACE_VERSION, tenant, draft, old, new) is not None


async def back(tx: Tx, tenant: TenantId, draft: DraftId, old: VersionId, out: VersionId) -> bool:
    """`old` was rejected, and `out` is what is out: approved, as it was."""
    return await tx.fetchval(BACK, tenant, draft, old, out) is not None


async def add_review(
    tx: Tx,
    review: ReviewId,
    draft: DraftId,
    version: VersionId,
    outcome: ReviewOutcome,
    *,
    score: int | None,
    findings: str,
    call: CallId | None,
    paid: Collection[CallId] = (),
    changes: Sequence[Json] | None = None,
) -> None:
    """`paid`: every call that was made for it. `changes`, where there are any, make it the second round."""
    round_, kind = (1, ReviewKind.REVIEW) if changes is None else (2, ReviewKind.AUTO_FIX)
    listed = None if changes is None else list(changes)
    of = (tx.tenant, review, draft, version, outcome, score, findings, call)
    await tx.execute(ADD_REVIEW, *of, round_, kind, listed, list(paid))


async def reviews(tx: Tx, tenant: TenantId, draft: DraftId) -> list[Review]:
    return each(Review, await tx.fetch(REVIEWS, tenant, draft))


async def machines_own(tx: Tx, tenant: TenantId, draft: DraftId) -> bool:
    """Whether the machine may revise it: once, and never a person's words."""
    return bool(await tx.fetchval(MACHINES_OWN, tenant, draft))


async def edited_by(tx: Tx, tenant: TenantId, draft: DraftId, user: UserId) -> bool:
    """Whether a version of it is theirs."""
    return bool(await tx.fetchval(EDITED_BY, tenant, draft, user))


async def first_provider(tx: Tx, tenant: TenantId, draft: DraftId) -> str:
    """Of version 1; empty where a person wrote it."""
    return str(await tx.fetchval(FIRST_PROVIDER, tenant, draft) or "")


async def author_name(tx: Tx, tenant: TenantId, version: VersionId) -> str:
    """Of a person; empty where the machine wrote it."""
    return str(await tx.fetchval(AUTHOR_NAME, tenant, version) or "")
