"""Sources leave with all that a tenant set, without its secrets, and come back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cid.domain.errors import NotFound
from cid.domain.ids import TenantId
from cid.domain.news import SourceKind
from cid.domain.tenants import Tenant
from cid.flows import sources as people
from cid.flows.sources import Change, Wish
from cid.flows.takeout import export
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.sources.opml import parse_opml
from cid.store import takeout, tenants
from tests import make
from tests.fakes import FakeHttp, InlineChildren

WISHES = [
    Wish(url="https://a.test/feed", title="A & B", trust=0.35, role="competitor", fixed_s=600),
    Wish(url="https://b.test/feed", active=False, full_text=False, replace_itself=True),
    Wish(url="https://c.test/feed", private=True),
    Wish(kind=SourceKind.GDELT, config={"query": "grain", "country": "UA"}),
]
SECRET = Wish(url="https://user:hunter2@d.test/feed?token=s3cret")


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb) -> Services:
    outside = Outside(http=FakeHttp(), children=InlineChildren({"parse_opml": parse_opml}), sources={}, channels={})
    return make.services(db, platform, outside=outside)


async def whole(sv: Services, tenant: TenantId) -> tuple[Tenant, list[takeout.Kept]]:
    async with sv.db.read(tenant) as tx:
        found = await tenants.by_id(tx, tenant)
        assert found
        return found, await takeout.all_of(tx, tenant)


async def test_another_tenant_that_imports_an_export_has_the_same(sv: Services, platform: WorkerDb) -> None:
    mine, other = await make.tenant(platform), await make.tenant(platform, "other")
    await people.add_many(sv, mine, WISHES, None)
    of, kept = await whole(sv, mine)
    assert len(kept) == len(WISHES)
    listed = await people.read_opml(sv, (await export(sv, of)).encode())
    results = await people.add_many(sv, other, listed, None)
    assert {result.change for result in results} == {Change.ADDED}
    assert (await whole(sv, other))[1] == kept


async def test_no_secret_leaves_unless_it_is_asked_for(sv: Services, platform: WorkerDb) -> None:
    tenant, other = await make.tenant(platform), await make.tenant(platform, "other")
    await people.add_many(sv, tenant, [SECRET, WISHES[1]], None)
    of, _ = await whole(sv, tenant)
    text = await export(sv, of)
    assert "hunter2" not in text
    assert "s3cret" not in text
    results = await people.add_many(sv, other, await people.read_opml(sv, text.encode()), None)
    changes = {result.change: result.detail for result in results}
    assert "without its secret" in changes[Change.REFUSED]
    assert Change.ADDED in changes
    back = await people.read_opml(sv, (await export(sv, of, with_secrets=True)).encode())
    assert SECRET.url in [wish.url for wish in back]


async def test_one_feed_that_cannot_be_stops_no_other(sv: Services, platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    wishes = [
        Wish(url="https://a.test/feed"),
        Wish(url="javascript:alert(1)"),
        Wish(url="https://b.test/feed", trust=7),
        Wish(url="https://c.test/feed", fixed_s=5),
        Wish(kind=SourceKind.GDELT, config={"query": "grain", "country": "Atlantis"}),
        Wish(kind=SourceKind.SAMPLE, url="sample"),
        replace(WISHES[0], problem="It cannot be."),
        Wish(url="https://d.test/feed"),
    ]
    results = await people.add_many(sv, tenant, wishes, None)
    assert [result.change is Change.ADDED for result in results] == [True, *[False] * 6, True]
    assert all(result.detail for result in results[1:-1])
    assert await owner.fetchval("select count(*) from subscriptions") == 2


async def test_what_is_switched_off_is_not_polled(sv: Services, platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    await people.add_many(sv, tenant, [WISHES[1]], None)
    assert await owner.fetchval("select count(*) from jobs") == 0


async def test_reading_pages_is_switched_for_ones_own_sources_only(sv: Services, platform: WorkerDb) -> None:
    tenant, stranger = await make.tenant(platform), await make.tenant(platform, "stranger")
    added = await people.add(sv, tenant, WISHES[0], None)
    assert added.source_id
    with pytest.raises(NotFound):
        await people.set_full_text(sv, stranger, added.source_id, wanted=False, actor=None)
    for wanted in (False, True):
        await people.set_full_text(sv, tenant, added.source_id, wanted=wanted, actor=None)
        assert (await whole(sv, tenant))[1][0].full_text is wanted
