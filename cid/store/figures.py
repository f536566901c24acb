"""How well gates did by what people decided later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cid.domain.ids import TenantId
from cid.domain.verdicts import Gate
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

GATES = query("figures.gates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Stories of which a person decided."""

    gate: Gate
    right: int
    """Passed, and approved."""
    wrong: int
    """Passed, and rejected."""
    missed: int
    """Dropped, drafted all the same, and approved."""
    spared: int
    """Dropped, drafted all the same, and rejected."""


SHAPES = {GATES: Agreed}


async def gates(tx: Tx, tenant: TenantId, *, within: timedelta, most: int) -> list[Agreed]:
    return each(Agreed, await tx.fetch(GATES, tenant, within, most))
