"""Figures for machines: right, the platform's only, and for nobody who may not see them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families

from cid.web.measured import MEASURED
from tests.compiled import make_app
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg


def read(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    return {
        family.name: {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
    }


async def test_the_figures_are_those_of_the_rows(
    anybody: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    said = read(await anybody.text("/metrics"))
    assert said["cid_up"] == {(): 1.0}
    assert sum(said["cid_sources"].values()) == await owner.fetchval(
        "select count(*) from sources where state <> 'retired'"
    )
    assert said["cid_items_last_hour"][()] == await owner.fetchval(
        "select count(*) from items where first_seen_at > cid_now() - interval '1 hour'"
    )
    assert sum(said["cid_jobs"].values()) == await owner.fetchval("select count(*) from jobs")
    assert sum(said["cid_publications_open"].values()) == await owner.fetchval(
        "select count(*) from publications where state not in ('live', 'retracted')"
    )
    limit = [value for labels, value in said["cid_pool_connections"].items() if ("state", "limit") in labels]
    assert limit == [4.0, 4.0]
    assert "cid_event_loop_lag_seconds" in said
    assert "process_resident_memory_bytes" in said


async def test_nobody_is_named(anybody: Person, room: Newsroom) -> None:
    text = await anybody.text("/metrics")
    for secret in ("acme", str(room.tenant), "Harbour", "@"):
        assert secret not in text


async def test_who_comes_through_a_proxy_finds_nothing(anybody: Person, room: Newsroom) -> None:
    for name in ("X-Forwarded-For", "Forwarded"):
        assert (await anybody.get("/metrics", headers={name: "127.0.0.1"})).status == 404


@pytest.mark.parametrize(
    ("said", "status"), [("", 404), ("Bearer wrong", 404), ("Bearer öäü", 404), ("Bearer s3", 200)]
)
async def test_with_a_token_set_only_who_has_it_is_answered(said: str, status: int, desk: Desk) -> None:
    server = TestServer(make_app(dataclasses.replace(desk.sv, metrics_token="s3")))
    await server.start_server()
    async with ClientSession() as session:
        headers = {"Authorization": said} if said else {}
        assert (await session.get(server.make_url("/metrics"), headers=headers)).status == status
    await server.close()


async def test_figures_are_kept_for_some_seconds(
    desk: Desk, anybody: Person, room: Newsroom, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    first = await anybody.text("/metrics")
    await owner.execute("update sources set outcome = 'gone'")
    assert await anybody.text("/metrics") == first
    desk.server.app[MEASURED].made = float("-inf")
    assert set(read(await anybody.text("/metrics"))["cid_sources"]) == {(("outcome", "gone"),)}
