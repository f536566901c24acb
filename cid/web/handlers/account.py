"""Coming in and going out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import Deferred, NotFound, Refused
from cid.flows import signin
from cid.flows.people import forgotten
from cid.ports import Tx
from cid.store import people, sessions, tenants
from cid.store.sessions import ENTRANCES, Link, Purpose
from cid.text.tokens import token_hash
from cid.web import doors
from cid.web.forms import Nothing, text
from cid.web.keys import services, visit
from cid.web.people_views import CodeView, ForgotView, ResetView
from cid.web.render import page
from cid.web.views import SignInView, WelcomeView

if TYPE_CHECKING:
    from cid.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    email: str = text(longest=254)
    password: str = text(longest=1024, strip=False)
    next: str = text(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    password: str = text(longest=1024, strip=False)
    email: str = text(longest=254, default="")
    name: str = text(longest=100, default="")
    tenant: str = text(longest=100, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    ticket: str = text(longest=100)
    code: str = text(longest=40)
    next: str = text(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    email: str = text(longest=254)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    password: str = text(longest=1024, strip=False)


async def home(request: web.Request) -> web.StreamResponse:
    """To the first tenant of whoever is here."""
    here = visit(request)
    if here is None:
        raise web.HTTPSeeOther("/sign-in")
    if not here.memberships:
        return page(request, "nowhere.html")
    raise web.HTTPSeeOther(f"/t/{here.memberships[0].tenant.slug}/")


async def sign_in_page(request: web.Request) -> web.StreamResponse:
    if visit(request) is not None:
        raise web.HTTPSeeOther(doors.local(request.query.get("next", "")) or "/")
    return await _sign_in(request, next_=doors.local(request.query.get("next", "")) or "")


async def _sign_in(
    request: web.Request, *, next_: str, email: str = "", problem: str = "", status: int = 200
) -> web.Response:
    async with services(request).platform.read() as tx:
        fresh = not await people.anybody(tx)
    return page(request, "sign_in.html", SignInView(next=next_, email=email, problem=problem, fresh=fresh), status)


async def sign_in(request: web.Request, form: SignIn) -> web.StreamResponse:
    sv, to = services(request), doors.local(form.next) or "/"
    try:
        came = await signin.sign_in(
            sv,
            email=form.email,
            password=form.password,
            address=doors.client_address(request),
            agent=request.headers.get("User-Agent", ""),
        )
    except Refused as refused:
        return await _sign_in(request, next_=form.next, email=form.email, problem=refused.public, status=422)
    except Deferred as deferred:
        problem, seconds = _wait(sv, deferred)
        response = await _sign_in(request, next_=form.next, email=form.email, problem=problem, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    return _came(request, came, to)


def _wait(sv: Services, deferred: Deferred) -> tuple[str, int]:
    """What is said, and the seconds."""
    seconds = max(1, round((deferred.until - sv.clock.now()).total_seconds()))
    return f"{deferred} Try again in {-(-seconds // 60)} min.", seconds


def _came(request: web.Request, came: signin.Came, to: str) -> web.Response:
    """In, or to the page that asks for the second factor. The ticket stands in a form, never in an address."""
    if came.ticket:
        return page(request, "sign_in_code.html", CodeView(ticket=came.ticket, next=to, problem=""))
    response = web.Response(status=303, headers={"Location": to})
    doors.give_cookie(request, response, came.token)
    return response


async def code(request: web.Request, form: Code) -> web.StreamResponse:
    sv, to = services(request), doors.local(form.next) or "/"
    agent = request.headers.get("User-Agent", "")
    try:
        token = await signin.with_code(sv, form.ticket, form.code, agent=agent)
    except NotFound as late:
        return await _sign_in(request, next_=to, problem=late.public, status=422)
    except Refused as refused:
        return page(request, "sign_in_code.html", CodeView(ticket=form.ticket, next=to, problem=refused.public), 422)
    except Deferred as deferred:
        problem, seconds = _wait(sv, deferred)
        response = page(request, "sign_in_code.html", CodeView(ticket=form.ticket, next=to, problem=problem), 429)
        response.headers["Retry-After"] = str(seconds)
        return response
    return _came(request, signin.Came(token=token), to)


async def forgot_page(request: web.Request) -> web.StreamResponse:
    mails = services(request).outside.mailer is not None
    return page(request, "forgot.html", ForgotView(asked=False, mails=mails))


async def forgot(request: web.Request, form: Forgot) -> web.StreamResponse:
    """The same page for everybody."""
    sv = services(request)
    mails = sv.outside.mailer is not None
    try:
        await forgotten.ask(sv, email=form.email, address=doors.client_address(request))
    except Deferred as deferred:
        problem, seconds = _wait(sv, deferred)
        response = page(request, "forgot.html", ForgotView(asked=False, mails=mails, problem=problem), 429)
        response.headers["Retry-After"] = str(seconds)
        return response
    return page(request, "forgot.html", ForgotView(asked=True, mails=mails))


async def reset_page(request: web.Request) -> web.StreamResponse:
    return await _reset(request)


async def _reset(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    token = request.match_info["token"]
    email = await forgotten.look(services(request), token)
    return page(request, "reset.html", ResetView(token=token, email=email, problem=problem), status)


async def reset(request: web.Request, form: Reset) -> web.StreamResponse:
    try:
        await forgotten.set_password(services(request), request.match_info["token"], form.password)
    except NotFound:
        raise
    except Refused as refused:
        return await _reset(request, refused.public, 422)
    response = web.Response(status=303, headers={"Location": "/sign-in?said=password_reset"})
    doors.take_cookie(request, response)
    return response


async def sign_out(request: web.Request, _form: Nothing) -> web.StreamResponse:
    here = visit(request)
    if here is not None:
        await signin.sign_out(services(request), here.token)
    response = web.Response(status=303, headers={"Location": "/sign-in?said=signed_out"})
    doors.take_cookie(request, response)
    return response


async def welcome_page(request: web.Request) -> web.StreamResponse:
    return await _welcome(request, Welcome(password=""))


async def _welcome(request: web.Request, form: Welcome, problem: str = "", status: int = 200) -> web.Response:
    """Looking at the page uses nothing up: mail scanners look too."""
    token = request.match_info["token"]
    async with services(request).platform.read() as tx:
        link = await sessions.link(tx, token_hash(token), *ENTRANCES)
        if link is None:
            raise NotFound(signin.LINK_SPENT)
        view = await _welcome_view(tx, link, token, form, problem)
    return page(request, "welcome.html", view, status)


async def _welcome_view(tx: Tx, link: Link, token: str, form: Welcome, problem: str) -> WelcomeView:
    first = link.purpose is Purpose.SETUP
    account = None if link.user_id is None else await people.by_id(tx, link.user_id)
    there = [tenant.name for tenant in await tenants.listed(tx)] if first else []
    return WelcomeView(
        token=token,
        first=first,
        asks_tenant=first and not there,
        tenants=there,
        email=account.email if account else form.email,
        name=form.name or (account.name if account else ""),
        tenant=form.tenant,
        problem=problem,
    )


async def welcome(request: web.Request, form: Welcome) -> web.StreamResponse:
    newcomer = signin.Newcomer(email=form.email, name=form.name, password=form.password, tenant=form.tenant)
    agent = request.headers.get("User-Agent", "")
    try:
        came = await signin.welcome(services(request), request.match_info["token"], newcomer, agent=agent)
    except NotFound:
        raise
    except Refused as refused:
        return await _welcome(request, form, refused.public, 422)
    return _came(request, came, "/")
