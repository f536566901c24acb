"""One's own account: password, second factor, sessions, and a password that was forgotten."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pyotp
import pytest
from aiohttp.test_utils import TestServer

from cid.domain.errors import Refused
from cid.domain.mail import Letter
from cid.flows import people as operating
from cid.flows import signin
from cid.flows.people import forgotten
from cid.outside import passwords
from tests import letters
from tests.compiled import make_app
from tests.newsroom import PASSWORD, Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    from tests.conftest import DatabaseTime

    Owner = asyncpg.Connection[asyncpg.Record]

SENTENCE = "a good long sentence"
EDITOR = "editor@acme.test"


class Post:
    """A mail server that is there."""

    async def send(self, _letter: Letter) -> str:
        return "250"


@pytest.fixture
def mails(desk: Desk) -> None:
    object.__setattr__(desk.sv.outside, "mailer", Post())


async def enrolled(person: Person, desk: Desk) -> tuple[pyotp.TOTP, list[str]]:
    """Sets a second factor up as somebody with an authenticator does; the recovery codes."""
    page = await person.text("/account/second-factor")
    secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert secret
    assert sealed
    totp = pyotp.TOTP(secret[1].replace(" ", ""))
    fields = {"sealed": unescape(sealed[1]), "code": totp.at(desk.clock.now()), "password": PASSWORD}
    answer = await person.post("/account/second-factor", **fields)
    text = await answer.text()
    assert answer.status == 200, text
    await person.read_token()
    return totp, re.findall(r"<li><code>([a-z0-9-]+)</code></li>", text)


async def half_in(person: Person, email: str = EDITOR) -> str:
    """The ticket of the page that asks for the code."""
    answer = await person.post("/sign-in", email=email, password=PASSWORD, next="/t/acme/items")
    assert answer.status == 200
    assert not person.cookie()
    found = re.search(r'name="ticket" value="([^"]+)"', await answer.text())
    assert found
    return found[1]


async def test_a_second_factor_is_asked_for_after_the_password_and_leads_on(editor: Person, desk: Desk) -> None:
    totp, recovery = await enrolled(editor, desk)
    assert len(set(recovery)) == 10
    desk.clock.advance(timedelta(seconds=30))
    async with desk.person() as person:
        ticket = await half_in(person)
        fields = {"ticket": ticket, "next": "/t/acme/items"}
        assert (await person.post("/sign-in/code", code="000000", **fields)).status == 422
        answer = await person.post("/sign-in/code", code=totp.at(desk.clock.now()), **fields)
        assert (answer.status, answer.headers["Location"]) == (303, "/t/acme/items")
        assert (await person.get("/t/acme/items")).status == 200


async def test_no_code_counts_twice(editor: Person, desk: Desk) -> None:
    """Not the one that set it up, nor one of a step before the last that was taken, nor one for two at once."""
    totp, _recovery = await enrolled(editor, desk)
    async with desk.person() as person:
        fields = {"ticket": await half_in(person)}
        assert (await person.post("/sign-in/code", code=totp.at(desk.clock.now()), **fields)).status == 422
        desk.clock.advance(timedelta(seconds=30))
        tickets = [await half_in(person) for _ in range(3)]
        code = totp.at(desk.clock.now())

        async def attempt(ticket: str) -> str:
            try:
                return await signin.with_code(desk.sv, ticket, code, agent="")
            except Refused as refused:
                return refused.public

        came = await asyncio.gather(*map(attempt, tickets))
        assert sorted(said == signin.WRONG_CODE for said in came) == [False, True, True]


async def test_a_recovery_code_lets_in_once(editor: Person, desk: Desk, owner: Owner) -> None:
    _totp, recovery = await enrolled(editor, desk)
    stored = await owner.fetchval("select string_agg(u::text, ' ') from users u")
    assert not [code for code in recovery if code in stored or code.replace("-", "") in stored]
    async with desk.person() as person:
        typed = recovery[3].upper().replace("-", " ")
        assert (await person.post("/sign-in/code", ticket=await half_in(person), code=typed)).status == 303
        assert "9 recovery codes are left" in await person.text("/account")
    async with desk.person() as person:
        assert (await person.post("/sign-in/code", ticket=await half_in(person), code=recovery[3])).status == 422


async def test_who_has_no_password_learns_nothing_of_a_second_factor(editor: Person, desk: Desk) -> None:
    await enrolled(editor, desk)
    async with desk.person() as person:
        answers = []
        for email in (EDITOR, "viewer@acme.test", "nobody@acme.test"):
            answer = await person.post("/sign-in", email=email, password="guess")
            answers.append((answer.status, (await answer.text()).replace(email, "")))
        assert len({(status, re.sub(r"request \w+", "", text)) for status, text in answers}) == 1


async def test_codes_are_not_to_be_guessed(editor: Person, desk: Desk, database_time: DatabaseTime) -> None:
    """Five tries in a quarter of an hour, whatever tickets they come with; the right code waits, too."""
    totp, _recovery = await enrolled(editor, desk)
    desk.clock.advance(timedelta(seconds=30))
    async with desk.person() as person:
        tickets = [await half_in(person) for _ in range(2)]
        for number in range(5):
            ticket = tickets[number % 2]
            assert (await person.post("/sign-in/code", ticket=ticket, code=f"00000{number}")).status == 422
        answer = await person.post("/sign-in/code", ticket=ticket, code=totp.at(desk.clock.now()))
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0
        await database_time.advance(timedelta(minutes=4))
        assert (await person.post("/sign-in/code", ticket=ticket, code=totp.at(desk.clock.now()))).status == 303


async def test_a_ticket_waits_ten_minutes_and_no_longer(
    editor: Person, desk: Desk, database_time: DatabaseTime
) -> None:
    totp, _recovery = await enrolled(editor, desk)
    async with desk.person() as person:
        ticket = await half_in(person)
        await database_time.advance(timedelta(minutes=11))
        desk.clock.advance(timedelta(minutes=11))
        answer = await person.post("/sign-in/code", ticket=ticket, code=totp.at(desk.clock.now()))
        assert answer.status == 422
        assert signin.TOO_LATE in await answer.text()
        assert (await person.get(f"/welcome/{ticket}")).status == 404
        assert (await person.get(f"/reset/{ticket}")).status == 404


async def test_it_counts_only_once_a_code_has_shown_that_it_works(editor: Person, desk: Desk, boss: Person) -> None:
    page = await editor.text("/account/second-factor")
    assert page.count("<svg") == 1
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert sealed
    fields = {"sealed": unescape(sealed[1]), "password": PASSWORD}
    wrong = await editor.post("/account/second-factor", code="123456", **fields)
    assert wrong.status == 422
    assert 'value="' + sealed[1] in await wrong.text(), "the same secret is shown again"
    assert (await boss.post("/account/second-factor", code="123456", **fields)).status == 422, "it is not theirs"
    async with desk.person(EDITOR) as again:
        assert "Set it up" in await again.text("/account")


async def test_switching_it_off_takes_the_password_and_a_code(editor: Person, desk: Desk, owner: Owner) -> None:
    totp, recovery = await enrolled(editor, desk)
    desk.clock.advance(timedelta(seconds=30))
    off = "/account/second-factor/off"
    assert (await editor.post(off, code=totp.at(desk.clock.now()), password="guess")).status == 422
    assert (await editor.post(off, code="000000", password=PASSWORD)).status == 422
    fresh = await editor.post("/account/second-factor/codes", code=recovery[0], password=PASSWORD)
    new = re.findall(r"<li><code>([a-z0-9-]+)</code></li>", await fresh.text())
    assert not set(new) & set(recovery)
    assert (await editor.post(off, code=recovery[1], password=PASSWORD)).status == 422, "the old ones are worth nothing"
    assert (await editor.post(off, code=totp.at(desk.clock.now()), password=PASSWORD)).status == 303
    assert await owner.fetchval("select totp from users where email = $1", EDITOR) == ""
    async with desk.person(EDITOR) as again:
        assert (await again.get("/t/acme/")).status == 200
    said = [letter.subject for letter in await letters.to(desk.sv, owner, EDITOR)]
    assert said == [
        "A second factor was switched on",
        "New recovery codes were made",
        "The second factor was switched off",
    ]


async def test_the_operator_lets_somebody_in_who_lost_the_telephone(editor: Person, desk: Desk) -> None:
    await enrolled(editor, desk)
    await operating.drop_second_factor(desk.sv, email=EDITOR)
    assert (await editor.get("/t/acme/")).status == 303
    async with desk.person(EDITOR) as again:
        assert (await again.get("/t/acme/")).status == 200


async def test_a_new_password_asks_for_the_present_one_and_leaves_one_session(editor: Person, desk: Desk) -> None:
    async with desk.person(EDITOR) as elsewhere:
        was = editor.cookie()
        assert (await editor.post("/account/password", present="guess", new=SENTENCE)).status == 422
        assert (await editor.post("/account/password", present=PASSWORD, new="short")).status == 422
        assert (await editor.post("/account/password", present=PASSWORD, new=SENTENCE)).status == 303
        assert editor.cookie() not in {"", was}
        assert (await editor.get("/t/acme/")).status == 200
        assert (await elsewhere.get("/t/acme/")).status == 303
    async with desk.person() as again:
        assert (await again.post("/sign-in", email=EDITOR, password=PASSWORD)).status == 422
        await again.sign_in(EDITOR, SENTENCE)


async def test_the_page_behind_a_session_is_no_way_round_the_throttle(editor: Person) -> None:
    statuses = [(await editor.post("/account/password", present=f"guess {n}", new=SENTENCE)).status for n in range(6)]
    assert statuses == [422] * 5 + [429]


async def test_a_session_is_told_in_words_and_ended(editor: Person, desk: Desk, boss: Person) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    came = await signin.sign_in(desk.sv, email=EDITOR, password=PASSWORD, address="192.0.2.1", agent=firefox)
    page = await editor.text("/account")
    assert "Firefox on Linux" in page
    (session,) = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
    assert came.token not in page
    assert (await boss.post("/account/sessions/end", session=session)).status == 404, "it is not theirs"
    assert (await editor.post("/account/sessions/end", session="zz")).status == 404
    assert (await editor.post("/account/sessions/end", session=session)).status == 303
    assert "Firefox on Linux" not in await editor.text("/account")
    async with desk.person(EDITOR) as other:
        assert (await editor.post("/account/sessions/end-others")).status == 303
        assert (await other.get("/t/acme/")).status == 303
    assert (await editor.get("/t/acme/")).status == 200


async def test_another_name_stands_in_the_log_with_the_one_before(editor: Person, owner: Owner) -> None:
    for _again in range(2):
        assert (await editor.post("/account", name="Edith", zone="Europe/Lisbon")).status == 303
    [line] = await owner.fetch("select detail, user_id from audit where action = 'user.profile'")
    assert "Edith" in str(line["detail"])
    assert "editor" in str(line["detail"])


async def test_times_are_told_where_somebody_is(editor: Person) -> None:
    assert " UTC" in await editor.text("/account")
    assert (await editor.post("/account", name="Edda", zone="Mars/Olympus")).status == 422
    assert (await editor.post("/account", name="Edda", zone="Asia/Kolkata")).status == 303
    page = await editor.text("/account")
    assert re.search(r'title="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d IST"', page)
    assert "Edda" in page


async def test_a_forgotten_password_is_set_by_a_link_in_a_mail(
    editor: Person, desk: Desk, owner: Owner, mails: None
) -> None:
    async with desk.person() as person:
        asked = await person.post("/forgot", email=" Editor@acme.test")
        assert asked.status == 200
        (letter,) = await letters.to(desk.sv, owner, EDITOR)
        path = letters.link(letter)
        for _ in range(3):
            assert (await person.get(path)).status == 200, "looking uses nothing up"
        assert (await editor.get("/t/acme/")).status == 200, "until then everything stays"
        assert (await person.post(path, password="short")).status == 422
        assert (await person.post(path, password=SENTENCE)).status == 303
        assert not person.cookie(), "a mailbox alone lets nobody in"
        assert (await person.post(path, password=SENTENCE)).status == 404
        assert (await editor.get("/t/acme/")).status == 303
        await person.sign_in(EDITOR, SENTENCE)
    assert [letter.subject for letter in await letters.to(desk.sv, owner, EDITOR)][-1] == "Your password was changed"


async def test_a_mailed_link_is_no_way_round_the_second_factor(
    editor: Person, desk: Desk, owner: Owner, mails: None
) -> None:
    totp, _recovery = await enrolled(editor, desk)
    link = await operating.password_link(desk.sv, email=EDITOR)
    async with desk.person() as person:
        answer = await person.post(link.removeprefix("http://desk.test"), password=PASSWORD)
        assert answer.status == 200
        assert "authenticator" in await answer.text()
        assert not person.cookie()
        await person.post("/forgot", email=EDITOR)
        path = letters.link((await letters.to(desk.sv, owner, EDITOR))[-1])
        await person.post(path, password=PASSWORD)
        desk.clock.advance(timedelta(seconds=30))
        ticket = await half_in(person)
        assert (await person.post("/sign-in/code", ticket=ticket, code=totp.at(desk.clock.now()))).status == 303


async def test_whether_an_address_is_anybodys_is_not_told(desk: Desk, owner: Owner, mails: None) -> None:
    """Not by the answer, nor by what the database is asked meanwhile."""
    await operating.disable_user(desk.sv, email="viewer@acme.test")
    async with desk.person() as person:
        said = set()
        for email in (EDITOR, "viewer@acme.test", "nobody@acme.test", "no address"):
            answer = await person.post("/forgot", email=email)
            said.add((answer.status, (await answer.text()).replace(email, "")))
        assert len(said) == 1
    rows = await owner.fetch("select address from mails where kind = 'reset'")
    assert [row["address"] for row in rows] == [EDITOR]
    assert await owner.fetchval("select count(*) from jobs where kind = 'mail'") == 4
    assert await owner.fetchval("select count(*) from once_links") == 1


async def test_asking_again_and_again_mails_little_and_an_address_is_stopped(
    desk: Desk, owner: Owner, mails: None
) -> None:
    async with desk.person() as person:
        statuses = [(await person.post("/forgot", email=EDITOR)).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert len(await letters.to(desk.sv, owner, EDITOR)) == 3


async def test_an_older_link_ends_with_a_new_password_and_after_an_hour(
    desk: Desk, owner: Owner, mails: None, database_time: DatabaseTime
) -> None:
    for _ in range(2):
        await forgotten.ask(desk.sv, email=EDITOR, address="192.0.2.1")
    first, second = [letters.link(letter) for letter in await letters.to(desk.sv, owner, EDITOR)]
    async with desk.person() as person:
        assert (await person.get(first)).status == 200
        assert (await person.post(second, password=SENTENCE)).status == 303
        assert (await person.get(first)).status == 404
        await forgotten.ask(desk.sv, email=EDITOR, address="192.0.2.1")
        third = letters.link((await letters.to(desk.sv, owner, EDITOR))[-1])
        await database_time.advance(timedelta(minutes=61))
        assert (await person.get(third)).status == 404


async def test_where_no_mail_goes_out_the_page_says_whom_to_ask(anybody: Person) -> None:
    page = await anybody.text("/forgot")
    assert "cid users password ADDRESS" in page
    assert "<form" not in page


async def test_two_pages_at_once_do_not_shut_a_renewed_session_out(
    editor: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    await owner.execute("update sessions set renew = true")
    answers = await asyncio.gather(*(editor.get("/t/acme/") for _ in range(4)))
    assert 200 in {answer.status for answer in answers}
    assert (await editor.get("/t/acme/")).status == 200
    assert await owner.fetchval("select count(*) from sessions where renew") == 0


async def test_over_https_the_renewed_cookie_is_the_hosts_alone(desk: Desk, owner: Owner) -> None:
    server = TestServer(make_app(desk.sv, https=True))
    await server.start_server()
    try:
        came = await signin.sign_in(desk.sv, email=EDITOR, password=PASSWORD, address="192.0.2.1", agent="")
        await owner.execute("update sessions set renew = true")
        async with desk.person() as person:
            person.base = str(server.make_url("/")).rstrip("/")
            answer = await person.get("/t/acme/", headers={"Cookie": f"__Host-sid={came.token}"})
        assert answer.headers.getall("Set-Cookie") == [answer.headers["Set-Cookie"]]
        assert answer.headers["Set-Cookie"].startswith("__Host-sid=")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    finally:
        await server.close()


async def test_of_two_new_passwords_at_once_one_is_set_and_the_other_is_told(
    editor: Person, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both prove the present one; while the second is hashed, the first is stored."""
    hashed, first = passwords.hashed, [True]

    async def meanwhile(password: str) -> str:
        if first.pop() if first else False:
            async with desk.person(EDITOR) as elsewhere:
                assert (await elsewhere.post("/account/password", present=PASSWORD, new=SENTENCE)).status == 303
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", meanwhile)
    answer = await editor.post("/account/password", present=PASSWORD, new="another long sentence")
    assert answer.status in {422, 303}, "refused, or signed out by the other change"
    async with desk.person() as again:
        assert (await again.post("/sign-in", email=EDITOR, password="another long sentence")).status == 422
        await again.sign_in(EDITOR, SENTENCE)
