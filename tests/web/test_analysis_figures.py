"""The analysis desk in figures, on its page and for programs, and whether what it needs is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from cid.domain.ids import CallId, uuid7
from cid.domain.programs import Scope
from cid.domain.run import Via
from cid.web.keys import SERVICES
from tests.web.conftest import Desk, Person
from tests.web.test_api import program

if TYPE_CHECKING:
    import asyncpg

    from tests.newsroom import Newsroom

    Owner = asyncpg.Connection[asyncpg.Record]

PAGE, METRICS, STATUS = "/t/acme/analysis", "/api/v1/metrics", "/api/v1/api-status"
RUN = """
insert into runs (tenant_id, id, outlet, outlet_key, platform, period, items, state, failure, detail, shortfalls, score,
  rating, created_at, ended_at)
values ($1, $2, 'Meridian Post', 'meridian post', 'news', 'm', 5, $3, $4, $5, $6, $7, $8, cid_now() - $9::interval,
  case when $3 in ('completed', 'partial', 'failed') then cid_now() end)
"""
FETCH = """
insert into run_fetches (tenant_id, run_id, number, via, address, outcome, detail, at)
values ($1, $2, $3, $4, 'a', $5, $6, $7)
"""
CALL = """
insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash,
  reserved, state, error, sent_at)
