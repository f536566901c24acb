"""The pages of the analysis desk."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from cid.briefing.targets import outlet_key
from cid.domain.ids import MatchId, RunId, uuid7
from cid.domain.narratives import Span
from cid.domain.run import Failure, RunState, Shortfall, Target, Tlp
from cid.domain.tenants import Desk as DeskKind
from cid.domain.tenants import Role
from cid.store import run_pages, runs, tenants
from cid.web import run_words
from tests import analysis
from tests.analysis import HOSTILE, Runs
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from cid.domain.dossier import Dossier

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def made(desk: Desk) -> Runs:
    assert desk.room
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, desk.room.tenant, [DeskKind.PUBLISHING, DeskKind.ANALYSIS])
    return await analysis.furnish(desk.sv, desk.room.tenant, by=desk.room.people["analyst@acme.test"])


@pytest.fixture
async def analyst(desk: Desk) -> AsyncIterator[Person]:
    async with desk.person(f"{Role.ANALYST}@acme.test") as person:
        yield person


def at(made: Runs, name: str) -> str:
    return f"/t/acme/runs/{made.ids[name]}"


def plain(html: str) -> str:
    """What is read, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


async def test_the_navigation_leads_to_the_desk_only_where_it_is_on(
    viewer: Person, made: Runs, stranger: Person
) -> None:
    assert 'href="/t/acme/runs"' in await viewer.text("/t/acme/")
    assert 'href="/t/other/runs"' not in await stranger.text("/t/other/")
    assert "The analysis desk is not on" in await stranger.text("/t/other/runs")
    assert made.ids


async def test_the_list_shows_every_run_with_its_state_and_why(viewer: Person, made: Runs) -> None:
    text = plain(await viewer.text("/t/acme/runs"))
    for dossier in made.dossiers.values():
        assert dossier.run.outlet in text
    for said in ("nothing found", "stopped by somebody", "a source failed, not scored", "answer not in shape", "61/70"):
        assert said in text
    assert "Three outlets of the north 3/3" in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=failed", {"failed", "cancelled"}),
        ("state=open", {"running", "queued"}),
        ("outlet=courier", {"completed", "before"}),
        ("outlet=NORTHERN+Courier", {"completed", "before"}),
        ("outlet=cour", set()),
        ("outlet=приморья", {"russian"}),
        ("country=PL", {"partial"}),
        ("rating=good", {"russian"}),
        ("tlp=red", {"partial"}),
        ("period=d&outlet=courier", {"completed"}),
        ("platform=telegram", set()),
        ("state=nonsense&country=%3Cb%3E&before=nonsense&outlet=vestnik%00", set()),
    ],
)
async def test_a_filter_shows_what_it_names(viewer: Person, made: Runs, query: str, shown: set[str]) -> None:
    text = await viewer.text(f"/t/acme/runs?{query}")
    found = {name for name, run in made.ids.items() if str(run) in text}
    assert found == (set(made.ids) if "nonsense" in query else shown)
    assert "<b>" not in text.partition("<main")[2].partition("</form>")[0]


