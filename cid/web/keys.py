"""What the application and a request carry, by typed keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

import jinja2
from aiohttp import web

from cid.domain.tenants import Actor, Membership, User
from cid.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """How this desk is reached."""

    https: bool
    origin: str
    """Of `Services.base_url`: scheme, host and port."""
    trusted: tuple[IPv4Network | IPv6Network, ...]
    """Proxies whose X-Forwarded-For is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file of `static/`, held in memory. `version` changes with its bytes."""

    body: bytes
    content_type: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who has signed in. `token` is the session's own and goes nowhere but its cookie."""

    user: User
    token: str
    csrf: str
    memberships: tuple[Membership, ...]


SERVICES = web.AppKey("services", Services)
PAGES = web.AppKey("pages", jinja2.Environment)
SITE = web.AppKey("site", Site)
ASSETS: web.AppKey[Mapping[str, Asset]] = web.AppKey("assets")

REQUEST_ID = web.RequestKey("request_id", str)
VISIT = web.RequestKey("visit", Visit)
RENEWED = web.RequestKey("renewed", str)
"""The session's new token, which its cookie has to say from now on."""
ACTOR = web.RequestKey("actor", Actor)
ADMIN = web.RequestKey("admin", User)


def services(request: web.Request) -> Services:
    return request.app[SERVICES]


def visit(request: web.Request) -> Visit | None:
    """Nobody, until somebody has signed in."""
    return request.get(VISIT)


def actor(request: web.Request) -> Actor:
    """Who acts, in the tenant that the address names. Only on routes that ask for a permission."""
    return request[ACTOR]


def admin(request: web.Request) -> User:
    """Who acts for the whole platform. Only on routes behind `Door.ADMIN`."""
    return request[ADMIN]
