"""The pages of the tracker desk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from cid.cli.trackers import trackers
from cid.domain.tracker import EntryState, Progress, Tags
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from tests.newsroom import Newsroom

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_the_list_shows_each_story_with_how_far_it_came_and_why_it_failed(editor: Person) -> None:
    text = await editor.text("/t/acme/tracker")
    for said in ("Harbours of the north", "pending", "scraped", "failed", "a region is not on the list", "1 attempt"):
        assert said in text
    assert "Elmsworth has shore power." in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=scraped", {"waiting"}),
        ("state=failed", {"held"}),
        ("state=processed", {"drafted"}),
        ("state=pending", {"drafted"}),
        ("state=approved", set()),
        ("category=Works", {"drafted"}),
        ("category=Rules", set()),
        ("region=EL", {"drafted"}),
        ("region=NB", set()),
        ("state=processing", set()),
        ("state=nonsense&category=%3Cscript%3E&region=XX", {"drafted", "waiting", "held"}),
    ],
)
async def test_a_filter_shows_what_it_names(viewer: Person, room: Newsroom, query: str, shown: set[str]) -> None:
    text = await viewer.text(f"/t/acme/tracker?{query}")
    found = {name for name in ("drafted", "waiting", "held") if str(room.items[name]) in text}
    found |= {name for name in room.entries if f"entries/{room.entries[name]}" in text}
    assert found == shown
    assert "<script>" not in text


async def test_a_viewer_sees_no_button_that_would_be_refused(viewer: Person, room: Newsroom) -> None:
    for path in ("tracker", "tracker?state=failed", f"tracker/entries/{room.entries['drafted']}", "tracker/report"):
        text = await viewer.text(f"/t/acme/{path}")
        assert "Approve" not in text
        assert "anew" not in text
        assert "Set the rule" not in text


async def test_chosen_entries_are_approved_and_hidden_in_one_go(editor: Person, room: Newsroom, owner: Owner) -> None:
    entry = room.entries["drafted"]
    answer = await editor.post("/t/acme/tracker/decide", **{f"e-{entry}": "1", "kind": "approve", "e-nonsense": "1"})
    assert (answer.status, answer.headers["Location"]) == (303, "/t/acme/tracker?said=entries_approve")
    assert await owner.fetchval("select state from entries") == "approved"
    await editor.post("/t/acme/tracker/decide", **{f"e-{entry}": "1", "kind": "hide", "reason": "Old news."})
    assert await owner.fetchval("select state from entries") == "hidden"
    assert "Old news." in await editor.text(f"/t/acme/tracker/entries/{entry}")
    assert (await editor.post("/t/acme/tracker/decide", kind="approve")).status == 422
    assert (await editor.post("/t/acme/tracker/decide", **{f"e-{entry}": "1", "kind": "edit"})).status == 422


async def test_a_correction_is_held_to_the_lists_and_comes_back_with_what_was_typed(
    editor: Person, room: Newsroom, owner: Owner
) -> None:
    path = f"/t/acme/tracker/entries/{room.entries['drafted']}"
    tags = Tags(category="Works", regions=("EL",), summary="Elmsworth has shore power. Ferries use it.")
    seen = json.dumps({"category": tags.category, "regions": "EL", "summary": tags.summary})
    typed = {"category": "Rules", "regions": "EW NB", "summary": "Ferries <b>must</b> use it. So it was decided."}
    for wrong in ({"category": "Sports"}, {"regions": "XX"}, {"summary": "A. " * 300}):
        answer = await editor.post(f"{path}/edit", **{**typed, **wrong, "seen": seen})
        assert answer.status == 422, wrong
    assert "XX" in await (await editor.post(f"{path}/edit", **{**typed, "regions": "XX", "seen": seen})).text()
    assert (await editor.post(f"{path}/edit", **typed, seen="{}")).status == 409
    assert (await editor.post(f"{path}/edit", **typed, seen=seen)).status == 303
    row: Any = await owner.fetchrow("select category, regions from entries")
    assert tuple(row) == ("Rules", ["NB", "EL"])
    text = await editor.text(path)
    assert "Corrected" in text
    assert "&lt;b&gt;must&lt;/b&gt;" in text
    assert "<b>must</b>" not in text


async def test_a_failed_story_is_tried_anew_from_the_page(editor: Person, owner: Owner) -> None:
    failed = await owner.fetchval("select id from screenings where desk = 'tracker' and state = 'failed'")
    answer = await editor.post("/t/acme/tracker/retry", screening=str(failed))
    assert answer.status == 303
    assert await owner.fetchval("select state from screenings where id = $1", failed) == "open"
    assert await owner.fetchval("select count(*) from jobs where kind = 'track'") == 1
    assert (await editor.post("/t/acme/tracker/retry", screening="nonsense")).status == 404


async def test_a_rule_is_an_owners_and_is_told_with_its_name(boss: Person, editor: Person, owner: Owner) -> None:
    assert (await editor.post("/t/acme/tracker/rule", min_score="70")).status == 403
    answer = await boss.post("/t/acme/tracker/rule", **{"min_score": "70", "c-1": "Works"})
    assert answer.status == 303
    text = await boss.text("/t/acme/tracker/report")
    assert "approves what comes with a score of 70 or more" in text
    assert "in Works" in text
    assert (await boss.post("/t/acme/tracker/rule", **{"min_score": "70", "c-1": "Sports"})).status == 422
    await boss.post("/t/acme/tracker/rule", off="1")
    assert await owner.fetchval("select count(*) from trackers where rule is not null") == 0


async def test_the_report_warns_where_more_than_a_tenth_failed(viewer: Person) -> None:
    text = await viewer.text("/t/acme/tracker/report")
    assert "More than a tenth failed" in text
    assert "a region that is on no list" in text


async def test_where_nothing_is_tracked_the_page_says_how_to_begin(stranger: Person, desk: Desk) -> None:
    assert desk.room
    text = await stranger.text("/t/other/tracker")
    assert "cid trackers set other" in text


@pytest.mark.parametrize("state", [*Progress, *EntryState])
def test_a_state_is_typed_as_the_page_says_it(state: str) -> None:
    wanted = next(param for param in trackers.commands["list"].params if param.name == "state")
    assert wanted.type.convert(str(state), wanted, None) == str(state)


@pytest.mark.parametrize("kind", ["approve", "hide"])
def test_a_decision_is_typed_in_small_letters(kind: str) -> None:
    wanted = next(param for param in trackers.commands["decide"].params if param.name == "kind")
    assert wanted.type.convert(kind, wanted, None) == kind
