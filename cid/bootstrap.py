"""The composition root: the one place that reads settings and names concrete adapters."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from aiohttp import web

from cid import settings as settings_module
from cid.domain.errors import Misconfigured
from cid.domain.llm import Answer, Ask, Json
from cid.logs import AccessLog
from cid.outside.clock import SystemClock
from cid.outside.keys import Keys
from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.ports import Response
from cid.services import Outside, Services
from cid.settings import Settings
from cid.store import tenants
from cid.workers.parts import Part

DATABASE = "cid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """One database, three roles."""

    owner: str
    app: str
    worker: str


def addresses(settings: Settings, server: Server | None) -> Addresses:
    """Of the embedded server where there is one, else as DATABASE_URL and its sisters say."""
    if server is not None:
        return Addresses(
            owner=server.dsn(OWNER, DATABASE), app=server.dsn(APP, DATABASE), worker=server.dsn(WORKER, DATABASE)
        )
    if settings.database_url is None:
        raise Misconfigured("There is no database: set DATABASE_URL, or unset it to use the embedded one.")
    owner, keys = settings.database_url.value, Keys(settings_module.secret_key(settings))
    app, worker = settings.database_url_app, settings.database_url_worker
    return Addresses(
        owner=owner,
        app=app.value if app else _as_role(owner, APP, keys),
        worker=worker.value if worker else _as_role(owner, WORKER, keys),
    )


def _as_role(dsn: str, role: str, keys: Keys) -> str:
    """The same server as `role`, with the password that `cid migrate` gave it."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    password = quote(keys.derive(f"postgres {role}").hex())
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{host}"))


async def prepare(at: Addresses, server: Server | None) -> list[str]:
    """Roles, database and migrations; answers the names of the migrations applied. Raises Misconfigured."""
    try:
        if server is not None:
            admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
            try:
                await roles.ensure(admin, DATABASE)
            finally:
                await admin.close()
        owner = await asyncpg.connect(at.owner, timeout=20)
        try:
            return await migrate(owner)
        finally:
            await owner.close()
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidAuthorizationSpecificationError,
    ) as e:
        raise Misconfigured(f"The database is not there or lets nobody in ({e}): check DATABASE_URL.") from e


@asynccontextmanager
async def open_services(settings: Settings, at: Addresses) -> AsyncIterator[Services]:
    """Everything flows are given, closed in reverse order. Connections are opened when they are first wanted."""
    async with AsyncExitStack() as stack:
        app = await open_pool(at.app, size=settings.pools.app)
        stack.push_async_callback(_close, app)
        worker = await open_pool(at.worker, size=settings.pools.worker)
        stack.push_async_callback(_close, worker)
        yield Services(
            db=AppDb(app),
            platform=WorkerDb(worker),
            llm=Absent(),
            outside=Outside(http=Absent(), children=Absent(), sources={}, channels={}),
            clock=SystemClock(),
            policy=settings.gates,
            keys=Keys(settings_module.secret_key(settings)),
            base_url=settings.base_url,
            retention=settings.retention,
            poll_interval=settings.poll_interval,
        )


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()


class Absent:
    """Stands for an adapter of a room that is not built yet."""

    async def request(self, method: str, url: str, **_: Any) -> Response:
        raise Misconfigured(f"There is no HTTP client for {method} {url}.")

    async def call(self, name: str, value: Json, *, timeout_s: float = 5.0) -> Json:
        raise Misconfigured(f"There are no children to call {name} with {type(value).__name__} in {timeout_s} s.")

    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        raise Misconfigured(f"There is no model to ask for {ask.stage}.")


async def any_tenant(services: Services) -> bool:
    """Whether anybody lives here yet."""
    async with services.platform.read() as tx:
        return bool(await tenants.listed(tx))


def offered(module: str, name: str) -> Any:
    """`name` of a room that may not be built yet, or None."""
    with contextlib.suppress(ModuleNotFoundError):
        if importlib.util.find_spec(module):
            return getattr(importlib.import_module(module), name, None)
    return None


def web_part(settings: Settings, services: Services) -> Part:
    """Pages and API. Answers what is under way before it ends."""
    make_app = offered("cid.web.app", "make_app")

    async def run() -> None:
        runner = web.AppRunner(make_app(services) if make_app else web.Application(), access_log_class=AccessLog)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.web.host, settings.web.port, reuse_address=True).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    return Part("web", run)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
