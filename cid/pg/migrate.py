"""Ordered, checksummed migrations under an advisory lock.

`pre` files run while old code still works; a `post` file waits until no process of an older version is alive. A file
whose first line is `-- concurrently` holds one CREATE or DROP INDEX CONCURRENTLY, which runs alone and outside a
transaction, and may be run again after a crash. Every other file commits together with its line in the ledger.

Row security cannot be switched off here: under FORCE, `row_security = off` refuses even a table whose policy lets the
owner see everything (measured on 15 and 18). A forgotten policy is found in the catalogs instead, inside the
migration's transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

import cid
from cid.domain.errors import Misconfigured
from cid.pg.checks import UNFORCED
from cid.pg.sql import SQL, query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cid.pg.pool import Conn

LOCK = 0x434944  # "CID"
FOLDER = SQL / "migrations"
_FILE = re.compile(r"(\d{4})_(pre|post)_([a-z0-9_]+)\.sql")
_INDEX = re.compile(r"create\s+(?:unique\s+)?index\s+concurrently\s+([a-z0-9_]+)\s+on\s", re.IGNORECASE)
_APPLIED = query("migrations.applied")
_OLDER = query("migrations.living_processes")

LEDGER = """
create table if not exists public.migrations (
  number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())
"""
RECORD = "insert into public.migrations (number, name, sha256) values ($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def post(self) -> bool:
        return self.name[5:].startswith("post_")

    @property
    def concurrently(self) -> bool:
        return self.sql.startswith("-- concurrently\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a migration waits for its locks, and how often it tries: others must not queue behind it for long."""

    lock_timeout_ms: int = 3000
    tries: int = 10
    pause_s: float = 2.0


class Step(StrEnum):
    QUEUED = "queued"  # another process migrates
    APPLYING = "applying"
    LOCKED = "locked"  # tries again
    APPLIED = "applied"
    WAITING = "waiting"  # a post migration, for older processes to end


Progress: TypeAlias = Callable[[Step, str, str], None]
"""Called with the step, the migration's name and a remark."""


