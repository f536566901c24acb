"""A tenant sees and touches its own rows only, in every table that has a tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from cid.pg.embedded import APP, OWNER, WORKER
from tests.tenancy import TABLES_WITH_TENANT, Filled, fill

if TYPE_CHECKING:
    from tests.conftest import Database

APPEND_ONLY = ("verdicts", "versions", "reviews", "decisions", "audit")
ERASABLE = {"jobs", "policies", "api_answers", "calendar_feeds"}
"""What a tenant deletes of its own."""


@pytest.fixture
async def mine(owner: Any) -> Filled:
    return await fill(owner, "acme")


@pytest.fixture
async def theirs(owner: Any) -> Filled:
    return await fill(owner, "other")


@pytest.fixture
async def tables(owner: Any) -> list[str]:
    return [row["relname"] for row in await owner.fetch(TABLES_WITH_TENANT)]


@pytest.fixture
async def app(database: Database, mine: Filled) -> AsyncIterator[Any]:
    """A session of the role cid_app, confined to `mine`."""
    conn = await asyncpg.connect(database.dsn(APP))
    await conn.execute("select set_config('app.tenant_id', $1, false)", str(mine.tenant))
    yield conn
    await conn.close()


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(database.dsn(WORKER))
    yield conn
    await conn.close()


async def refusal(conn: Any, sql: str, *args: object) -> str:
    """What Postgres says no with; empty when it does not."""
    try:
        await conn.execute(sql, *args)
    except asyncpg.InsufficientPrivilegeError as error:
        return str(error)
    return ""


async def test_every_table_with_a_tenant_is_filled_by_these_tests(owner: Any, mine: Filled, tables: list[str]) -> None:
    empty = [t for t in tables if not await owner.fetchval(f"select 1 from {t} where tenant_id = $1", mine.tenant)]
    assert empty == [], "fill them in tests/tenancy.py, or nothing proves that they are kept apart"


async def test_a_tenant_reads_its_own_rows_and_no_others(
    app: Any, mine: Filled, theirs: Filled, tables: list[str]
) -> None:
    for table in tables:
        seen = {row["tenant_id"] for row in await app.fetch(f"select tenant_id from {table}")}
        assert mine.tenant in seen, table
        assert (
            seen <= {mine.tenant, None} if table in {"sources", "sightings", "guardrails"} else seen == {mine.tenant}
        ), table


async def test_a_tenant_sees_no_other_tenant(app: Any, mine: Filled, theirs: Filled) -> None:
    assert [row["slug"] for row in await app.fetch("select slug from tenants")] == [mine.slug]


async def test_without_a_tenant_nothing_is_seen(database: Database, mine: Filled, tables: list[str]) -> None:
    conn = await asyncpg.connect(database.dsn(APP))
    own = "select 1 from {} where tenant_id is not null limit 1"
    assert [table for table in tables if await conn.fetchval(own.format(table))] == []
    assert await conn.fetchval("select count(*) from tenants") == 0
    await conn.close()


async def test_a_tenant_changes_and_deletes_no_row_of_another(
    app: Any, owner: Any, theirs: Filled, tables: list[str]
) -> None:
    granted = """select a.attname from pg_attribute a where a.attrelid = $1::text::regclass and a.attnum > 0
                 and has_column_privilege('cid_app', a.attrelid, a.attnum, 'update') limit 1"""
    for table in tables:
        column = await owner.fetchval(granted, table)
        if column:
            assert await app.execute(f"update {table} set {column} = {column} where tenant_id = $1", theirs.tenant) == (
                "UPDATE 0"
            )
        else:
            assert "permission denied" in await refusal(app, f"update {table} set tenant_id = tenant_id"), table
        said = await refusal(app, f"delete from {table} where tenant_id = $1", theirs.tenant)
        assert "permission denied" in said or table in ERASABLE, table
        assert await owner.fetchval(f"select 1 from {table} where tenant_id = $1", theirs.tenant), table


async def test_a_tenant_adds_no_row_to_another(app: Any, owner: Any, theirs: Filled, tables: list[str]) -> None:
    for table in tables:
        row = await owner.fetchval(f"select to_jsonb(r)::text from {table} r where tenant_id = $1", theirs.tenant)
        said = await refusal(
            app,
            f"""insert into {table} overriding system value
                select * from jsonb_populate_record(null::{table}, $1::jsonb)""",
            row,
        )
        assert "row-level security" in said or "permission denied" in said, table


async def test_no_role_but_the_owner_can_step_out_of_row_security(app: Any, worker: Any, tables: list[str]) -> None:
    for conn, others in ((app, (OWNER, WORKER)), (worker, (OWNER, APP))):
        for role in others:
            assert "permission denied to set role" in await refusal(conn, f"set role {role}")
            assert await refusal(conn, f"set session authorization {role}")
    await app.execute("set row_security = off")
    for table in tables:
        assert await refusal(app, f"select from {table}"), table


async def test_no_role_but_the_owner_reaches_a_partition(app: Any, worker: Any, owner: Any) -> None:
    partitions = await owner.fetch("select relname from pg_class where relispartition and relkind = 'r'")
    assert len(partitions) > 10
    for row in partitions:
        for conn in (app, worker):
            assert "permission denied" in await refusal(conn, f"select from {row['relname']}"), row["relname"]
            assert "permission denied" in await refusal(conn, f"delete from {row['relname']}"), row["relname"]


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_append_only_is_changed_by_nobody(app: Any, worker: Any, mine: Filled, table: str) -> None:
    for conn in (app, worker):
        assert "permission denied" in await refusal(conn, f"update {table} set tenant_id = tenant_id")
        assert "permission denied" in await refusal(conn, f"delete from {table}")
        assert "permission denied" in await refusal(conn, f"truncate {table}")


async def test_no_call_and_no_publication_is_ever_deleted(app: Any, worker: Any, mine: Filled) -> None:
    for table in ("calls", "publications"):
        for conn in (app, worker):
            assert "permission denied" in await refusal(conn, f"delete from {table}")
            assert "permission denied" in await refusal(conn, f"update {table} set tenant_id = tenant_id")


async def test_an_item_of_a_private_source_is_its_tenants_alone(
    database: Database, app: Any, mine: Filled, theirs: Filled
) -> None:
    async def visible(conn: Any) -> set[object]:
        return {row["id"] for row in await conn.fetch("select id from visible_items")}

    assert await visible(app) == {mine.public_item, theirs.public_item, mine.private_item}
    assert mine.private_source in {row["id"] for row in await app.fetch("select id from sources")}
    assert theirs.private_source not in {row["id"] for row in await app.fetch("select id from sources")}
    assert theirs.private_item not in {row["item_id"] for row in await app.fetch("select item_id from sightings")}


async def test_a_tenant_subscribes_to_no_private_source_of_another(app: Any, mine: Filled, theirs: Filled) -> None:
    said = await refusal(
        app,
        "insert into subscriptions (tenant_id, id, source_id) values ($1, gen_random_uuid(), $2)",
        mine.tenant,
        theirs.private_source,
    )
    assert "row-level security" in said


async def test_the_worker_writes_no_judgement(worker: Any, mine: Filled) -> None:
    for table in ("screenings", "verdicts", "drafts", "publications"):
        assert await worker.fetchval(f"select count(*) from {table}") > 0
        assert "permission denied" in await refusal(worker, f"update {table} set tenant_id = tenant_id")
        assert "permission denied" in await refusal(worker, f"insert into {table} default values")
    for table in ("versions", "reviews", "decisions", "evidence_packs", "call_subjects"):
        assert "permission denied" in await refusal(worker, f"select from {table}"), table


async def test_a_deleted_tenant_leaves_nothing_but_a_line_in_the_platforms_log(
    owner: Any, mine: Filled, theirs: Filled, tables: list[str]
) -> None:
    before = {t: await owner.fetchval(f"select count(*) from {t} where tenant_id = $1", theirs.tenant) for t in tables}
    await owner.execute("select delete_tenant($1)", mine.tenant)

    left = [t for t in tables if await owner.fetchval(f"select 1 from {t} where tenant_id = $1 limit 1", mine.tenant)]
    assert left == []
    assert not await owner.fetchval("select 1 from tenants where id = $1", mine.tenant)
    after = {t: await owner.fetchval(f"select count(*) from {t} where tenant_id = $1", theirs.tenant) for t in tables}
    assert after == before
    items = {row["id"] for row in await owner.fetch("select id from items")}
    assert items == {mine.public_item, theirs.public_item, theirs.private_item}
    line = await owner.fetchrow("select target, detail::text, id from audit where tenant_id is null")
    assert line["target"] == str(mine.tenant)
    assert '"drafts": 1' in line["detail"]
    assert line["id"].version == 7


async def test_deleting_a_tenant_twice_says_that_there_is_none(owner: Any, mine: Filled) -> None:
    await owner.execute("select delete_tenant($1)", mine.tenant)
    with pytest.raises(asyncpg.NoDataFoundError, match="there is no tenant"):
        await owner.execute("select delete_tenant($1)", mine.tenant)


async def test_only_the_owner_deletes_a_tenant(app: Any, worker: Any, mine: Filled) -> None:
    for conn in (app, worker):
        assert "permission denied" in await refusal(conn, "select delete_tenant($1)", mine.tenant)


async def test_who_knows_somebodys_id_does_not_learn_where_they_belong(
    app: Any, worker: Any, owner: Any, theirs: Filled
) -> None:
    """Memberships are told to whoever brings a session that still counts, and to nobody else."""
    await owner.execute(
        """insert into sessions (id_hash, user_id, csrf, expires_at)
           values (sha256('one'), $1, 'c', cid_now() + interval '1 day'), (sha256('old'), $1, 'c', cid_now())""",
        theirs.user,
    )
    for conn in (app, worker):
        found = await conn.fetch("select tenant_id from memberships_of(sha256('one'))")
        assert [row["tenant_id"] for row in found] == [theirs.tenant]
        assert await conn.fetch("select from memberships_of(sha256('old'))") == []
        assert await conn.fetch("select from memberships_of(sha256('guess'))") == []
        with pytest.raises(asyncpg.UndefinedFunctionError):
            await conn.fetch("select * from memberships_of($1::uuid)", theirs.user)
