"""The list of runs: one condition is answered in full, several as far back as is looked, and each by its index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from cid.domain.run import Run, RunState
from cid.store import run_pages
from tests import make

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.ids import TenantId
    from cid.pg.pool import AppDb, WorkerDb

    Owner = asyncpg.Connection[asyncpg.Record]

MANY = 300
RUNS = """
insert into runs (tenant_id, id, outlet, outlet_key, platform, period, items, state, failure, rating, score, tlp,
  country, created_at, ended_at)
select $1, gen_random_uuid(), 'Outlet ' || n % 20, 'outlet ' || n % 20, 'news', 'm', 5,
  case when n % 5 = 0 then 'failed' else 'completed' end, case when n % 5 = 0 then 'model' end,
  case when n % 5 = 0 then '' when n % 50 = 1 then 'poor' else 'good' end, case when n % 5 > 0 then 40 end,
  case when n > 250 then 'red' else 'amber' end, case when n % 100 = 7 then 'NO' else '' end,
  cid_now() - n * interval '1 hour', cid_now()
from generate_series(1, $2::int) n
"""


@pytest.fixture
async def tenant(platform: WorkerDb, owner: Owner) -> TenantId:
    """And another tenant with as many runs, none of which may ever be seen."""
    made = await make.tenant(platform, "acme")
    for one in (made, await make.tenant(platform, "other")):
        await owner.execute(RUNS, one, MANY)
    return made


async def whole(db: AppDb, tenant: TenantId, *, limit: int, **wanted: Any) -> list[Run]:
    """All pages, one after the other."""
    found: list[Run] = []
    before: tuple[datetime, UUID] | None = None
    while True:
        async with db.read(tenant) as tx:
            page = await run_pages.listed(tx, tenant, before=before, limit=limit, **wanted)
        found += page.runs
        assert all(before is None or (one.created_at, one.id) < before for one in page.runs)
        if len(page.runs) == limit:
            before = (page.runs[-1].created_at, page.runs[-1].id)
        elif page.upto:
            before = page.upto
        else:
            return found


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"rating": "poor"},
        {"tlp": "red"},
        {"country": "NO"},
        {"platform": "telegram"},
        {"states": [RunState.FAILED]},
        {"states": [RunState.FAILED, RunState.COMPLETED]},
        {"outlets": ["outlet 1", "outlet 7", "outlet 1"]},
        {"outlets": []},
        {"rating": "good", "tlp": "red"},
        {"outlets": ["outlet 1", "outlet 7"], "rating": "poor"},
        {"outlets": ["outlet 7", "outlet 1"], "country": "NO", "platform": "news"},
        {"states": [RunState.FAILED], "tlp": "red", "platform": "news"},
    ],
)
async def test_pages_together_hold_every_run_that_is_as_wanted_once_and_in_order(
    db: AppDb, owner: Owner, tenant: TenantId, wanted: dict[str, Any]
) -> None:
    """However short the walk: what one page does not reach another does."""
    found = await whole(db, tenant, limit=7, walk=20, **wanted)
    rows = await owner.fetch("select * from runs where tenant_id = $1 order by created_at desc, id desc", tenant)
    one = {name: value for name, value in wanted.items() if isinstance(value, str)}
    right = [
        row["id"]
        for row in rows
        if all(row[name] == value for name, value in one.items())
        and ("outlets" not in wanted or row["outlet_key"] in wanted["outlets"])
        and ("states" not in wanted or row["state"] in wanted["states"])
    ]
    assert [run.id for run in found] == right


async def test_one_condition_is_answered_in_full_and_several_as_far_as_is_looked(db: AppDb, tenant: TenantId) -> None:
    async with db.read(tenant) as tx:
        alone = await run_pages.listed(tx, tenant, tlp="red", before=None, limit=60, walk=100)
        both = await run_pages.listed(tx, tenant, tlp="amber", rating="poor", before=None, limit=60, walk=100)
        newest = await run_pages.listed(tx, tenant, before=None, limit=100)
    assert (len(alone.runs), alone.upto) == (50, None)
    assert both.upto == (newest.runs[-1].created_at, newest.runs[-1].id), "the hundredth"
    assert len(both.runs) == 2


@pytest.mark.parametrize(
    ("lead", "index"),
    [
        ("", "runs_recent"),
        ("outlet_key", "runs_outlets"),
        ("state", "runs_states"),
        ("rating", "runs_ratings"),
        ("tlp", "runs_tlps"),
        ("country", "runs_countries"),
        ("platform", "runs_platforms"),
    ],
)
async def test_each_condition_has_an_index_in_the_order_of_the_list(
    db: AppDb, owner: Owner, tenant: TenantId, lead: str, index: str
) -> None:
    """So that the newest are read and no more, however few of all runs they are. The plan is that of the walk in
    find_runs under the tenant's policies, where sorting and reading all are not offered."""
    led = f"r.{lead} = v.one" if lead else "true"
    walk = f"""explain (format json)
        select w.id from unnest($2::text[]) v (one) cross join lateral (
          select r.created_at, r.id from runs r where r.tenant_id = $1 and {led}
            and r.created_at >= '-infinity' and (r.created_at, r.id) < ('infinity', $3)
          order by r.created_at desc, r.id desc limit 51) w"""
    await owner.execute("analyze runs")
    async with db.tx(tenant) as tx:
        for off in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            await tx.execute(f"set local {off} = off")
        plan = json.dumps(json.loads(await tx.fetchval(walk, tenant, ["x"], UUID(int=2**128 - 1))))
    assert f'"Index Name": "{index}"' in plan
    assert '"Sort"' not in plan


async def test_runs_are_listed_by_no_other_column(db: AppDb, tenant: TenantId) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        async with db.read(tenant) as tx:
            await tx.fetch(
                "select * from find_runs($1, 'detail', '{}', null, null, null, null, null, null, null, null, 9, 9)",
                tenant,
            )
