"""Runs of the analysis desk in every state, as values and in the tables, for tests of pages, exports and programs.

`dossiers(now)` makes the values alone; `furnish(sv, tenant)` writes them and answers their ids by the same names:

    completed     all there is: findings, quotes of each kind, each stance, scorecard, capped rating, feedback
    before        the run of the same outlet before it, with a poorer score and one narrative less
    partial       one source failed, the scorer too; the second run of the batch
    failed        no items
    cancelled     by a person, while it asked
    running       asking
    queued        nothing done yet
    unstructured  the model answered without structure; what it wrote is kept
    offline       made of extracts, sample items
    russian       an outlet, its items, its briefing and its quotes in Russian
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cid.domain.briefing import (
    Analysis,
    Assessment,
    Attribution,
    Briefing,
    Citation,
    Evidence,
    Factor,
    Finding,
    Found,
    Indicator,
    ItemReading,
    Limitations,
    Metadata,
    Methodology,
    Network,
    Referenced,
    StoredBriefing,
    Subject,
    Told,
)
from cid.domain.dossier import About, Dossier, Feedback, Feeling
from cid.domain.ids import MatchId, RunBatchId, RunId, TenantId, UserId, uuid7
from cid.domain.narratives import By, Match, MatchVerdict, Span, Stance, StoredMatch, Strength, Where
from cid.domain.run import (
    Failure,
    Grain,
    Period,
    Platform,
    Run,
    RunFetch,
    RunItem,
    RunState,
    RunStep,
    Shortfall,
    Tlp,
    Via,
)
from cid.domain.scorecard import ContentCheck, Dimension, Point, Rating, Scorecard, StoredScorecard
from cid.store import runs

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services

OUTLET = "Northern Courier"
HOSTILE = "<script>alert(1)</script> & “quoted” \u202eabc"
"""An item's title: markup, quotes, and a mark that turns the direction of writing."""
NAMES = {
    "anti_nato_001": ("NATO expansion threatens Russia", "Anti-NATO / Western Alliance"),
    "anti_eu_002": ("Sanctions hurt Europe more than Russia", "Anti-EU / European Instability"),
    "ukraine_004": ("Ukraine bioweapons labs", "Ukraine Conflict Revisionism"),
}
ARTICLES = (
    (
        "NATO expansion leaves the region no choice, minister says",
        (
            "The minister said that NATO expansion to the east had broken every promise made in 1990. “We were told "
            "not one inch eastward,” he told the paper. No other source was named."
        ),
    ),
    (
        "Sanctions backfire: 40 plants close across Europe",
        (
            "Forty plants have closed since January because sanctions backfire on those who made them, experts say. "
            "The paper names no plant and no expert."
        ),
    ),
    (
        "Fact check: no laboratory for bioweapons at the port",
        (
            "The claim that a laboratory for bioweapons stands at the port is false, said the inspectors, who were "
            "there on Tuesday."
        ),
    ),
    (HOSTILE, ""),
)
RUSSIAN = (
    (
        "Санкции бьют по Европе, заявил министр",
        (
            "Министр заявил, что санкции бьют по Европе сильнее, чем по России. «Это очевидно всем», — сказал он. "
            "Других источников в статье нет."
        ),
    ),
    ("Порт Элмсворт открыл шестой причал", "Причал принял первое судно во вторник, сообщает администрация порта."),
)
DIMENSIONS = (
    "structural_completeness",
    "attribution_quality",
    "confidence_signaling",
    "evidence_presentation",
    "analytical_rigor",
    "actionability",
    "readability",
)


@dataclass(kw_only=True)
class Runs:
    """Ids by name."""

    tenant: TenantId
    dossiers: dict[str, Dossier]
    batch: RunBatchId
    ids: dict[str, RunId] = field(default_factory=dict)

    def match(self, name: str = "completed", place: int = 0) -> MatchId:
        return self.dossiers[name].matches[place].id


def in_report(narrative: str) -> Match:
    """What was found in the words of the model."""
    span = Span(start=0, end=4, text="Text", cue="text")
    return Match(
        narrative=narrative,
        where=Where.REPORT,
        item=None,
        spans=(span,),
        cues=2,
        strength=Strength.LOW,
        stance=Stance.REPORTS,
        language="en",
    )


