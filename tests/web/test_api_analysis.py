"""Runs of the analysis desk for programs: started, listed, stopped and taken along, and nobody else's."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.jobs import JobKind
from cid.domain.programs import Scope
from cid.domain.tenants import Desk as Desks
from cid.store import tenants
from tests import analysis
from tests.newsroom import Newsroom
from tests.web.conftest import Desk
from tests.web.test_api import problem, program

if TYPE_CHECKING:
    import asyncpg

    from tests.analysis import Runs

    Owner = asyncpg.Connection[asyncpg.Record]

PATH = "/api/v1/analysis-runs"
GAZETA = {"outlet": 'Газета "Правда"', "country": "Россия", "url": "https://pravda.test/", "period": "w", "items": 7}


@pytest.fixture
async def runs(desk: Desk, room: Newsroom) -> Runs:
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, room.tenant, list(Desks))
    return await analysis.furnish(desk.sv, room.tenant)


async def test_a_run_is_taken_at_once_and_its_state_tells_what_becomes_of_it(
    desk: Desk, runs: Runs, owner: Owner
) -> None:
    async with program(desk, "owner") as boss:
        answer = await boss.post(PATH, {**GAZETA, "substitute": True, "tlp": "red"})
        assert answer.status == 202, await answer.text()
        started = await answer.json()
        assert started["state"] == "queued"
        said = await boss.json(f"{PATH}/{started['id']}")
        run = said["run"]
        assert (run["outlet"], run["country"], run["url"], run["wanted"], run["period"], run["substitute"]) == (
            'Газета "Правда"', "RU", "https://pravda.test/", 7, "w", True,
        )  # fmt: skip
        assert (run["state"], run["tlp"], said["tlp"], run["asked"][0]) == ("queued", "red", "TLP:RED", "own_feed")
        assert said["briefing"] is None and said["ai_metadata"]["model"] is None
        assert [step["state"] for step in said["steps"]] == ["queued"]
    jobs = await owner.fetch("select payload from jobs where kind = $1", str(JobKind.ANALYSE))
    assert [json.loads(job["payload"])["run"] for job in jobs] == [started["id"]]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"outlet": "   "}, "outlet"),
        ({"outlet": "Post", "country": "Atlantis"}, "Atlantis"),
        ({"outlet": "Post", "country": "MD", "period": "; drop"}, "period"),
        ({"outlet": "Post", "country": "MD", "items": 21}, "items"),
        ({"outlet": "Post", "country": "MD", "url": "http://169.254.169.254/"}, "public"),
        ({"outlet": "Harbour Post", "platform": "x"}, "account"),
        ({"outlet": "harbour", "platform": "x", "sources": ["google_news"]}, "google_news"),
        ({"outlet": "Post\u0000", "country": "MD"}, "outlet"),
        ({"outlet": "Post", "country": "MD", "date_filter": "d"}, "date_filter"),
        ({}, "outlet"),
    ],
)
async def test_what_cannot_be_analysed_is_refused_with_what_is_wrong(
    body: dict[str, Any], word: str, desk: Desk, runs: Runs, owner: Owner
) -> None:
    before = await owner.fetchval("select count(*) from runs")
    async with program(desk, "owner") as boss:
        said = await problem(await boss.post(PATH, body), 422)
    assert word.lower() in json.dumps(said, ensure_ascii=False).lower()
    assert await owner.fetchval("select count(*) from runs") == before


async def test_the_same_request_under_one_key_starts_one_run(desk: Desk, runs: Runs, owner: Owner) -> None:
    before = await owner.fetchval("select count(*) from runs")
    async with program(desk, "owner") as boss:
        first = await boss.post(PATH, GAZETA, Idempotency_Key="one")
        second = await boss.post(PATH, GAZETA, Idempotency_Key="one")
        assert (first.status, second.status) == (202, 202)
        assert await first.json() == await second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
    assert await owner.fetchval("select count(*) from runs") == before + 1


async def test_where_the_desk_is_off_no_run_is_started(desk: Desk, room: Newsroom) -> None:
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, room.tenant, [Desks.PUBLISHING])
    async with program(desk, "owner") as boss:
        assert "off" in (await problem(await boss.post(PATH, GAZETA), 422))["detail"]


async def test_every_answer_says_how_the_text_came_to_be(desk: Desk, runs: Runs) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json(f"{PATH}/{runs.ids['completed']}")
        ai = said["ai_metadata"]
        assert ai["requires_human_review"] is True and ai["extractive"] is False and ai["structured"] is True
        assert ai["model"] in " ".join(ai["disclosure"])
        assert len(ai["prompt_sha256"]) == len(ai["input_sha256"]) == 64 and ai["prompt_version"]
        assert said["tlp"].startswith("TLP:")
        assert said["briefing"]["key_findings"] and said["raw"] is None
        assert [item["number"] for item in said["items"]] == list(range(1, len(said["items"]) + 1))
        offline = (await theirs.json(f"{PATH}/{runs.ids['offline']}"))["ai_metadata"]
        assert offline["extractive"] is True and "no model" in " ".join(offline["disclosure"])
        raw = await theirs.json(f"{PATH}/{runs.ids['unstructured']}")
        assert raw["briefing"] is None and raw["raw"] and raw["ai_metadata"]["structured"] is False
        for path in ("", "/quality", "/narratives"):
            for name in ("completed", "failed", "running"):
                found = await theirs.json(f"{PATH}/{runs.ids[name]}{path}")
                told = found.get("ai_metadata") or found["ai"]
                assert told["requires_human_review"] is True and told["disclosure"], (path, name)
        for row in (await theirs.json(PATH))["items"]:
            assert row["ai"]["requires_human_review"] is True and row["ai"]["disclosure"] and row["tlp"]


async def test_a_score_comes_with_its_reasons_and_its_absence_too(desk: Desk, runs: Runs) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json(f"{PATH}/{runs.ids['completed']}/quality")
        assert said["score"] == sum(one["score"] for one in said["dimensions"])
        assert said["detail"] == "" and said["checks"] and said["of"] == 70
        assert (said["rubric"] == said["rating"]) == (said["capped_by"] == [])
        partial = await theirs.json(f"{PATH}/{runs.ids['partial']}/quality")
        assert partial["score"] is None and "scorer failed" in partial["detail"]
        assert "yet" in (await theirs.json(f"{PATH}/{runs.ids['running']}/quality"))["detail"]


async def test_matches_tell_where_and_whether_they_were_looked_for(desk: Desk, runs: Runs) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json(f"{PATH}/{runs.ids['completed']}/narratives")
        assert said["looked_for"] is True
        assert {one["where"] for one in said["matches"]} == {"item", "report"}
        assert all(one["spans"] and one["name"] for one in said["matches"])
        running = await theirs.json(f"{PATH}/{runs.ids['running']}/narratives")
        assert (running["looked_for"], running["matches"]) == (False, [])


async def test_runs_come_in_pages_by_what_was_asked_for_and_every_one_once(
    desk: Desk, runs: Runs, room: Newsroom
) -> None:
    async with program(desk, "viewer") as theirs:
        whole = (await theirs.json(f"{PATH}?limit=100"))["items"]
        assert {one["id"] for one in whole} == {str(id_) for id_ in (*runs.ids.values(), *room.runs.values())}
        assert [one["created_at"] for one in whole] == sorted((one["created_at"] for one in whole), reverse=True)
        seen, cursor = [], ""
        while True:
            page = await theirs.json(f"{PATH}?limit=3{cursor}")
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == whole

        async def found(query: str) -> set[str]:
            return {one["id"] for one in (await theirs.json(f"{PATH}?{query}"))["items"]}

        for field, query in (("state", "state"), ("platform", "platform"), ("country", "country"), ("batch", "batch")):
            for value in {one[field] for one in whole} - {None, ""}:
                assert await found(f"{query}={value}") == {one["id"] for one in whole if one[field] == value}
        middle = sorted(one["created_at"] for one in whole)[len(whole) // 2]
        since = middle.replace("+", "%2B")
        assert await found(f"since={since}") == {one["id"] for one in whole if one["created_at"] >= middle}
        assert await found("country=Польша") == await found("country=Polen") == await found("country=PL") != set()
        await problem(await theirs.get(f"{PATH}?country=Atlantis"), 400)
        await problem(await theirs.get(f"{PATH}?cursor=x"), 400)


async def test_runs_of_an_outlet_are_found_by_its_name_however_it_is_spelled(desk: Desk, runs: Runs) -> None:
    async with program(desk, "owner") as boss:
        for body in (GAZETA, {**GAZETA, "country": "Belarus"}, {"outlet": "@Harbour_Post", "platform": "x"}):
            assert (await boss.post(PATH, body)).status == 202
        both = await boss.json(f"{PATH}?outlet=газета ПРАВДА")
        assert {one["country"] for one in both["items"]} == {"RU", "BY"}
        assert len((await boss.json(f"{PATH}?outlet=газета ПРАВДА&country=RU"))["items"]) == 1
        assert len((await boss.json(f"{PATH}?outlet=@harbour_post"))["items"]) == 1
        assert (await boss.json(f"{PATH}?outlet=harbour"))["items"] == []


async def test_a_run_is_cancelled_once(desk: Desk, runs: Runs) -> None:
    async with program(desk, "owner") as boss:
        path = f"{PATH}/{runs.ids['queued']}"
        said = await (await boss.post(f"{path}/cancel", {})).json()
        assert (said["cancelled"], said["state"]) == (True, "failed")
        assert (await boss.json(path))["run"]["failure"] == "cancelled"
        again = await (await boss.post(f"{path}/cancel", {})).json()
        assert (again["cancelled"], again["state"]) == (False, "failed")
        over = await (await boss.post(f"{PATH}/{runs.ids['completed']}/cancel", {})).json()
        assert (over["cancelled"], over["state"]) == (False, "completed")


async def test_a_batch_is_counted_from_its_runs(desk: Desk, runs: Runs) -> None:
    async with program(desk, "owner") as boss:
        said = await boss.json(f"{PATH}/batch/{runs.batch}")
        assert (said["state"], said["target_count"], said["completed_count"], said["failed_count"]) == (
            "partial",
            3,
            2,
            1,
        )
        assert set(said["report_ids"]) == {str(runs.ids["partial"]), str(runs.ids["russian"])}
        body = {"name": "Two papers", "targets": [GAZETA, {"outlet": "Harbour Post", "country": "MD"}]}
        answer = await boss.post(f"{PATH}/batch", body)
        assert answer.status == 202, await answer.text()
        started = await boss.json(f"{PATH}/batch/{(await answer.json())['id']}")
        assert (started["name"], started["state"], started["target_count"]) == ("Two papers", "queued", 2)
        assert [run["outlet"] for run in started["runs"]] == ['Газета "Правда"', "Harbour Post"]
        wrong = {"name": "Three", "targets": [GAZETA, {"outlet": "Post", "country": "Atlantis"}]}
        assert "Outlet 2 of 2" in (await problem(await boss.post(f"{PATH}/batch", wrong), 422))["detail"]
        many = {"name": "Many", "targets": [{"outlet": f"Post {n}", "country": "MD"} for n in range(9)]}
        assert "1 to 5" in (await problem(await boss.post(f"{PATH}/batch", many), 422))["detail"]


async def test_a_run_leaves_as_a_file(desk: Desk, runs: Runs, owner: Owner) -> None:
    async with program(desk, "viewer") as theirs:
        path = f"{PATH}/{runs.ids['russian']}/export"
        answer = await theirs.get(path)
        assert answer.status == 200 and answer.content_type == "application/json"
        assert "filename*=UTF-8''%D" in answer.headers["Content-Disposition"]
        assert (await answer.json())["run"]["id"] == str(runs.ids["russian"])
        table = await theirs.get(f"{path}?format=csv")
        assert table.content_type == "text/csv"
        assert len(list(csv.reader(io.StringIO((await table.read()).decode("utf-8-sig"))))) > 10
        stix = await theirs.get(f"{path}?format=stix")
        assert stix.content_type == "application/stix+json"
        assert json.loads(await stix.read())["type"] == "bundle"
        await problem(await theirs.get(f"{path}?format=docx"), 400)
    assert await owner.fetchval("select count(*) from audit where action = 'run.exported'") == 3


async def test_the_catalogue_of_narratives_is_told(desk: Desk) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json("/api/v1/narratives")
        assert said["version"] == desk.sv.narratives.version
        assert [one["id"] for one in said["narratives"]] == [one.id for one in desk.sv.narratives.narratives]


async def test_a_strangers_program_finds_no_run_or_batch_of_others(desk: Desk, runs: Runs, owner: Owner) -> None:
    async with program(desk, "stranger@other.test") as stranger:
        assert (await stranger.json(PATH))["items"] == []
        assert (await stranger.json(f"{PATH}?batch={runs.batch}"))["items"] == []
        for name, run in runs.ids.items():
            for tail in ("", "/quality", "/narratives", "/export", "/export?format=csv"):
                await problem(await stranger.get(f"{PATH}/{run}{tail}"), 404)
            await problem(await stranger.post(f"{PATH}/{run}/cancel", {}), 404)
            state = await owner.fetchval("select state from runs where id = $1", run)
            assert state == runs.dossiers[name].run.state
        await problem(await stranger.get(f"{PATH}/batch/{runs.batch}"), 404)


async def test_who_only_reads_starts_and_stops_nothing(desk: Desk, runs: Runs, owner: Owner) -> None:
    before = await owner.fetchval("select count(*) from runs")
    async with program(desk, "owner", Scope.ANALYSIS_READ) as boss:
        await problem(await boss.post(PATH, GAZETA), 403)
        await problem(await boss.post(f"{PATH}/batch", {"name": "x", "targets": [GAZETA]}), 403)
        await problem(await boss.post(f"{PATH}/{runs.ids['queued']}/cancel", {}), 403)
    assert await owner.fetchval("select count(*) from runs") == before


async def test_a_moment_in_another_zone_is_the_same_moment(desk: Desk, runs: Runs) -> None:
    async with program(desk, "viewer") as theirs:
        middle = sorted(one["created_at"] for one in (await theirs.json(PATH))["items"])[len(runs.ids) // 2]
        there = datetime.fromisoformat(middle).astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
        asked = [await theirs.json(f"{PATH}?since={moment.replace('+', '%2B')}") for moment in (middle, there)]
        assert asked[0]["items"] == asked[1]["items"] != []
        later = desk.clock.now() + timedelta(days=1)
        assert (await theirs.json(f"{PATH}?since={later:%Y-%m-%dT%H:%M:%SZ}"))["items"] == []
