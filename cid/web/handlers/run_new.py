"""The form that starts a run, or several together as a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.readiness import Service, Tried
from cid.domain.run import USUAL_ITEMS, WAYS, Tlp, Via, Wish
from cid.domain.tenants import Desk
from cid.flows import readiness
from cid.flows import runs as flow
from cid.store import run_figures, tenants
from cid.web import run_views, run_words
from cid.web.doors import posted
from cid.web.forms import clean, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.run_views import NewView, Offer, TargetForm, Typed
from cid.web.words import _

if TYPE_CHECKING:
    from cid.flows.readiness import Readiness

OTHER = "v-"
"""What names of checkboxes of sources begin with."""
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """The targets and the sources that may stand in come beside these, numbered and by name."""

    name: str = text(default="", longest=200)
    period: str = text(default="m", longest=10)
    items: str = text(default=str(USUAL_ITEMS), longest=10)
    tlp: str = text(default=str(Tlp.AMBER), longest=20)
    first: str = text(default="", longest=40)
    substitute: bool = False


async def form(request: web.Request) -> web.StreamResponse:
    """Empty, but for what the address says: a link may lead to a form about one outlet."""
    said = request.query
    first = TargetForm(
        outlet=_short(said.get("outlet", "")), country=_short(said.get("country", "")), url=_short(said.get("url", ""))
    )
    return await _form(request, Typed(targets=[first]))


async def start(request: web.Request, form: New) -> web.StreamResponse:
    """One target is a run, more are a batch. What cannot be started comes back with every word that was typed."""
    sv, who, said = services(request), actor(request), await posted(request)
    targets = _targets(said, sv.analysis.batch_most)
    others = frozenset(name[len(OTHER) :] for name in said if name.startswith(OTHER))
    typed = Typed(
        targets=targets,
        name=form.name,
        period=form.period,
        items=form.items,
        tlp=form.tlp,
        first=form.first,
        others=others & set(Via),
        substitute=form.substitute,
    )
    wishes = [_wish(one, typed) for one in targets if not one.empty]
    try:
        if len(wishes) > 1:
            batch = await flow.start_batch(sv, who, form.name, wishes, tlp=form.tlp)
            raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/batches/{batch}?said=batch_started")
        run = await flow.start(sv, who, wishes[0] if wishes else Wish(outlet=""), tlp=form.tlp)
    except NotFound:
        raise
    except Refused as refused:
        return await _form(request, typed, refused.public, 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/runs/{run}?said=run_started")


def _wish(one: TargetForm, typed: Typed) -> Wish:
    named = [*([typed.first] if typed.first else []), *(via for via in Via if via in typed.others)]
    return Wish(
        outlet=one.outlet,
        country=one.country,
        url=one.url,
        platform=one.platform,
        period=typed.period,
        items=typed.items,
        sources=tuple(dict.fromkeys(named)),
        substitute=typed.substitute,
    )


def _targets(said: Mapping[str, object], most: int) -> list[TargetForm]:
    """As many rows as a batch may have; one more than that is kept too, so that the flow says that it is too much."""
    rows = []
    for n in range(1, most + 2):
        typed = {name: _short(said.get(f"{name}-{n}", "")) for name in ("outlet", "country", "url", "platform")}
        rows.append(TargetForm(**{**typed, "platform": typed["platform"] or "news"}))
    return rows if not rows[-1].empty else rows[:-1]


def _short(value: object) -> str:
    """What can be shown and passed on. Raises Refused for what no page of ours sent."""
    typed = value.strip() if isinstance(value, str) else ""
    if len(typed) > LONGEST or not clean(typed):
        raise Refused(_("The form holds what cannot be read. Go back and type it again."))
    return typed


async def _form(request: web.Request, typed: Typed, problem: str = "", status: int = 200) -> web.StreamResponse:
    sv, tenant = services(request), actor(request).tenant
    async with sv.db.read(tenant.id) as tx:
        on = Desk.ANALYSIS in await tenants.desks(tx, tenant.id)
        ready = await readiness.of(sv, tx, tenant)
        tried = await run_figures.fetched(tx, tenant.id, [via for vias in WAYS.values() for via in vias])
    most = sv.analysis.batch_most
    rows = [*typed.targets, *(TargetForm() for _n in range(most - len(typed.targets)))]
    view = NewView(
        typed=Typed(
            targets=rows,
            name=typed.name,
            period=typed.period,
            items=typed.items,
            tlp=typed.tlp,
            first=typed.first,
            others=typed.others,
            substitute=typed.substitute,
        ),
        offers=_offers(ready, tried),
        needs=_models(ready),
        countries=run_views.country_names(),
        platforms=[(str(key), name) for key, name in run_words.PLATFORMS.items()],
        periods=[(str(key), name) for key, name in run_words.PERIODS.items()],
        tlps=run_views.tlps(),
        most=most,
        problem=problem,
        on=on,
    )
    return page(request, "run_new.html", view, status)


def _offers(ready: Readiness, tried: Sequence[Tried]) -> list[Offer]:
    """Each way to items, and whether it is open here. What needs no key is known by its last tries alone."""
    services = {one.service: Service(name=one.service, lacks="", tried=one) for one in tried}
    services |= {one.name: one for one in ready.services}
    return [
        _offer(services[via], run_words.VIAS[via], run_words.PLATFORMS[platform])
        for platform, vias in WAYS.items()
        for via in vias
    ]


def _models(ready: Readiness) -> list[Offer]:
    """Those that answer for briefings, the first first; where there is none, why not."""
    known = {one.name: one for one in ready.services}
    if ready.models and not any(name in known for name in ready.providers):
        return [Offer(via="", name=", ".join(ready.models), platform="", state=run_words.READY["ready"], remedy="")]
    found = [_offer(known[name], name, "") for name in ready.providers if name in known]
    why = "; ".join(ready.passed) or _("No model can be asked for briefings.")
    return found or [Offer(via="", name=_("a model"), platform="", state=run_words.READY["missing"], remedy=why)]


def _offer(service: Service, name: str, platform: str) -> Offer:
    return Offer(
        via=service.name,
        name=name,
        platform=platform,
        state=run_words.READY[service.state],
        remedy=service.remedy,
    )
