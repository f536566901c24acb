"""What can be set, parsed once into frozen values. The only reader of the environment and of config/*.toml."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from cid.briefing import catalogue, classify
from cid.briefing.classify import Classifier
from cid.briefing.concepts import Concepts
from cid.domain.errors import Misconfigured
from cid.domain.mail import Relay
from cid.domain.policy import GatePolicy
from cid.domain.run import WAYS, Platform
from cid.domain.searching import SourceRules
from cid.domain.structures import PartKind, Structure
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
from cid.gates import angles
from cid.llm.endpoints import Endpoint, load_endpoints
from cid.render import disclosure
from cid.text.names import email_of
from cid.text.relays import relay_of, sender_of
from cid.text.typed import convert, duration, into

CONFIG = Path(__file__).resolve().parents[1] / "config"
PROVIDER_KEYS = ("ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY")
SOURCE_KEYS = ("SERPAPI_KEY", "X_BEARER_TOKEN", "TELEGRAM_BOT_TOKEN", "SERPER_API_KEY", "PEXELS_API_KEY")
TIERS = ("cheap", "quality")
OFFLINE_MODEL = "offline/extracts-1"


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
class _Concepts:
    concepts: Mapping[str, tuple[str, ...]]


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


def read(env: Mapping[str, str] | None = None, config: Path = CONFIG) -> Settings:
    """Raises Misconfigured with one sentence: which setting, what is wrong with it."""
    values = os.environ if env is None else env
    tables = into(Tables, _toml(config / "default.toml"), "config/default.toml")
    web = _web(tables.web, values)
    endpoints = load_endpoints(config / "models.toml")
    _disclosures()
    return Settings(
        data=Path(values.get("CID_DATA") or "data"),
        web=web,
        pools=tables.pools,
        queue=_queue(tables.queue, values),
        gates=_gates(config),
        schedule=tuple(
            into(Periodic, {"name": name, **table}, f"config/schedule.toml [{name}]")
            for name, table in _toml(config / "schedule.toml").items()
        ),
        retention=into(Retention, _toml(config / "retention.toml"), "config/retention.toml"),
        log_format=convert(LogFormat, (values.get("CID_LOG") or "auto").lower(), "CID_LOG"),
        pg_bindir=values.get("PG_BINDIR") or None,
        database_url=_secret(values, "DATABASE_URL"),
        database_url_app=_secret(values, "DATABASE_URL_APP"),
        database_url_worker=_secret(values, "DATABASE_URL_WORKER"),
        secret_key=_secret(values, "CID_SECRET_KEY"),
        old_secret_keys=_old_keys(values),
        provider_keys={name: found for name in _key_names(endpoints) if (found := _secret(values, name))},
        source_keys={name: found for name in SOURCE_KEYS if (found := _secret(values, name))},
        sources=_sources(tables.sources, values),
        trends=tables.trends,
        analysis=_analysis(tables.analysis),
        source_rules=into(SourceRules, _toml(config / "evidence.toml"), "config/evidence.toml"),
        fetching=_fetching(config),
        endpoints=endpoints,
        models=_models(values.get("CID_MODELS", "")),
        environment=(environment := _environment(values)),
        tape=_tape(values, environment),
        tapes=Path(values.get("CID_TAPES") or "tapes").absolute(),
        allow_local=frozenset(part for part in re.split(r"[,\s]+", values.get("CID_ALLOW_LOCAL", "")) if part),
        mail=_mail(values),
        metrics_token=_secret(values, "CID_METRICS_TOKEN"),
        gate5=_on(values, "CID_GATE5"),
        narrative_model=Path(model).absolute() if (model := values.get("CID_NARRATIVE_MODEL")) else None,
        poll_interval=_seconds(values, "CID_POLL_INTERVAL"),
    )


def _analysis(tuning: AnalysisTuning) -> AnalysisTuning:
    if tuning.batch_most < 1 or tuning.open_most < tuning.batch_most:
        raise Misconfigured("config/default.toml [analysis]: batch_most is 1 or more, and open_most no less than that.")
    return tuning


def _fetching(config: Path) -> FetchTuning:
    tuning = into(FetchTuning, _toml(config / "analysis.toml"), "config/analysis.toml")
    if strange := [via for via in tuning.news if via not in WAYS[Platform.NEWS]]:
        raise Misconfigured(f"config/analysis.toml: news cannot be had by {strange[0]}.")
    return tuning


def _disclosures() -> None:
    try:
        disclosure.load(disclosure.FILE)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"config/disclosure.toml: {error}") from error


def _gates(config: Path) -> GatePolicy:
    policy = into(GatePolicy, _toml(config / "gates.toml"), "config/gates.toml")
    return replace(policy, drafting=replace(policy.drafting, structures=load_structures(config / "structures")))


def load_structures(folder: Path) -> tuple[Structure, ...]:
    """Of every file, by its name. Raises Misconfigured: also where one begins with anything but an opening."""
    found = tuple(
        into(Structure, {"name": path.stem, **_toml(path)}, f"config/structures/{path.name}")
        for path in sorted(folder.glob("*.toml"))
    )
    if not found:
        raise Misconfigured(f"There is no structure in {folder}: put one back.")
    for structure in found:
        if [part.kind for part in structure.body].count(PartKind.OPENING) != 1 or not structure.opens:
            raise Misconfigured(f"config/structures/{structure.name}.toml does not begin with its one opening.")
    return found


def angle_patterns(config: Path = CONFIG) -> angles.Patterns:
    """Raises Misconfigured."""
    return angles.read(_toml(config / "angles.toml"))


def concepts(config: Path = CONFIG) -> Concepts:
    """Of config/concepts.toml. Raises Misconfigured."""
    try:
        return Concepts(into(_Concepts, _toml(config / "concepts.toml"), "config/concepts.toml").concepts)
    except ValueError as error:
        raise Misconfigured(f"config/concepts.toml: {error}.") from error


def narratives(config: Path = CONFIG) -> catalogue.Catalogue:
    """Raises Misconfigured."""
    return catalogue.read({path.stem: _toml(path) for path in sorted((config / "narratives").glob("*.toml"))})


def classifier(settings: Settings) -> Classifier | None:
    """None: none is set. Raises Misconfigured."""
    path = settings.narrative_model
    return classifier_in(path, f"CID_NARRATIVE_MODEL names {path}:") if path else None


def classifier_in(path: Path, said: str) -> Classifier:
    """Raises Misconfigured, a sentence that begins with `said`."""
    try:
        with path.open("rb") as file:
            return classify.load(file.read(classify.LARGEST + 1))
    except OSError as error:
        raise Misconfigured(f"{said} it cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise Misconfigured(f"{said} {error}. `cid narratives train` makes another.") from error


def secret_key(settings: Settings) -> bytes:
    """At least 32 bytes: CID_SECRET_KEY, else data/secret.key, made by whoever comes first."""
    if settings.secret_key:
        key = settings.secret_key.value.encode()
        if len(key) < 32:
            raise Misconfigured("CID_SECRET_KEY has fewer than 32 characters: make one with `openssl rand -hex 32`.")
        return key
    path = settings.data / "secret.key"
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and linked: two first runs at once agree on one key, and nobody reads half of it.
            fresh = settings.data / f"secret.key.{os.getpid()}"
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(fresh, path)
            except FileExistsError:
                return path.read_bytes().strip()
            finally:
                fresh.unlink()
        key = path.read_bytes().strip()
    except OSError as error:
        raise Misconfigured(
            f"The data folder {settings.data.absolute()} cannot be used ({error.strerror}): give another with --data."
        ) from error
    if len(key) < 32:
        raise Misconfigured(f"{path} is damaged: restore it from a backup; what it encrypted cannot be read without.")
    return key


def key_of(provider: str, endpoints: Iterable[Endpoint] = ()) -> str:
    """The environment variable that holds a provider's key; empty where none is asked for."""
    named = {endpoint.name: endpoint.key for endpoint in endpoints}
    return named.get(provider, f"{provider.upper()}_API_KEY")