async def furnish(sv: Services, tenant: TenantId, *, by: UserId | None = None) -> Runs:
    """Writes every run; `partial`, `failed` and `russian` are one batch."""
    now = sv.clock.now()
    made = Runs(tenant=tenant, dossiers=dossiers(now, tenant, by=by), batch=RunBatchId(uuid7(now)))
    async with sv.db.tx(tenant) as tx:
        await runs.add_batch(tx, made.batch, "Three outlets of the north", by)
        for name, dossier in made.dossiers.items():
            batch = made.batch if name in {"partial", "failed", "russian"} else None
            await write(tx, dossier, batch=batch)
            made.ids[name] = dossier.run.id
    return made


async def write(tx: Tx, dossier: Dossier, *, batch: RunBatchId | None = None) -> None:
    """One run and all that belongs to it, with the moments that it has."""
    r = replace(dossier.run, batch_id=batch)
    columns = [one.name for one in fields(Run)]
    values = [list(value) if isinstance(value := getattr(r, name), tuple) else value for name in columns]
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await tx.execute(f"insert into runs ({', '.join(columns)}) values ({places})", *values)
    for step in dossier.steps:
        await tx.execute(
            "insert into run_steps (tenant_id, run_id, number, state, said, at) values ($1, $2, $3, $4, $5, $6)",
            *(tx.tenant, r.id, step.number, step.state, step.said, step.at),
        )
    await runs.add_fetches(tx, r.id, dossier.fetches)
    await runs.add_items(tx, r.id, dossier.items)
    if dossier.profile:
        await runs.set_profile(tx, r.id, dossier.profile)
    if dossier.briefing:
        await runs.add_briefing(tx, r.id, dossier.briefing)
    if dossier.scorecard:
        await runs.add_scorecard(tx, r.id, dossier.scorecard.card)
    if dossier.matches:
        await runs.add_matches(tx, r.id, [(one.id, one.match) for one in dossier.matches], dict(NAMES))
    for number, said in enumerate(dossier.feedback):
        await runs.add_feedback(tx, uuid7(r.created_at + timedelta(seconds=number)), r.id, said)


def dossiers(now: datetime, tenant: TenantId, *, by: UserId | None = None) -> dict[str, Dossier]:
    """The values alone; what the database would number or date is set as it would be, moments apart."""
    make = _Maker(now=now, tenant=tenant, by=by)
    done = make.completed()
    return {
        "before": make.before(),
        "completed": done,
        "partial": make.partial(),
        "failed": make.ended(
            "failed", Failure.NO_ITEMS, "No source had anything of Blank Gazette in the last month.", 70
        ),
        "cancelled": make.ended("cancelled", Failure.CANCELLED, "Cancelled by an analyst.", 60),
        "unstructured": make.unstructured(),
        "offline": make.offline(),
        "russian": make.russian(),
        "running": make.under_way("running", 3),
        "queued": make.under_way("queued", 0),
    }


