"""Many sources at once: pasted or from a file, and out to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import Refused
from cid.flows import sources, takeout
from cid.flows.sources import Change
from cid.text import urls
from cid.text.lists import addresses
from cid.web import words
from cid.web.doors import posted
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.views import ManyLine, ManyView

if TYPE_CHECKING:
    from cid.services import Services

PASTED = 600_000
"""Characters; the form as a whole may be a megabyte."""
ORDER = (Change.REFUSED, Change.ALREADY, Change.ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list of addresses or an OPML text; a file comes beside it."""

    listing: str = text(longest=PASTED, default="", lines=True)
    trust: float = sources.DEFAULT_TRUST
    role: str = text(longest=20, default="news")


async def form(request: web.Request) -> web.StreamResponse:
    return page(request, "sources_many.html", ManyView())


async def add(request: web.Request, form: Many) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    try:
        wishes = await _wishes(sv, form, _file(await posted(request)))
        results = await sources.add_many(sv, who.tenant.id, wishes, who)
    except Refused as refused:
        entered = ManyView(listing=form.listing, trust=f"{form.trust:.2f}", role=form.role, problem=refused.public)
        return page(request, "sources_many.html", entered, 422)
    lines = [_line(result) for change in ORDER for result in results if result.change is change]
    counts = [(*words.ADDED[change], sum(result.change is change for result in results)) for change in Change]
    return page(request, "sources_many.html", ManyView(lines=lines, counts=counts))


async def _wishes(sv: Services, form: Many, file: bytes) -> list[sources.Wish]:
    """Raises Refused."""
    if file or form.listing.lstrip("\ufeff").startswith("<"):
        body = file or form.listing.encode()
        return await sources.read_opml(sv, body, trust=form.trust, role=form.role)
    found = addresses(form.listing)
    if not found:
        raise Refused(words._("Paste some addresses, or choose a file."))
    return [sources.Wish(url=url, trust=form.trust, role=form.role) for url in found]


def _file(fields: Mapping[str, object]) -> bytes:
    """Empty where none was chosen."""
    given = fields.get("file")
    return given.file.read() if isinstance(given, web.FileField) else b""


def _line(result: sources.Added) -> ManyLine:
    said, tone = words.ADDED[result.change]
    # What was refused may be no address, and is shown to whoever wrote it.
    shown = result.url if result.change is Change.REFUSED else urls.shown(result.url)
    return ManyLine(url=shown, text=said, tone=tone, detail=result.detail)


async def export(request: web.Request) -> web.StreamResponse:
    """Without secrets: these leave by the command line only."""
    who = actor(request)
    return web.Response(
        text=await takeout.export(services(request), who.tenant),
        content_type="text/x-opml",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{who.tenant.slug}-sources.opml"',
            "Cache-Control": "no-store",
        },
    )
