"""What holds for all tenants, for those who run the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.choices import Limits
from cid.domain.errors import Refused
from cid.domain.ids import PLATFORM
from cid.flows import choices
from cid.store import money
from cid.web import trace_words
from cid.web.forms import text
from cid.web.keys import admin, services
from cid.web.money_views import STAGES, Chain, PlatformModelsView, models_view
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from decimal import Decimal

    from cid.domain.choices import Term
    from cid.domain.tenants import Tenant
    from cid.services import Services

MODELS = "/platform/models"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsForm:
    """US dollars as typed; an empty field sets nothing. No tenant: for everybody."""

    tenant: str = text(longest=40, default="")
    per_day: str = text(longest=40, default="")
    per_month: str = text(longest=40, default="")
    all_per_day: str = text(longest=40, default="")
    relevance: str = text(longest=40, default="")
    queries: str = text(longest=40, default="")
    search: str = text(longest=40, default="")
    evidence: str = text(longest=40, default="")
    fit: str = text(longest=40, default="")
    track: str = text(longest=40, default="")
    draft: str = text(longest=40, default="")
    review: str = text(longest=40, default="")
    revise: str = text(longest=40, default="")
    briefing: str = text(longest=40, default="")
    judge: str = text(longest=40, default="")
    poll: str = text(longest=40, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    why: str = text(longest=200)
    tenant: str = text(longest=40, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    tenant: str = text(longest=40, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    model: str = text(longest=200)


async def home(_request: web.Request) -> web.StreamResponse:
    """To the first page of the platform."""
    raise web.HTTPSeeOther(MODELS)


async def models(request: web.Request) -> web.StreamResponse:
    return await _models(request)


async def _models(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    sv = services(request)
    found = await choices.standing(sv, None)
    async with sv.platform.read() as tx:
        tenants = await money.every_tenant(tx)
    view = PlatformModelsView(
        models=models_view(found, problem=problem),
        keys=list(sv.catalogue.providers.items()),
        set_here=_caps_fields(sv, found.own),
        tenants=tenants,
        stages=STAGES,
        file=sv.caps,
    )
    return page(request, "platform_models.html", view, status)


def _caps_fields(sv: Services, term: Term) -> list[tuple[str, str, str, str]]:
    def field(name: str, label: str, value: Decimal | None, file: Decimal | None) -> tuple[str, str, str, str]:
        hint = _("no cap in the file") if file is None else _("{cap} in the file").format(cap=f"${file:,.2f}")
        return name, label, "" if value is None else f"{value.normalize():f}", hint

    return [
        field("per_day", _("A tenant a day"), term.per_day, sv.caps.per_day),
        field("per_month", _("A tenant a month"), term.per_month, sv.caps.per_month),
        field("all_per_day", _("All tenants a day"), term.all_per_day, sv.caps.all_per_day),
        *(
            field(
                stage, _("{stage}, a tenant a day").format(stage=trace_words.stage(stage)), term.stages.get(stage), cap
            )
            for stage, cap in ((stage, sv.caps.per_stage.get(stage)) for stage in STAGES)
        ),
    ]


async def chain(request: web.Request, form: Chain) -> web.StreamResponse:
    doing = choices.choose(services(request), admin(request).id, None, form.tier, form.names)
    return await _done(request, doing, "models_chosen")


async def caps(request: web.Request, form: CapsForm) -> web.StreamResponse:
    return await _done(request, _cap(request, form), "models_capped")


async def _cap(request: web.Request, form: CapsForm) -> None:
    """Raises Refused, NotFound."""
    sv = services(request)
    tenant = await _tenant(sv, form.tenant)
    async with sv.platform.read() as tx:
        before, _everybody = await money.terms(tx, tenant.id if tenant else PLATFORM)
    stages = dict(before.stages)
    for stage in STAGES:
        wanted = choices.dollars(getattr(form, stage), stage)
        stages.pop(stage, None)
        if wanted is not None:
            stages[stage] = wanted
    limits = Limits(
        per_day=choices.dollars(form.per_day, _("a day")),
        per_month=choices.dollars(form.per_month, _("a month")),
        all_per_day=None if tenant else choices.dollars(form.all_per_day, _("all tenants a day")),
        per_stage=stages,
    )
    await choices.cap(sv, admin(request).id, tenant, limits)


async def stop(request: web.Request, form: Stop) -> web.StreamResponse:
    sv = services(request)
    doing = choices.stop(sv, admin(request).id, await _tenant(sv, form.tenant), form.why)
    return await _done(request, doing, "models_stopped")


async def start(request: web.Request, form: Start) -> web.StreamResponse:
    sv = services(request)
    doing = choices.start(sv, admin(request).id, await _tenant(sv, form.tenant))
    return await _done(request, doing, "models_started")


async def try_again(request: web.Request, form: Try) -> web.StreamResponse:
    return await _done(request, choices.try_again(services(request), admin(request).id, form.model), "models_tried")


async def _done(request: web.Request, doing: Awaitable[object], said: str) -> web.Response:
    try:
        await doing
    except Refused as refused:
        return await _models(request, refused.public, 422)
    raise web.HTTPSeeOther(f"{MODELS}?said={said}")


async def _tenant(sv: Services, slug: str) -> Tenant | None:
    """None where no tenant is named. Raises NotFound."""
    return await choices.tenant_of(sv, slug) if slug else None
