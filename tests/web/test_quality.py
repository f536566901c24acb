"""The page about the review of drafts, its rules, and the switch for everybody."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cid.domain.guardrails import MOST
from cid.store import guardrails, switches
from cid.web.keys import SERVICES
from tests.newsroom import FEE, Newsroom, reviewed
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

HERE = "/t/acme/quality"


@pytest.fixture
async def rounds(desk: Desk, room: Newsroom) -> None:
    await reviewed(desk.sv, room)


async def standing(desk: Desk, room: Newsroom, industry: str = "") -> tuple[str, ...]:
    async with desk.sv.db.read(room.tenant) as tx:
        return await guardrails.standing(tx, room.tenant, industry)


@pytest.mark.usefixtures("rounds")
async def test_both_rounds_stand_side_by_side_with_findings_changes_and_cost(viewer: Person) -> None:
    text = await viewer.text(HERE)
    for part in ("First round", "Second round", "78 → 83", FEE, "What the revision changed", "$0.0021"):
        assert part in text, part
    assert '<ins> at </ins><ins class="notable">six</ins><ins> berths</ins>' in text, "a new number stands out"
    assert "Switch off" not in text
    assert "Make it a rule" not in text
    assert "/t/acme/models" not in text


@pytest.mark.usefixtures("rounds")
async def test_drafts_are_counted_and_picked_by_what_their_review_came_to(viewer: Person, room: Newsroom) -> None:
    text = await viewer.text(HERE)
    counted = dict(re.findall(r'>([^<>]+) <span class="num">(\d+)</span>', text))
    assert counted == {
        "All": "2",
        "ready": "1",
        "revised, ready": "0",
        "needs a person": "1",
        "facts in doubt": "0",
        "review failed": "0",
    }
    picked = await viewer.text(f"{HERE}?status=needs_admin_review")
    assert f"/drafts/{room.drafts['held']}" in picked
    assert f'/drafts/{room.drafts["drafted"]}">Open' not in picked
    assert "No draft is in this state." in await viewer.text(f"{HERE}?status=review_failed")
    for nonsense in ("status=needs_auto_revision", "before=x~y", "before=2026-01-01T00:00:00+00:00~x"):
        assert "Second round" in await viewer.text(f"{HERE}?{nonsense}")


@pytest.mark.usefixtures("rounds")
async def test_what_recurs_becomes_a_rule_with_one_click_and_is_switched_off(
    boss: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    text = await boss.text(HERE)
    assert "in 2 drafts" in text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text.split('class="recurring"')[1]))
    rule = re.search(r"<textarea id=\"r-1\"[^>]*>([^<]+)</textarea>", text)
    assert rule
    assert rule[1] == f"{FEE} Say who is exempt."
    answer = await boss.post(f"{HERE}/rules", **fields | {"rule": rule[1]})
    assert (answer.status, answer.headers["Location"]) == (303, f"{HERE}?said=rule_added")
    assert await standing(desk, room) == ("Say whose figure it is.", rule[1])
    assert "a rule came of it" in await boss.text(HERE)
    await boss.post(f"{HERE}/rules", **fields | {"rule": rule[1]})
    assert len(await standing(desk, room)) == 2, "a second click adds nothing"

    answer = await boss.post(f"{HERE}/rules/{room.rule}/end")
    assert answer.status == 303
    assert await standing(desk, room) == (rule[1],)
    assert (await boss.post(f"{HERE}/rules/{room.rule}/end")).status == 404
    lines = await owner.fetch(
        "select action, tenant_id = $1 as own from audit where action like 'guardrail.%' order by at", room.tenant
    )
    assert [tuple(line) for line in lines] == [("guardrail.added", True), ("guardrail.ended", True)]


async def test_a_rule_is_neither_a_word_nor_an_essay_nor_the_hundredth(boss: Person, desk: Desk) -> None:
    for text in ("Be good", "word " * 100, ""):
        answer = await boss.post(f"{HERE}/rules", rule=text)
        assert answer.status == 422
        assert "A rule has 10 to 400 characters" in await answer.text()
    for number in range(MOST - 1):
        assert (await boss.post(f"{HERE}/rules", rule=f"Rule number {number}.")).status == 303
    answer = await boss.post(f"{HERE}/rules", rule="One more than that.")
    assert (answer.status, "rules in force" in await answer.text()) == (422, True)


async def test_an_editor_reads_the_rules_and_changes_none(editor: Person, room: Newsroom) -> None:
    assert "Say whose figure it is." in await editor.text(HERE)
    assert (await editor.post(f"{HERE}/rules", rule="A rule by an editor.")).status == 403
    assert (await editor.post(f"{HERE}/rules/{room.rule}/end")).status == 403


async def test_a_rule_names_no_draft_of_another_tenant(stranger: Person, room: Newsroom, owner: Owner) -> None:
    for draft in (str(room.drafts["held"]), str(uuid4()), "nonsense"):
        answer = await stranger.post("/t/other/quality/rules", rule=f"Never say {draft[:8]}.", draft=draft)
        assert answer.status == 303
    assert await owner.fetchval("select count(*) from guardrails where draft_id is null") == 3
    text = await stranger.text("/t/other/quality")
    assert "Say whose figure it is." not in text
    assert (await stranger.post(f"/t/other/quality/rules/{room.rule}/end")).status == 404


async def test_rules_for_everybody_are_made_and_ended_by_who_runs_the_desk(
    admin: Person, boss: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    here = "/platform/quality"
    assert "Say whose figure it is." not in await admin.text(here), "a tenant's rules are its own"
    assert (await admin.post(f"{here}/rules", rule="Promise no rate.", industry="mortgages")).status == 303
    assert (await admin.post(f"{here}/rules", rule="Name every source.")).status == 303
    assert (await admin.post(f"{here}/rules", rule="short")).status == 422
    assert await standing(desk, room) == ("Say whose figure it is.", "Name every source.")
    assert "Promise no rate." in await standing(desk, room, "a broker of mortgages")
    text = await boss.text(HERE)
    assert "for all tenants, mortgages" in text
    rule = await owner.fetchval("select id from guardrails where text = 'Name every source.'")
    assert (await boss.post(f"{HERE}/rules/{rule}/end")).status == 404
    assert (await admin.post(f"{here}/rules/{room.rule}/end")).status == 404
    assert (await admin.post(f"{here}/rules/{rule}/end")).status == 303
    assert await standing(desk, room) == ("Say whose figure it is.",)


async def test_revision_is_switched_for_everybody_on_record_and_tenants_read_it(
    admin: Person, boss: Person, desk: Desk, owner: Owner
) -> None:
    async def on() -> bool:
        async with desk.sv.db.read(desk.room.tenant if desk.room else uuid4()) as tx:  # type: ignore[arg-type]
            return await switches.auto_revision(tx)

    assert await on()
    assert "Switch it off" in await admin.text("/platform/quality")
    answer = await admin.post("/platform/quality/revision")
    assert answer.headers["Location"] == "/platform/quality?said=revision_off"
    assert not await on()
    assert "nearly good drafts go to a person" in await boss.text(HERE)
    assert "Switch it on" in await admin.text("/platform/quality")
    await admin.post("/platform/quality/revision")
    await admin.post("/platform/quality/revision", wanted="1")
    assert await on()
    lines = await owner.fetch("select detail from audit where action = 'revision.switched' order by at, id")
    assert len(lines) == 2, "what changed nothing is no line"


async def test_a_gate_that_is_off_is_said_on_both_pages(desk: Desk, admin: Person, boss: Person) -> None:
    desk.server.app._state[SERVICES] = replace(desk.sv, gate5=False)
    assert "every draft is held, unread by any check" in await boss.text(HERE)
    assert "Every draft is held, and none is ever ready." in await admin.text("/platform/quality")


@pytest.mark.usefixtures("rounds")
async def test_lists_and_drafts_say_what_the_review_came_to(viewer: Person, room: Newsroom) -> None:
    text = await viewer.text("/t/acme/drafts")
    assert "needs a person" in text
    text = await viewer.text(f"/t/acme/drafts/{room.drafts['held']}")
    assert "held: a person has to look closely" in text
    assert "revised by the machine" in text
