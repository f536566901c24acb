"""`cid jobs`, as it is typed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from cid.cli import frame, main
from cid.services import Services
from tests import make, sql_page

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def run(
    db: AppDb, platform: WorkerDb, owner: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Type a command on the queue of docs/sql.md; what it wants is done on the test's own connections."""
    await sql_page.seed(owner)
    sv = make.services(db, platform)

    async def typed(*args: str, stdin: str = "") -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = await asyncio.to_thread(frame.run, main, ["jobs", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def listed(run: Run, *args: str) -> list[int]:
    _code, out, err = await run("list", "--json", *args)
    assert err == ""
    return [job["id"] for job in json.loads(out)]


async def test_jobs_are_listed_by_state_kind_tenant_and_key(run: Run) -> None:
    assert await listed(run, "--state", "scheduled") == [109, 110, 115]
    assert await listed(run, "--kind", "rules", "--kind", "poll") == [101, 102, 103, 104, 105]
    assert await listed(run, "--kind", "rules", "--tenant", "acme") == [101, 102]
    assert await listed(run, "--key", "site") == [110, 111]
    assert await listed(run, "--state", "dead", "--key", "site") == [93]
    assert await listed(run, "--after", "112", "--limit", "1") == [113]
    out = (await run("list", "--key", "ports", "--state", "scheduled"))[1]
    assert out.split("  ")[-1] == "Upstream: 529\n"
    assert "borden ports" in out


async def test_a_job_is_shown_wherever_it_is(run: Run) -> None:
    shown = json.loads((await run("show", "112", "--json"))[1])
    assert {name: shown[name] for name in ("state", "tenant", "key", "host", "pid")} == {
        "state": "running",
        "tenant": "acme",
        "key": "ports",
        "host": "desk-1",
        "pid": 4711,
    }
    assert json.loads((await run("show", "92", "--json"))[1])["error"].startswith("BadReply")
    assert json.loads((await run("show", "50", "--json"))[1])["state"] == "done"
    assert (await run("show", "7"))[0] == 1


async def test_dead_jobs_come_back_by_number_unless_a_waiting_job_does_their_work(run: Run, owner: Any) -> None:
    code, out, err = await run("retry", "91", "92", "93", "7")
    assert (code, out) == (1, "2 jobs came back with all tries; 1 job stayed, because a waiting job does the work.\n")
    assert err == "cid: There is no dead job 7.\n"
    assert await listed(run, "--state", "dead") == [91, 94]
    assert await owner.fetchval("select min(attempt) from jobs where id in (92, 93)") == 0
    assert await owner.fetchval("select count(*) from audit where action = 'job.retry'") == 2


@pytest.mark.parametrize(
    ("filters", "back", "stayed"),
    [
        (["--kind", "draft"], [92, 94], 1),
        (["--kind", "draft", "--kind", "publish", "--since", "1h"], [93], 0),
        (["--tenant", "borden"], [93, 94], 0),
        (["--reason", "upstream", "--since", "1d"], [93], 0),
        (["--all"], [92, 93, 94], 1),
    ],
)
async def test_dead_jobs_come_back_by_filter(run: Run, filters: list[str], back: list[int], stayed: int) -> None:
    code, out, _err = await run("retry", *filters, "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"back": len(back), "stayed": stayed})
    assert await listed(run, "--state", "dead") == sorted({91, 92, 93, 94} - set(back))


async def test_before_more_than_one_comes_back_a_person_is_asked(run: Run) -> None:
    code, out, err = await run("retry", "--kind", "draft", stdin="n\n")
    assert (code, out) == (130, "")
    assert "3 dead jobs get all their tries again. Go on?" in err
    assert (await run("retry", "--kind", "draft"))[0] == 130, "nobody is there to ask"
    assert len(await listed(run, "--state", "dead")) == 4
    assert (await run("retry", "--kind", "publish"))[:2] == (0, "1 job came back with all tries.\n")
    assert "2 jobs came back" in (await run("retry", "--kind", "draft", stdin="y\n"))[1]


async def test_jobs_are_cancelled_by_number_or_all_that_wait_of_a_kind(run: Run, owner: Any) -> None:
    code, out, err = await run("cancel", "101", "111", "7")
    assert (code, out) == (1, "1 job cancelled; 1 job that ran asked to end.\n")
    assert err == "cid: There is no job 7 that waits or runs.\n"
    assert (await run("cancel", "--kind", "relate", "--tenant", "acme"))[1] == "0 jobs cancelled.\n"
    assert (await run("cancel", "--kind", "poll", "--key", "news.test", stdin="n\n"))[0] == 130
    assert json.loads((await run("cancel", "--kind", "poll", "--key", "news.test", "--yes", "--json"))[1]) == {
        "cancelled": 2,
        "asked": 0,
    }
    assert await listed(run) == [102, 103, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115]
    ended = await owner.fetch("select id from jobs_done where outcome = 'cancelled' and id > 100 order by id")
    assert [row["id"] for row in ended] == [101, 104, 105]


async def test_a_kind_is_paused_for_everybody_or_for_one_tenant(run: Run, owner: Any) -> None:
    assert (await run("pause", "rules", "--tenant", "borden"))[1] == "rules is paused.\n"
    assert (await run("pause", "rules", "--tenant", "borden"))[1] == "rules was already paused.\n"
    assert (await run("pause", "*"))[1] == "* is paused.\n"
    assert (await run("resume", "draft"))[1] == "draft was not paused.\n"
    assert (await run("resume", "draft", "--tenant", "acme"))[1] == "draft goes on.\n"
    kinds = await owner.fetch("select kind, tenant from inspect.paused order by kind")
    assert [tuple(row) for row in kinds] == [("*", None), ("rules", "borden"), ("wake", None)]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["retry"], 2, "--all"),
        (["retry", "91", "--kind", "draft"], 2, "--all"),
        (["retry", "--since", "yesterday"], 2, "no duration"),
        (["cancel"], 2, "--kind"),
        (["cancel", "--tenant", "acme"], 2, "--kind"),
        (["list", "--tenant", "nobody"], 1, "There is no tenant nobody"),
        (["retry", "--tenant", "nobody"], 1, "There is no tenant nobody"),
        (["cancel", "--kind", "rules", "--tenant", "nobody"], 1, "There is no tenant nobody"),
    ],
)
async def test_what_is_wrong_with_a_command_is_one_sentence(run: Run, args: list[str], code: int, said: str) -> None:
    done, out, err = await run(*args)
    assert (done, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
