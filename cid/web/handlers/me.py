"""One's own account."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import Deferred, NotFound, Refused
from cid.flows.people import own
from cid.store import people, sessions
from cid.text.agents import agent_of
from cid.text.tokens import token_hash
from cid.web import doors
from cid.web.forms import Nothing, text
from cid.web.keys import services, visit
from cid.web.people_views import AccountView, CodesView, SecondView, SessionView
from cid.web.render import page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from cid.web.keys import Visit

ACCOUNT = "/account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str = text(longest=100, default="")
    zone: str = text(longest=60, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    present: str = text(longest=1024, strip=False)
    new: str = text(longest=1024, strip=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    session: str = text(longest=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOn:
    sealed: str = text(longest=2000)
    code: str = text(longest=40)
    password: str = text(longest=1024, strip=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    code: str = text(longest=40)
    password: str = text(longest=1024, strip=False)


def _me(request: web.Request) -> Visit:
    here = visit(request)
    assert here is not None  # these routes are for who has signed in
    return here


def _agent(request: web.Request) -> str:
    return request.headers.get("User-Agent", "")


@cache
def _zones() -> tuple[str, ...]:
    """Reads a folder of some hundred files: once."""
    return tuple(sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/")))


async def shown(request: web.Request) -> web.StreamResponse:
    return await _shown(request)


async def _shown(request: web.Request, part: str = "", problem: str = "", status: int = 200) -> web.Response:
    here = _me(request)
    async with services(request).platform.read() as tx:
        account = await people.by_id(tx, here.user.id)
        living = await sessions.living(tx, here.user.id)
    if account is None:
        raise NotFound
    mine = token_hash(here.token).hex()
    rows = []
    for one in living:
        browser, system = agent_of(one.agent)
        rows.append(
            SessionView(
                id=one.id,
                browser=browser,
                system=system,
                since=one.created_at,
                seen_at=one.seen_at,
                this=one.id == mine,
            )
        )
    view = AccountView(
        name=account.name,
        zone=account.zone,
        zones=_zones(),
        sessions=rows,
        memberships=here.memberships,
        second=bool(account.totp),
        recovery=account.recovery,
        part=part,
        problem=problem,
    )
    return page(request, "account.html", view, status)


async def _done(request: web.Request, doing: Awaitable[object], part: str, said: str) -> web.Response:
    try:
        await doing
    except NotFound:
        raise
    except Refused as refused:
        return await _shown(request, part, refused.public, 422)
    raise web.HTTPSeeOther(f"{ACCOUNT}?said={said}")


async def profile(request: web.Request, form: Profile) -> web.StreamResponse:
    doing = own.set_profile(services(request), _me(request).user, name=form.name, zone=form.zone)
    return await _done(request, doing, "profile", "account_saved")


async def password(request: web.Request, form: Password) -> web.StreamResponse:
    sv, here = services(request), _me(request)
    try:
        token = await own.change_password(sv, here.user, present=form.present, new=form.new, agent=_agent(request))
    except NotFound:
        raise
    except Refused as refused:
        return await _shown(request, "password", refused.public, 422)
    response = web.Response(status=303, headers={"Location": f"{ACCOUNT}?said=password_changed"})
    doors.give_cookie(request, response, token)
    return response


async def end(request: web.Request, form: End) -> web.StreamResponse:
    doing = own.end_session(services(request), _me(request).user, form.session)
    return await _done(request, doing, "sessions", "session_ended")


async def end_others(request: web.Request, _form: Nothing) -> web.StreamResponse:
    here = _me(request)
    return await _done(request, own.end_others(services(request), here.user, here.token), "sessions", "sessions_ended")


async def second_page(request: web.Request) -> web.StreamResponse:
    view = SecondView(enrolment=own.enrolment(services(request), _me(request).user), problem="")
    return page(request, "account_second.html", view)


async def second_on(request: web.Request, form: TurnOn) -> web.StreamResponse:
    """The page with the codes is the answer to the form: they are shown once, and no address leads to them."""
    sv, here = services(request), _me(request)
    try:
        codes, token = await own.turn_on(
            sv, here.user, sealed=form.sealed, code=form.code, password=form.password, agent=_agent(request)
        )
    except (NotFound, Deferred):
        raise
    except Refused as refused:
        view = SecondView(enrolment=own.enrolment(sv, here.user, form.sealed), problem=refused.public)
        return page(request, "account_second.html", view, 422)
    response = _codes(request, codes)
    doors.give_cookie(request, response, token)
    return response


async def second_off(request: web.Request, form: Proof) -> web.StreamResponse:
    doing = own.turn_off(services(request), _me(request).user, code=form.code, password=form.password)
    return await _done(request, doing, "second", "second_off")


async def new_codes(request: web.Request, form: Proof) -> web.StreamResponse:
    sv, here = services(request), _me(request)
    try:
        codes = await own.new_recovery(sv, here.user, code=form.code, password=form.password)
    except NotFound:
        raise
    except Refused as refused:
        return await _shown(request, "second", refused.public, 422)
    return _codes(request, codes)


def _codes(request: web.Request, codes: Sequence[str]) -> web.Response:
    return page(request, "account_codes.html", CodesView(codes=codes))
