"""The pages of the analysis desk."""

from __future__ import annotations

import pytest

from cid.domain.ids import RunId
from cid.domain.tenants import Desk as DeskKind
from cid.store import tenants
from tests import analysis
from tests.analysis import Runs
from tests.web.conftest import Desk, Person


@pytest.fixture
async def runs(desk: Desk) -> Runs:
    assert desk.room
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, desk.room.tenant, [DeskKind.PUBLISHING, DeskKind.ANALYSIS])
    return await analysis.furnish(desk.sv, desk.room.tenant, by=desk.room.people["analyst@acme.test"])


def at(run: RunId) -> str:
    return f"/t/acme/runs/{run}"


@pytest.mark.parametrize("path", ["/t/acme/runs", "/t/acme/runs/new"])
async def test_a(runs: Runs, boss: Person, path: str) -> None:
    print(await boss.text(path))


async def test_b(runs: Runs, boss: Person) -> None:
    for name, run in runs.ids.items():
        text = await boss.text(at(run))
        print(name, len(text))
    await boss.text(at(runs.ids["completed"]) + "/compare")
    await boss.text(f"/t/acme/batches/{runs.batch}")
