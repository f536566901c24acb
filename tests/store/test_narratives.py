"""Counting narratives over time: right, by the tenant's own, and by the index where there are many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.ids import MatchId
from cid.domain.narratives import Stance
from cid.store import narratives
from tests import analysis, make

if TYPE_CHECKING:
    from cid.domain.ids import TenantId
    from cid.pg.pool import AppDb, WorkerDb

MANY = 20_000


@pytest.fixture
async def many(db: AppDb, platform: WorkerDb, owner: Any) -> TenantId:
    """One run with matches of 18 narratives over two years, every tenth confirmed."""
    sv = make.services(db, platform)
    tenant = await make.tenant(platform)
    runs = await analysis.furnish(sv, tenant)
    await owner.execute(
        """insert into narrative_matches
             (tenant_id, id, run_id, narrative, name, category, place, item, cues, strength, stance, by, made_at)
           select $1, gen_random_uuid(), $2, 'n' || n % 18, 'N', 'C', 'item', 1, 2, 'low',
             case n % 3 when 0 then 'repeats' when 1 then 'reports' else 'debunks' end, 'catalogue',
             now() - (n % 730) * interval '1 day'
           from generate_series(1, $3::int) n""",
        tenant,
        runs.ids["completed"],
        MANY,
    )
    await owner.execute(
        """insert into match_verdicts (tenant_id, id, match_id, verdict)
           select tenant_id, gen_random_uuid(), id, 'confirmed' from narrative_matches where narrative = 'n0'"""
    )
    await owner.execute("vacuum analyze narrative_matches")
    return tenant


async def test_weeks_stances_and_last_words_are_counted_of_the_tenants_own(
    many: TenantId, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    other = await make.tenant(platform, "other")
    since = datetime.now(UTC) - timedelta(days=182)
    async with db.tx(many) as tx:
        counts = await narratives.weekly(tx, ["n0", "n1"], since=since)
        repeated = await narratives.weekly(tx, ["n0"], since=since, stance=Stance.REPEATS)
        assert await narratives.weekly(tx, ["n0"], since=since, outlet="nobody") == []
    whole = await owner.fetchval(
        "select count(*) from narrative_matches where narrative in ('n0', 'n1') and made_at >= $1", since
    )
    assert sum(one.found for one in counts) == whole
    assert all(one.week.weekday() == 0 for one in counts)
    assert all(one.confirmed == (one.found if one.narrative == "n0" else 0) for one in counts)
    assert {one.stance for one in repeated} <= {"repeats"}
    async with db.tx(other) as tx:
        assert await narratives.weekly(tx, ["n0"], since=since) == []
        assert await narratives.latest(tx, "n0", limit=5) == []


async def test_a_list_goes_on_where_it_ended(many: TenantId, db: AppDb) -> None:
    async with db.tx(many) as tx:
        first = await narratives.latest(tx, "n0", limit=10)
        second = await narratives.latest(tx, "n0", limit=10, before=(first[4].made_at, MatchId(first[4].id)))
    assert [one.id for one in second[:5]] == [one.id for one in first[5:]]
    assert all(one.title and one.outlet for one in first)


async def test_the_index_over_time_is_what_answers(many: TenantId, db: AppDb) -> None:
    since = datetime.now(UTC) - timedelta(days=182)
    async with db.tx(many) as tx:
        weekly = [row[0] for row in await tx.fetch(f"explain {narratives.WEEKLY}", many, ["n0", "n1"], since, None)]
        rows = await tx.fetch(f"explain {narratives.LATEST}", many, "n0", None, None, None, None, 31)
        latest = [row[0] for row in rows]
    for plan in (weekly, latest):
        assert any("narrative_matches_over_time" in line for line in plan), "\n".join(plan)
        assert not any("Seq Scan on narrative_matches" in line for line in plan), "\n".join(plan)
