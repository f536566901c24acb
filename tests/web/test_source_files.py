"""Many sources at once on the page, out to a file, and the feeds of a page that somebody took for one."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import FormData

from cid.domain.news import Polled, PollOutcome
from cid.flows.sources import Wish
from cid.flows.sources import add as add_source
from cid.ports import Response
from cid.render.opml import Outline, opml
from cid.sources.feed.read import parse_feed
from cid.sources.feed_links import find_feeds
from cid.sources.opml import parse_opml
from tests.hostile import FEED
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

MANY = "/t/acme/sources/many"
FILE = opml("Mine", [Outline(url="https://c.test/feed", trust=0.35), Outline(url="ftp://d.test/feed")])


@pytest.fixture(autouse=True)
def children(desk: Desk) -> None:
    outside: Any = desk.sv.outside
    outside.children.functions.update({"parse_opml": parse_opml, "find_feeds": find_feeds, "parse_feed": parse_feed})


async def listed(owner: Any, room: Newsroom) -> dict[str, float]:
    rows = await owner.fetch(
        """select s.url, u.trust::float8 as trust from subscriptions u join sources s on s.id = u.source_id
           where u.tenant_id = $1 and s.url like '%.test/feed'""",
        room.tenant,
    )
    return {row["url"]: row["trust"] for row in rows}


async def test_a_pasted_list_is_added_and_each_line_told_of(boss: Person, owner: Any, room: Newsroom) -> None:
    pasted = "# mine\nhttps://a.test/feed\n\nftp://b.test/feed\r\nhttps://a.test/feed\n<b>.test"
    answer = await boss.post(MANY, listing=pasted, trust="0.45")
    text = await answer.text()
    assert answer.status == 200
    assert (await listed(owner, room)) == {"https://a.test/feed": 0.45}
    for said in ("ftp://b.test/feed", "not an http or https address", "on the list already", "&lt;b&gt;.test"):
        assert said in text
    assert text.index("ftp://b.test/feed") < text.index("https://a.test/feed"), "what needs a look comes first"


async def test_opml_may_be_pasted_and_keeps_its_settings(boss: Person, owner: Any, room: Newsroom) -> None:
    answer = await boss.post(MANY, listing=FILE, trust="0.9")
    assert "ftp://d.test/feed" in await answer.text()
    assert (await listed(owner, room)) == {"https://c.test/feed": 0.35}


async def test_a_file_is_read_as_opml(boss: Person, owner: Any, room: Newsroom) -> None:
    form = FormData({"csrf": boss.csrf, "listing": "", "trust": "0.9"})
    form.add_field("file", FILE.encode(), filename="mine.opml", content_type="text/x-opml")
    async with boss.session.post(f"{boss.base}{MANY}", data=form) as answer:
        assert answer.status == 200
    assert (await listed(owner, room)) == {"https://c.test/feed": 0.35}


@pytest.mark.parametrize(
    ("listing", "why"),
    [
        ("", "choose a file"),
        ("# nothing", "choose a file"),
        ("<html></html>", "not OPML"),
        ("\n".join(f"a{n}.test" for n in range(1001)), "1000 are taken"),
    ],
)
async def test_what_is_no_list_is_refused_and_stays_in_the_form(
    boss: Person, owner: Any, listing: str, why: str
) -> None:
    before = await owner.fetchval("select count(*) from subscriptions")
    answer = await boss.post(MANY, listing=listing, trust="0.5")
    text = await answer.text()
    assert answer.status == 422
    assert why in text
    assert 'name="listing"' in text
    assert await owner.fetchval("select count(*) from subscriptions") == before


async def test_the_sources_can_be_downloaded_without_their_secrets(
    boss: Person, viewer: Person, stranger: Person, desk: Desk, room: Newsroom
) -> None:
    await add_source(desk.sv, room.tenant, Wish(url="https://x.test/feed?token=s3cret"), None)
    for person in (boss, viewer):
        answer = await person.get("/t/acme/sources/export.opml")
        text = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-sources.opml"'
        assert "Harbour Gazette" in text
        assert "s3cret" not in text
    theirs = await (await stranger.get("/t/other/sources/export.opml")).text()
    assert "x.test" not in theirs
    assert (await stranger.get("/t/acme/sources/export.opml")).status == 404
    assert 'href="/t/acme/sources/export.opml"' in await boss.text("/t/acme/sources")


async def test_a_page_shows_its_feeds_and_each_is_one_click_away(boss: Person, desk: Desk, owner: Any) -> None:
    page = b"<html><link rel=alternate type='application/rss+xml' href='/feed'></html>"
    http: Any = desk.sv.outside.http
    http.answers = {
        "https://new.test/": Response(status=200, url="https://new.test/", headers={}, body=page),
        "https://new.test/feed": Response(status=200, url="https://new.test/feed", headers={}, body=FEED),
    }
    desk.reader.polled = Polled(outcome=PollOutcome.BROKEN, detail="The answer is a web page, not a feed.")
    before = await owner.fetchval("select count(*) from sources")
    chosen = {"trust": "0.55", "role": "competitor", "private": "1"}
    text = await (await boss.post("/t/acme/sources/test", url="https://new.test/", **chosen)).text()
    assert "Harbour Post" in text
    found = text[text.index('<ul class="found">') :]
    for name, value in {"url": "https://new.test/feed", **chosen}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in found
    assert await owner.fetchval("select count(*) from sources") == before
    assert (await boss.post("/t/acme/sources", url="https://new.test/feed", trust="0.55")).status == 303


async def test_a_page_without_a_feed_says_so(boss: Person, desk: Desk) -> None:
    class Nowhere(dict[str, Response]):
        def __missing__(self, url: str) -> Response:
            return Response(status=404, url=url, headers={}, body=b"")

    http: Any = desk.sv.outside.http
    http.answers = Nowhere()
    desk.reader.polled = Polled(outcome=PollOutcome.BROKEN, detail="The answer is a web page, not a feed.")
    assert "No feed was found" in await (await boss.post("/t/acme/sources/test", url="https://new.test/")).text()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("(item_id, state, text, words, language, retry_at) values ($1, 'read', 'T', 1234, 'en', null)", "1,234 words"),
        ("(item_id, state, detail, retry_at) values ($1, 'paywalled', 'It says so.', null)", "behind a paywall"),
        ("(item_id) values ($1)", "being read"),
    ],
)
async def test_an_item_says_what_became_of_its_own_page(
    boss: Person, room: Newsroom, owner: Any, row: str, said: str
) -> None:
    item = room.items["drafted"]
    assert "Its article" not in await boss.text(f"/t/acme/items/{item}")
    await owner.execute(f"insert into item_texts {row}", item)
    text = await boss.text(f"/t/acme/items/{item}")
    assert "Its article" in text
    assert said in text
