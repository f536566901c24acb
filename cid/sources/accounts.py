"""Accounts, channels and pages as sources: what each kind must be told, and the address that stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from cssselect import GenericTranslator, SelectorError

from cid.domain.errors import Refused
from cid.sources.options import setting
from cid.text import handles

QUERY_LIMIT = 512
"""Letters of a search at X, with what is left out."""
FEWEST, MOST = 5, 500
"""Posts of one poll at X, which takes no smaller page."""
FEWEST_FOUND = 10
"""The same for a search."""
_UNWANTED = {"retweets": "-is:retweet", "replies": "-is:reply"}
"""What can be left out, and how a search says it."""


def _unwanted(text: str) -> str:
    if text not in _UNWANTED:
        raise Refused(f"What can be left out is {' and '.join(_UNWANTED)}.")
    return text


def _selector(text: str) -> str:
    try:
        GenericTranslator().css_to_xpath(text)
    except (SelectorError, RecursionError):
        raise Refused(f"{text[:60]!r} is no CSS selector.") from None
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class X:
    """One account, or a search over the last 7 days."""

    account: str = setting("Account", default="", hint="Its name or address.", read=handles.account)
    query: str = setting("Or search for", default="", hint="In X's own syntax.", longest=QUERY_LIMIT)
    exclude: tuple[str, ...] = setting("Leave out", default=(), hint="retweets, replies", read=_unwanted)
    most: int = setting(
        "Posts of a poll, at most",
        default=20,
        low=FEWEST,
        high=MOST,
        hint="What they can cost is set aside before each poll.",
    )
    expand: bool = setting(
        "Whom it passes on", default=True, hint="Posts that these refer to, and their authors: each is charged as well."
    )

    @property
    def asked(self) -> str:
        """The whole query, with what is left out."""
        return " ".join([self.query, *(_UNWANTED[one] for one in self.exclude)]) if self.query else ""


def x(settings: X) -> str:
    """Raises Refused for settings that cannot be together."""
    if bool(settings.account) == bool(settings.query):
        raise Refused("Give either an account or a search.")
    if (length := len(settings.asked)) > QUERY_LIMIT:
        raise Refused(f"The search has {length} letters with what is left out; X takes {QUERY_LIMIT}.")
    if settings.query and settings.most < FEWEST_FOUND:
        raise Refused(f"A search reads at least {FEWEST_FOUND} posts.")
    return f"https://x.com/search?q={quote(settings.query)}" if settings.query else f"https://x.com/{settings.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """A public channel, as everybody can read it."""

    channel: str = setting("Channel", hint="Its name or address.", read=handles.channel)


def telegram(settings: Telegram) -> str:
    return f"https://t.me/{settings.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramBot:
    """All channels of which a bot of one's own is administrator."""

    bot: str = setting("Bot", hint="Its name; TELEGRAM_BOT_TOKEN has to be its token.", read=handles.channel)


def telegram_bot(settings: TelegramBot) -> str:
    return f"https://t.me/{settings.bot}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that lists articles and has no feed. Each setting but the first is looked for inside of an article."""

    item: str = setting("Articles are at", hint="A CSS selector, such as article.card", read=_selector)
    link: str = setting("Link", default="a[href]", hint="Where its address is.", read=_selector)
    title: str = setting("Title", default="", hint="Empty: the text of the link.", read=_selector)
    date: str = setting(
        "Date", default="time", hint="Its datetime or its text; unclear ones stay empty.", read=_selector
    )
    summary: str = setting("Summary", default="", read=_selector)
