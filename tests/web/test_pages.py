"""Each page tells what is in the rows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cid.domain.ids import VerdictId, uuid7
from cid.domain.jobs import JobKind
from cid.domain.news import Entry, Polled, PollOutcome
from cid.domain.screening import JOB_OF, Stage
from cid.domain.verdicts import Drop, Gate, Reason
from cid.store import pages, verdicts
from cid.web import words
from cid.web.app import HEADERS
from cid.web.routes import ROUTES
from tests import make, newsroom
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]


async def test_the_overview_counts_what_the_gates_did_and_links_to_the_rows(boss: Person) -> None:
    text = await boss.text("/t/acme/")
    links = re.findall(r'href="(/t/acme/items\?gate=[^"]+)"[^>]*>(?:<span>[^<]*</span> <b>)?(\d+)<', text)
    assert len(links) > 8
    for path, count in links:
        listed = await boss.text(path.replace("&amp;", "&"))
        assert listed.count('class="title"') == int(count), path


async def test_each_desk_has_a_funnel_and_a_backlog_of_its_own(
    boss: Person, editor: Person, room: Newsroom, owner: Owner
) -> None:
    await owner.execute("update tenants set desks = '{publishing,tracker}' where id = $1", room.tenant)
    text = await boss.text("/t/acme/")
    publishing, tracker = (
        text.split(f'id="funnel-{desk}"')[1].split("</section>")[0] for desk in ("publishing", "tracker")
    )
    assert "T</span>" in tracker
    assert "T</span>" not in publishing
    assert "desk=tracker" not in publishing
    assert "desk=publishing" not in tracker
    under_way = re.findall(r'/items\?state=(\w+)&amp;desk=(\w+)"[^>]*>.*?<td class="n">(\d+)', text)
    assert {desk for _state, desk, _count in under_way} == {"publishing", "tracker"}
    for state, desk, _count in under_way:
        total = sum(int(count) for one, of, count in under_way if (one, of) == (state, desk))
        listed = await editor.text(f"/t/acme/items?state={state}&desk={desk}")
        assert listed.count('class="title"') == total, (state, desk)


async def test_the_navigation_names_the_tracker_where_that_desk_is_on(
    boss: Person, room: Newsroom, owner: Owner
) -> None:
    link = '<a href="/t/acme/tracker"'
    for desks, shown in (("{publishing}", False), ("{publishing,tracker}", True)):
        await owner.execute("update tenants set desks = $2::text::text[] where id = $1", room.tenant, desks)
        nav = (await boss.text("/t/acme/")).split('<nav aria-label="Main">')[1].split("</nav>")[0]
        assert (link in nav) is shown


@pytest.mark.parametrize("part", ["items", "gates", "gates/figures", "quality", "plan"])
async def test_the_pages_of_the_funnel_are_under_one_entry_and_name_themselves(boss: Person, part: str) -> None:
    text = await boss.text(f"/t/acme/{part}")
    main, within = (nav.split("</nav>")[0] for nav in text.split("<nav ")[1:3])
    assert '<a href="/t/acme/items" aria-current="page">Funnel</a>' in main
    assert re.findall(r'href="/t/acme/([^"]+)" aria-current', within) == [part]
    assert 'aria-label="Funnel"' not in await boss.text("/t/acme/drafts")


async def test_the_overview_tells_what_waits_and_since_when(boss: Person, room: Newsroom, desk: Desk) -> None:
    async with desk.sv.platform.tx() as tx:
        await tx.execute(
            "insert into jobs (tenant_id, kind) select $1, 'relate' from generate_series(1, 12)", room.tenant
        )
        await tx.execute(
            "insert into jobs (tenant_id, kind) select $1, 'relate' from generate_series(1, 5)", room.other
        )
    async with desk.sv.db.read(room.tenant) as tx:
        (line,) = await pages.queue(tx, room.tenant, ["relate"])
    assert (line.ready, line.running, line.dead, line.paused) == (12, 0, 0, False)
    assert line.oldest is not None
    row = re.search(r"Gate 2, relevance\s*</th>\s*<td class=\"n\">(\d+)", await boss.text("/t/acme/"))
    assert row
    assert row[1] == "12"


async def test_the_overview_shows_the_queue_of_every_stage_of_a_story(boss: Person, room: Newsroom, desk: Desk) -> None:
    kinds = {*(JOB_OF[stage] for stage in Stage), JobKind.FOLLOW}
    async with desk.sv.platform.tx() as tx:
        for kind in kinds:
            await tx.execute("insert into jobs (tenant_id, kind) values ($1, $2)", room.tenant, str(kind))
    text = await boss.text("/t/acme/")
    unseen = {kind for kind in kinds if not re.search(rf"{words.KINDS[kind]}\s*</th>\s*<td class=\"n\">1<", text)}
    assert unseen == set()


async def test_the_overview_tells_what_was_spent_and_counts_the_unanswered(
    boss: Person, room: Newsroom, owner: Owner
) -> None:
    assert "$0.0021" in await boss.text("/t/acme/")
    await owner.execute(
        "update calls set state = 'ambiguous', reserved = 0.5, cost = null where id = $1", room.calls["cheap"]
    )
    text = await boss.text("/t/acme/")
    assert "$0.50" in text
    assert "1 unanswered" in text


async def test_the_overview_says_that_nothing_works_while_no_process_is_alive(boss: Person, desk: Desk) -> None:
    assert "no process is alive" in await boss.text("/t/acme/")
    parts = {"claims": {"state": "waiting", "error": "Upstream: no answer", "since": "2026-01-01T00:00:00+00:00"}}
    async with desk.sv.platform.tx() as tx:
        await tx.execute(
            "insert into workers (id, host, pid, version, parts) values ($1, 'm', 7, '1', $2)",
            uuid7(desk.clock.now()),
            {**parts, "web": {"state": "running", "error": "", "since": "2026-01-01T00:00:00+00:00"}},
        )
    text = await boss.text("/t/acme/")
    assert "no process is alive" not in text
    assert "Upstream: no answer" in text
    assert "<strong>web</strong>" not in text


async def test_a_draft_by_no_model_is_marked_as_such(boss: Person) -> None:
    assert "offline" in await boss.text("/t/acme/")


@pytest.mark.parametrize(
    ("name", "stands", "why"),
    [
        ("short", "dropped at gate 1", "10 characters, 50 are wanted"),
        ("irrelevant", "dropped at gate 2", "A prize, not trade."),
        ("lonely", "dropped at gate 3", "1 publisher in 2 h"),
        ("waiting", "waiting", "for more publishers to report it"),
        ("drafted", "became a draft", "Open the draft"),
        ("unjudged", "not judged yet", "Gate 1 has not judged it yet."),
    ],
)
async def test_an_item_tells_why_it_stands_where_it_stands(
    boss: Person, room: Newsroom, name: str, stands: str, why: str
) -> None:
    text = await boss.text(f"/t/acme/items/{room.items[name]}")
    assert stands in text
    assert why in text
    assert "Harbour Gazette" in text


async def test_a_trace_names_the_model_and_its_cost(boss: Person, room: Newsroom) -> None:
    text = await boss.text(f"/t/acme/items/{room.items['drafted']}")
    for part in ("anthropic/model-1", "relevance v1", "$0.0021 for this", "score 88", "trust 0.80"):
        assert part in text


async def test_items_are_found_by_state_reason_words_and_address(boss: Person, room: Newsroom) -> None:
    async def titles(query: str) -> set[str]:
        text = await boss.text(f"/t/acme/items{query}")
        return {name for name, item in room.items.items() if str(item) in text}

    assert await titles("") == {"short", "off topic", "irrelevant", "lonely", "waiting", "drafted", "held"}
    assert await titles("?state=dropped") == {"short", "off topic", "irrelevant", "lonely"}
    assert await titles("?state=waiting") == {"waiting"}
    assert await titles("?state=passed") == {"drafted", "held"}
    assert await titles("?reason=low_relevance") == {"irrelevant"}
    assert await titles("?q=HARBOUR+-crane") == {"irrelevant", "waiting", "held"}
    assert await titles("?q=harbour&state=dropped") == {"irrelevant", "lonely"}
    assert await titles("?q=%E2%80%9Cbooking+fee%E2%80%9D") == {"held"}, "a phrase in any quotation marks"
    assert await titles("?q=CAF%C3%89") == {"irrelevant"}, "capitals of any alphabet"
    assert await titles("?q=harbour&state=waiting") == {"waiting"}
    assert await titles("?q=cr%C3%AApe&state=waiting") == set()
    assert await titles("?state=waiting&reason=low_signal") == {"lonely"}, "a reason is one to drop"
    assert await titles("?q=harb") == set(), "words, not parts of words"
    assert await titles("?q=%22%27%26%3A%2A%28") == set(), "nothing typed is a syntax error"
    answer = await boss.get("/t/acme/items?q=https://www.feed0.test/drafted")
    assert answer.headers["Location"] == f"/t/acme/items/{room.items['drafted']}"


async def test_a_long_list_shows_each_item_once_over_its_pages(boss: Person, room: Newsroom, desk: Desk) -> None:
    path = "/t/acme/items?reason=stale"
    async with desk.sv.platform.tx() as tx:
        items = [await make.item(tx, story=room.stories["short"], title=f"Item {number}") for number in range(120)]
    async with desk.sv.db.tx(room.tenant) as tx:
        for item in items:
            verdict = VerdictId(uuid7(desk.clock.now()))
            await verdicts.add(tx, verdict, Gate.RULES, Drop(Reason.STALE), story=room.stories["short"], item=item)
    seen: list[str] = []
    while path:
        text = await boss.text(path)
        seen += re.findall(r">Item (\d+)<", text)
        found = re.search(r'href="([^"]+)" rel="next"', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("query", ["before=junk", "before=2026-01-01~x", "state=nope&gate=9&reason=x", "q=%00", "q="])
async def test_a_broken_address_leads_to_the_start_of_the_list(boss: Person, query: str) -> None:
    assert "Ferry late" in await boss.text(f"/t/acme/items?{query}")
    assert "Harbour Gazette" in await boss.text(f"/t/acme/sources?after=junk&{query}")


async def test_the_sources_say_how_they_fare(boss: Person) -> None:
    text = await boss.text("/t/acme/sources")
    for part in ("Status 410.", "Lock Keepers", "not polled yet", "3 times in a row", "in 11 min"):
        assert part in text
    only = await boss.text("/t/acme/sources?word=gone")
    assert "Old Pier" in only
    assert "Harbour Gazette" not in only
    assert "Freight &amp; Quay" in await boss.text("/t/acme/sources?q=QUAY")


async def test_testing_a_source_shows_what_a_poll_would_bring_and_stores_nothing(
    boss: Person, desk: Desk, owner: Owner
) -> None:
    entry = Entry(key="1", url="https://new.test/1", title="<b>Bold</b> claim")
    desk.reader.polled = Polled(outcome=PollOutcome.NEW, title="New Wire", entries=(entry,))
    before = await owner.fetchval("select count(*) from sources")
    answer = await boss.post("/t/acme/sources/test", url="https://new.test/feed")
    text = await answer.text()
    assert answer.status == 200
    assert "New Wire" in text
    assert "&lt;b&gt;Bold&lt;/b&gt; claim" in text
    assert 'value="https://new.test/feed"' in text, "what was typed stays"
    assert await owner.fetchval("select count(*) from sources") == before


async def test_an_owner_adds_switches_and_trusts_a_source(boss: Person, room: Newsroom, owner: Owner) -> None:
    answer = await boss.post("/t/acme/sources", url="https://new.test/feed", trust="0.35", role="competitor")
    assert answer.status == 303
    assert "Source added" in await boss.text(answer.headers["Location"])
    row = await owner.fetchrow(
        """select u.trust::float8, u.role from subscriptions u join sources s on s.id = u.source_id
           where s.url = 'https://new.test/feed' and u.tenant_id = $1""",
        room.tenant,
    )
    assert row
    assert tuple(row) == (0.35, "competitor")
    assert await owner.fetchval("select count(*) from jobs where kind = 'poll'") == 1
    again = await boss.post("/t/acme/sources", url="https://new.test/feed", trust="0.35")
    assert again.status == 422
    gazette = room.sources["Harbour Gazette"]
    active = "select active from subscriptions where source_id = $1"
    for _ in range(2):
        assert (await boss.post(f"/t/acme/sources/{gazette}/active")).status == 303
        assert await owner.fetchval(active, gazette) is False
    await boss.post(f"/t/acme/sources/{gazette}/active", wanted="1")
    assert await owner.fetchval(active, gazette) is True
    await boss.post(f"/t/acme/sources/{gazette}/trust", trust="0.15")
    assert await owner.fetchval("select trust::float8 from subscriptions where source_id = $1", gazette) == 0.15


NONSENSE: list[dict[str, str]] = [
    {"url": "", "trust": "0.5"},
    {"url": "ftp://x.test/", "trust": "0.5"},
    {"url": "https://x.test/\x00"},
    {"url": "https://x.test/", "trust": "2"},
    {"url": "https://x.test/", "trust": "nan"},
    {"url": "https://x.test/", "trust": "lots"},
    {"url": "https://x.test/", "kind": "tarot"},
]


@pytest.mark.parametrize("fields", NONSENSE)
async def test_a_form_that_makes_no_sense_is_refused_in_words(boss: Person, fields: dict[str, str]) -> None:
    answer = await boss.post("/t/acme/sources", **fields)
    assert answer.status == 422
    assert "That did not work" in await answer.text() or "problem" in await answer.text()


async def test_a_sample_tenant_is_marked_on_every_page(empty_desk: Desk) -> None:
    room = await newsroom.furnish(empty_desk.sv, sample=True)
    async with empty_desk.person("owner@acme.test") as person:
        for path in ("", "items", "sources", f"items/{room.items['drafted']}"):
            assert "Sample newsroom." in await person.text(f"/t/acme/{path}")
    async with empty_desk.person("stranger@other.test") as person:
        assert "Sample newsroom." not in await person.text("/t/other/")


async def test_every_answer_carries_the_headers_that_keep_a_browser_safe(boss: Person, anybody: Person) -> None:
    answers = [
        await boss.get("/t/acme/"),
        await boss.get("/t/other/"),
        await boss.get("/nowhere"),
        await anybody.get("/t/acme/"),
        await anybody.get("/static/desk.css"),
        await boss.send("/t/acme/sources/test", {"Origin": "https://evil.test"}, {"url": "x"}),
    ]
    assert [answer.status for answer in answers] == [200, 404, 404, 303, 200, 403]
    for answer in answers:
        for name in HEADERS:
            assert name in answer.headers
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answers[0].headers["Cache-Control"] == "no-store"


async def test_pages_hold_no_script_or_style_of_their_own(boss: Person, room: Newsroom) -> None:
    for path in ("", "items", "sources", f"items/{room.items['drafted']}"):
        text = await boss.text(f"/t/acme/{path}")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", text)


async def test_a_defect_is_a_page_without_details(boss: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(pages, "funnel", broken)
    answer = await boss.get("/t/acme/")
    assert answer.status == 500
    assert "the secret of the house" not in await answer.text()
    assert "request " in await answer.text()


async def test_readiness_knows_the_migrations(anybody: Person, owner: Owner) -> None:
    assert await (await anybody.get("/livez")).text() == "ok\n"
    answer = await anybody.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"database": "ok", "migrations": "ok", "workers": 0})
    await owner.execute("delete from migrations")
    assert (await anybody.get("/readyz")).status == 503


async def test_assets_may_be_kept_for_good_under_the_version_they_have(anybody: Person) -> None:
    found = re.search(r'href="(/static/desk.css\?v=\w+)"', await anybody.text("/sign-in"))
    assert found
    assert "immutable" in (await anybody.get(found[1])).headers["Cache-Control"]
    assert "immutable" not in (await anybody.get("/static/desk.css?v=0")).headers["Cache-Control"]
    assert (await anybody.get("/static/..%2fapp.py")).status == 404


def test_every_route_has_a_name_of_its_own() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_every_reason_and_gate_has_words() -> None:
    assert set(words.REASONS) == set(Reason)
    assert set(words.GATES) == set(Gate)
    assert {outcome.value for outcome in PollOutcome} < set(words.SOURCE_WORDS)


def test_time_is_told_in_the_two_largest_units() -> None:
    from cid.web.render import span

    assert span(timedelta(hours=3, minutes=5, seconds=9)) == "3 h 5 min"
    assert span(timedelta(days=2, seconds=4)) == "2 d"
    assert span(timedelta(milliseconds=5)) == "0 s"
