"""Pages of what is watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cid.briefing.change import change
from cid.domain.dossier import Dossier
from cid.domain.ids import ChangeId, MatchId, MonitorId, RunId, uuid7
from cid.domain.monitor import StoredChange
from cid.store import monitors
from tests import analysis
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

NEW = {"outlet": "Harbour Wire", "country": "Moldova", "every_hours": "6", "threshold": "40", "tlp": "green"}


async def watched(desk: Desk, room: Newsroom, count: int) -> list[MonitorId]:
    """Each with five runs and the change of the last."""
    ids = []
    made = analysis.dossiers(room.now, room.tenant)
    async with desk.sv.db.tx(room.tenant) as tx:
        for number in range(count):
            monitor = MonitorId(uuid7(room.now + timedelta(seconds=number)))
            await tx.execute(
                """insert into monitors (tenant_id, id, outlet, outlet_key, country, platform, period, items,
                     every_hours, threshold, active, next_at, tlp)
                   values ($1, $2, $3, $3, 'MD', 'news', 'w', 5, $4, $5, $6, $7, $8)""",
                *(room.tenant, monitor, f"Вестник {number}" if number % 5 == 2 else f"Courier of the North {number}"),
                *((6, 24, 72, 168)[number % 4], 10 if number % 3 == 0 else 90, number % 9 != 8),
                *(room.now + timedelta(hours=number + 1), ("amber", "green", "red")[number % 3]),
            )
            runs = [_run(made, monitor, n, number) for n in range(5)]
            for one in runs:
                await analysis.write(tx, one)
            found = change(runs[-2], runs[-1]) if number % 7 else change(None, runs[-1])
            await monitors.add_change(
                tx,
                StoredChange(
                    id=ChangeId(uuid4()),
                    monitor_id=monitor,
                    run_id=runs[-1].run.id,
                    before_run_id=runs[-2].run.id if number % 7 else None,
                    change=found,
                    made_at=room.now,
                ),
            )
            ids.append(monitor)
    return ids


def _run(made: dict[str, Dossier], monitor: MonitorId, n: int, number: int) -> Dossier:
    one = made["completed" if n % 2 == 0 else "before"]
    at = one.run.created_at - timedelta(hours=10 * (5 - n))
    if n % 2:
        at = made["completed"].run.created_at - timedelta(hours=10 * (5 - n))
    card = analysis.scorecard(lost=(n * 7 + number * 5) % 45)
    assert one.scorecard
    run = replace(one.run, id=RunId(uuid7(at)), monitor_id=monitor, created_at=at, score=card.total, rating=card.shown)
    matches = tuple(replace(match, id=MatchId(uuid4()), run_id=run.id) for match in one.matches)
    return replace(one, run=run, matches=matches, scorecard=replace(one.scorecard, card=card), feedback=())


@pytest.fixture
async def many(desk: Desk, room: Newsroom) -> list[MonitorId]:
    return await watched(desk, room, 25)


async def test_twenty_five_monitors_stand_on_one_page(viewer: Person, many: list[MonitorId]) -> None:
    text = await viewer.text("/t/acme/monitors")
    assert all(f"/t/acme/monitors/{one}" in text for one in many)
    for expected in ("every 6 hours", "every day", "every 3 days", "every week", "<polyline", "nothing to compare"):
        assert expected in text
    assert "New monitor" not in text, "a viewer is not led to a form that is refused"


async def test_a_monitors_page_says_what_changed_and_why_it_counts_so_much(
    viewer: Person, many: list[MonitorId]
) -> None:
    text = await viewer.text(f"/t/acme/monitors/{many[1]}")
    for expected in ("What changed", "of 100", "The wording is", "Side by side", "of 70; shown as"):
        assert expected in text
    assert "Switch it off" not in text
    assert "This is the first run" in await viewer.text(f"/t/acme/monitors/{many[0]}")


async def test_a_monitor_is_added_changed_and_switched_off(editor: Person, owner: Owner) -> None:
    await owner.execute("update tenants set desks = '{analysis}'")
    answer = await editor.post("/t/acme/monitors/new", **NEW)
    address = answer.headers["Location"].partition("?")[0]
    assert "every 6 hours" in await editor.text(address)
    assert (await editor.post(address, **{**NEW, "every_hours": "48"})).status == 303
    assert "every 2 days" in await editor.text(address)
    assert (await editor.post(f"{address}/switch")).status == 303
    assert "Switch it on" in await editor.text(address)
    row = await owner.fetchrow("select * from monitors where outlet = 'Harbour Wire'")
    assert row
    assert (row["country"], row["every_hours"], row["active"], row["tlp"]) == ("MD", 48, False, "green")


async def test_what_cannot_be_watched_comes_back_as_it_was_typed(editor: Person, room: Newsroom) -> None:
    answer = await editor.post("/t/acme/monitors/new", **{**NEW, "every_hours": "0"})
    text = await answer.text()
    assert answer.status == 422
    assert "a whole number from 1 to 2160" in text
    assert "Harbour Wire" in text
    answer = await editor.post(f"/t/acme/monitors/{room.monitor}", **{**NEW, "threshold": "many"})
    assert (answer.status, "0 to 100" in await answer.text()) == (422, True)


async def test_a_page_without_monitors_says_what_they_are_for(viewer: Person, owner: Owner) -> None:
    await owner.execute("delete from monitors")
    assert "Nothing is watched yet" in await viewer.text("/t/acme/monitors")
