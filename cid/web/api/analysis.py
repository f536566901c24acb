"""Runs of the analysis desk for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from uuid import UUID

from cid.domain.errors import NotFound
from cid.domain.export import File
from cid.domain.ids import RunBatchId, RunId
from cid.domain.llm import Json
from cid.domain.run import Run, RunItem, RunState, Shortfall, fold
from cid.domain.scorecard import CEILING
from cid.domain.shape import plain
from cid.flows import briefing_export
from cid.flows import runs as flow
from cid.render import briefing_words as words
from cid.store import runs
from cid.text import countries, outlets
from cid.web.api.analysis_shapes import (
    AiMetadata,
    AiSaid,
    BatchAsked,
    BatchShown,
    BatchStarted,
    CheckShown,
    DimensionShown,
    ExportWanted,
    ItemOfRun,
    MatchesShown,
    MatchShown,
    NarrativeShown,
    NarrativesShown,
    PointShown,
    QualityShown,
    RunAsked,
    RunCancelled,
    RunShown,
    RunsPage,
    RunStarted,
    RunsWanted,
    RunWhole,
    SourceOfRun,
    SpanShown,
    StepShown,
)
from cid.web.api.cursors import moment_after, page
from cid.web.api.problems import Trouble
from cid.web.api.shapes import Wrong

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.narratives import StoredMatch
    from cid.domain.scorecard import StoredScorecard
    from cid.web.api.endpoint import Asked, Nothing

_WRITTEN = frozenset({RunState.COMPLETED, RunState.PARTIAL})


async def start(asked: Asked[Nothing, RunAsked]) -> RunStarted:
    run = await flow.start(asked.sv, asked.actor, asked.body.wish(), tlp=asked.body.tlp)
    return RunStarted(id=run, state=RunState.QUEUED)


async def start_batch(asked: Asked[Nothing, BatchAsked]) -> BatchStarted:
    wanted = asked.body
    wishes = [one.wish() for one in wanted.targets]
    batch = await flow.start_batch(asked.sv, asked.actor, wanted.name, wishes, tlp=wanted.tlp)
    return BatchStarted(id=batch, state=fold([RunState.QUEUED]))


async def listed(asked: Asked[RunsWanted, Nothing]) -> RunsPage:
    wanted, tenant = asked.query, asked.actor.tenant.id
    country = await asyncio.to_thread(_country, wanted.country)  # the first name takes tenths of a second
    async with asked.sv.db.read(tenant) as tx:
        rows = await runs.page(
            tx,
            tenant,
            keys=outlets.keys(wanted.outlet, country) if wanted.outlet else (),
            state=wanted.state,
            platform=wanted.platform,
            country=country,
            batch=RunBatchId(wanted.batch) if wanted.batch else None,
            since=wanted.since,
            before=moment_after(wanted.cursor),
            limit=wanted.limit + 1,
        )
    shown, next_ = page(rows, wanted.limit, lambda row: (row.created_at.isoformat(), row.id))
    return RunsPage(items=tuple(map(_run, shown)), next=next_)


async def one(asked: Asked[Nothing, Nothing]) -> RunWhole:
    found = await _dossier(asked)
    kept = found.briefing
    return RunWhole(
        run=_run(found.run),
        ai_metadata=_ai(found),
        tlp=words.tlp_label(found.run),
        marks=words.marks(found),
        steps=tuple(StepShown(number=s.number, state=s.state, said=s.said, at=s.at) for s in found.steps),
        sources=tuple(
            SourceOfRun(
                number=f.number,
                via=f.via,
                address=f.address,
                outcome=f.outcome,
                cause=f.cause,
                detail=f.detail,
                found=f.found,
                kept=f.kept,
                at=f.at,
            )
            for f in found.fetches
        ),
        items=tuple(map(_item, found.items)),
        profile=cast("Mapping[str, Json]", plain(found.profile)) if found.profile else None,
        briefing=kept.briefing if kept else None,
        raw=kept.raw if kept and kept.briefing is None else None,
    )


async def cancel(asked: Asked[Nothing, Nothing]) -> RunCancelled:
    run, tenant = RunId(asked.ids["run"]), asked.actor.tenant.id
    cancelled = await flow.cancel(asked.sv, asked.actor, run)
    async with asked.sv.db.read(tenant) as tx:
        now = await runs.by_id(tx, tenant, run)
    assert now, "a run is never taken away"
    return RunCancelled(id=run, cancelled=cancelled, state=now.state)


async def quality(asked: Asked[Nothing, Nothing]) -> QualityShown:
    found = await _dossier(asked)
    kept = found.scorecard
    card = kept.card if kept else None
    return QualityShown(
        id=found.run.id,
        state=found.run.state,
        tlp=words.tlp_label(found.run),
        ai=_said(found.run, found),
        detail="" if card else _unscored(found.run),
        score=card.total if card else None,
        of=CEILING,
        rubric=card.rating if card else None,
        rating=card.shown if card else None,
        capped_by=card.capped_by if card else (),
        dimensions=_dimensions(kept),
        checks=tuple(
            CheckShown(name=c.name, passed=c.passed, why=c.why, where=c.where, cap=c.cap)
            for c in (card.checks if card else ())
        ),
        version=card.version if card else None,
        made_at=kept.made_at if kept else None,
    )


async def narratives(asked: Asked[Nothing, Nothing]) -> MatchesShown:
    found = await _dossier(asked)
    return MatchesShown(
        id=found.run.id,
        state=found.run.state,
        tlp=words.tlp_label(found.run),
        ai=_said(found.run, found),
        looked_for=words.looked_for_narratives(found),
        matches=tuple(map(_match, found.matches)),
    )


async def export(asked: Asked[ExportWanted, Nothing]) -> File:
    who = asked.actor
    run, form = RunId(asked.ids["run"]), asked.query.format
    return await briefing_export.export(asked.sv, who.tenant, run, form, by=who.user.id, via="api")


async def batch(asked: Asked[Nothing, Nothing]) -> BatchShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await runs.batch(tx, tenant, RunBatchId(asked.ids["batch"]))
    if found is None:
        raise NotFound("There is no such batch.")
    states = [run.state for run in found.runs]
    return BatchShown(
        id=found.id,
        name=found.name,
        state=fold(states),
        target_count=len(states),
        completed_count=sum(state in _WRITTEN for state in states),
        partial_count=states.count(RunState.PARTIAL),
        failed_count=states.count(RunState.FAILED),
        report_ids=tuple(run.id for run in found.runs if run.state in _WRITTEN),
        runs=tuple(map(_run, found.runs)),
        created_at=found.created_at,
    )


async def catalogue(asked: Asked[Nothing, Nothing]) -> NarrativesShown:
    known = asked.sv.narratives
    return NarrativesShown(
        version=known.version,
        narratives=tuple(
            NarrativeShown(
                id=n.id,
                name=n.name,
                category=n.category,
                category_name=n.category_name,
                description=n.description,
                frequency=n.frequency,
                first_documented=n.first_documented,
                active=n.active,
                version=n.version,
                claims=n.claims,
                sources=n.sources,
            )
            for n in known.narratives
        ),
    )


async def _dossier(asked: Asked[Nothing, Nothing]) -> Dossier:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await runs.dossier(tx, tenant, RunId(asked.ids["run"]))
    if found is None:
        raise NotFound("There is no such run.")
    return found


def _country(said: str | None) -> str:
    """Empty: any. Raises Trouble."""
    if said is None:
        return ""
    code = countries.country_anywhere(said)
    if not code:
        wrong = [Wrong("country", "is none that is known.")]
        raise Trouble("bad_request", "A parameter is wrong.", wrong=wrong, query=True)
    return code


def _run(run: Run) -> RunShown:
    return RunShown(
        id=run.id,
        batch=run.batch_id,
        monitor=run.monitor_id,
        outlet=run.outlet,
        country=run.country,
        url=run.url,
        platform=run.platform,
        period=run.period,
        wanted=run.items,
        asked=run.sources,
        substitute=run.substitute,
        tlp=run.tlp,
        state=run.state,
        failure=run.failure,
        detail=run.detail,
        shortfalls=run.shortfalls,
        sample=run.sample,
        score=run.score,
        rating=run.rating,
        ai=_said(run),
        created_at=run.created_at,
        changed_at=run.changed_at,
        ended_at=run.ended_at,
    )


def _said(run: Run, dossier: Dossier | None = None) -> AiSaid:
    """Of a list the sentences alone that hold of every run: how many items there were is told with the run."""
    return AiSaid(
        model=run.provider or None,
        extractive=run.provider.startswith("offline"),
        requires_human_review=True,
        disclosure=words.disclosure(dossier) if dossier else words.disclosed(run.provider),
    )


def _ai(found: Dossier) -> AiMetadata:
    kept, said = found.briefing, _said(found.run, found)
    return AiMetadata(
        model=kept.provider if kept else said.model,
        extractive=kept.extractive if kept else said.extractive,
        requires_human_review=said.requires_human_review,
        disclosure=said.disclosure,
        prompt_version=kept.prompt_version if kept else None,
        prompt_sha256=kept.prompt_hash.hex() if kept else None,
        input_sha256=kept.input_hash.hex() if kept else None,
        schema_version=kept.schema_version if kept else None,
        structured=kept.structured if kept else None,
        problems=kept.problems if kept else (),
        generated_at=kept.made_at if kept else None,
    )


def _item(item: RunItem) -> ItemOfRun:
    return ItemOfRun(
        number=item.number,
        via=item.via,
        url=item.url,
        title=item.title,
        text=item.text,
        grain=item.grain,
        text_state=item.text_state,
        sha256=item.sha256.hex(),
        publisher=item.publisher,
        author=item.author,
        language=item.language,
        published_at=item.published_at,
        fetched_at=item.fetched_at,
        facts=item.facts,
        sample=item.sample,
    )


def _unscored(run: Run) -> str:
    if Shortfall.SCORER in run.shortfalls:
        return words.LACKS[Shortfall.SCORER]
    if run.state is RunState.FAILED:
        return words.failure(run)
    return "It is not scored." if run.over else "It is not scored yet."


def _dimensions(kept: StoredScorecard | None) -> tuple[DimensionShown, ...]:
    return tuple(
        DimensionShown(
            name=d.name,
            score=d.score,
            of=d.of,
            points=tuple(PointShown(check=p.check, points=p.points, of=p.of, why=p.why) for p in d.points),
        )
        for d in (kept.card.dimensions if kept else ())
    )


def _match(stored: StoredMatch) -> MatchShown:
    m = stored.match
    return MatchShown(
        id=UUID(str(stored.id)),
        narrative=m.narrative,
        name=stored.name,
        category=stored.category,
        where=m.where,
        item=m.item,
        spans=tuple(SpanShown(start=s.start, end=s.end, text=s.text, cue=s.cue) for s in m.spans),
        cues=m.cues,
        strength=m.strength,
        stance=m.stance,
        language=m.language,
        by=m.by,
        probability=m.probability,
        version=m.version,
        verdict=stored.verdict,
        verdict_at=stored.verdict_at,
    )
