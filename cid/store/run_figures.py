"""Sums over a tenant's runs, and when what they need last answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cid.domain.ids import TenantId
from cid.domain.readiness import Tried
from cid.domain.run_figures import DAYS, LAST_FAILURES, Counted, Day, Failed, RunFigures, figures, series
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

COUNTED = query("run_figures.counted")
RECENT = query("run_figures.recent")
FAILURES = query("run_figures.failures")
DAILY = query("run_figures.days")
FETCHED = query("run_figures.fetched")
CALLED = query("run_figures.called")
DATABASE = query("run_figures.database")
NEWEST_CALLS = 2000
SHAPES = {COUNTED: Counted, RECENT: Counted, FAILURES: Failed, DAILY: Day, FETCHED: Tried, CALLED: Tried}


async def of(tx: Tx, tenant: TenantId) -> RunFigures:
    counted = each(Counted, await tx.fetch(COUNTED, tenant))
    recent = each(Counted, await tx.fetch(RECENT, tenant))
    return figures(counted, recent, each(Failed, await tx.fetch(FAILURES, tenant, LAST_FAILURES)))


async def days(tx: Tx, tenant: TenantId, now: datetime) -> tuple[Day, ...]:
    """`now` in UTC: the last day of the series is its."""
    return series(each(Day, await tx.fetch(DAILY, tenant, DAYS)), now.date())


async def fetched(tx: Tx, tenant: TenantId, ways: Sequence[str]) -> list[Tried]:
    return each(Tried, await tx.fetch(FETCHED, tenant, list(ways)))


async def called(tx: Tx, tenant: TenantId, providers: Sequence[str]) -> list[Tried]:
    return each(Tried, await tx.fetch(CALLED, tenant, list(providers), NEWEST_CALLS))


async def database(tx: Tx) -> str:
    """Its version; whoever reads it was answered."""
    return str(await tx.fetchval(DATABASE))
