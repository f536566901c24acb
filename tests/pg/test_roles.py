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
    await prepared(address(elsewhere, "press"), {})
    assert not await admin.fetchval("select rolcanlogin from pg_roles where rolname = 'cid_app'")
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


async def test_a_missing_role_is_named(elsewhere: Server, admin: Any) -> None:
    with pytest.raises(Misconfigured, match="the role cid_app does not exist"):
        await check_roles(admin)


async def test_an_owner_of_nothing_is_told_so(elsewhere: Server, admin: Any) -> None:
    await admin.execute("alter database radio owner to cid_admin")
    conn = await connect(roles.dsn_for(address(elsewhere, "radio"), "radio", "radio"))
    with pytest.raises(Misconfigured, match="must log in as the owner of the database"):
        await migrate(conn)
    await conn.close()


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
