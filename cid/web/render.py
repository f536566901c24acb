"""Values into pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from aiohttp import web
from markupsafe import Markup

from cid.domain.tenants import GRANTS, Permission
from cid.text import urls
from cid.web import run_words, trace_words, words
from cid.web.keys import ACTOR, ADMIN, PAGES, REQUEST_ID, services, visit
from cid.web.tenant_tabs import TABS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.tenants import Desk, Membership, Tenant, User
    from cid.web.keys import Asset
    from cid.web.tenant_tabs import Tab

TEMPLATES = Path(__file__).parent / "templates"
FUNNEL = ("items", "gates", "quality", "plan")
"""Parts under one entry of the navigation."""
ANALYSIS = ("runs", "batches", "narratives", "monitors", "analysis")
"""Parts of the analysis desk, under one entry as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page needs apart from its own view."""

    path: str
    now: datetime
    user: User | None
    tenant: Tenant | None
    role: str
    memberships: tuple[Membership, ...]
    csrf: str
    said: str
    request_id: str
    may_decide: bool
    may_manage: bool
    admin: bool
    """Runs the desk for all its tenants."""
    platform: bool
    """The page is one of the platform, of no tenant."""
    desks: tuple[Desk, ...]
    """Those of the tenant that are on."""
    zone: str
    """How times are told: a name of the IANA time zone database."""
    granted: frozenset[Permission]
    """What this person may do here."""

    def here(self, part: str) -> bool:
        """Whether the page belongs to this part of the navigation."""
        base = f"/t/{self.tenant.slug}/{part}" if self.tenant else f"/platform/{part}" if self.platform else ""
        return self.path == base or (part != "" and self.path.startswith(base + "/"))

    @property
    def funnel(self) -> bool:
        """Whether the page tells of what came in, what the gates did with it, or what they go by."""
        return self.tenant is not None and any(map(self.here, FUNNEL))

    @property
    def analysis(self) -> bool:
        """Whether the page is one of the analysis desk."""
        return self.tenant is not None and any(map(self.here, ANALYSIS))

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """Of the settings, those that this person may open."""
        return tuple(tab for tab in TABS if tab.permission in self.granted)

    @property
    def settings(self) -> bool:
        """Whether the page is one of the tenant's settings."""
        return self.tenant is not None and any(self.here(tab.part) for tab in TABS if not tab.elsewhere)


def page(request: web.Request, template: str, view: object = None, status: int = 200) -> web.Response:
    """The page `template` over `view`, whose fields it reads as `view.…`; what is common to all pages is `frame.…`."""
    text = request.app[PAGES].get_template(template).render(view=view, frame=_frame(request))
    return web.Response(text=text, content_type="text/html", status=status)


async def long_page(request: web.Request, template: str, view: object) -> web.Response:
    """As `page`, of a page that may take longer to write than others should wait: written beside the loop."""
    pages, frame = request.app[PAGES], _frame(request)
    text = await asyncio.to_thread(lambda: pages.get_template(template).render(view=view, frame=frame))
    body = await asyncio.to_thread(text.encode)
    return web.Response(body=body, content_type="text/html", charset="utf-8")


def _frame(request: web.Request) -> Frame:
    here, actor = visit(request), request.get(ACTOR)
    return Frame(
        path=request.path,
        now=services(request).clock.now(),
        user=here.user if here else None,
        tenant=actor.tenant if actor else None,
        role=words.ROLES[actor.role] if actor else "",
        memberships=here.memberships if here else (),
        csrf=here.csrf if here else "",
        said=words.SAID.get(request.query.get("said", ""), ""),
        request_id=request.get(REQUEST_ID, ""),
        may_decide=actor.may(Permission.DECIDE) if actor else False,
        may_manage=actor.may(Permission.MANAGE) if actor else False,
        admin=here.user.admin if here else False,
        platform=ADMIN in request,
        zone=(here.user.zone if here else "") or "UTC",
        granted=GRANTS[actor.role] if actor else frozenset(),
        desks=next((m.desks for m in here.memberships if actor and m.tenant.id == actor.tenant.id), ()) if here else (),
    )


def environment(assets: Mapping[str, Asset]) -> jinja2.Environment:
    """Autoescaping, and strict: a name that a view does not have is an error, not an empty string."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["_"] = _text
    made.globals["ngettext"] = _texts
    made.globals["asset"] = lambda name: f"/static/{name}?v={assets[name].version}"
    made.globals["words"] = words
    made.globals["run_words"] = run_words
    made.filters["stage"] = trace_words.stage
    made.filters.update(
        exact=exact, iso=iso, ago=ago, span=span, money=money, digits=digits, count=count, address=address, host=host
    )
    return made


def _text(message: str, /, **values: object) -> Markup:
    """The page's `_()`: `%(name)s` in the message stands for a value, which is escaped.

    Jinja's own extension does the same with a new context for each call: half the time of a long page.
    """
    told = Markup(words._(message))  # noqa: S704 - messages are ours
    return told % values if values else told


def _texts(one: str, many: str, number: int, /, **values: object) -> Markup:
    return _text(words.plural(one, many, number), **values)


@jinja2.pass_context
def exact(context: jinja2.runtime.Context, at: datetime) -> str:
    """Where the reader is."""
    there = at.astimezone(zone_of(context["frame"].zone))
    return f"{there:%Y-%m-%d %H:%M:%S %Z}"


@cache
def zone_of(name: str) -> tzinfo:
    """UTC where the name is none any more: zones are renamed now and then."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


def span(length: timedelta) -> str:
    """The two largest units: 3 h 5 min."""
    if length < timedelta(seconds=1):
        return "0 s"
    parts: list[str] = []
    for unit, name in UNITS:
        number, length = divmod(length, unit)
        if number:
            parts.append(f"{number} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def ago(at: datetime, now: datetime) -> str:
    """In one unit: 3 min ago, in 2 h."""
    gap = now - at
    size = abs(gap)
    if size < timedelta(seconds=5):
        return words._("just now")
    number, name = next((size // unit, name) for unit, name in UNITS if size >= unit)
    return f"{number} {name} ago" if gap > timedelta(0) else f"in {number} {name}"


def money(amount: Decimal) -> str:
    """US dollars; small sums keep two significant digits, because a call costs fractions of a cent."""
    if amount == 0 or amount >= Decimal("0.10"):
        return f"${amount:,.2f}"
    return f"${amount:.{max(2, 1 - amount.adjusted())}f}"


def digits(amount: Decimal) -> str:
    """For a field that is typed into: no sign, no zeros at the end."""
    return f"{amount.normalize():f}"


def count(number: int) -> str:
    return f"{number:,}"


def address(url: str) -> str:
    """An address without its scheme, for reading; a key or password in it is blotted out."""
    try:
        seen = urls.shown(url)
    except ValueError:  # typed by somebody, and none
        seen = url
    return seen.split("://", 1)[-1].rstrip("/")


def host(url: str) -> str:
    """Whose address it is: the part that a reader can trust."""
    return (urlsplit(url).hostname or url).removeprefix("www.")
