"""A briefing as PDF in the mail of members: to whom, how often, and what is in it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pypdf import PdfReader

from cid.domain.ids import RunId, uuid7
from cid.domain.jobs import JobKind
from cid.domain.mail import Relay
from cid.domain.run import RunState, Target, Tlp
from cid.flows import mail
from cid.outside.smtp import SmtpMailer
from cid.render.briefing_pdf import render_briefing
from cid.store import runs
from tests import make
from tests import russian_run as made
from tests.post import Box, serving

if TYPE_CHECKING:
    import asyncpg

    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk, Person

    Owner = asyncpg.Connection[asyncpg.Record]


@pytest.fixture
async def run(desk: Desk, room: Newsroom, owner: Owner) -> RunId:
    """Of acme, over, with a briefing about a Russian outlet."""
    run = RunId(uuid7(desk.clock.now()))
    target = Target(outlet="РТ", country="RU")
    async with desk.sv.db.tx(room.tenant) as tx:
        await runs.add(tx, run, target, outlet_key="рт:RU", tlp=Tlp.AMBER_STRICT, by=None)
        await runs.add_items(tx, run, [made.item(1), made.item(2)])
        await runs.add_briefing(tx, run, made.STORED)
    await owner.execute("update runs set state = $2, ended_at = cid_now() where id = $1", run, RunState.COMPLETED)
    desk.sv.outside.children.functions["render_briefing"] = render_briefing  # type: ignore[attr-defined]
    return run


def chosen(room: Newsroom, *emails: str) -> dict[str, str]:
    return {f"to-{room.people[one]}": "1" for one in emails}


async def planned(owner: Owner) -> list[str]:
    rows = await owner.fetch("select address from mails where kind = 'briefing' order by address")
    return [row["address"] for row in rows]


async def test_those_who_were_chosen_get_the_briefing_as_a_file_in_the_outlets_own_script(
    editor: Person, boss: Person, desk: Desk, room: Newsroom, owner: Owner, run: RunId
) -> None:
    fields = chosen(room, "owner@acme.test", "viewer@acme.test")
    answer = await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **fields)
    assert answer.headers["Location"].endswith("?said=run_mailed"), await answer.text()
    box = Box()
    async with serving(box, data_size_limit=10_000_000) as port:
        relay = Relay(host="127.0.0.1", port=port, bare=True)
        mailer = SmtpMailer(relay, desk.clock, sender="Desk <desk@desk.test>")
        sv = replace(desk.sv, outside=replace(desk.sv.outside, mailer=mailer))
        for _ in range(2):
            await mail.mail(sv, await make.claimed(owner, JobKind.MAIL, room.tenant))
    assert sorted(to for one in box.envelopes for to in one.rcpt_tos) == ["owner@acme.test", "viewer@acme.test"]
    letter = box.letters[0]
    assert letter.get_content_type() == "multipart/mixed"
    assert "TLP:AMBER+STRICT" in letter["Subject"]
    [file] = letter.iter_attachments()
    assert file.get_content_type() == "application/pdf"
    assert (file.get_filename() or "").startswith("РТ ")
    pages = PdfReader(io.BytesIO(file.get_content())).pages
    assert "РТ" in "".join(page.extract_text() for page in pages)
    assert "mailed a briefing to members" in await boss.text("/t/acme/audit")


async def test_the_same_form_sent_twice_is_one_mail_and_another_form_is_another(
    editor: Person, room: Newsroom, owner: Owner, run: RunId
) -> None:
    fields = {"nonce": str(uuid4()), **chosen(room, "viewer@acme.test")}
    said = [(await editor.post(f"/t/acme/runs/{run}/mail", **fields)).headers["Location"] for _ in range(2)]
    assert [one.rpartition("=")[2] for one in said] == ["run_mailed", "run_mailed_before"]
    assert await planned(owner) == ["viewer@acme.test"]
    assert await owner.fetchval("select count(*) from audit where action = 'run.mailed'") == 1
    await editor.post(f"/t/acme/runs/{run}/mail", **{**fields, "nonce": str(uuid4())})
    assert await planned(owner) == ["viewer@acme.test"] * 2


async def test_the_page_offers_every_member_and_a_form_of_its_own(
    editor: Person, viewer: Person, room: Newsroom, run: RunId
) -> None:
    page = await editor.text(f"/t/acme/runs/{run}")
    assert all(name in page for name in chosen(room, "owner@acme.test", "editor@acme.test", "viewer@acme.test"))
    assert 'name="nonce"' in page
    assert 'name="nonce"' not in await viewer.text(f"/t/acme/runs/{run}")


async def test_red_is_not_mailed(editor: Person, room: Newsroom, owner: Owner, run: RunId) -> None:
    await owner.execute("update runs set tlp = 'red' where id = $1", run)
    answer = await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **chosen(room, "viewer@acme.test"))
    assert answer.status in {400, 409, 422}
    assert "TLP:RED" in await answer.text()
    assert await planned(owner) == []


async def test_a_letter_that_waits_is_stopped_where_its_run_is_marked_more_strictly(
    editor: Person, desk: Desk, room: Newsroom, owner: Owner, run: RunId
) -> None:
    await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **chosen(room, "editor@acme.test"))
    answer = await editor.post(f"/t/acme/runs/{run}/share", tlp="red")
    assert "said=" in answer.headers["Location"]
    box = Box()
    async with serving(box, data_size_limit=10_000_000) as port:
        relay = Relay(host="127.0.0.1", port=port, bare=True)
        mailer = SmtpMailer(relay, desk.clock, sender="Desk <desk@desk.test>")
        sv = replace(desk.sv, outside=replace(desk.sv.outside, mailer=mailer))
        await mail.mail(sv, await make.claimed(owner, JobKind.MAIL, room.tenant))
    assert box.envelopes == []
    assert await owner.fetchval("select state from mails where kind = 'briefing'") == "refused"


async def test_nobody_outside_gets_it_and_then_nobody_inside_does(
    editor: Person, room: Newsroom, owner: Owner, run: RunId
) -> None:
    outside = await owner.fetchval("select id from users where email = 'stranger@other.test'")
    for to in ({}, {f"to-{outside}": "1", **chosen(room, "viewer@acme.test")}, {"to-nobody": "1"}):
        answer = await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **to)
        assert answer.status in {400, 409, 422}
    await owner.execute("update users set disabled_at = cid_now() where email = 'viewer@acme.test'")
    answer = await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **chosen(room, "viewer@acme.test"))
    assert "members of this tenant only" in await answer.text()
    assert await planned(owner) == []


async def test_a_stranger_finds_nothing_and_a_viewer_may_not(
    stranger: Person, viewer: Person, room: Newsroom, owner: Owner, run: RunId
) -> None:
    fields = {"nonce": str(uuid4()), **chosen(room, "viewer@acme.test")}
    assert (await stranger.post(f"/t/acme/runs/{run}/mail", **fields)).status == 404
    assert (await viewer.post(f"/t/acme/runs/{run}/mail", **fields)).status == 403
    own = await owner.fetchval("select id from users where email = 'stranger@other.test'")
    elsewhere = {"nonce": str(uuid4()), f"to-{own}": "1"}
    assert (await stranger.post(f"/t/other/runs/{run}/mail", **elsewhere)).status == 404
    assert await planned(owner) == []


async def test_a_desk_without_the_extra_says_what_to_install(
    editor: Person, desk: Desk, room: Newsroom, owner: Owner, run: RunId
) -> None:
    desk.sv.outside.children.functions["render_briefing"] = lambda _: {"missing": "reportlab"}  # type: ignore[attr-defined]
    answer = await editor.post(f"/t/acme/runs/{run}/mail", nonce=str(uuid4()), **chosen(room, "viewer@acme.test"))
    assert answer.status == 501
    assert "install the extra" in await answer.text()
    assert await planned(owner) == []
