"""Every route, asked for by somebody of another tenant, by somebody whose role is too small, and by nobody.

Nothing that is asked for here changes anything, which each case proves for itself by counting rows before and after: so
all share one furnished desk, and a case finds it as it would find a new one, in whatever order they come.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio
from aiohttp import ClientResponse

from cid.domain.tenants import GRANTS, Permission, Role
from cid.llm.prompts import Prompts
from cid.pg.embedded import APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.web.routes import ROUTES, Door, Route
from tests import make, newsroom
from tests.conftest import fresh_database
from tests.newsroom import ADMIN, Newsroom
from tests.web.conftest import Desk, Person, opened

if TYPE_CHECKING:
    from cid.pg.embedded import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")
TENANT_ROUTES = [route for route in ROUTES if isinstance(route.permission, Permission)]
PLATFORM_ROUTES = [route for route in ROUTES if route.permission is Door.ADMIN]
GUARDED_CHANGES = [
    route
    for route in ROUTES
    if route.method == "POST" and (isinstance(route.permission, Permission) or route.permission is Door.ADMIN)
]
# What a form needs to get past its own checks: the refusal must come from the door and not from the form.
DECISION = {"version": "01890000-0000-7000-8000-000000000000", "sha256": "0" * 64, "reason": "Because."}
FORMS: dict[str, dict[str, str]] = {
    "item_rehearse": {"gate": "rules"},
    "item_again": {"gate": "rules"},
    "source_add": {"url": "https://new.test/feed", "trust": "0.5"},
    "source_test": {"url": "https://new.test/feed"},
    "sources_many_do": {"listing": "https://new.test/feed"},
    "source_text": {"wanted": "1"},
    "source_active": {"wanted": "1"},
    "source_trust": {"trust": "0.5"},
    "source_interval": {"seconds": "600"},
    "source_itself": {"wanted": "1"},
    "sources_itself": {"wanted": "1"},
    "channel_add": {"kind": "devto", "name": "Dev", "base_url": "https://dev.test"},
    "channel_edit": {"name": "Other", "base_url": "https://other.test"},
    "channel_secret": {"secret": "a-secret-of-some-length"},
    "channel_active": {},
    "channel_pace": {"per_week": "5", "hours": "1"},
    "problem_again": {"publication": DECISION["version"]},
    "problem_give_up": {"publication": DECISION["version"], "reason": "Because."},
    "problem_stand_in": {"publication": DECISION["version"], "reason": "Because."},
    "problem_hurry": {"publication": DECISION["version"], "reason": "Because."},
    "publishing_stop": {"reason": "Because."},
    "publishing_back_do": {"reason": "Because.", "days": "1"},
    "draft_edit_do": {"version": DECISION["version"], "title": "Another", "body": "Text."},
    "draft_keep": {"version": DECISION["version"], "title": "Another", "body": "Text."},
    "draft_forget": {},
    "draft_approve": DECISION,
    "draft_reject": DECISION,
    "draft_request_changes": DECISION,
    "draft_undo": DECISION,
    "draft_renew": {"version": DECISION["version"]},
    "disclosure_do": {"mode": "disclose"},
    "draft_picture_pick": {"version": DECISION["version"], "photo": "1", "words": "cranes", "alt": "Cranes."},
    "draft_picture_own": {"version": DECISION["version"], "alt": "Cranes.", "credit": "Ada Lind"},
    "draft_picture_remove": {"version": DECISION["version"]},
    "token_add": {"name": "reader", "days": "30", "s-drafts:read": "1"},
    "rule_add": {"rule": "Say whose figure it is, always."},
    "platform_rule_add": {"rule": "Say whose figure it is, always."},
    "platform_revision": {"wanted": "1"},
    "prompt_live": {"name": "relevance", "version": "v1", "was": "v1"},
    "prompt_back": {"name": "relevance", "was": "v1"},
    "prompt_try": {"name": "relevance", "version": "v1", "tenant": "acme", "last": "5"},
    "prompt_stop": {"tenant": "acme", "trial": DECISION["version"]},
    "tracker_decide": {"kind": "hide"},
    "tracker_retry": {},
    "tracker_rule": {"min_score": "80"},
    "entry_decide": {"kind": "hide"},
    "entry_edit": {"category": "Rules", "summary": "Text.", "seen": "{}"},
    "mail_wish": {"hour": "7"},
    "people_invite": {"email": "new@acme.test", "role": "viewer"},
    "people_role": {"role": "viewer", "was": "editor"},
    "platform_admin": {"wanted": "1"},
    "publish_again": {"publication": DECISION["version"]},
    "tenant_profile_do": {"industry": "Harbours", "language": "en"},
    "tenant_general_do": {"name": "Acme", "zone": "Europe/Berlin"},
    "tenant_pause": {"reason": "Holidays."},
    "tenant_deletion": {"typed": "acme"},
    "calendar_move": {"day": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}", "hour": "10:00"},
    "platform_pause": {"tenant": "acme", "reason": "A bill."},
    "platform_resume": {"tenant": "acme"},
    "draft_retract": {"publication": DECISION["version"], "reason": "wrong"},
    "gates_turn": {"section": "rules", "name": "min_chars", "value": "80"},
    "gates_reset": {"section": "rules", "name": "min_chars"},
    "run_new_do": {"outlet-1": "Harbour Wire", "country-1": "Moldova"},
    "run_share": {"tlp": "red"},
    "run_mail": {"nonce": DECISION["version"]},
    "monitor_new_do": {"outlet": "Harbour Wire", "country": "Moldova"},
    "monitor_change": {"every_hours": "3"},
    "monitor_switch": {},
    "match_decide": {"verdict": "confirmed"},
    "run_feedback": {"about": "run", "feeling": "wrong"},
    "models_chain": {"tier": "cheap", "first": "offline/extracts-1"},
    "platform_chain": {"tier": "cheap", "first": "offline/extracts-1"},
    "platform_caps": {"per_day": "5"},
    "platform_stop": {"why": "A bill came."},
    "platform_try": {"model": "anthropic/claude-haiku-5-5"},
}


def things(room: Newsroom) -> dict[str, str]:
    """What stands for `{id}` in an address: something of acme's, by the part of the address before it."""
    return {
        "sources": str(room.sources["Harbour Gazette"]),
        "proposals": str(room.proposals["site"]),
        "people": str(room.people["editor@acme.test"]),
        "plan": str(room.screenings["drafted"]),
        "items": str(room.items["drafted"]),
        "channels": str(room.channel),
        "drafts": str(room.drafts["drafted"]),
        "trials": str(room.trial),
        "rules": str(room.rule),
        "entries": str(room.entries["drafted"]),
        "prompts": "relevance",
        "versions": "v1",
        "calls": str(room.calls["cheap"]),
        "calendar": str(room.drafts["drafted"]),
        "mail": str(room.mail),
        "images": str(room.image),
        "tokens": str(room.token),
        "runs": str(room.runs["running"]),
        "batches": str(room.batch),
        "matches": str(room.match),
        "monitors": str(room.monitor),
        "narratives": "anti_nato_001",
        "preview": str(room.versions["drafted"]),
    }


