"""`cid users` and `cid tenants`, as they are typed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cid.cli import frame, main
from cid.services import Services
from tests.web.conftest import Desk

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Type a command; what it wants of the desk is done on the test's own connections."""

    async def typed(*args: str, stdin: str = "") -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(empty_desk.sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = await asyncio.to_thread(frame.run, main, list(args))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def test_a_tenant_and_its_first_editor(run: Run) -> None:
    assert await run("tenants", "list") == (0, "There is no tenant yet.\n", "")
    assert (await run("tenants", "add", "The Pier & Co"))[1] == "The Pier & Co is at /t/the-pier-co/\n"
    code, out, _err = await run("users", "add", "Ed@Pier.test", "--name", "Ed", "--tenant", "the-pier-co", "--json")
    assert code == 0
    assert json.loads(out)["link"].startswith("http://desk.test/welcome/")
    assert "the-pier-co:editor  (no password yet)" in (await run("users", "list"))[1]
    assert "editor   ed@pier.test" in (await run("tenants", "show", "the-pier-co"))[1]


async def test_mistakes_are_one_sentence_and_a_code(run: Run) -> None:
    await run("tenants", "add", "Pier")
    await run("users", "add", "ed@pier.test")
    for args, said in (
        (("tenants", "add", "Pier"), "There is a tenant pier already."),
        (("tenants", "add", "Pier", "--slug", "Not A Slug"), "is no short name"),
        (("tenants", "show", "nowhere"), "There is no tenant nowhere"),
        (("users", "add", "ed@pier.test"), "has an account already"),
        (("users", "add", "nonsense"), "is not an e-mail address"),
        (("users", "add", "new@pier.test", "--tenant", "nowhere"), "There is no tenant nowhere"),
        (("users", "disable", "nobody@pier.test"), "Nobody has an account as nobody@pier.test"),
        (("users", "join", "ed@pier.test", "--tenant", "nowhere"), "There is no tenant nowhere"),
    ):
        code, out, err = await run(*args)
        assert (code, out) == (1, ""), args
        assert said in err
        assert err.count("\n") == 1
    assert (await run("users", "add", "x@pier.test", "--role", "king"))[0] == 2
    assert "new@pier.test" not in (await run("users", "list"))[1], "a user whose tenant is not there is not made"


async def test_a_password_can_be_set_from_standard_input(run: Run, empty_desk: Desk) -> None:
    await run("tenants", "add", "Pier")
    await run("users", "add", "ed@pier.test", "--tenant", "pier")
    assert (await run("users", "password", "ed@pier.test", "--stdin", stdin="short\n"))[0] == 1
    assert (await run("users", "password", "ed@pier.test", "--stdin", stdin="a good long sentence\n"))[0] == 0
    async with empty_desk.person() as person:
        await person.sign_in("ed@pier.test", "a good long sentence")
    assert (await run("users", "disable", "ed@pier.test"))[0] == 0
    assert (await run("users", "disable", "ed@pier.test"))[0] == 1
    assert "(off)" in (await run("users", "list"))[1]


async def test_the_operator_does_what_an_owner_does(run: Run) -> None:
    await run("tenants", "add", "Pier")
    here = ("--tenant", "pier")
    await run("users", "add", "boss@pier.test", *here, "--role", "owner", "--admin")
    await run("users", "password", "boss@pier.test", "--stdin", stdin="a good long sentence\n")
    invited = await run("users", "invite", "ed@pier.test", *here, "--role", "viewer")
    assert "`cid users password ed@pier.test` prints a link" in invited[1]
    assert json.loads((await run("users", "role", "ed@pier.test", *here, "--role", "editor", "--json"))[1]) == {
        "email": "ed@pier.test",
        "tenant": "pier",
        "role": "editor",
    }
    assert "editor   ed@pier.test" in (await run("tenants", "show", "pier"))[1]
    assert (await run("users", "sessions", "ed@pier.test"))[1] == "ed@pier.test is signed in nowhere.\n"
    assert (await run("users", "sessions", "ed@pier.test", "--end"))[0] == 0
    assert (await run("users", "remove", "ed@pier.test", *here))[0] == 0
    for args, said in (
        (("remove", "ed@pier.test", *here), "d@pier.test does not belong to pier"),
        (("remove", "boss@pier.test", *here), "Somebody who may come in has to own Pier"),
        (("role", "boss@pier.test", *here, "--role", "viewer"), "has to own Pier"),
        (("join", "boss@pier.test", *here, "--role", "viewer"), "has to own Pier"),
        (("admin", "boss@pier.test", "--off"), "Somebody has to run this desk"),
        (("disable", "boss@pier.test"), "Somebody has to run this desk"),
        (("enable", "boss@pier.test"), "is not switched off"),
        (("second-factor", "boss@pier.test", "--off"), "has no second factor"),
    ):
        code, out, err = await run("users", *args)
        assert (code, out) == (1, ""), args
        assert said in err, args
    assert (await run("users", "admin", "ed@pier.test"))[0] == 0
    assert (await run("users", "disable", "boss@pier.test"))[0] == 0
    assert (await run("users", "enable", "boss@pier.test"))[0] == 0


async def test_a_link_for_a_forgotten_password_works_once(run: Run, empty_desk: Desk) -> None:
    await run("tenants", "add", "Pier")
    await run("users", "add", "ed@pier.test")
    await run("users", "join", "ed@pier.test", "--tenant", "pier", "--role", "viewer")
    link = json.loads((await run("users", "password", "ed@pier.test", "--json"))[1])["link"]
    path = link.removeprefix("http://desk.test")
    async with empty_desk.person() as person:
        assert (await person.post(path, password="a good long sentence")).status == 303
        assert "Role: viewer" in await person.text("/")
    async with empty_desk.person() as person:
        assert (await person.post(path, password="another good sentence")).status == 404
