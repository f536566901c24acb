"""The API against its own description: requests made up by schemathesis, fitting and unfitting, every answer checked.

In `make test` a few examples for each address, always the same ones; `make fuzz` asks for as many as FUZZ says, and
prints what came back.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from cid.domain.programs import NEEDS, Scope
from cid.domain.tenants import Desk
from cid.flows import decide, tokens
from cid.render.briefing_pdf import render_briefing
from cid.render.version import render_version
from cid.services import Outside
from cid.store import tenants
from cid.web.api import openapi
from cid.web.api.endpoint import Endpoint
from cid.web.api.routes import API
from tests import analysis, make, newsroom
from tests.compiled import make_app
from tests.fakes import FakeHttp, InlineChildren

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

EXAMPLES = int(os.environ.get("FUZZ", "6"))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
    unsupported_method,
]
SCHEMA = schemathesis.openapi.from_dict(json.loads(openapi.described(API)))


@dataclass
class Field:
    base: str
    secret: str
    ids: dict[str, str]
    version: str
    sha256: str
    answers: Counter[str] = field(default_factory=Counter)


@pytest.fixture
async def ground(db: AppDb, platform: WorkerDb, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Field]:
    """The newsroom's owner with a token for everything, at no pace."""
    monkeypatch.setattr(tokens, "BURST", 1_000_000)
    children = InlineChildren({"render_version": render_version, "render_briefing": render_briefing})
    sv = make.services(db, platform, outside=Outside(http=FakeHttp(), children=children, sources={}, channels={}))
    room = await newsroom.furnish(sv)
    async with sv.platform.tx() as tx:
        await tenants.set_desks(tx, room.tenant, list(Desk))
    analysed = await analysis.furnish(sv, room.tenant)
    boss = await decide.person(sv, "owner@acme.test", await decide.tenant_called(sv, "acme"))
    scopes = [scope for scope in Scope if boss.may(NEEDS[scope])]
    made = await tokens.add(sv, boss, name="fuzz", scopes=scopes, life=timedelta(days=1))
    async with sv.db.read(room.tenant) as tx:
        sha = await tx.fetchval("select encode(sha256, 'hex') from versions where id = $1", room.versions["drafted"])
    server = TestServer(make_app(sv))
    await server.start_server()
    ids = {
        "draft": str(room.drafts["drafted"]),
        "version": str(room.versions["drafted"]),
        "source": str(room.sources["Harbour Gazette"]),
        "item": str(room.items["drafted"]),
        "entry": str(room.entries["drafted"]),
        "run": str(analysed.ids["completed"]),
        "batch": str(analysed.batch),
    }
    yield Field(str(server.make_url("/")).rstrip("/"), made.secret, ids, ids["version"], sha)
    await server.close()


def to_the_point(case: Any, ground: Field) -> None:
    """At something that is there: a request that fits its description would otherwise only meet ids of nothing."""
    case.path_parameters = {name: ground.ids.get(name, said) for name, said in (case.path_parameters or {}).items()}
    if isinstance(case.body, dict) and "version" in case.body:
        case.body["version"] = ground.version
        if "sha256" in case.body:
            case.body["sha256"] = ground.sha256


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("endpoint", API, ids=lambda endpoint: endpoint.name)
async def test_every_answer_is_as_described_and_none_is_a_defect(
    endpoint: Endpoint, mode: GenerationMode, ground: Field
) -> None:
    operation = SCHEMA[f"/api/v1{endpoint.path}"][endpoint.method]
    headers = {"Authorization": f"Bearer {ground.secret}"}

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def asked(case: Any, there: bool) -> None:
        if there and mode is GenerationMode.POSITIVE:
            to_the_point(case, ground)
        answer = case.call_and_validate(base_url=ground.base, headers=headers, checks=CHECKS)
        ground.answers[f"{mode.value} {answer.status_code}"] += 1

    if not possible(endpoint, mode):
        pytest.skip("there is nothing about it that could be wrong")
    await asyncio.to_thread(asked)
    assert sum(ground.answers.values()) >= min(EXAMPLES, 2)
    if "FUZZ" in os.environ:
        print(json.dumps({"address": f"{endpoint.method} {endpoint.path}", **ground.answers}))


def possible(endpoint: Endpoint, mode: GenerationMode) -> bool:
    return mode is GenerationMode.POSITIVE or endpoint.name != "me"
