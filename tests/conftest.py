"""A real Postgres for every test that wants one: a template is migrated once, each test gets a clone of it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool

# No test asserts a duration: on a loaded machine the first call of anything takes longer than any deadline.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("desk")

TEMPLATE = "cid_test_template"
_numbers = count()


@dataclass(frozen=True)
class Database:
    """One test's own database."""

    server: Server
    name: str

    def dsn(self, user: str) -> str:
        return self.server.dsn(user, self.name)


def _room() -> Path:
    """Memory when there is enough of it: a clone costs 6 ms there and 15 to 200 on a disk."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    if usable:
        for lock in memory.glob("cid-test-*/pg/lock"):
            # a killed run leaves its folder behind: whoever holds no lock is dead
            with lock.open() as handle, contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent.parent, ignore_errors=True)
        space = os.statvfs(memory)
        usable = space.f_bavail * space.f_frsize > 1 << 30
    return Path(tempfile.mkdtemp(prefix="cid-test-", dir=memory if usable else None))


async def _prepare(server: Server) -> None:
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, TEMPLATE)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, TEMPLATE))
    await migrate(owner)
    await owner.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Plain, not async: bound to no event loop. One per xdist worker, nothing shared."""
    room = _room()
    server = Server(room / "pg", durable=False)
    server.start()
    try:
        asyncio.run(_prepare(server))
        yield server
    finally:
        server.stop()
        shutil.rmtree(room)


@contextlib.asynccontextmanager
async def fresh_database(server: Server) -> AsyncIterator[Database]:
    """For as long as somebody wants it: a test, or the cases of a file that change nothing."""
    name = f"cid_test_{next(_numbers)}"
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await admin.execute(f"create database {name} template {TEMPLATE} strategy file_copy owner {OWNER}")
    yield Database(server, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def database(server: Server) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        yield database


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection as cid_owner: sees everything, for looking at what really happened."""
    conn = await asyncpg.connect(database.dsn(OWNER))
    yield conn
    await conn.close()


@pytest.fixture
async def db(database: Database) -> AsyncIterator[AppDb]:
    pool = await open_pool(database.dsn(APP), size=4)
    yield AppDb(pool)
    await pool.close()


@pytest.fixture
async def platform(database: Database) -> AsyncIterator[WorkerDb]:
    pool = await open_pool(database.dsn(WORKER), size=4)
    yield WorkerDb(pool)
    await pool.close()


class DatabaseTime:
    """Moves `cid_now()` for every connection of the test's database."""

    def __init__(self, database: Database, *pools: asyncpg.Pool[asyncpg.Record]) -> None:
        self.database = database
        self.pools = pools
        self.offset = timedelta()

    async def advance(self, by: timedelta) -> None:
        self.offset += by
        conn = await asyncpg.connect(self.database.dsn(ADMIN))
        seconds = int(self.offset.total_seconds())
        await conn.execute(f"alter database {self.database.name} set cid.clock_offset = '{seconds} seconds'")
        await conn.close()
        for pool in self.pools:
            await pool.expire_connections()


@pytest.fixture
def database_time(database: Database, db: AppDb, platform: WorkerDb) -> DatabaseTime:
    return DatabaseTime(database, db.pool, platform.pool)
