"""One embedded Postgres with durable settings for everybody, a database for each, and what its processes cost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from cid.pg import roles
from cid.pg.embedded import ADMIN, OWNER, Server
from cid.pg.migrate import migrate

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SHOWN = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
    "autovacuum",
    "data_checksums",
    "wal_sync_method",
    "idle_in_transaction_session_timeout",
    "io_method",
)
_TICK = os.sysconf("SC_CLK_TCK")


async def connect(dsn: str) -> Connection:
    return await asyncpg.connect(dsn, command_timeout=600)


class Cluster:
    def __init__(self, server: Server) -> None:
        self.server = server

    def dsn(self, database: str, login: str = ADMIN) -> str:
        return self.server.dsn(login, database)

    def ask(self, database: str, call: Callable[[Connection], Awaitable[Any]]) -> Any:
        """`call` with a superuser's connection of its own."""

        async def run() -> Any:
            conn = await connect(self.dsn(database))
            try:
                return await call(conn)
            finally:
                await conn.close()

        return asyncio.run(run())

    def sql(self, database: str, *statements: str) -> None:
        async def run(conn: Connection) -> None:
            for statement in statements:
                await conn.execute(statement)

        self.ask(database, run)

    def one(self, database: str, statement: str) -> Any:
        return self.ask(database, lambda conn: conn.fetchval(statement))

    def create(self, database: str) -> None:
        """Empty, the superuser's."""
        self.sql("postgres", f"create database {database} template template0")

    def migrated(self, database: str) -> None:
        """With the desk's own schema."""

        async def make(conn: Connection) -> None:
            await roles.ensure(conn, database)

        async def fill() -> None:
            owner = await asyncpg.connect(self.dsn(database, OWNER))
            await migrate(owner)
            await owner.close()

        self.ask("postgres", make)
        asyncio.run(fill())

    def settings(self) -> dict[str, str]:
        async def read(conn: Connection) -> dict[str, str]:
            rows = await conn.fetch("select name, current_setting(name) as value from pg_settings")
            there = {row["name"]: row["value"] for row in rows}
            return {name: there[name] for name in SHOWN if name in there}

        found: dict[str, str] = self.ask("postgres", read)
        return found

    def cpu(self) -> float:
        """Seconds used so far by every process of the server, the ended ones included."""
        assert self.server.process
        top = self.server.process.pid
        children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
        ticks = sum(_ticks(int(pid), ended=False) for pid in children) + _ticks(top, ended=True)
        return ticks / _TICK


def _ticks(pid: int, *, ended: bool) -> int:
    """Own time, and with `ended` that of children it has waited for."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(value) for value in fields[11 : 15 if ended else 13])
    return 0


@contextlib.contextmanager
def running(keep: Path | None = None) -> Iterator[Cluster]:
    """In a temporary folder, or in `keep`, which stays."""
    folder = keep or Path(tempfile.mkdtemp(prefix="cid-bench-queue-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the server may run as another account
    server = Server(folder / "data", durable=True)
    server.start()
    try:
        yield Cluster(server)
    finally:
        server.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
