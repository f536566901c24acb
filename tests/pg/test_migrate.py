"""Migrations: in order, once, whole, and never in the way of what runs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cid.domain.errors import Misconfigured
from cid.pg.dump import dump
from cid.pg.embedded import ADMIN, OWNER, Server
from cid.pg.migrate import FOLDER, LOCK, Migration, Patience, Step, migrate, migrations, pending
from cid.pg.sql import SQL
from tests.tenancy import TABLES_WITH_TENANT, fill

HELD = 77
"""An advisory lock that a test holds to keep a migration's transaction open."""

MIGRATE = """
import asyncio, sys, asyncpg
from pathlib import Path
from cid.pg.migrate import migrate, migrations
async def main():
    conn = await asyncpg.connect(sys.argv[1])
    print(await migrate(conn, migrations(Path(sys.argv[2]))))
asyncio.run(main())
"""


def step(number: int, sql: str, kind: str = "pre") -> Migration:
    return Migration(number=number, name=f"{number:04}_{kind}_step", sql=sql)


THINGS = step(1, "create table things (id integer primary key, note text)")


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[str]:
    """The owner's address of a database with nothing in it."""
    name = "cid_test_empty"
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await admin.execute(f"create database {name} owner {OWNER}")
    yield server.dsn(OWNER, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def conn(empty: str) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(empty)
    yield conn
    await conn.close()


@pytest.fixture
async def other(empty: str) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(empty)
    yield conn
    await conn.close()


async def until(conn: Any, sql: str, *args: object) -> None:
    """Until the database says so."""
    async with asyncio.timeout(30):
        while True:
            if await conn.fetchval(sql, *args):
                return
            await asyncio.sleep(0.01)


def migrator(dsn: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, dsn, str(folder)], cwd=SQL.parent, stdout=subprocess.DEVNULL
    )


async def killed_in_its_transaction(dsn: str, look: Any, folder: Path) -> None:
    """kill -9 of a process that migrates, once its last statement waits for HELD; returns when Postgres let go of
    it.
    """
    await look.execute("select pg_advisory_lock($1)", HELD)
    process = migrator(dsn, folder)
    try:
        waits = "select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted"
        await until(look, waits, HELD)
        backend = await look.fetchval(waits, HELD)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    # While it still waits for the lock: a server that noticed only afterwards would keep the next migrator out for
    # long.
    await until(look, "select not exists (select from pg_stat_activity where pid = $1)", backend)
    await look.execute("select pg_advisory_unlock($1)", HELD)


async def test_every_migration_survives_a_kill_and_meets_rows(
    empty: str, conn: Any, other: Any, tmp_path: Path
) -> None:
    one_more = Migration(
        number=len(migrations()) + 1,
        name=f"{len(migrations()) + 1:04}_pre_note",
        sql="alter table drafts add column note text; update drafts set note = 'seen'",
    )
    todo = [*migrations(), one_more]
    rows: dict[str, int] = {}
    for count, migration in enumerate(todo, 1):
        if not migration.concurrently:
            for earlier in todo[: count - 1]:
                (tmp_path / f"{earlier.name}.sql").write_text(earlier.sql)
            held = f"{migration.sql};\nselect pg_advisory_xact_lock({HELD});"
            (tmp_path / f"{migration.name}.sql").write_text(held)
            await killed_in_its_transaction(empty, other, tmp_path)
            assert migration.number not in {
                row["number"] for row in await conn.fetch("select number from migrations")
            }, "half a migration stayed"
        assert await migrate(conn, todo[:count]) == [migration.name]
        tables = [row["relname"] for row in await conn.fetch(TABLES_WITH_TENANT)]
        if count == 1:
            await fill(conn, "acme")
        else:
            assert {t: await conn.fetchval(f"select count(*) from {t}") for t in rows} == rows
        rows = {table: await conn.fetchval(f"select count(*) from {table}") for table in tables}
    assert await conn.fetchval("select note from drafts") == "seen"
    assert min(rows.values()) > 0


