"""Sources of every kind by a form without script, and by the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import asyncpg
import pytest

from cid.cli import doctor, frame, main
from cid.cli import sources as commands
from cid.domain.news import Cause, Entry, Polled, PollOutcome, SourceKind
from cid.ports import Response
from cid.services import Services
from cid.settings import Secret, read
from cid.sources.feed.read import parse_feed
from cid.sources.feed_links import find_feeds
from cid.sources.kinds import OFFERED
from cid.sources.options import specs
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
GDELT = {"kind": "gdelt", "set-query": 'grain "Black  Sea"', "set-country": "Ukraine", "set-fallback": "none"}


CORN = Polled(outcome=PollOutcome.NEW, entries=(Entry(key="1", url="https://x.test/", title="Corn"),))


@pytest.fixture
def gdelt(desk: Desk) -> Desk:
    """A desk that reads GDELT, too."""
    readers: Any = desk.sv.outside.sources
    readers[SourceKind.GDELT] = desk.reader
    return desk


async def test_each_kind_has_a_form_with_its_fields(boss: Person) -> None:
    for kind, about in OFFERED.items():
        text = await boss.text(f"/t/acme/sources?kind={kind}")
        assert f'name="kind" value="{kind}"' in text
        assert [spec.name for spec in specs(about.settings) if f'name="set-{spec.name}"' not in text] == []
        assert all(f'href="/t/acme/sources?kind={other}"' in text for other in OFFERED)
    assert 'name="kind" value="rss"' in await boss.text("/t/acme/sources?kind=tarot")


async def test_a_search_is_added_with_what_it_was_told(boss: Person, gdelt: Desk, owner: Owner, room: Newsroom) -> None:
    answer = await boss.post("/t/acme/sources", **GDELT)
    assert answer.status == 303
    row = await owner.fetchrow("select url, config, tenant_id from sources where kind = 'gdelt'")
    assert row
    assert json.loads(row["config"]) == {"query": 'grain "Black  Sea"', "country": "UA"}
    assert (row["url"], row["tenant_id"]) == ("gdelt:query=grain%20%22Black%20%20Sea%22&country=UA", room.tenant)
    listed = await boss.text("/t/acme/sources")
    assert "(GDELT)" in listed
    assert "made for the sample" not in listed


async def test_what_was_typed_stays_beside_what_is_wrong_with_it(boss: Person, gdelt: Desk, owner: Owner) -> None:
    answer = await boss.post("/t/acme/sources", **{**GDELT, "set-country": "Atl<b>antis"})
    text = await answer.text()
    assert answer.status == 422
    assert "There is no country called &#39;Atl&lt;b&gt;antis&#39;" in text
    assert 'value="grain &#34;Black  Sea&#34;"' in text
    assert await owner.fetchval("select count(*) from sources where kind = 'gdelt'") == 0


NONSENSE: list[dict[str, str]] = [
    {"kind": "sample", "url": "sample:x"},
    {"kind": "gdelt"},
    {"kind": "gdelt", "url": "https://a.test/", "set-query": "x"},
    {"kind": "gdelt", "set-query": "x", "set-colour": "red"},
    {"kind": "gdelt", "set-query": "a\x00"},
    {"kind": "serpapi", "set-query": "x" * 600},
    {"kind": "rss", "url": "https://a.test/", "set-query": "x"},
]


@pytest.mark.parametrize("fields", NONSENSE)
async def test_a_form_that_makes_no_sense_is_refused(boss: Person, gdelt: Desk, fields: dict[str, str]) -> None:
    assert (await boss.post("/t/acme/sources", **fields)).status == 422


async def test_trying_a_search_shows_what_it_would_bring(boss: Person, gdelt: Desk, owner: Owner) -> None:
    before = await owner.fetchval("select count(*) from sources")
    gdelt.reader.polled = CORN
    answer = await boss.post("/t/acme/sources/test", **GDELT)
    text = await answer.text()
    assert (answer.status, "Corn" in text) == (200, True)
    assert 'value="Ukraine"' in text
    assert await owner.fetchval("select count(*) from sources") == before


@pytest.mark.parametrize("path", ["/t/acme/sources/test", "/t/acme/sources"])
async def test_what_was_chosen_stays_chosen_after_a_try_and_after_a_mistake(boss: Person, path: str) -> None:
    url = "https://new.test/feed" if path.endswith("test") else "ftp://new.test"
    text = await (await boss.post(path, url=url, trust="0.55", role="competitor", private="1")).text()
    form = text[text.index("Add a source") : text.index('role="search"')]
    assert 'name="private" value="1" checked' in form
    assert '<option value="competitor" selected>' in form
    assert 'value="0.55"' in form


async def test_a_search_of_one_tenant_is_nothing_to_another(
    boss: Person, stranger: Person, gdelt: Desk, owner: Owner
) -> None:
    await boss.post("/t/acme/sources", **GDELT)
    source = await owner.fetchval("select id from sources where kind = 'gdelt'")
    assert (await stranger.post("/t/acme/sources", **GDELT)).status == 404
    assert (await stranger.post("/t/acme/sources/test", **GDELT)).status == 404
    assert (await stranger.post(f"/t/other/sources/{source}/active")).status == 404
    assert "GDELT)" not in await stranger.text("/t/other/sources")


# -------------------------------------------------------------------------------------------------- the command line

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(gdelt: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def on_the_desk(body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(gdelt.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", lambda _options, body: on_the_desk(body))
        monkeypatch.setattr(frame, "without_database", on_the_desk)
        code = await asyncio.to_thread(frame.run, main, list(args))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def test_a_search_is_added_by_its_settings(run: Run, owner: Owner) -> None:
    asked = ("--kind", "gdelt", "--set", "query=a=b OR c", "--set", "country=MD", "--tenant", "acme")
    code, out, _ = await run("sources", "add", *asked)
    assert (code, "is added" in out) == (0, True)
    config = await owner.fetchval("select config from sources where kind = 'gdelt'")
    assert json.loads(config) == {"query": "a=b OR c", "country": "MD"}
    assert (await run("sources", "add", *asked))[0] == frame.FAILED


async def test_mistakes_are_one_sentence_and_a_code(run: Run) -> None:
    for args, code, said in (
        (("--kind", "gdelt", "--set", "query"), frame.USAGE, "NAME=VALUE"),
        (("--kind", "tarot"), frame.USAGE, "tarot"),
        (("--kind", "gdelt", "--set", "colour=red"), frame.FAILED, "no setting 'colour'"),
        (("--kind", "gdelt", "--set", "query=x", "https://a.test/"), frame.FAILED, "takes no address"),
        ((), frame.FAILED, "http"),
    ):
        found = await run("sources", "add", *args, "--tenant", "acme")
        assert (found[0], said in found[2]) == (code, True), found


async def test_a_search_is_tried_without_being_stored(run: Run, gdelt: Desk, owner: Owner) -> None:
    gdelt.reader.polled = CORN
    code, out, _ = await run("sources", "test", "--kind", "gdelt", "--set", "query=corn")
    assert (code, "Corn" in out) == (0, True)
    assert await owner.fetchval("select count(*) from sources where kind = 'gdelt'") == 0


async def test_a_list_names_the_addresses_that_other_commands_take(run: Run, boss: Person) -> None:
    _code, out, _ = await run("sources", "list", "--tenant", "acme", "--json")
    code, listed, _ = await run("sources", "list", "--tenant", "acme")
    assert code == 0
    assert [source["url"] for source in json.loads(out) if source["url"] not in listed] == []


async def test_trying_a_page_on_the_command_line_names_its_feeds(
    run: Run, gdelt: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = b"<rss><channel><title>Harbour Post</title><item><title>Corn</title><link>https://new.test/1</link></item>"
    outside: Any = gdelt.sv.outside
    outside.children.functions.update({"find_feeds": find_feeds, "parse_feed": parse_feed})
    outside.http.answers = {
        url: Response(status=200, url=url, headers={}, body=body)
        for url, body in (
            ("https://new.test/", b"<html><link rel=alternate type='application/rss+xml' href='/feed'></html>"),
            ("https://new.test/feed", feed + b"</channel></rss>"),
        )
    }
    gdelt.reader.polled = Polled(outcome=PollOutcome.BROKEN, cause=Cause.HTML, detail="It is a page.")
    with pytest.raises(SystemExit, match=str(frame.FAILED)):
        await run("sources", "test", "https://new.test/")
    assert "https://new.test/feed  Harbour Post" in capsys.readouterr().out
    assert (await run("sources", "test"))[0] == frame.USAGE


async def test_the_kinds_say_what_they_want(run: Run) -> None:
    code, out, _ = await run("sources", "kinds")
    assert code == 0
    assert "SERPAPI_KEY" in out
    assert "--set country=" in out
    told = json.loads((await run("sources", "kinds", "--json"))[1])
    assert set(told) == {str(kind) for kind in OFFERED}


async def test_the_doctor_names_the_key_that_sources_wait_for(boss: Person, desk: Desk) -> None:
    await boss.post("/t/acme/sources", kind="serpapi", **{"set-query": "x"})
    assert commands.KIND.choices
    without = read({})
    (check,) = await doctor._keyless(without, desk.sv)
    assert (check.what, check.remedy) == ("1 without a key", "Set SERPAPI_KEY.")
    keyed = replace(without, source_keys={"SERPAPI_KEY": Secret("x")})
    assert await doctor._keyless(keyed, desk.sv) == []
