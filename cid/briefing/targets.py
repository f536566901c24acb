"""What somebody wants analysed, checked: nothing is guessed, and nothing that was typed is passed on unread. Pure."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Collection
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from cid.domain.errors import Refused
from cid.domain.ids import RunId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.run import EDITIONS, FEWEST_ITEMS, MOST_ITEMS, WAYS, Period, Platform, Target, Via, Wish
from cid.text import countries, domains, handles, urls
from cid.text.clean import clean
from cid.text.words import words

LONGEST = 200
"""Letters of an outlet's name."""
_NOT_PUBLIC = frozenset({"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa"})
"""Last parts of names that lead nowhere outside of somebody's own network."""
E = TypeVar("E", bound=StrEnum)


def target(wish: Wish, *, available: Collection[Via], local: Collection[str] = ()) -> Target:
    """`available`: the ways that are open here, in the order in which they are asked where the wish names none.
    `local`: `host:port` pairs that may be asked although they are not public. Raises Refused with one sentence. For a
    thread: the first name of a country takes some tenths of a second.
    """
    platform = _one_of(Platform, wish.platform, "The platform")
    period = _one_of(Period, wish.period, "The period")
    outlet, country = _outlet(wish.outlet), _country(wish.country)
    url = _shown(wish.url, "The address")
    if platform is not Platform.NEWS:
        url = _profile(platform, url or outlet)
    elif url:
        url = _site(url, local)
    return Target(
        outlet=outlet,
        country=country,
        url=url,
        platform=platform,
        period=period,
        items=_items(wish.items),
        sources=_sources(platform, wish.sources, available, url=url, country=country),
        substitute=wish.substitute,
    )


def outlet_key(target: Target) -> str:
    """Outlet and country in one spelling. An account is known by its name at the platform, whatever it was called."""
    if target.platform is not Platform.NEWS:
        return f"{handle(target.url)} {target.country}".strip()
    return " ".join([*(words(target.outlet) or [target.outlet.casefold()]), target.country]).strip()


def first_job(tenant: TenantId, run: RunId, target: Target) -> NewJob:
    """What leads a new run on: an outlet's own runs take turns with others'."""
    key = domains.of(target.url) or str(target.platform)
    return NewJob(kind=JobKind.ANALYSE, tenant=tenant, key=key, payload={"run": str(run)}, dedupe=str(run))


def handle(url: str) -> str:
    """The account's or channel's name, of a target's address at its platform."""
    return urlsplit(url).path.strip("/")


def _one_of(kind: type[E], text: str, what: str) -> E:
    found = text.strip()
    if found not in set(kind):
        raise Refused(f"{what} is one of {', '.join(kind)}; {clean(text)[:40]!r} is none of them.")
    return kind(found)


def _shown(text: str, what: str) -> str:
    """Without space around it. Raises Refused for what nobody sees, and Postgres would not take."""
    text = text.strip()
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise Refused(f"{what} holds control characters.")
    return text


def _outlet(text: str) -> str:
    name = clean(_shown(text, "The outlet's name"))
    if not name:
        raise Refused("Name the outlet.")
    if len(name) > LONGEST:
        raise Refused(f"The outlet's name has {len(name)} letters; at most {LONGEST} are taken.")
    if not words(name):
        raise Refused(f"{name[:40]!r} names no outlet: it has neither letters nor digits.")
    return name


def _country(text: str) -> str:
    typed = _shown(text, "The country")
    if not typed:
        return ""
    code = countries.country_anywhere(typed)
    if not code:
        raise Refused(f"There is no country called {clean(typed)[:60]!r}: give its name, or its code such as MD.")
    return code


def _items(text: str) -> int:
    typed = text.strip()
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 4 and FEWEST_ITEMS <= int(typed) <= MOST_ITEMS):
        raise Refused(f"The number of items is a whole number from {FEWEST_ITEMS} to {MOST_ITEMS}.")
    return int(typed)


def _site(text: str, local: Collection[str]) -> str:
    """An outlet's site, spelled in one way."""
    url = urls.canonical(text if "://" in text else f"https://{text}")
    name = urlsplit(url).hostname or ""
    if not url or " " in text or not name:
        raise Refused("The outlet's address is no http or https address.")
    if urls.secret(url):
        raise Refused("The outlet's address holds a password or a key: give the one that everybody sees.")
    if urls.host_and_port(url) not in local and not _public(name):
        raise Refused(f"There is no public site at {name[:80]}.")
    return url


def _public(host: str) -> bool:
    """As far as the name says; where it leads is looked at when it is asked."""
    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or last.isdecimal() or last.startswith("0x"):
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            return False
        return ip.is_global and not ip.is_multicast
    return "." in host.rstrip(".") and last not in _NOT_PUBLIC


def _profile(platform: Platform, text: str) -> str:
    """The account's address. Raises Refused for what can be no account."""
    if platform is Platform.X:
        return f"https://x.com/{handles.account(text)}"
    return f"https://t.me/{handles.channel(text)}"


def _sources(
    platform: Platform, wished: tuple[str, ...], available: Collection[Via], *, url: str, country: str
) -> tuple[str, ...]:
    """What is asked, the first first. What was named is kept even where it has no key here: the run says so then, and
    nothing else takes its place."""
    usual = WAYS[platform]
    named = tuple(dict.fromkeys(one.strip() for one in wished if one.strip()))
    for one in named:
        if one not in usual:
            known = ", ".join(usual)
            raise Refused(f"{clean(one)[:40]!r} is no source of {platform.value} outlets; known: {known}.")
        if one == Via.OWN_FEED and not url:
            raise Refused("The outlet's own feed is found by its address: give that.")
        if one in EDITIONS and not country:
            raise Refused("News searches are made in a country's edition: name the outlet's country.")
    if named:
        return named
    if platform is not Platform.NEWS:
        return usual
    open_ = [one for one in available if one in usual]
    found = tuple(one for one in open_ if (url or one != Via.OWN_FEED) and (country or one not in EDITIONS))
    if not found:
        raise Refused("Nothing can be asked about this outlet: give its address, or its country.")
    return found
