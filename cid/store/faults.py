"""Why questions of the tracker desk came to nothing: written once, never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from cid.domain.ids import ScreeningId, TenantId, UserId
from cid.domain.tracker import Fault
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("faults.add")
OF_SCREENINGS = query("faults.of_screenings")
LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came of a story's questions since a person last had it tried anew."""

    screening_id: ScreeningId
    failed: int
    """By faults of its own."""
    ever: int
    """The same, since it was first asked about."""
    outages: int
    """By the other side's."""
    timeouts: int
    others: bool
    """Others of the tenant's stories were answered since the first of these."""
    problem: str
    """The last fault of its own, in our words."""


SHAPES = {OF_SCREENINGS: Past}


async def add(
    tx: Tx,
    id_: UUID,
    screening: ScreeningId,
    kind: Fault,
    error: str = "",
    *,
    alone: bool = False,
    final: bool = False,
    user: UserId | None = None,
) -> None:
    await tx.execute(ADD, tx.tenant, id_, screening, kind, error[:LONGEST].replace("\0", ""), alone, final, user)


async def of_screenings(tx: Tx, tenant: TenantId, screenings: Collection[ScreeningId]) -> dict[ScreeningId, Past]:
    found = each(Past, await tx.fetch(OF_SCREENINGS, tenant, list(screenings)))
    return {past.screening_id: past for past in found}
