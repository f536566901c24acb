"""Tokens: what lets a person's programs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.errors import Refused
from cid.domain.ids import TokenId
from cid.domain.programs import NEEDS, Scope
from cid.domain.tenants import Permission
from cid.flows import tokens as flow
from cid.store import tokens
from cid.web.doors import posted
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.domain.programs import Token

SCOPES = {
    Scope.DRAFTS_READ: _("read drafts, their versions, reviews and evidence"),
    Scope.DRAFTS_WRITE: _("edit drafts"),
    Scope.DECISIONS_WRITE: _("approve, send back, reject and take back, in your name"),
    Scope.SOURCES_READ: _("read sources"),
    Scope.SOURCES_WRITE: _("add sources, switch them on and off"),
    Scope.ITEMS_READ: _("read why articles stand where they stand"),
    Scope.PUBLICATIONS_READ: _("read publications"),
    Scope.PUBLICATIONS_WRITE: _("try publications again, and take them back"),
    Scope.TRACKER_READ: _("read the tracker"),
    Scope.TRACKER_WRITE: _("approve and hide entries of the tracker"),
    Scope.ANALYSIS_READ: _("read runs, briefings, monitors and matches"),
    Scope.ANALYSIS_WRITE: _("start and cancel runs, keep monitors, judge matches"),
}
CHOSEN = "s-"
"""What names of the scopes' checkboxes begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Scopes come as checkboxes beside these."""

    name: str = text(longest=100, default="")
    days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensView:
    tokens: Sequence[Token]
    mine: UUID
    """Whose page it is: others' tokens are shown to owners."""
    scopes: Sequence[tuple[str, str, bool]]
    """Name, what it means, whether it is ticked; only what the person may do."""
    secret: str
    """Of the token that was made by this request. Shown once."""
    name: str
    days: int
    problem: str
    api: str
    """Where the description is."""


async def listed(request: web.Request) -> web.StreamResponse:
    return await _page(request, Add(), frozenset())


async def add(request: web.Request, form: Add) -> web.StreamResponse:
    said = await posted(request)
    chosen = frozenset(scope for scope in Scope if f"{CHOSEN}{scope}" in said)
    try:
        life = timedelta(days=min(max(form.days, 0), 100_000))
        made = await flow.add(services(request), actor(request), name=form.name, scopes=chosen, life=life)
    except Refused as refused:
        return await _page(request, form, chosen, problem=refused.public, status=422)
    return await _page(request, Add(), frozenset(), secret=made.secret)


async def revoke(request: web.Request, _form: Nothing) -> web.StreamResponse:
    await flow.revoke(services(request), actor(request), TokenId(UUID(request.match_info["id"])))
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/tokens?said=token_revoked")


async def _page(
    request: web.Request,
    form: Add,
    chosen: frozenset[Scope],
    *,
    secret: str = "",
    problem: str = "",
    status: int = 200,
) -> web.Response:
    who = actor(request)
    whose = None if who.may(Permission.MANAGE) else who.user.id
    async with services(request).db.read(who.tenant.id) as tx:
        found = await tokens.listed(tx, who.tenant.id, whose)
    view = TokensView(
        tokens=found,
        mine=who.user.id,
        scopes=[(f"{CHOSEN}{key}", said, key in chosen) for key, said in SCOPES.items() if who.may(NEEDS[key])],
        secret=secret,
        name=form.name,
        days=form.days,
        problem=problem,
        api=f"{services(request).base_url}/api/openapi.json",
    )
    return page(request, "tokens.html", view, status)
