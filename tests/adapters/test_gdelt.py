"""GDELT: its files first, found by whole words, nothing twice and nothing left out; its search only where allowed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cid.domain.errors import Deferred
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources.gdelt import CATCH_UP, VIA_SEARCH, GdeltReader, GdeltSearch, steps
from cid.sources.gdelt_files import GdeltFiles
from cid.sources.pace import Pace
from tests import make
from tests.fakes import FrozenClock
from tests.press_wires import AT, STAMP, doc, doc_article, gkg_row, serve_gkg, zipped
from tests.wire import Wire, bad_gateway, page, wire

MOLDOVA = "1#Moldova#MD#MD#47#29#MD;4#Chisinau, Chisinau, Moldova#MD#MD57#47#28#-2587440"
ROWS = [
    gkg_row("https://a.test/1?utm_source=x", "Grain corridor &#x201C;reopens&#x201D; &amp; grows", places=MOLDOVA),
    gkg_row("https://www.b.test/2", "Special and social officials meet", themes="ELECTION;TAX_DISEASE;"),
    gkg_row("https://c.test/3", "A quiet day", persons="maia sandu;john doe", names="Black Sea,12;Grain,40"),
    gkg_row("https://d.test/4", "Corn and grain", themes="ELECTION_FRAUD;", published="20260917220000"),
    gkg_row("https://e.test/5", "Grain from the year to come", published="20990101000000"),
    gkg_row("not an address", "Grain nowhere", collection="2"),
    "half a row",
]
TRANSLATED = [
    gkg_row("https://f.test/6", "Зерновой коридор открыт", places=MOLDOVA, source="rus", names="Grain Corridor,3"),
    gkg_row("https://g.test/7", "Coridorul de cereale", places="1#Romania#RO#RO#46#25#RO", source="ron"),
]
OLDER = "20260918030000"


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        serve_gkg(told, STAMP, ROWS)
        serve_gkg(told, STAMP, TRANSLATED, translated=True)
        yield told


class Desk:
    def __init__(self, server: Wire, http: GuardedHttp, children: ChildPool, folder: Path) -> None:
        self.clock = FrozenClock(AT)
        self.server = server
        self.pace = Pace(self.clock, "GDELT's search", every_s=0)
        self.folder = folder
        self._http, self._children = http, children
        self.restart()

    def restart(self) -> None:
        """Another process on the same machine."""
        files = GdeltFiles(self._http, self._children, self.clock, self.folder, self.server.base)
        search = GdeltSearch(self._http, self._children, self.clock, self.pace, self.server.base)
        self.reader = GdeltReader(files, self._children, search)

    async def poll(self, cursor: str = "", **config: Any) -> Polled:
        return await self.reader.poll(gdelt(cursor, **config))


def gdelt(cursor: str = "", **config: Any) -> Source:
    return make.polled_source("gdelt:x", kind=SourceKind.GDELT, config=config, cursor=cursor)


@pytest.fixture
async def desk(server: Wire, tmp_path: Path) -> AsyncIterator[Desk]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=2) as children:
        yield Desk(server, http, children, tmp_path / "gdelt")


def urls(polled: Polled) -> list[str]:
    return [entry.url.removeprefix("https://") for entry in polled.entries]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"query": "grain"}, ["a.test/1", "c.test/3", "d.test/4", "e.test/5", "f.test/6"]),
        ({"query": "cia"}, []),
        ({"query": '"grain corridor"'}, ["a.test/1", "f.test/6"]),
        ({"query": "grain", "country": "Moldova"}, ["a.test/1", "f.test/6"]),
        ({"query": "grain", "country": "MD", "language": "en"}, ["a.test/1"]),
        ({"country": "MD", "language": "ru"}, ["f.test/6"]),
        ({"theme": "election"}, ["www.b.test/2"]),
        ({"query": '"Maia Sandu"'}, ["c.test/3"]),
        ({"query": "(corn OR corridor) -reopens", "language": "en"}, ["d.test/4"]),
        ({"query": "зерновой"}, ["f.test/6"]),
        ({"query": "grain", "theme": "TAX_DISEASE"}, []),
    ],
)
async def test_articles_are_found_by_whole_words_themes_places_and_language(
    desk: Desk, asked: dict[str, str], found: list[str]
) -> None:
    config = dict(asked)
    if config.get("country") == "Moldova":
        config["country"] = "MD"
    polled = await desk.poll(**config)
    assert urls(polled) == found
    assert polled.outcome is (PollOutcome.NEW if found else PollOutcome.NOT_MODIFIED)


async def test_an_entry_says_who_wrote_it_and_never_takes_the_reading_for_the_publishing(desk: Desk) -> None:
    polled = await desk.poll(query="grain", language="en")
    first, _, dated, ahead = polled.entries
    assert (first.title, first.publisher) == ("Grain corridor “reopens” & grows", "a.test")
    assert (first.author, first.language, first.via) == ("Ann Ode, Bo Ray", "en", "")
    assert [entry.published_at for entry in (first, dated, ahead)] == [
        None,
        datetime(2026, 9, 17, 22, tzinfo=UTC),
        None,
    ]


async def test_the_cursor_names_the_last_file_and_nothing_is_read_twice(desk: Desk, server: Wire) -> None:
    first = await desk.poll(query="grain")
    assert first.cursor == f"english={STAMP} translated={STAMP}"
    again = await desk.poll(first.cursor, query="grain")
    assert (again.outcome, again.cause, again.entries) == (PollOutcome.NOT_MODIFIED, Cause.NOTHING_NEW, ())
    assert again.cursor == first.cursor
    assert len(server.asked) == 4


async def test_many_sources_and_processes_fetch_a_file_once(desk: Desk, server: Wire) -> None:
    await asyncio.gather(*(desk.poll(query=word, language="en") for word in ("grain", "corn", "sea", "quiet")))
    assert sorted(server.paths) == [f"/{STAMP}.gkg.csv.zip", "/lastupdate.txt"]
    desk.restart()
    await desk.poll(query="grain", language="en")
    assert server.paths.count(f"/{STAMP}.gkg.csv.zip") == 1


async def test_files_that_were_missed_are_caught_up_in_order(desk: Desk, server: Wire) -> None:
    serve_gkg(server, OLDER, [gkg_row("https://old.test/1", "Grain before")], newest=False)
    polled = await desk.poll("english=20260918024500", query="grain", language="en")
    assert urls(polled)[:2] == ["old.test/1", "a.test/1"]
    assert polled.cursor == f"english={STAMP}"


async def test_a_quarter_that_gdelt_left_out_is_said_and_passed(desk: Desk) -> None:
    polled = await desk.poll("english=20260918024500", query="grain", language="en")
    assert polled.outcome is PollOutcome.NEW
    assert f"there is no file of {OLDER}" in polled.detail
    assert polled.cursor == f"english={STAMP}"


def test_a_long_gap_is_caught_up_as_far_as_four_hours_and_the_rest_is_counted() -> None:
    wanted, skipped = steps("20260917000000", STAMP)
    assert (len(wanted), wanted[0], wanted[-1], skipped) == (CATCH_UP, "20260917233000", STAMP, 93)
    assert steps(STAMP, STAMP) == ([], 0)
    assert steps("20260918040000", STAMP) == ([], 0), "a list that goes back is waited out"
    assert steps("", STAMP) == ([STAMP], 0)


async def test_the_files_before_a_failure_are_kept_and_the_cursor_stands_there(desk: Desk, server: Wire) -> None:
    serve_gkg(server, OLDER, [gkg_row("https://old.test/1", "Grain before")], newest=False)
    server.answers[f"/{STAMP}.gkg.csv.zip"] = bad_gateway
    polled = await desk.poll("english=20260918024500", query="grain", language="en")
    assert (urls(polled), polled.cursor) == (["old.test/1"], f"english={OLDER}")
    assert "502" in polled.detail


def damaged() -> bytes:
    whole = bytearray(zipped(ROWS))
    whole[60] ^= 0xFF
    return bytes(whole)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (zipped(ROWS[:1]), "md5"),
        (b"PK but no zip", "md5"),
    ],
)
async def test_a_file_that_is_not_the_one_in_the_list_is_not_read(
    desk: Desk, server: Wire, body: bytes, why: str
) -> None:
    server.answers[f"/{STAMP}.gkg.csv.zip"] = body
    polled = await desk.poll(query="grain", language="en")
    assert (polled.outcome, polled.cause, polled.cursor) == (PollOutcome.BROKEN, Cause.PARSE_ERROR, None)
    assert why in polled.detail
    assert not [path for path in desk.folder.iterdir() if path.suffix == ".zip"]


@pytest.mark.parametrize("body", [damaged(), b"no zip", zipped(["<html>", "a page", "of lines"])])
async def test_an_older_file_that_is_damaged_is_not_read_either(desk: Desk, server: Wire, body: bytes) -> None:
    server.answers[f"/{OLDER}.gkg.csv.zip"] = body
    polled = await desk.poll("english=20260918024500", query="grain", language="en")
    assert (polled.outcome, polled.entries, polled.cursor) == (PollOutcome.BROKEN, (), None)


@pytest.mark.parametrize("listing", [b"", b"<html>no</html>", b"nothing that we know\n"])
async def test_a_list_that_names_no_file_is_broken_and_not_asked_for_again_at_once(
    desk: Desk, server: Wire, listing: bytes
) -> None:
    server.answers["/lastupdate.txt"] = listing
    for _ in range(3):
        polled = await desk.poll(query="grain", language="en")
        assert (polled.outcome, polled.entries) == (PollOutcome.BROKEN, ())
    assert server.paths == ["/lastupdate.txt"]
    serve_gkg(server, STAMP, ROWS)
    desk.clock.advance(timedelta(minutes=2))
    assert (await desk.poll(query="grain", language="en")).outcome is PollOutcome.NEW


async def test_old_files_are_cleared_away(desk: Desk, server: Wire) -> None:
    await desk.poll(query="grain", language="en")
    desk.clock.advance(timedelta(hours=25))
    serve_gkg(server, "20260919041500", ROWS)
    await desk.poll(query="grain", language="en")
    assert [path.name for path in desk.folder.iterdir()] == ["20260919041500.gkg.csv.zip.digest"]


# ------------------------------------------------------------------------------------------------------- the fallback

DOC = "/api/v2/doc/doc"


async def test_the_search_is_not_asked_where_it_was_not_allowed(desk: Desk, server: Wire) -> None:
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: doc(doc_article("https://x.test/1", "Grain"))}
    polled = await desk.poll(query="grain", language="en")
    assert (polled.outcome, polled.cause, polled.entries) == (PollOutcome.UNREACHABLE, Cause.HTTP_5XX, ())
    assert DOC not in server.paths


async def test_where_it_was_allowed_every_row_says_so_and_the_files_are_caught_up_later(
    desk: Desk, server: Wire
) -> None:
    server.answers |= {"/lastupdate.txt": page, DOC: doc(doc_article("https://www.x.test/1", "Зерно"))}
    polled = await desk.poll(
        f"english={OLDER}", query='grain OR "black sea"', theme="ELECTION", language="en", fallback="doc"
    )
    (entry,) = polled.entries
    assert (entry.via, entry.publisher, entry.language, entry.published_at) == (VIA_SEARCH, "x.test", "ru", None)
    assert "because of its files" in polled.detail
    assert polled.cursor is None
    asked = server.asked[-1]
    assert asked.query["query"] == '(grain OR "black sea") theme:ELECTION sourcelang:english'
    assert (asked.query["mode"], asked.query["format"], asked.query["maxrecords"]) == ("ArtList", "json", "250")
    assert asked.headers["User-Agent"]


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (b"Please limit requests to one every 5 seconds.", PollOutcome.RATE_LIMITED, "limit requests"),
        (web.Response(status=429, text="Please limit requests"), PollOutcome.RATE_LIMITED, "429"),
        (b"<html>Queries containing OR'd terms must be surrounded by ().</html>", PollOutcome.BROKEN, "OR'd terms"),
        (b"{}", PollOutcome.EMPTY, ""),
        (b"", PollOutcome.BROKEN, "empty"),
        (b'{"articles": [', PollOutcome.BROKEN, "no JSON"),
        (b'{"articles": 7}', PollOutcome.BROKEN, "no JSON"),
        (b"[" * 100_000, PollOutcome.BROKEN, "GDELT says"),
        (b'{"articles":' + b"[" * 100_000, PollOutcome.BROKEN, "no JSON"),
    ],
)
async def test_what_the_search_says_is_heard_whatever_its_status(
    desk: Desk, server: Wire, answer: bytes | web.Response, outcome: PollOutcome, said: str
) -> None:
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: answer}
    polled = await desk.poll(query="grain", language="en", fallback="doc")
    assert (polled.outcome, polled.entries, said in polled.detail) == (outcome, (), True), polled.detail


async def test_a_row_of_the_search_that_is_none_takes_no_good_one_along(desk: Desk, server: Wire) -> None:
    rows = [7, None, {"url": "http://[", "title": []}, {"url": "https://x.test/1", "title": "Good", "language": {}}]
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: json.dumps({"articles": rows}).encode()}
    polled = await desk.poll(query="grain", language="en", fallback="doc")
    assert [entry.title for entry in polled.entries] == ["Good"]
    assert "3 entries without an address or a title" in polled.detail


async def test_when_the_search_wants_rest_nobody_asks_it(desk: Desk, server: Wire) -> None:
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: b"Please limit requests to one every 5 seconds."}
    await desk.poll(query="grain", language="en", fallback="doc")
    with pytest.raises(Deferred):
        await desk.poll(query="wheat", language="en", fallback="doc")
    assert server.paths.count(DOC) == 1


async def test_json_that_json_forbids_is_read(desk: Desk, server: Wire) -> None:
    article = (
        b'{"url": "https://x.test/1", "title": "A \x01 tab\there, a \\escape, a \\\\ and a \\u0041", "language": "x"}'
    )
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: b'{"articles": [' + article + b', {"url": "no"}]}'}
    polled = await desk.poll(query="grain", language="en", fallback="doc")
    assert [entry.title for entry in polled.entries] == ["A tab here, a \\escape, a \\ and a A"]
    assert "1 entries without" in polled.detail


async def test_one_search_at_a_time_and_not_too_fast(desk: Desk, server: Wire) -> None:
    desk.pace = Pace(desk.clock, "GDELT's search", every_s=6.5, patience_s=5)
    desk.restart()
    server.answers |= {"/lastupdate.txt": bad_gateway, DOC: doc(doc_article("https://x.test/1", "Grain"))}
    assert (await desk.poll(query="grain", language="en", fallback="doc")).outcome is PollOutcome.NEW
    with pytest.raises(Deferred) as deferred:
        await desk.poll(query="grain", language="en", fallback="doc")
    assert timedelta(seconds=5) < deferred.value.until - desk.clock.now() <= timedelta(seconds=6.5)


async def test_settings_that_make_no_sense_any_more_are_said(desk: Desk, server: Wire) -> None:
    polled = await desk.reader.poll(replace(gdelt(), config={"query": "(a OR"}))
    assert (polled.cause, server.asked) == (Cause.CONFIG, [])
