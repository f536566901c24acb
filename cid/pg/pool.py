"""Transactions for one tenant (role cid_app) or for the platform (role cid_worker)."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg

from cid.domain.errors import Upstream
from cid.domain.ids import PLATFORM, TenantId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from datetime import datetime

    from asyncpg.pool import PoolConnectionProxy

    from cid.ports import Clock

# asyncpg is generic to the type checker only.
Conn: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # cut between two statements, the driver may lose track of its own state
    OSError,
)
"""The connection is gone or not to be trusted; what was asked of it may or may not have happened."""

GAVE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
"""The server rolled it back whole, for the sake of another transaction: it may be tried again from its beginning."""

_raw_decode = json.JSONDecoder().raw_decode
SET_TENANT = "; select set_config('app.tenant_id', '{}', true)"


class OpenTx:
    """An open transaction. Lives no longer than the `async with` that made it."""

    __slots__ = ("_after", "_conn", "_failed", "_with", "tenant")

    def __init__(self, conn: Conn, tenant: TenantId) -> None:
        self._conn = conn
        self._after: list[Callable[[], None]] = []
        self._with: list[str] = []
        self._failed = False
        self.tenant = tenant

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        with self._watched():
            return await self._conn.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        with self._watched():
            return await self._conn.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:
        with self._watched():
            return await self._conn.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> str:
        with self._watched():
            return await self._conn.execute(sql, *args)

    def after_commit(self, call: Callable[[], None]) -> None:
        self._after.append(call)

    def with_commit(self, statement: str) -> None:
        if statement:
            self._with.append(statement)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    async def commit(self) -> None:
        if self._failed:
            # The server would take the commit and roll back in silence.
            raise RuntimeError("a statement failed and was passed over: nothing was committed")
        await self._conn.execute("; ".join(("commit", *self._with)))

    def committed(self) -> None:
        for call in self._after:
            call()


def decode(said: str) -> Any:
    """What jsonb says is JSON and nothing around it: a third of the time that `json.loads` takes."""
    return _raw_decode(said)[0]


async def _codecs(conn: Conn) -> None:
    # In a transaction: behind a pooler two statements outside one may meet two sessions.
    async with conn.transaction():
        await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=decode)


async def _set(clock: Clock, conn: Conn) -> None:
    before = clock.now()
    there: datetime = await conn.fetchval("select cid_now()")
    clock.follow(there, before + (clock.now() - before) / 2)


async def _keep(_conn: Conn) -> None:
    """Nothing is left behind in a session that is not ours."""


async def open_pool(dsn: str, *, size: int, pooled: bool = False, clock: Clock | None = None, **options: Any) -> Pool:
    """A pool that opens connections when they are wanted: with a floor, a restart of Postgres logs tracebacks.

    `pooled` when `dsn` leads through PgBouncer in transaction mode: a prepared statement would live in whichever
    session it was made in, so none is named and each is parsed again (about 0.1 ms). No session is reset between
    uses, which would be one more way to the server: nothing is left in one. `clock` follows the database's with every
    connection that is opened.
    """

    async def prepare(conn: Conn) -> None:
        await _codecs(conn)
        if clock:
            await _set(clock, conn)

    if pooled:
        options = {"statement_cache_size": 0, **options}
    return await asyncpg.create_pool(
        dsn, min_size=0, max_size=size, init=prepare, reset=_keep, command_timeout=60, **options
    )


@asynccontextmanager
async def _begun(conn: Conn, tenant: TenantId, *, readonly: bool) -> AsyncIterator[OpenTx]:
    """A transaction in which `tenant` is set, begun in one way to the server instead of two."""
    begin = "begin read only" if readonly else "begin"
    try:
        await conn.execute(begin if tenant == PLATFORM else begin + SET_TENANT.format(UUID(int=tenant.int)))
        tx = OpenTx(conn, tenant)
        yield tx
        await tx.commit()
    except BaseException:
        if conn.is_in_transaction():
            with suppress(*LOST):  # what is left open is rolled back when the connection is given back
                await conn.execute("rollback")
        raise


@asynccontextmanager
async def _transaction(pool: Pool, tenant: TenantId, *, readonly: bool) -> AsyncIterator[OpenTx]:
    try:
        async with pool.acquire(timeout=30) as conn:
            async with _begun(conn, tenant, readonly=readonly) as tx:
                yield tx
            tx.committed()
    except LOST as error:
        raise Upstream(f"database: {error!r}") from error
    except GAVE_WAY as error:
        raise Upstream(f"database: gave way to another transaction ({error})") from error
    except TimeoutError as error:
        raise Upstream("database: no connection or no answer in time") from error


class AppDb:
    """Tenants' transactions. Satisfies `ports.Db`."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def tx(self, tenant: TenantId) -> AsyncIterator[OpenTx]:
        async with _transaction(self.pool, _real(tenant), readonly=False) as tx:
            yield tx

    @asynccontextmanager
    async def read(self, tenant: TenantId) -> AsyncIterator[OpenTx]:
        async with _transaction(self.pool, _real(tenant), readonly=True) as tx:
            yield tx


class WorkerDb:
    """The platform's transactions. Satisfies `ports.PlatformDb`."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[OpenTx]:
        async with _transaction(self.pool, PLATFORM, readonly=False) as tx:
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[OpenTx]:
        async with _transaction(self.pool, PLATFORM, readonly=True) as tx:
            yield tx


def _real(tenant: TenantId) -> TenantId:
    if tenant == PLATFORM:
        raise ValueError("the platform has no tenant transaction")
    return tenant
