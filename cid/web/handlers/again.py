"""An item judged again: what would change, and then for real."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import ItemId
from cid.domain.verdicts import Gate
from cid.flows import again
from cid.store import pages
from cid.web import words
from cid.web.again_views import AgainView, steps
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    gate: str


async def rehearsed(request: web.Request, form: From) -> web.StreamResponse:
    """By POST although nothing changes: a question to a model may cost money, and what follows links must not ask."""
    who, item, gate = actor(request), _item(request), _gate(form)
    async with services(request).db.read(who.tenant.id) as tx:
        found = await pages.item(tx, who.tenant.id, item)
    if found is None:
        raise NotFound
    rehearsal = await again.rehearse(services(request), who, item, gate)
    view = AgainView(
        item_id=str(item),
        title=found.title,
        gate=gate.value,
        gate_title=words.GATES[gate],
        steps=steps(rehearsal),
        further=rehearsal.further,
    )
    return page(request, "again.html", view)


async def run(request: web.Request, form: From) -> web.StreamResponse:
    who, item = actor(request), _item(request)
    await again.run(services(request), who, item, _gate(form))
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/items/{item}?said=judged_again")


def _item(request: web.Request) -> ItemId:
    return ItemId(UUID(request.match_info["id"]))


def _gate(form: From) -> Gate:
    if form.gate not in set(Gate):
        raise Refused(_("Name the gate to begin with."))
    return Gate(form.gate)
