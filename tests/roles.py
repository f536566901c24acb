"""Every route × everybody who might ask: who gets past the door. `python -m tests.roles` prints the table.

The handlers are taken out, so that what is seen is the door's own answer and nothing is changed by asking.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from cid.cli import frame
from cid.domain.tenants import GRANTS, Permission, Role
from cid.web import app as web_app
from cid.web.routes import ROUTES, Door, Route
from tests import newsroom

if TYPE_CHECKING:
    from cid.services import Services

INSIDE = 299
"""What a handler that is not there answers: no door says that."""
NOBODY, STRANGER = "nobody", "stranger"
EVERYBODY = {
    **{str(role): f"{role}@acme.test" for role in Role},
    "admin": newsroom.ADMIN,
    STRANGER: "stranger@other.test",
    NOBODY: "",
}
THINGS = ("01890000-0000-7000-8000-000000000000", "a_name", "t" * 30)
"""What may stand at a place in an address: the first that the place's own pattern takes."""


def expected(route: Route, who: str) -> int:
    """As the table of roles says, and nothing else."""
    if route.permission is Door.ANYBODY:
        return INSIDE
    if who == NOBODY:
        return 303
    if route.permission is Door.SIGNED_IN:
        return INSIDE
    if route.permission is Door.ADMIN:
        return INSIDE if who == "admin" else 404
    assert isinstance(route.permission, Permission)
    if who in {"admin", STRANGER}:
        return 404
    return INSIDE if route.permission in GRANTS[Role(who)] else 403


def path_of(route: Route) -> str:
    def fill(place: re.Match[str]) -> str:
        return next(thing for thing in THINGS if re.fullmatch(place[1] or "[^/]+", thing))

    path = route.path.replace("{tenant}", "acme")
    # a pattern may itself hold braces one level deep
    return re.sub(r"\{\w+(?::((?:[^{}]|\{[^{}]*\})*))?\}", fill, path)


@contextmanager
def hollow() -> Iterator[None]:
    """The table of routes with nothing behind its doors."""

    async def inside(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=INSIDE)

    routes = tuple(replace(route, handler=inside, form=None) for route in ROUTES)
    with mock.patch.object(web_app, "ROUTES", routes):
        yield


async def tried(sv: Services) -> Mapping[tuple[str, str], int]:
    """(route, who) → status. The newsroom of the tests is furnished already."""
    found: dict[tuple[str, str], int] = {}
    real = TestServer(web_app.make_app(sv))
    await real.start_server()
    with hollow():
        bare = TestServer(web_app.make_app(sv))
    await bare.start_server()
    try:
        for who, email in EVERYBODY.items():
            async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
                csrf = await _sign_in(session, str(real.make_url("/")).rstrip("/"), email) if email else ""
                base = str(bare.make_url("/")).rstrip("/")
                for route in ROUTES:
                    data = {"csrf": csrf} if route.method == "POST" else None
                    headers = {"Origin": base} if route.method == "POST" else {}
                    async with session.request(
                        route.method, base + path_of(route), data=data, headers=headers, allow_redirects=False
                    ) as answer:
                        found[route.name, who] = answer.status
    finally:
        await real.close()
        await bare.close()
    return found


async def _sign_in(session: ClientSession, base: str, email: str) -> str:
    """The form token of a new session, whose cookie is good at any port of this machine."""
    data = {"email": email, "password": newsroom.PASSWORD}
    async with session.post(f"{base}/sign-in", data=data, headers={"Origin": base}, allow_redirects=False) as came:
        assert came.status == 303, came.status
    async with session.get(f"{base}/account") as page:
        token = re.search(r'name="csrf" value="([^"]+)"', await page.text())
    assert token
    return token[1]


def lines(found: Mapping[tuple[str, str], int]) -> Iterator[str]:
    yield "| route | asks for | " + " | ".join(EVERYBODY) + " |"
    yield "|---|---|" + "---|" * len(EVERYBODY)
    for route in ROUTES:
        cells = ("in" if found[route.name, who] == INSIDE else str(found[route.name, who]) for who in EVERYBODY)
        yield f"| {route.method} {path_of(route)} | {route.permission} | {' | '.join(cells)} |"


def main() -> int:
    """Against an empty database of its own."""

    async def body(sv: Services) -> Mapping[tuple[str, str], int]:
        await newsroom.furnish(sv)
        return await tried(sv)

    found = frame.with_scratch(body)
    print("\n".join(lines(found)))
    wrong = [
        (route.name, who) for route in ROUTES for who in EVERYBODY if found[route.name, who] != expected(route, who)
    ]
    print(
        f"\n{len(ROUTES)} routes, {len(found)} questions, {len(wrong)} answered otherwise than the table of roles says"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
