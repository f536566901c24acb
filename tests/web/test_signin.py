"""Coming in, staying in, going out."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cid.domain.errors import Conflict, Deferred, NotFound, Refused
from cid.domain.tenants import Role
from cid.flows import people, signin
from cid.outside import passwords
from tests.compiled import make_app
from tests.newsroom import PASSWORD
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    from tests.conftest import DatabaseTime

    Owner = asyncpg.Connection[asyncpg.Record]

SENTENCE = "a good long sentence"


async def test_signing_in_leads_to_the_tenant(boss: Person) -> None:
    assert str((await boss.get("/", follow=True)).url).endswith("/t/acme/")


async def test_signing_in_leads_back_to_where_one_wanted_to_go(anybody: Person) -> None:
    answer = await anybody.get("/t/acme/items?q=harbour")
    assert unquote(answer.headers["Location"]) == "/sign-in?next=/t/acme/items?q=harbour"
    page = await anybody.text(answer.headers["Location"])
    assert 'name="next" value="/t/acme/items?q=harbour"' in page
    fields = {"email": "owner@acme.test", "password": PASSWORD, "next": "/t/acme/items?q=harbour"}
    assert (await anybody.post("/sign-in", **fields)).headers["Location"] == "/t/acme/items?q=harbour"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
async def test_signing_in_leads_to_no_other_site(anybody: Person, target: str) -> None:
    answer = await anybody.post("/sign-in", email="owner@acme.test", password=PASSWORD, next=target)
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("email", ["owner@acme.test", "nobody@acme.test", "off@acme.test", "invited@acme.test"])
async def test_a_refusal_does_not_tell_who_has_an_account(desk: Desk, anybody: Person, email: str) -> None:
    await people.add_user(desk.sv, email="invited@acme.test", name="", admin=False, tenant="acme", role=Role.VIEWER)
    await people.add_user(desk.sv, email="off@acme.test", name="", admin=False, tenant="acme", role=Role.VIEWER)
    await people.set_password(desk.sv, email="off@acme.test", password=PASSWORD)
    await people.disable_user(desk.sv, email="off@acme.test")
    password = PASSWORD if email == "off@acme.test" else "not the password"
    answer = await anybody.post("/sign-in", email=email, password=password)
    assert answer.status == 422
    assert signin.WRONG in await answer.text()
    assert not anybody.cookie()


async def test_an_unknown_address_costs_as_much_as_a_wrong_password(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash is checked in any case."""
    checked: list[str | None] = []
    real = passwords._check

    def counted(stored: str | None, password: str) -> passwords.Checked:
        checked.append(stored)
        return real(stored, password)

    monkeypatch.setattr(passwords, "_check", counted)
    for email in ("owner@acme.test", "nobody@acme.test"):
        with pytest.raises(Refused):
            await signin.sign_in(desk.sv, email=email, password="wrong", address="192.0.2.1", agent="")
    assert len(checked) == 2
    assert (checked[0] is None, checked[1] is None) == (False, True)
    verified: list[str] = []
    monkeypatch.setattr(type(passwords.HASHER), "verify", lambda _self, hashed, _password: verified.append(hashed))
    assert not real(None, "anything").ok
    assert verified[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_planted_session_is_worth_nothing_after_sign_in(desk: Desk) -> None:
    async with ClientSession(cookies={"sid": "planted"}, cookie_jar=CookieJar(unsafe=True)) as session:
        answer = await Person(session, desk.base).post("/sign-in", email="owner@acme.test", password=PASSWORD)
        assert answer.status == 303
        assert answer.cookies["sid"].value not in {"", "planted"}
    async with ClientSession(cookies={"sid": "planted"}) as session:
        assert (await Person(session, desk.base).get("/t/acme/")).status == 303


async def test_a_session_is_stored_only_as_a_hash(boss: Person, owner: Owner) -> None:
    hashed = hashlib.sha256(boss.cookie().encode()).digest()
    assert await owner.fetchval("select count(*) from sessions where id_hash = $1", hashed) == 1
    told = await owner.fetchval("select string_agg(sessions::text, ' ') from sessions")
    assert boss.cookie() not in told


async def test_signing_out_ends_the_session_itself(boss: Person, desk: Desk) -> None:
    stolen = boss.cookie()
    assert (await boss.post("/sign-out")).status == 303
    assert not boss.cookie()
    async with ClientSession(cookies={"sid": stolen}) as session:
        assert (await Person(session, desk.base).get("/t/acme/")).status == 303


@pytest.mark.parametrize(("idle", "status"), [(timedelta(hours=11), 200), (timedelta(hours=13), 303)])
async def test_an_idle_session_ends_after_twelve_hours(
    boss: Person, database_time: DatabaseTime, idle: timedelta, status: int
) -> None:
    await database_time.advance(idle)
    assert (await boss.get("/t/acme/")).status == status


async def test_a_used_session_ends_after_seven_days(boss: Person, database_time: DatabaseTime) -> None:
    for _ in range(16):
        await database_time.advance(timedelta(hours=10))
        assert (await boss.get("/t/acme/")).status == 200
    await database_time.advance(timedelta(hours=9))
    assert (await boss.get("/t/acme/")).status == 303


async def test_disabling_somebody_ends_their_sessions(boss: Person, desk: Desk) -> None:
    await people.disable_user(desk.sv, email="owner@acme.test")
    assert (await boss.get("/t/acme/")).status == 303
    with pytest.raises(Conflict):
        await people.disable_user(desk.sv, email="owner@acme.test")


async def test_a_new_password_ends_the_sessions_of_the_old_one(boss: Person, desk: Desk) -> None:
    await people.set_password(desk.sv, email="OWNER@acme.test", password="another long password")
    assert (await boss.get("/t/acme/")).status == 303
    async with desk.person() as person:
        assert (await person.post("/sign-in", email="owner@acme.test", password=PASSWORD)).status == 422
        await person.sign_in("owner@acme.test", "another long password")


async def test_the_sixth_attempt_at_an_account_waits(anybody: Person, database_time: DatabaseTime) -> None:
    for _ in range(5):
        assert (await anybody.post("/sign-in", email="owner@acme.test", password="guess")).status == 422
    answer = await anybody.post("/sign-in", email="Owner@acme.test ", password=PASSWORD)
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 190
    assert (await anybody.post("/sign-in", email="editor@acme.test", password=PASSWORD)).status == 303
    await database_time.advance(timedelta(minutes=4))
    anybody.session.cookie_jar.clear()
    assert (await anybody.post("/sign-in", email="owner@acme.test", password=PASSWORD)).status == 303


async def test_one_address_tries_twenty_accounts_and_no_more(desk: Desk) -> None:
    async def attempt(number: int, address: str) -> str:
        try:
            await signin.sign_in(desk.sv, email=f"{number}@x.test", password="guess", address=address, agent="")
        except Refused:
            return "refused"
        except Deferred:
            return "deferred"
        return "in"

    # one IPv6 network is one customer, however many addresses it has
    results = await asyncio.gather(*(attempt(number, f"2001:db8::{number:x}") for number in range(25)))
    assert (results.count("refused"), results.count("deferred")) == (20, 5)
    assert await attempt(99, "2001:db8:0:1::1") == "refused"


async def test_success_clears_the_account_and_nothing_is_kept_in_the_clear(desk: Desk, owner: Owner) -> None:
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(Refused):
                await signin.sign_in(desk.sv, email="owner@acme.test", password="x", address="192.0.2.7", agent="")
        await signin.sign_in(desk.sv, email="owner@acme.test", password=PASSWORD, address="192.0.2.7", agent="")
    keys = [row["key"] for row in await owner.fetch("select key from limits")]
    assert keys
    assert not [key for key in keys if "acme" in key or "192.0.2" in key]


async def test_the_set_up_link_makes_the_first_person_once(empty_desk: Desk, owner: Owner) -> None:
    link = await signin.setup_link(empty_desk.sv)
    assert link
    path = link.removeprefix(empty_desk.sv.base_url)
    async with empty_desk.person() as first, empty_desk.person() as second:
        assert "Nobody has an account here yet" in await first.text("/sign-in")
        for _ in range(3):
            assert (await second.get(path)).status == 200, "looking uses nothing up"
        fields = {
            "email": "Ann@Desk.test",
            "name": "Ann",
            "password": SENTENCE,
            "tenant": "The Pier & Co",
        }
        assert (await first.post(path, **{**fields, "password": "short"})).status == 422
        assert (await first.post(path, **{**fields, "tenant": ""})).status == 422
        assert (await first.post(path, **{**fields, "email": "no address"})).status == 422
        answers = await asyncio.gather(first.post(path, **fields), second.post(path, **fields))
        assert sorted(answer.status for answer in answers) == [303, 404]
        winner = first if answers[0].status == 303 else second
        assert str((await winner.get("/", follow=True)).url).endswith("/t/the-pier-co/")
        assert (await first.get(path)).status == 404
    assert await owner.fetchval("select admin from users where email = 'ann@desk.test'") is True
    assert await signin.setup_link(empty_desk.sv) is None


async def test_a_new_start_makes_a_new_link_and_voids_the_old_one(
    empty_desk: Desk, database_time: DatabaseTime
) -> None:
    old, new = await signin.setup_link(empty_desk.sv), await signin.setup_link(empty_desk.sv)
    assert old
    assert new
    async with empty_desk.person() as person:
        assert (await person.get(old.removeprefix(empty_desk.sv.base_url))).status == 404
        assert (await person.get(new.removeprefix(empty_desk.sv.base_url))).status == 200
        await database_time.advance(timedelta(hours=25))
        assert (await person.get(new.removeprefix(empty_desk.sv.base_url))).status == 404


async def test_the_first_person_owns_every_tenant_there_is(empty_desk: Desk) -> None:
    await people.add_tenant(empty_desk.sv, name="One", slug=None)
    await people.add_tenant(empty_desk.sv, name="Two", slug=None)
    link = await signin.setup_link(empty_desk.sv)
    assert link
    newcomer = signin.Newcomer(email="ann@desk.test", name="Ann", password=SENTENCE)
    await signin.welcome(empty_desk.sv, link.rpartition("/")[2], newcomer, agent="")
    await people.add_tenant(empty_desk.sv, name="Three", slug=None)
    (ann,) = await people.users(empty_desk.sv)
    assert ann.roles == ["one:owner", "three:owner", "two:owner"]


async def test_an_invited_person_sets_a_password_of_their_own(desk: Desk) -> None:
    link = await people.add_user(
        desk.sv, email="new@acme.test", name="New", admin=False, tenant="acme", role=Role.EDITOR
    )
    path = link.removeprefix(desk.sv.base_url)
    async with desk.person() as person:
        assert "new@acme.test" in await person.text(path)
        assert (await person.post(path, password=SENTENCE)).status == 303
        assert "editor" in await person.text("/")
    with pytest.raises(NotFound):
        await signin.welcome(
            desk.sv,
            path.rpartition("/")[2],
            signin.Newcomer(email="", name="", password=SENTENCE),
            agent="",
        )


async def test_over_https_the_cookie_is_the_hosts_alone(desk: Desk) -> None:
    server = TestServer(make_app(desk.sv, https=True))
    await server.start_server()
    try:
        async with ClientSession() as session:
            answer = await Person(session, str(server.make_url("/")).rstrip("/")).post(
                "/sign-in", email="owner@acme.test", password=PASSWORD
            )
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-sid=")
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie
        assert "Strict-Transport-Security" in answer.headers
    finally:
        await server.close()


@pytest.mark.parametrize(("trusted", "counted"), [((), "127.0.0.1"), (("127.0.0.0/8",), "198.51.100.9")])
async def test_who_a_proxy_speaks_for_counts_only_where_it_is_trusted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trusted: tuple[str, ...], counted: str
) -> None:
    seen: list[str] = []

    async def noted(_sv: object, *, address: str, **_rest: object) -> str:
        seen.append(address)
        raise Refused("no")

    monkeypatch.setattr(signin, "sign_in", noted)
    server = TestServer(make_app(desk.sv, trusted_proxies=trusted))
    await server.start_server()
    try:
        async with ClientSession() as session:
            base = str(server.make_url("/")).rstrip("/")
            headers = {"Origin": base, "X-Forwarded-For": "203.0.113.5, 198.51.100.9"}
            await Person(session, base).send("/sign-in", headers, {"email": "a@b.test", "password": "x"})
    finally:
        await server.close()
    assert seen == [counted]
