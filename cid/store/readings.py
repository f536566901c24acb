"""How people came to know a version, and what they typed over it without saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import DraftId, TenantId, UserId, VersionId
from cid.domain.llm import Json
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

LOOK = query("readings.look")
COMPARE = query("readings.compare")
KEEP = query("readings.keep")
FORGET = query("readings.forget")
OF_VERSION = query("readings.of_version")
KEPT = query("readings.kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    first_at: datetime
    compared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    version_id: VersionId
    """What it was typed over; it may have been replaced since."""
    number: int
    typed: Mapping[str, Json]
    typed_at: datetime


SHAPES = {OF_VERSION: Reading, KEPT: Kept}


async def look(tx: Tx, user: UserId, version: VersionId) -> None:
    await tx.execute(LOOK, tx.tenant, user, version)


async def compare(tx: Tx, user: UserId, version: VersionId) -> None:
    await tx.execute(COMPARE, tx.tenant, user, version)


async def keep(tx: Tx, user: UserId, version: VersionId, typed: Mapping[str, Json]) -> None:
    await tx.execute(KEEP, tx.tenant, user, version, dict(typed))


async def forget(tx: Tx, user: UserId, draft: DraftId) -> None:
    await tx.execute(FORGET, tx.tenant, user, draft)


async def of_version(tx: Tx, tenant: TenantId, user: UserId, version: VersionId) -> Reading | None:
    row = await tx.fetchrow(OF_VERSION, tenant, user, version)
    return into(Reading, row) if row else None


async def kept(tx: Tx, tenant: TenantId, user: UserId, draft: DraftId) -> Kept | None:
    row = await tx.fetchrow(KEPT, tenant, user, draft)
    return into(Kept, row) if row else None
