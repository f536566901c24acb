"""What environment variables say, each read once. A word that nobody can mean is refused with one sentence."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.tuning import (
    Environment,
    QueueTuning,
    SourcesTuning,
    TapeMode,
)
from cid.settings.values import MailSettings, Secret, WebSettings
from cid.text.names import email_of
from cid.text.relays import relay_of, sender_of
from cid.text.typed import convert, duration

TIERS = ("cheap", "quality")
OFFLINE_MODEL = "offline/extracts-1"


def secret(env: Mapping[str, str], name: str) -> Secret | None:
    if env.get(name):
        return Secret(env[name])
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Secret(Path(path).read_text().strip())
    except OSError as error:
        raise Misconfigured(f"{name}_FILE names {path}, which cannot be read ({error.strerror}).") from error


def old_keys(env: Mapping[str, str]) -> tuple[Secret, ...]:
    whole = secret(env, "CID_OLD_SECRET_KEYS")
    found = tuple(Secret(part) for part in re.split(r"[,\s]+", whole.value) if part) if whole else ()
    if any(len(key.value) < 32 for key in found):
        raise Misconfigured("CID_OLD_SECRET_KEYS holds a key of fewer than 32 characters.")
    return found


def web_of(web: WebSettings, env: Mapping[str, str]) -> WebSettings:
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


def mail_of(env: Mapping[str, str]) -> MailSettings:
    given, sender, unsubscribe = (env.get(f"CID_{name}") or "" for name in ("SMTP", "MAIL_FROM", "MAIL_UNSUBSCRIBE"))
    relay, password = relay_of(given) if given else None, secret(env, "CID_SMTP_PASSWORD")
    if relay and not sender:
        raise Misconfigured("CID_SMTP is set and CID_MAIL_FROM is not: say whom mail comes from.")
    if relay and bool(relay.user) != bool(password):
        raise Misconfigured("CID_SMTP wants a user with CID_SMTP_PASSWORD, or neither.")
    if unsubscribe and email_of(unsubscribe) is None:
        raise Misconfigured(f"CID_MAIL_UNSUBSCRIBE is {unsubscribe[:80]!r}: give a mail address.")
    sender = sender_of(sender) if sender else ""
    return MailSettings(relay=relay, password=password, sender=sender, unsubscribe=unsubscribe)


def queue_of(tuning: QueueTuning, env: Mapping[str, str]) -> QueueTuning:
    grace = seconds(env, "GRACE")
    if grace is None:
        return tuning
    return QueueTuning(**{item.name: getattr(tuning, item.name) for item in fields(tuning)} | {"grace": grace})


def sources_of(tuning: SourcesTuning, env: Mapping[str, str]) -> SourcesTuning:
    """CID_SOURCES_AT: "gdelt_files=http://127.0.0.1:8901/gdelt,x=…", for trials against servers of one's own."""
    places = {item.name for item in fields(tuning) if item.type == "str"}
    chosen: dict[str, Any] = {}
    for part in filter(None, re.split(r"[,\s]+", env.get("CID_SOURCES_AT", ""))):
        name, _, address = part.partition("=")
        if name not in places or not re.fullmatch(r"https?://[^\s?#]+", address):
            raise Misconfigured(f"CID_SOURCES_AT: {part!r} is not NAME=URL with a name of {', '.join(sorted(places))}.")
        chosen[name] = address.rstrip("/")
    return replace(tuning, **chosen)


def environment_of(env: Mapping[str, str]) -> Environment:
    """Whoever says nothing runs in production: what is refused there must not be let in by forgetting."""
    return Environment(convert(Environment, env.get("CID_ENV") or Environment.PRODUCTION.value, "CID_ENV"))


def tape_of(env: Mapping[str, str], environment: Environment) -> TapeMode:
    tape = TapeMode(convert(TapeMode, env.get("CID_TAPE") or TapeMode.LIVE.value, "CID_TAPE"))
    if tape is not TapeMode.LIVE and environment is Environment.PRODUCTION:
        raise Misconfigured(
            f"CID_TAPE is {tape} in production, where models answer live: unset it, or set CID_ENV=development or test."
        )
    return tape


def on(env: Mapping[str, str], name: str) -> bool:
    """On where nothing is said. A word that is neither is refused: what was meant as off must not leave it on."""
    text = env.get(name, "").strip().lower() or "on"
    if text not in {"on", "off"}:
        raise Misconfigured(f"{name} is {text[:40]!r}: say on or off.")
    return text == "on"


def seconds(env: Mapping[str, str], name: str) -> timedelta | None:
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


def models_of(text: str) -> dict[str, str]:
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
