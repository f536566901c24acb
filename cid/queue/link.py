"""The queue's own connections: each opens itself again, and no statement waits for ever."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from cid.domain.errors import Upstream
from cid.pg.pool import LOST, decode
from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


ARRAYS = query("link.arrays")
# The queue's statements find their rows by index: a planner with stale statistics must not think of anything else.
# And it plans them once: planning a claim anew takes as long as a small one.
DIRECT = {"enable_seqscan": "off", "jit": "off", "plan_cache_mode": "force_generic_plan"}
BEGIN = "begin; set local enable_seqscan = off; set local jit = off"
"""The same where the session is not ours. One message: it costs one way to the server and back."""


class Link:
    """One connection, one statement at a time. After any doubt it is thrown away and the next statement opens another.

    A half-open socket answers nothing and fails nothing: the time limit is the client's. Whoever calls decides how
    long to wait before the next try.

    `pooled` when `dsn` leads through PgBouncer in transaction mode: every transaction may meet another session, so
    nothing is kept in one. Each statement stands in a transaction of its own that sets what it needs, and is parsed
    anew: three more ways to the server and back.
    """

    def __init__(self, dsn: str, *, name: str, timeout: timedelta, pooled: bool = False) -> None:
        self._dsn = dsn
        self._name = name
        self._timeout_s = timeout.total_seconds()
        self._pooled = pooled
        self._lock = asyncio.Lock()
        self._conn: Connection | None = None

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        """Raises Upstream when Postgres is not there or does not answer in time."""
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_s):
                    conn = await self._open()
                    if self._pooled:
                        return await _in_transaction(conn, sql, args)
                    return await conn.fetch(sql, *args)
            except TimeoutError as error:  # first: it is an OSError, too
                self.drop()
                raise Upstream(f"database: no answer in {self._timeout_s:g} s") from error
            except LOST as error:
                self.drop()
                raise Upstream(f"database: {error!r}") from error
            except asyncio.CancelledError:
                # The statement may still run there; its answer must not be taken for the next one's.
                self.drop()
                raise

    async def connection(self) -> Connection:
        """The open connection itself, for LISTEN: not through a pooler. Raises Upstream."""
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._open()
            except (*LOST, TimeoutError) as error:
                self.drop()
                raise Upstream(f"database: {error!r}") from error

    async def _open(self) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = await connect(self._dsn, name=self._name, timeout_s=self._timeout_s, pooled=self._pooled)
        return self._conn

    def drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn and not conn.is_closed():
            conn.terminate()

    async def close(self) -> None:
        conn, self._conn = self._conn, None
        if conn and not conn.is_closed():
            try:
                await conn.close(timeout=2)
            except (*LOST, TimeoutError):
                conn.terminate()


async def connect(dsn: str, *, name: str, timeout_s: float, pooled: bool = False) -> Connection:
    """A pooler refuses settings at the start of a session, and would lose what is prepared in one."""
    conn: Connection = await asyncpg.connect(
        dsn,
        timeout=timeout_s,
        command_timeout=timeout_s,
        server_settings={"application_name": name, **({} if pooled else DIRECT)},
        statement_cache_size=0 if pooled else 100,
    )
    async with conn.transaction():
        await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=decode)
        if pooled:
            await conn.fetch(ARRAYS)
    return conn


async def _in_transaction(conn: Connection, sql: str, args: Sequence[object]) -> Sequence[asyncpg.Record]:
    await conn.execute(BEGIN)
    try:
        rows: Sequence[asyncpg.Record] = await conn.fetch(sql, *args)
    except asyncpg.PostgresError:
        await conn.execute("rollback")
        raise
    except Exception:
        conn.terminate()  # it may be lost, or sound and in the middle of a transaction
        raise
    await conn.execute("commit")
    return rows
