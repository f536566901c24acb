"""What people of a tenant said of matches, with the sentences that they said it of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cid.domain.ids import TenantId
from cid.domain.narratives import MatchVerdict, Span
from cid.domain.shape import built
from cid.pg.sql import query
from cid.ports import Tx

MOST = 20_000
"""Matches; the newest count."""
DECIDED = query("decided.decided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    narrative: str
    title: str
    text: str
    spans: tuple[Span, ...]
    """In letters of the title, a line feed and the text."""
    verdict: MatchVerdict


async def decided(tx: Tx, tenant: TenantId) -> list[Decided]:
    return [_one(row) for row in await tx.fetch(DECIDED, tenant, MOST)]


def _one(row: Any) -> Decided:
    return Decided(
        narrative=row["narrative"],
        title=row["title"],
        text=row["text"],
        spans=tuple(built(Span, one) for one in row["spans"]),
        verdict=MatchVerdict(row["verdict"]),
    )
