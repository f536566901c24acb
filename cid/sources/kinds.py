"""The kinds of sources: what each must be told, and whose the source then is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import SourceKind
from cid.sources import accounts, searches
from cid.sources.options import read, specs, stored
from cid.text import urls


class Takes(StrEnum):
    """What the address of a source is."""

    ADDRESS = "address"
    """An http address, by whoever adds the source."""
    AS_IT_IS = "as_it_is"
    """A name that the desk gives itself."""
    NOTHING = "nothing"
    """Made of the settings: nobody gives one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """Of kinds that are told everything by their address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    label: str
    settings: type = NoSettings
    address: Callable[[Any], str] | None = None
    """Settings → what is shown as the source's address and makes it one with others; for kinds that take none."""
    takes: Takes = Takes.ADDRESS
    private: bool = False
    """Always the tenant's own: it says what somebody looks into, or somebody pays for it."""
    sole: bool = False
    """Only one tenant can have it: what comes is for whoever the key belongs to, and comes once."""
    paid: bool = False
    """Each poll is charged, and counts for the tenant's budgets."""
    key: str = ""
    """The environment variable with what lets us in, where something must."""
    interval_s: int = 900
    """Between two polls where nobody says otherwise."""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A source as it is stored: what was asked for, in one spelling."""

    url: str
    config: Mapping[str, Json]
    private: bool


KINDS: Mapping[SourceKind, Kind] = {
    SourceKind.RSS: Kind(label="RSS, Atom or JSON Feed"),
    SourceKind.GOOGLE_NEWS: Kind(
        label="Google News search",
        settings=searches.GoogleNews,
        address=searches.google_news,
        takes=Takes.NOTHING,
        private=True,
        hint="Headlines only: the links lead through Google, so that no draft cites them.",
    ),
    SourceKind.GDELT: Kind(
        label="GDELT",
        settings=searches.Gdelt,
        address=searches.gdelt,
        takes=Takes.NOTHING,
        private=True,
        hint="The world's press, every quarter of an hour; free.",
    ),
    SourceKind.SERPAPI: Kind(
        label="SerpApi, Google News",
        settings=searches.SerpApi,
        address=searches.serpapi,
        takes=Takes.NOTHING,
        private=True,
        paid=True,
        key="SERPAPI_KEY",
        interval_s=21_600,
        hint="Each poll is one search of the plan that SERPAPI_KEY belongs to.",
    ),
    SourceKind.X: Kind(
        label="X, account or search",
        settings=accounts.X,
        address=accounts.x,
        takes=Takes.NOTHING,
        private=True,
        paid=True,
        key="X_BEARER_TOKEN",
        hint="Every post and user that comes is paid for, from the budgets of models.",
    ),
    SourceKind.TELEGRAM: Kind(
        label="Telegram channel",
        settings=accounts.Telegram,
        address=accounts.telegram,
        takes=Takes.NOTHING,
        hint="What the channel shows to everybody.",
    ),
    SourceKind.TELEGRAM_BOT: Kind(
        label="Telegram, own channels by a bot",
        settings=accounts.TelegramBot,
        address=accounts.telegram_bot,
        takes=Takes.NOTHING,
        private=True,
        sole=True,
        key="TELEGRAM_BOT_TOKEN",
        hint="The bot has to be administrator of the channels; no other program may read its updates.",
    ),
    SourceKind.PAGE: Kind(
        label="Web page without a feed",
        settings=accounts.Page,
        interval_s=1800,
        hint="Read as its robots.txt allows.",
    ),
    SourceKind.SAMPLE: Kind(label="Sample", takes=Takes.AS_IT_IS),
}
"""Every kind that can be polled; in the order of lists."""
OFFERED = MappingProxyType({kind: about for kind, about in KINDS.items() if about.takes is not Takes.AS_IT_IS})
"""What people can add."""
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+")
"""A name as it is asked for, beyond ASCII as IDNA has it, or a number; in lower case."""


def asked(kind: SourceKind, url: str, given: Mapping[str, Json]) -> Asked:
    """What is stored for such a wish. Raises Refused with a sentence about what is wrong with it."""
    about = OFFERED.get(kind)
    if about is None:
        raise Refused(f"Sources of the kind {kind} cannot be added here.")
    settings: object = read(about.settings, given)
    if about.address is None:
        where = _address(url)
    elif url.strip():
        raise Refused(f"A source of the kind {kind} takes no address, only settings.")
    else:
        where = about.address(settings)
    if len(where) > urls.LIMIT:
        raise Refused("That is longer than what can be asked for.")
    config = stored(settings)
    secret = any(spec.secret and spec.name in config for spec in specs(about.settings))
    return Asked(url=where, config=config, private=about.private or secret or urls.secret(where))


def title(kind: SourceKind, config: Mapping[str, Json]) -> str:
    """What a source is called that does not name itself: by the first of what it was told."""
    about = KINDS[kind]
    told = [config[spec.name] for spec in specs(about.settings) if isinstance(config.get(spec.name), str)]
    return f"{told[0]} ({about.label})" if told and about.takes is Takes.NOTHING else ""


def publisher(kind: SourceKind, source: Asked) -> str:
    """Who speaks there, as far as the address tells. A search has no voice: its entries say who does."""
    return urls.site(source.url) if KINDS[kind].takes is Takes.ADDRESS else ""


def _address(text: str) -> str:
    """As it is fetched and found again: nothing of its content is changed. Raises Refused.

    In a pasted list a sentence or a single word is no address; a host of one word has to come with its scheme or port.
    """
    text = text.strip()
    if text.startswith("feed:"):
        text = "https:" + text.removeprefix("feed:") if text.startswith("feed://") else text.removeprefix("feed:")
    whole = "://" in text
    url = urls.located(text if whole else f"https://{text}")
    parts = urlsplit(url)
    name = parts.hostname or ""
    if not _HOST.fullmatch(name) or not (whole or parts.port or "." in name):
        raise Refused("This is not an http or https address.")
    return url
