"""From a draft on the page to its article on the site, by forms alone."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestServer

from cid.channels.site import SitePublisher
from cid.domain.draft import Author, DraftState, Image
from cid.domain.ids import DraftId, VerdictId, VersionId, uuid7
from cid.domain.publication import ChannelKind, PublicationState
from cid.domain.tenants import Actor, Role, Tenant, User
from cid.domain.verdicts import Gate, Pass, Reason
from cid.flows import decide, publish
from cid.outside.rendering import Marks
from cid.render.version import render_version
from cid.services import Outside
from cid.store import drafts, verdicts
from cid.web.handlers.drafts import FILTERS, PAGE
from tests import make
from tests.compiled import make_app
from tests.fakes import FakeHttp, FakeReader, FrozenClock, InlineChildren
from tests.newsroom import Newsroom
from tests.press import ARTICLE, Press
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb


@pytest.fixture
async def empty_desk(db: AppDb, platform: WorkerDb, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk that can render and publish."""
    clock, reader = FrozenClock(), FakeReader()
    outside = Outside(
        http=FakeHttp(),
        children=InlineChildren({"render_version": lambda value: render_version(json.loads(json.dumps(value)))}),
        sources={},
        channels={ChannelKind.SITE: SitePublisher(tmp_path)},
    )
    sv = make.services(db, platform, outside=outside, clock=clock)
    server = TestServer(make_app(sv))
    await server.start_server()
    yield Desk(sv, server, reader, clock)
    await server.close()


@pytest.fixture
async def acme(desk: Desk, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    """What is behind the pages, as its editor."""
    row = await owner.fetchrow("select id, email, name from users where email = 'editor@acme.test'")
    assert row is not None
    tenant = Tenant(id=room.tenant, slug="acme", name="Acme Harbour News", sample=False, created_at=desk.clock.now())
    user = User(id=row["id"], email=row["email"], name=row["name"], admin=False)
    press = Press(desk.sv, Actor(user=user, tenant=tenant, role=Role.EDITOR), room.tenant, None, owner)
    await press.channel("site", canonical=True)
    return press


def at(draft: DraftId, rest: str = "") -> str:
    return f"/t/acme/drafts/{draft}{rest}"


async def seen(person: Person, draft: DraftId) -> dict[str, Any]:
    """The hidden fields that the page puts into a decision."""
    text = await person.text(at(draft))
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("version", "sha256")}


async def test_a_draft_is_read_approved_published_and_viewed(acme: Press, editor: Person, anybody: Person) -> None:
    draft = await acme.draft()
    text = await editor.text(at(draft))
    assert "Harbour opens its new quay" in text
    answer = await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    assert (answer.status, answer.headers["Location"]) == (303, at(draft, "?said=draft_approved"))
    await publish.publish(acme.sv, await acme.jobs())
    text = await editor.text(at(draft))
    assert f"<strong>{acme.actor.user.name}</strong> approved version 1" in text
    [link] = set(re.findall(r'href="(/site/acme/[^"]+)"', text))
    article = await anybody.get(link)
    assert article.status == 200
    assert "script-src" not in article.headers["Content-Security-Policy"]
    assert article.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "When does it open?" in await article.text()
    assert "Harbour opens its new quay" in await anybody.text("/site/acme")
    feed = await anybody.get("/site/acme/feed.xml")
    assert feed.content_type == "application/rss+xml"


@pytest.mark.parametrize(
    "path",
    [
        "/site/acme/.record.json",
        "/site/acme/%2e%2e/secret",
        "/site/acme/..%2f..%2fetc/passwd",
        "/site/other/",
        "/site/..%2f/",
        "/site/acme/x.html",
        "/site/acme/index.html/",
        "/site/acme/%00.html",
    ],
)
async def test_the_site_serves_nothing_but_its_pages(acme: Press, anybody: Person, path: str) -> None:
    draft = await acme.draft()
    await decide.approve(acme.sv, acme.actor, *await acme.shown(draft), via="page")
    await publish.publish(acme.sv, await acme.jobs())
    assert (await anybody.get(path, follow=True)).status == 404


