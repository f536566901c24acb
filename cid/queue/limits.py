"""How often something may happen, counted for all processes together by the database's clock (GCRA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.pg.sql import query

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cid.ports import Tx

TAKE = query("limits.take")
FORGET = query("limits.forget")


async def take(tx: Tx, key: str, per: timedelta, burst: int) -> datetime | None:
    """One event under `key`, which may happen once in every `per`, `burst` at once: None is yes, else not before then.

    The key's row is locked until the transaction ends: take in a short one of its own. Rolled back is not taken.
    """
    row = await tx.fetchrow(TAKE, key, per, burst)
    assert row
    if row["granted"]:
        return None
    at: datetime = row["at"]
    return at


async def forget(tx: Tx) -> None:
    await tx.execute(FORGET)