@dataclass(frozen=True, kw_only=True)
class _Maker:
    now: datetime
    tenant: TenantId
    by: UserId | None

    def run(self, outlet: str, ago_min: int, state: RunState, **changed: Any) -> Run:
        at = self.now - timedelta(minutes=ago_min)
        over = state in {RunState.COMPLETED, RunState.PARTIAL, RunState.FAILED}
        country = changed.pop("country", "MD")
        values: dict[str, Any] = {
            "id": RunId(uuid7(at)),
            "tenant_id": self.tenant,
            "batch_id": None,
            "monitor_id": None,
            "outlet": outlet,
            "outlet_key": f"{outlet.casefold()}|{country}",
            "country": country,
            "url": "https://courier.test/",
            "platform": Platform.NEWS,
            "period": Period.MONTH,
            "items": 5,
            "sources": (),
            "substitute": False,
            "tlp": Tlp.AMBER,
            "state": state,
            "failure": None,
            "detail": "",
            "shortfalls": (),
            "requested_by": self.by,
            "sample": False,
            "score": None,
            "rating": "",
            "provider": "",
            "created_at": at,
            "changed_at": at + timedelta(minutes=2),
            "ended_at": at + timedelta(minutes=2) if over else None,
        }
        return Run(**(values | changed))

    def completed(self) -> Dossier:
        card = scorecard(lost=9, capped=True)
        run = self.run(
            OUTLET, 30, RunState.COMPLETED, score=card.total, rating=card.shown, provider="anthropic/claude-sonnet-5-5"
        )
        items = self.items(ARTICLES, "en")
        return self.whole(run, items, briefing(items), card, self.matches(run, items), feedback=True)

    def before(self) -> Dossier:
        card = scorecard(lost=24)
        run = self.run(
            OUTLET,
            60 * 24 * 7,
            RunState.COMPLETED,
            score=card.total,
            rating=card.shown,
            provider="anthropic/claude-sonnet-5-5",
        )
        items = self.items(ARTICLES[1:3], "en")
        return self.whole(run, items, _short(items), card, self.matches(run, items)[:1])

    def partial(self) -> Dossier:
        lacks = (Shortfall.FETCH, Shortfall.SCORER)
        run = self.run(
            "Tidewater Post",
            50,
            RunState.PARTIAL,
            shortfalls=lacks,
            tlp=Tlp.RED,
            country="PL",
            provider="google/gemini-4-pro",
        )
        items = self.items(ARTICLES[:2], "en")
        made = self.whole(run, items, briefing(items), None, self.matches(run, items)[:2])
        lost = RunFetch(
            number=2,
            via=Via.GDELT,
            address="https://gdelt.test/api?query=courier",
            outcome="rate_limited",
            cause="Status 429.",
            detail="The server asked us to wait.",
            found=0,
            kept=0,
            at=run.created_at,
        )
        return replace(made, fetches=(*made.fetches, lost))

    def ended(self, name: str, failure: Failure, detail: str, ago_min: int) -> Dossier:
        outlet = "Blank Gazette" if name == "failed" else "Slow Herald"
        run = self.run(outlet, ago_min, RunState.FAILED, failure=failure, detail=detail)
        states: tuple[RunState, ...] = (RunState.QUEUED, RunState.FETCHING, RunState.FAILED)
        if name == "cancelled":
            states = (RunState.QUEUED, RunState.FETCHING, RunState.ASKING, RunState.FAILED)
        asked = RunFetch(
            number=1,
            via=Via.GOOGLE_NEWS,
            address="https://news.test/search?q=blank+gazette",
            outcome="empty",
            cause="",
            detail="Nothing of the outlet in the last month.",
            found=0,
            kept=0,
            at=run.created_at,
        )
        return replace(self.bare(run, states), fetches=(asked,))

    def under_way(self, name: str, moves: int) -> Dossier:
        states = (RunState.QUEUED, RunState.FETCHING, RunState.FETCHING, RunState.ASKING)[: moves + 1]
        run = self.run("Running Times" if name == "running" else "Waiting World", 5, states[-1])
        return self.bare(run, states)

    def unstructured(self) -> Dossier:
        run = self.run("Plain Talker", 90, RunState.PARTIAL, shortfalls=(Shortfall.SCHEMA,), provider="openai/gpt-6")
        made = self.whole(run, self.items(ARTICLES[:2], "en"), None, None, ())
        assert made.briefing
        raw = "The outlet <b>repeats</b> two known claims.\n\nIt names no sources."
        problem = "The answer is text, where an object was asked for."
        return replace(made, briefing=replace(made.briefing, raw=raw, problems=(problem,)))

    def offline(self) -> Dossier:
        card = scorecard(lost=30)
        run = self.run(
            "Elmsworth Examiner",
            100,
            RunState.COMPLETED,
            sample=True,
            score=card.total,
            rating=card.shown,
            provider="offline/extracts-1",
            tlp=Tlp.CLEAR,
            country="GB",
        )
        items = tuple(replace(one, via=Via.SAMPLE, sample=True) for one in self.items(ARTICLES[:2], "en"))
        return self.whole(run, items, _short(items), card, ())

    def russian(self) -> Dossier:
        card = scorecard(lost=12)
        run = self.run(
            "Вестник Приморья",
            20,
            RunState.COMPLETED,
            score=card.total,
            rating=card.shown,
            country="RU",
            provider="anthropic/claude-sonnet-5-5",
            url="https://vestnik.test/",
        )
        items = self.items(RUSSIAN, "ru")
        span = _span(items[0], "санкции бьют по Европе", "санкции бьют")
        match = self.match(run, "anti_eu_002", items[0], (span,), Stance.REPORTS, language="ru")
        return self.whole(run, items, _short(items), card, (match,))

    def bare(self, run: Run, states: tuple[RunState, ...]) -> Dossier:
        told = {RunState.FETCHING: "Google News was asked.", RunState.FAILED: run.detail}
        steps = tuple(
            RunStep(number=n, state=state, said=told.get(state, ""), at=run.created_at + timedelta(seconds=20 * n))
            for n, state in enumerate(states, start=1)
        )
        return Dossier(
            run=run,
            steps=steps,
            fetches=(),
            items=(),
            profile=None,
            briefing=None,
            scorecard=None,
            matches=(),
            feedback=(),
        )

    def whole(
        self,
        run: Run,
        items: tuple[RunItem, ...],
        told: Briefing | None,
        card: Scorecard | None,
        matches: tuple[StoredMatch, ...],
        *,
        feedback: bool = False,
    ) -> Dossier:
        states = (RunState.QUEUED, RunState.FETCHING, RunState.ASKING, RunState.SCORING, run.state)
        fetch = RunFetch(
            number=1,
            via=items[0].via,
            address="https://news.test/search?q=courier",
            outcome="new",
            cause="",
            detail="",
            found=len(items) + 3,
            kept=len(items),
            at=run.created_at,
        )
        stored = StoredBriefing(
            briefing=told,
            raw='{"executive_summary": "…"}',
            problems=(),
            schema_version="1",
            provider=run.provider,
            prompt_version="v1",
            prompt_hash=hashlib.sha256(b"prompt").digest(),
            input_hash=hashlib.sha256(b"input").digest(),
            call_id=None,
            made_at=run.changed_at,
        )
        said = (
            Feedback(
                about=About.FINDING,
                ref="2",
                feeling=Feeling.WRONG,
                note="The plants are named in paragraph <3>.",
                user_id=self.by,
                made_at=run.changed_at,
            ),
        )
        return replace(
            self.bare(run, states),
            fetches=(fetch,),
            items=items,
            briefing=stored,
            scorecard=StoredScorecard(card=card, made_at=run.changed_at) if card else None,
            matches=matches,
            feedback=said if feedback else (),
        )

    def items(self, articles: tuple[tuple[str, str], ...], language: str) -> tuple[RunItem, ...]:
        return tuple(
            RunItem(
                number=n,
                via=Via.GOOGLE_NEWS,
                url=f"https://courier.test/{language}/{n}",
                title=title,
                text=text,
                grain=Grain.ARTICLE if text else Grain.TITLE,
                text_state="read" if text else "paywalled",
                sha256=hashlib.sha256(f"{title}\n{text}".encode()).digest(),
                publisher=OUTLET,
                author="R. Hale",
                language=language,
                published_at=self.now - timedelta(days=n),
                fetched_at=self.now - timedelta(minutes=30),
            )
            for n, (title, text) in enumerate(articles, start=1)
        )

    def matches(self, run: Run, items: tuple[RunItem, ...]) -> tuple[StoredMatch, ...]:
        """One per item that has what it takes, and one in the report, by the classifier."""
        made, spans = list[StoredMatch](), tuple[Span, ...]()
        for item in items:
            if "sanctions backfire" in item.text:
                spans = (
                    _span(item, "Sanctions backfire", "sanctions backfire"),
                    _span(item, "sanctions backfire on", "x"),
                )
                made.append(self.match(run, "anti_eu_002", item, spans, Stance.REPEATS, strength=Strength.MODERATE))
            elif "not one inch" in item.text:
                spans = (
                    _span(item, "NATO expansion", "NATO expansion"),
                    _span(item, "not one inch eastward", "not one inch"),
                )
                made.append(self.match(run, "anti_nato_001", item, spans, Stance.REPORTS, strength=Strength.HIGH))
            elif "laboratory for bioweapons" in item.text:
                spans = (_span(item, "laboratory for bioweapons", "bioweapons"),)
                made.append(self.match(run, "ukraine_004", item, spans, Stance.DEBUNKS))
        report = Match(
            narrative="anti_eu_002",
            where=Where.REPORT,
            item=None,
            spans=(Span(start=0, end=11, text="Two of four", cue="learned"),),
            cues=1,
            strength=Strength.LOW,
            stance=Stance.REPORTS,
            language="en",
            by=By.CLASSIFIER,
            probability=0.71,
            version="learned-1",
        )
        return (*made, self.stored(run, report))

    def match(
        self,
        run: Run,
        narrative: str,
        item: RunItem,
        spans: tuple[Span, ...],
        stance: Stance,
        *,
        strength: Strength = Strength.LOW,
        language: str = "en",
    ) -> StoredMatch:
        found = Match(
            narrative=narrative,
            where=Where.ITEM,
            item=item.number,
            spans=spans,
            cues=len(spans),
            strength=strength,
            stance=stance,
            language=language,
            version="1.0.0",
        )
        return self.stored(run, found)

    def stored(self, run: Run, match: Match) -> StoredMatch:
        name, category = NAMES[match.narrative]
        return StoredMatch(
            id=MatchId(uuid7(run.created_at)),
            run_id=run.id,
            name=name,
            category=category,
            match=match,
            made_at=run.changed_at,
        )