async def test_the_second_of_two_is_told_who_was_first(acme: Press, editor: Person, boss: Person) -> None:
    draft = await acme.draft()
    fields = await seen(boss, draft)
    await editor.post(at(draft, "/reject"), **await seen(editor, draft), reason="Old news.")
    answer = await boss.post(at(draft, "/approve"), **fields)
    assert answer.status == 409
    assert f"{acme.actor.user.name} already rejected version 1" in await answer.text()
    assert "Old news." in await boss.text(at(draft))


async def test_turning_down_and_undoing_by_forms(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    answer = await editor.post(at(draft, "/request-changes"), **await seen(editor, draft), reason="")
    assert answer.status == 422
    fields = await seen(editor, draft)
    assert (await editor.post(at(draft, "/approve"), **fields)).status == 303
    assert "Undo the approval" in await editor.text(at(draft))
    assert (await editor.post(at(draft, "/undo"), **fields)).status == 303
    await editor.post(at(draft, "/request-changes"), **fields, reason="Name the line.")
    assert (await acme.seen(draft)).state is DraftState.CHANGES_REQUESTED
    assert "Name the line." in await editor.text(at(draft))


async def test_a_held_draft_asks_for_a_reason_on_its_page(acme: Press, editor: Person) -> None:
    draft = await acme.draft(DraftState.HELD)
    assert "Approve all the same" in await editor.text(at(draft))
    assert (await editor.post(at(draft, "/approve"), **await seen(editor, draft))).status == 422
    assert (await editor.post(at(draft, "/approve"), **await seen(editor, draft), reason="Checked.")).status == 303


async def test_the_preview_runs_and_reaches_nothing(acme: Press, editor: Person) -> None:
    article = replace(ARTICLE, body="<script>alert(1)</script> ![i](https://e.test/i.png)")
    draft = await acme.draft(article=article)
    version = await acme.version(draft)
    answer = await editor.get(at(draft, f"/preview/{version.id}"))
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "img-src 'self' https: data:", "frame-ancestors 'self'"} <= set(policy)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "<script>alert" not in await answer.text()
    assert f'<iframe class="preview" sandbox src="{at(draft)}/preview/{version.id}"' in await editor.text(at(draft))


def typed(text: str) -> dict[str, Any]:
    """The fields of the edit form as a browser would send them back."""
    fields: dict[str, Any] = dict(re.findall(r'<input [^>]*name="([^"]+)" type="(?:text|url)" value="([^"]*)"', text))
    fields |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', text, re.DOTALL))
    [fields["version"]] = re.findall(r'name="version" value="([^"]*)"', text)
    return {name: unescape(value) for name, value in fields.items()}


WHOLE = replace(
    ARTICLE,
    slug="new-quay",
    short_post="Quay opens on 3 May & trucks go south.",
    newsletter="The quay opens in May.\nFerries come every 20 minutes.",
    image_brief="The empty quay at dawn",
    structure="news_brief",
    angle="local_impact",
    angle_reason="Nobody else asks what it means for trucks.",
    image=Image(
        id="0190f1f0-0000-7000-8000-000000000001",
        sha256="ab" * 32,
        mime="image/jpeg",
        width=1200,
        height=800,
        alt="The empty quay at dawn",
        credit="Photo by Ada Lind on Pexels",
        credit_url="https://photos.test/ada",
        page_url="https://photos.test/quay",
    ),
)


async def test_an_edit_keeps_what_was_not_touched_and_makes_a_version(acme: Press, editor: Person) -> None:
    draft = await acme.draft(article=WHOLE)
    first = json.loads((await acme.version(draft)).article)
    assert all(first.values()), "every part that an article may have"
    fields = typed(await editor.text(at(draft, "/edit")))
    answer = await editor.post(at(draft, "/edit"), **fields | {"title": "Harbour opens its old quay"})
    assert answer.status == 303, await answer.text()
    second = json.loads((await acme.version(draft)).article)
    assert second == first | {"title": "Harbour opens its old quay"}
    text = await editor.text(at(draft, "/diff"))
    assert "its <del>new</del><ins>old</ins> quay" in text
    assert acme.actor.user.name in text


