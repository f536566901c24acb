"""The form that starts a run, or several together as a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.run import USUAL_ITEMS, WAYS, Tlp, Via, Wish
from cid.domain.tenants import Desk
from cid.flows import runs as flow
from cid.store import tenants
from cid.web import run_views, run_words
from cid.web.doors import posted
from cid.web.forms import clean, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.run_views import NewView, Offer, TargetForm, Typed
from cid.web.words import _

if TYPE_CHECKING:
    from cid.services import Services

OTHER = "v-"
"""What names of checkboxes of sources begin with."""
LONGEST = 2000
REMEDIES = {
    Via.SERPAPI: _("Whoever runs the desk sets SERPAPI_KEY."),
    Via.X: _("Whoever runs the desk sets X_BEARER_TOKEN."),
    Via.TELEGRAM: _("Whoever runs the desk allows channels of Telegram to be read."),
}


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
    sv, tenant = services(request), actor(request).tenant.id
    async with sv.db.read(tenant) as tx:
        on = Desk.ANALYSIS in await tenants.desks(tx, tenant)
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
        offers=offers(sv),
        countries=run_views.country_names(),
        platforms=[(str(key), name) for key, name in run_words.PLATFORMS.items()],
        periods=[(str(key), name) for key, name in run_words.PERIODS.items()],
        tlps=run_views.tlps(),
        most=most,
        problem=problem,
        on=on,
    )
    return page(request, "run_new.html", view, status)


def offers(sv: Services) -> list[Offer]:
    """Each way to items, and whether it is open here."""
    return [
        Offer(
            via=via,
            name=run_words.VIAS[via],
            platform=run_words.PLATFORMS[platform],
            state=run_words.READY["untested" if via in sv.ways else "missing"],
            remedy="" if via in sv.ways else REMEDIES.get(via, _("Whoever runs the desk lets it be asked.")),
        )
        for platform, vias in WAYS.items()
        for via in vias
    ]
