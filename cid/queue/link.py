"""The queue's own connections: each opens itself again, and no statement waits for ever."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from cid.domain.errors import Upstream
from cid.pg.pool import LOST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Link:
    """One connection, one statement at a time. After any doubt it is thrown away and the next statement opens another.

    A half-open socket answers nothing and fails nothing: the time limit is the client's. Whoever calls decides how
    long to wait before the next try.
    """

    def __init__(self, dsn: str, *, name: str, timeout: timedelta) -> None:
        self._dsn = dsn
        self._name = name
        self._timeout_s = timeout.total_seconds()
        self._lock = asyncio.Lock()
        self._conn: Connection | None = None

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        """Raises Upstream when Postgres is not there or does not answer in time."""
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_s):
                    conn = await self._open()
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
        """The open connection itself, for LISTEN. Raises Upstream."""
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._open()
            except (*LOST, TimeoutError) as error:
                self.drop()
                raise Upstream(f"database: {error!r}") from error

    async def _open(self) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = await connect(self._dsn, name=self._name, timeout_s=self._timeout_s)
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


async def connect(dsn: str, *, name: str, timeout_s: float) -> Connection:
    conn = await asyncpg.connect(
        dsn,
        timeout=timeout_s,
        command_timeout=timeout_s,
        server_settings={"application_name": name, "enable_seqscan": "off", "jit": "off"},
    )
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    return conn
