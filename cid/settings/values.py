"""What can be set, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from cid.domain.mail import Relay
from cid.domain.policy import GatePolicy
from cid.domain.searching import SourceRules
from cid.domain.tuning import (
    AnalysisTuning,
    Environment,
    FetchTuning,
    Periodic,
    QueueTuning,
    Retention,
    SourcesTuning,
    TapeMode,
    TrendsTuning,
)
from cid.llm.endpoints import Endpoint


class Secret:
    """A value that shows itself only when asked by name."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(…)"


class LogFormat(StrEnum):
    AUTO = "auto"
    """Console when a person watches, JSON otherwise."""
    CONSOLE = "console"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For is believed (CID_TRUSTED_PROXIES)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    relay: Relay | None = None
    """None: no mail goes out."""
    password: Secret | None = None
    sender: str = ""
    unsubscribe: str = ""
    """Where people may also write to be left in peace; empty: nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSizes:
    app: int = 10
    worker: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The sections of config/default.toml."""

    web: WebSettings = field(default_factory=WebSettings)
    pools: PoolSizes = field(default_factory=PoolSizes)
    queue: QueueTuning = field(default_factory=QueueTuning)
    sources: SourcesTuning = field(default_factory=SourcesTuning)
    trends: TrendsTuning = field(default_factory=TrendsTuning)
    analysis: AnalysisTuning = field(default_factory=AnalysisTuning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: Path
    web: WebSettings
    pools: PoolSizes
    queue: QueueTuning
    gates: GatePolicy
    schedule: tuple[Periodic, ...]
    retention: Retention
    log_format: LogFormat = LogFormat.AUTO
    pg_bindir: str | None = None
    database_url: Secret | None = None
    """The owner's: for migrations and the doctor only. None: an embedded Postgres in `data`."""
    database_url_app: Secret | None = None
    database_url_worker: Secret | None = None
    secret_key: Secret | None = None
    """None: made on the first run and kept in `data`/secret.key."""
    old_secret_keys: tuple[Secret, ...] = ()
    """Keys that were the desk's before (CID_OLD_SECRET_KEYS): read with, never written with."""
    provider_keys: Mapping[str, Secret] = field(default_factory=dict)
    """By environment variable: those of `PROVIDER_KEYS`, and what the endpoints name."""
    source_keys: Mapping[str, Secret] = field(default_factory=dict)
    """By environment variable, those of `SOURCE_KEYS`: what lets us in where a kind of source wants a key."""
    sources: SourcesTuning = field(default_factory=SourcesTuning)
    trends: TrendsTuning = field(default_factory=TrendsTuning)
    analysis: AnalysisTuning = field(default_factory=AnalysisTuning)
    source_rules: SourceRules = field(default_factory=SourceRules)
    """Who speaks at a host."""
    fetching: FetchTuning = field(default_factory=FetchTuning)
    endpoints: tuple[Endpoint, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    """Tier → "provider/model", over what config/models.toml says."""
    environment: Environment = Environment.PRODUCTION
    tape: TapeMode = TapeMode.LIVE
    tapes: Path = Path("tapes")
    """The folder of recorded replies."""
    allow_local: frozenset[str] = frozenset()
    """host:port targets that may be fetched although they are not public."""
    mail: MailSettings = field(default_factory=MailSettings)
    metrics_token: Secret | None = None
    """CID_METRICS_TOKEN: what lets a machine read /metrics."""
    gate5: bool = True
    """CID_GATE5: off holds every draft for a person, unread by any check."""
    narrative_model: Path | None = None
    """CID_NARRATIVE_MODEL, a file that `cid narratives train` made; None: the catalogue alone finds narratives."""
    poll_interval: timedelta | None = None
    """A fixed interval for every source, instead of the one that follows its habits."""

    @property
    def base_url(self) -> str:
        host = "localhost" if self.web.host in {"0.0.0.0", "::"} else self.web.host  # noqa: S104 - compared, not bound
        return self.web.base_url.rstrip("/") or f"http://{host}:{self.web.port}"
