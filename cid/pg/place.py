"""Where the database is: a server that others run, or the embedded one, joined or started."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from cid.domain.errors import Misconfigured
from cid.pg import roles
from cid.pg.embedded import ADMIN, Server, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from cid.pg.pool import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`url` is DATABASE_URL; without it the embedded server in `data` is meant. `secret` is each role's password
    there.
    """

    data: Path
    url: str | None = None
    app_url: str | None = None
    worker_url: str | None = None
    bindir: str | None = None
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def embedded(self) -> bool:
        return self.url is None


@asynccontextmanager
async def logins(place: Place, *, durable: bool = True) -> AsyncIterator[roles.Logins]:
    """The addresses to log in by, while the block lasts.

    Embedded, the server that runs on the data folder is joined, and where none runs one is started for as long as
    the block lasts; call from the main thread. Raises Misconfigured.
    """
    if place.url:
        yield roles.external(place.url, place.secret, app=place.app_url, worker=place.worker_url)
        return
    sockets = join(place.data)
    if sockets:
        yield roles.embedded(sockets)
        return
    server = Server(place.data, durable=durable, bindir=place.bindir)
    server.start()
    try:
        await prepare(server)
        yield roles.embedded(str(server.sockets))
    finally:
        server.stop()


async def prepare(server: Server) -> None:
    """The roles and the database of an embedded server that was just started."""
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    try:
        await roles.ensure(admin, roles.DATABASE)
    finally:
        await admin.close()


async def connect(dsn: str) -> Conn:
    """One connection for maintenance. Raises Misconfigured with one sentence when the database is not to be had."""
    try:
        # no named statements: the logins of pages and jobs may lead through a pooler, whose sessions outlive us
        return await asyncpg.connect(dsn, timeout=10, statement_cache_size=0)
    except (OSError, TimeoutError) as error:
        raise Misconfigured(
            f"The database does not answer ({str(error) or 'nothing in 10 s'}): "
            "is the server running, and is DATABASE_URL right?"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Misconfigured(f"The database refuses the login: {error}. Correct DATABASE_URL.") from error
