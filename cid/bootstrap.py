"""The composition root: the one place that reads settings and names concrete adapters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
from aiohttp import web

from cid import settings as settings_module
from cid.channels.devto import DevTo
from cid.channels.ghost import Ghost
from cid.channels.site import SitePublisher
from cid.channels.wordpress import WordPressPublisher
from cid.domain.errors import Misconfigured, Upstream
from cid.domain.news import SourceKind
from cid.domain.policy import GatePolicy
from cid.domain.publication import ChannelKind
from cid.domain.run import Via
from cid.domain.tuning import TapeMode, TrendsProvider
from cid.llm.anthropic import Anthropic
from cid.llm.batch_anthropic import AnthropicBatches
from cid.llm.batch_google import GoogleBatches
from cid.llm.batch_openai import OpenAiBatches
from cid.llm.catalogue import Catalogue
from cid.llm.google import Google
from cid.llm.models import OFFLINE, Choice, Models, load_models, load_prices
from cid.llm.offline import Offline
from cid.llm.openai import OpenAi
from cid.llm.prompts import Prompts
from cid.llm.reads import Purse, load_read_prices
from cid.llm.router import Router
from cid.llm.tape import Tape
from cid.llm.waiting_room import WaitingRoom
from cid.logs import AccessLog
from cid.outside.children import ChildPool
from cid.outside.clock import SystemClock
from cid.outside.http import GuardedHttp
from cid.outside.keys import Keys
from cid.outside.pages import PageReader
from cid.outside.pexels import KEY as PICTURES_KEY
from cid.outside.pexels import Pexels
from cid.outside.serper import KEY as SEARCH_KEY
from cid.outside.serper import Serper
from cid.outside.smtp import SmtpMailer
from cid.outside.trends import KEY as TRENDS_KEY
from cid.outside.trends import SerpApiTrends, TrendingRss
from cid.outside.vault import Vault
from cid.pg import place, roles
from cid.pg.checks import check_roles
from cid.pg.doctor import Check, fail, ok, warn
from cid.pg.embedded import Server
from cid.pg.migrate import migrate
from cid.pg.place import Place
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.pg.sql import SQL
from cid.ports import Batches, Clock, Provider, Publisher, Robots, SourceReader, Trends
from cid.queue.limits import Turns
from cid.services import Outside, Services
from cid.settings import Settings
from cid.sources.gdelt import GdeltReader, GdeltSearch
from cid.sources.gdelt_files import GdeltFiles
from cid.sources.google_news import GoogleNewsReader
from cid.sources.industries import load_industries
from cid.sources.pace import Pace
from cid.sources.page import ListReader
from cid.sources.rss import RssReader
from cid.sources.sample import SampleReader
from cid.sources.serpapi import SerpApiReader
from cid.sources.telegram import TelegramReader
from cid.sources.telegram_bot import TelegramBotReader
from cid.sources.x import XReader
from cid.store import tenants
from cid.web.app import make_app
from cid.workers.parts import Part

CONFIG = SQL.parent / "config"


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


def model_checks(settings: Settings) -> list[Check]:
    """Which models answer, whether there is a key for each, and what each costs."""
    try:
        models, prices = _models(settings), load_prices(CONFIG / "prices.toml")
        today = SystemClock().now().date()
        found = _tape_check(settings)
        for tier, chain in models.tiers.items():
            for choice in chain:
                if choice.provider != OFFLINE:
                    prices.at(choice, today, 0)
            found.append(_chain_check(settings, f"model for {tier}", chain))
    except Misconfigured as error:
        return [fail("models", str(error), "Correct config/models.toml and config/prices.toml.")]
    return found


def key_checks(settings: Settings) -> list[Check]:
    """What gates ask outside of models, and whether its key is there. A warning: each goes on without, and says so."""
    found = []
    if settings.trends.provider is TrendsProvider.SERPAPI and TRENDS_KEY not in settings.source_keys:
        what = "[trends] asks SerpApi, and there is no key: gate 3 goes by publishers alone"
        remedy = f'Set {TRENDS_KEY}, or provider = "trending_rss" or "none" in config/default.toml.'
        found.append(warn("search interest", what, remedy))
    if settings.gates.evidence.tier and SEARCH_KEY not in settings.source_keys:
        what = "no key for web searches: drafts stand on the story's own reports"
        found.append(warn("web search", what, f"Set {SEARCH_KEY}, or tier = 0 in config/gates.toml [evidence]."))
    return found


def _chain_check(settings: Settings, name: str, chain: Sequence[Choice]) -> Check:
    """Who of a chain can be asked; one is enough."""
    keys = {choice: settings_module.key_of(choice.provider, settings.endpoints) for choice in chain}
    can = [
        str(choice)
        for choice, key in keys.items()
        if choice.provider == OFFLINE or not key or settings.tape is TapeMode.REPLAY or key in settings.provider_keys
    ]
    if can:
        return ok(name, ", then ".join(can))
    remedy = (
        f"Set {' or '.join(dict.fromkeys(keys.values()))}, or name another model in config/models.toml or CID_MODELS."
    )
    return warn(name, f"{', '.join(map(str, chain))}: no key", remedy)


def _tape_check(settings: Settings) -> list[Check]:
    """Whoever sees answers should know that they come from files."""
    name, files = "recorded replies", len(list(settings.tapes.glob("*.json")))
    match settings.tape:
        case TapeMode.LIVE:
            return []
        case TapeMode.RECORD:
            said = f"models answer, and {settings.tapes} keeps it ({files} so far)"
        case TapeMode.REPLAY:
            said = f"no model is asked: all answers come from {files} recordings in {settings.tapes}"
    return [warn(name, said, "Unset CID_TAPE to let models answer live.")]


def _models(settings: Settings) -> Models:
    return load_models(CONFIG / "models.toml").with_tiers(**settings.models)


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
            llm=(router := _router(settings, db, platform, clock, stack)),
            outside=Outside(
                http=http,
                children=children,
                sources=_readers(settings, http, children, clock, db=db, robots=pages),
                channels=_channels(settings, http, clock, vault, platform, children=children),
                pages=pages,
                trends=_trends(settings, http, children, clock, db),
                search=_search(settings, http, children, clock, db=db),
                images=_images(settings, http, children, clock),
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
            ways=_ways(settings),
            industries=load_industries(CONFIG / "default_sources.toml"),
            trends=settings.trends,
            analysis=settings.analysis,
            angles=settings_module.angle_patterns(),
            narratives=settings_module.narratives(),
            classifier=settings_module.classifier(settings),
        )


def mailer_of(settings: Settings, clock: Clock) -> SmtpMailer | None:
    """None: no mail server is set."""
    mail = settings.mail
    if mail.relay is None:
        return None
    return SmtpMailer(
        mail.relay,
        clock,
        sender=mail.sender,
        password=mail.password.value if mail.password else "",
        greets_as=urlsplit(settings.base_url).hostname or "localhost",
    )


async def mail_check(settings: Settings) -> Check:
    """Whether the mail server lets us in. It is asked: only then a password that was changed there is seen here."""
    name, mailer = "mail", mailer_of(settings, SystemClock())
    if mailer is None:
        return warn(name, "no mail server is set: invitations and digests wait", "Set CID_SMTP and CID_MAIL_FROM.")
    try:
        await mailer.look()
    except (Misconfigured, Upstream) as error:
        return warn(name, str(error), "Correct CID_SMTP and CID_SMTP_PASSWORD, or see to the server.")
    return ok(name, f"{settings.mail.sender} by {settings.mail.relay.host if settings.mail.relay else ''}")


def _readers(
    settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, *, db: AppDb, robots: Robots
) -> dict[SourceKind, SourceReader]:
    """One per kind, with or without its key: a missing one is named by whatever source wants it."""
    at = settings.sources

    def pace(what: str, domain: str) -> Pace:
        return Pace(clock, what, every_s=settings.gates.polling.apart(domain).total_seconds())

    purse = _purse(settings, db, clock)
    files = GdeltFiles(http, children, clock, settings.data / "gdelt", at.gdelt_files)
    search = GdeltSearch(http, children, clock, pace("GDELT's search", "api.gdeltproject.org"), at.gdelt_search)
    google = pace("Google News", "news.google.com")

    def key(variable: str) -> str:
        secret = settings.source_keys.get(variable)
        return secret.value if secret else ""

    return {
        SourceKind.RSS: RssReader(http, children, clock),
        SourceKind.GOOGLE_NEWS: GoogleNewsReader(http, children, clock, google, at.google_news),
        SourceKind.GDELT: GdeltReader(files, children, search),
        SourceKind.SERPAPI: SerpApiReader(http, children, clock, purse, key=key("SERPAPI_KEY"), base=at.serpapi),
        SourceKind.X: XReader(http, clock, purse, token=key("X_BEARER_TOKEN"), api=at.x),
        SourceKind.TELEGRAM: TelegramReader(http, children, clock, place=at.telegram),
        SourceKind.TELEGRAM_BOT: TelegramBotReader(http, clock, token=key("TELEGRAM_BOT_TOKEN"), api=at.telegram_bot),
        SourceKind.PAGE: ListReader(http, children, clock, robots),
        SourceKind.SAMPLE: SampleReader(CONFIG / "sample", clock),
    }


def _ways(settings: Settings) -> tuple[Via, ...]:
    """What runs can ask here: what wants a key and has none is left out."""
    keys = {Via.SERPAPI: "SERPAPI_KEY", Via.X: "X_BEARER_TOKEN"}
    wanted = (*settings.fetching.news, Via.X, Via.TELEGRAM)
    return tuple(via for via in wanted if via not in keys or keys[via] in settings.source_keys)


def _channels(
    settings: Settings, http: GuardedHttp, clock: SystemClock, vault: Vault, platform: WorkerDb, *, children: ChildPool
) -> dict[ChannelKind, Publisher]:
    """One per kind of channel; secrets are opened when they are used."""
    return {
        ChannelKind.SITE: SitePublisher(settings.data / "site"),
        ChannelKind.WORDPRESS: WordPressPublisher(http, vault, children),
        ChannelKind.DEVTO: DevTo(http, vault, Turns(platform, clock)),
        ChannelKind.GHOST: Ghost(http, vault, clock),
    }


def _trends(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, db: AppDb) -> Trends | None:
    """A missing key is named in every verdict that wants it."""
    match settings.trends.provider:
        case TrendsProvider.NONE:
            return None
        case TrendsProvider.TRENDING_RSS:
            return TrendingRss(http, children, clock, settings.sources.trends)
        case TrendsProvider.SERPAPI:
            secret = settings.source_keys.get("SERPAPI_KEY")
            purse = Purse(db, clock, caps=_models(settings).caps, prices=load_read_prices(CONFIG / "prices.toml"))
            key = secret.value if secret else ""
            return SerpApiTrends(http, children, clock, purse, key=key, base=settings.sources.serpapi)


def _search(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, *, db: AppDb) -> Serper:
    """Made without its key, too: what is missing is said where it would have found evidence."""
    secret = settings.source_keys.get(SEARCH_KEY)
    key = secret.value if secret else ""
    return Serper(http, children, clock, _purse(settings, db, clock), key=key, base=settings.sources.serper)


def _images(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock) -> Pexels | None:
    secret = settings.source_keys.get(PICTURES_KEY)
    return Pexels(http, children, clock, key=secret.value, base=settings.sources.pexels) if secret else None


def _purse(settings: Settings, db: AppDb, clock: SystemClock) -> Purse:
    return Purse(db, clock, caps=_models(settings).caps, prices=load_read_prices(CONFIG / "prices.toml"))


def _router(settings: Settings, db: AppDb, platform: WorkerDb, clock: SystemClock, stack: AsyncExitStack) -> Router:
    models, prices = _models(settings), load_prices(CONFIG / "prices.toml")
    vendors = _vendors(settings, models)
    for vendor in vendors:
        stack.push_async_callback(vendor.close)
    lacking = _lacking(settings, [vendor.name for vendor in vendors])
    return Router(
        db,
        clock,
        models=models,
        prices=prices,
        prompts=Prompts.load(CONFIG / "prompts"),
        providers=[Offline(), *(_taped(settings, vendor, models) for vendor in vendors)],
        lacking=lacking,
        room=WaitingRoom(
            db,
            platform,
            clock,
            models=models,
            prices=prices,
            batches=_rooms(settings, [vendor for vendor in vendors if vendor.name not in lacking]),
        ),
    )


def _taped(settings: Settings, provider: Provider, models: Models) -> Provider:
    """What offline computes is not recorded: it is the same every time."""
    if settings.tape is TapeMode.LIVE:
        return provider
    return Tape(provider, settings.tape, settings.tapes, models.of_provider(provider.name))


def _lacking(settings: Settings, providers: Iterable[str]) -> dict[str, str]:
    """Provider → why it cannot be asked: the names of the keys that are missing. A replay needs none."""
    if settings.tape is TapeMode.REPLAY:
        return {}
    keys = {name: settings_module.key_of(name, settings.endpoints) for name in providers}
    return {
        name: f"there is no key: set {key}" for name, key in keys.items() if key and key not in settings.provider_keys
    }


def _vendors(settings: Settings, models: Models) -> list[Anthropic | Google | OpenAi]:
    """One provider per vendor and endpoint, with or without its key: a missing one is named when it is wanted."""
    endpoints = {endpoint.name: endpoint for endpoint in settings.endpoints}

    def key(variable: str) -> str:
        secret = settings.provider_keys.get(variable)
        return secret.value if secret else ""

    def compatible(name: str) -> OpenAi:
        variable = settings_module.key_of(name, settings.endpoints)
        base_url = endpoints[name].base_url if name in endpoints else ""
        traits = models.of_provider(name)
        return OpenAi(name, key(variable), traits=traits, base_url=base_url, keyless=not variable, key=variable)

    return [
        Anthropic(key("ANTHROPIC_API_KEY"), traits=models.of_provider("anthropic")),
        Google(key("GOOGLE_API_KEY"), traits=models.of_provider("google")),
        *(compatible(name) for name in dict.fromkeys(("openai", *endpoints))),
    ]


def _rooms(settings: Settings, vendors: Iterable[Anthropic | Google | OpenAi]) -> list[Batches]:
    """None while replies are recorded or replayed: what a batch answers passes no tape, and a replay calls nobody."""
    if settings.tape is not TapeMode.LIVE:
        return []
    return [batches for vendor in vendors if (batches := _batches(vendor))]


def _batches(vendor: Anthropic | Google | OpenAi) -> Batches | None:
    """None: it has no batch API."""
    match vendor:
        case Anthropic():
            return AnthropicBatches(vendor)
        case Google():
            return GoogleBatches(vendor)
        case OpenAi(name="openai"):
            return OpenAiBatches(vendor)
    return None


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
