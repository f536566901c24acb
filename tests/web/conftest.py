"""People at a real server over a real database: an owner, an editor, a viewer, a stranger, and nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cid.domain.ids import TenantId
from cid.domain.news import SourceKind
from cid.domain.tenants import Role
from cid.services import Outside, Services
from cid.web.app import make_app
from tests import make, newsroom
from tests.fakes import FakeHttp, FakeReader, FrozenClock, InlineChildren
from tests.newsroom import PASSWORD, Newsroom

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb


@dataclass
class Person:
    """A browser, as far as forms go: keeps cookies, sends its origin and the token of the page."""

    session: ClientSession
    base: str
    csrf: str = ""

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.session.get(
            self.base + path, allow_redirects=options.pop("allow_redirects", False), **options
        )

    async def post(self, path: str, /, _headers: dict[str, str] | None = None, **fields: str) -> ClientResponse:
        headers = {"Origin": self.base, **(_headers or {})}
        data = {"csrf": self.csrf, **fields}
        return await self.session.post(self.base + path, data=data, headers=headers, allow_redirects=False)

    async def text(self, path: str) -> str:
        answer = await self.get(path, allow_redirects=True)
        assert answer.status == 200, (path, answer.status, await answer.text())
        return await answer.text()

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        answer = await self.post("/sign-in", email=email, password=password)
        assert answer.status == 303, await answer.text()
        found = re.search(r'name="csrf" value="([^"]+)"', await (await self.get("/", allow_redirects=True)).text())
        assert found
        self.csrf = found[1]
        return self


@dataclass
class Desk:
    sv: Services
    server: TestServer
    room: Newsroom
    reader: FakeReader
    clock: FrozenClock

    @property
    def base(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    def anybody(self) -> Person:
        return Person(ClientSession(cookie_jar=CookieJar(unsafe=True)), self.base)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
async def empty_desk(db: AppDb, platform: WorkerDb, reader: FakeReader) -> AsyncIterator[Desk]:
    """Nobody has an account."""
    clock = FrozenClock()
    outside = Outside(http=FakeHttp(), children=InlineChildren({}), sources={SourceKind.RSS: reader}, channels={})
    sv = make.services(db, platform, outside=outside, clock=clock)
    server = TestServer(make_app(sv, https=False))
    await server.start_server()
    room = Newsroom(tenant=TenantId(UUID(int=1)), slug="acme", private_tenant=TenantId(UUID(int=2)))
    yield Desk(sv, server, room, reader, clock)
    await server.close()


@pytest.fixture
async def desk(empty_desk: Desk) -> Desk:
    return replace(empty_desk, room=await newsroom.furnish(empty_desk.sv))


async def _person(desk: Desk, email: str | None) -> AsyncIterator[Person]:
    person = desk.anybody()
    if email:
        await person.sign_in(email)
    yield person
    await person.session.close()


@pytest.fixture
async def owner_of_acme(desk: Desk) -> AsyncIterator[Person]:
    async for person in _person(desk, f"{Role.OWNER}@acme.test"):
        yield person


@pytest.fixture
async def editor(desk: Desk) -> AsyncIterator[Person]:
    async for person in _person(desk, f"{Role.EDITOR}@acme.test"):
        yield person


@pytest.fixture
async def viewer(desk: Desk) -> AsyncIterator[Person]:
    async for person in _person(desk, f"{Role.VIEWER}@acme.test"):
        yield person


@pytest.fixture
async def stranger(desk: Desk) -> AsyncIterator[Person]:
    """An owner, elsewhere."""
    async for person in _person(desk, "stranger@other.test"):
        yield person


@pytest.fixture
async def anybody(desk: Desk) -> AsyncIterator[Person]:
    async for person in _person(desk, None):
        yield person
