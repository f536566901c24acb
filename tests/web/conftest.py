"""People at a real server over a real database: an owner, an editor, a viewer, a stranger, and nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cid.domain.news import SourceKind
from cid.domain.tenants import Role
from cid.llm.prompts import Prompts
from cid.services import Outside, Services
from tests import make, newsroom
from tests.compiled import make_app
from tests.fakes import FakeHttp, FakeReader, FrozenClock, InlineChildren
from tests.newsroom import ADMIN, PASSWORD, Newsroom

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb


@dataclass
class Person:
    """A browser, as far as forms go: keeps cookies, sends its origin and the token of the page."""

    session: ClientSession
    base: str
    csrf: str = ""

    async def get(self, path: str, *, follow: bool = False, **options: Any) -> ClientResponse:
        return await self.session.get(self.base + path, allow_redirects=follow, **options)

    async def post(self, path: str, **fields: str) -> ClientResponse:
        return await self.send(path, {"Origin": self.base}, fields)

    async def send(self, path: str, headers: dict[str, str], fields: dict[str, str]) -> ClientResponse:
        """A form with other headers than a browser on one of our pages would send."""
        data = {"csrf": self.csrf, **fields}
        return await self.session.post(self.base + path, data=data, headers=headers, allow_redirects=False)

    async def text(self, path: str) -> str:
        answer = await self.get(path, follow=True)
        assert answer.status == 200, (path, answer.status, await answer.text())
        return await answer.text()

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        answer = await self.post("/sign-in", email=email, password=password)
        assert answer.status == 303, await answer.text()
        await self.read_token()
        return self

    async def read_token(self) -> None:
        found = re.search(r'name="csrf" value="([^"]+)"', await (await self.get("/", follow=True)).text())
        assert found
        self.csrf = found[1]

    def cookie(self, name: str = "sid") -> str:
        return next((cookie.value for cookie in self.session.cookie_jar if cookie.key == name), "")


@dataclass
class Desk:
    sv: Services
    server: TestServer
    reader: FakeReader
    clock: FrozenClock
    room: Newsroom | None = None

    @property
    def base(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    @asynccontextmanager
    async def person(self, email: str | None = None) -> AsyncIterator[Person]:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            person = Person(session, self.base)
            yield await person.sign_in(email) if email else person


@pytest.fixture
def prompts(tmp_path: Path) -> Prompts:
    return Prompts.load(make.prompts(tmp_path / "prompts"))


@asynccontextmanager
async def opened(db: AppDb, platform: WorkerDb, prompts: Prompts) -> AsyncIterator[Desk]:
    """Nobody has an account."""
    clock, reader = FrozenClock(), FakeReader()
    sources = {SourceKind.RSS: reader}
    outside = Outside(http=FakeHttp(), children=InlineChildren({}), sources=sources, channels={})
    sv = make.services(db, platform, outside=outside, clock=clock, prompts=prompts)
    server = TestServer(make_app(sv))
    await server.start_server()
    yield Desk(sv, server, reader, clock)
    await server.close()


@pytest.fixture
async def empty_desk(db: AppDb, platform: WorkerDb, prompts: Prompts) -> AsyncIterator[Desk]:
    async with opened(db, platform, prompts) as desk:
        yield desk


@pytest.fixture
async def desk(empty_desk: Desk) -> Desk:
    empty_desk.room = await newsroom.furnish(empty_desk.sv)
    return empty_desk


@pytest.fixture
def room(desk: Desk) -> Newsroom:
    assert desk.room
    return desk.room


@pytest.fixture
async def boss(desk: Desk) -> AsyncIterator[Person]:
    """The owner of acme."""
    async with desk.person(f"{Role.OWNER}@acme.test") as person:
        yield person


@pytest.fixture
async def editor(desk: Desk) -> AsyncIterator[Person]:
    async with desk.person(f"{Role.EDITOR}@acme.test") as person:
        yield person


@pytest.fixture
async def viewer(desk: Desk) -> AsyncIterator[Person]:
    async with desk.person(f"{Role.VIEWER}@acme.test") as person:
        yield person


@pytest.fixture
async def stranger(desk: Desk) -> AsyncIterator[Person]:
    """An owner, elsewhere."""
    async with desk.person("stranger@other.test") as person:
        yield person


@pytest.fixture
async def admin(desk: Desk) -> AsyncIterator[Person]:
    """Runs the platform, and belongs to no tenant."""
    async with desk.person(ADMIN) as person:
        yield person


@pytest.fixture
async def anybody(desk: Desk) -> AsyncIterator[Person]:
    async with desk.person() as person:
        yield person
