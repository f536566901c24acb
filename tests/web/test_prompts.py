"""The pages about versions of prompts, for those who run the desk, and about trials, for the tenant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

V2 = "/platform/prompts/relevance/versions/v2"


async def test_each_version_stands_with_its_figures_and_which_is_live(
    admin: Person, room: Newsroom, desk: Desk, owner: Owner
) -> None:
    live = desk.sv.prompts["relevance"].sha256
    await owner.execute("update calls set prompt_hash = $1 where id = $2", live, room.calls["cheap"])
    text = await admin.text("/platform/prompts")
    for part in ("Relevance", "relevance v2", "candidate", "live", "$0.0021", "Nobody did yet", live.hex()[:12]):
        assert part in text, part
    assert "Back to the newest" not in text
    assert "of the last 7 days" in text
    assert "of the last 30 days" in await admin.text("/platform/prompts?days=30")


async def test_a_version_shows_its_file_and_what_changed(admin: Person) -> None:
    text = await admin.text(V2)
    assert "What it says otherwise than v1" in text
    assert re.search("<ins[^>]*>[^<]*STRICT", text)
    assert "{{profile}}" in text
    assert "Make v2 live for all tenants" in text
    assert "Make v1 live" not in await admin.text("/platform/prompts/relevance/versions/v1")
    for path in ("relevance/versions/v9", "nothing/versions/v1"):
        assert (await admin.get(f"/platform/prompts/{path}")).status == 404


async def test_a_version_is_made_live_and_taken_back_each_on_record(admin: Person, owner: Owner) -> None:
    answer = await admin.post("/platform/prompts/live", name="relevance", version="v2", was="v1")
    assert (answer.status, answer.headers["Location"]) == (303, "/platform/prompts?said=prompt_live")
    text = await admin.text("/platform/prompts")
    assert "live, pinned" in text
    assert "relevance v1 → v2" in text
    assert (await admin.post("/platform/prompts/live", name="relevance", version="v2", was="v1")).status == 409
    answer = await admin.post("/platform/prompts/back", name="relevance", was="v2")
    assert answer.status == 303
    lines = await owner.fetch(
        """select a.action, a.target, u.admin from audit a join users u on u.id = a.user_id
           where a.action like 'prompt.%' order by a.at"""
    )
    assert [tuple(line) for line in lines] == [
        ("prompt.pinned", "relevance", True),
        ("prompt.unpinned", "relevance", True),
    ]


async def test_a_trial_is_begun_as_a_job_shown_as_sums_and_stopped(admin: Person, room: Newsroom, owner: Owner) -> None:
    answer = await admin.post("/platform/prompts/try", name="relevance", version="v2", tenant="acme", last="5")
    assert answer.headers["Location"] == f"{V2}?said=trial_started"
    assert await owner.fetchval("select count(*) from jobs where kind = 'try' and tenant_id = $1", room.tenant) == 1
    assert (await admin.post("/platform/prompts/try", name="relevance", version="v2", tenant="acme")).status == 409
    assert (await admin.post("/platform/prompts/try", name="relevance", version="v2", tenant="no")).status == 404
    text = await admin.text(V2)
    assert "0 of 1" in text
    assert "subject of cheap" not in text
    trial = await owner.fetchval("select id from trials where version = 'v2'")
    assert f"/t/acme/trials/{trial}" in text
    answer = await admin.post("/platform/prompts/stop", tenant="acme", trial=str(trial))
    assert answer.headers["Location"] == f"{V2}?said=trial_stopped"
    assert "stopped by a person" in await admin.text(V2)
    assert (await admin.post("/platform/prompts/stop", tenant="other", trial=str(trial))).status == 404


async def test_who_runs_the_desk_sees_sums_and_nothing_of_what_was_asked(admin: Person) -> None:
    text = await admin.text("/platform/prompts/relevance/versions/v1")
    assert "2 of 3" in text
    for secret in ("a story", "the vendor is down", "a third"):
        assert secret not in text


async def test_members_see_their_trials_side_by_side(viewer: Person, room: Newsroom) -> None:
    assert f'href="/t/acme/trials/{room.trial}"' in await viewer.text("/t/acme/trials")
    text = await viewer.text(f"/t/acme/trials/{room.trial}")
    for part in ("another verdict", "-48", "passed", "dropped", "the vendor is down", "Not asked yet", "1 of 1"):
        assert part in text, part
    assert (await viewer.get(f"/t/acme/trials/{uuid4()}")).status == 404


async def test_a_stranger_sees_no_trial_of_others(stranger: Person, room: Newsroom) -> None:
    assert isinstance(room.trial, UUID)
    assert "Nothing was tried here yet." in await stranger.text("/t/other/trials")
    assert (await stranger.get(f"/t/other/trials/{room.trial}")).status == 404
