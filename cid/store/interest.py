"""How much is searched for something: asked once for all tenants. All in platform transactions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from cid.domain.interest import Busy, Found, Known, Ours, Question
from cid.pg.sql import query
from cid.ports import Tx

RESTING = query("interest.resting")
CLAIM = query("interest.claim")
ASKING = query("interest.asking")
KNOWN = query("interest.known")
LISTED = query("interest.listed")
TELL = query("interest.tell")
LEAVE = query("interest.leave")
FORGET = query("interest.forget")

MISSING = 300
"""Characters of why nothing is known."""


async def look(tx: Tx, provider: str, question: Question, lease: timedelta) -> Found:
    """What is known; or whose it is to ask. Who gets `Ours` asks within `lease`, and tells or leaves."""
    if why := await tx.fetchval(RESTING, provider):
        return Known(scores={}, missing=why)
    if await tx.fetchval(CLAIM, provider, question.place, question.keyword, lease) is not None:
        return Ours()
    asking = await tx.fetchval(ASKING, provider, question.place, question.keyword)
    return Busy(asking) if asking else await known(tx, provider, question)


async def known(tx: Tx, provider: str, question: Question) -> Known:
    """What holds of it."""
    row = await tx.fetchrow(KNOWN, provider, question.place, question.keyword)
    if row is None:
        return Known(scores={}, missing="nobody has asked yet")
    if not question.keyword:
        listed = await tx.fetch(LISTED, provider, question.place)
        return Known(scores={one["keyword"]: one["score"] for one in listed}, missing=row["missing"])
    known = {} if row["score"] is None else {question.keyword: row["score"]}
    return Known(scores=known, missing=row["missing"])


async def tell(
    tx: Tx, provider: str, place: str, scores: Mapping[str, float | None], keep: timedelta, *, missing: str = ""
) -> None:
    """Keyword → score; None where there is none, for the reason in `missing`."""
    await tx.execute(TELL, provider, place, list(scores), list(scores.values()), missing[:MISSING], keep)


async def leave(tx: Tx, provider: str, question: Question) -> None:
    await tx.execute(LEAVE, provider, question.place, question.keyword)


async def forget(tx: Tx) -> None:
    await tx.execute(FORGET)