def whole_text(item: RunItem) -> str:
    """What places in an item count in."""
    return f"{item.title}\n{item.text}"


def _span(item: RunItem, text: str, cue: str) -> Span:
    start = whole_text(item).index(text)
    return Span(start=start, end=start + len(text), text=text, cue=cue)


def cited(item: RunItem, quote: str, found: Found = Found.FOUND) -> Citation:
    """With its place, where it stands in the item."""
    start = whole_text(item).find(quote)
    place = (start, start + len(quote)) if start >= 0 else (None, None)
    return Citation(item=item.number, quote=quote, found=found, start=place[0], end=place[1])


def briefing(items: tuple[RunItem, ...]) -> Briefing:
    """With quotes that stand there, one that nearly does, one that does not, and one of an item that there is not."""
    one, two = items[0], items[1]
    findings = (
        Finding(
            finding="The outlet gives the minister's claim of a broken promise without naming any other source for it.",
            confidence="high",
            evidence=(
                Evidence(
                    kind="post",
                    reference="The minister's words, item 1",
                    citations=(cited(one, "not one inch eastward"), cited(one, "No other source was named.")),
                ),
                Evidence(kind="pattern", reference="2 of 4 items name one source alone"),
            ),
        ),
        Finding(
            finding="It says that forty plants closed and names none, so that nobody could look the figure up.",
            confidence="moderate",
            evidence=(
                Evidence(
                    kind="post",
                    reference="Figure without a source, item 2",
                    citations=(
                        replace(cited(two, "Forty plants have closed since January"), found=Found.NEAR),
                        cited(two, "every economist agrees", Found.NOT_FOUND),
                        Citation(item=9, quote="as we wrote before", found=Found.NO_ITEM),
                    ),
                ),
            ),
        ),
        Finding(
            finding="Headlines carry the claim as a fact while the text below attributes it to somebody.",
            confidence="low",
            evidence=(Evidence(kind="metadata", reference="Titles of items 1 and 2"), Evidence(kind="", reference="—")),
        ),
    )
    return Briefing(
        executive_summary=(
            "Two of four articles repeat a known claim, and neither names who could confirm it. The outlet reports "
            "what an official says and adds no second source. Overall confidence is moderate."
        ),
        key_findings=findings,
        subject_profile=Subject(
            name=OUTLET,
            platform="news",
            country="MD",
            kind="news site",
            language="en",
            items_analyzed=len(items),
            description="A regional news site that prints official statements at length.",
        ),
        narrative_analysis=Analysis(
            primary_narratives=(
                Told(narrative="A promise to Russia was broken", frequency="frequent", alignment="anti_nato_001"),
                Told(narrative="Europe suffers most from its sanctions", frequency="occasional"),
            ),
            behavioral_indicators=(
                Indicator(indicator="Single sourcing", description="3 of 4 items have one source."),
            ),
            network_context=Network(
                known_associations=("Courier Group",),
                amplification_patterns="None seen.",
                cross_platform_presence=("X",),
            ),
            source_attribution=Attribution(
                role="unknown", content_origin="official statements", amplification_chain=""
            ),
        ),
        confidence_assessment=Assessment(
            overall="moderate",
            factors={
                "data_completeness": Factor(level="low", notes="Four items of one month."),
                "source_reliability": Factor(level="moderate"),
                "analytical_consistency": Factor(level="moderate"),
                "corroboration": Factor(level="low", notes="Nothing was compared."),
            },
        ),
        limitations=Limitations(
            cannot_determine=("Who chose the articles.",),
            data_gaps=("Item 4 has a title and no text.",),
            alternative_interpretations=("The paper may lack the staff for a second source.",),
            assessment_changing_factors=("A correction by the paper.",),
        ),
        methodology=Methodology(
            data_collection="4 items by Google News",
            period="2026-10-21 to 2026-11-20",
            items_analyzed=len(items),
            model="anthropic/claude-sonnet-5-5",
            prompt_version="v1",
            validation="quotes looked up in the stored items",
        ),
        evidence_references=(Referenced(id="E1", kind="post", reference=one.url, notes="Finding 1"),),
        item_readings=(
            ItemReading(
                item=1,
                framing="An inevitable answer to a broken promise.",
                key_claims=("A promise was broken.",),
                actors=("the minister", "NATO"),
                unverified=("Every promise made in 1990 was broken.",),
            ),
            ItemReading(item=2, framing="Europe harms itself.", key_claims=("40 plants closed.",), actors=("experts",)),
        ),
        metadata=Metadata(briefing_id="run", generated_at="2026-11-20T10:00:00+00:00", model_version="m"),
    )


