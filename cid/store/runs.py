"""Runs of the analysis desk: their moves, what was fetched, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cid.domain.briefing import Briefing, StoredBriefing
from cid.domain.dossier import Dossier, Feedback
from cid.domain.ids import CallId, MatchId, MonitorId, RunBatchId, RunId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.narratives import By, Match, MatchVerdict, Span, Stance, StoredMatch, Strength, Where
from cid.domain.run import (
    RUN,
    Failure,
    Platform,
    Profile,
    Run,
    RunBatch,
    RunFetch,
    RunItem,
    RunState,
    RunStep,
    Shortfall,
    Target,
    Tlp,
)
from cid.domain.scorecard import Scorecard, StoredScorecard
from cid.domain.shape import built, plain
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Row, Tx

ADD = query("runs.add")
BY_ID = query("runs.by_id")
OF_BATCH = query("runs.of_batch")
BEFORE = query("runs.before")
LISTED = query("runs.listed")
ABANDONED = query("runs.abandoned")
MOVE = query("runs.move")
LOCK = query("runs.lock")
COUNT_OPEN = query("runs.count_open")
TURN = query("runs.turn")
SET_TLP = query("runs.set_tlp")
REPLIES = query("runs.replies")
LAST_SAID = query("runs.last_said")
STEP = query("runs.step")
STEPS = query("runs.steps")
FETCHED = query("runs.fetched")
FETCHES = query("runs.fetches")
ADD_ITEM = query("runs.add_item")
ITEMS = query("runs.items")
SET_PROFILE = query("runs.set_profile")
PROFILE = query("runs.profile")
ADD_BRIEFING = query("runs.add_briefing")
SET_PROVIDER = query("runs.set_provider")
BRIEFING = query("runs.briefing")
ADD_SCORECARD = query("runs.add_scorecard")
SET_SCORE = query("runs.set_score")
SCORECARD = query("runs.scorecard")
ADD_MATCH = query("runs.add_match")
HAS_MATCHES = query("runs.has_matches")
MATCHES = query("runs.matches")
ADD_FEEDBACK = query("runs.add_feedback")
FEEDBACK = query("runs.feedback")
ADD_BATCH = query("runs.add_batch")
BATCH = query("runs.batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered about a run, to the letter."""

    id: CallId
    provider: str
    prompt_version: str
    prompt_hash: bytes
    input_hash: bytes
    reply: str
    stop: str
    read: bool
    """Somebody read it."""
    answer: dict[str, Json] | None
    """As it was kept; None: it was not of the agreed shape, or nobody read it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """A run on its way that no job leads on."""

    tenant_id: TenantId
    id: RunId
    error: str
    """Why its job died; empty: it has none, and none died."""


PAGE = query("runs.page")
SHAPES = {
    PAGE: Run,
    BY_ID: Run,
    OF_BATCH: Run,
    BEFORE: Run,
    LISTED: Run,
    ABANDONED: Abandoned,
    REPLIES: Reply,
    STEPS: RunStep,
    FETCHES: RunFetch,
    ITEMS: RunItem,
    FEEDBACK: Feedback,
}


async def add(
    tx: Tx,
    run: RunId,
    target: Target,
    *,
    outlet_key: str,
    tlp: Tlp,
    by: UserId | None,
    batch: RunBatchId | None = None,
    monitor: MonitorId | None = None,
    sample: bool = False,
) -> None:
    t = target
    await tx.execute(
        ADD,
        *(tx.tenant, run, batch, monitor, t.outlet, outlet_key, t.country, t.url, t.platform, t.period, t.items),
        *(list(t.sources), t.substitute, tlp, by, sample),
    )
    await tx.execute(STEP, tx.tenant, run, RunState.QUEUED, "")


def _run(row: Row) -> Run:
    found = into(Run, row)
    return replace(found, sources=tuple(found.sources), shortfalls=tuple(Shortfall(one) for one in found.shortfalls))


async def by_id(tx: Tx, tenant: TenantId, run: RunId) -> Run | None:
    row = await tx.fetchrow(BY_ID, tenant, run)
    return _run(row) if row else None


async def before(tx: Tx, run: Run) -> Run | None:
    """The last run of the same outlet before this one that has a briefing."""
    row = await tx.fetchrow(BEFORE, run.tenant_id, run.outlet_key, run.platform, run.created_at, run.id)
    return _run(row) if row else None


async def move(
    tx: Tx,
    run: Run,
    new: RunState,
    *,
    said: str = "",
    failure: Failure | None = None,
    detail: str = "",
    shortfalls: Iterable[Shortfall] = (),
) -> bool:
    """False: somebody else moved it first, and nothing changed."""
    RUN.check(run.state, new)
    lacks = sorted({str(one) for one in shortfalls})
    moved = await tx.execute(MOVE, tx.tenant, run.id, run.state, new, failure, detail[:1000], lacks) == "UPDATE 1"
    if moved:
        await tx.execute(STEP, tx.tenant, run.id, new, said[:1000])
    return moved


async def lock(tx: Tx, run: RunId) -> RunState | None:
    """Its state, which stays until the transaction ends. None: the tenant has no such run."""
    state = await tx.fetchval(LOCK, tx.tenant, run)
    return RunState(state) if state else None


async def note(tx: Tx, run: RunId, state: RunState, said: str) -> bool:
    """One more step within a state, such as a source that was asked. False: the run is in another state, or the last
    step said the same; then nothing is written."""
    said = said[:1000]
    if await lock(tx, run) is not state or await tx.fetchval(LAST_SAID, tx.tenant, run) == said:
        return False
    await tx.execute(STEP, tx.tenant, run, state, said)
    return True


async def set_tlp(tx: Tx, run: RunId, tlp: Tlp) -> None:
    await tx.execute(SET_TLP, tx.tenant, run, tlp)


async def room(tx: Tx, most: int) -> int:
    """How many more may be under way. Whoever asks next in this tenant waits until the transaction ends."""
    await tx.execute(TURN, tx.tenant)
    return most - await count_open(tx, tx.tenant, most)


async def count_open(tx: Tx, tenant: TenantId, most: int) -> int:
    """How many runs are not over, as far as `most`."""
    return int(await tx.fetchval(COUNT_OPEN, tenant, most))


async def listed(
    tx: Tx, tenant: TenantId, states: Iterable[RunState], *, platform: Platform | None, outlet: str, limit: int
) -> list[Run]:
    """The newest first. No state: all of them; `outlet`: a part of its name."""
    return [_run(row) for row in await tx.fetch(LISTED, tenant, list(states), platform, outlet, limit)]


async def page(
    tx: Tx,
    tenant: TenantId,
    *,
    keys: Sequence[str] = (),
    state: RunState | None = None,
    platform: Platform | None = None,
    country: str = "",
    batch: RunBatchId | None = None,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Run]:
    """The newest first; `before`: those after this one in that order. `keys`: of outlets; none: of all."""
    at, run = before or (None, None)
    asked = (list(keys), state, platform, country, batch, since, at, run, limit)
    return [_run(row) for row in await tx.fetch(PAGE, tenant, *asked)]


async def replies(tx: Tx, run: Run) -> list[Reply]:
    """Of models, about this run; the newest first."""
    rows = each(Reply, await tx.fetch(REPLIES, tx.tenant, str(run.id), run.created_at))
    return [replace(one, prompt_hash=bytes(one.prompt_hash), input_hash=bytes(one.input_hash)) for one in rows]


async def abandoned(tx: Tx, limit: int) -> list[Abandoned]:
    """In a platform transaction, of all tenants."""
    return each(Abandoned, await tx.fetch(ABANDONED, limit))


async def steps(tx: Tx, tenant: TenantId, run: RunId) -> list[RunStep]:
    return each(RunStep, await tx.fetch(STEPS, tenant, run))


async def fetches(tx: Tx, tenant: TenantId, run: RunId) -> list[RunFetch]:
    return each(RunFetch, await tx.fetch(FETCHES, tenant, run))


async def add_fetches(tx: Tx, run: RunId, fetches: Sequence[RunFetch]) -> None:
    for f in fetches:
        said = (f.number, f.via, f.address, f.outcome, f.cause, f.detail, f.found, f.kept, f.at)
        await tx.execute(FETCHED, tx.tenant, run, *said)


async def add_items(tx: Tx, run: RunId, items: Sequence[RunItem]) -> None:
    for i in items:
        await tx.execute(
            ADD_ITEM,
            *(tx.tenant, run, i.number, i.via, i.url, i.title, i.text, i.grain, i.text_state, i.sha256, i.publisher),
            *(i.author, i.language, i.published_at, i.fetched_at, dict(i.facts), i.sample),
        )


async def items(tx: Tx, tenant: TenantId, run: RunId) -> list[RunItem]:
    return [replace(one, sha256=bytes(one.sha256)) for one in each(RunItem, await tx.fetch(ITEMS, tenant, run))]


async def set_profile(tx: Tx, run: RunId, profile: Profile) -> None:
    await tx.execute(SET_PROFILE, tx.tenant, run, plain(profile))


async def profile(tx: Tx, tenant: TenantId, run: RunId) -> Profile | None:
    value = await tx.fetchval(PROFILE, tenant, run)
    return built(Profile, value) if value is not None else None


async def add_briefing(tx: Tx, run: RunId, briefing: StoredBriefing) -> None:
    """Written once; the moment is the database's."""
    b = briefing
    document = plain(b.briefing) if b.briefing else None
    said = (b.schema_version, b.provider, b.prompt_version, b.prompt_hash, b.input_hash, b.call_id)
    await tx.execute(ADD_BRIEFING, tx.tenant, run, document, b.raw, list(b.problems), *said)
    await tx.execute(SET_PROVIDER, tx.tenant, run, b.provider)


