"""The platform's audit log of what people did to the queue."""

from __future__ import annotations

from uuid import UUID

from cid.domain.ids import UserId
from cid.pg.sql import query
from cid.ports import Tx

NOTE = query("operations.note")


async def note(tx: Tx, line: UUID, actor: UserId | None, action: str, target: str) -> None:
    await tx.execute(NOTE, line, actor, action, target)