def _short(items: tuple[RunItem, ...]) -> Briefing:
    """One finding per item, its first words as the quote."""
    findings = tuple(
        Finding(
            finding=f"{one.title}.",
            confidence="low",
            evidence=(Evidence(kind="post", reference=one.title, citations=(cited(one, one.text[:40]),)),),
        )
        for one in items
        if one.text
    )
    return Briefing(
        executive_summary=items[0].text,
        key_findings=findings,
        confidence_assessment=Assessment(overall="low"),
        limitations=Limitations(data_gaps=("Few items.",)),
        item_readings=(ItemReading(item=1, framing="As the official tells it.", key_claims=(items[0].title,)),),
    )


def scorecard(*, lost: int = 0, capped: bool = False) -> Scorecard:
    """`lost` of 70 points, two each from the last checks on; capped: quotes that do not stand in their items."""
    dimensions = []
    for place, name in enumerate(DIMENSIONS):
        points = []
        for number in range(5):
            gone = min(2, max(0, lost - 2 * (place * 5 + number)))
            why = "All there." if not gone else "Two of three findings say what they rest on."
            points.append(Point(check=f"check_{number + 1}", points=2 - gone, of=2, why=why))
        dimensions.append(Dimension(name=name, points=tuple(points)))
    total = 70 - lost
    bands = ((60, Rating.EXCELLENT), (50, Rating.GOOD), (40, Rating.ACCEPTABLE), (30, Rating.POOR))
    rating = next((rated for least, rated in bands if total >= least), Rating.FAILING)
    quotes = ContentCheck(
        name="quotes_found",
        passed=not capped,
        why="2 of 5 quotes do not stand in the items." if capped else "Every quote stands in its item.",
        where=("every economist agrees", "as we wrote before") if capped else (),
        cap=Rating.ACCEPTABLE,
    )
    checks = (
        quotes,
        ContentCheck(name="forbidden_language", passed=True, why="None of the phrases is used.", cap=Rating.GOOD),
        ContentCheck(name="numbers_in_patterns", passed=None, why="No finding rests on a pattern.", cap=Rating.GOOD),
    )
    return Scorecard(
        dimensions=tuple(dimensions),
        checks=checks,
        rating=rating,
        shown=Rating.ACCEPTABLE if capped else rating,
        version="1",
    )


async def said_of(tx: Tx, match: MatchId, verdict: MatchVerdict, by: UserId, now: datetime) -> None:
    """What a person said of a match, as the table keeps it."""
    await tx.execute(
        "insert into match_verdicts (tenant_id, id, match_id, verdict, note, user_id) values ($1, $2, $3, $4, '', $5)",
        *(tx.tenant, uuid7(now), match, verdict, by),
    )
