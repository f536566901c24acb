"""Row security from the first migration on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from cid.domain.ids import TenantId

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb


async def test_every_table_with_a_tenant_is_under_forced_row_security(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch("""
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
          and not (c.relrowsecurity and c.relforcerowsecurity
                   and exists (select from pg_policy p
                               where p.polrelid = c.oid and 'cid_owner'::regrole = any (p.polroles)))
    """)
    assert [row["relname"] for row in rows] == []


async def test_a_stranger_sees_no_tenant(db: AppDb, platform: WorkerDb) -> None:
    mine, theirs = TenantId(uuid.uuid4()), TenantId(uuid.uuid4())
    async with platform.tx() as tx:
        for tenant, slug in ((mine, "acme"), (theirs, "other")):
            await tx.execute("insert into tenants (id, slug, name) values ($1, $2, $2)", tenant, slug)
    async with db.read(mine) as tx:
        assert [row["slug"] for row in await tx.fetch("select slug from tenants")] == ["acme"]
