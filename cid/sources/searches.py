"""Searches as sources: what each kind must be told, and the address that stands for it on pages and in lists.

The addresses are where a person would look at the same thing; they hold no key. What was typed as a query is kept to
the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode

from cid.domain.errors import Refused
from cid.sources.options import setting
from cid.text import countries, queries

_WHEN = re.compile(r"[1-9]\d{0,3}[hdmy]")
_THEME = re.compile(r"[A-Z0-9_]{2,80}")


def _when(text: str) -> str:
    if not _WHEN.fullmatch(text):
        raise Refused("The age is a number with h, d, m or y for hours, days, months or years, such as 1d.")
    return text


def _country(text: str) -> str:
    code = countries.country(text)
    if not code:
        raise Refused(f"There is no country called {text[:60]!r}: give its English name or its code, such as MD.")
    return code


def _language(text: str) -> str:
    code = countries.language(text)
    if not code:
        raise Refused(f"There is no language called {text[:60]!r}: give its English name or its code, such as ro.")
    return code


def _theme(text: str) -> str:
    if not _THEME.fullmatch(text.upper()):
        raise Refused("A theme is a code of GDELT's list, such as TAX_DISEASE or ELECTION.")
    return text.upper()


_COUNTRY_HINT = "Its English name or code."
_LANGUAGE_HINT = "Its English name or code."
_WHEN_HINT = "Such as 1h, 1d, 7d or 1y; empty for any."


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleNews:
    """Headlines that Google News finds."""

    query: str = setting("Search for", hint="In Google's own syntax, sent as it is.")
    when: str = setting("Not older than", default="1d", hint=_WHEN_HINT, read=_when)
    country: str = setting("Edition of", default="US", hint=_COUNTRY_HINT, read=_country)
    language: str = setting("In", default="en", hint=_LANGUAGE_HINT, read=_language)


# Where a language is written or spoken in more than one way, Google names the edition after the way.
_EDITIONS = {
    ("zh", "TW"): ("zh-TW", "zh-Hant"),
    ("zh", "HK"): ("zh-HK", "zh-Hant"),
    ("zh", ""): ("zh-CN", "zh-Hans"),
    ("pt", "BR"): ("pt-BR", "pt-419"),
    ("pt", ""): ("pt-PT", "pt-150"),
    ("es", "ES"): ("es", "es"),
    ("es", ""): ("es-419", "es-419"),
}


def edition(settings: GoogleNews) -> dict[str, str]:
    """The parameters hl, gl and ceid. English is named with its country, other languages by themselves."""
    language, country = settings.language, settings.country
    plain = (f"en-{country}", "en") if language == "en" else (language, language)
    spoken, within = _EDITIONS.get((language, country)) or _EDITIONS.get((language, "")) or plain
    return {"hl": spoken, "gl": country, "ceid": f"{country}:{within}"}


def google_query(settings: GoogleNews | SerpApi) -> str:
    """As Google is asked: what was typed, and the age as an operator, which the results then keep to."""
    return f"{settings.query} when:{settings.when}" if settings.when else settings.query


def google_news(settings: GoogleNews, base: str = "https://news.google.com") -> str:
    return f"{base}/rss/search?" + urlencode({"q": google_query(settings), **edition(settings)})


class Fallback(StrEnum):
    NONE = "none"
    DOC = "doc"
    """GDELT's search, where its files cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdelt:
    """What the press of the world wrote in the last quarter of an hour, as GDELT read it."""

    query: str = setting(
        "Search for",
        default="",
        hint='Words that must all occur, "several words together", (one OR another), -not this one.',
    )
    theme: str = setting("Theme", default="", hint="A code of GDELT's, such as ELECTION.", read=_theme)
    country: str = setting("About a place in", default="", hint=_COUNTRY_HINT, read=_country)
    language: str = setting("Written in", default="", hint=_LANGUAGE_HINT, read=_language)
    fallback: Fallback = setting(  # noqa: RUF009 - makes a field, and a member of an enumeration is no dataclass
        "If the files cannot be had",
        default=Fallback.NONE,
        hint="doc: ask GDELT's search instead. What came so is marked.",
    )

    @property
    def language_name(self) -> str:
        """As GDELT's search spells it."""
        return countries.language_name(self.language).lower().replace(" ", "")


def gdelt(settings: Gdelt) -> str:
    """Raises Refused for settings that cannot be together."""
    if not (settings.query or settings.theme or settings.country):
        raise Refused("Say what to look for: words, a theme or a country.")
    query = queries.parse(settings.query)
    if settings.fallback is Fallback.DOC:
        if settings.country:
            raise Refused("GDELT's search does not know what country an article is about: leave out the fallback.")
        if short := query.shorter_than(3):
            raise Refused(f"GDELT's search takes no word of fewer than three letters: {short[:20]}.")
        if not query.wanted and not settings.theme:
            raise Refused("GDELT's search needs a word or a theme to look for.")
    pairs = {name: getattr(settings, name) for name in ("query", "theme", "country", "language")}
    return "gdelt:" + urlencode({name: value for name, value in pairs.items() if value}, quote_via=quote)


def gdelt_outlet(name: str, site: str) -> str:
    """Stands for a search about an outlet: by its site where that is known, else by its name."""
    return "gdelt:" + urlencode({"site": site} if site else {"query": f'"{name}"'}, quote_via=quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerpApi:
    """Google News by way of SerpApi, with the articles' own addresses."""

    query: str = setting("Search for", hint='In Google\'s own syntax, such as "the words" site:example.org.')
    when: str = setting("Not older than", default="1d", hint=_WHEN_HINT, read=_when)
    country: str = setting("As seen in", default="US", hint=_COUNTRY_HINT, read=_country)
    language: str = setting("In", default="en", hint=_LANGUAGE_HINT, read=_language)


def serpapi(settings: SerpApi, base: str = "https://serpapi.com") -> str:
    """Without the key. Not `tbs` for the age: this engine passes over it in silence."""
    where = {"gl": settings.country.lower(), "hl": settings.language}
    return f"{base}/search.json?" + urlencode({"engine": "google_news", "q": google_query(settings), **where})
