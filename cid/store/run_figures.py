"""Sums over a tenant's runs, and when what they need last answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cid.domain.ids import TenantId
from cid.domain.readiness import Tried
from cid.domain.run_figures import DAYS, LAST_FAILURES, Counted, Day, Ends, Failed, RunFigures, figures, series
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

SUMS = query("run_figures.sums")
RECENT = query("run_figures.recent")
FAILURES = query("run_figures.failures")
DAILY = query("run_figures.days")
FETCHED = query("run_figures.fetched")
CALLED = query("run_figures.called")
DATABASE = query("run_figures.database")
FORGET = query("run_figures.forget")
NEWEST_CALLS = 2000
HOURS_KEPT, DAYS_KEPT = timedelta(days=3), timedelta(days=2 * DAYS)
"""Longer than the last 24 hours and the series reach back."""
SHAPES = {SUMS: Counted, RECENT: Ends, FAILURES: Failed, DAILY: Day, FETCHED: Tried, CALLED: Tried}


async def of(tx: Tx, tenant: TenantId) -> RunFigures:
    """Without those that this very transaction writes: they are counted when it ends."""
    (counted,) = each(Counted, await tx.fetch(SUMS, tenant))
    (recent,) = each(Ends, await tx.fetch(RECENT, tenant))
    return figures(counted, recent, each(Failed, await tx.fetch(FAILURES, tenant, LAST_FAILURES)))


async def days(tx: Tx, tenant: TenantId, now: datetime) -> tuple[Day, ...]:
    """`now` in UTC: the last day of the series is its."""
    return series(each(Day, await tx.fetch(DAILY, tenant, DAYS)), now.date())


async def fetched(tx: Tx, tenant: TenantId, ways: Sequence[str]) -> list[Tried]:
    return each(Tried, await tx.fetch(FETCHED, tenant, list(ways)))


async def called(tx: Tx, tenant: TenantId, providers: Sequence[str]) -> list[Tried]:
    return each(Tried, await tx.fetch(CALLED, tenant, list(providers), NEWEST_CALLS))


async def forget(tx: Tx) -> None:
    """Sums of hours and days that no figure reads any more, of all tenants. In a platform transaction.

    Days first, as the triggers take them: in the other order a run of long ago that ends now could wait in a ring.
    """
    await tx.execute(FORGET, "day", DAYS_KEPT)
    await tx.execute(FORGET, "hour", HOURS_KEPT)


async def database(tx: Tx) -> str:
    """Its version; whoever reads it was answered."""
    return str(await tx.fetchval(DATABASE))
