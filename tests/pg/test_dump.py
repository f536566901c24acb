"""sql/schema.sql is what the migrations make, on every Postgres and for every owner."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cid.pg.dump import _without_needless_prefixes, dump
from cid.pg.embedded import OWNER, Server, binaries
from cid.pg.migrate import migrate
from cid.pg.place import prepare
from cid.pg.roles import DATABASE
from cid.pg.sql import SQL

OTHERS = [
    folder
    for folder in (
        Path("/usr/lib/postgresql/15/bin"),
        Path("/usr/lib/postgresql/16/bin"),
        Path("/usr/lib/postgresql/17/bin"),
        binaries().parent.parent / "pginstall16" / "bin",  # the wheel carries two
        binaries().parent.parent / "pginstall" / "bin",
    )
    if (folder / "postgres").exists()
]


async def test_the_schema_file_is_what_the_migrations_make(owner: Any) -> None:
    assert (SQL / "schema.sql").read_text() == await dump(owner), "write it anew: make schema"


@pytest.mark.skipif(not OTHERS, reason="no other Postgres here, in the wheel or in /usr/lib/postgresql")
@pytest.mark.parametrize("programs", OTHERS, ids=str)
def test_other_versions_tell_the_same_schema(tmp_path: Path, programs: Path) -> None:
    server = Server(tmp_path / "pg", durable=False, bindir=str(programs))
    server.start()
    try:
        assert asyncio.run(_dumped(server)) == (SQL / "schema.sql").read_text()
    finally:
        server.stop()


async def _dumped(server: Server) -> str:
    await prepare(server)
    conn = await asyncpg.connect(server.dsn(OWNER, DATABASE))
    await migrate(conn)
    text = await dump(conn)
    await conn.close()
    return text


async def test_every_table_stands_in_the_schema_and_no_partition_does(owner: Any) -> None:
    text = await dump(owner)
    tables = """select relname, relispartition from pg_class
                where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"""
    for row in await owner.fetch(tables):
        assert (f"create table {row['relname']} (" in text) is not row["relispartition"], row["relname"]


async def test_a_changed_grant_policy_or_index_shows(owner: Any) -> None:
    before = await dump(owner)
    for change in (
        "grant update (name) on tenants to cid_app",
        "alter policy tenant on drafts using (true)",
        "create index drafts_changed on drafts (changed_at)",
        "alter table drafts alter column sample set default true",
        "alter table drafts no force row level security",
        "grant execute on function delete_tenant to cid_app",
        "alter view visible_items set (security_invoker = false)",
        "alter table drafts alter constraint drafts_tenant_id_current_version_id_fkey not deferrable",
    ):
        undone = owner.transaction()
        await undone.start()
        await owner.execute(change)
        assert await dump(owner) != before, change
        await undone.rollback()


def test_the_command_writes_the_schema_without_a_desk(tmp_path: Path) -> None:
    target = tmp_path / "schema.sql"
    done = subprocess.run(
        [sys.executable, "-m", "cid", "migrate", "--dump", str(target)],
        cwd=SQL.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert target.read_text() == (SQL / "schema.sql").read_text()


@pytest.mark.parametrize(
    ("before_16", "later"),
    [
        ("SELECT j.kind\n   FROM jobs j\n  WHERE (j.id > 1)", "SELECT kind\n   FROM jobs j\n  WHERE (id > 1)"),
        ("SELECT jobs.kind\n   FROM jobs", "SELECT kind\n   FROM jobs"),
        ("SELECT g.g\n   FROM generate_series(1, 2) g(g)", "SELECT g\n   FROM generate_series(1, 2) g(g)"),
        (
            "SELECT j.id,\n ( SELECT d.id\n FROM jobs_dead d\n WHERE (d.id = j.id)) AS d\n   FROM jobs j",
            "SELECT id,\n ( SELECT d.id\n FROM jobs_dead d\n WHERE (d.id = j.id)) AS d\n   FROM jobs j",
        ),
    ],
)
def test_needless_prefixes_of_old_versions_go(before_16: str, later: str) -> None:
    assert _without_needless_prefixes(before_16) == later
    assert _without_needless_prefixes(later) == later


@pytest.mark.parametrize(
    "definition",
    [
        "SELECT a.id,\n    b.id AS other\n   FROM (jobs a\n     JOIN jobs b ON ((a.id = b.id)))",
        "SELECT a.id\n   FROM jobs a,\n    jobs_dead b",
        "SELECT jobs.id\n   FROM jobs\nUNION ALL\n SELECT jobs_dead.id\n   FROM jobs_dead",
    ],
)
def test_needed_prefixes_stay(definition: str) -> None:
    assert _without_needless_prefixes(definition) == definition