async def test_the_list_goes_on_where_it_stopped(viewer: Person, made: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, path = list[str](), "/t/acme/runs?state=completed"
    wanted = [name for name, one in made.dossiers.items() if one.run.state is RunState.COMPLETED]
    monkeypatch.setattr("cid.web.handlers.runs.PAGE", 2)
    while path:
        text = await viewer.text(path)
        seen += [name for name in wanted if str(made.ids[name]) in text]
        found = re.search(r'<a href="([^"]+)" rel="next">', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert sorted(seen) == sorted(wanted)


async def test_several_conditions_say_how_far_back_was_looked_and_lead_on(
    viewer: Person, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cid.web.handlers.runs.PAGE", 1)
    monkeypatch.setattr(run_pages, "WALK", 2)
    path, seen, cut = "/t/acme/runs?state=failed&tlp=amber", set[str](), 0
    while path:
        text = await viewer.text(path)
        seen |= {name for name, run in made.ids.items() if f"/runs/{run}" in text}
        found = re.search(r'<a href="([^"]+)" rel="next">', text)
        path = found[1].replace("&amp;", "&") if found else ""
        cut += "Look further back" in text
        assert not path or "Older" in text
    assert seen == {"failed", "cancelled"}
    assert cut > 0


async def test_an_outlet_beyond_those_that_are_proposed_is_found_by_its_whole_name(
    desk: Desk, viewer: Person, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_pages, "MOST_OUTLETS", 1)
    wanted = Target(outlet="Zorya: The  Evening Paper", country="UA")
    run = RunId(uuid7(desk.clock.now()))
    async with desk.sv.db.tx(made.tenant) as tx:
        await runs.add(tx, run, wanted, outlet_key=outlet_key(wanted), tlp=Tlp.AMBER, by=None)
    assert str(run) in await viewer.text("/t/acme/runs?outlet=zorya+the+evening+paper")
    assert str(run) not in await viewer.text("/t/acme/runs?outlet=zorya+the+morning+paper")


async def test_a_country_of_no_proposed_outlet_still_narrows_the_list(viewer: Person, made: Runs) -> None:
    text = await viewer.text("/t/acme/runs?country=FJ")
    assert not any(str(run) in text for run in made.ids.values())
    assert '<option value="FJ" selected' in text


async def test_a_finished_run_shows_all_that_there_is(viewer: Person, made: Runs) -> None:
    html = await viewer.text(at(made, "completed"))
    text = plain(html)
    for said in (
        "Two of four articles repeat a known claim",
        "[POST]",
        "[PATTERN]",
        "quote found",
        "nearly found",
        "quote not found",
        "no such item",
        "NATO expansion threatens Russia",
        "reports it",
        "repeats it",
        "debunks it",
        "By its form it would be excellent with 61 of 70 points. It is shown as acceptable because of: Quotes found",
        "2 of 5 quotes do not stand in the items.",
        "What cannot be told",
        "Who chose the articles.",
        "An inevitable answer to a broken promise.",
        "TLP:AMBER",
        "Written by a model.",
        "The plants are named in paragraph &lt;3&gt;.",
        "found 7, kept 4",
        "probability 0.71",
        "Compare with the run before",
    ):
        assert said in text, said
    for form in ("json", "csv", "csv.zip", "pdf", "stix"):
        assert f'{at(made, "completed")}/export?format={form}"' in html


async def test_each_quote_that_was_found_leads_to_its_mark_in_the_stored_item(viewer: Person, made: Runs) -> None:
    html = await viewer.text(at(made, "completed"))
    for anchor, marked in (("q1-1-1", "not one inch"), ("q2-1-1", "Forty plants have closed since January")):
        assert f'href="#{anchor}"' in html
        mark = rf'<mark class="[^"]*quote[^"]*"[^>]*>{marked}'
        assert re.search(rf'id="{anchor}" tabindex="-1"></span>(?:<span[^>]*></span>)*{mark}', html)
    assert 'id="q2-1-2"' not in html, "a quote that stands nowhere is marked nowhere"
    assert not [href for href in re.findall(r'href="#([^"]+)"', html) if f'id="{href}"' not in html]


async def test_what_strangers_wrote_is_escaped(viewer: Person, made: Runs) -> None:
    html = await viewer.text(at(made, "completed"))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>" in HOSTILE
    raw = await viewer.text(at(made, "unstructured"))
    assert "<b>repeats</b>" not in raw
    assert "&lt;b&gt;repeats&lt;/b&gt;" in raw


async def test_an_answer_without_structure_is_shown_and_marked(viewer: Person, made: Runs) -> None:
    text = plain(await viewer.text(at(made, "unstructured")))
    assert "Unstructured. Nothing in it was checked" in text
    assert "It names no sources." in text
    assert "The answer is text, where an object was asked for." in text
    assert "There is nothing that could be scored." in text


async def test_what_no_model_wrote_and_what_is_made_up_say_so(viewer: Person, made: Runs) -> None:
    text = plain(await viewer.text(at(made, "offline")))
    for said in (
        "Made of extracts.",
        "No model wrote this",
        "Sample. The outlet and all that it wrote are made up.",
        "TLP:CLEAR",
    ):
        assert said in text
    assert "Written by a model." not in text


async def test_a_failed_run_says_why_what_was_asked_and_what_to_do(analyst: Person, made: Runs) -> None:
    text = plain(await analyst.text(at(made, "failed")))
    for said in (
        "There is no briefing: nothing found",
        "No source had anything of Blank Gazette in the last month.",
        "Try a longer period",
        "Google News found 0, kept 0",
        "Nothing of the outlet in the last month.",
        "Run again",
    ):
        assert said in text
    assert "data-fresh" not in text


@pytest.mark.parametrize("failure", list(Failure))
async def test_every_failure_has_its_words_and_its_remedy(
    viewer: Person, made: Runs, owner: Owner, failure: Failure
) -> None:
    await owner.execute("update runs set failure = $1 where id = $2", failure, made.ids["failed"])
    text = plain(await viewer.text(at(made, "failed"))).replace("&#39;", "'")
    assert all(said in text for said in (run_words.WHY[failure], *run_words.FAILURES[failure]))
    assert run_words.WHY[failure] in plain(await viewer.text("/t/acme/runs?state=failed"))


@pytest.mark.parametrize("lack", list(Shortfall))
async def test_every_shortfall_is_said(viewer: Person, made: Runs, owner: Owner, lack: Shortfall) -> None:
    await owner.execute("update runs set shortfalls = array[$1::text] where id = $2", str(lack), made.ids["partial"])
    text = plain(await viewer.text(at(made, "partial"))).replace("&#39;", "'")
    assert "Something is missing from this briefing" in text
    assert run_words.SHORTFALLS[lack] in text
    assert run_words.SHORT[lack] in plain(await viewer.text("/t/acme/runs?state=partial"))


@pytest.mark.parametrize("state", [one for one in RunState if one not in {"completed", "partial", "failed"}])
async def test_a_page_of_a_run_under_way_looks_again_by_itself_and_not_for_ever(
    analyst: Person, made: Runs, owner: Owner, desk: Desk, state: RunState
) -> None:
    run = made.ids["running"]
    await owner.execute("update runs set state = $1 where id = $2", state, run)
    html = await analyst.text(at(made, "running"))
    assert ' data-fresh="4"' in html
    assert run_words.DOES[state] in plain(html)
    assert ("Stop this run" in html) == (state is not RunState.SCORING)
    await owner.execute("update runs set created_at = created_at - interval '3 hours' where id = $1", run)
    assert "data-fresh" not in await analyst.text(at(made, "running"))
    assert desk.room


async def test_a_viewer_sees_no_button_that_would_be_refused(viewer: Person, made: Runs) -> None:
    for name in made.ids:
        html = await viewer.text(at(made, name))
        for button in ("Stop this run", "Run again", "Say something", "Change</button>"):
            assert button not in html, (name, button)
    assert "New run" not in await viewer.text("/t/acme/runs")
    for path in ("cancel", "again", "share", "feedback"):
        answer = await viewer.post(f"{at(made, 'running')}/{path}", tlp="red", about="run", feeling="wrong")
        assert answer.status == 403
    assert (await viewer.post("/t/acme/runs/new", **{"outlet-1": "Wire"})).status == 403


async def test_an_analyst_stops_a_run_and_says_with_whom_one_is_shared(
    analyst: Person, made: Runs, owner: Owner
) -> None:
    answer = await analyst.post(f"{at(made, 'running')}/cancel")
    assert answer.headers["Location"] == f"{at(made, 'running')}?said=run_cancelled"
    assert "There is no briefing: stopped by somebody" in plain(await analyst.text(at(made, "running")))
    answer = await analyst.post(f"{at(made, 'running')}/cancel")
    assert answer.headers["Location"].endswith("said=run_too_late")
    assert (await analyst.post(f"{at(made, 'completed')}/share", tlp="red")).status == 303
    assert "TLP:RED" in await analyst.text(at(made, "completed"))
    assert (await analyst.post(f"{at(made, 'completed')}/share", tlp="purple")).status == 422
    assert await owner.fetchval("select tlp from runs where id = $1", made.ids["completed"]) == "red"


async def test_an_analyst_starts_a_run_and_is_led_to_its_page(analyst: Person, made: Runs, owner: Owner) -> None:
    form = {"outlet-1": "Вестник «Порт»", "country-1": "Moldova", "items": "7", "period": "w", "first": "google_news"}
    answer = await analyst.post("/t/acme/runs/new", **form, **{"v-gdelt": "1", "v-nonsense": "1", "substitute": "1"})
    assert answer.status == 303, await answer.text()
    row = await owner.fetchrow("select * from runs order by created_at desc, id desc limit 1")
    assert row
    assert answer.headers["Location"] == f"/t/acme/runs/{row['id']}?said=run_started"
    told = (row["outlet"], row["country"], row["items"], row["period"], row["sources"], row["substitute"], row["tlp"])
    assert told == ("Вестник «Порт»", "MD", 7, "w", ["google_news", "gdelt"], True, "amber")
    assert row["batch_id"] is None
    assert made.ids


async def test_the_same_wish_is_run_again_as_a_new_run(analyst: Person, made: Runs, owner: Owner) -> None:
    answer = await analyst.post(f"{at(made, 'failed')}/again")
    assert answer.status == 303
    new = answer.headers["Location"].partition("?")[0].rpartition("/")[2]
    assert new != str(made.ids["failed"])
    columns = "outlet, country, url, platform, period, items, tlp"
    rows = [tuple(await owner.fetchrow(f"select {columns} from runs where id = $1", one) or ())
            for one in (made.ids["failed"], new)]  # fmt: skip
    assert rows[0] == rows[1]


async def test_several_outlets_are_a_batch_and_one_that_is_wrong_starts_none(
    analyst: Person, made: Runs, owner: Owner
) -> None:
    before = await owner.fetchval("select count(*) from runs")
    form = {"name": "Two of them", "outlet-1": "Wire", "country-1": "PL", "outlet-3": "Post", "country-3": "Atlantis"}
    answer = await analyst.post("/t/acme/runs/new", **form)
    text = await answer.text()
    assert answer.status == 422
    assert "Atlantis" in text
    assert 'value="Two of them"' in text
    assert '<details class="more-targets" open>' in text
    assert await owner.fetchval("select count(*) from runs") == before
    answer = await analyst.post("/t/acme/runs/new", **{**form, "country-3": "Kenya"})
    assert answer.status == 303, await answer.text()
    assert "/t/acme/batches/" in answer.headers["Location"]
    text = plain(await analyst.text(answer.headers["Location"]))
    assert "Two of them" in text
    assert "2 outlets" in text
    many = {f"outlet-{n}": f"Outlet {n}" for n in range(1, 7)} | {f"country-{n}": "PL" for n in range(1, 7)}
    assert "A batch has 1 to 5 outlets" in await (await analyst.post("/t/acme/runs/new", name="x", **many)).text()
    assert made.ids


@pytest.mark.parametrize(
    "wrong",
    [
        {"outlet-1": " "},
        {"country-1": "Atlantis"},
        {"items": "21"},
        {"items": "0"},
        {"items": "five"},
        {"period": "decade"},
        {"platform-1": "gopher"},
        {"tlp": "purple"},
        {"url-1": "javascript:alert(1)"},
        {"outlet-1": "a\x00b"},
    ],
)
async def test_a_form_that_cannot_be_started_comes_back_with_a_sentence(
    analyst: Person, made: Runs, owner: Owner, wrong: dict[str, str]
) -> None:
    before = await owner.fetchval("select count(*) from runs")
    form = {"outlet-1": "Harbour <Wire>", "country-1": "PL"} | wrong
    answer = await analyst.post("/t/acme/runs/new", **form)
    text = await answer.text()
    assert answer.status == 422
    assert 'role="alert"' in text or "cannot be read" in text
    assert "<Wire>" not in text
    assert await owner.fetchval("select count(*) from runs") == before
    assert made.ids


@pytest.mark.parametrize("about", ["run", "finding", "match"])
async def test_feedback_is_added_and_never_overwritten(analyst: Person, made: Runs, owner: Owner, about: str) -> None:
    ref = {"run": "", "finding": "1", "match": str(made.match())}[about]
    path = f"{at(made, 'completed')}/feedback"
    for feeling in ("useful", "misleading"):
        note = f"Said <i>{feeling}</i> of {about}."
        answer = await analyst.post(path, about=about, ref=ref, feeling=feeling, note=note)
        assert answer.status == 303, await answer.text()
    html = await analyst.text(at(made, "completed"))
    for feeling in ("useful", "misleading"):
        assert f"Said &lt;i&gt;{feeling}&lt;/i&gt; of {about}." in html
    kept = await owner.fetchval("select count(*) from run_feedback where about = $1 and ref = $2", about, ref)
    assert kept == 2
    assert await owner.fetchval("select count(*) from audit where action = 'run.feedback'") == 2


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"about": "finding", "ref": "99", "feeling": "wrong"}, 404),
        ({"about": "finding", "ref": "", "feeling": "wrong"}, 404),
        ({"about": "match", "ref": "nonsense", "feeling": "wrong"}, 404),
        ({"about": "run", "feeling": "missing"}, 422),
        ({"about": "run", "feeling": "splendid"}, 422),
        ({"about": "weather", "feeling": "wrong"}, 422),
    ],
)
async def test_feedback_on_what_is_not_there_is_refused(
    analyst: Person, made: Runs, owner: Owner, form: dict[str, Any], status: int
) -> None:
    before = await owner.fetchval("select count(*) from run_feedback")
    assert (await analyst.post(f"{at(made, 'completed')}/feedback", **form)).status == status
    assert await owner.fetchval("select count(*) from run_feedback") == before


