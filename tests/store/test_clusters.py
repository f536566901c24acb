"""What a draft may link to of a tenant's own: live, at the canonical address, and nobody else's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cid.domain.ids import TenantId
from cid.pg.pool import AppDb
from cid.store import clusters
from tests.tenancy import fill


async def _publish(owner: Any, tenant: UUID, state: str, url: str, *, canonical: bool = True) -> None:
    await owner.execute("update channels set canonical = $2 where tenant_id = $1", tenant, canonical)
    await owner.execute(
        """update versions set article = '{"title": "Our kilns", "keywords": ["kiln", "gas"]}' where tenant_id = $1""",
        tenant,
    )
    await owner.execute(
        "update publications set state = $2, url = $3, live_at = cid_now() where tenant_id = $1", tenant, state, url
    )


async def _live(db: AppDb, tenant: TenantId) -> list[tuple[str, str, tuple[str, ...]]]:
    async with db.read(tenant) as tx:
        return [(post.title, post.url, post.keywords) for post in await clusters.live(tx, tenant)]


async def test_a_tenants_live_articles_are_found_and_no_other_tenants(db: AppDb, owner: Any) -> None:
    mine, theirs = await fill(owner, "acme"), await fill(owner, "other")
    for one in (mine, theirs):
        await _publish(owner, one.tenant, "live", f"https://{one.slug}.test/kilns")
    assert await _live(db, mine.tenant) == [("Our kilns", "https://acme.test/kilns", ("kiln", "gas"))]


async def test_what_is_not_live_at_its_canonical_address_is_not_offered(db: AppDb, owner: Any) -> None:
    mine = await fill(owner, "acme")
    for state, url, canonical in (
        ("planned", "https://acme.test/a", True),
        ("failed", "https://acme.test/a", True),
        ("retracted", "https://acme.test/a", True),
        ("live", "", True),
        ("live", "https://acme.test/a", False),
    ):
        await _publish(owner, mine.tenant, state, url, canonical=canonical)
        assert await _live(db, mine.tenant) == [], (state, url, canonical)
    await _publish(owner, mine.tenant, "updating", "https://acme.test/a")
    assert len(await _live(db, mine.tenant)) == 1
