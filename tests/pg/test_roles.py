"""The roles on a server that others run: made with derived passwords, or asked for with the SQL to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.errors import Misconfigured
from cid.outside.keys import Keys
from cid.pg import roles
from cid.pg.checks import check_roles
from cid.pg.doctor import Level, database
from cid.pg.dump import dump
from cid.pg.embedded import ADMIN, APP, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.place import Place, connect
from cid.pg.pool import open_pool
from cid.pg.sql import SQL

SECRET = roles.passwords(Keys(b"1" * 32).derive)
GRANT_MATERIALIZED = "create materialized view inspect.m as select * from drafts; grant select on inspect.m to cid_app"
GRANT_PARTITION = """do $$ begin execute format('grant select on %s to cid_app',
  (select min(relname) from pg_class where relispartition and relkind = 'r')); end $$"""
OTHER = roles.passwords(Keys(b"2" * 32).derive)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for passwords and has no role of ours, as one that others run."""
    server = Server(tmp_path_factory.mktemp("elsewhere"), durable=False)
    server.start()
    (server.pgdata / "pg_hba.conf").write_text(f"local all {ADMIN} peer map=cid\nlocal all all scram-sha-256\n")

    async def reload() -> None:
        conn = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
        await conn.execute("select pg_reload_conf()")
        await conn.close()

    asyncio.run(reload())
    yield server
    server.stop()


@pytest.fixture
async def admin(elsewhere: Server) -> AsyncIterator[Any]:
    """Two databases of two owners, and no role of ours; all gone afterwards."""
    conn = await asyncpg.connect(elsewhere.dsn(ADMIN, "postgres"))
    await conn.execute("set client_min_messages = error")
    for name in ("press", "radio"):
        await conn.execute(f"create role {name} login createrole password '{name}'")
        await conn.execute(f"create database {name} owner {name}")
    yield conn
    for name in ("press", "radio"):
        await conn.execute(f"drop database {name} with (force)")
    for name in ("cid_app", "cid_worker", "own_app", "own_worker", "press", "radio"):
        await conn.execute(f"drop role if exists {name}")
    await conn.close()


def address(server: Server, name: str) -> str:
    return f"postgresql://{name}:{name}@/{name}?host={server.sockets}"


async def prepared(dsn: str, secret: dict[str, str] = SECRET) -> None:
    conn = await connect(dsn)
    try:
        await roles.ensure_logins(conn, secret)
        await migrate(conn)
        await check_roles(conn)
        assert await dump(conn) == (SQL / "schema.sql").read_text(), "the owner's name shows in the schema"
    finally:
        await conn.close()


async def login(dsn: str) -> str:
    conn = await asyncpg.connect(dsn)
    name: str = await conn.fetchval("select session_user")
    await conn.close()
    return name


async def test_an_owner_of_any_name_makes_the_roles_and_the_schema(
    elsewhere: Server, admin: Any, tmp_path: Any
) -> None:
    await prepared(address(elsewhere, "press"))
    to = roles.external(address(elsewhere, "press"), SECRET)
    assert await login(to.app) == APP
    assert await login(to.worker) == WORKER
    found = await database(Place(data=tmp_path, url=address(elsewhere, "press"), secret=SECRET))
    assert [check for check in found if check.level is not Level.OK] == []


