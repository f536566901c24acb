"""Where a tenant publishes, for its owner. Secrets are typed in and never shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from aiohttp import web

from cid.domain.channel_kinds import KINDS, About
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import ChannelId
from cid.domain.publication import ChannelKind
from cid.flows import channels as flow
from cid.store import channels as store
from cid.store import governors
from cid.web.doors import posted
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

SET = "set-"
OFFERED = (ChannelKind.WORDPRESS, ChannelKind.GHOST, ChannelKind.DEVTO)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """The kind's own settings come beside it, in fields that begin with SET."""

    kind: ChannelKind
    name: str = text(longest=200, default="")
    base_url: str = text(longest=1000, default="")
    secret: str = text(longest=1000, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    name: str = text(longest=200, default="")
    base_url: str = text(longest=1000, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    secret: str = text(longest=1000, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    wanted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`own` empty: not known."""

    per_week: int
    hours: str = text(longest=20)
    own: str = text(longest=20, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    row: store.Kept
    about: About
    problem: str
    """What is wrong with what was entered for it."""
    opened: bool
    account: str
    lacks: Sequence[str]
    trouble: str
    """What the last look at it ended with."""

    @property
    def hours(self) -> str:
        return f"{self.row.apart / HOUR:g}"

    @property
    def own(self) -> str:
        return "" if self.row.own_per_week is None else f"{self.row.own_per_week.normalize():f}"

    @property
    def lacking_secret(self) -> bool:
        return bool(self.about.key) and not self.row.has_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsView:
    rows: Sequence[Line]
    stopped: governors.Stopped | None
    kind: ChannelKind
    about: About
    kinds: Sequence[tuple[ChannelKind, str]]
    typed: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What could not be stored, and where it is said."""

    problem: str = ""
    channel: UUID | None = None
    kind: ChannelKind | None = None
    typed: Mapping[str, str] = field(default_factory=dict)


async def listed(request: web.Request) -> web.StreamResponse:
    return await _listed(request, Wrong())


async def _listed(request: web.Request, wrong: Wrong, status: int = 200) -> web.Response:
    who = actor(request)
    asked = wrong.kind or request.query.get("kind", "")
    kind = next((kind for kind in OFFERED if kind == asked), OFFERED[0])
    async with services(request).db.read(who.tenant.id) as tx:
        rows = await store.kept(tx, who.tenant.id)
        stopped = await governors.stopped(tx, who.tenant.id)
    about = KINDS[kind]
    begun = {"name": about.label, "base_url": about.default_address}
    view = ChannelsView(
        rows=[_line(row, wrong) for row in rows],
        stopped=stopped,
        kind=kind,
        about=about,
        kinds=[(offered, KINDS[offered].label) for offered in OFFERED],
        typed=begun | dict(wrong.typed),
        problem="" if wrong.channel else wrong.problem,
    )
    return page(request, "channels.html", view, status)


def _line(row: store.Kept, wrong: Wrong) -> Line:
    lacks = row.checked.get("lacks", [])
    return Line(
        row=row,
        about=KINDS[row.kind],
        problem=wrong.problem if wrong.channel == row.id else "",
        opened=wrong.channel == row.id,
        account=str(row.checked.get("account", "")),
        lacks=[str(lack) for lack in lacks] if isinstance(lacks, list) else [],
        trouble=str(row.checked.get("problem", "")),
    )


async def add(request: web.Request, form: Add) -> web.StreamResponse:
    who, config = actor(request), await _settings(request)
    wish = flow.Wish(name=form.name, base_url=form.base_url, config=config)
    try:
        await flow.add(services(request), who.tenant.id, form.kind, wish, secret=form.secret, actor=who)
    except Refused as refused:
        typed = {"name": form.name, "base_url": form.base_url, **config}
        return await _listed(request, Wrong(problem=refused.public, kind=form.kind, typed=typed), 422)
    return _back(request, "channel_added")


async def edit(request: web.Request, form: Edit) -> web.StreamResponse:
    who = actor(request)
    wish = flow.Wish(name=form.name, base_url=form.base_url, config=await _settings(request))
    try:
        lost = await flow.edit(services(request), who.tenant.id, _id(request), wish, actor=who)
    except NotFound:
        raise
    except Refused as refused:
        return await _wrong(request, refused)
    return _back(request, "channel_lost" if lost else "channel_changed")


async def secret(request: web.Request, form: Secret) -> web.StreamResponse:
    who = actor(request)
    try:
        await flow.set_secret(services(request), who.tenant.id, _id(request), form.secret, actor=who)
    except NotFound:
        raise
    except Refused as refused:
        return await _wrong(request, refused)
    return _back(request, "channel_secret")


async def active(request: web.Request, form: Active) -> web.StreamResponse:
    who = actor(request)
    await flow.set_active(services(request), who.tenant.id, _id(request), wanted=form.wanted, actor=who)
    return _back(request, "channel_on" if form.wanted else "channel_off")


async def canonical(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    try:
        await flow.make_canonical(services(request), who.tenant.id, _id(request), actor=who)
    except NotFound:
        raise
    except Refused as refused:
        return await _wrong(request, refused)
    return _back(request, "channel_canonical")


async def pace(request: web.Request, form: Pace) -> web.StreamResponse:
    who = actor(request)
    try:
        await flow.set_pace(
            services(request),
            who.tenant.id,
            _id(request),
            per_week=form.per_week,
            own_per_week=_number(form.own),
            apart=float(min(max(_number(form.hours) or 0, -1), 1000)) * HOUR,
            actor=who,
        )
    except NotFound:
        raise
    except Refused as refused:
        return await _wrong(request, refused)
    return _back(request, "channel_pace")


async def test(request: web.Request, _form: Nothing) -> web.StreamResponse:
    """What was found is on the page, with the channel."""
    who = actor(request)
    await flow.test(services(request), who.tenant.id, _id(request), actor=who)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/channels#c-{_id(request)}")


async def _wrong(request: web.Request, refused: Refused) -> web.Response:
    return await _listed(request, replace(Wrong(problem=refused.public), channel=_id(request)), 422)


async def _settings(request: web.Request) -> dict[str, str]:
    fields = await posted(request)
    return {
        name.removeprefix(SET): value
        for name, value in fields.items()
        if name.startswith(SET) and isinstance(value, str)
    }


def _number(typed: str) -> Decimal | None:
    if not typed:
        return None
    try:
        number = Decimal(typed)
    except InvalidOperation:
        raise Refused(_("A number is wanted there.")) from None
    if not number.is_finite():
        raise Refused(_("A number is wanted there."))
    return round(number, 1)


def _id(request: web.Request) -> ChannelId:
    return ChannelId(UUID(request.match_info["id"]))


def _back(request: web.Request, said: str) -> web.StreamResponse:
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/channels?said={said}")
