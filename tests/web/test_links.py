"""A link in a mail shows, and decides once, for whom it was mailed; nothing else that touches it changes anything."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientResponse, ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer

from cid.domain.draft import DraftState
from cid.domain.errors import Conflict
from cid.domain.ids import DraftId
from cid.domain.publication import PublicationState
from cid.domain.tenants import Actor, Role
from cid.flows import decide, links
from cid.outside.keys import Keys
from cid.store import review_links
from cid.text import review_tokens
from cid.text.review_tokens import PURPOSE
from tests.compiled import make_app
from tests.fakes import FrozenClock
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

AGENTS = ("Mozilla/5.0", "Outlook-SafeLinks", "Barracuda Sentinel", "curl/8", "facebookexternalhit/1.1", "")


@dataclass
class Mailbox:
    """Somebody with a link and a browser without cookies."""

    desk: Press
    session: ClientSession
    base: str

    async def link(self, draft: DraftId, who: Actor | None = None) -> str:
        """The path of a new link, as a digest asks for it."""
        async with self.desk.sv.db.tx(self.desk.tenant) as tx:
            url = await review_links.make(
                tx,
                keys=self.desk.sv.keys.derive_all(PURPOSE),
                base_url="",
                draft=draft,
                user=(who or self.desk.actor).user.id,
                now=self.desk.sv.clock.now(),
            )
        assert url
        return url

    async def get(self, path: str) -> tuple[int, str]:
        answer = await self.session.get(self.base + path)
        return answer.status, await answer.text()

    async def post(self, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> ClientResponse:
        sent = {"Origin": self.base, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self.session.post(self.base + path, data=fields, headers=sent, allow_redirects=False)

    async def nonce(self, path: str) -> str:
        _status, text = await self.get(path)
        found = re.search(r'name="nonce" value="([^"]+)"', text)
        assert found, text
        return found[1]

    async def approve(self, path: str, **fields: str) -> ClientResponse:
        return await self.post(path, nonce=await self.nonce(path), do="approve", **fields)

    async def rows(self) -> dict[str, int]:
        """All that a link could change."""
        names = ("decisions", "versions", "publications", "jobs", "mails", "audit", "limits", "sessions")
        counts = {name: await self.desk.owner.fetchval(f"select count(*) from {name}") for name in names}
        used = "select count(*) from review_links where used_at is not null or revoked_at is not null"
        return counts | {"ended": await self.desk.owner.fetchval(used)}


def later(desk: Press, **by: float) -> None:
    assert isinstance(desk.sv.clock, FrozenClock)
    desk.sv.clock.advance(timedelta(**by))


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    return desk


@pytest.fixture
async def box(desk: Press) -> AsyncIterator[Mailbox]:
    server = TestServer(make_app(desk.sv))
    await server.start_server()
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield Mailbox(desk, session, str(server.make_url("/")).rstrip("/"))
    await server.close()


async def test_two_hundred_scanners_change_nothing(desk: Press, box: Mailbox) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    before = await box.rows()
    told = set()
    for number in range(200):
        headers = {"User-Agent": AGENTS[number % len(AGENTS)]}
        match number % 5:
            case 0:
                answer = await box.session.head(box.base + path, headers=headers)
            case 1:
                answer = await box.session.get(box.base + path + "/preview", headers=headers)
            case 2:
                answer = await box.session.get(box.base + path + "/edit", headers=headers)
            case 3:
                answer = await box.session.post(box.base + path, data={"do": "approve"}, headers=headers)
            case _:
                answer = await box.session.get(box.base + path, headers=headers)
        told.add((number % 5, answer.status))
    assert told == {(0, 200), (1, 200), (2, 200), (3, 403), (4, 200)}
    assert await box.rows() == before
    assert (await desk.seen(draft)).state is DraftState.READY
    assert (await box.approve(path)).status == 303, "and it still decides"


async def test_a_form_without_the_pages_nonce_decides_nothing_even_from_a_browser(desk: Press, box: Mailbox) -> None:
    draft, other = await desk.draft(), await desk.draft()
    path = await box.link(draft)
    for nonce in ("", "x", await box.nonce(await box.link(other))):
        answer = await box.post(path, nonce=nonce, do="approve")
        assert answer.status == 403
        assert "older than two hours" in await answer.text()
    assert (await desk.seen(draft)).state is DraftState.READY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"},
    ],
)
async def test_a_form_of_another_site_decides_nothing(desk: Press, box: Mailbox, headers: dict[str, str]) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    assert (await box.post(path, headers, nonce=await box.nonce(path), do="approve")).status == 403
    assert (await desk.seen(draft)).state is DraftState.READY


async def test_the_page_says_whose_link_it_is_and_what_will_happen_and_tells_nobody(desk: Press, box: Mailbox) -> None:
    path = await box.link(await desk.draft())
    answer = await box.session.get(box.base + path)
    text = await answer.text()
    for said in (
        f"This link is {desk.actor.user.email}’s.",
        ARTICLE.title,
        "It is published on site",
        "Version 1 by",
        "sandbox src=",
    ):
        assert said in text
    for action in ("approve", "schedule", "changes", "reject"):
        assert f'name="do" value="{action}"' in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "same-origin", "without TLS nothing else says where a form is from"
    assert "Set-Cookie" not in answer.headers
    preview = await box.session.get(box.base + path + "/preview")
    assert preview.headers["Content-Security-Policy"].startswith("sandbox;")


async def test_over_https_the_page_tells_nobody_where_it_was_and_its_own_forms_still_count(desk: Press) -> None:
    server = TestServer(make_app(desk.sv, https=True))
    await server.start_server()
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        box = Mailbox(desk, session, str(server.make_url("/")).rstrip("/"))
        path = await box.link(await desk.draft())
        assert (await session.get(box.base + path)).headers["Referrer-Policy"] == "no-referrer"
        sent = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        assert (await box.post(path, sent, nonce=await box.nonce(path), do="approve")).status == 303
    await server.close()


async def test_an_approval_is_written_down_with_how_it_came_about_and_burns_the_link(desk: Press, box: Mailbox) -> None:
    draft, ada = await desk.draft(), await desk.colleague("Ada")
    path, hers = await box.link(draft), await box.link(draft, ada)
    nonce = await box.nonce(path)
    later(desk, seconds=42)
    answer = await box.post(path, nonce=nonce, do="approve")
    assert (answer.status, answer.headers["Location"]) == (303, path)
    row = await desk.owner.fetchrow("select * from decisions")
    kept = json.loads(row["record"])
    assert (row["via"], row["user_id"], kept["role"]) == ("link", desk.actor.user.id, "editor")
    assert (kept["seconds"], kept["findings"], len(kept["address"])) == (42, 0, 32)
    assert (await desk.posted(draft))["site"].state is PublicationState.PLANNED
    for spent in (path, hers):
        status, text = await box.get(spent)
        assert (status, "Ed approved version 1 on" in text, "nonce" in text) == (200, True, False)
    again = await box.post(path, nonce=nonce, do="reject", reason="No.")
    assert again.status == 409
    assert await desk.owner.fetchval("select count(*) from decisions") == 1


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"do": "reject", "reason": "Old news."}, DraftState.REJECTED),
        ({"do": "changes", "reason": "Shorter."}, DraftState.CHANGES_REQUESTED),
        ({"do": "schedule", "day": "2026-06-01", "hour": "09:00"}, DraftState.APPROVED),
    ],
)
async def test_every_way_to_decide(desk: Press, box: Mailbox, fields: dict[str, str], state: DraftState) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    if fields["do"] == "schedule":
        fields = {**fields, "day": f"{desk.sv.clock.now() + timedelta(days=3):%Y-%m-%d}"}
    answer = await box.post(path, nonce=await box.nonce(path), **fields)
    assert answer.status == 303, await answer.text()
    assert (await desk.seen(draft)).state is state


@pytest.mark.parametrize("fields", [{"do": "reject"}, {"do": "changes"}, {"do": "dance"}, {"do": "schedule"}])
async def test_what_is_missing_is_said_and_the_link_still_counts(
    desk: Press, box: Mailbox, fields: dict[str, str]
) -> None:
    path = await box.link(await desk.draft())
    assert (await box.post(path, nonce=await box.nonce(path), **fields)).status == 422
    assert (await box.approve(path)).status == 303


async def test_fifty_at_once_by_two_links_and_a_session_make_one_decision(desk: Press, box: Mailbox) -> None:
    draft, ada = await desk.draft(), await desk.colleague("Ada")
    paths = [await box.link(draft), await box.link(draft, ada)]
    nonces = [await box.nonce(path) for path in paths]
    shown = await desk.shown(draft)

    async def one(number: int) -> int:
        if number % 3 == 2:
            try:
                await decide.approve(desk.sv, desk.actor, *shown, via="page")
            except Conflict:
                return 409
            return 303
        way = {"do": "approve"} if number % 2 else {"do": "reject", "reason": "No."}
        return (await box.post(paths[number % 3], nonce=nonces[number % 3], **way)).status

    told = await asyncio.gather(*(one(number) for number in range(50)))
    assert told.count(303) == 1
    assert set(told) <= {303, 409, 429}
    assert await desk.owner.fetchval("select count(*) from decisions") == 1
    assert await desk.owner.fetchval("select count(*) from publications") <= 1


async def test_what_was_edited_since_is_shown_with_the_change_and_asked_about_anew(desk: Press, box: Mailbox) -> None:
    draft, ada = await desk.draft(), await desk.colleague("Ada")
    path = await box.link(draft)
    nonce = await box.nonce(path)
    old = await desk.version(draft)
    await decide.edit(desk.sv, ada, draft, old.id, replace(ARTICLE, body=ARTICLE.body.replace("20", "30")))
    assert "is being reviewed" in (await box.get(path))[1]
    assert (await box.post(path, nonce=nonce, do="approve")).status == 409
    await desk.review(draft, held=False)
    stale = await box.post(path, nonce=nonce, do="approve")
    assert stale.status == 409
    text = await stale.text()
    assert "Changed since your mail" in text
    assert "<del" in text
    assert "has been replaced" in text
    assert (await desk.seen(draft)).state is DraftState.READY, "what was not shown is not approved"
    assert (await box.approve(path)).status == 303
    assert await desk.owner.fetchval("select version_id from decisions") == (await desk.version(draft)).id


async def test_an_edit_by_link_makes_a_version_that_is_reviewed_and_then_confirmed(desk: Press, box: Mailbox) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    nonce = await box.nonce(path + "/edit")
    answer = await box.post(path + "/edit", nonce=nonce, title="Quay is open", description="D", body="Text, mine.")
    assert (answer.status, answer.headers["Location"]) == (303, path)
    mine = await desk.version(draft)
    assert (mine.number, mine.author_id) == (2, desk.actor.user.id)
    assert json.loads(mine.article)["keywords"] == list(ARTICLE.keywords), "what the form does not show stays"
    assert await desk.owner.fetchval("select count(*) from decisions") == 0
    await desk.review(draft, held=False)
    assert "Changed since your mail" in (await box.get(path))[1]
    assert (await box.approve(path)).status == 303


async def test_a_held_draft_asks_for_sign_in(desk: Press, box: Mailbox) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    nonce = await box.nonce(path)
    await desk.owner.execute("update drafts set state = 'held'")
    status, text = await box.get(path)
    assert (status, "Sign in to decide" in text, ARTICLE.title in text) == (200, True, False)
    assert f"/t/acme/drafts/{draft}" in text
    assert (await box.post(path, nonce=nonce, do="approve", reason="All the same.")).status == 409
    assert (await box.session.get(box.base + path + "/preview")).status == 404
    async with desk.sv.db.tx(desk.tenant) as tx:
        made = review_links.make(
            tx, keys=[b"k" * 32], base_url="", draft=draft, user=desk.actor.user.id, now=desk.sv.clock.now()
        )
        assert await made is None, "none is made for it"


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("delete from members", "no access here now"),
        ("update users set disabled_at = cid_now()", "no access here now"),
        ("update members set role = 'viewer'", "role it was made for has changed"),
        ("update tenants set paused_at = cid_now()", "is paused"),
    ],
)
async def test_what_a_person_may_do_is_asked_when_the_link_is_used(
    desk: Press, box: Mailbox, sql: str, told: str
) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    nonce = await box.nonce(path)
    await desk.owner.execute(sql)
    status, text = await box.get(path)
    assert (status, told in text, ARTICLE.title in text) == (403, True, False)
    assert (await box.post(path, nonce=nonce, do="approve")).status == 403
    assert (await desk.seen(draft)).state is DraftState.READY


async def test_a_link_that_ran_out_offers_a_fresh_one_to_whom_it_was_for(desk: Press, box: Mailbox) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    nonce = await box.nonce(path)
    assert (await box.get((await box.link(draft)) + "/preview"))[0] == 200
    before = await (await box.post(path + "/fresh")).text()
    assert (await box.rows())["mails"] == 0, "while it counts there is nothing to mail"
    await desk.owner.execute("update review_links set expires_at = cid_now()")
    status, text = await box.get(path)
    assert (status, "Mail me a fresh link" in text, ARTICLE.title in text) == (200, True, False)
    assert (await box.post(path, nonce=nonce, do="approve")).status == 409
    answers = [await (await box.post(path + "/fresh")).text() for _ in range(5)]
    forged = await (await box.post("/r/x.y.z/fresh")).text()
    plain = {re.sub(r"[0-9a-f]{32}", "", answer) for answer in (before, *answers, forged)}
    assert len(plain) == 1, "whoever asks is told the same"
    mails = await desk.owner.fetch("select * from mails")
    assert [(row["address"], row["kind"]) for row in mails] == [(desk.actor.user.email, "link")] * links.FRESH_AT_ONCE
    assert desk.sv.vault
    letter = json.loads(desk.sv.vault.open(mails[0]["message"], f"mail:{mails[0]['id']}"))
    found = re.search(r"http://desk\.test(/r/\S+)", letter["text"])
    assert found
    assert (await box.approve(found[1])).status == 303


async def test_an_approval_that_was_taken_back_has_ended_the_links_before_it(desk: Press, box: Mailbox) -> None:
    draft, ada = await desk.draft(), await desk.colleague("Ada")
    await desk.owner.execute(
        "insert into policies (tenant_id, section, name, value) values ($1, 'publishing', 'undo', '\"1h\"')",
        desk.tenant,
    )
    hers = await box.link(draft, ada)
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await decide.undo(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    assert (await desk.seen(draft)).state is DraftState.READY
    assert "ended with a decision that was taken back" in (await box.get(hers))[1]


async def test_damaged_links_lead_nowhere_and_break_nothing(desk: Press, box: Mailbox) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    for other in (path[:-1], path + "A", path[:50] + "B" + path[51:], "/r/a", "/r/..%00", "/r/%ff%fe", "/r/ü.ü.ü"):
        assert (await box.get(other))[0] == 404, other
        assert (await box.post(other, do="approve", nonce="x")).status == 404
    assert (await box.session.get(box.base + "/r/" + "a" * 1_000_000)).status == 400
    assert (await desk.seen(draft)).state is DraftState.READY


async def test_a_link_of_another_tenant_or_for_another_person_decides_nothing_here(
    desk: Press, box: Mailbox, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    """Even signed with our own key: the row and the signed words have to agree."""
    other = await press(db, platform, owner, slug="other")
    draft, ada = await desk.draft(), await desk.colleague("Ada", Role.VIEWER)
    path = await box.link(draft)
    keys = desk.sv.keys.derive_all(PURPOSE)
    token = review_tokens.read(keys, path.removeprefix("/r/"))
    assert token
    for forged in (
        replace(token, tenant=other.tenant),
        replace(token, user=ada.user.id),
        replace(token, draft=await desk.draft()),
    ):
        assert (await box.get(f"/r/{review_tokens.write(keys, forged)}"))[0] == 404
    viewers = await box.link(draft, ada)
    assert (await box.get(viewers))[0] == 403


async def test_a_link_outlives_the_change_of_the_key_and_not_its_removal(desk: Press, box: Mailbox) -> None:
    path = await box.link(await desk.draft())
    for keys, status in ((Keys(b"1" * 32, b"0" * 32), 200), (Keys(b"1" * 32), 404)):
        server = TestServer(make_app(replace(desk.sv, keys=keys)))
        await server.start_server()
        answer = await box.session.get(str(server.make_url("")).rstrip("/") + path)
        assert answer.status == status
        await server.close()


async def test_a_page_that_lay_open_for_hours_or_comes_from_the_future_asks_again(desk: Press, box: Mailbox) -> None:
    path = await box.link(await desk.draft())
    nonce = await box.nonce(path)
    later(desk, hours=2, seconds=1)
    assert (await box.post(path, nonce=nonce, do="approve")).status == 403
    fresh = await box.nonce(path)
    later(desk, hours=-1)
    assert (await box.post(path, nonce=fresh, do="approve")).status == 403


async def test_too_many_forms_by_one_link_wait(desk: Press, box: Mailbox) -> None:
    path = await box.link(await desk.draft())
    told = [(await box.post(path, nonce="x", do="approve")).status for _ in range(links.PER_LINK + 3)]
    assert told.count(403) == links.PER_LINK
    assert told[-1] == 429
    assert (await box.get(path))[0] == 200, "looking is free"


async def test_whoever_else_is_signed_in_here_the_link_acts_as_its_holder(desk: Press, box: Mailbox) -> None:
    path = await box.link(await desk.draft())
    sent = {"Origin": box.base, "Sec-Fetch-Site": "same-origin", "Cookie": "sid=somebody-elses"}
    assert (await box.post(path, sent, nonce=await box.nonce(path), do="approve")).status == 303
    assert await desk.owner.fetchval("select user_id from decisions") == desk.actor.user.id


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("""update channels set config = '{"status": "draft"}'""", "it is rendered anew on its page"),
        ("update evidence_packs set claims = '[]'", "There is no evidence"),
        ("update tenants set disclosure = 'editorial-responsibility', responsible = 'Ada'", "editorial responsibility"),
    ],
)
async def test_what_a_link_cannot_approve_is_said_before_with_the_way_to_its_page(
    desk: Press, box: Mailbox, change: str, why: str
) -> None:
    draft = await desk.draft()
    path = await box.link(draft)
    await desk.owner.execute(change)
    _status, text = await box.get(path)
    assert why in text
    assert f'href="/t/acme/drafts/{draft}"' in text
    assert 'value="approve"' not in text
    assert (await box.approve(path)).status in {409, 422}
    assert (await desk.seen(draft)).state is DraftState.READY
    assert (await box.post(path, nonce=await box.nonce(path), do="reject", reason="No.")).status == 303
