"""Runs of the analysis desk as people look for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from cid.domain.ids import RunBatchId, TenantId
from cid.domain.run import BatchState, Run, RunState, Shortfall, fold
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

LISTED = query("run_pages.listed")
OUTLETS = query("run_pages.outlets")
BATCHES = query("run_pages.batches")
MOST_OUTLETS = 500
"""That the list can be narrowed to by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    key: str
    name: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    id: RunBatchId
    name: str
    created_at: datetime
    states: Sequence[str]

    @property
    def state(self) -> BatchState:
        return fold(map(RunState, self.states))


SHAPES = {LISTED: Run, OUTLETS: Outlet, BATCHES: BatchLine}


async def listed(
    tx: Tx,
    tenant: TenantId,
    *,
    outlets: Collection[str] | None = None,
    states: Collection[RunState] | None = None,
    platform: str | None = None,
    country: str | None = None,
    rating: str | None = None,
    tlp: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Run]:
    """`outlets`: by their keys."""
    rows = await tx.fetch(
        LISTED,
        tenant,
        None if outlets is None else list(outlets),
        None if states is None else list(states),
        *(platform, country, rating, tlp, since, *(before or (None, None)), limit),
    )
    return [
        replace(run, sources=tuple(run.sources), shortfalls=tuple(map(Shortfall, run.shortfalls)))
        for run in each(Run, rows)
    ]


async def outlets(tx: Tx, tenant: TenantId) -> list[Outlet]:
    return each(Outlet, await tx.fetch(OUTLETS, tenant, MOST_OUTLETS))


async def batches(tx: Tx, tenant: TenantId, limit: int) -> list[BatchLine]:
    """Those that have runs."""
    return [one for one in each(BatchLine, await tx.fetch(BATCHES, tenant, limit)) if one.states]