async def test_a_second_run_applies_nothing(conn: Any) -> None:
    assert await migrate(conn) == [migration.name for migration in migrations()]
    assert await migrate(conn) == []
    assert await pending(conn) == []


async def test_two_processes_that_start_together_migrate_once(empty: str, conn: Any, other: Any) -> None:
    applied = await asyncio.gather(migrate(conn), migrate(other))
    assert sorted(applied, key=len) == [[], [migration.name for migration in migrations()]]


async def test_one_that_waits_for_another_says_so(conn: Any, other: Any) -> None:
    await migrate(conn, [THINGS])
    await other.execute("select pg_advisory_lock($1)", LOCK)
    told = asyncio.Event()
    said: list[Step] = []

    def hear(step: Step, _name: str, _remark: str) -> None:
        said.append(step)
        told.set()

    async def finish() -> None:
        await told.wait()
        await other.execute("select pg_advisory_unlock($1)", LOCK)

    async with asyncio.TaskGroup() as group:
        group.create_task(finish())
        assert await migrate(conn, [THINGS], progress=hear) == []
    assert said == [Step.QUEUED]


async def test_a_newer_database_is_refused(conn: Any) -> None:
    await migrate(conn, [THINGS, step(2, "select 1")])
    with pytest.raises(Misconfigured, match=r"newer version of the desk \(migration 0002\): start that version"):
        await migrate(conn, [THINGS])


async def test_a_changed_file_is_refused(conn: Any) -> None:
    await migrate(conn, [THINGS])
    with pytest.raises(Misconfigured, match="0001_pre_step was changed after it was applied"):
        await migrate(conn, [step(1, "create table other (id integer)")])


async def test_a_forgotten_policy_undoes_the_migration(conn: Any) -> None:
    for forgotten in (
        "",
        "alter table notes enable row level security",
        "alter table notes enable row level security; alter table notes force row level security",
    ):
        with pytest.raises(Misconfigured, match="notes has a tenant_id and is not under forced row security"):
            await migrate(conn, [step(1, f"create table notes (tenant_id uuid); {forgotten}")])
        assert not await conn.fetchval("select to_regclass('notes') is not null")
        assert not await conn.fetch("select from migrations")


async def test_a_failed_migration_leaves_nothing_and_runs_when_mended(conn: Any) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate(conn, [THINGS, step(2, "create table more (id integer); select from nowhere")])
    assert not await conn.fetchval("select to_regclass('more') is not null")
    assert await migrate(conn, [THINGS, step(2, "create table more (id integer)")]) == ["0002_pre_step"]


async def test_a_lock_that_is_not_to_be_had_is_tried_for_again(conn: Any, other: Any) -> None:
    await migrate(conn, [THINGS])
    reader = other.transaction()
    await reader.start()
    await other.execute("select from things")
    locked = asyncio.Event()

    def hear(step: Step, _name: str, _remark: str) -> None:
        if step is Step.LOCKED:
            locked.set()

    async def read_on() -> None:
        await locked.wait()
        await reader.rollback()

    todo = [THINGS, step(2, "alter table things add column more text")]
    patience = Patience(lock_timeout_ms=10, tries=1000, pause_s=0.01)
    async with asyncio.TaskGroup() as group:
        group.create_task(read_on())
        applied = await migrate(conn, todo, patience=patience, progress=hear)
    assert applied == ["0002_pre_step"]


async def test_a_lock_that_is_never_to_be_had_ends_in_one_sentence(conn: Any, other: Any) -> None:
    await migrate(conn, [THINGS])
    async with other.transaction():
        await other.execute("select from things")
        with pytest.raises(Misconfigured, match="could not have its locks in 2 tries: end the long transactions"):
            await migrate(
                conn,
                [THINGS, step(2, "alter table things add column more text")],
                patience=Patience(lock_timeout_ms=10, tries=2, pause_s=0),
            )


ALIVE = "insert into workers (id, host, pid, version, beat_at) values (gen_random_uuid(), 'one', 7, $1, {})"
LATER = len(migrations()) + 1


