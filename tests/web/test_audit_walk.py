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
SETTINGS = (
    "profiles",
    "policies",
    "members",
    "subscriptions",
    "proposals",
    "channels",
    "guardrails",
    "drafts",
    "publications",
    "model_terms",
    "trackers",
    "trials",
    "api_tokens",
    "mail_wishes",
    "calendar_feeds",
    "runs",
    "run_batches",
    "run_feedback",
    "match_verdicts",
    "monitors",
)
"""What of a tenant people change, beside the tenant itself."""
UNTOLD: dict[str, str] = {
    "channel_test": "looks at what is set and changes none of it; what was found is kept with its moment",
    "publish_again": "asks for another try of what was decided, which is on record",
}
"""By the name of the route why it leaves no line."""


async def standing(owner: Owner, room: Newsroom) -> list[str]:
    """All of it, but for when somebody was last here."""
    sums = [
        await owner.fetchval(
            f"""select md5(coalesce(string_agg(x, ' ' order by x), ''))
                from (select (to_jsonb(t) - 'seen_at')::text as x from {table} t
                      where {"id" if table == "tenants" else "tenant_id"} = $1) r""",
            room.tenant,
        )
        for table in ("tenants", *SETTINGS)
    ]
    return [str(one) for one in sums]


@pytest.mark.parametrize("route", [one for one in CHANGES if one.name not in UNTOLD], ids=lambda one: one.name)
async def test_whatever_a_form_changes_leaves_a_line_in_the_log_of_its_tenant(
    route: Route, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    """A form that finds everything as it wants it, or is refused, changes nothing and tells nothing."""
    async with desk.person(may(route)) as person:
        stood = await standing(owner, room)
        await (await ask(person, route, address(route, room, "acme"))).read()
        if await standing(owner, room) != stood:
            lines = await owner.fetchval("select count(*) from audit where tenant_id = $1", room.tenant)
            assert lines > 0, route.name


def test_exemptions_name_routes_that_there_are() -> None:
    assert set(UNTOLD) <= {route.name for route in CHANGES}
