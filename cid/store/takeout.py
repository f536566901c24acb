"""A tenant's sources with all that it set: out to a file, and in again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cid.domain.ids import SourceId, TenantId
from cid.domain.llm import Json
from cid.domain.news import SourceKind
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

ALL = query("takeout.all")
SETTLE = query("takeout.settle")
SET_FULL_TEXT = query("takeout.set_full_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    kind: SourceKind
    url: str
    config: Mapping[str, Json]
    title: str
    private: bool
    trust: float
    role: str
    interval_s: int | None
    full_text: bool
    replace_itself: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is set of one subscription beside trust and role."""

    source: SourceId
    interval_s: int | None
    full_text: bool
    replace_itself: bool
    active: bool


SHAPES = {ALL: Kept}


async def all_of(tx: Tx, tenant: TenantId) -> list[Kept]:
    return each(Kept, await tx.fetch(ALL, tenant))


async def settle(tx: Tx, tenant: TenantId, settings: Sequence[Setting]) -> None:
    if settings:
        await tx.execute(
            SETTLE,
            tenant,
            [one.source for one in settings],
            [one.interval_s for one in settings],
            [one.full_text for one in settings],
            [one.replace_itself for one in settings],
            [one.active for one in settings],
        )


async def set_full_text(tx: Tx, tenant: TenantId, source: SourceId, *, wanted: bool) -> bool:
    """False when the tenant does not subscribe to it."""
    return await tx.fetchval(SET_FULL_TEXT, tenant, source, wanted) is not None