def address(route: Route, room: Newsroom, tenant: str) -> str:
    path = re.sub(r"/t/\{tenant[^}]*\}", f"/t/{tenant}", route.path)
    of = things(room)

    def fill(match: re.Match[str]) -> str:
        return f"/{match[1]}/{of[match[1]]}"

    # a pattern may itself hold braces one level deep
    return re.sub(r"/(\w+)/\{\w+(?::(?:[^{}]|\{[^{}]*\})*)?\}", fill, path)


async def ask(person: Person, route: Route, path: str) -> ClientResponse:
    if route.method == "GET":
        return await person.get(path)
    return await person.post(path, **FORMS.get(route.name, {}))


def may(route: Route) -> str:
    """Somebody who may do this."""
    return ADMIN if route.permission is Door.ADMIN else f"{Role.OWNER}@acme.test"


async def counts(owner: asyncpg.Connection[asyncpg.Record]) -> list[tuple[str, int]]:
    """How much is in each table that a route might change."""
    names = (
        "sources",
        "users where disabled_at is null",
        "users where admin",
        "members",
        "members where role = 'editor'",
        "once_links",
        "mails",
        "subscriptions",
        "proposals where state = 'proposed'",
        "tenants where replace_sources",
        "tenants where paused_at is not null",
        "tenants where deletion_asked_at is not null",
        "profiles",
        "pauses",
        "calendar_feeds",
        "jobs",
        "places",
        "decisions",
        "versions",
        "publications",
        "channels where active",
        "tenants where stopped_at is not null",
        "drafts",
        "model_terms",
        "policies",
        "settings",
        "guardrails where active",
        "trials",
        "entry_decisions",
        "track_faults",
        "entries where state = 'pending'",
        "trackers where rule is not null",
        "images",
        "api_tokens where revoked_at is null",
        "audit",
        "mails",
        "mail_wishes",
        "runs",
        "runs where tlp = 'amber'",
        "match_verdicts",
        "monitors",
        "monitors where active",
        "monitors where every_hours = 24",
        "runs where state = 'failed'",
        "run_batches",
        "run_feedback",
    )
    found = await owner.fetchrow("select " + ", ".join(f"(select count(*) from {name})" for name in names))
    assert found is not None
    return list(zip(names, found.values(), strict=True))


