"""Gates against what people decided later, and what was learned from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from cid.domain.policy import Relevance, Switch
from cid.domain.verdicts import GATE_NUMBER, Gate
from cid.flows import learn
from cid.store import figures as store
from cid.store import policies, prefilters
from cid.store.figures import Agreed
from cid.text.shares import lower_bound
from cid.web.forms import Nothing
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

WITHIN = timedelta(days=180)
MOST = 500
"""Drafts of either kind that are looked at, the newest."""
ENOUGH = 20
"""Decisions from which on a share is said at all."""
STATES = {
    "learning": (_("not proved"), "warn"),
    "proved": (_("proved"), "good"),
    "tripped": (_("switched itself off"), "bad"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`value` None: too few decisions to say."""

    right: int
    of: int
    value: float | None
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    gate: Gate
    number: str
    agreed: Agreed
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresView:
    lines: list[GateLine]
    decided: int
    days: int
    enough: int
    standing: prefilters.Standing | None
    chip: str
    tone: str
    policy: Relevance
    on: bool
    drops: bool
    """It is on, and proved: stories are dropped by it."""


async def shown(request: web.Request) -> web.StreamResponse:
    sv, tenant = services(request), actor(request).tenant.id
    async with sv.db.read(tenant) as tx:
        agreed = await store.gates(tx, tenant, within=WITHIN, most=MOST)
        policy = (await policies.of(tx, tenant, sv.policy)).relevance
        standing = await prefilters.standing(tx, tenant)
    chip, tone = STATES[standing.state] if standing else (_("nothing learned yet"), "plain")
    on = policy.prefilter is Switch.ON
    view = FiguresView(
        lines=lines(agreed),
        decided=max((one.right + one.wrong + one.missed + one.spared for one in agreed), default=0),
        days=WITHIN.days,
        enough=ENOUGH,
        standing=standing,
        chip=chip,
        tone=tone,
        policy=policy,
        on=on,
        drops=on and standing is not None and standing.state == "proved",
    )
    return page(request, "figures.html", view)


def lines(agreed: list[Agreed]) -> list[GateLine]:
    """In the order of the gates; those of which nobody decided anything are left out."""
    by_gate = {one.gate: one for one in agreed}
    return [
        GateLine(
            gate=gate,
            number=number,
            agreed=by_gate[gate],
            precision=_share(by_gate[gate].right, by_gate[gate].wrong),
            recall=_share(by_gate[gate].right, by_gate[gate].missed),
        )
        for gate, number in GATE_NUMBER.items()
        if gate in by_gate
    ]


def _share(right: int, other: int) -> Share:
    of = right + other
    return Share(right=right, of=of, value=right / of if of >= ENOUGH else None, least=lower_bound(right, of))


async def try_again(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await learn.try_again(services(request), who.tenant.id, who.user.id)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/gates/figures?said=prefilter_again")
