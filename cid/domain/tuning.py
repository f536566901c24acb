"""Numbers of the running process that people may turn, read from config/*.toml once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from cid.domain.run import WAYS, Platform, Via


class WakeUps(StrEnum):
    """How a process hears of work that another one enqueued."""

    LISTEN = "listen"
    POLL = "poll"


class Environment(StrEnum):
    """What the desk is run for."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TEST = "test"


class TapeMode(StrEnum):
    """Where models' replies come from."""

    LIVE = "live"
    RECORD = "record"
    """From models, and kept on file."""
    REPLAY = "replay"
    """From files, and from nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTuning:
    """Defaults as config/default.toml has them, which says what each is for."""

    mode: WakeUps = WakeUps.LISTEN
    poll: timedelta = timedelta(seconds=2)
    move: timedelta = timedelta(milliseconds=500)
    reap: timedelta = timedelta(seconds=5)
    beat: timedelta = timedelta(seconds=5)
    silent: timedelta = timedelta(seconds=30)
    schedule: timedelta = timedelta(seconds=1)
    grace: timedelta = timedelta(seconds=20)
    statement: timedelta = timedelta(seconds=15)
    high_water: Mapping[str, int] = field(default_factory=dict)

    @property
    def pooled(self) -> bool:
        """Whether connections may lead through a pooler that gives every transaction another session."""
        return self.mode is WakeUps.POLL


class Missed(StrEnum):
    """What happens to a slot of a periodic job that nobody was there to take."""

    ONCE = "once"
    """Its job runs late, one for all that were missed."""
    SKIP = "skip"
    """Nothing: the next slot comes."""
    EACH = "each"
    """Each gets its job, as far as the last day goes and a hundred of them reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A job of the platform that is enqueued once in every multiple of `every`."""

    name: str
    every: timedelta
    missed: Missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what only grows is kept."""

    jobs_done: timedelta = timedelta(days=14)
    periodic_slots: timedelta = timedelta(days=7)
    workers: timedelta = timedelta(days=1)
    once_links: timedelta = timedelta(days=30)
    mail_texts: timedelta = timedelta(days=3)
    digest_days: timedelta = timedelta(days=400)
    sessions: timedelta = timedelta(days=1)
    proposals: timedelta = timedelta(days=180)
    article_texts: timedelta = timedelta(days=30)
    evidence_pages: timedelta = timedelta(days=30)
    contests: timedelta = timedelta(days=90)
    api_answers: timedelta = timedelta(hours=24)
    photo_searches: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisTuning:
    """The analysis desk. As config/default.toml has it."""

    batch_most: int = 5
    """Outlets of one batch."""
    open_most: int = 100
    """Runs of one tenant that are not over; who starts more is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesTuning:
    """Where searches and accounts are asked. As config/default.toml has it."""

    google_news: str = "https://news.google.com"
    gdelt_files: str = "http://data.gdeltproject.org/gdeltv2"
    gdelt_search: str = "https://api.gdeltproject.org"
    serpapi: str = "https://serpapi.com"
    x: str = "https://api.x.com"
    telegram: str = "https://t.me"
    telegram_bot: str = "https://api.telegram.org"
    serper: str = "https://google.serper.dev"
    pexels: str = "https://api.pexels.com"
    """Not a source: pictures are looked for there."""
    trends: str = "https://trends.google.com"
    """Not a source: how much is searched for something is asked there."""


class TrendsProvider(StrEnum):
    """Who says how much is searched for something."""

    NONE = "none"
    TRENDING_RSS = "trending_rss"
    """Google's list of what a country searches for most; free, and short."""
    SERPAPI = "serpapi"
    """Google Trends by way of SerpApi: any keyword, one paid search each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendsTuning:
    provider: TrendsProvider = TrendsProvider.NONE
    keep: timedelta = timedelta(hours=24)
    """How long an answer holds."""
    again: timedelta = timedelta(minutes=15)
    """After this a country's list is read anew, and what could not be told is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchTuning:
    """What runs ask about outlets, as config/analysis.toml has it."""

    news: tuple[Via, ...] = WAYS[Platform.NEWS]
    """In this order, where nobody says otherwise."""
