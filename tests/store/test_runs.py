"""Runs in the tables: what is written once, what moves, and what comes back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cid.domain.briefing import Briefing, Citation, Evidence, Finding, Found, StoredBriefing
from cid.domain.ids import MatchId, RunId, uuid7
from cid.domain.narratives import Match, Span, Stance, Strength, Where
from cid.domain.run import Failure, Grain, Profile, RunItem, RunState, Shortfall, Target, Tlp, Via
from cid.domain.scorecard import ContentCheck, Dimension, Point, Rating, Scorecard
from cid.store import runs
from tests import make

if TYPE_CHECKING:
    from cid.domain.ids import TenantId
    from cid.pg.pool import AppDb, WorkerDb

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TARGET = Target(outlet="Ведомости", country="RU", sources=("gdelt", "own_feed"), items=3)


def item(number: int, title: str = "T", text: str = "Body of it.") -> RunItem:
    return RunItem(
        number=number,
        via=Via.GDELT,
        url=f"https://x.test/{number}",
        title=title,
        text=text,
        grain=Grain.ARTICLE,
        text_state="read",
        sha256=hashlib.sha256(f"{title}\n{text}".encode()).digest(),
        publisher="x.test",
        author="",
        language="ru",
        published_at=NOW,
        fetched_at=NOW,
        facts={"engagement": {"likes": 2}},
    )


async def _run(db: AppDb, tenant: TenantId) -> RunId:
    run = RunId(uuid7(NOW))
    async with db.tx(tenant) as tx:
        await runs.add(tx, run, TARGET, outlet_key="vedomosti:RU", tlp=Tlp.AMBER, by=None)
    return run


async def test_a_run_moves_along_its_table_and_once_only(db: AppDb, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform, "acme")
    run_id = await _run(db, tenant)
    async with db.tx(tenant) as tx:
        run = await runs.by_id(tx, tenant, run_id)
        assert run
        assert (run.sources, run.tlp, run.state) == (("gdelt", "own_feed"), Tlp.AMBER, RunState.QUEUED)
        assert await runs.move(tx, run, RunState.FETCHING, said="asks GDELT")
        assert not await runs.move(tx, run, RunState.FETCHING), "a twin comes second"
        run = await runs.by_id(tx, tenant, run_id)
        assert run
        assert await runs.move(tx, run, RunState.FAILED, failure=Failure.NO_ITEMS, detail="nothing in 30 days")
        dossier = await runs.dossier(tx, tenant, run_id)
    assert dossier
    assert [(step.number, step.state) for step in dossier.steps] == [
        (1, RunState.QUEUED),
        (2, RunState.FETCHING),
        (3, RunState.FAILED),
    ]
    assert (dossier.run.failure, dossier.run.over, dossier.briefing) == (Failure.NO_ITEMS, True, None)


async def test_all_there_is_of_a_run_comes_back_as_it_was_written(db: AppDb, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform, "acme")
    run_id = await _run(db, tenant)
    cited = Citation(item=1, quote="Body", found=Found.FOUND, start=2, end=6)
    briefing = Briefing(
        executive_summary="S",
        key_findings=(
            Finding(
                finding="F", confidence="low", evidence=(Evidence(kind="post", reference="r", citations=(cited,)),)
            ),
        ),
    )
    stored = StoredBriefing(
        briefing=briefing,
        raw='{"answers": []}',
        problems=("no methodology",),
        schema_version="1",
        provider="p/m",
        prompt_version="v1",
        prompt_hash=b"1",
        input_hash=b"2",
        call_id=None,
        made_at=NOW,
    )
    card = Scorecard(
        dimensions=(Dimension(name="d", points=(Point(check="c", points=1, of=2, why="w"),)),),
        checks=(ContentCheck(name="quotes", passed=False, why="w", cap=Rating.POOR),),
        rating=Rating.GOOD,
        shown=Rating.POOR,
        version="1",
    )
    match = Match(
        narrative="n",
        where=Where.ITEM,
        item=1,
        spans=(Span(start=0, end=1, text="T", cue="t"),),
        cues=1,
        strength=Strength.LOW,
        stance=Stance.REPORTS,
        language="ru",
    )
    async with db.tx(tenant) as tx:
        await runs.add_items(tx, run_id, [item(1), item(2)])
        await runs.add_items(tx, run_id, [item(1, "another")])
        await runs.set_profile(tx, run_id, Profile(handle="h", created_at=NOW))
        await runs.add_briefing(tx, run_id, stored)
        await runs.add_scorecard(tx, run_id, card)
        await runs.add_matches(tx, run_id, [(MatchId(uuid7(NOW)), match)], {"n": ("N", "C")})
        await runs.add_matches(tx, run_id, [(MatchId(uuid7(NOW)), match)], {"n": ("N", "C")})
        found = await runs.dossier(tx, tenant, run_id)
    assert found
    assert found.briefing
    assert found.scorecard
    assert found.items == (item(1), item(2)), "the first write stays"
    assert found.profile == Profile(handle="h", created_at=NOW)
    assert found.briefing.briefing == briefing
    assert found.briefing.problems == ("no methodology",)
    assert found.scorecard.card == card
    assert found.scorecard.card.capped_by == ("quotes",)
    assert [one.match for one in found.matches] == [match], "a job that ran twice matched once"
    assert (found.run.score, found.run.rating, found.run.provider) == (1, "poor", "p/m")


async def test_a_partial_run_lists_what_it_lacks(db: AppDb, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform, "acme")
    run_id = await _run(db, tenant)
    async with db.tx(tenant) as tx:
        for state in (RunState.FETCHING, RunState.ASKING, RunState.SCORING):
            run = await runs.by_id(tx, tenant, run_id)
            assert run
            await runs.move(tx, run, state)
        run = await runs.by_id(tx, tenant, run_id)
        assert run
        await runs.move(tx, run, RunState.PARTIAL, shortfalls=[Shortfall.SCORER, Shortfall.FETCH])
        run = await runs.by_id(tx, tenant, run_id)
    assert run
    assert run.shortfalls == (Shortfall.FETCH, Shortfall.SCORER)