@dataclass
class Shared:
    """One desk, who is there already, and a connection that sees everything."""

    desk: Desk
    owner: asyncpg.Connection[asyncpg.Record]
    people: AsyncExitStack
    inside: dict[str | None, Person] = field(default_factory=dict)

    async def person(self, email: str | None) -> Person:
        """Signed in once: a refusal ends no session."""
        if email not in self.inside:
            self.inside[email] = await self.people.enter_async_context(self.desk.person(email))
        return self.inside[email]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    prompts = Prompts.load(make.prompts(tmp_path_factory.mktemp("prompts")))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(fresh_database(server))
        pools = [await open_pool(database.dsn(user), size=4) for user in (APP, WORKER)]
        for pool in pools:
            stack.push_async_callback(pool.close)
        owner = await asyncpg.connect(database.dsn(OWNER))
        stack.push_async_callback(owner.close)
        desk = await stack.enter_async_context(opened(AppDb(pools[0]), WorkerDb(pools[1]), prompts))
        desk.room = await newsroom.furnish(desk.sv)
        yield Shared(desk, owner, await stack.enter_async_context(AsyncExitStack()))


@pytest.fixture
def desk(shared: Shared) -> Desk:
    return shared.desk


@pytest.fixture
def owner(shared: Shared) -> asyncpg.Connection[asyncpg.Record]:
    return shared.owner


@pytest_asyncio.fixture(loop_scope="module")
async def boss(shared: Shared) -> Person:
    return await shared.person(f"{Role.OWNER}@acme.test")


@pytest_asyncio.fixture(loop_scope="module")
async def viewer(shared: Shared) -> Person:
    return await shared.person(f"{Role.VIEWER}@acme.test")


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(shared: Shared) -> Person:
    return await shared.person("stranger@other.test")


@pytest_asyncio.fixture(loop_scope="module")
async def admin(shared: Shared) -> Person:
    return await shared.person(ADMIN)


@pytest_asyncio.fixture(loop_scope="module")
async def anybody(shared: Shared) -> Person:
    return await shared.person(None)


async def test_every_address_can_be_filled_by_the_tests(room: Newsroom) -> None:
    """A new route with another `{part}` fails here until the stranger knows how to ask for it."""
    routes = [*TENANT_ROUTES, *PLATFORM_ROUTES]
    assert [path for route in routes if "{" in (path := address(route, room, "acme"))] == []


