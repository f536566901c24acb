"""docs/sql.md: what its statements print on a queue in which everything has happened. `python -m tests.sql_page` writes
the answers anew after a statement was changed.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from cid.pg import roles
from cid.pg.embedded import ADMIN, OWNER, WORKER, Server
from cid.pg.migrate import migrate

PAGE = Path(__file__).parents[1] / "docs" / "sql.md"
SEED = Path(__file__).with_suffix(".sql")
USERS = {"owner": OWNER, "worker": WORKER, "superuser": ADMIN}
STATEMENT = re.compile(
    r"```sql (?P<role>\w+)\n(?P<sql>.*?)```\n\n```(?P<how>text|figures)\n(?P<answer>.*?)```", re.DOTALL
)
TEXTUAL = (
    "int2",
    "int4",
    "int8",
    "float8",
    "numeric",
    "bool",
    "timestamptz",
    "date",
    "interval",
    "uuid",
    "jsonb",
    "oid",
)
RIGHT = {"int2", "int4", "int8", "float8", "numeric", "oid"}
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "2026-01-01"),
    (re.compile(r"\d\d:\d\d:\d\d\+00"), "00:00:00+00"),
    (re.compile(r"\d{8}\b"), "20260101"),
    (re.compile(r"_\d{6}\b"), "_202601"),
)


@dataclass(frozen=True)
class Statement:
    """`figures`: what is counted depends on the server, so the page promises the columns alone."""

    number: int
    role: str
    sql: str
    answer: str
    figures: bool

    @property
    def name(self) -> str:
        return " ".join(self.sql.split())[:60]


def statements(page: str) -> list[Statement]:
    return [
        Statement(number, found["role"], found["sql"], found["answer"], found["how"] == "figures")
        for number, found in enumerate(STATEMENT.finditer(page))
    ]


async def answered(conn: asyncpg.Connection[asyncpg.Record], sql: str) -> str:
    """As psql prints it. Whatever the statement changes is undone."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute("set local timezone = 'UTC'")
        prepared = await conn.prepare(sql)
        columns = [(it.name, it.type.name) for it in prepared.get_attributes()]
        return _table(columns, [tuple(row) for row in await prepared.fetch()])
    finally:
        await transaction.rollback()


async def connect(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    """One that shows values as Postgres writes them."""
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(dsn)
    for name in TEXTUAL:
        await conn.set_type_codec(name, schema="pg_catalog", format="text", encoder=str, decoder=str)
    return conn


def stable(answer: str) -> str:
    """Without what depends on the day and the clock."""
    for pattern, instead in MASKS:
        answer = pattern.sub(instead, answer)
    return answer


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> str:
    shown = [[_shown(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[n]) for row in shown)]) for n, (name, _) in enumerate(columns)]
    lines = [
        "|".join(
            f" {' ' * ((width - len(name)) // 2) + name:<{width}} "
            for (name, _), width in zip(columns, widths, strict=True)
        ),
        "+".join("-" * (width + 2) for width in widths),
    ]
    for row in shown:
        cells = [
            value.rjust(width) if type_ in RIGHT else value.ljust(width)
            for value, width, (_, type_) in zip(row, widths, columns, strict=True)
        ]
        lines.append("|".join(f" {cell} " for cell in cells))
    return "".join(f"{line.rstrip()}\n" for line in [*lines, f"({len(rows)} row{'' if len(rows) == 1 else 's'})"])


def _shown(value: object) -> str:
    return "" if value is None else str(value)


async def seed(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    """Everything that can be the matter."""
    await owner.execute(SEED.read_text())


async def _written(server: Server) -> str:
    database = "cid_test_page"
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, database)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, database))
    await migrate(owner)
    await seed(owner)
    await owner.execute("analyze")
    conns = {role: await connect(server.dsn(user, database)) for role, user in USERS.items()}
    page = PAGE.read_text()
    answers = iter([await answered(conns[it.role], it.sql) for it in statements(page)])
    for conn in [owner, *conns.values()]:
        await conn.close()
    return STATEMENT.sub(
        lambda found: f"```sql {found['role']}\n{found['sql']}```\n\n```{found['how']}\n{next(answers)}```", page
    )


def main() -> None:
    room = Path("/dev/shm/cid-sql-page")
    server = Server(room, durable=False)
    server.start()
    try:
        PAGE.write_text(asyncio.run(_written(server)))
    finally:
        server.stop()
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    main()
