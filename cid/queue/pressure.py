"""High-water marks: a producer asks before it adds to a kind that already has more than it can chew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.pg.sql import query

if TYPE_CHECKING:
    from cid.domain.jobs import JobKind
    from cid.ports import Tx

HIGH = query("pressure.high")


async def pressure(tx: Tx, kind: JobKind) -> bool:
    """Whether as many ready jobs of `kind` wait as its mark allows: the producer should snooze. No mark: never.

    In a tenant's transaction only that tenant's jobs count.
    """
    return bool(await tx.fetchval(HIGH, kind))
