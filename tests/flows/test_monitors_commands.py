"""`cid monitors`, as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.flows.test_runs_commands import desk, email, run

if TYPE_CHECKING:
    from tests.flows.test_runs_commands import Run
    from tests.running import RunDesk

__all__ = ["desk", "run"]


async def added(run: Run, desk: RunDesk, *more: str) -> str:
    args = ("Harbour Wire", "--country", "Norway", "--source", "google_news", "--as", await email(desk))
    code, out, err = await run("monitors", "add", *args, "--json", *more)
    assert code == 0, err
    return str(json.loads(out)["monitor"])


async def listed(run: Run) -> list[dict[str, object]]:
    code, out, err = await run("monitors", "list", "--json")
    assert code == 0, err
    rows: list[dict[str, object]] = json.loads(out)
    return rows


async def test_a_monitor_is_added_and_what_is_not_said_stays_as_it_is_when_it_is_changed(
    run: Run, desk: RunDesk
) -> None:
    made = await added(run, desk, "--every-hours", "6", "--tlp", "green", "--substitute")
    who = await email(desk)
    code, _out, err = await run("monitors", "change", made, "--threshold", "70", "--as", who)
    assert code == 0, err
    [row] = await listed(run)
    shown = {name: row[name] for name in ("id", "country", "every_hours", "threshold", "tlp", "substitute", "sources")}
    assert shown == {
        "id": made,
        "country": "NO",
        "every_hours": 6,
        "threshold": 70,
        "tlp": "green",
        "substitute": True,
        "sources": ["google_news"],
    }


async def test_a_monitor_is_switched_off_and_on_again(run: Run, desk: RunDesk) -> None:
    made, who = await added(run, desk), await email(desk)
    for word, active in (("off", False), ("on", True)):
        code, out, err = await run("monitors", word, made, "--as", who)
        assert (code, out.strip()) == (0, f"{word.capitalize()}."), err
        assert [row["active"] for row in await listed(run)] == [active]
    _code, out, _err = await run("monitors", "list")
    assert "Harbour Wire" in out
    assert "TLP:AMBER" in out


async def test_what_cannot_be_watched_is_refused_with_a_sentence(run: Run, desk: RunDesk) -> None:
    who = await email(desk)
    code, _out, err = await run("monitors", "add", "Harbour Wire", "--country", "NO", "--every-hours", "0", "--as", who)
    assert code != 0
    assert "a whole number from 1" in err
    code, _out, err = await run("monitors", "off", str(uuid4()), "--as", who)
    assert code != 0
    assert "no such monitor" in err
    assert await listed(run) == []
