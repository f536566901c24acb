"""Everybody with an account, for those who run the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import UserId
from cid.flows import people as flow
from cid.store import people
from cid.web.forms import Nothing, clean
from cid.web.keys import admin, services
from cid.web.people_views import PlatformPeopleView
from cid.web.render import page

if TYPE_CHECKING:
    from collections.abc import Awaitable

BASE, PAGE = "/platform/people", 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    wanted: bool = False


async def listed(request: web.Request) -> web.StreamResponse:
    return await _listed(request)


async def _listed(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    q, after = (request.query.get(name, "")[:254] for name in ("q", "after"))
    if not clean(q + after):
        raise NotFound
    async with services(request).platform.read() as tx:
        found = await people.everybody(tx, q, after, PAGE + 1)
    more = {"after": found[PAGE - 1].email, **({"q": q} if q else {})} if len(found) > PAGE else {}
    view = PlatformPeopleView(
        people=found[:PAGE],
        me=admin(request).email,
        q=q,
        next=f"{BASE}?{urlencode(more)}" if more else "",
        first=f"{BASE}?{urlencode({'q': q})}" if after and q else BASE if after else "",
        problem=problem,
    )
    return page(request, "platform_people.html", view, status)


async def disable(request: web.Request, _form: Nothing) -> web.StreamResponse:
    doing = flow.disable_user(services(request), email=await _email(request), by=admin(request).id)
    return await _done(request, doing, "person_off")


async def enable(request: web.Request, _form: Nothing) -> web.StreamResponse:
    doing = flow.enable_user(services(request), email=await _email(request), by=admin(request).id)
    return await _done(request, doing, "person_on")


async def set_admin(request: web.Request, form: Admin) -> web.StreamResponse:
    email, by = await _email(request), admin(request).id
    doing = flow.set_admin(services(request), email=email, admin=form.wanted, by=by)
    return await _done(request, doing, "person_admin" if form.wanted else "person_no_admin")


async def _email(request: web.Request) -> str:
    """Raises NotFound."""
    async with services(request).platform.read() as tx:
        account = await people.by_id(tx, UserId(UUID(request.match_info["id"])))
    if account is None:
        raise NotFound
    return account.email


async def _done(request: web.Request, doing: Awaitable[object], said: str) -> web.Response:
    try:
        await doing
    except NotFound:
        raise
    except Refused as refused:
        return await _listed(request, refused.public, 422)
    raise web.HTTPSeeOther(f"{BASE}?said={said}")
