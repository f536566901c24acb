"""Sources that failed, on the page and from the command line: what is told, and what is done about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from cid.cli import frame, main
from cid.services import Services
from tests.newsroom import RESTING, Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Type `cid sources …` for acme; what it wants is done on the test's own connections."""

    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(desk.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        code = await asyncio.to_thread(frame.run, main, ["sources", *args, "--tenant", "acme"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def source_of(owner: Owner, room: Newsroom) -> str:
    """Where the subscription with trust 0.55 leads."""
    return str(
        await owner.fetchval(
            """select s.url from subscriptions u join sources s on s.id = u.source_id
               where u.tenant_id = $1 and u.trust = 0.55 and u.active""",
            room.tenant,
        )
    )


async def test_a_quarantined_source_says_since_when_why_until_when_and_what_was_tried(boss: Person) -> None:
    text = await boss.text("/t/acme/sources")
    part = text[text.index("Needs attention") : text.index("Add a source")]
    for said in (
        RESTING,
        "(9 h ago)",
        "2 quarantines in a row",
        "There is nothing at this address (404).",
        "It failed 4 times in a row.",
        "(in 9 h)",
        "2 replacements were found and tested",
        "www.dockside.test/v2/atom.xml",
        "same site",
        "another publisher",
        "24 entries",
        "2 addresses were tried and will not do",
        "Its newest entry is of 2024-01-02.",
    ):
        assert said in part, said
    only = await boss.text("/t/acme/sources?word=quarantined")
    assert "Harbour Gazette" not in only


async def test_a_viewer_reads_what_is_wrong_and_is_offered_nothing(viewer: Person) -> None:
    text = await viewer.text("/t/acme/sources")
    assert "Needs attention" in text
    for offered in ("Take it", "Reject", "Try it again now", "replace itself", "replace themselves"):
        assert offered not in text


async def test_a_stranger_sees_nothing_of_it(stranger: Person) -> None:
    text = await stranger.text("/t/other/sources")
    assert "Needs attention" not in text
    assert "dockside" not in text


async def test_an_owner_takes_a_replacement(boss: Person, room: Newsroom, owner: Owner) -> None:
    path = f"/t/acme/proposals/{room.proposals['site']}/take"
    answer = await boss.post(path)
    assert answer.status == 303
    text = await boss.text(answer.headers["Location"])
    assert "Replaced." in text
    assert "Needs attention" not in text
    assert await source_of(owner, room) == "https://www.dockside.test/v2/atom.xml"
    assert await owner.fetchval("select state from sources where title = $1", RESTING) == "retired"
    states = {row["tier"]: row["state"] for row in await owner.fetch("select tier, state from proposals")}
    assert states == {"site": "taken", "news": "expired"}
    line = "select detail ->> 'tier' from audit where action = 'source.replaced' and user_id is not null"
    assert await owner.fetchval(line) == "site"
    assert (await boss.post(path)).status == 409


async def test_an_owner_rejects_one_and_the_other_stays(boss: Person, room: Newsroom, owner: Owner) -> None:
    answer = await boss.post(f"/t/acme/proposals/{room.proposals['news']}/reject")
    assert "Rejected." in await boss.text(answer.headers["Location"])
    assert "A replacement was found and tested" in await boss.text("/t/acme/sources")
    assert await owner.fetchval("select state from proposals where id = $1", room.proposals["news"]) == "rejected"


async def test_an_owner_restores_it(boss: Person, room: Newsroom, owner: Owner) -> None:
    path = f"/t/acme/sources/{room.sources[RESTING]}/restore"
    answer = await boss.post(path)
    assert "It is polled again now." in await boss.text(answer.headers["Location"])
    assert await owner.fetchval("select state from sources where title = $1", RESTING) == "active"
    assert await owner.fetchval("select count(*) from jobs where kind = 'poll'") == 1
    assert (await boss.post(path)).status == 409


async def test_an_owner_lets_sources_replace_themselves(boss: Person, room: Newsroom, owner: Owner) -> None:
    one = f"/t/acme/sources/{room.sources[RESTING]}/replace-itself"
    for wanted, said in (({"wanted": "1"}, "is taken as soon as one is found"), ({}, "you are asked before it")):
        answer = await boss.post(one, **wanted)
        assert said in await boss.text(answer.headers["Location"])
    assert await owner.fetchval("select count(*) from jobs where kind = 'heal'") == 1
    answer = await boss.post("/t/acme/sources/replace-themselves", wanted="1")
    assert "Ask before replacing" in await boss.text(answer.headers["Location"])
    assert await owner.fetchval("select array_agg(slug) from tenants where replace_sources") == ["acme"]


async def test_the_same_is_done_from_the_command_line(run: Run, room: Newsroom, owner: Owner) -> None:
    code, out, _ = await run("proposals", "--json")
    assert code == 0
    (row,) = json.loads(out)
    assert [one["tier"] for one in row["proposals"]] == ["site", "news"]
    shown = (await run("proposals"))[1]
    assert "next try" in shown
    assert str(room.proposals["site"]) in shown
    assert (await run("replace", "www.dockside.test/news/feed", "--itself"))[1].startswith("Replacements are taken")
    assert (await run("reject", str(room.proposals["news"])))[0] == 0
    assert (await run("restore", "https://www.dockside.test/news/feed"))[1] == "It is polled again now.\n"
    code, _, err = await run("restore", str(room.sources[RESTING]))
    assert (code != 0, "not quarantined" in err) == (True, True)
    code, _, err = await run("restore", "https://nowhere.test/feed")
    assert (code != 0, "no source at this address" in err) == (True, True)
    assert "takes over" in (await run("take", str(room.proposals["site"])))[1]
    assert await source_of(owner, room) == "https://www.dockside.test/v2/atom.xml"
    assert (await run("proposals"))[1].startswith("No source rests")
