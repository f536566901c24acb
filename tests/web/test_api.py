"""The desk for programs: who comes in, what they may, what is done once, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse, ClientSession
from openapi_spec_validator import OpenAPIV31SpecValidator

from cid.domain.ids import DraftId, ReviewId, VersionId
from cid.domain.programs import BURST, NEEDS, Scope
from cid.domain.review import ReviewOutcome
from cid.domain.tenants import GRANTS, Actor, Role
from cid.flows import decide, people, tokens
from cid.store import drafts
from cid.web.api.endpoint import Endpoint
from cid.web.api.routes import API
from cid.web.handlers.tokens import SCOPES
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

NONE = "01890000-0000-7000-8000-000000000000"
REFUSAL = {"version": NONE, "sha256": "0" * 64, "reason": "Because."}
BODIES: dict[str, dict[str, Any]] = {
    "draft_edit": {"version": NONE, "title": "Another"},
    "draft_approve": REFUSAL,
    "draft_request_changes": REFUSAL,
    "draft_reject": REFUSAL,
    "draft_undo": REFUSAL,
    "source_add": {"url": "https://new.test/feed"},
    "source_switch": {"active": False},
    "publication_again": {},
    "publication_retract": {"reason": "It was wrong."},
    "tracker_decide": {"kind": "hide", "entries": [NONE]},
    "run_start": {"outlet": "Harbour Post", "country": "MD"},
    "monitor_add": {"outlet": "Harbour Post", "country": "MD"},
    "monitor_switch": {"active": False},
    "monitor_change": {"every_hours": 3},
    "batch_start": {"name": "Two", "targets": [{"outlet": "Harbour Post", "country": "MD"}]},
    "run_cancel": {},
}
READABLE = sorted(scope for scope in Scope if NEEDS[scope] in GRANTS[Role.VIEWER])
CHANGED = (
    "sources",
    "subscriptions where active",
    "decisions",
    "versions",
    "publications where state = 'planned'",
    "entry_decisions",
    "entries where state = 'pending'",
    "runs",
    "run_batches",
    "monitors",
    "monitors where active",
    "monitors where every_hours = 24",
    "run_steps",
    "jobs",
    "audit",
    "api_answers",
)


@dataclass
class Program:
    session: ClientSession
    base: str
    secret: str

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.session.get(f"{self.base}{path}", headers=self._headers(headers), allow_redirects=False)

    async def post(self, path: str, body: Any = None, **headers: str) -> ClientResponse:
        said = self._headers(headers)
        return await self.session.post(f"{self.base}{path}", headers=said, allow_redirects=False, json=body)

    async def send(self, endpoint: Endpoint, path: str, body: Any = None) -> ClientResponse:
        if endpoint.method == "GET":
            return await self.get(path)
        return await self.post(path, BODIES[endpoint.name] if body is None else body)

    async def json(self, path: str) -> Any:
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status, await answer.text())
        return await answer.json()

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        said = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.secret}", **said} if self.secret else said


@asynccontextmanager
async def program(desk: Desk, who: str, *scopes: Scope, secret: str | None = None) -> AsyncIterator[Program]:
    """`who`: a role of acme's, or an address."""
    made = secret if secret is not None else await secret_of(desk, who, *scopes)
    async with ClientSession() as session:
        yield Program(session, desk.base, made)


async def actor_of(desk: Desk, who: str) -> Actor:
    email = who if "@" in who else f"{who}@acme.test"
    slug = email.partition("@")[2].partition(".")[0]
    return await decide.person(desk.sv, email, await decide.tenant_called(desk.sv, slug))


async def secret_of(desk: Desk, who: str, *scopes: Scope) -> str:
    actor = await actor_of(desk, who)
    wanted = scopes or [scope for scope in Scope if actor.may(NEEDS[scope])]
    return (await tokens.add(desk.sv, actor, name="tests", scopes=wanted, life=timedelta(days=1))).secret


