"""Ordered, checksummed migrations under an advisory lock."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.errors import Misconfigured
from cid.pg.sql import SQL

if TYPE_CHECKING:
    from pathlib import Path

    from cid.pg.pool import Conn

LOCK = 0x434944  # "CID"
_FILE = re.compile(r"(\d{4})_(pre|post)_([a-z0-9_]+)\.sql")

LEDGER = """
create table if not exists migrations (
  number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = SQL / "migrations") -> list[Migration]:
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if not match:
            raise Misconfigured(f"sql/migrations/{path.name} is not named NNNN_pre_x.sql or NNNN_post_x.sql.")
        found.append(Migration(number=int(match[1]), name=path.stem, sql=path.read_text()))
    return found


async def migrate(conn: Conn, todo: list[Migration] | None = None) -> list[str]:
    """Bring the database of `conn` (logged in as the owner) up to date; answers the names applied.

    Raises Misconfigured when the database is newer than this program or an applied file was changed.
    """
    todo = migrations() if todo is None else todo
    applied_now: list[str] = []
    await conn.execute("select pg_advisory_lock($1)", LOCK)
    try:
        await conn.execute(LEDGER)
        applied = {row["number"]: row for row in await conn.fetch("select number, name, sha256 from migrations")}
        known = {migration.number for migration in todo}
        newer = sorted(set(applied) - known)
        if newer:
            raise Misconfigured(
                f"The database is of a newer version of the desk (migration {newer[-1]:04}): start that version."
            )
        for migration in todo:
            row = applied.get(migration.number)
            if row is None:
                async with conn.transaction():
                    await conn.execute("set local lock_timeout = '3s'")
                    await conn.execute(migration.sql)
                    await conn.execute(
                        "insert into migrations (number, name, sha256) values ($1, $2, $3)",
                        migration.number,
                        migration.name,
                        migration.sha256,
                    )
                applied_now.append(migration.name)
            elif row["sha256"] != migration.sha256:
                raise Misconfigured(
                    f"Migration {migration.name} was changed after it was applied: restore the file, add a new one."
                )
    finally:
        await conn.execute("select pg_advisory_unlock($1)", LOCK)
    return applied_now
