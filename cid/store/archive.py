"""What a tenant's earlier posts are known by, for drafts to be held against."""

from __future__ import annotations

from cid.domain.archive import Archive, Post, Trace
from cid.domain.ids import DraftId, TenantId, VersionId
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("archive.add")
LATEST = query("archive.latest")
MOST = 200
"""Posts: about a year of a tenant's that publishes every working day."""


async def add(tx: Tx, draft: DraftId, version: VersionId, trace: Trace) -> None:
    """Does nothing when the version has its trace."""
    known = (trace.title, list(trace.headings), list(trace.sentences))
    await tx.execute(ADD, tx.tenant, version, draft, *known)


async def before(tx: Tx, tenant: TenantId, draft: DraftId) -> Archive:
    """The latest approved posts but `draft` itself, whatever became of their publication, the newest first."""
    rows = await tx.fetch(LATEST, tenant, draft, MOST)
    return Archive(
        posts=tuple(
            Post(
                draft_id=DraftId(row["draft_id"]),
                title=row["title"],
                headings=tuple(row["headings"]),
                sentences=tuple(row["sentences"]),
                of_story=row["of_story"],
            )
            for row in rows
        )
    )
