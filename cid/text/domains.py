"""Who runs a host: its registered domain, by the Public Suffix List with its private part (blogs at one host of many
are many)."""

from __future__ import annotations

import ipaddress
from functools import cache, lru_cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

OWN = frozenset({"news.google.com", "api.gdeltproject.org", "feeds.feedburner.com"})
"""Hosts with manners of their own, apart from the rest of their domain."""
HOUSES = frozenset({"wordpress.com", "substack.com", "tumblr.com", "medium.com"})
"""Many houses under one roof that the list does not know: each name below is its own."""


@lru_cache(maxsize=50_000)
def registered(host: str) -> str:
    """`example.co.uk` for `www.example.co.uk`; a host in OWN, an address or a bare name is its own."""
    host = host.lower().rstrip(".")
    if host in OWN or _is_address(host):
        return host
    domain = _suffixes().privatesuffix(host) or host
    return host.removeprefix("www.") if domain in HOUSES else domain


def of(url: str) -> str:
    """The registered domain at which `url` is; empty where it has no host."""
    try:
        return registered(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _suffixes() -> PublicSuffixList:
    """15 MB and a tenth of a second, when the first public host is looked up."""
    return PublicSuffixList()