async def briefing(tx: Tx, tenant: TenantId, run: RunId) -> StoredBriefing | None:
    row = await tx.fetchrow(BRIEFING, tenant, run)
    if row is None:
        return None
    values: dict[str, Any] = dict(row.items())
    values["briefing"] = built(Briefing, values["briefing"]) if values["briefing"] is not None else None
    values["problems"] = tuple(values["problems"])
    return StoredBriefing(**values)


async def add_scorecard(tx: Tx, run: RunId, card: Scorecard) -> None:
    await tx.execute(ADD_SCORECARD, tx.tenant, run, plain(card))
    await tx.execute(SET_SCORE, tx.tenant, run, card.total, card.shown)


async def scorecard(tx: Tx, tenant: TenantId, run: RunId) -> StoredScorecard | None:
    row = await tx.fetchrow(SCORECARD, tenant, run)
    return StoredScorecard(card=built(Scorecard, row["card"]), made_at=row["made_at"]) if row else None


async def add_matches(
    tx: Tx, run: RunId, found: Sequence[tuple[MatchId, Match]], names: dict[str, tuple[str, str]]
) -> None:
    """`names`: narrative → its name and its category's. All at once: a run that has any is done."""
    if await tx.fetchval(HAS_MATCHES, tx.tenant, run):
        return
    for match_id, m in found:
        name, category = names[m.narrative]
        await tx.execute(
            ADD_MATCH,
            *(tx.tenant, match_id, run, m.narrative, name, category, m.where, m.item, plain(m.spans), m.cues),
            *(m.strength, m.stance, m.language, m.by, m.probability, m.version),
        )