values ($1, $2, 'briefing', 'quality', $3, 'm', 'briefing', 'v1', '', '', 0, $4, $5, $6)
"""


async def add(owner: Owner, tenant: UUID, state: str, at: datetime, **said: object) -> UUID:
    run = uuid7(at)
    failure = said.get("failure", "model" if state == "failed" else None)
    lacks = ["schema"] if state == "partial" else []
    await owner.execute(
        RUN, tenant, run, state, failure, said.get("detail", ""), lacks, said.get("score"), said.get("rating", ""),
        said.get("ago", timedelta()),
    )  # fmt: skip
    return run


@pytest.fixture
async def runs(desk: Desk, room: Newsroom, owner: Owner) -> None:
    now, day = desk.clock.now(), timedelta(days=1)
    await add(owner, room.tenant, "completed", now, score=70, rating="excellent")
    await add(owner, room.tenant, "completed", now, score=0, rating="failing", ago=10 * day)
    await add(owner, room.tenant, "partial", now, score=35, rating="poor", ago=3 * day)
    await add(owner, room.tenant, "failed", now, detail="GDELT did not answer.", ago=2 * day)
    await add(owner, room.tenant, "failed", now, failure="no_key", ago=day / 2)
    await add(owner, room.tenant, "asking", now)


async def test_on_an_empty_desk_every_figure_is_nought(desk: Desk, stranger: Person) -> None:
    async with program(desk, "stranger@other.test", Scope.ANALYSIS_READ) as p:
        said = await p.json(METRICS)
    assert (said["total_runs"], said["success_rate"], said["avg_quality_score"], said["failure_reasons"]) == (
        0,
        0,
        0,
        [],
    )
    assert said["quality_distribution"] == dict.fromkeys(("excellent", "good", "acceptable", "poor", "failing"), 0)
    assert said["recent_24h"] == {"total": 0, "completed": 0, "partial": 0, "failed": 0, "success_rate": 0}
    assert (len(said["days"]), said["week"]["runs_before"]) == (35, 0)
    assert "No run yet." in await stranger.text("/t/other/analysis")


@pytest.mark.usefixtures("runs")
async def test_runs_are_summed_and_partial_ones_stand_apart(desk: Desk) -> None:
    async with program(desk, "viewer", Scope.ANALYSIS_READ) as p:
        said = await p.json(METRICS)
    assert [said[name] for name in ("total_runs", "completed", "partial", "failed", "running")] == [7, 2, 1, 2, 2], (
        "one is the newsroom's own"
    )
    assert (said["success_rate"], said["avg_quality_score"]) == (28.6, 35.0)
    assert said["quality_distribution"] == {"excellent": 1, "good": 0, "acceptable": 0, "poor": 1, "failing": 1}
    assert said["failure_reasons"] == ["A key is missing.", "GDELT did not answer."]
    assert said["recent_24h"] == {"total": 4, "completed": 1, "partial": 0, "failed": 1, "success_rate": 25.0}
    assert (said["week"]["runs"], said["week"]["runs_before"], said["week"]["failed"]) == (6, 0.2, 2)
    assert sum(one["runs"] for one in said["days"]) == 7


@pytest.mark.usefixtures("runs")
async def test_the_page_says_the_same_in_words_and_figures(viewer: Person) -> None:
    text = await viewer.text(PAGE)
    for part in (
        "28.6 %",
        "35.0",
        "GDELT did not answer.",
        "A key is missing.",
        "against 0.2 a week in the four before",
    ):
        assert part in text, part
    assert text.count("<svg") >= 3


@pytest.mark.usefixtures("runs")
async def test_a_stranger_sees_no_run_of_another_tenant(desk: Desk, stranger: Person) -> None:
    async with program(desk, "stranger@other.test", Scope.ANALYSIS_READ) as p:
        assert (await p.json(METRICS))["total_runs"] == 0
        assert (await p.json(METRICS))["failure_reasons"] == []
    assert (await stranger.get(PAGE)).status == 404
    assert "GDELT did not answer." not in await stranger.text("/t/other/analysis")


async def test_a_program_without_the_scope_learns_nothing(desk: Desk) -> None:
    async with program(desk, "viewer", Scope.ITEMS_READ) as p:
        assert (await p.get(METRICS)).status == 403
        assert (await p.get(STATUS)).status == 403


async def _status(desk: Desk) -> dict[str, dict[str, object]]:
    async with program(desk, "viewer", Scope.ANALYSIS_READ) as p:
        return {one["name"]: one for one in (await p.json(STATUS))["services"]}


async def test_services_are_missing_untested_ready_or_failing_each_with_its_remedy(
    desk: Desk, room: Newsroom, owner: Owner, viewer: Person
) -> None:
    app = desk.server.app
    app._frozen = False
    app[SERVICES] = replace(desk.sv, ways=tuple(one for one in desk.sv.ways if one is not Via.SERPAPI))
    now = desk.clock.now()
    run = await add(owner, room.tenant, "completed", now)
    await owner.execute(FETCH, room.tenant, run, 1, "x", "new", "", now)
    await owner.execute(FETCH, room.tenant, run, 2, "telegram", "new", "", now - timedelta(hours=2))
    await owner.execute(FETCH, room.tenant, run, 3, "telegram", "blocked", "They want a login.", now)
    found = await _status(desk)
    assert {name: one["state"] for name, one in found.items() if name in {"serpapi", "x", "telegram", "database"}} == {
        "serpapi": "missing",
        "x": "ready",
        "telegram": "failing",
        "database": "ready",
    }
    assert "SERPAPI_KEY" in str(found["serpapi"]["remedy"])
    assert "They want a login." in str(found["telegram"]["remedy"])
    assert (found["telegram"]["reachable"], found["serpapi"]["reachable"]) == (False, None)
    assert str(found["database"]["version"]).startswith("PostgreSQL 1")
    text = await viewer.text(PAGE)
    assert "They want a login." in text
    assert "Set SERPAPI_KEY" in text


async def test_a_provider_is_as_its_last_call_was_and_another_tenants_calls_say_nothing(
    desk: Desk, room: Newsroom, owner: Owner
) -> None:
    now = desk.clock.now()
    other = await owner.fetchval("select id from tenants where slug = 'other'")
    for tenant, provider, state, hours in (
        (room.tenant, "anthropic", "answered", 1),
        (room.tenant, "openai", "answered", 3),
        (room.tenant, "openai", "failed", 2),
        (other, "google", "answered", 1),
    ):
        await owner.execute(
            CALL, CallId(uuid7(now)), tenant, provider, state, "429" * (state == "failed"), now - timedelta(hours=hours)
        )
    found = await _status(desk)
    assert [found[name]["reachable"] for name in ("anthropic", "openai", "google")] == [True, False, None]