def _key_names(endpoints: Iterable[Endpoint]) -> list[str]:
    return list(dict.fromkeys((*PROVIDER_KEYS, *(endpoint.key for endpoint in endpoints if endpoint.key))))


def effective(settings: Settings) -> dict[str, Any]:
    """Every setting under its dotted name as plain JSON values; secrets only as "set" or "missing"."""
    shown = _plain(settings, "")
    for name in _key_names(settings.endpoints):
        shown[name] = "set" if name in settings.provider_keys else "missing"
    for name in SOURCE_KEYS:
        shown[name] = "set" if name in settings.source_keys else "missing"
    return shown


def _plain(value: Any, prefix: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    hints = get_type_hints(type(value))
    for item in fields(value):
        name, inner = prefix + item.name, getattr(value, item.name)
        if item.name in {"provider_keys", "source_keys"}:
            continue
        if Secret in (hints[item.name], *get_args(hints[item.name])):
            shown[name] = "set" if inner else "missing"
        elif is_dataclass(inner):
            shown |= _plain(inner, name + ".")
        elif isinstance(inner, tuple) and inner and is_dataclass(inner[0]):
            for element in inner:
                shown |= _plain(element, f"{name}.{getattr(element, 'name', '')}.")
        else:
            shown[name] = _json(inner)
    return shown


def _json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value if isinstance(value, int | float | str | tuple | None) else str(value)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.") from error


def _secret(env: Mapping[str, str], name: str) -> Secret | None:
    if env.get(name):
        return Secret(env[name])
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Secret(Path(path).read_text().strip())
    except OSError as error:
        raise Misconfigured(f"{name}_FILE names {path}, which cannot be read ({error.strerror}).") from error


def _old_keys(env: Mapping[str, str]) -> tuple[Secret, ...]:
    whole = _secret(env, "CID_OLD_SECRET_KEYS")
    found = tuple(Secret(part) for part in re.split(r"[,\s]+", whole.value) if part) if whole else ()
    if any(len(key.value) < 32 for key in found):
        raise Misconfigured("CID_OLD_SECRET_KEYS holds a key of fewer than 32 characters.")
    return found


def _web(web: WebSettings, env: Mapping[str, str]) -> WebSettings:
    port = env.get("PORT") or str(web.port)
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise Misconfigured(f"PORT is {port!r}: give a number from 1 to 65535.")
    base_url = env.get("CID_BASE_URL") or web.base_url
    if base_url and not re.fullmatch(r"https?://[^/\s]+(/[^\s?#]*)?", base_url):
        raise Misconfigured(f"CID_BASE_URL is {base_url!r}: give an address like https://desk.example.org.")
    return WebSettings(
        host=env.get("CID_HOST") or web.host,
        port=int(port),
        base_url=base_url,
        trusted_proxies=_proxies(env.get("CID_TRUSTED_PROXIES") or ",".join(web.trusted_proxies)),
    )


def _proxies(text: str) -> tuple[str, ...]:
    """As networks. Nobody is believed unless named: who could write X-Forwarded-For would never be throttled."""
    found = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        try:
            found.append(str(ipaddress.ip_network(part)))
        except ValueError as error:
            raise Misconfigured(
                f"CID_TRUSTED_PROXIES: {part!r} is neither an address nor a network such as 10.0.0.0/8."
            ) from error
    return tuple(found)


def _mail(env: Mapping[str, str]) -> MailSettings:
    given, sender, unsubscribe = (env.get(f"CID_{name}") or "" for name in ("SMTP", "MAIL_FROM", "MAIL_UNSUBSCRIBE"))
    relay, password = relay_of(given) if given else None, _secret(env, "CID_SMTP_PASSWORD")
    if relay and not sender:
        raise Misconfigured("CID_SMTP is set and CID_MAIL_FROM is not: say whom mail comes from.")
    if relay and bool(relay.user) != bool(password):
        raise Misconfigured("CID_SMTP wants a user with CID_SMTP_PASSWORD, or neither.")
    if unsubscribe and email_of(unsubscribe) is None:
        raise Misconfigured(f"CID_MAIL_UNSUBSCRIBE is {unsubscribe[:80]!r}: give a mail address.")
    sender = sender_of(sender) if sender else ""
    return MailSettings(relay=relay, password=password, sender=sender, unsubscribe=unsubscribe)


def _queue(tuning: QueueTuning, env: Mapping[str, str]) -> QueueTuning:
    grace = _seconds(env, "GRACE")
    if grace is None:
        return tuning
    return QueueTuning(**{item.name: getattr(tuning, item.name) for item in fields(tuning)} | {"grace": grace})


def _sources(tuning: SourcesTuning, env: Mapping[str, str]) -> SourcesTuning:
    """CID_SOURCES_AT: "gdelt_files=http://127.0.0.1:8901/gdelt,x=…", for trials against servers of one's own."""
    places = {item.name for item in fields(tuning) if item.type == "str"}
    chosen: dict[str, Any] = {}
    for part in filter(None, re.split(r"[,\s]+", env.get("CID_SOURCES_AT", ""))):
        name, _, address = part.partition("=")
        if name not in places or not re.fullmatch(r"https?://[^\s?#]+", address):
            raise Misconfigured(f"CID_SOURCES_AT: {part!r} is not NAME=URL with a name of {', '.join(sorted(places))}.")
        chosen[name] = address.rstrip("/")
    return replace(tuning, **chosen)


def _environment(env: Mapping[str, str]) -> Environment:
    """Whoever says nothing runs in production: what is refused there must not be let in by forgetting."""
    return Environment(convert(Environment, env.get("CID_ENV") or Environment.PRODUCTION.value, "CID_ENV"))


def _tape(env: Mapping[str, str], environment: Environment) -> TapeMode:
    tape = TapeMode(convert(TapeMode, env.get("CID_TAPE") or TapeMode.LIVE.value, "CID_TAPE"))
    if tape is not TapeMode.LIVE and environment is Environment.PRODUCTION:
        raise Misconfigured(
            f"CID_TAPE is {tape} in production, where models answer live: unset it, or set CID_ENV=development or test."
        )
    return tape


def _on(env: Mapping[str, str], name: str) -> bool:
    """On where nothing is said. A word that is neither is refused: what was meant as off must not leave it on."""
    text = env.get(name, "").strip().lower() or "on"
    if text not in {"on", "off"}:
        raise Misconfigured(f"{name} is {text[:40]!r}: say on or off.")
    return text == "on"


def _seconds(env: Mapping[str, str], name: str) -> timedelta | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return duration(text, name)
    if not 0 < seconds < 1e7:
        raise Misconfigured(f"{name} is {text!r}: give seconds, more than 0.")
    return timedelta(seconds=seconds)


def _models(text: str) -> dict[str, str]:
    """From "cheap=anthropic/claude-…,quality=anthropic/claude-…", or "offline" for every tier."""
    if text.strip() == "offline":
        return dict.fromkeys(TIERS, OFFLINE_MODEL)
    chosen: dict[str, str] = {}
    for part in re.split(r"[,\s]+", text.strip()):
        if not part:
            continue
        tier, equals, model = part.partition("=")
        if not equals or tier not in TIERS or not model:
            raise Misconfigured(f"CID_MODELS: {part!r} is not tier=provider/model with a tier of {', '.join(TIERS)}.")
        chosen[tier] = model
    return chosen
