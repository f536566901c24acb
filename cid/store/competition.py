"""What a tenant's competitors wrote of its stories, and what was made of that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cid.domain.angles import Angle, Competition, Taken
from cid.domain.ids import ScreeningId, StoryId, TenantId
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ARTICLES = query("competition.articles")
FOLLOWED = query("competition.followed")
NOTE = query("competition.note")
OF = query("competition.of")

MOST = 50
"""Articles of competitors that are looked at on one story, the earliest: who comes later finds the angles taken."""


SHAPES = {ARTICLES: Taken}


async def articles(tx: Tx, tenant: TenantId, story: StoryId) -> list[Taken]:
    """In a tenant's transaction: row security decides what is visible. Earliest first, at most MOST, each without its
    angle, which `gates.angles` finds."""
    return each(Taken, await tx.fetch(ARTICLES, tenant, story, MOST))


async def followed(tx: Tx, tenant: TenantId) -> int:
    """Sources of competitors that could be read when they were last asked."""
    count: int = await tx.fetchval(FOLLOWED, tenant)
    return count


async def note(tx: Tx, screening: ScreeningId, found: Competition) -> None:
    """Instead of what stood there."""
    taken = [asdict(one) for one in found.taken]
    await tx.execute(NOTE, tx.tenant, screening, found.followed, taken, list(found.avoid), list(found.gaps))


async def of(tx: Tx, tenant: TenantId, screening: ScreeningId) -> Competition:
    """As it was looked at last; nothing at all while it never was."""
    row = await tx.fetchrow(OF, tenant, screening)
    if row is None:
        return Competition()
    return Competition(
        taken=tuple(_taken(one) for one in row["taken"]),
        avoid=tuple(Angle(one) for one in row["avoid"]),
        gaps=tuple(Angle(one) for one in row["gaps"]),
        followed=row["followed"],
    )


def _taken(value: dict[str, Any]) -> Taken:
    angle = value["angle"]
    return Taken(**{**value, "angle": Angle(angle) if angle else None})
