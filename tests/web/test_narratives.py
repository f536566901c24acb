"""Known narratives on pages, and what analysts say of matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import analysis
from tests.analysis import Runs
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]


@pytest.fixture
async def runs(desk: Desk, room: Newsroom) -> Runs:
    return await analysis.furnish(desk.sv, room.tenant)


def judging(runs: Runs, *, name: str = "completed") -> str:
    return f"/t/acme/runs/{runs.ids[name]}/matches/{runs.match(name)}"


async def said(owner: Owner) -> list[tuple[str, str]]:
    rows = await owner.fetch("select verdict, note from match_verdicts order by made_at, id")
    return [(row["verdict"], row["note"]) for row in rows]


async def test_the_catalogue_shows_every_narrative_with_its_matches(viewer: Person, desk: Desk, runs: Runs) -> None:
    text = await viewer.text("/t/acme/narratives")
    assert all(one.name in text for one in desk.sv.narratives.narratives if "&" not in one.name)
    assert "matches in 26 weeks" in text
    assert "past its time" in text


async def test_only_items_count_and_not_what_the_model_wrote(viewer: Person, room: Newsroom) -> None:
    assert "Nothing was found yet" in await viewer.text("/t/acme/narratives"), "the room has one match in a report"


async def test_counts_can_be_narrowed_to_an_outlet_and_a_stance(viewer: Person, runs: Runs) -> None:
    key = runs.dossiers["russian"].run.outlet_key
    text = await viewer.text(f"/t/acme/narratives?outlet={key}")
    assert "repeated 0, reported 1, debunked 0" in text
    assert "Nothing was found like that" in await viewer.text(f"/t/acme/narratives?outlet={key}&stance=debunks")
    assert "1 match in" not in await viewer.text("/t/acme/narratives?outlet=nobody")
    assert "matches in 26 weeks" in await viewer.text("/t/acme/narratives?stance=shouts"), (
        "an unknown stance is no filter"
    )


async def test_one_narrative_says_what_it_is_and_shows_its_latest_matches(viewer: Person, runs: Runs) -> None:
    text = await viewer.text("/t/acme/narratives/anti_eu_002")
    for expected in (
        "Sanctions cost Europe more",
        "EUvsDisinfo",
        "санкц*",
        "Latest matches",
        str(runs.match("russian")),
    ):
        assert expected in text
    assert "Confirm" not in text, "a viewer sees no form that would be refused"
    assert "before=nonsense" not in await viewer.text("/t/acme/narratives/anti_eu_002?before=nonsense")
    assert (await viewer.get("/t/acme/narratives/no_such_thing")).status == 404


async def test_an_analyst_confirms_then_rejects_and_both_are_kept(editor: Person, runs: Runs, owner: Owner) -> None:
    answer = await editor.post(judging(runs), verdict="confirmed", note=" As in 2019. ")
    assert answer.headers["Location"].endswith(f"?said=match_confirmed#match-{runs.match()}")
    await editor.post(judging(runs), verdict="rejected", back="anti_eu_002")
    assert await said(owner) == [("confirmed", "As in 2019."), ("rejected", "")]
    actions = await owner.fetch("select action from audit where action like 'match.%'")
    assert sorted(row["action"] for row in actions) == ["match.confirmed", "match.rejected"]
    assert "rejected" in await editor.text(f"/t/acme/runs/{runs.ids['completed']}")
    assert "0 confirmed, 1 rejected" in await editor.text("/t/acme/narratives"), "the last word counts"


async def test_the_same_word_twice_is_one_line(editor: Person, runs: Runs, owner: Owner) -> None:
    for _ in range(2):
        assert (await editor.post(judging(runs), verdict="confirmed")).status == 303
    assert await said(owner) == [("confirmed", "")]


async def test_a_match_is_judged_at_its_own_run_alone(editor: Person, runs: Runs, owner: Owner) -> None:
    elsewhere = f"/t/acme/runs/{runs.ids['partial']}/matches/{runs.match('completed')}"
    assert (await editor.post(elsewhere, verdict="confirmed")).status == 404
    assert (await editor.post(judging(runs), verdict="doubted")).status == 422
    assert (await editor.post(judging(runs), verdict="confirmed", note="x" * 2001)).status == 422
    assert await said(owner) == []


async def test_a_stranger_neither_judges_nor_sees_matches(
    stranger: Person, viewer: Person, runs: Runs, owner: Owner
) -> None:
    own = judging(runs).replace("/t/acme/", "/t/other/")
    assert (await stranger.post(own, verdict="confirmed")).status == 404
    assert (await stranger.post(judging(runs), verdict="confirmed")).status == 404
    assert (await viewer.post(judging(runs), verdict="confirmed")).status == 403
    assert await said(owner) == []
    assert "Nothing was found yet" in await stranger.text("/t/other/narratives")
    assert "No run has found it yet" in await stranger.text("/t/other/narratives/anti_eu_002")