async def matches(tx: Tx, tenant: TenantId, run: RunId) -> list[StoredMatch]:
    return [_match(row) for row in await tx.fetch(MATCHES, tenant, run)]


def _match(row: Row) -> StoredMatch:
    match = Match(
        narrative=row["narrative"],
        where=Where(row["place"]),
        item=row["item"],
        spans=tuple(built(Span, one) for one in row["spans"]),
        cues=row["cues"],
        strength=Strength(row["strength"]),
        stance=Stance(row["stance"]),
        language=row["language"],
        by=By(row["by"]),
        probability=row["probability"],
        version=row["version"],
    )
    return StoredMatch(
        id=row["id"],
        run_id=row["run_id"],
        name=row["name"],
        category=row["category"],
        match=match,
        made_at=row["made_at"],
        verdict=MatchVerdict(row["verdict"]) if row["verdict"] else None,
        verdict_by=row["verdict_by"],
        verdict_at=row["verdict_at"],
    )


async def add_feedback(tx: Tx, feedback_id: Any, run: RunId, said: Feedback) -> None:
    f = said
    await tx.execute(ADD_FEEDBACK, tx.tenant, feedback_id, run, f.about, f.ref, f.feeling, f.note, f.user_id)


async def add_batch(tx: Tx, batch: RunBatchId, name: str, by: UserId | None) -> None:
    await tx.execute(ADD_BATCH, tx.tenant, batch, name, by)


async def batch(tx: Tx, tenant: TenantId, batch_id: RunBatchId) -> RunBatch | None:
    row = await tx.fetchrow(BATCH, tenant, batch_id)
    if row is None:
        return None
    runs = tuple(_run(one) for one in await tx.fetch(OF_BATCH, tenant, batch_id))
    return RunBatch(**dict(row.items()), runs=runs)


async def dossier(tx: Tx, tenant: TenantId, run_id: RunId) -> Dossier | None:
    """All there is of a run. None: the tenant has no such run."""
    run = await by_id(tx, tenant, run_id)
    if run is None:
        return None
    return Dossier(
        run=run,
        steps=tuple(await steps(tx, tenant, run_id)),
        fetches=tuple(await fetches(tx, tenant, run_id)),
        items=tuple(await items(tx, tenant, run_id)),
        profile=await profile(tx, tenant, run_id),
        briefing=await briefing(tx, tenant, run_id),
        scorecard=await scorecard(tx, tenant, run_id),
        matches=tuple(await matches(tx, tenant, run_id)),
        feedback=tuple(each(Feedback, await tx.fetch(FEEDBACK, tenant, run_id))),
    )