def address(endpoint: Endpoint, room: Newsroom) -> str:
    """Of something of acme's."""
    of = {
        "draft": room.drafts["drafted"],
        "version": room.versions["drafted"],
        "source": room.sources["Harbour Gazette"],
        "item": room.items["hidden"],
        "publication": NONE,
        "entry": room.entries["drafted"],
        "run": NONE,
        "batch": NONE,
        "monitor": str(room.monitor),
    }
    return "/api/v1" + endpoint.path.format(**of)


async def counts(owner: Owner) -> list[tuple[str, int]]:
    return [(name, await owner.fetchval(f"select count(*) from {name}")) for name in CHANGED]


async def problem(answer: ClientResponse, status: int) -> dict[str, Any]:
    text = await answer.text()
    assert answer.status == status, text
    assert answer.content_type == "application/problem+json"
    said: dict[str, Any] = json.loads(text)
    assert said["status"] == status
    assert said["type"].startswith("/api/openapi.json#/components/responses/")
    return said


def test_the_description_is_openapi_and_names_every_address_and_error(room: Newsroom) -> None:
    from cid.web.api import openapi

    said = json.loads(openapi.described(API))
    OpenAPIV31SpecValidator(said).validate()
    for endpoint in API:
        operation = said["paths"][f"/api/v1{endpoint.path}"][endpoint.method.lower()]
        assert operation["summary"] and operation["operationId"] == endpoint.name
        wanted = {str(endpoint.status), "400", "401", "403", "429", "500", "503"}
        wanted |= {"404"} if "{" in endpoint.path else set()
        wanted |= {"409", "413", "415", "422"} if endpoint.method == "POST" else set()
        assert wanted <= set(operation["responses"]), endpoint.name


def test_the_page_of_tokens_can_give_every_scope() -> None:
    assert list(SCOPES) == list(Scope)


async def test_the_description_is_for_anybody(anybody: Person) -> None:
    answer = await anybody.get("/api/openapi.json")
    assert answer.status == 200
    assert (await answer.json())["openapi"] == "3.1.0"


@pytest.mark.parametrize("endpoint", API, ids=lambda endpoint: endpoint.name)
async def test_nobody_comes_in_without_a_token_and_not_by_a_cookie(
    endpoint: Endpoint, boss: Person, room: Newsroom, owner: Owner
) -> None:
    before = await counts(owner)
    path = address(endpoint, room)
    for headers in ({}, {"Authorization": "Bearer cid_x"}, {"Authorization": f"Bearer cid_{'0' * 32}_{'A' * 43}"}):
        if endpoint.method == "GET":
            answer = await boss.get(path, headers=headers)
        else:
            said = {"Origin": boss.base, **headers}
            answer = await boss.session.post(boss.base + path, json=BODIES[endpoint.name], headers=said)
        await problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert "Set-Cookie" not in answer.headers
    assert await counts(owner) == before