@pytest.mark.parametrize("name", ["short_post", "newsletter", "image_brief", "linkedin"])
async def test_the_short_texts_that_go_with_an_article_are_edited_beside_it(
    acme: Press, editor: Person, name: str
) -> None:
    draft = await acme.draft(article=WHOLE)
    first = json.loads((await acme.version(draft)).article)
    fields = typed(await editor.text(at(draft, "/edit")))
    assert (await editor.post(at(draft, "/edit"), **fields | {name: "Quay open: what changes."})).status == 303
    assert json.loads((await acme.version(draft)).article) == first | {name: "Quay open: what changes."}
    assert "Quay open: what changes." in await editor.text(at(draft))


async def test_questions_and_sources_come_and_go(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    fields = typed(await editor.text(at(draft, "/edit")))
    fields |= {
        "question-0": "",
        "answer-0": "",
        "question-1": "Why?",
        "answer-1": "Because.",
        "source-url-1": "https://b.test/",
    }
    assert (await editor.post(at(draft, "/edit"), **fields)).status == 303
    article = json.loads((await acme.version(draft)).article)
    assert article["questions"] == [{"question": "Why?", "answer": "Because."}]
    assert [reference["url"] for reference in article["references"]] == ["https://port.test/quay", "https://b.test/"]


async def test_half_a_question_is_refused_with_every_word_that_was_typed(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    fields = typed(await editor.text(at(draft, "/edit")))
    answer = await editor.post(at(draft, "/edit"), **fields | {"question-1": "And then?", "title": "Kept <title>"})
    text = await answer.text()
    assert answer.status == 422
    assert "And then?" in text
    assert 'value="Kept &lt;title&gt;"' in text
    assert (await acme.version(draft)).number == 1


async def test_the_second_editor_sees_what_changed_and_keeps_their_text(
    acme: Press, editor: Person, boss: Person
) -> None:
    draft = await acme.draft()
    mine = typed(await boss.text(at(draft, "/edit")))
    theirs = typed(await editor.text(at(draft, "/edit")))
    await editor.post(at(draft, "/edit"), **theirs | {"title": "Harbour opens its old quay"})
    answer = await boss.post(at(draft, "/edit"), **mine | {"title": "My own title"})
    text = await answer.text()
    assert answer.status == 409
    assert f"{acme.actor.user.name} made version 2" in text
    assert "What changed meanwhile" in text
    assert "<del>new</del>" in text
    assert "<ins>old</ins>" in text
    assert 'value="My own title"' in text
    again = await boss.post(at(draft, "/edit"), **typed(text))
    assert again.status == 303
    assert (await acme.version(draft)).number == 3


async def test_a_blocked_draft_shows_what_stands_against_it_and_wants_each_accepted(
    acme: Press, editor: Person
) -> None:
    draft = await acme.draft(DraftState.WRITTEN)
    grave = {
        "severity": "critical",
        "category": "fabrication",
        "where": "“we open”",
        "what": "It stands in <no> report.",
    }
    await acme.review(draft, held=True, listed=json.dumps([grave]))
    text = await editor.text(at(draft))
    [box] = re.findall(r'type="checkbox" name="(accept-[0-9a-f]{12})" required', text)
    assert "It stands in &lt;no&gt; report." in text
    fields = await seen(editor, draft)
    refused = await editor.post(at(draft, "/approve"), **fields, reason="Checked.")
    assert refused.status == 422
    assert "Tick each of these" in await refused.text()
    assert (await editor.post(at(draft, "/approve"), **fields, reason="Checked.", **{box: "on"})).status == 303
    record = json.loads(await acme.owner.fetchval("select record from decisions"))
    assert record["checklist"] == {box.removeprefix("accept-"): True}
    assert record["findings"] == 1


async def test_an_hour_is_chosen_on_the_tenants_clocks(acme: Press, editor: Person) -> None:
    await acme.owner.execute("update tenants set zone = 'Europe/Berlin' where id = $1", acme.tenant)
    draft = await acme.draft()
    fields = await seen(editor, draft)
    year = acme.sv.clock.now().year + 1
    spring, autumn = (f"{year}-{day}" for day in _changes(year))
    for day, hour, why in (
        (spring, "02:30", "the clocks go forward"),
        ("2020-01-01", "09:00", "past"),
        (f"{year + 3}-01-01", "09:00", "more than a year"),
        ("", "", "Write the day"),
    ):
        answer = await editor.post(at(draft, "/approve"), **fields, when="at", day=day, hour=hour)
        assert answer.status == 422, day
        assert why in await answer.text()
    assert (await acme.seen(draft)).state is DraftState.READY
    if datetime.fromisoformat(f"{autumn}T00:00+00:00") - acme.sv.clock.now() > timedelta(days=366):
        autumn = f"{year - 1}-{_changes(year - 1)[1]}"
    answer = await editor.post(at(draft, "/approve"), **fields, when="at", day=autumn, hour="02:30")
    assert answer.headers["Location"] == at(draft, "?said=draft_scheduled_first")
    text = await editor.text(at(draft))
    assert re.search(r"Goes out Sunday \d+ October \d{4}, 02:30 Europe/Berlin", text)
    assert (await editor.get(at(draft, "/edit"))).status == 200
    refused = await editor.post(at(draft, "/edit"), **typed(await editor.text(at(draft, "/edit"))) | {"title": "Mine"})
    assert refused.status == 409
    assert "take the approval back" in await refused.text()
    assert (await editor.post(at(draft, "/undo"), **fields)).status == 303
    assert (await acme.seen(draft)).state is DraftState.READY


def _changes(year: int) -> tuple[str, str]:
    """The last Sundays of March and October."""
    return tuple(
        next(f"{month:02}-{day}" for day in range(31, 24, -1) if date(year, month, day).weekday() == 6)
        for month in (3, 10)
    )  # type: ignore[return-value]  # two of them


async def test_what_is_typed_outlives_the_session_for_its_writer_alone(
    desk: Desk, acme: Press, editor: Person, boss: Person
) -> None:
    draft = await acme.draft(article=WHOLE)
    fields = typed(await editor.text(at(draft, "/edit")))
    kept = await editor.post(at(draft, "/edit/keep"), **fields | {"title": "Half a thought", "quiet": "1"})
    assert kept.status == 204
    assert (await acme.version(draft)).number == 1, "nothing is saved"
    async with desk.person(f"{Role.EDITOR}@acme.test") as again:
        text = await again.text(at(draft, "/edit"))
        assert 'value="Half a thought"' in text
        assert "kept for you and not saved" in text
        assert 'value="Half a thought"' not in await again.text(at(draft, "/edit?anew=1"))
        assert (await again.post(at(draft, "/edit"), **typed(text))).status == 303
        assert "not saved" not in await again.text(at(draft, "/edit"))
    assert "Half a thought" not in await boss.text(at(draft, "/edit?anew=1")) or (await acme.version(draft)).number == 2


async def test_what_is_typed_is_no_other_persons_and_can_be_thrown_away(
    acme: Press, editor: Person, boss: Person
) -> None:
    draft = await acme.draft()
    fields = typed(await editor.text(at(draft, "/edit")))
    await editor.post(at(draft, "/edit/keep"), **fields | {"title": "Half a thought"})
    assert "Half a thought" not in await boss.text(at(draft, "/edit"))
    assert (await editor.post(at(draft, "/edit/forget"))).status == 303
    assert "Half a thought" not in await editor.text(at(draft, "/edit"))


async def test_what_was_typed_over_a_replaced_version_is_shown_beside_what_changed(
    acme: Press, editor: Person, boss: Person
) -> None:
    draft = await acme.draft()
    fields = typed(await editor.text(at(draft, "/edit")))
    await editor.post(at(draft, "/edit/keep"), **fields | {"title": "My own title"})
    theirs = typed(await boss.text(at(draft, "/edit")))
    await boss.post(at(draft, "/edit"), **theirs | {"title": "Harbour opens its old quay"})
    text = await editor.text(at(draft, "/edit"))
    assert 'value="My own title"' in text
    assert "What changed meanwhile" in text
    assert "<ins>old</ins>" in text


async def test_the_record_says_how_long_the_page_was_open_and_whether_versions_were_compared(
    desk: Desk, acme: Press, editor: Person
) -> None:
    draft = await acme.draft()
    fields = typed(await editor.text(at(draft, "/edit")))
    await editor.post(at(draft, "/edit"), **fields | {"title": "Harbour opens its old quay"})
    await acme.review(draft, held=False)
    decision = await seen(editor, draft)
    await editor.text(at(draft, "/diff"))
    await acme.owner.execute("update readings set first_at = $1", desk.clock.now() - timedelta(seconds=75))
    await editor.post(at(draft, "/approve"), **decision)
    record = json.loads(await acme.owner.fetchval("select record from decisions"))
    assert (record["seconds"], record["compared"]) == (75, True)


async def test_each_channel_has_its_preview(acme: Press, editor: Person) -> None:
    await acme.channel("blog")
    draft = await acme.draft()
    text = await editor.text(at(draft))
    [channel] = re.findall(rf'href="{at(draft)}\?on=([0-9a-f-]+)#preview">blog<', text)
    assert "As blog will show it" in await editor.text(at(draft, f"?on={channel}"))
    version = await acme.version(draft)
    assert (await editor.get(at(draft, f"/preview/{version.id}?on={channel}"))).status == 200
    assert (await editor.get(at(draft, f"/preview/{version.id}?on=nonsense"))).status == 200


async def test_a_sentence_stands_beside_its_evidence_or_is_said_to_have_none(acme: Press, editor: Person) -> None:
    body = "The quay opens on 3 May.\n\nIt cost 750 million euros, says Otto Brandt of Tidewater Bank."
    text = await editor.text(at(await acme.draft(article=replace(ARTICLE, body=body))))
    weak, firm = text.split("is supported</summary>")[0], text.split("supported</summary>")[1]
    assert "It cost 750 million euros" in weak
    assert "no evidence" in weak
    assert "The quay opens on 3 May." in firm
    assert "https://port.test/quay" in firm


async def test_a_rejection_keeps_the_reason_of_the_list_and_what_was_typed(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    fields = await seen(editor, draft)
    assert (await editor.post(at(draft, "/reject"), **fields)).status == 422
    assert (await editor.post(at(draft, "/reject"), **fields, because="old", reason="Since Monday.")).status == 303
    assert await acme.owner.fetchval("select reason from decisions") == "Old news: Since Monday."


async def test_what_failed_is_tried_again_from_its_page(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await decide.approve(acme.sv, acme.actor, *await acme.shown(draft), via="page")
    [row] = (await acme.posted(draft)).values()
    await acme.jobs()
    await acme.owner.execute("update publications set state = 'failed', error = 'The disk said no.'")
    text = await editor.text(at(draft))
    assert "The disk said no." in text
    assert "not published: failed" in text
    assert (await editor.post(at(draft, "/publish-again"), publication=str(row.id))).status == 303
    assert (await acme.posted(draft))["site"].state is PublicationState.PLANNED


async def test_the_list_is_filtered_by_state_and_paged_by_key(acme: Press, editor: Person) -> None:
    ready = [await acme.draft(article=replace(ARTICLE, title=f"Ready {n}")) for n in range(PAGE + 3)]
    held = await acme.draft(DraftState.HELD, replace(ARTICLE, title="Held one"))
    first = await editor.text("/t/acme/drafts?state=needs-you")
    assert str(held) in first
    [more] = re.findall(r'href="(/t/acme/drafts\?[^"]*before=[^"]*)"', first)
    second = await editor.text(unescape(more))
    on = {key for key in [*ready, held] if str(key) in first}, {key for key in [*ready, held] if str(key) in second}
    assert on[0] | on[1] == {*ready, held}
    assert not on[0] & on[1]
    for key, one in FILTERS.items():
        assert ("Held one" in await editor.text(f"/t/acme/drafts?state={key}")) == (DraftState.HELD in one.states)
    for broken in ("nonsense", "2026-01-01~x", "2026-01-01T00:00:00~" + str(uuid4())):
        assert "Held one" in await editor.text(f"/t/acme/drafts?before={broken}")


async def test_what_is_approved_is_listed_by_what_became_of_it(acme: Press, editor: Person) -> None:
    named: dict[str, str] = {"planned": "scheduled", "live": "live", "failed": "problem", "unknown": "problem"}
    for state in named:
        draft = await acme.draft(article=replace(ARTICLE, title=f"Piece {state}"))
        await decide.approve(acme.sv, acme.actor, *await acme.shown(draft), via="page")
        await acme.owner.execute("update publications set state = $1 where draft_id = $2", state, draft)
    for key in ("scheduled", "live", "problem"):
        text = await editor.text(f"/t/acme/drafts?state={key}")
        assert {state for state in named if f"Piece {state}" in text} == {s for s, k in named.items() if k == key}
        count = sum(k == key for k in named.values())
        assert re.search(rf'aria-current="page">\w+ <span class="num">{count}<', text), key


async def test_titles_are_searched_by_whole_words_and_the_search_stays_with_the_filter(
    acme: Press, editor: Person
) -> None:
    await acme.draft(article=replace(ARTICLE, title="Ferry tickets rise"))
    await acme.draft(article=replace(ARTICLE, title="Ferrymen strike"))
    text = await editor.text("/t/acme/drafts?q=FERRY&state=needs-you")
    assert "Ferry tickets rise" in text
    assert "Ferrymen strike" not in text
    assert "?state=live&amp;q=FERRY" in text
    assert "No title has these words." in await editor.text("/t/acme/drafts?q=submarine")


async def test_a_reader_reads_and_decides_nothing(acme: Press, viewer: Person) -> None:
    draft = await acme.draft()
    text = await viewer.text(at(draft))
    assert "Owners and editors decide." in text
    assert "/approve" not in text
    shown = await acme.shown(draft)
    for what in ("approve", "reject", "request-changes", "undo"):
        answer = await viewer.post(at(draft, f"/{what}"), version=str(shown[1]), sha256=shown[2], reason="r")
        assert answer.status == 403, what
    assert (await viewer.get(at(draft, "/edit"))).status == 403


async def test_a_stranger_finds_no_draft_by_any_route(acme: Press, stranger: Person) -> None:
    """Not under the tenant's own address, nor with its ids under the stranger's."""
    draft, version, sha = await acme.shown(await acme.draft())
    for base in (f"/t/acme/drafts/{draft}", f"/t/other/drafts/{draft}"):
        for rest in ("", "/diff", "/edit", f"/preview/{version}"):
            assert (await stranger.get(base + rest)).status == 404, base + rest
        for rest in ("/approve", "/reject", "/request-changes", "/undo", "/edit"):
            fields: dict[str, Any] = {"version": str(version), "sha256": sha, "reason": "r", "title": "t", "body": "b"}
            assert (await stranger.post(base + rest, **fields)).status == 404, base + rest
        answer = await stranger.post(f"{base}/publish-again", publication=str(uuid4()))
        assert answer.status == 404
    assert (await stranger.get("/t/acme/drafts")).status == 404
    assert "quay" not in await stranger.text("/t/other/drafts")


async def test_a_sample_and_an_offline_draft_are_marked_on_every_page(acme: Press, editor: Person) -> None:
    draft = await acme.draft(sample=True)
    version = await acme.version(draft)
    assert "offline: no model was asked" in await editor.text(at(draft))
    assert "offline draft · sample" in await editor.text("/t/acme/drafts")
    preview = await (await editor.get(at(draft, f"/preview/{version.id}"))).text()
    assert "made up to show how the desk works" in preview
    assert "Offline draft" in preview
    assert Marks.__dataclass_fields__.keys() >= {"sample", "offline"}


async def test_stories_over_the_plan_are_listed_and_drafted_by_hand(
    room: Newsroom, boss: Person, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    screening = room.screenings["waiting"]
    await owner.execute(
        "update screenings set stage = 'draft', waiting_for = 'plan', urgent = true, score = 88 where id = $1",
        screening,
    )
    assert re.search(r"Over plan\s*<span[^>]*>1<", await boss.text("/t/acme/drafts"))
    page = await boss.text("/t/acme/plan")
    assert "0 of 5 drafts are taken today and 0 of 25 this week" in page
    assert "88" in page
    answer = await boss.post(f"/t/acme/plan/{screening}/draft")
    assert answer.status == 303
    assert "It is drafted now, beyond the plan." in await boss.text(answer.headers["Location"])
    job = await owner.fetchrow(
        "select kind, payload ->> 'screening' as screening, priority from jobs where kind = 'draft'"
    )
    assert job
    assert tuple(job) == ("draft", str(screening), -1)
    again = await boss.post(f"/t/acme/plan/{screening}/draft")
    assert again.status == 409


async def test_an_update_and_what_it_updates_name_each_other_and_say_what_came_later(
    acme: Press, editor: Person
) -> None:
    draft = await acme.draft()
    first = await acme.seen(draft)
    rendered = await acme.rendered(replace(ARTICLE, title="Quay closes <again>"))
    update, version = DraftId(uuid4()), VersionId(uuid4())
    async with acme.sv.platform.tx() as tx:
        item = await make.item(tx, title="Fishermen went to court & won")
    async with acme.sv.db.tx(acme.tenant) as tx:
        of: Any = {"screening": first.screening_id, "story": first.story_id, "version": version, "sample": False}
        await drafts.add(tx, update, **of, found_at=first.found_at, ordinal=2, update_of=draft)
        text: Any = {"article": rendered.article, "payloads": rendered.payloads, "renderer": rendered.renderer}
        by: Any = {"author": Author.MACHINE, "author_id": None, "call": None, "provider": "offline/rules"}
        await drafts.add_version(tx, version, update, **by, **text)
        left = Pass(
            Reason.NOT_FOLLOWED, "a person has written in it", signals={"draft": str(update), "left": [str(item)]}
        )
        key = VerdictId(uuid7(acme.sv.clock.now()))
        await verdicts.add(tx, key, Gate.DRAFT, left, story=first.story_id, screening=first.screening_id)
    page = await editor.text(at(update))
    assert f'An update of: <a href="{at(draft)}">' in page
    assert "1 report with news came after this version" in page
    assert "Fishermen went to court &amp; won" in page
    assert "further reports were left alone" in page
    page = await editor.text(at(draft))
    assert "came after this version" not in page
    assert f'in an update: <a href="{at(update)}">Quay closes &lt;again&gt;</a>' in page
    assert (await editor.text("/t/acme/drafts")).count("· update") == 1


async def test_a_version_for_settings_that_changed_is_rendered_anew_from_its_page(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await acme.owner.execute("update tenants set disclosure = 'editorial-responsibility', responsible = 'Ada Lind'")
    fields, text = await seen(editor, draft), await editor.text(at(draft))
    assert "The settings of site changed since this version was made." in text
    assert f'action="{at(draft)}/approve"' not in text
    refused = await editor.post(at(draft, "/approve"), **fields)
    assert refused.status == 409
    assert f'action="{at(draft)}/renew"' in text
    assert (await editor.post(at(draft, "/renew"), version=fields["version"])).status == 303
    await acme.review(draft, held=False)
    text = await editor.text(at(draft))
    assert f'action="{at(draft)}/renew"' not in text
    assert f'action="{at(draft)}/approve"' in text


async def test_a_newer_version_of_what_is_out_is_rejected_by_itself(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    await publish.publish(acme.sv, await acme.jobs())
    await editor.post(at(draft, "/edit"), **typed(await editor.text(at(draft, "/edit"))) | {"title": "Harbour shuts"})
    await acme.review(draft, held=False)
    assert "An earlier version is out and stays" in await editor.text(at(draft))
    answer = await editor.post(at(draft, "/reject"), **await seen(editor, draft), reason="No.")
    assert answer.headers["Location"] == at(draft, "?said=draft_rejected_out")
    text = await editor.text(answer.headers["Location"])
    assert "rejected</strong>" not in text
    assert "Retract …" in text
    assert "Harbour opens its new quay" in text
    assert f'action="{at(draft)}/undo"' not in text
    assert f'href="{at(draft)}/edit"' in text
    assert "Harbour opens its new quay" in await editor.text("/t/acme/drafts?state=live")


async def test_what_waits_for_a_place_is_not_said_to_go_out_at_an_hour_that_is_past(
    acme: Press, editor: Person
) -> None:
    draft = await acme.draft()
    at_nine = acme.sv.clock.now() + timedelta(days=3)
    await decide.approve(acme.sv, acme.actor, *await acme.shown(draft), via="page", at=at_nine)
    assert "Goes out" in await editor.text(at(draft))
    await acme.owner.execute("update publications set due_at = $1", acme.sv.clock.now() - timedelta(minutes=5))
    text = await editor.text(at(draft))
    assert "Goes out" not in text
    assert f'action="{at(draft)}/undo"' in text


async def test_what_is_out_is_not_given_up_by_another_name(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    await publish.publish(acme.sv, await acme.jobs())
    await acme.owner.execute("update publications set error = 'The update was refused.' where draft_id = $1", draft)
    text = await editor.text("/t/acme/problems")
    assert "The update was refused." in text
    assert "Take it back" in text


async def test_what_could_not_be_taken_back_is_not_said_to_be(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    await publish.publish(acme.sv, await acme.jobs())
    await acme.owner.execute(
        "update publications set error = 'It could not be retracted.', retraction = 'A figure is wrong.'"
    )
    text = await editor.text(at(draft))
    assert "It could not be retracted." in text
    assert "Taken back:" not in text
    await acme.owner.execute("update publications set state = 'retracted'")
    assert "Taken back:" in await editor.text(at(draft))


async def test_a_retraction_that_was_refused_is_tried_again_from_both_pages(acme: Press, editor: Person) -> None:
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    await publish.publish(acme.sv, await acme.jobs())
    key = str((await acme.posted(draft))["site"].id)
    for page, form in (("/t/acme/problems", "/t/acme/problems/again"), (at(draft), at(draft, "/publish-again"))):
        await acme.owner.execute(
            "update publications set state = 'live', error = 'It could not be retracted.', retraction = 'Wrong.'"
        )
        text = await editor.text(page)
        assert "It was to be taken back, " in text
        assert f'action="{form}"' in text
        assert "older version" not in text
        assert (await editor.post(form, publication=key)).status == 303
        assert (await acme.posted(draft))["site"].state is PublicationState.RETRACTING


async def test_what_waits_for_an_original_that_failed_is_a_problem_with_a_way_out(acme: Press, editor: Person) -> None:
    await acme.channel("blog")
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    assert "Everything that was approved is out" in await editor.text("/t/acme/problems")
    await acme.owner.execute(
        "update publications set state = 'failed' where channel_id = (select id from channels where name = 'site')"
    )
    text = await editor.text("/t/acme/problems")
    assert "It waits for its original on site, which did not go out." in text
    assert "/t/acme/problems/stand-in" in text
    assert 'href="/t/acme/problems">What can be done' in await editor.text(at(draft))
    key = (await acme.posted(draft))["blog"].id
    answer = await editor.post("/t/acme/problems/stand-in", publication=str(key), reason="The site is down for days.")
    assert (answer.status, answer.headers["Location"]) == (303, "/t/acme/problems?said=problem_stands_in")
    assert "waits for its original" not in await editor.text("/t/acme/problems")
    await publish.publish(acme.sv, await acme.jobs())
    assert (await acme.posted(draft))["blog"].state is PublicationState.LIVE


async def test_a_channel_that_points_at_originals_is_not_offered_as_one(acme: Press, editor: Person) -> None:
    await acme.channel("blog")
    await acme.owner.execute("update channels set kind = 'ghost' where name = 'blog'")
    draft = await acme.draft()
    await editor.post(at(draft, "/approve"), **await seen(editor, draft))
    await acme.owner.execute(
        "update publications set state = 'failed' where channel_id = (select id from channels where name = 'site')"
    )
    text = await editor.text("/t/acme/problems")
    assert "let another channel have the original" in text
    assert "/t/acme/problems/stand-in" not in text
