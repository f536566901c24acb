"""All that is kept of how one draft came to be published, read for its approval record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cid.domain.ids import DraftId, TenantId
from cid.pg.sql import query
from cid.ports import Row, Tx

DECISIONS = query("records.decisions")
VERSIONS = query("records.versions")
REVIEWS = query("records.reviews")
CALLS = query("records.calls")
PUBLICATIONS = query("records.publications")
SHAPES: dict[str, type] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Rows as plain values, each kind in the order in which it happened."""

    decisions: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    publications: list[dict[str, Any]]


async def of_draft(tx: Tx, tenant: TenantId, draft: DraftId) -> Kept:
    versions = _plain(await tx.fetch(VERSIONS, tenant, draft))
    reviews = _plain(await tx.fetch(REVIEWS, tenant, draft))
    calls = {row["call_id"] for row in (*versions, *reviews) if row["call_id"]}
    return Kept(
        decisions=_plain(await tx.fetch(DECISIONS, tenant, draft)),
        versions=versions,
        reviews=reviews,
        calls=await _calls(tx, tenant, calls),
        publications=_plain(await tx.fetch(PUBLICATIONS, tenant, draft)),
    )


async def _calls(tx: Tx, tenant: TenantId, ids: Collection[UUID]) -> list[dict[str, Any]]:
    return _plain(await tx.fetch(CALLS, tenant, list(ids))) if ids else []


def _plain(rows: Collection[Row]) -> list[dict[str, Any]]:
    return [dict(row.items()) for row in rows]
