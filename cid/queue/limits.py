"""How often something may happen, counted for all processes together by the database's clock (GCRA)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from cid.ports import Clock, PlatformDb, Tx

TAKE = query("limits.take")
RESERVE = query("limits.reserve")
HOLD = query("limits.hold")
HELD = query("limits.held")
FORGET = query("limits.forget")
CLEAR = query("limits.clear")


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


class Turns:
    """Satisfies `ports.Turns`, for adapters that know of no database: each turn in a transaction of its own."""

    def __init__(self, platform: PlatformDb, clock: Clock) -> None:
        self._platform = platform
        self._clock = clock

    async def take(self, key: str, every: timedelta, burst: int = 1) -> timedelta:
        async with self._platform.tx() as tx:
            at = await take(tx, key, every, burst)
        return max(at - self._clock.now(), timedelta(milliseconds=1)) if at else timedelta(0)


async def take_each(tx: Tx, wanted: Mapping[str, tuple[timedelta, int]]) -> datetime | None:
    """One event under every key (how far apart, how many at once): None is yes to all, else not before then.

    Those that said yes have counted it. Keys are taken in the order given: one order everywhere, or two would wait for
    each other.
    """
    waits = [await take(tx, key, per, burst) for key, (per, burst) in wanted.items()]
    return max((wait for wait in waits if wait), default=None)


async def reserve(tx: Tx, turns: Mapping[str, tuple[timedelta, int]]) -> dict[str, float]:
    """By key (how far apart, how many): in how many seconds the first is; the others follow. Nobody is refused.

    The keys' rows are locked until the transaction ends.
    """
    if not turns:
        return {}
    every, counts = zip(*turns.values(), strict=True)
    rows = await tx.fetch(RESERVE, list(turns), list(every), list(counts))
    return {row["key"]: row["wait_s"] for row in rows}


async def hold(tx: Tx, until: Mapping[str, datetime]) -> None:
    """Let nothing happen under these keys before these moments; a later moment that was set stays."""
    if until:
        await tx.execute(HOLD, list(until), list(until.values()))


async def held(tx: Tx, keys: Collection[str]) -> dict[str, float]:
    """Those of `keys` that are held, and for how many seconds."""
    if not keys:
        return {}
    return {row["key"]: row["wait_s"] for row in await tx.fetch(HELD, list(keys))}


async def forget(tx: Tx) -> None:
    await tx.execute(FORGET)


async def clear(tx: Tx, key: str) -> None:
    """As if nothing had happened under `key` yet. In platform transactions only."""
    await tx.execute(CLEAR, key)
