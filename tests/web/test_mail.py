"""Mail on pages: wishes, outbox, and one click that ends a digest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from cid.cli import main
from cid.domain.ids import UserId
from cid.domain.mail import MailState
from cid.flows import outbox
from cid.flows.digest.compose import gathered
from cid.render import digest as rendering
from cid.store import digests, mails
from cid.text import unsubscribing

if TYPE_CHECKING:
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk, Person

MAIL = "/t/acme/mail"


async def user_of(desk: Desk, email: str) -> UserId:
    async with desk.sv.platform.read() as tx:
        return UserId(await tx.fetchval("select id from users where email = $1", email))


async def wishes_of(desk: Desk, room: Newsroom, email: str) -> Any:
    async with desk.sv.db.read(room.tenant) as tx:
        return await digests.wishes(tx, room.tenant, await user_of(desk, email))


@pytest.fixture
async def token(desk: Desk, room: Newsroom) -> str:
    keys = desk.sv.keys.derive_all(unsubscribing.PURPOSE)
    return unsubscribing.write(keys, room.tenant, await user_of(desk, "editor@acme.test"))


@pytest.fixture
async def program(desk: Desk) -> AsyncIterator[ClientSession]:
    """A mail provider's: no cookie, no origin, nothing of a browser."""
    async with ClientSession() as session:
        yield session


async def test_one_click_needs_no_cookie_no_origin_and_leads_nowhere_else(
    desk: Desk, room: Newsroom, token: str, program: ClientSession
) -> None:
    for _ in range(2):
        answer = await program.post(
            f"{desk.base}/u/{token}", data={"List-Unsubscribe": "One-Click"}, allow_redirects=False
        )
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
    assert not (await wishes_of(desk, room, "editor@acme.test")).digest
    assert (await wishes_of(desk, room, "owner@acme.test")).digest


async def test_looking_at_the_link_changes_nothing(
    desk: Desk, room: Newsroom, token: str, program: ClientSession
) -> None:
    for method in ("GET", "HEAD"):
        answer = await program.request(method, f"{desk.base}/u/{token}")
        assert answer.status == 200
    assert (await wishes_of(desk, room, "editor@acme.test")).digest
    page = await (await program.get(f"{desk.base}/u/{token}")).text()
    assert "editor@acme.test" in page
    assert '<form method="post">' in page


async def test_a_link_that_was_made_up_ends_nothing(desk: Desk, token: str, program: ClientSession) -> None:
    for wrong in (token[:-3] + ("abc" if not token.endswith("abc") else "cba"), "a.b.c" * 10):
        for method in ("GET", "POST"):
            answer = await program.request(method, f"{desk.base}/u/{wrong}")
            assert answer.status == 404


async def test_whoever_left_finds_nothing_behind_the_link(
    desk: Desk, token: str, program: ClientSession, owner: Any
) -> None:
    await owner.execute("delete from members using users where users.id = user_id and email = 'editor@acme.test'")
    answer = await program.post(f"{desk.base}/u/{token}")
    assert answer.status == 404
    assert await owner.fetchval("select count(*) from mail_wishes where not digest") == 0


async def test_the_digest_is_switched_back_on_in_the_settings(
    desk: Desk, room: Newsroom, editor: Person, token: str, program: ClientSession
) -> None:
    await program.post(f"{desk.base}/u/{token}")
    answer = await editor.post(f"{MAIL}/wishes", digest="1", hour="9", zone="Europe/Berlin", breaking="1")
    assert answer.status == 303
    found = await wishes_of(desk, room, "editor@acme.test")
    assert (found.digest, found.hour, found.zone, found.breaking) == (True, 9, "Europe/Berlin", True)
    page = await editor.text(MAIL)
    assert 'value="Europe/Berlin"' in page


async def test_what_makes_no_sense_is_said_beside_what_was_typed(editor: Person) -> None:
    answer = await editor.post(f"{MAIL}/wishes", digest="1", hour="9", zone="Nowhere/Atlantis")
    text = await answer.text()
    assert answer.status == 422
    assert "There is no time zone" in text
    assert 'value="Nowhere/Atlantis"' in text


async def test_owners_see_the_outbox_and_others_do_not(boss: Person, editor: Person, viewer: Person) -> None:
    assert "550 5.1.1 No such user" in await boss.text(MAIL)
    for person in (editor, viewer):
        assert "550 5.1.1 No such user" not in await person.text(MAIL)


async def test_the_outbox_can_be_narrowed_to_a_state(boss: Person) -> None:
    assert "No such user" in await boss.text(f"{MAIL}?state=refused")
    assert "No such user" not in await boss.text(f"{MAIL}?state=sent&before=nonsense")


async def test_a_broken_way_out_is_named(desk: Desk, boss: Person) -> None:
    async with desk.sv.platform.tx() as tx:
        await mails.set_service(tx, "The mail server refuses our password.")
    assert "The mail server refuses our password." in await boss.text(MAIL)


async def test_a_refused_mail_is_sent_again_once(desk: Desk, room: Newsroom, boss: Person) -> None:
    assert (await boss.post(f"{MAIL}/{room.mail}/again")).status == 303
    assert (await boss.post(f"{MAIL}/{room.mail}/again")).status == 422
    async with desk.sv.platform.read() as tx:
        found = await mails.by_id(tx, room.mail)
    assert found
    assert found.state is MailState.PLANNED


async def test_nobody_sends_another_tenants_mail_again(desk: Desk, room: Newsroom, stranger: Person) -> None:
    assert (await stranger.post(f"/t/other/mail/{room.mail}/again")).status == 404
    assert "No such user" not in await stranger.text("/t/other/mail")


async def test_a_text_that_is_kept_no_longer_is_not_sent_again(room: Newsroom, boss: Person, owner: Any) -> None:
    await owner.execute("update mails set message = null")
    assert (await boss.post(f"{MAIL}/{room.mail}/again")).status == 409


async def test_a_preview_is_mailed_to_oneself(editor: Person, owner: Any) -> None:
    assert (await editor.post(f"{MAIL}/preview")).status == 303
    row = await owner.fetchrow("select address, state from mails where key like 'preview %'")
    assert tuple(row) == ("editor@acme.test", "planned")


async def test_a_bounce_is_matched_by_its_message_id_or_its_address(desk: Desk, room: Newsroom, owner: Any) -> None:
    await owner.execute("update mails set state = 'sent'")
    [one] = await outbox.bounced(desk.sv, message_id=f"<{room.mail}@desk.test>")
    assert one.id == room.mail
    await owner.execute("update mails set state = 'unknown'")
    [one] = await outbox.bounced(desk.sv, address="Editor@acme.test ")
    assert one.id == room.mail
    assert await owner.fetchval("select state from mails") == "bounced"


async def test_previews_show_what_waits_as_text(desk: Desk, room: Newsroom) -> None:
    user = await user_of(desk, "owner@acme.test")
    async with desk.sv.platform.read() as tx:
        reader = await digests.reader(tx, room.tenant, user)
    assert reader
    found = await gathered(desk.sv, replace(reader, zone="UTC"), desk.sv.clock.now().date())
    letter = rendering.letter("owner@acme.test", found)
    for draft in found.items:
        assert draft.draft.title in letter.text
        assert draft.url in letter.text
    assert found.unsubscribe in letter.text


@pytest.mark.parametrize("command", ["list", "show", "again", "bounced", "test", "preview"])
def test_every_command_says_what_it_takes(command: str) -> None:
    result = CliRunner().invoke(main, ["mail", command, "--help"])
    assert result.exit_code == 0
    assert "--json" in result.output