@pytest.mark.parametrize("route", TENANT_ROUTES, ids=lambda route: route.name)
async def test_a_stranger_finds_nothing(
    route: Route, stranger: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    before = await counts(owner)
    assert (await ask(stranger, route, address(route, room, "acme"))).status == 404
    assert await counts(owner) == before


@pytest.mark.parametrize(
    "route",
    [one for one in TENANT_ROUTES if any(part in one.path for part in ("{id", "{draft", "{run"))],
    ids=lambda r: r.name,
)
async def test_a_stranger_finds_nothing_of_others_under_their_own_address(
    route: Route, stranger: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Except an item that was public: it is everybody's, but what acme thought of it is not. Who has it at no source of
    their own may rehearse nothing but that, and cannot have it judged."""
    before = await counts(owner)
    answer = await ask(stranger, route, address(route, room, "other"))
    assert answer.status == {"item": 200, "item_rehearse": 200, "item_again": 409}.get(route.name, 404)
    if route.name == "item_rehearse":
        assert "none of your sources that are in use has this article" in await answer.text()
    assert await counts(owner) == before


@pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=lambda route: route.name)
@pytest.mark.parametrize("who", ["owner@acme.test", "viewer@acme.test", "stranger@other.test"])
async def test_the_platform_is_nowhere_for_people_of_tenants(
    route: Route, who: str, shared: Shared, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    person = await shared.person(who)
    before = await counts(owner)
    assert (await ask(person, route, address(route, room, "acme"))).status == 404
    assert "/platform" not in await person.text("/")
    assert await counts(owner) == before


@pytest.mark.parametrize("route", TENANT_ROUTES, ids=lambda route: route.name)
async def test_who_runs_the_platform_is_a_stranger_in_a_tenant(
    route: Route, admin: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Running the desk is no role in a newsroom: an admin joins a tenant to read there."""
    before = await counts(owner)
    assert (await ask(admin, route, address(route, room, "acme"))).status == 404
    assert await counts(owner) == before


async def test_who_runs_the_platform_comes_to_its_pages(admin: Person) -> None:
    answer = await admin.get("/platform", follow=True)
    assert answer.status == 200
    assert answer.url.path == "/platform/models"
    assert 'aria-current="page">Models</a>' in await answer.text()
    assert 'href="/platform"' in await admin.text("/")


async def test_what_others_thought_of_a_public_item_stays_with_them(stranger: Person, room: Newsroom) -> None:
    text = await stranger.text(f"/t/other/items/{room.items['drafted']}")
    assert "not judged yet" in text
    for secret in ("berth capacity", "became a draft", "$0.0021", str(room.drafts["drafted"])):
        assert secret not in text


async def test_an_item_of_a_private_source_does_not_exist_for_others(boss: Person, room: Newsroom) -> None:
    assert (await boss.get(f"/t/acme/items/{room.items['hidden']}")).status == 404
    assert "Only the other house" not in await boss.text("/t/acme/items?q=harbour")
    url = "https://www.feed0.test/hidden"
    assert str(room.items["hidden"]) not in str((await boss.get(f"/t/acme/items?q={url}", follow=True)).url)


async def test_the_owner_of_the_private_source_sees_its_item(stranger: Person, room: Newsroom) -> None:
    assert "Only the other house" in await stranger.text(f"/t/other/items/{room.items['hidden']}")


@pytest.mark.parametrize(
    "route", [route for route in TENANT_ROUTES if route.permission not in GRANTS[Role.VIEWER]], ids=lambda r: r.name
)
async def test_a_viewer_is_told_which_role_it_takes(
    route: Route, viewer: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    before = await counts(owner)
    path = address(route, room, "acme")
    answer = await ask(viewer, route, path)
    assert answer.status == 403
    assert "you are viewer" in await answer.text()
    assert await counts(owner) == before


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.permission is not Door.ANYBODY], ids=lambda route: route.name
)
async def test_nobody_is_asked_who_they_are(
    route: Route, anybody: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    before = await counts(owner)
    path = address(route, room, "acme")
    answer = await ask(anybody, route, path)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/sign-in?next=")
    assert await counts(owner) == before


async def test_a_viewer_sees_no_form_that_would_be_refused(viewer: Person) -> None:
    text = await viewer.text("/t/acme/sources")
    assert "Add a source" not in text
    assert "Switch off" not in text


@pytest.mark.parametrize("route", GUARDED_CHANGES, ids=lambda r: r.name)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
async def test_a_form_of_another_site_changes_nothing(
    route: Route,
    headers: dict[str, str],
    shared: Shared,
    room: Newsroom,
    owner: asyncpg.Connection[asyncpg.Record],
) -> None:
    person = await shared.person(may(route))
    before = await counts(owner)
    answer = await person.send(address(route, room, "acme"), headers, FORMS.get(route.name, {}))
    assert answer.status == 403
    assert await counts(owner) == before


@pytest.mark.parametrize("route", GUARDED_CHANGES, ids=lambda r: r.name)
@pytest.mark.parametrize("token", ["", "wrong", "ﬁ"])
async def test_a_form_without_the_sessions_token_changes_nothing(
    route: Route, token: str, shared: Shared, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    person = await shared.person(may(route))
    before = await counts(owner)
    answer = await person.post(address(route, room, "acme"), **FORMS.get(route.name, {}), csrf=token)
    assert answer.status == 403
    assert await counts(owner) == before


async def test_one_sessions_token_is_worth_nothing_in_another(boss: Person, desk: Desk) -> None:
    async with desk.person("editor@acme.test") as other:
        assert (await boss.post("/sign-out", csrf=other.csrf)).status == 403
