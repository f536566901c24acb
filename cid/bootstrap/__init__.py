"""The composition root: the one place that reads settings and names concrete adapters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import asyncpg
from aiohttp import web

from cid import settings as settings_module
from cid.bootstrap.models import router_of
from cid.bootstrap.outside import channels, images, mailer_of, readers, search, trends, ways
from cid.domain.errors import Misconfigured
from cid.domain.policy import GatePolicy
from cid.llm.catalogue import Catalogue
from cid.logs import AccessLog
from cid.outside.children import ChildPool
from cid.outside.clock import SystemClock
from cid.outside.http import GuardedHttp
from cid.outside.keys import Keys
from cid.outside.pages import PageReader
from cid.outside.vault import Vault
from cid.pg import place, roles
from cid.pg.checks import check_roles
from cid.pg.embedded import Server
from cid.pg.migrate import migrate
from cid.pg.place import Place
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.services import Outside, Services
from cid.settings import Settings
from cid.sources.industries import load_industries
from cid.store import tenants
from cid.web.app import make_app
from cid.workers.parts import Part


def logins(settings: Settings, sockets: str | None) -> roles.Logins:
    """Of the embedded server whose sockets lie in `sockets`, else as DATABASE_URL and its sisters say."""
    if sockets is not None:
        return roles.embedded(sockets)
    if settings.database_url is None:
        raise Misconfigured("There is no database: set DATABASE_URL, or unset it to use the embedded one.")
    app, worker = settings.database_url_app, settings.database_url_worker
    return roles.external(
        settings.database_url.value,
        {} if app and worker else _passwords(settings),
        app=app.value if app else None,
        worker=worker.value if worker else None,
    )


def place_of(settings: Settings) -> Place:
    """Where the database of `settings` is, for the commands that must work when nothing else does."""
    app, worker = settings.database_url_app, settings.database_url_worker
    derived = settings.database_url is not None and not (app and worker)
    return Place(
        data=settings.data,
        url=settings.database_url.value if settings.database_url else None,
        app_url=app.value if app else None,
        worker_url=worker.value if worker else None,
        bindir=settings.pg_bindir,
        secret=_passwords(settings) if derived else {},
    )


def _passwords(settings: Settings) -> dict[str, str]:
    return roles.passwords(Keys(settings_module.secret_key(settings)).derive)


async def prepare(settings: Settings, to: roles.Logins, server: Server | None) -> list[str]:
    """Roles, database, migrations, and the refusal of a role that could see what it must not.

    Answers the names of the migrations applied. Raises Misconfigured.
    """
    if server is not None:
        await place.prepare(server)
    owner = await place.connect(to.owner)
    try:
        if server is None and not (settings.database_url_app and settings.database_url_worker):
            await roles.ensure_logins(owner, _passwords(settings))
        applied = await migrate(owner)
        await check_roles(owner)
        return applied
    finally:
        await owner.close()


@asynccontextmanager
async def open_services(settings: Settings, to: roles.Logins) -> AsyncIterator[Services]:
    """Everything flows are given, closed in reverse order. Connections are opened when they are first wanted."""
    async with AsyncExitStack() as stack:
        clock, pooled = SystemClock(), settings.queue.pooled
        app = await open_pool(to.app, size=settings.pools.app, clock=clock, pooled=pooled)
        stack.push_async_callback(_close, app)
        worker = await open_pool(to.worker, size=settings.pools.worker, clock=clock, pooled=pooled)
        stack.push_async_callback(_close, worker)
        db, platform = AppDb(app), WorkerDb(worker)
        http = await stack.enter_async_context(GuardedHttp(allow_local=settings.allow_local))
        children = await stack.enter_async_context(ChildPool())
        pages = PageReader(http, children, clock)
        keys = Keys(settings_module.secret_key(settings), *(old.value.encode() for old in settings.old_secret_keys))
        vault = Vault(keys)
        yield Services(
            db=db,
            platform=platform,
            llm=(router := router_of(settings, db, platform, clock, stack)),
            outside=Outside(
                http=http,
                children=children,
                sources=readers(settings, http, children, clock, db=db, robots=pages),
                channels=channels(settings, http, clock, vault, platform, children=children),
                pages=pages,
                trends=trends(settings, http, children, clock, db),
                search=search(settings, http, children, clock, db=db),
                images=images(settings, http, children, clock),
                mailer=mailer_of(settings, clock),
            ),
            clock=clock,
            policy=_policy(settings),
            keys=keys,
            vault=vault,
            base_url=settings.base_url,
            unsubscribe_to=settings.mail.unsubscribe,
            retention=settings.retention,
            catalogue=Catalogue.of(router),
            caps=router.models.caps,
            prompts=router.prompts,
            backlog=router.room,
            gate5=settings.gate5,
            metrics_token=settings.metrics_token.value if settings.metrics_token else "",
            source_rules=settings.source_rules,
            ways=ways(settings),
            industries=load_industries(settings_module.CONFIG / "default_sources.toml"),
            trends=settings.trends,
            analysis=settings.analysis,
            angles=settings_module.angle_patterns(),
            narratives=settings_module.narratives(),
            classifier=settings_module.classifier(settings),
        )


def _policy(settings: Settings) -> GatePolicy:
    healing = replace(settings.gates.healing, news=f"{settings.sources.google_news}/rss/search")
    polling = replace(settings.gates.polling, fixed=settings.poll_interval, local=settings.allow_local)
    return replace(settings.gates, polling=polling, healing=healing)


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def any_tenant(services: Services) -> bool:
    """Whether anybody lives here yet."""
    async with services.platform.read() as tx:
        return bool(await tenants.listed(tx))


def web_part(settings: Settings, services: Services, listening: Callable[[], Awaitable[None]]) -> Part:
    """Pages and API. Answers what is under way before it ends. `listening` is called each time it begins to answer."""

    async def run() -> None:
        app = make_app(services, trusted_proxies=settings.web.trusted_proxies)
        runner = web.AppRunner(app, access_log_class=AccessLog)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.web.host, settings.web.port, reuse_address=True).start()
            await listening()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    return Part("web", run)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