async def test_a_comparison_tells_what_changed_since_the_run_before(viewer: Person, made: Runs) -> None:
    html = await viewer.text(f"{at(made, 'completed')}/compare")
    text = plain(html)
    assert f"{analysis.OUTLET}, then and now" in text
    assert "+15" in text, "46 of 70 then, 61 now"
    assert "new" in text.partition("Known narratives")[2].partition("Framing")[0]
    assert (await viewer.text(f"{at(made, 'completed')}/compare?with={made.ids['before']}")).count("<h1>") == 1
    assert (await viewer.get(f"{at(made, 'before')}/compare")).status == 404
    assert (await viewer.get(f"{at(made, 'completed')}/compare?with=nonsense")).status == 404


async def test_two_outlets_side_by_side_share_what_both_published(viewer: Person, made: Runs) -> None:
    text = plain(await viewer.text(f"{at(made, 'completed')}/compare?with={made.ids['partial']}"))
    assert "Two runs side by side" in text
    assert "the same page" in text.partition("Told by more than one")[2].partition("Framing")[0]


async def test_a_batch_tells_the_fold_the_counts_and_each_run(viewer: Person, made: Runs) -> None:
    text = plain(await viewer.text(f"/t/acme/batches/{made.batch}"))
    for said in (
        "Three outlets of the north",
        "partial",
        "3 outlets",
        "1 completed, 1 partial, 1 failed",
        "not looked for",
    ):
        assert said in text
    assert "Вестник Приморья" in text


