"""The picture of a draft, from its search to the page that readers see."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestServer

from cid.channels.site import SitePublisher
from cid.domain.errors import Misconfigured, Refused, Upstream
from cid.domain.ids import ChannelId, uuid7
from cid.domain.publication import ChannelKind
from cid.outside.http import GuardedHttp
from cid.outside.pexels import Pexels, parse_pexels
from cid.ports import Response
from cid.render.version import render_version
from cid.store import channels
from cid.text.pictures import facts_of, read_picture
from tests.compiled import make_app
from tests.fakes import FrozenClock, InlineChildren
from tests.newsroom import Newsroom
from tests.pictures import jpeg, png
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    from cid.domain.images import Photo

    Owner = asyncpg.Connection[asyncpg.Record]

FUNCTIONS = {"render_version": render_version, "read_picture": read_picture, "parse_pexels": parse_pexels}
PHOTO = {
    "id": 2014422,
    "width": 3024,
    "height": 3024,
    "url": "https://www.pexels.com/photo/brown-rocks-2014422/",
    "photographer": "Joey Farina",
    "photographer_url": "https://www.pexels.com/@joey",
    "alt": "Brown Rocks",
    "src": {
        "large2x": "https://images.pexels.com/photos/2014422/large.jpeg",
        "tiny": "https://images.pexels.com/photos/2014422/tiny.jpeg",
    },
}


@dataclass
class Library:
    """Speaks as Pexels does; pictures come through `Locally`, which stands where its picture server would."""

    server: TestServer | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    body: object = field(default_factory=lambda: {"photos": [PHOTO], "total_results": 1})
    headers: dict[str, str] = field(default_factory=dict)

    async def search(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers.get("Authorization", ""), request.query_string))
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return web.Response(text=text, status=self.status, headers=self.headers, content_type="application/json")

    async def picture(self, _request: web.Request) -> web.Response:
        return web.Response(body=jpeg(640, 480, secret=b"where it was taken"), content_type="image/jpeg")


class Locally:
    """The guarded client, with the library's picture server on loopback."""

    def __init__(self, http: GuardedHttp, base: str) -> None:
        self.http = http
        self.base = base

    async def request(self, method: str, url: str, **options: Any) -> Response:
        return await self.http.request(method, url.replace("https://images.pexels.com", self.base), **options)


@pytest.fixture
async def library() -> AsyncIterator[Library]:
    made = Library()
    app = web.Application()
    app.router.add_get("/v1/search", made.search)
    app.router.add_get("/photos/{rest:.*}", made.picture)
    made.server = TestServer(app)
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
async def pexels(library: Library) -> AsyncIterator[Pexels]:
    assert library.server
    base = str(library.server.make_url("")).rstrip("/")
    async with GuardedHttp(allow_local=frozenset({f"127.0.0.1:{library.server.port}"})) as http:
        yield Pexels(Locally(http, base), InlineChildren(FUNCTIONS), FrozenClock(), key="k3y", base=base)


@pytest.fixture
async def pictured(desk: Desk, pexels: Pexels, tmp_path: Path) -> AsyncIterator[Desk]:
    """The newsroom with a library of pictures and a site."""
    outside = dataclasses.replace(
        desk.sv.outside,
        http=pexels._http,
        images=pexels,
        children=InlineChildren(FUNCTIONS),
        channels={ChannelKind.SITE: SitePublisher(tmp_path)},
    )
    sv = dataclasses.replace(desk.sv, outside=outside)
    assert desk.room
    async with sv.db.tx(desk.room.tenant) as tx:
        channel = ChannelId(uuid7(sv.clock.now()))
        await channels.add_site(tx, desk.room.tenant, channel, base_url=sv.base_url, slug="acme")
    server = TestServer(make_app(sv))
    await server.start_server()
    yield Desk(sv, server, desk.reader, desk.clock, desk.room)
    await server.close()


@pytest.fixture
async def chooser(pictured: Desk) -> AsyncIterator[Person]:
    async with pictured.person("editor@acme.test") as person:
        yield person


async def article(owner: Owner, room: Newsroom) -> dict[str, object]:
    text = await owner.fetchval(
        "select v.article from versions v join drafts d on d.current_version_id = v.id where d.id = $1",
        room.drafts["drafted"],
    )
    found: dict[str, object] = json.loads(text)
    return found


async def test_a_picture_is_found_chosen_and_shown(
    chooser: Person, pictured: Desk, library: Library, room: Newsroom, owner: Owner
) -> None:
    base = f"/t/acme/drafts/{room.drafts['drafted']}"
    text = await chooser.text(f"{base}/picture?words=brown+rocks")
    assert "Joey Farina" in text and 'src="data:image/jpeg;base64,' in text
    assert "images.pexels.com" not in text, "no browser of ours meets the library"
    form = {"version": str(room.versions["drafted"]), "photo": "2014422", "words": "brown rocks"}
    assert "Say in a sentence" in await (await chooser.post(f"{base}/picture", **form)).text()
    answer = await chooser.post(f"{base}/picture", **form, alt="Rocks at the harbour.")
    assert answer.status == 303, await answer.text()
    image = (await article(owner, room))["image"]
    assert isinstance(image, dict)
    assert image["credit"] == "Photo by Joey Farina on Pexels" and image["alt"] == "Rocks at the harbour."
    assert library.asked == [("k3y", "query=brown rocks&per_page=12&orientation=landscape&locale=en-US")], "asked once"
    [kept] = await owner.fetch("select * from images where provider = 'pexels'")
    assert bytes(kept["bytes"]) == facts_of(jpeg(640, 480)).body
    shown = await chooser.get(f"/t/acme/images/{image['id']}")
    assert (shown.status, shown.content_type) == (200, "image/jpeg")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"].startswith("private")
    version = await owner.fetchval("select current_version_id from drafts where id = $1", room.drafts["drafted"])
    preview = await chooser.text(f"{base}/preview/{version}")
    assert 'src="data:image/jpeg;base64,' in preview and "Photo by Joey Farina on Pexels" in preview
    payloads = json.loads(await owner.fetchval("select payloads from versions where id = $1", version))
    [payload] = payloads.values()
    assert payload["image"]["sha256"] == kept["sha256"].hex(), "the approved hash covers the picture"
    assert payload["json_ld"]["@graph"][0]["image"]["creditText"] == "Photo by Joey Farina on Pexels"


