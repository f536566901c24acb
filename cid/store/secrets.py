"""All that is kept sealed, for a change of the desk's key."""

from __future__ import annotations

from dataclasses import dataclass

from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

CHANNELS = query("secrets.channels")
RESEAL_CHANNEL = query("secrets.reseal_channel")
FACTORS = query("secrets.factors")
RESEAL_FACTOR = query("secrets.reseal_factor")
LETTERS = query("secrets.letters")
RESEAL_LETTER = query("secrets.reseal_letter")
KEPT = {
    "channel": (CHANNELS, RESEAL_CHANNEL),
    "second factor": (FACTORS, RESEAL_FACTOR),
    "letter": (LETTERS, RESEAL_LETTER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    id: str
    sealed: str


SHAPES = {CHANNELS: Sealed, FACTORS: Sealed, LETTERS: Sealed}


async def some(tx: Tx, what: str, after: str, *, limit: int) -> list[Sealed]:
    """The next ones of a kind, by id."""
    return each(Sealed, await tx.fetch(KEPT[what][0], after, limit))


async def replace(tx: Tx, what: str, row: Sealed, value: str) -> bool:
    """False: another was entered meanwhile."""
    return await tx.fetchval(KEPT[what][1], row.id, row.sealed, value) is not None
