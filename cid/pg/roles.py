"""The three roles and the database, made by whoever may make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.pg.embedded import APP, OWNER, WORKER

if TYPE_CHECKING:
    from cid.pg.pool import Conn


async def ensure(conn: Conn, database: str) -> None:
    """`conn` is a superuser's of the embedded server, connected to `postgres`."""
    for role in (OWNER, APP, WORKER):
        if not await conn.fetchval("select 1 from pg_roles where rolname = $1", role):
            await conn.execute(f"create role {role} login")
    if not await conn.fetchval("select 1 from pg_database where datname = $1", database):
        await conn.execute(f'create database "{database}" owner {OWNER}')