def _silent(_step: Step, _name: str, _remark: str) -> None:
    """Nobody listens."""


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """In order. Raises Misconfigured for a name that says neither pre nor post."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if not match:
            raise Misconfigured(f"sql/migrations/{path.name} is not named NNNN_pre_x.sql or NNNN_post_x.sql.")
        found.append(Migration(number=int(match[1]), name=path.stem, sql=path.read_text()))
    return found


async def pending(conn: Conn, todo: Sequence[Migration] | None = None) -> list[Migration]:
    """What is not applied yet.

    Raises Misconfigured when the database is newer than this program or an applied file was changed.
    """
    todo = migrations() if todo is None else todo
    there = await conn.fetchval("select to_regclass('public.migrations') is not null")
    applied = {row["number"]: row["sha256"] for row in await conn.fetch(_APPLIED)} if there else {}
    newer = sorted(set(applied) - {migration.number for migration in todo})
    if newer:
        raise Misconfigured(
            f"The database is of a newer version of the desk (migration {newer[-1]:04}): start that version."
        )
    for migration in todo:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise Misconfigured(
                f"Migration {migration.name} was changed after it was applied: restore the file, add a new one."
            )
    return [migration for migration in todo if migration.number not in applied]


async def migrate(
    conn: Conn,
    todo: Sequence[Migration] | None = None,
    *,
    version: str = cid.__version__,
    patience: Patience | None = None,
    progress: Progress = _silent,
) -> list[str]:
    """Bring the database of `conn` (logged in as the owner, not through a pooler) up to date; answers the names
    applied.

    A post migration stays pending while a process older than `version` lives. Raises Misconfigured when the database
    is newer than this program, an applied file was changed, a table's policy was forgotten, or a lock could not be had.
    """
    patience = patience or Patience()
    await _prepare(conn, progress)
    done = []
    try:
        await _ledger(conn)
        older = await _older_processes(conn, version)
        waiting: Migration | None = None
        for migration in await pending(conn, todo):
            if migration.post and older and waiting is None:
                waiting = migration
                progress(Step.WAITING, migration.name, older)
            if waiting is None:
                await _apply(conn, migration, patience, progress)
                done.append(migration.name)
            elif not migration.post:
                raise Misconfigured(
                    f"Migration {migration.name} comes after {waiting.name}, which waits for processes of an older "
                    f"version to end ({older}): stop them and start again."
                )
    finally:
        if not conn.is_closed():
            await conn.execute("select pg_advisory_unlock($1)", LOCK)
    return done


async def _ledger(conn: Conn) -> None:
    try:
        await conn.execute(LEDGER)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError) as error:
        raise _no_owner(error) from error


def _no_owner(error: asyncpg.PostgresError) -> Misconfigured:
    return Misconfigured(
        f"The database refuses the migrations ({error}): DATABASE_URL must log in as the owner of the database, on the "
        "primary server; an administrator may run: alter database … owner to …."
    )


async def _prepare(conn: Conn, progress: Progress) -> None:
    """Take the lock, by asking again and again.

    A session that waits inside Postgres holds a snapshot, and CREATE INDEX CONCURRENTLY waits for every older snapshot:
    the two would wait for each other.
    """
    # A server drops what a killed process left behind within a second, even while that waits for a lock.
    await conn.execute("set client_connection_check_interval = '1s'; set search_path = public, pg_temp")
    told = False
    while not await conn.fetchval("select pg_try_advisory_lock($1)", LOCK):
        if not told:
            progress(Step.QUEUED, "", "another process migrates this database")
            told = True
        await asyncio.sleep(0.1)
    if not await conn.fetchval(
        "select exists (select from pg_locks where locktype = 'advisory' and objid = $1 and pid = pg_backend_pid())",
        LOCK,
    ):
        raise Misconfigured("DATABASE_URL leads through a pooler: give the address of the Postgres server itself.")


async def _older_processes(conn: Conn, version: str) -> str:
    """The living processes of an older version, as a phrase; empty when there are none."""
    if not await conn.fetchval("select to_regclass('public.workers') is not null"):
        return ""
    rows = await conn.fetch(_OLDER)
    older = [row for row in rows if _parts(row["version"]) < _parts(version)]
    return ", ".join(f"version {row['version']} on {row['host']}, process {row['pid']}" for row in older)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


async def _apply(conn: Conn, migration: Migration, patience: Patience, progress: Progress) -> None:
    once = _alone if migration.concurrently else _together
    progress(Step.APPLYING, migration.name, "")
    for attempt in range(1, patience.tries + 1):
        try:
            await once(conn, migration, patience)
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError) as error:
            raise _no_owner(error) from error
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            progress(Step.LOCKED, migration.name, f"{error} (try {attempt} of {patience.tries})")
            await asyncio.sleep(patience.pause_s if attempt < patience.tries else 0)
        else:
            progress(Step.APPLIED, migration.name, "")
            return
    raise Misconfigured(
        f"Migration {migration.name} could not have its locks in {patience.tries} tries: "
        "end the long transactions on this database (pg_stat_activity) and start again."
    )


async def _together(conn: Conn, migration: Migration, patience: Patience) -> None:
    async with conn.transaction():
        await conn.execute(f"set local lock_timeout = {patience.lock_timeout_ms}")
        await conn.execute(migration.sql)
        await conn.execute("set local search_path = public, pg_temp")
        forgotten = [row["offence"] for row in await conn.fetch(UNFORCED)]
        if forgotten:
            raise Misconfigured(f"Migration {migration.name}: {'; '.join(forgotten)}.")
        await conn.execute(RECORD, migration.number, migration.name, migration.sha256)


async def _alone(conn: Conn, migration: Migration, patience: Patience) -> None:
    """A crash leaves an invalid index, which goes first; or a complete one without its line in the ledger."""
    made = _INDEX.search(migration.sql)
    valid = await conn.fetchval(query("migrations.index_is_valid"), made[1]) if made else None
    await conn.execute(f"set lock_timeout = {patience.lock_timeout_ms}")
    try:
        if made and valid is False:
            await conn.execute(f'drop index concurrently "{made[1]}"')
        if not valid:
            await conn.execute(migration.sql)
    finally:
        if not conn.is_closed():
            await conn.execute("reset lock_timeout")
    await conn.execute(RECORD, migration.number, migration.name, migration.sha256)
