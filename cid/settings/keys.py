"""The desk's own key, and the names of other people's."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable

from cid.domain.errors import Misconfigured
from cid.llm.endpoints import Endpoint
from cid.settings.values import Settings

PROVIDER_KEYS = ("ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY")
SOURCE_KEYS = ("SERPAPI_KEY", "X_BEARER_TOKEN", "TELEGRAM_BOT_TOKEN", "SERPER_API_KEY", "PEXELS_API_KEY")


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


def key_names(endpoints: Iterable[Endpoint]) -> list[str]:
    return list(dict.fromkeys((*PROVIDER_KEYS, *(endpoint.key for endpoint in endpoints if endpoint.key))))
