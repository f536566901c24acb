"""Who belongs to a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import Deferred, NotFound, Refused
from cid.domain.ids import UserId
from cid.domain.tenants import GRANTS, Role
from cid.flows.people import members
from cid.store import people
from cid.web import words
from cid.web.forms import Nothing, clean, text
from cid.web.keys import actor, services
from cid.web.people_views import PeopleView
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Awaitable

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    email: str = text(longest=254)
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    role: Role
    was: Role


async def listed(request: web.Request) -> web.StreamResponse:
    return await _listed(request)


async def _listed(
    request: web.Request, problem: str = "", status: int = 200, *, form: Invite | None = None
) -> web.Response:
    sv, me = services(request), actor(request)
    q, after = (request.query.get(name, "")[:254] for name in ("q", "after"))
    if not clean(q + after):
        raise NotFound
    async with sv.platform.read() as tx:
        found = await people.roster(tx, me.tenant.id, q, after, PAGE + 1)
    base = f"/t/{me.tenant.slug}/people"
    more = {"after": found[PAGE - 1].email, **({"q": q} if q else {})} if len(found) > PAGE else {}
    view = PeopleView(
        people=found[:PAGE],
        me=me.user.email,
        q=q,
        next=f"{base}?{urlencode(more)}" if more else "",
        first=f"{base}?{urlencode({'q': q})}" if after and q else base if after else "",
        table=[(said, [action in GRANTS[role] for role in Role]) for action, said in words.ACTIONS.items()],
        roles=[(role, words.ROLES[role]) for role in Role],
        mails=sv.outside.mailer is not None,
        email=form.email if form else "",
        role=form.role if form else Role.EDITOR,
        problem=problem,
    )
    return page(request, "people.html", view, status)


async def invite(request: web.Request, form: Invite) -> web.StreamResponse:
    me = actor(request)
    doing = members.invite(services(request), me.user.id, me.tenant, email=form.email, role=form.role)
    return await _done(request, doing, "member_invited", form=form)


async def again(request: web.Request, _form: Nothing) -> web.StreamResponse:
    me = actor(request)
    return await _done(
        request, members.invite_again(services(request), me.user.id, me.tenant, _who(request)), "member_reminded"
    )


async def change(request: web.Request, form: Change) -> web.StreamResponse:
    me = actor(request)
    doing = members.change_role(services(request), me.user.id, me.tenant, _who(request), role=form.role, was=form.was)
    return await _done(request, doing, "member_changed", own=_who(request) == me.user.id)


async def remove(request: web.Request, _form: Nothing) -> web.StreamResponse:
    me = actor(request)
    doing = members.remove(services(request), me.user.id, me.tenant, _who(request))
    return await _done(request, doing, "member_removed", own=_who(request) == me.user.id)


def _who(request: web.Request) -> UserId:
    return UserId(UUID(request.match_info["id"]))


async def _done(
    request: web.Request, doing: Awaitable[object], said: str, *, form: Invite | None = None, own: bool = False
) -> web.Response:
    """`own`: who did it may be an owner no more, and would be refused their own page."""
    try:
        await doing
    except NotFound:
        raise
    except Deferred as deferred:
        problem = _("{why} Try again later.").format(why=deferred)
        return await _listed(request, problem, 429, form=form)
    except Refused as refused:
        return await _listed(request, refused.public, 422, form=form)
    raise web.HTTPSeeOther("/" if own else f"/t/{actor(request).tenant.slug}/people?said={said}")
