"""The adapters to everything that is not ours: sources, channels, searches, pictures, mail."""

from __future__ import annotations

from urllib.parse import urlsplit

from cid import settings as settings_module
from cid.bootstrap.models import purse_of
from cid.channels.devto import DevTo
from cid.channels.ghost import Ghost
from cid.channels.site import SitePublisher
from cid.channels.wordpress import WordPressPublisher
from cid.domain.news import SourceKind
from cid.domain.publication import ChannelKind
from cid.domain.run import Via
from cid.domain.tuning import TrendsProvider
from cid.outside.children import ChildPool
from cid.outside.clock import SystemClock
from cid.outside.http import GuardedHttp
from cid.outside.pexels import KEY as PICTURES_KEY
from cid.outside.pexels import Pexels
from cid.outside.serper import KEY as SEARCH_KEY
from cid.outside.serper import Serper
from cid.outside.smtp import SmtpMailer
from cid.outside.trends import SerpApiTrends, TrendingRss
from cid.outside.vault import Vault
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Clock, Publisher, Robots, SourceReader, Trends
from cid.queue.limits import Turns
from cid.settings import Settings
from cid.sources.gdelt import GdeltReader, GdeltSearch
from cid.sources.gdelt_files import GdeltFiles
from cid.sources.google_news import GoogleNewsReader
from cid.sources.pace import Pace
from cid.sources.page import ListReader
from cid.sources.rss import RssReader
from cid.sources.sample import SampleReader
from cid.sources.serpapi import SerpApiReader
from cid.sources.telegram import TelegramReader
from cid.sources.telegram_bot import TelegramBotReader
from cid.sources.x import XReader


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


def readers(
    settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, *, db: AppDb, robots: Robots
) -> dict[SourceKind, SourceReader]:
    """One per kind, with or without its key: a missing one is named by whatever source wants it."""
    at = settings.sources

    def pace(what: str, domain: str) -> Pace:
        return Pace(clock, what, every_s=settings.gates.polling.apart(domain).total_seconds())

    purse = purse_of(settings, db, clock)
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
        SourceKind.SAMPLE: SampleReader(settings_module.CONFIG / "sample", clock),
    }


def ways(settings: Settings) -> tuple[Via, ...]:
    """What runs can ask here: what wants a key and has none is left out."""
    keys = {Via.SERPAPI: "SERPAPI_KEY", Via.X: "X_BEARER_TOKEN"}
    wanted = (*settings.fetching.news, Via.X, Via.TELEGRAM)
    return tuple(via for via in wanted if via not in keys or keys[via] in settings.source_keys)


def channels(
    settings: Settings, http: GuardedHttp, clock: SystemClock, vault: Vault, platform: WorkerDb, *, children: ChildPool
) -> dict[ChannelKind, Publisher]:
    """One per kind of channel; secrets are opened when they are used."""
    return {
        ChannelKind.SITE: SitePublisher(settings.data / "site"),
        ChannelKind.WORDPRESS: WordPressPublisher(http, vault, children),
        ChannelKind.DEVTO: DevTo(http, vault, Turns(platform, clock)),
        ChannelKind.GHOST: Ghost(http, vault, clock),
    }


def trends(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, db: AppDb) -> Trends | None:
    """A missing key is named in every verdict that wants it."""
    match settings.trends.provider:
        case TrendsProvider.NONE:
            return None
        case TrendsProvider.TRENDING_RSS:
            return TrendingRss(http, children, clock, settings.sources.trends)
        case TrendsProvider.SERPAPI:
            secret = settings.source_keys.get("SERPAPI_KEY")
            purse = purse_of(settings, db, clock)
            key = secret.value if secret else ""
            return SerpApiTrends(http, children, clock, purse, key=key, base=settings.sources.serpapi)


def search(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock, *, db: AppDb) -> Serper:
    """Made without its key, too: what is missing is said where it would have found evidence."""
    secret = settings.source_keys.get(SEARCH_KEY)
    key = secret.value if secret else ""
    return Serper(http, children, clock, purse_of(settings, db, clock), key=key, base=settings.sources.serper)


def images(settings: Settings, http: GuardedHttp, children: ChildPool, clock: SystemClock) -> Pexels | None:
    secret = settings.source_keys.get(PICTURES_KEY)
    return Pexels(http, children, clock, key=secret.value, base=settings.sources.pexels) if secret else None
