"""What is on or off for everybody, and counts from the next moment on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import UserId
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

AUTO_REVISION = query("switches.auto_revision")
LAST = query("switches.last")
SET_AUTO_REVISION = query("switches.set_auto_revision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    who: str | None
    changed_at: datetime


SHAPES = {LAST: Switched}


async def auto_revision(tx: Tx) -> bool:
    """Whether the machine may revise drafts by itself."""
    return bool(await tx.fetchval(AUTO_REVISION))


async def last(tx: Tx) -> Switched | None:
    """In a platform transaction. None: nobody ever touched it."""
    row = await tx.fetchrow(LAST)
    return into(Switched, row) if row else None


async def set_auto_revision(tx: Tx, *, on: bool, user: UserId | None) -> None:
    """In a platform transaction."""
    await tx.execute(SET_AUTO_REVISION, on, user)
