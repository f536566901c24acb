"""What the start refuses: every hole through which a role could see past its tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from cid.domain.errors import Misconfigured
from cid.pg.checks import check_roles
from cid.pg.embedded import ADMIN

if TYPE_CHECKING:
    from tests.conftest import Database

GRANT_MATERIALIZED = "create materialized view inspect.m as select * from drafts; grant select on inspect.m to cid_app"
GRANT_PARTITION = """do $$ begin execute format('grant select on %s to cid_app',
  (select min(relname) from pg_class where relispartition and relkind = 'r')); end $$"""


@pytest.mark.parametrize(
    ("hole", "said"),
    [
        ("alter role cid_app superuser", "cid_app has SUPERUSER"),
        ("alter role cid_worker bypassrls", "cid_worker has BYPASSRLS"),
        ("alter role cid_worker createrole", "cid_worker has CREATEROLE"),
        ("grant cid_owner to cid_app", "cid_app can become cid_owner"),
        ("grant cid_worker to cid_app", "cid_app can become both cid_app and cid_worker"),
        ("grant create on schema public to cid_app", "cid_app may create objects in the schema public"),
        ("alter table limits owner to cid_worker", "cid_worker owns something"),
        ("alter table drafts no force row level security", "drafts has a tenant_id and is not under forced"),
        ("alter table drafts disable row level security", "drafts has a tenant_id and is not under forced"),
        ("drop policy owner on drafts", "drafts has a tenant_id and is not under forced"),
        ("create table x (tenant_id uuid)", "x has a tenant_id and is not under forced"),
        ("alter policy tenant on drafts using (true) with check (true)", "policy tenant on drafts does not ask"),
        ("create policy all_of_it on drafts to public using (true)", "policy all_of_it on drafts does not ask"),
        ("grant select on drafts to public", "PUBLIC holds SELECT on drafts"),
        (GRANT_PARTITION, "cid_app holds SELECT"),
        ("grant delete on verdicts to cid_app", "cid_app may change rows of verdicts"),
        ("grant update (reason) on decisions to cid_worker", "cid_worker may change rows of decisions"),
        ("alter view visible_items reset (security_invoker)", "view visible_items is not security_invoker"),
        (GRANT_MATERIALIZED, "view m is not security_invoker"),
        ("alter function session_of reset search_path", r"session_of\(bytea\) is SECURITY DEFINER and its search_path"),
        ("alter function session_of set search_path = pg_temp, public", "its search_path does not end in pg_temp"),
        ("grant execute on function session_of to public", "everybody may call it"),
    ],
)
async def test_the_start_refuses_a_hole(database: Database, hole: str, said: str) -> None:
    conn = await asyncpg.connect(database.dsn(ADMIN))
    await check_roles(conn)
    undone = conn.transaction()
    await undone.start()
    await conn.execute(hole)
    with pytest.raises(Misconfigured, match=said):
        await check_roles(conn)
    await undone.rollback()
    await conn.close()
