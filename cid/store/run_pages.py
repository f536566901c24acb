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

FOUND = query("run_pages.found")
LISTED = query("run_pages.listed")
CALLED = query("run_pages.called")
OUTLETS = query("run_pages.outlets")
BATCHES = query("run_pages.batches")
MOST_OUTLETS = 500
"""That the list can be narrowed to by a part of their name; any other by its whole name."""
WALK = 5000
"""Runs of which one condition is true that are looked at for the others, before a page says how far back it looked."""
LEADS = ("outlet_key", "country", "tlp", "rating", "state", "platform")
"""Which condition is walked along, the first that is there: as a rule the narrowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`id` is the run at it; None: no run that is as wanted, but how far was looked."""

    id: UUID | None
    at: datetime
    place: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    runs: Sequence[Run]
    upto: tuple[datetime, UUID] | None
    """The last run that was looked at; older ones may be as wanted. None: there are none."""


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


SHAPES = {FOUND: Place, LISTED: Run, OUTLETS: Outlet, BATCHES: BatchLine}


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
    walk: int | None = None,
) -> Found:
    """The newest first. `outlets`: by their keys. One condition is always answered in full; of several, one is walked
    along for `walk` runs (WALK; shared among its values) and the others are looked at on the way."""
    said: dict[str, Collection[str] | None] = {
        "outlet_key": outlets,
        "state": states,
        **{
            name: None if value is None else [value]
            for name, value in (("platform", platform), ("country", country), ("rating", rating), ("tlp", tlp))
        },
    }
    leads = [name for name in LEADS if said[name] is not None]
    lead = leads[0] if leads else ""
    values = list(dict.fromkeys(said[lead] or ())) if lead else [""]
    each_walks = max(limit, (walk or WALK) // len(values)) if len(leads) > 1 and values else None
    rows = each(
        Place,
        await tx.fetch(
            FOUND,
            *(tenant, lead, values, None if states is None else list(states), platform, country, rating, tlp, since),
            *(*(before or (None, None)), limit, each_walks),
        ),
    )
    ids = [one.id for one in rows if one.id is not None]
    ends = [(one.at, one.place) for one in rows if one.id is None]
    runs = each(Run, await tx.fetch(LISTED, tenant, ids))
    return Found(
        runs=[
            replace(run, sources=tuple(run.sources), shortfalls=tuple(map(Shortfall, run.shortfalls))) for run in runs
        ],
        upto=ends[0] if ends else None,
    )


async def called(tx: Tx, tenant: TenantId, keys: Collection[str]) -> list[str]:
    """Those of the keys that runs of the tenant have."""
    return [row["key"] for row in await tx.fetch(CALLED, tenant, list(keys))]


async def outlets(tx: Tx, tenant: TenantId) -> list[Outlet]:
    return each(Outlet, await tx.fetch(OUTLETS, tenant, MOST_OUTLETS))


async def batches(tx: Tx, tenant: TenantId, limit: int) -> list[BatchLine]:
    """Those that have runs."""
    return [one for one in each(BatchLine, await tx.fetch(BATCHES, tenant, limit)) if one.states]