async def test_an_own_picture_is_typed_capped_and_credited(chooser: Person, room: Newsroom, owner: Owner) -> None:
    path = f"/t/acme/drafts/{room.drafts['drafted']}/picture/own"

    async def bring(body: bytes, **more: str) -> tuple[int, str]:
        said = {"csrf": chooser.csrf, "version": str(room.versions["drafted"])}
        form = FormData({**said, "alt": "A crane.", "credit": "Ada", **more})
        form.add_field("file", io.BytesIO(body), filename="x.jpg", content_type="image/jpeg")
        headers = {"Origin": chooser.base}
        answer = await chooser.session.post(chooser.base + path, data=form, headers=headers, allow_redirects=False)
        return answer.status, await answer.text()

    assert (await bring(b"<svg/>"))[0] == 422
    assert "Choose a file" in (await bring(b""))[1]
    assert "Say whose" in (await bring(png(), credit=" "))[1]
    assert "larger than 4 MB" in (await bring(png() + b"x" * 4_000_000))[1]
    assert await owner.fetchval("select count(*) from images where width > 1") == 0
    assert (await bring(png(secret=b"where")))[0] == 303
    [kept] = await owner.fetch("select * from images where width > 1")
    assert (kept["mime"], kept["provider"]) == ("image/png", "own")
    assert b"where" not in bytes(kept["bytes"])


async def test_none_is_fine_and_an_edit_of_the_text_keeps_the_picture(
    chooser: Person, room: Newsroom, owner: Owner
) -> None:
    base = f"/t/acme/drafts/{room.drafts['drafted']}"
    form = {"version": str(room.versions["drafted"]), "photo": "2014422", "words": "rocks", "alt": "Rocks."}
    assert (await chooser.post(f"{base}/picture", **form)).status == 303
    page = await chooser.text(f"{base}/edit")
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version
    edited = await chooser.post(f"{base}/edit", version=version[1], title="Another title", body="Some other text.")
    assert edited.status == 303, await edited.text()
    assert (await article(owner, room))["image"]
    current = str(await owner.fetchval("select current_version_id from drafts where id = $1", room.drafts["drafted"]))
    assert (await chooser.post(f"{base}/picture/remove", version=current)).status == 303
    assert (await article(owner, room))["image"] is None
    assert (await chooser.post(f"{base}/picture/remove", version=version[1])).status == 409


async def test_words_are_asked_once_a_week_and_so_often_an_hour(
    chooser: Person, library: Library, room: Newsroom, owner: Owner
) -> None:
    path = f"/t/acme/drafts/{room.drafts['drafted']}/picture"
    for words in ("Brown rocks", "brown  ROCKS"):
        await chooser.text(f"{path}?words={words}")
    assert len(library.asked) == 1
    await owner.execute("update photo_searches set asked_at = asked_at - interval '8 days'")
    await chooser.text(f"{path}?words=brown+rocks")
    assert len(library.asked) == 2
    await owner.execute("update limits set tat = cid_now() + interval '1 hour' where key = 'images:pexels'")
    assert "has to rest" in await chooser.text(f"{path}?words=other")
    assert len(library.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {}, Misconfigured),
        (429, {}, Upstream),
        (500, {}, Upstream),
        (400, {}, Refused),
        (200, "<html>", Upstream),
        (200, {"photos": "none"}, Upstream),
    ],
)
async def test_what_goes_wrong_there_has_a_name(
    status: int, body: object, error: type[Exception], library: Library, pexels: Pexels
) -> None:
    library.status, library.body = status, body
    with pytest.raises(error):
        await pexels.search("rocks")


async def test_what_points_elsewhere_is_left_out(library: Library, pexels: Pexels) -> None:
    """The answer of a library that was taken over sends nobody about."""
    strange = [
        {**PHOTO, "src": {**PHOTO["src"], "large2x": "http://169.254.169.254/latest"}},  # type: ignore[dict-item]  # nested
        {**PHOTO, "src": None},
        {**PHOTO, "width": 0},
        7,
        {**PHOTO, "url": "javascript:alert(1)"},
    ]
    library.body = {"photos": strange}
    [found] = await pexels.search("rocks")
    assert found.page_url == ""


async def test_after_the_last_request_of_an_hour_it_is_left_alone(library: Library, pexels: Pexels) -> None:
    clock = pexels._clock
    assert isinstance(clock, FrozenClock)
    reset = clock.now() + timedelta(minutes=30)
    library.headers = {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": str(int(reset.timestamp()))}
    photos: list[Photo] = list(await pexels.search("rocks"))
    assert photos
    with pytest.raises(Upstream):
        await pexels.search("rocks")
    assert len(library.asked) == 1
    clock.advance(timedelta(minutes=31))
    await pexels.search("rocks")
    assert len(library.asked) == 2
