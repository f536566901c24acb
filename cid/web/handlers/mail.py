"""Mail of one tenant: what somebody wants of it, and for owners what became of it. And the link that ends a digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.digest import Wishes
from cid.domain.errors import Refused
from cid.domain.mail import MailState
from cid.domain.tenants import Permission
from cid.flows import outbox
from cid.flows.digest import wishes as flow
from cid.store import digests, mails
from cid.text import hours
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.mail_views import LeaveView, MailLine, MailView
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from cid.web.forms import Nothing

PAGE = 30
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    digest: bool = False
    hour: int = 7
    zone: str = text(longest=60, default="")
    breaking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClick:
    """RFC 8058 posts `List-Unsubscribe=One-Click`; the token in the address says all that counts."""


async def shown(request: web.Request) -> web.StreamResponse:
    return await _shown(request)


async def _shown(
    request: web.Request, problem: str = "", typed: Wishes | None = None, status: int = 200
) -> web.Response:
    who, sv = actor(request), services(request)
    tenant, manages = who.tenant.id, who.may(Permission.MANAGE)
    state, before = _state(request), _before(request)
    async with sv.db.read(tenant) as tx:
        wanted = await digests.wishes(tx, tenant, who.user.id)
        rows = await mails.of_tenant(tx, tenant, before=before, state=state, limit=PAGE + 1) if manages else []
        counts = await mails.counts(tx, tenant, sv.clock.now() - LATELY) if manages else None
    async with sv.platform.read() as tx:
        reader = await digests.reader(tx, tenant, who.user.id)
        service = await mails.service(tx)
        marked = await mails.marked(tx, who.user.email)
    more = f"&state={state}" if state else ""
    view = MailView(
        wishes=typed or wanted,
        zones=sorted(hours.zones()),
        zone=reader.zone if reader else who.tenant.slug,
        address=who.user.email,
        marked=marked,
        broken=service.broken if service else "" if sv.outside.mailer else _("No mail server is set."),
        since=service.since if service and service.broken else None,
        manages=manages,
        may_analyse=who.may(Permission.ANALYSE),
        counts=counts,
        state=state,
        states=list(MailState),
        rows=[MailLine(mail=row, again=row.state in outbox.MENDABLE) for row in rows[:PAGE]],
        first=f"/t/{who.tenant.slug}/mail{more.replace('&', '?', 1)}" if before else "",
        next=f"/t/{who.tenant.slug}/mail?before={rows[PAGE - 1].id}{more}" if len(rows) > PAGE else "",
        problem=problem,
    )
    return page(request, "mail.html", view, status)


async def wish(request: web.Request, form: Wish) -> web.StreamResponse:
    who = actor(request)
    wanted = Wishes(digest=form.digest, hour=form.hour, zone=form.zone, breaking=form.breaking)
    try:
        await flow.wish(services(request), who, wanted)
    except Refused as error:
        return await _shown(request, error.public, wanted, 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/mail?said=mail_wished")


async def preview(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await flow.preview(services(request), who)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/mail?said=mail_preview")


async def again(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await outbox.again(services(request), who, UUID(request.match_info["id"]))
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/mail?said=mail_again")


async def leave_page(request: web.Request) -> web.StreamResponse:
    """Shows, and changes nothing: whatever follows links in mails may look."""
    reader = await flow.known(services(request), request.match_info["token"])
    return page(
        request, "unsubscribe.html", LeaveView(tenant=reader.tenant, email=reader.email, done=not reader.digest)
    )


async def leave(request: web.Request, _form: OneClick) -> web.StreamResponse:
    """Without cookie, sign-in or redirect; once or often."""
    reader = await flow.no_more(services(request), request.match_info["token"])
    return page(request, "unsubscribe.html", LeaveView(tenant=reader.tenant, email=reader.email, done=True))


def _state(request: web.Request) -> MailState | None:
    wanted = request.query.get("state", "")
    return MailState(wanted) if wanted in set(MailState) else None


def _before(request: web.Request) -> UUID | None:
    try:
        return UUID(request.query.get("before", ""))
    except ValueError:
        return None