async def test_a_stranger_finds_no_run_by_any_way(stranger: Person, made: Runs) -> None:
    for name in made.ids:
        assert (await stranger.get(at(made, name).replace("/acme/", "/other/"))).status == 404
    mine = f"/t/other/runs/{made.ids['completed']}"
    assert (await stranger.get(f"{mine}/compare?with={made.ids['before']}")).status == 404
    assert (await stranger.get(f"/t/other/batches/{made.batch}")).status == 404
    assert (await stranger.post(f"{mine}/feedback", about="run", feeling="wrong")).status == 404
    assert "Courier" not in await stranger.text("/t/other/runs?outlet=courier")


def long_run(dossier: Dossier, now: datetime) -> Dossier:
    """Twenty articles of 20,000 letters and sixty matches of twenty cues."""
    text = ("Совет собрался во вторник, чтобы обсудить бюджет школ и дорог. " * 400)[:20_000]
    of = dossier.matches[0]
    matches = []
    for n in range(60):
        starts = [100 + 900 * place + n * 7 for place in range(20)]
        spans = tuple(Span(start=at, end=at + 12, text=text[at : at + 12], cue="совет") for at in starts)
        matches.append(replace(of, id=MatchId(uuid7(now)), match=replace(of.match, item=n % 20 + 1, spans=spans)))
    return replace(
        dossier,
        run=replace(dossier.run, id=RunId(uuid7(now))),
        items=tuple(replace(dossier.items[0], number=n, title=f"Article {n}", text=text) for n in range(1, 21)),
        matches=tuple(matches),
    )


async def test_a_run_of_long_articles_is_no_page_of_megabytes_and_each_can_be_read_whole(
    analyst: Person, made: Runs, desk: Desk
) -> None:
    big = long_run(made.dossiers["completed"], desk.sv.clock.now())
    async with desk.sv.db.tx(made.tenant) as tx:
        await analysis.write(tx, big)
    here = f"/t/acme/runs/{big.run.id}"
    page = await analyst.text(here)
    assert len(page.encode()) < 1_300_000
    assert "<summary>Whole text of item" not in page
    for item in big.items:
        assert f'href="{here}?whole={item.number}#item-{item.number}"' in page
    third = await analyst.text(f"{here}?whole=3")
    assert third.count('<details class="set-to" open>') == 1
    assert big.items[0].text in plain(third[third.index('id="item-3"') : third.index('id="item-4"')]).replace("\n", " ")
    assert await analyst.text(f"{here}?whole=none")
