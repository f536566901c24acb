"""`cid drafts waiting` and `cid drafts now`, as they are typed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.cli import frame, main
from cid.services import Services
from tests.newsroom import Newsroom
from tests.web.conftest import Desk

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Type a command; what it wants of the desk is done on the test's own connections."""

    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(desk.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        code = await asyncio.to_thread(frame.run, main, ["drafts", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def test_what_waits_for_a_place_is_listed_and_drafted_on_a_persons_word(
    run: Run, room: Newsroom, owner: Owner
) -> None:
    screening = room.screenings["waiting"]
    assert "No story waits for a place." in (await run("waiting", "--tenant", "acme"))[1]
    await owner.execute(
        "update screenings set stage = 'draft', waiting_for = 'plan', urgent = true, score = 88 where id = $1",
        screening,
    )
    code, out, _err = await run("waiting", "--tenant", "acme")
    assert (code, out.splitlines()[0]) == (0, "0 of 5 drafts are taken today and 0 of 25 this week (UTC).")
    assert out.splitlines()[1].startswith(f"{screening}     88  urgent  let go ")
    told = json.loads((await run("waiting", "--tenant", "acme", "--json"))[1])
    assert told["plan"] == {"day_taken": 0, "week_taken": 0, "per_day": 5, "per_week": 25}
    (row,) = told["waiting"]
    assert (row["id"], row["score"], row["urgent"]) == (str(screening), 88, True)
    assert datetime.fromisoformat(row["stale_at"]) > datetime.fromisoformat(row["opened_at"])
    assert json.loads((await run("waiting", "--tenant", "other", "--json"))[1])["waiting"] == []

    for args, said in (
        ((str(screening), "--as", "viewer@acme.test", "--tenant", "acme"), "Only an owner or an editor"),
        ((str(screening), "--as", "nobody@acme.test", "--tenant", "acme"), "There is no member nobody@acme.test"),
        ((str(uuid4()), "--as", "editor@acme.test", "--tenant", "acme"), "There is no such story."),
    ):
        code, out, err = await run("now", *args)
        assert (code, out) == (1, ""), args
        assert said in err
    ask = ("now", str(screening), "--as", "editor@acme.test", "--tenant", "acme")
    code, out, _err = await run(*ask, "--json")
    assert (code, json.loads(out)) == (0, {"drafting": str(screening)})
    assert await owner.fetchval("select payload ->> 'screening' from jobs where kind = 'draft'") == str(screening)
    assert "does not wait for a place in the plan any more" in (await run(*ask))[2]
