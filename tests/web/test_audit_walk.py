"""Whatever a person changes in a tenant is in its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cid.domain.tenants import Permission
from cid.web.routes import ROUTES, Route
from tests.newsroom import Newsroom
from tests.web.conftest import Desk
from tests.web.test_strangers import address, ask, may

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

CHANGES = [route for route in ROUTES if route.method == "POST" and isinstance(route.permission, Permission)]
SILENT = {
    "item_rehearse": "changes nothing: its calls are in the ledger",
    "source_test": "changes nothing: it looks",
    "publish_again": "asks for another try of what was decided, which is on record",
}
"""By the name of the route why it leaves no line."""
OWN_LOG = {
    "tracker_decide": "entry_decisions",
    "entry_decide": "entry_decisions",
}
"""Decisions that are a log of their own, never changed or deleted."""


@pytest.mark.parametrize("route", [one for one in CHANGES if one.name not in SILENT], ids=lambda one: one.name)
async def test_a_change_leaves_a_line_in_the_log_of_its_tenant(
    route: Route, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    """A form that was refused in this newsroom changed nothing and is not told; what it wants is tried elsewhere."""
    table = OWN_LOG.get(route.name, "audit")

    async def lines() -> int:
        count: int = await owner.fetchval(f"select count(*) from {table} where tenant_id = $1", room.tenant)
        return count

    async with desk.person(may(route)) as person:
        before = await lines()
        answer = await ask(person, route, address(route, room, "acme"))
        changed = answer.status in {200, 303} and "said=same" not in answer.headers.get("Location", "")
        if changed:
            assert await lines() > before, route.name


def test_exemptions_name_routes_that_there_are() -> None:
    assert {*SILENT, *OWN_LOG} <= {route.name for route in CHANGES}
