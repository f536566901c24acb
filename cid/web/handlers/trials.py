"""Trials of prompts on a tenant's own material: what was answered beside what another version answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound
from cid.store import calls, trials
from cid.web import trace_words, words
from cid.web.keys import actor, services
from cid.web.prompt_views import PairLine, Side, TrialLine, TrialsView, TrialView
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.llm import Json
    from cid.store.calls import About
    from cid.store.trials import Pair, Trial

SHOWN = 200
"""Subjects on one page, what changed first."""


async def listed(request: web.Request) -> web.StreamResponse:
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        rows = await trials.listed(tx, tenant, limit=50)
    return page(request, "trials.html", TrialsView(rows=[_line(row) for row in rows]))


async def one(request: web.Request) -> web.StreamResponse:
    tenant, id_ = actor(request).tenant.id, UUID(request.match_info["id"])
    async with services(request).db.read(tenant) as tx:
        found = await trials.one(tx, tenant, id_)
        if found is None:
            raise NotFound(_("There is no such trial."))
        pairs = await trials.subjects(tx, tenant, id_, SHOWN)
        about = await calls.about(tx, tenant, [pair.subject for pair in pairs])
    view = TrialView(
        line=_line(found),
        title=trace_words.stage(found.prompt),
        pairs=[_pair(pair, about.get(pair.subject)) for pair in pairs],
    )
    return page(request, "trial.html", view)


def _line(trial: Trial) -> TrialLine:
    text, tone = words.TRIAL_STATES[trial.state]
    return TrialLine(trial=trial, chip=text, tone=tone)


def _pair(pair: Pair, about: About | None) -> PairLine:
    return PairLine(
        pair=pair,
        about=about,
        before=_side(pair.before_score, pair.before_verdict, pair.before),
        after=_side(pair.after_score, pair.after_verdict, pair.after),
        shift="" if pair.shift is None else f"{pair.shift:+d}",
    )


def _side(score: int | None, verdict: str, answer: Json) -> Side:
    return Side(
        score="" if score is None else str(score),
        verdict=words.TRIAL_VERDICTS.get(verdict, verdict),
        text="" if answer is None else json.dumps(answer, ensure_ascii=False, indent=2),
    )
