"""How good drafts are: what reviews said in both rounds, what recurs, the rules that stand, and two switches."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.guardrails import LONGEST, MOST
from cid.domain.ids import DraftId
from cid.domain.review import Finding, ReviewOutcome, Severity
from cid.flows import choices
from cid.flows import quality as flow
from cid.render import diff
from cid.store import guardrails, policies, quality, switches
from cid.text import recurring
from cid.web import words
from cid.web.draft_views import Chip
from cid.web.forms import text
from cid.web.keys import actor, admin, services
from cid.web.quality_views import (
    ChangeView,
    DraftLine,
    PlatformQualityView,
    QualityView,
    RecurringLine,
    RoundView,
    StatusChoice,
)
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from cid.domain.guardrails import Guardrail
    from cid.domain.tenants import Actor
    from cid.store.quality import Found, Reviewed, Round
    from cid.web.forms import Nothing

PAGE = 20
RULES = 120
PLATFORM = "/platform/quality"
ORDER = {Severity.CRITICAL: 0, Severity.MAJOR: 1, Severity.MINOR: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`category`, `finding` and `draft` say where it came from; it may come from nowhere."""

    rule: str = text(longest=LONGEST * 2, default="", lines=True)
    category: str = text(longest=40, default="")
    finding: str = text(longest=2000, default="")
    draft: str = text(longest=40, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class EverybodysRule:
    rule: str = text(longest=LONGEST * 2, default="", lines=True)
    industry: str = text(longest=400, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    wanted: bool = False


async def shown(request: web.Request) -> web.StreamResponse:
    return await _shown(request)


async def _shown(request: web.Request, problem: str = "", typed: str = "", status: int = 200) -> web.Response:
    who, sv = actor(request), services(request)
    tenant, chosen = who.tenant.id, _chosen(request)
    before = _mark(request.query.get("before", ""))
    async with sv.db.read(tenant) as tx:
        counts = await quality.counts(tx, tenant)
        rows = await quality.drafts(tx, tenant, chosen, before=before, limit=PAGE + 1)
        rounds = await quality.rounds(tx, tenant, [row.id for row in rows[:PAGE]])
        found = await quality.findings(tx, tenant)
        rules = await guardrails.listed(tx, tenant, RULES)
        policy = await policies.of(tx, tenant, sv.policy)
        revision = await switches.auto_revision(tx)
    lines, often = await asyncio.to_thread(_worked_out, rows[:PAGE], rounds, found, rules)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    view = QualityView(
        choices=_choices(counts, chosen),
        newest=quality.NEWEST,
        lately=quality.LATELY,
        rows=lines,
        first=_address(who, status=chosen or "") if before else "",
        next=_address(who, status=chosen or "", before=f"{last.created_at.isoformat()}~{last.id}") if last else "",
        recurring=often,
        rules=rules,
        most=MOST,
        asked=(await choices.standing(sv, who.tenant)).asked,
        gate5=sv.gate5,
        revision=revision,
        ready_score=policy.reviewing.ready_score,
        revise_score=policy.reviewing.revise_score,
        problem=problem,
        typed=typed,
    )
    return page(request, "quality.html", view, status)


def _worked_out(
    rows: Sequence[Reviewed], rounds: Sequence[Round], found: Sequence[Found], rules: Sequence[Guardrail]
) -> tuple[list[DraftLine], list[RecurringLine]]:
    """Differences and what recurs: some hundredths of a second, in a thread."""
    by_draft = {(one.draft_id, one.round): one for one in rounds}
    lines = [
        DraftLine(
            row=row,
            chip=Chip(*words.OUTCOMES[row.outcome][:2]) if row.outcome else Chip(_("being reviewed"), "live"),
            first=_round(by_draft.get((row.id, 1))),
            second=_round(by_draft.get((row.id, 2))),
        )
        for row in rows
    ]
    stand = {recurring.key(rule.category, rule.finding) for rule in rules if rule.active and rule.finding}
    often = recurring.recurring((one.draft_id, one.findings) for one in found)
    return lines, [RecurringLine(one=one, stands=recurring.key(one.category, one.what) in stand) for one in often]


def _round(one: Round | None) -> RoundView | None:
    if one is None:
        return None
    made = [Finding(**row | {"severity": Severity(row["severity"])}) for row in json.loads(one.findings)]
    return RoundView(
        round=one,
        outcome=words.OUTCOMES[one.outcome][2],
        findings=sorted(made, key=lambda finding: ORDER[finding.severity]),
        changes=[ChangeView(row["field"], diff.words(row["before"], row["after"])) for row in one.changes or ()],
    )


def _choices(counts: dict[ReviewOutcome | None, int], chosen: ReviewOutcome | None) -> list[StatusChoice]:
    total = StatusChoice(key="", text=_("All"), tone="plain", count=sum(counts.values()), chosen=chosen is None)
    return [
        total,
        *(
            StatusChoice(
                key=outcome,
                text=words.OUTCOMES[outcome][0],
                tone=words.OUTCOMES[outcome][1],
                count=counts.get(outcome, 0),
                chosen=outcome is chosen,
            )
            for outcome in ReviewOutcome
        ),
    ]


async def add_rule(request: web.Request, form: Rule) -> web.StreamResponse:
    who = actor(request)
    try:
        draft = DraftId(UUID(form.draft)) if form.draft else None
    except ValueError:
        draft = None
    try:
        await flow.add_rule(
            services(request), who, form.rule, category=form.category, finding=form.finding, draft=draft
        )
    except NotFound:
        raise
    except Refused as refused:
        return await _shown(request, refused.public, form.rule, 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/quality?said=rule_added")


async def end_rule(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await flow.end_rule(services(request), who, UUID(request.match_info["id"]))
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/quality?said=rule_ended")


async def platform(request: web.Request) -> web.StreamResponse:
    return await _platform(request)


async def _platform(
    request: web.Request, problem: str = "", form: EverybodysRule | None = None, status: int = 200
) -> web.Response:
    sv = services(request)
    async with sv.platform.read() as tx:
        view = PlatformQualityView(
            rules=await guardrails.platforms(tx, RULES),
            most=MOST,
            gate5=sv.gate5,
            revision=await switches.auto_revision(tx),
            switched=await switches.last(tx),
            problem=problem,
            text=form.rule if form else "",
            industry=form.industry if form else "",
        )
    return page(request, "platform_quality.html", view, status)


async def add_everybodys_rule(request: web.Request, form: EverybodysRule) -> web.StreamResponse:
    try:
        await flow.add_everybodys_rule(services(request), admin(request).id, form.rule, industry=form.industry)
    except Refused as refused:
        return await _platform(request, refused.public, form, 422)
    raise web.HTTPSeeOther(f"{PLATFORM}?said=rule_added")


async def end_everybodys_rule(request: web.Request, _form: Nothing) -> web.StreamResponse:
    doing = flow.end_everybodys_rule(services(request), admin(request).id, UUID(request.match_info["id"]))
    return await _back(doing, "rule_ended")


async def switch(request: web.Request, form: Switch) -> web.StreamResponse:
    doing = flow.switch_revision(services(request), admin(request).id, on=form.wanted)
    return await _back(doing, "revision_on" if form.wanted else "revision_off")


async def _back(doing: Awaitable[None], said: str) -> web.StreamResponse:
    await doing
    raise web.HTTPSeeOther(f"{PLATFORM}?said={said}")


def _chosen(request: web.Request) -> ReviewOutcome | None:
    """A status that there is not means all."""
    asked = request.query.get("status", "")
    return next((outcome for outcome in ReviewOutcome if outcome == asked), None)


def _address(who: Actor, **query: str) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{who.tenant.slug}/quality" + (f"?{chosen}" if chosen else "")


def _mark(text: str) -> tuple[datetime, DraftId] | None:
    """A mark that we did not make leads to the start."""
    at, _sep, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, DraftId(UUID(key))) if moment.tzinfo else None
    except ValueError:
        return None
