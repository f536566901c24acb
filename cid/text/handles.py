"""Names of accounts and channels, as people write them: bare, with @, or as an address."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cid.domain.errors import Refused

X_HOSTS = ("x.com", "twitter.com", "mobile.twitter.com")
TELEGRAM_HOSTS = ("t.me", "telegram.me")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


def account(text: str) -> str:
    """An account at X, in lower case. Raises Refused."""
    name = _name(text, X_HOSTS)
    if not _HANDLE.fullmatch(name):
        raise Refused("An account at X has up to 15 letters, digits and underscores.")
    return name.lower()


def channel(text: str) -> str:
    """A channel or bot at Telegram, in lower case. Raises Refused."""
    name = _name(text, TELEGRAM_HOSTS)
    if not _CHANNEL.fullmatch(name):
        raise Refused("A channel's or bot's name at Telegram has 4 to 32 letters, digits and underscores.")
    return name.lower()


def _name(text: str, hosts: tuple[str, ...]) -> str:
    """Of `name`, `@name`, or an address at one of the hosts."""
    if "/" in text:
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
        except ValueError:
            raise Refused(f"That is no address at {hosts[0]}: give one, or the name alone.") from None
        if (parts.hostname or "").removeprefix("www.") not in hosts:
            raise Refused(f"That is no address at {hosts[0]}: give one, or the name alone.")
        text = parts.path.strip("/").removeprefix("s/").partition("/")[0]
    return text.removeprefix("@")
