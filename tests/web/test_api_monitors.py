"""Monitors for programs: added, listed, switched, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cid.domain.tenants import Desk as Desks
from cid.store import tenants
from tests.web.test_api import problem, program

if TYPE_CHECKING:
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk

PATH = "/api/v1/monitors"
WIRE = {"outlet": "Harbour Wire", "country": "Moldova", "every_hours": 6, "threshold": 70, "tlp": "green"}


@pytest.fixture(autouse=True)
async def on(desk: Desk, room: Newsroom) -> None:
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, room.tenant, list(Desks))


async def test_a_monitor_is_added_listed_and_switched_off_and_on(desk: Desk) -> None:
    async with program(desk, "owner") as boss:
        answer = await boss.post(PATH, WIRE)
        assert answer.status == 201, await answer.text()
        made = await answer.json()
        assert (made["country"], made["every_hours"], made["threshold"], made["tlp"]) == ("MD", 6, 70, "green")
        assert made in (await boss.json(PATH))["items"]
        assert await boss.json(f"{PATH}/{made['id']}") == made
        for active in (False, True):
            answer = await boss.post(f"{PATH}/{made['id']}/switch", {"active": active})
            said = await answer.json()
            assert (answer.status, said["active"], said["next_at"] is not None) == (200, active, active)


async def test_what_is_said_of_a_monitor_changes_and_the_rest_stays(desk: Desk) -> None:
    async with program(desk, "owner") as boss:
        made = await (await boss.post(PATH, {**WIRE, "sources": ["gdelt"], "substitute": False})).json()
        answer = await boss.post(f"{PATH}/{made['id']}/change", {"every_hours": 3, "tlp": "red", "items": None})
        assert answer.status == 200, await answer.text()
        said = await answer.json()
        moved = {name for name in made if made[name] != said[name]}
        assert {"every_hours", "tlp"} <= moved <= {"every_hours", "tlp", "next_at", "changed_at"}
        assert (said["every_hours"], said["tlp"], said["asked"]) == (3, "red", ["gdelt"])
        assert await boss.json(f"{PATH}/{made['id']}") == said


@pytest.mark.parametrize(
    ("body", "status"), [({"threshold": 101}, 422), ({"sources": ["nowhere"]}, 422), ({"outlet": "Other"}, 422)]
)
async def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    desk: Desk, room: Newsroom, body: dict[str, object], status: int
) -> None:
    async with program(desk, "owner") as boss:
        before = await boss.json(f"{PATH}/{room.monitor}")
        await problem(await boss.post(f"{PATH}/{room.monitor}/change", body), status)
        assert await boss.json(f"{PATH}/{room.monitor}") == before
    async with program(desk, "viewer") as theirs:
        await problem(await theirs.post(f"{PATH}/{room.monitor}/change", {"every_hours": 3}), 403)


async def test_what_cannot_be_watched_is_refused_and_who_only_reads_keeps_none(desk: Desk) -> None:
    async with program(desk, "owner") as boss:
        await problem(await boss.post(PATH, {**WIRE, "every_hours": 0}), 422)
        assert "Atlantis" in (await problem(await boss.post(PATH, {**WIRE, "country": "Atlantis"}), 422))["detail"]
    async with program(desk, "viewer") as theirs:
        await problem(await theirs.post(PATH, WIRE), 403)


async def test_a_monitor_of_another_tenant_is_not_there(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "stranger@other.test") as theirs:
        assert (await theirs.get(f"{PATH}/{room.monitor}")).status == 404
        assert (await theirs.post(f"{PATH}/{room.monitor}/switch", {"active": False})).status == 404
        assert (await theirs.post(f"{PATH}/{room.monitor}/change", {"every_hours": 3})).status == 404
        assert str(room.monitor) not in str(await theirs.json(PATH))
