"""`cid runs` and `cid batch`, as they are typed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.cli import frame, main
from cid.domain.news import Polled, PollOutcome
from cid.domain.run import RunState
from cid.services import Services
from tests import running
from tests.fakes import FrozenClock
from tests.running import OUTLET, RunDesk

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> RunDesk:
    return await running.desk(db, platform, owner, FrozenClock(datetime.now(UTC)))


@pytest.fixture
def run(desk: RunDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Type a command; what it wants of the desk is done on the test's own connections."""

    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(desk.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        code = await asyncio.to_thread(frame.run, main, list(args))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def email(desk: RunDesk) -> str:
    return str(await desk.owner.fetchval("select email from users where id = $1", desk.actor.user.id))


async def started(run: Run, desk: RunDesk, *more: str) -> str:
    args = ("--country", "Norway", "--items", "3", "--source", "google_news", "--as", await email(desk))
    code, out, err = await run("runs", "start", OUTLET, *args, "--json", *more)
    assert code == 0, err
    return str(json.loads(out)["run"])


async def test_a_run_is_started_done_and_shown(run: Run, desk: RunDesk) -> None:
    id_ = await started(run, desk, "--tlp", "green")
    await desk.work()
    code, out, _err = await run("runs", "show", id_)
    assert code == 0
    for part in ("TLP:GREEN", "completed", "finding 1  [low]", "asked      google_news new: 3 of 3", "of 70"):
        assert part in out, part
    told = json.loads((await run("runs", "show", id_, "--json"))[1])
    assert (told["run"]["state"], len(told["items"])) == ("completed", 3)
    assert told["briefing"]["briefing"]["executive_summary"]


async def test_a_reply_that_is_shown_gives_a_terminal_no_orders(run: Run, desk: RunDesk) -> None:
    desk.model.says = ["gone\x1b[2J\u202e away"] * 2
    id_ = await started(run, desk)
    await desk.work()
    _code, out, _err = await run("runs", "show", id_)
    assert "gone[2J away" in out
    told = json.loads((await run("runs", "show", id_, "--json"))[1])
    assert told["briefing"]["raw"] == "gone\x1b[2J\u202e away"


@pytest.mark.parametrize(
    ("polled", "says", "code", "state"),
    [
        (None, [], 0, RunState.COMPLETED),
        (None, ["no JSON", "no JSON"], 3, RunState.PARTIAL),
        (Polled(outcome=PollOutcome.EMPTY), [], 1, RunState.FAILED),
    ],
)
async def test_whoever_follows_a_run_sees_each_step_and_its_end_in_the_exit_code(
    run: Run, desk: RunDesk, polled: Polled | None, says: list[Any], code: int, state: RunState
) -> None:
    desk.model.says = says
    desk.reader.polled = polled or desk.reader.polled
    id_ = await started(run, desk)
    following = asyncio.ensure_future(run("runs", "show", id_, "--follow"))
    await desk.work()
    ended, out, err = await following
    assert (ended, err) == (code, "")
    steps = [line.split()[1] for line in out.splitlines() if re.match(r"\d\d:\d\d:\d\d  ", line)]
    assert steps[0] == "queued"
    assert steps[-1] == state
    told = (await run("runs", "show", id_, "--follow", "--json"))[1]
    lines = [json.loads(line) for line in told.splitlines()]
    assert [line["state"] for line in lines] == [*steps, state], "the run itself comes last"


async def test_runs_are_listed_by_what_they_are(run: Run, desk: RunDesk) -> None:
    id_ = await started(run, desk)
    other = await started(run, desk, "--url", "https://courier.example")
    await run("runs", "cancel", other, "--as", await email(desk))
    listed = [row["id"] for row in json.loads((await run("runs", "list", "--json"))[1])]
    assert listed == [other, id_]
    for args, expected in (
        (("--state", "failed"), [other]),
        (("--state", "queued", "--state", "failed"), [other, id_]),
        (("--platform", "x"), []),
        (("--outlet", "HARBOUR"), [other, id_]),
        (("--outlet", "%"), []),
    ):
        rows = json.loads((await run("runs", "list", "--json", *args))[1])
        assert [row["id"] for row in rows] == expected, args
    assert "failed(cancelled)" in (await run("runs", "list"))[1]
    assert "No such runs." in (await run("runs", "list", "--platform", "telegram"))[1]


async def test_a_run_is_cancelled_once_and_shared_otherwise(run: Run, desk: RunDesk) -> None:
    id_, who = await started(run, desk), await email(desk)
    assert (await run("runs", "share", id_, "red", "--as", who))[1] == "TLP:RED\n"
    assert (await run("runs", "cancel", id_, "--as", who))[:2] == (0, "Cancelled.\n")
    code, _out, err = await run("runs", "cancel", id_, "--as", who)
    assert code == 1
    assert "cannot be cancelled any more" in err


async def test_what_is_wrong_is_one_sentence(run: Run, desk: RunDesk) -> None:
    who = await email(desk)
    for args, said in (
        (("runs", "start", "  ", "--as", who), "outlet"),
        (("runs", "start", OUTLET, "--country", "Atlantis", "--as", who), "Atlantis"),
        (("runs", "start", OUTLET, "--as", "nobody@acme.test"), "There is no member nobody@acme.test"),
        (("runs", "show", str(uuid4())), "There is no run"),
        (("runs", "show", str(uuid4()), "--follow"), "There is no run"),
        (("runs", "cancel", str(uuid4()), "--as", who), "There is no such run"),
        (("batch", "show", str(uuid4())), "There is no batch"),
    ):
        code, out, err = await run(*args)
        assert (code, out) == (1, ""), args
        assert said in err
        assert len(err.splitlines()) == 1


TOML = """
[[outlet]]
outlet = "Первый канал"
country = "Russia"
items = 3
sources = ["google_news"]

[[outlet]]
outlet = 'The "Second"'
country = "NO"
items = "3"
sources = ["google_news", "gdelt"]
substitute = true
"""
CSV = (
    "\ufeffoutlet;country;items;sources;substitute\r\n"
    "Первый канал;Russia;3;google_news;\r\n"
    '"The ""Second""";NO;3;google_news gdelt;yes\r\n'
)


@pytest.mark.parametrize(("name", "text"), [("b.toml", TOML), ("b.csv", CSV), ("c.csv", CSV.replace(";", ","))])
async def test_a_batch_is_read_from_a_file_and_shown_as_far_as_it_is(
    run: Run, desk: RunDesk, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    who = await email(desk)
    code, out, err = await run("batch", "start", "Two", str(tmp_path / name), "--as", who, "--json")
    assert (code, err) == (0, "")
    id_ = json.loads(out)["batch"]
    await desk.work()
    told = json.loads((await run("batch", "show", id_, "--json"))[1])
    assert (told["state"], told["target_count"], told["completed_count"], told["failed_count"]) == (
        "completed",
        2,
        2,
        0,
    )
    assert [row["outlet"] for row in told["runs"]] == ["Первый канал", 'The "Second"']
    assert [(row["items"], row["substitute"], row["country"]) for row in told["runs"]] == [
        (3, False, "RU"),
        (3, True, "NO"),
    ]
    assert told["report_ids"] == [row["id"] for row in told["runs"]]
    assert "Two: completed, 2 completed, 0 failed of 2" in (await run("batch", "show", id_))[1]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("b.toml", "[[outlet]]\noutlet = 1 2", "not valid TOML"),
        ("b.toml", "outlet = 3", "tables [[outlet]]"),
        ("b.toml", "outlet = [3]", "outlet 1: a table"),
        ("b.toml", "[[outlet]]\noutlet = 'A'\ncolour = 'red'", "there is no 'colour'"),
        ("b.csv", "outlet,country\nA,NO,more\n", "line 2: it has another number of columns"),
        ("b.csv", "name\nA\n", "there is no 'name'"),
        ("b.csv", "outlet\n", "these are 0"),
        ("b.csv", "outlet,country\nA,NO\nB,Nowhere\n", "Outlet 2 of 2"),
        ("b.csv", b"outlet\n\xff\xfe\n", "no text in UTF-8"),
        ("b.csv", "outlet\n" + "A\n" * 600_000, "at most"),
    ],
)
async def test_a_file_that_is_wrong_starts_nothing_and_says_where(
    run: Run, desk: RunDesk, tmp_path: Path, name: str, text: str | bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, err = await run("batch", "start", "Two", str(tmp_path / name), "--as", await email(desk))
    assert (code, out) == (1, "")
    assert said in err
    assert await desk.owner.fetchval("select count(*) from run_batches") == 0