async def test_a_wrong_password_is_refused(elsewhere: Server, admin: Any) -> None:
    await prepared(address(elsewhere, "press"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await login(roles.external(address(elsewhere, "press"), OTHER).app)


async def test_a_new_secret_sets_new_passwords(elsewhere: Server, admin: Any) -> None:
    await prepared(address(elsewhere, "press"))
    await prepared(address(elsewhere, "press"), OTHER)
    assert await login(roles.external(address(elsewhere, "press"), OTHER).worker) == WORKER


async def test_an_owner_who_may_make_no_role_is_given_the_sql_which_then_works(elsewhere: Server, admin: Any) -> None:
    await admin.execute("alter role press nocreaterole")
    conn = await connect(address(elsewhere, "press"))
    with pytest.raises(Misconfigured, match="may not create the roles cid_app and cid_worker") as refused:
        await roles.ensure_logins(conn, SECRET)
    await conn.close()
    sql = str(refused.value).split("\n", 1)[1]
    assert SECRET[APP] not in sql, "the SQL goes through hands and logs"
    await admin.execute(sql)
    await prepared(address(elsewhere, "press"))
    assert await login(roles.external(address(elsewhere, "press"), SECRET).app) == APP


async def test_a_second_desk_on_one_server_does_not_take_the_firsts_roles(elsewhere: Server, admin: Any) -> None:
    await prepared(address(elsewhere, "press"))
    conn = await connect(address(elsewhere, "radio"))
    with pytest.raises(Misconfigured, match="cid_app is the desk of database press on this server: give this desk"):
        await roles.ensure_logins(conn, OTHER)
    await conn.close()
    assert await login(roles.external(address(elsewhere, "press"), SECRET).app) == APP


async def test_logins_of_ones_own_serve_when_they_are_members(elsewhere: Server, admin: Any) -> None:
    await prepared(address(elsewhere, "press"))
    await admin.execute("create role own_app login password 'x' in role cid_app")
    await admin.execute("create role own_worker login password 'x' in role cid_worker")
    own = [roles.dsn_for(address(elsewhere, "press"), role, "x") for role in ("own_app", "own_worker")]
    to = roles.external(address(elsewhere, "press"), {}, app=own[0], worker=own[1])
    assert (to.app, to.worker) == tuple(own)
    pool = await open_pool(to.app, size=1)
    assert await pool.fetchval("select count(*) from drafts") == 0
    await pool.close()
    conn = await connect(to.owner)
    await check_roles(conn, ["own_app", "own_worker"])
    await conn.close()


# ---- what the start refuses


@pytest.mark.parametrize(
    ("hole", "said"),
    [
        ("alter role cid_app superuser", "cid_app has SUPERUSER"),
        ("alter role cid_worker bypassrls", "cid_worker has BYPASSRLS"),
        ("alter role cid_worker createrole", "cid_worker has CREATEROLE"),
        ("revoke cid_app from press; grant press to cid_app", "cid_app can become press"),
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
async def test_the_start_refuses_a_hole(elsewhere: Server, admin: Any, hole: str, said: str) -> None:
    await prepared(address(elsewhere, "press"))
    conn = await asyncpg.connect(elsewhere.dsn(ADMIN, "press"))
    try:
        await conn.execute(hole)
        with pytest.raises(Misconfigured, match=said):
            await check_roles(conn)
    finally:
        await conn.execute("drop owned by cid_worker, cid_app")
        await conn.close()


async def test_a_missing_role_is_named(elsewhere: Server, admin: Any) -> None:
    with pytest.raises(Misconfigured, match="the role cid_app does not exist"):
        await check_roles(admin)


# ---- addresses


def test_another_login_keeps_the_server_the_database_and_the_options() -> None:
    assert (
        roles.dsn_for("postgres://owner:pw@a:1,b:2/desk?sslmode=require&user=x", "cid_app", "p@ss/")
        == "postgres://cid_app:p%40ss%2F@a:1,b:2/desk?sslmode=require"
    )
    assert roles.dsn_for("postgresql:///desk?host=/run/pg", APP, "x") == "postgresql://cid_app:x@/desk?host=%2Frun%2Fpg"


@pytest.mark.parametrize("url", ["", "desk", "host=db user=me", "mysql://a/b", "postgresql://[::1/desk"])
def test_what_is_no_address_is_one_sentence(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        roles.dsn_for(url, APP, "x")


WORD = st.text(st.characters(exclude_categories=["Cs"]))


@given(WORD.filter(bool), WORD)
def test_any_name_and_password_survive_in_an_address(name: str, password: str) -> None:
    made = roles.dsn_for("postgresql://o:p@db/desk", name, password)
    assert roles.role_of(made) == name
    assert made.endswith("@db/desk")


def test_logins_do_not_show_their_passwords() -> None:
    to = roles.external("postgresql://o:secret@db/desk", SECRET)
    assert "secret" not in repr(to)
    assert SECRET[APP] not in repr(Place(data=SQL, secret=SECRET))
