"""Known narratives: the catalogue, how often each was found over time, and what analysts say of a match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound
from cid.domain.ids import MatchId
from cid.domain.narratives import MatchVerdict, Stance
from cid.domain.tenants import Permission
from cid.flows import matches as flow
from cid.store import narratives as store
from cid.web import narrative_views, run_words
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.narrative_views import NarrativesView, NarrativeView, SeenLine
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

PAGE = 30
LANGUAGES = {
    "en": _("English"),
    "de": _("German"),
    "fr": _("French"),
    "es": _("Spanish"),
    "ru": _("Russian"),
    "uk": _("Ukrainian"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`back`: narrative to whose page to return; empty: to the run."""

    verdict: MatchVerdict
    note: str = text(default="", longest=flow.LONGEST_NOTE * 2, lines=True)
    back: str = text(default="", longest=60)


async def listed(request: web.Request) -> web.StreamResponse:
    sv, tenant = services(request), actor(request).tenant.id
    since = narrative_views.monday(sv.clock.now())
    outlet, stance = request.query.get("outlet", "")[:300], _stance(request)
    ids = [one.id for one in sv.narratives.narratives]
    async with sv.db.read(tenant) as tx:
        counts = await store.weekly(tx, ids, since=_start(since), stance=stance, outlet=outlet)
        outlets = await store.outlets(tx)
    view = NarrativesView(
        groups=narrative_views.groups(sv.narratives.narratives, counts, since),
        version=sv.narratives.version,
        since=since,
        found=sum(one.found for one in counts),
        outlets=_outlets(outlets),
        stances=_stances(),
        outlet=outlet,
        stance=stance or "",
    )
    return page(request, "narratives.html", view)


async def one(request: web.Request) -> web.StreamResponse:
    sv, who = services(request), actor(request)
    narrative = sv.narratives.by_id(request.match_info["narrative"])
    if narrative is None:
        raise NotFound(_("There is no such narrative in the catalogue."))
    since = narrative_views.monday(sv.clock.now())
    outlet, stance = request.query.get("outlet", "")[:300], _stance(request)
    before = _place(request.query.get("before", ""))
    async with sv.db.read(who.tenant.id) as tx:
        counts = await store.weekly(tx, [narrative.id], since=_start(since), stance=stance, outlet=outlet)
        rows = await store.latest(tx, narrative.id, stance=stance, outlet=outlet, before=before, limit=PAGE + 1)
        outlets = await store.outlets(tx)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    chosen = {"outlet": outlet, "stance": stance or ""}
    view = NarrativeView(
        line=narrative_views.line(narrative, counts, since),
        since=since,
        cues=[(LANGUAGES.get(key, key), cues) for key, cues in narrative.cues.items()],
        rows=[SeenLine(seen=one, quote=one.spans[0].text if one.spans else "") for one in rows[:PAGE]],
        outlets=_outlets(outlets),
        stances=_stances(),
        outlet=outlet,
        stance=stance or "",
        first=_address(request, chosen) if before else "",
        next=_address(request, {**chosen, "before": f"{last.made_at.isoformat()}~{last.id}"}) if last else "",
        may=who.may(Permission.ANALYSE),
    )
    return page(request, "narrative.html", view)


async def decide(request: web.Request, form: Verdict) -> web.StreamResponse:
    who, run = actor(request), request.match_info["id"]
    match = MatchId(UUID(request.match_info["match"]))
    await flow.decide(services(request), who, match, form.verdict, form.note, run=UUID(run))
    known = services(request).narratives.by_id(form.back)
    part = f"narratives/{known.id}" if known else f"runs/{run}"
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/{part}?said=match_{form.verdict}#match-{match}")


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _stance(request: web.Request) -> Stance | None:
    asked = request.query.get("stance", "")
    return Stance(asked) if asked in set(Stance) else None


def _outlets(found: Sequence[store.Outlet]) -> list[tuple[str, str]]:
    return [("", _("any")), *((one.key, one.name) for one in found)]


def _stances() -> list[tuple[str, str]]:
    return [("", _("any")), *((str(one), run_words.STANCES[one][0]) for one in Stance)]


def _place(mark: str) -> tuple[datetime, MatchId] | None:
    at, _tilde, id_ = mark.partition("~")
    try:
        found = datetime.fromisoformat(at), MatchId(UUID(id_))
    except ValueError:
        return None
    return found if found[0].tzinfo else None


def _address(request: web.Request, query: dict[str, str]) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{request.path}?{said}" if said else request.path