async def test_a_post_migration_waits_for_older_processes(owner: Any) -> None:
    await owner.execute(ALIVE.format("cid_now()"), "1.9.0")
    todo = [*migrations(), step(LATER, "create table late (id integer)", "post")]
    said: list[tuple[Step, str]] = []

    def hear(step: Step, _name: str, remark: str) -> None:
        said.append((step, remark))

    assert await migrate(owner, todo, version="1.10.0", progress=hear) == []
    assert said == [(Step.WAITING, "version 1.9.0 on one, process 7")]
    assert [migration.number for migration in await pending(owner, todo)] == [LATER]
    with pytest.raises(Misconfigured, match=r"comes after .*_post_step, which waits .* stop them and start again"):
        await migrate(owner, [*todo, step(LATER + 1, "select 1")], version="1.10.0")


@pytest.mark.parametrize(("version", "beat"), [("1.10.0", "cid_now()"), ("1.9.0", "cid_now() - interval '31 seconds'")])
async def test_a_post_migration_waits_for_nobody_else(owner: Any, version: str, beat: str) -> None:
    await owner.execute(ALIVE.format(beat), version)
    todo = [*migrations(), step(LATER, "create table late (id integer)", "post")]
    assert await migrate(owner, todo, version="1.10.0") == [f"{LATER:04}_post_step"]


INDEX = step(2, "-- concurrently\ncreate index concurrently things_note on things (note);\n")
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('things_note')"


async def test_an_index_is_made_concurrently_and_once(conn: Any) -> None:
    assert await migrate(conn, [THINGS, INDEX]) == ["0001_pre_step", "0002_pre_step"]
    assert await conn.fetchval(VALID)
    assert await migrate(conn, [THINGS, INDEX]) == []


async def test_an_index_that_a_kill_left_invalid_is_made_anew(
    empty: str, conn: Any, other: Any, tmp_path: Path
) -> None:
    await migrate(conn, [THINGS])
    writer = other.transaction()
    await writer.start()
    await other.execute("insert into things values (1, 'a')")
    for migration in (THINGS, INDEX):
        (tmp_path / f"{migration.name}.sql").write_text(migration.sql)
    process = migrator(empty, tmp_path)
    try:
        await until(conn, "select not indisvalid from pg_index where indexrelid = to_regclass('things_note')")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    waiting = (
        "select count(*) = 0 from pg_stat_activity where query ilike '-- concurrently%' and pid <> pg_backend_pid()"
    )
    await until(conn, waiting)
    await writer.commit()
    assert await conn.fetchval(VALID) is False

    assert await migrate(conn, [THINGS, INDEX]) == ["0002_pre_step"]
    assert await conn.fetchval(VALID)


async def test_an_index_whose_line_a_kill_lost_is_not_made_twice(conn: Any) -> None:
    await migrate(conn, [THINGS])
    await conn.execute("create index concurrently things_note on things (note)")
    made = await conn.fetchval("select 'things_note'::regclass::oid")
    assert await migrate(conn, [THINGS, INDEX]) == ["0002_pre_step"]
    assert await conn.fetchval("select 'things_note'::regclass::oid") == made


async def test_a_process_that_waits_for_its_turn_does_not_block_a_concurrent_index(conn: Any, other: Any) -> None:
    # Waiting inside Postgres it would hold a snapshot that the index waits for: a deadlock.
    applied = await asyncio.gather(migrate(conn, [THINGS, INDEX]), migrate(other, [THINGS, INDEX]))
    assert sorted(map(len, applied)) == [0, 2]


async def test_the_template_and_a_fresh_database_are_the_same(conn: Any, owner: Any) -> None:
    await migrate(conn)
    assert await dump(conn) == await dump(owner)


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_start.sql").write_text("select 1")
    with pytest.raises(Misconfigured, match="is not named NNNN_pre_x"):
        migrations(tmp_path)


def test_the_repositorys_files_are_found() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(list(FOLDER.glob("*.sql"))) + 1))
