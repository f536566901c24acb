"""The table of roles holds at every door, stands on the page, and is the one that the documents print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cid.domain.tenants import GRANTS, Permission, Role
from cid.web import words
from cid.web.routes import ROUTES, Door, Route
from tests import roles
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

PAGE = Path(__file__).parents[2] / "docs/people.md"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


async def test_every_route_lets_in_whom_the_table_of_roles_names_and_nobody_else(desk: Desk, room: Newsroom) -> None:
    found = await roles.tried(desk.sv)
    assert len(found) == len(ROUTES) * len(roles.EVERYBODY)
    wrong = {
        (route.name, who): (found[route.name, who], roles.expected(route, who))
        for route in ROUTES
        for who in roles.EVERYBODY
        if found[route.name, who] != roles.expected(route, who)
    }
    assert wrong == {}


def test_who_may_less_is_never_asked_for_more() -> None:
    """Nobody may decide who may not read, and only owners change who belongs."""
    for role, granted in GRANTS.items():
        assert Permission.READ in granted, role
        assert (Permission.PEOPLE in granted) == (role is Role.OWNER)
        assert (Permission.DECIDE in granted) == (role in {Role.OWNER, Role.EDITOR})
        assert (Permission.OVERRIDE in granted) <= (Permission.DECIDE in granted)


def test_the_documents_print_the_same_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE.read_text(), re.MULTILINE))
    assert {name: tuple(cell.strip() == "yes" for cell in cells.split("|")) for name, cells in rows.items()} == {
        action.value: tuple(action in GRANTS[role] for role in Role) for action in Permission
    }


async def test_the_page_of_people_shows_the_same_table(boss: Person) -> None:
    page = re.sub(r"\s+", " ", await boss.text("/t/acme/people"))
    assert set(words.ACTIONS) == set(Permission) == set(words.NEEDS)
    for action, said in words.ACTIONS.items():
        row = re.search(rf'<th scope="row">{re.escape(said)}</th>(.*?)</tr>', page)
        assert row, said
        assert re.findall(r'class="vh">(yes|no)<', row[1]) == [
            "yes" if action in GRANTS[role] else "no" for role in Role
        ]


@pytest.mark.parametrize("who", ["owner@acme.test", "stranger@other.test", None])
async def test_every_answer_says_what_browsers_must_not_do(who: str | None, desk: Desk, room: Newsroom) -> None:
    """Pages, redirects, refusals and pages that are not there; nothing of them is kept by a cache, or tells http to be
    https where it is not."""
    paths = [roles.path_of(route) for route in ROUTES if route.method == "GET"] + ["/nowhere", "/t/acme/nowhere"]
    async with desk.person(who) as person:
        for path in paths:
            answer = await person.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy or "sandbox" in policy, path
            assert "script-src 'unsafe" not in policy
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
            assert "Strict-Transport-Security" not in answer.headers
            if not path.startswith(("/static/", "/site/")):
                assert "no-store" in answer.headers["Cache-Control"], path


def test_changes_are_asked_for_by_post_alone() -> None:
    routes: list[Route] = [route for route in ROUTES if route.method == "GET" and route.form is not None]
    assert routes == []
    assert {route.method for route in ROUTES} <= {"GET", "POST", "PATCH", "DELETE", "PUT"}
    assert {route.permission for route in ROUTES if route.path.startswith("/t/")} <= set(Permission)
    assert {route.permission for route in ROUTES if route.path.startswith("/platform")} == {Door.ADMIN}
