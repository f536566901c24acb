"""Who did what: the log of a tenant and that of the platform, on a page and as files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.ids import UserId
from cid.flows import exports
from cid.render import sheet
from cid.store import audit
from cid.store.audit import Which, first_id
from cid.text import zones
from cid.web import audit_words
from cid.web.audit_words import SENTENCES
from cid.web.keys import ACTOR, actor, admin, services
from cid.web.render import page
from cid.web.tenant_views import AuditView
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from cid.domain.ids import TenantId
    from cid.ports import Tx
    from cid.store.audit import Line

PAGE = 50
CHUNK = 500
"""Lines of one read while a file is written: no transaction is open while somebody's line is slow."""
HEAD = ("at", "who", "action", "target", "sentence", "was", "is", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The conditions as they stand in the address."""

    who: str
    action: str
    target: str
    day: str
    before: str

    def query(self) -> str:
        values = {"who": self.who, "action": self.action, "target": self.target, "day": self.day}
        return urlencode({name: value for name, value in values.items() if value})


async def shown(request: web.Request) -> web.StreamResponse:
    """Of the tenant."""
    who = actor(request)
    return await _shown(request, who.tenant.id, who.tenant.zone, f"/t/{who.tenant.slug}/audit")


async def platform(request: web.Request) -> web.StreamResponse:
    """Of those who run the desk, about the desk itself."""
    return await _shown(request, None, "UTC", "/platform/audit")


async def _shown(request: web.Request, tenant: TenantId | None, zone: str, base: str) -> web.Response:
    asked = _asked(request.query)
    which, until = _which(asked, tenant, zone)
    async with _read(request, tenant) as tx:
        lines = await audit.found(tx, which, PAGE + 1)
        people = await audit.people(tx)
        names = await audit.names(tx, {line.user_id for line in lines if line.user_id})
    older = lines[PAGE - 1].id if len(lines) > PAGE else None
    known = dict(people)
    if which.user and which.user not in known:
        people.append((which.user, names.get(which.user, _("Somebody who has left"))))
    view = AuditView(
        lines=[audit_words.view(line, names) for line in lines[:PAGE]],
        people=[(str(key), name) for key, name in people],
        actions=sorted(((key, text) for key, text in SENTENCES.items()), key=lambda pair: pair[1]),
        who=asked.who,
        action=asked.action,
        target=asked.target,
        day=asked.day if until else "",
        first=f"{base}?{asked.query()}" if asked.before else "",
        next=f"{base}?{asked.query()}&before={older}" if older else "",
        query=asked.query(),
        base=base,
    )
    return page(request, "audit.html", view)


async def as_csv(request: web.Request) -> web.StreamResponse:
    return await _file(request, "csv")


async def as_lines(request: web.Request) -> web.StreamResponse:
    return await _file(request, "jsonl")


async def _file(request: web.Request, form: str) -> web.StreamResponse:
    """Written as it is read: a log of a million lines takes as much room as a page of them."""
    who = request.get(ACTOR)
    tenant, zone = (who.tenant.id, who.tenant.zone) if who else (None, "UTC")
    which, _until = _which(_asked(request.query), tenant, zone)
    user = who.user.id if who else admin(request).id
    await exports.told(services(request), tenant, user, "audit.exported", {"form": form})
    name = f"audit-{who.tenant.slug if who else 'platform'}.{form}"
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    response.content_type = "text/csv" if form == "csv" else "application/jsonl"
    response.charset = "utf-8"
    await response.prepare(request)
    if form == "csv":
        await response.write(sheet.csv_lines([HEAD]))
    while True:
        async with _read(request, tenant) as tx:
            lines = await audit.found(tx, which, CHUNK)
            names = await audit.names(tx, {line.user_id for line in lines if line.user_id})
        if lines:
            await response.write(_bytes(lines, names, form))
        if len(lines) < CHUNK:
            break
        which = replace(which, before=lines[-1].id)
    await response.write_eof()
    return response


def _bytes(lines: list[Line], names: Mapping[UserId, str], form: str) -> bytes:
    if form == "csv":
        return sheet.csv_lines(_row(line, names) for line in lines)
    return b"".join(sheet.json_line(exports.audit_line(line, names)) for line in lines)


def _row(line: Line, names: Mapping[UserId, str]) -> tuple[object, ...]:
    told = audit_words.view(line, names)
    was = {change.name: change.was for change in told.changes}
    now = {change.name: change.now for change in told.changes}
    rest = "; ".join(f"{name}: {value}" for name, value in told.rest)
    return (line.at.isoformat(), told.who, line.action, line.target, told.sentence, _pairs(was), _pairs(now), rest)


def _pairs(values: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" if name else value for name, value in values.items())


def _read(request: web.Request, tenant: TenantId | None) -> AbstractAsyncContextManager[Tx]:
    sv = services(request)
    return sv.db.read(tenant) if tenant else sv.platform.read()


def _asked(query: Mapping[str, str]) -> Asked:
    def value(name: str) -> str:
        return query.get(name, "")[:200].replace("\0", "").strip()

    return Asked(
        who=value("who"), action=value("action"), target=value("target"), day=value("day"), before=value("before")
    )


def _which(asked: Asked, tenant: TenantId | None, zone: str) -> tuple[Which, datetime | None]:
    """What of the address makes sense; the rest is no condition. A day is one of the tenant's zone."""
    day, before = _day(asked.day), _uuid(asked.before)
    until = zones.midnight(day + timedelta(days=1), zone) if day else None
    bounds = [bound for bound in (before, first_id(until) if until else None) if bound]
    user = _uuid(asked.who)
    return Which(
        tenant=tenant,
        user=UserId(user) if user else None,
        action=asked.action,
        target=asked.target,
        since=first_id(zones.midnight(day, zone)) if day else None,
        before=min(bounds) if bounds else None,
    ), until


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if datetime(1971, 1, 1, tzinfo=UTC).date() < day < datetime(9000, 1, 1, tzinfo=UTC).date() else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