@pytest.mark.parametrize("endpoint", [e for e in API if "{" in e.path], ids=lambda endpoint: endpoint.name)
async def test_a_strangers_program_finds_nothing_of_others(
    endpoint: Endpoint, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with program(desk, "stranger@other.test") as stranger:
        before = await counts(owner)
        # the stranger's own article is the one that acme must not find
        path = address(endpoint, room).replace(str(room.items["hidden"]), NONE)
        answer = await stranger.send(endpoint, path)
        said = await problem(answer, 404)
        assert "acme" not in json.dumps(said)
    assert await counts(owner) == before


async def test_lists_of_a_stranger_hold_nothing_of_others(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "stranger@other.test") as stranger, program(desk, "owner") as boss:
        for path in ("/drafts", "/sources", "/publications", "/tracker/entries"):
            theirs = {one["id"] for one in (await boss.json(f"/api/v1{path}"))["items"]}
            seen = {one["id"] for one in (await stranger.json(f"/api/v1{path}"))["items"]}
            assert not theirs & seen, path
        hidden = room.items["hidden"]
        assert (await boss.get(f"/api/v1/items/{hidden}/why")).status == 404
        assert (await stranger.get(f"/api/v1/items/{hidden}/why")).status == 200


@pytest.mark.parametrize("endpoint", [e for e in API if e.scope], ids=lambda endpoint: endpoint.name)
async def test_a_token_does_only_what_its_scopes_say(
    endpoint: Endpoint, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    others = [scope for scope in Scope if scope is not endpoint.scope]
    async with program(desk, "owner", *others) as boss:
        before = await counts(owner)
        answer = await boss.send(endpoint, address(endpoint, room))
        assert f"lacks {endpoint.scope}" in (await problem(answer, 403))["detail"]
        assert f'scope="{endpoint.scope}"' in answer.headers["WWW-Authenticate"]
    assert await counts(owner) == before


@pytest.mark.parametrize("role", list(Role))
async def test_a_token_is_never_more_than_its_persons_role_now(
    role: Role, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    """Made as an owner, who then becomes something else."""
    async with program(desk, "owner") as boss:
        await people.join(desk.sv, email="editor@acme.test", tenant="acme", role=Role.OWNER)
        await people.join(desk.sv, email="owner@acme.test", tenant="acme", role=role)
        for endpoint in API:
            if endpoint.scope is None or NEEDS[endpoint.scope] in GRANTS[role]:
                continue
            before = await counts(owner)
            answer = await boss.send(endpoint, address(endpoint, room))
            assert "may not do this any more" in (await problem(answer, 403))["detail"], endpoint.name
            assert await counts(owner) == before


async def test_who_may_not_do_something_cannot_make_a_token_for_it(desk: Desk, room: Newsroom) -> None:
    from cid.domain.errors import Refused

    viewer = await actor_of(desk, "viewer")
    for scope in Scope:
        made = tokens.add(desk.sv, viewer, name="more", scopes=[scope], life=None)
        if scope in READABLE:
            await made
            continue
        with pytest.raises(Refused):
            await made


async def test_a_person_who_is_switched_off_takes_their_programs_along(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "editor") as theirs:
        assert (await theirs.get("/api/v1/me")).status == 200
        await people.disable_user(desk.sv, email="editor@acme.test")
        await problem(await theirs.get("/api/v1/me"), 401)


async def test_a_token_that_is_revoked_or_over_lets_nobody_in(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "editor") as theirs:
        token = (await theirs.json("/api/v1/me"))["token"]
        await owner.execute("update api_tokens set expires_at = cid_now() - interval '1 second' where id = $1", token)
        await problem(await theirs.get("/api/v1/me"), 401)
        await owner.execute("update api_tokens set expires_at = null where id = $1", token)
        assert (await theirs.get("/api/v1/me")).status == 200
        await tokens.revoke(desk.sv, await actor_of(desk, "editor"), token)
        await problem(await theirs.get("/api/v1/me"), 401)


async def test_what_lets_a_program_in_is_stored_nowhere(desk: Desk, room: Newsroom, owner: Owner) -> None:
    secret = await secret_of(desk, "editor")
    [row] = await owner.fetch("select * from api_tokens where id <> $1", room.token)
    assert row["hash"] == hashlib.sha256(secret.encode()).digest()
    assert secret.rpartition("_")[2] not in str(dict(row))
    assert secret.rpartition("_")[2] not in str([dict(line) for line in await owner.fetch("select * from audit")])


async def test_use_is_noted_at_most_once_a_minute(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "editor") as theirs:
        await theirs.json("/api/v1/me")
        first = await owner.fetchval("select max(used_at) from api_tokens")
        await theirs.json("/api/v1/me")
        assert first and await owner.fetchval("select max(used_at) from api_tokens") == first
        await owner.execute("update api_tokens set used_at = used_at - interval '2 minutes'")
        await theirs.json("/api/v1/me")
        assert await owner.fetchval("select max(used_at) from api_tokens") > first


async def test_a_token_that_asks_too_fast_is_told_when_to_come_again(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "editor") as theirs:
        answer = await theirs.get("/api/v1/me")
        assert answer.headers["RateLimit-Policy"] == f'"token";q={BURST};w=20'
        assert answer.headers["RateLimit"].startswith(f'"token";r={BURST - 1};t=')
        await owner.execute("update limits set tat = cid_now() + interval '1 hour' where key like 'api:%'")
        answer = await theirs.get("/api/v1/me")
        await problem(answer, 429)
        assert int(answer.headers["Retry-After"]) > 3000
        assert answer.headers["RateLimit"].startswith('"token";r=0;t=')


async def test_drafts_come_in_pages_and_every_one_once(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "viewer") as theirs:
        whole = (await theirs.json("/api/v1/drafts?limit=100"))["items"]
        assert len(whole) >= 2
        seen, cursor = [], ""
        while True:
            page = await theirs.json(f"/api/v1/drafts?limit=1{cursor}")
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == whole
        ready = (await theirs.json("/api/v1/drafts?state=ready"))["items"]
        assert {one["state"] for one in ready} <= {"ready"}


async def test_one_draft_has_what_a_decision_needs(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json(f"/api/v1/drafts/{room.drafts['drafted']}")
        assert said["version"]["id"] == str(room.versions["drafted"])
        assert len(said["version"]["sha256"]) == 64
        assert said["version"]["article"]["title"]
        assert said["state"] == "ready" and said["decisions"] == []
        one = await theirs.json(f"/api/v1/drafts/{said['id']}/versions/{said['version']['id']}")
        assert one == said["version"]


async def test_a_decision_by_a_program_is_its_persons_and_names_the_bytes(
    desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with program(desk, "editor") as theirs:
        said = await theirs.json(f"/api/v1/drafts/{room.drafts['drafted']}")
        body = {"version": said["version"]["id"], "sha256": "0" * 64, "at": "2199-01-01T09:00:00+01:00"}
        body |= {"accepted": ["evidence"], "reason": "The reports are enough."}
        path = f"/api/v1/drafts/{said['id']}/approve"
        assert "not what is stored" in (await problem(await theirs.post(path, body), 409))["detail"]
        body["sha256"] = said["version"]["sha256"]
        assert "more than a year" in (await problem(await theirs.post(path, body), 422))["detail"]
        body["at"] = None
        done = await (await theirs.post(path, body)).json()
        [row] = await owner.fetch("select * from decisions where id = $1", done["decision"])
        assert row["via"] == "api"
        assert row["user_id"] == (await actor_of(desk, "editor")).user.id
        again = await problem(await theirs.post(path, body), 409)
        assert "already approved" in again["detail"]


async def test_a_source_is_added_and_switched_off(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "owner") as boss:
        made = await boss.post("/api/v1/sources", {"url": "https://new.test/feed", "title": "New"})
        assert made.status == 201
        source = (await made.json())["id"]
        await problem(await boss.post("/api/v1/sources", {"url": "https://new.test/feed"}), 409)
        assert (await boss.post(f"/api/v1/sources/{source}/active", {"active": False})).status == 200
        [found] = (await boss.json("/api/v1/sources?words=new.test"))["items"]
        assert (found["id"], found["active"]) == (source, False)
        await problem(await boss.post("/api/v1/sources", {"url": "ftp://new.test/feed"}), 422)


async def test_the_key_in_the_address_of_a_source_is_shown_to_nobody(desk: Desk, owner: Owner, editor: Person) -> None:
    """Whoever added it knows it; others may see that the source is there, and an answer is kept for a day."""
    async with program(desk, "owner") as boss, program(desk, "viewer") as theirs:
        body = {"url": "https://new.test/feed?api_key=hush1234", "private": True}
        made = await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        assert made.status == 201
        assert "hush1234" not in await made.text()
        [found] = (await theirs.json("/api/v1/sources?words=new.test"))["items"]
        assert found["url"] == "https://new.test/feed?api_key=•••"
    assert "hush1234" not in await editor.text("/t/acme/sources")
    assert "hush1234" not in await owner.fetchval("select string_agg(body, '') from api_answers")


async def test_why_an_article_stands_where_it_stands(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "viewer") as theirs:
        said = await theirs.json(f"/api/v1/items/{room.items['drafted']}/why")
        assert said["draft"] == str(room.drafts["drafted"])
        assert {"rules", "relevance"} <= {line["gate"] for line in said["verdicts"]}
        assert said["seen"]


async def test_entries_of_the_tracker_are_decided_together(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "editor") as theirs:
        entry = str(room.entries["drafted"])
        assert entry in {one["id"] for one in (await theirs.json("/api/v1/tracker/entries"))["items"]}
        body = {"kind": "hide", "entries": [entry], "reason": "Told before."}
        assert await (await theirs.post("/api/v1/tracker/decisions", body)).json() == {"moved": 1, "stayed": 0}
        assert (await theirs.json(f"/api/v1/tracker/entries/{entry}"))["state"] == "hidden"
        assert await owner.fetchval("select via from entry_decisions where reason = 'Told before.'") == "api"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b'{"active": true, "active": false}', 400, "twice"),
        (b'{"active": NaN}', 400, "no number"),
        (b"\xff", 400, "UTF-8"),
        (b"[" * 100_000, 400, ""),
        (b"[]", 422, "is no object"),
        (b"{}", 422, "is missing"),
        (b'{"active": 1}', 422, "neither true nor false"),
        (b'{"active": true, "more": 1}', 422, "is not known here"),
    ],
)
async def test_a_body_that_cannot_be_is_refused_with_its_place(
    body: bytes, status: int, said: str, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with program(desk, "owner") as boss:
        before = await counts(owner)
        url = f"{boss.base}/api/v1/sources/{room.sources['Harbour Gazette']}/active"
        headers = {"Authorization": f"Bearer {boss.secret}", "Content-Type": "application/json"}
        answer = await boss.session.post(url, data=body, headers=headers)
        assert said in json.dumps(await problem(answer, status))
        assert await counts(owner) == before


async def test_texts_that_cannot_be_stored_are_refused(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "editor") as theirs:
        path = f"/api/v1/drafts/{room.drafts['drafted']}/reject"
        for reason in ("\x00", "\ud800", "x" * 2001, ""):
            raw = json.dumps({**REFUSAL, "reason": reason}).encode()
            headers = {"Authorization": f"Bearer {theirs.secret}", "Content-Type": "application/json"}
            answer = await theirs.session.post(theirs.base + path, data=raw, headers=headers)
            assert (await problem(answer, 422))["errors"][0]["pointer"] == "/reason"


async def test_errors_of_addresses_and_methods_are_problems_too(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "owner") as boss:
        await problem(await boss.get("/api/v1/nothing"), 404)
        await problem(await boss.get("/api/v1/drafts/1"), 404)
        await problem(await boss.get("/api"), 404)
        answer = await boss.post("/api/v1/drafts", {})
        await problem(answer, 405)
        assert answer.headers["Allow"] == "GET"
        for query in ("limit=0", "limit=x", "state=gone", "more=1", "limit=1&limit=2", "cursor=%00", "cursor=YWJj"):
            said = await problem(await boss.get(f"/api/v1/drafts?{query}"), 400)
            assert said["errors"][0]["parameter"] == query.partition("=")[0]
        answer = await boss.session.post(
            f"{boss.base}/api/v1/sources", data={"url": "x"}, headers={"Authorization": f"Bearer {boss.secret}"}
        )
        await problem(answer, 415)
        headers = {"Authorization": f"Bearer {boss.secret}", "Content-Type": "application/json"}
        large = io.BytesIO(b'"' + b"x" * (1 << 20) + b'"')
        await problem(await boss.session.post(f"{boss.base}/api/v1/sources", data=large, headers=headers), 413)


async def test_under_one_key_a_request_is_done_once_and_answered_the_same(
    desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with program(desk, "owner") as boss:
        body = {"url": "https://new.test/feed"}
        first = await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        again = await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        assert (first.status, await first.text()) == (again.status, await again.text()) and first.status == 201
        assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
        other = await boss.post("/api/v1/sources", {"url": "https://other.test/feed"}, Idempotency_Key="k1")
        assert "another request" in (await problem(other, 422))["detail"]
        elsewhere = await boss.post(f"/api/v1/sources/{NONE}/active", {"active": True}, Idempotency_Key="k1")
        await problem(elsewhere, 422)
        async with program(desk, "owner") as second:
            await problem(await second.post("/api/v1/sources", body, Idempotency_Key="k1"), 409)
        assert await owner.fetchval("select count(*) from sources where url like '%new.test%'") == 1


async def test_a_refusal_is_an_answer_too(desk: Desk, room: Newsroom) -> None:
    async with program(desk, "owner") as boss:
        body = {"url": "ftp://new.test/feed"}
        first = await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        again = await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        assert await problem(first, 422) == await problem(again, 422)
        assert again.headers["Idempotency-Replayed"] == "true"


async def test_of_twins_under_one_key_one_does_it(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "owner") as boss:
        body = {"url": "https://new.test/feed"}
        answers = await asyncio.gather(*(boss.post("/api/v1/sources", body, Idempotency_Key="k1") for _ in range(8)))
        assert {answer.status for answer in answers} <= {201, 409}
        for answer in answers:
            if answer.status == 409:
                assert answer.headers["Retry-After"] == "1"
        assert await owner.fetchval("select count(*) from sources where url like '%new.test%'") == 1
        assert (await boss.post("/api/v1/sources", body, Idempotency_Key="k1")).status == 201


async def test_a_request_that_was_cut_off_may_be_done_again_later(desk: Desk, room: Newsroom, owner: Owner) -> None:
    async with program(desk, "owner") as boss:
        body = {"url": "https://new.test/feed"}
        await boss.post("/api/v1/sources", body, Idempotency_Key="k1")
        await owner.execute("update api_answers set status = null, body = null")
        await problem(await boss.post("/api/v1/sources", body, Idempotency_Key="k1"), 409)
        await owner.execute("update api_answers set made_at = cid_now() - interval '3 minutes'")
        said = await problem(await boss.post("/api/v1/sources", body, Idempotency_Key="k1"), 409)
        assert "on the list already" in said["detail"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ä"])
async def test_a_key_that_is_none_is_refused(key: str, desk: Desk, room: Newsroom) -> None:
    async with program(desk, "owner") as boss:
        await problem(await boss.post("/api/v1/sources", {"url": "https://a.test/f"}, Idempotency_Key=key), 400)


async def test_answers_are_forgotten_after_a_day(desk: Desk, room: Newsroom, owner: Owner) -> None:
    from cid.store import tokens as store

    async with program(desk, "owner") as boss:
        await boss.post("/api/v1/sources", {"url": "https://new.test/feed"}, Idempotency_Key="k1")
        await owner.execute("update api_answers set made_at = cid_now() - interval '23 hours'")
        for left, more in ((1, 0), (0, 2)):
            await owner.execute("update api_answers set made_at = made_at - make_interval(hours => $1)", more)
            async with desk.sv.platform.tx() as tx:
                await store.forget(tx, desk.sv.retention.api_answers)
            assert await owner.fetchval("select count(*) from api_answers") == left


async def test_a_blocked_draft_is_approved_by_a_program_that_names_each_finding(
    desk: Desk, room: Newsroom, owner: Owner
) -> None:
    grave = {"severity": "critical", "category": "fabrication", "where": "x", "what": "It stands in no report."}
    async with desk.sv.db.tx(room.tenant) as tx:
        await drafts.add_review(
            tx,
            ReviewId(uuid4()),
            DraftId(room.drafts["drafted"]),
            VersionId(room.versions["drafted"]),
            ReviewOutcome.BLOCKED_FACTUAL_REVIEW,
            score=40,
            findings=json.dumps([grave]),
            call=None,
        )
    async with program(desk, "editor") as theirs:
        said = await theirs.json(f"/api/v1/drafts/{room.drafts['drafted']}")
        [finding] = said["review"]["findings"]
        body = {"version": said["version"]["id"], "sha256": said["version"]["sha256"], "reason": "Checked."}
        path = f"/api/v1/drafts/{said['id']}/approve"
        assert "Tick each" in (await problem(await theirs.post(path, body), 422))["detail"]
        accepted = [finding["accept"], "evidence"]
        done = await (await theirs.post(path, body | {"accepted": accepted})).json()
        record = json.loads(await owner.fetchval("select record from decisions where id = $1", done["decision"]))
        assert record["checklist"] == dict.fromkeys(accepted, True)
