"""A run of an outlet that does not exist, in Russian, with what exports trip over. Written for these tests."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

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
from cid.domain.ids import CallId, MatchId, RunId, TenantId, UserId
from cid.domain.narratives import By, Match, MatchVerdict, Span, Stance, StoredMatch, Strength, Where
from cid.domain.run import (
    Failure,
    Grain,
    Period,
    Platform,
    Profile,
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

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TENANT = TenantId(UUID("01890000-0000-7000-8000-00000000a001"))
RUN = RunId(UUID("01890000-0000-7000-8000-00001f3a9c02"))
ANALYST = UserId(UUID("01890000-0000-7000-8000-00000000e001"))
LONG_URL = (
    "https://vestnik-zaliva.test/ekonomika/2026/11/"
    + "port-i-more-" * 14
    + "?rubrika=%D0%BF%D0%BE%D1%80%D1%82&q=очень-длинный-адрес&x="
    + "7" * 120
)
TITLES = (
    "Порт Зимний примет вдвое больше судов, чем обещали в столице",
    "=cmd|' /C calc'!A0 и другие «заголовки» из ленты",
    "Энергетический кризис: санкции бьют по соседям сильнее, чем по нам — эксперт",
    "Сверхвысокопревосходительствующий Трансконтинентальнодальневосточный <b>мост</b> & дорога",
    "",
)
TEXTS = (
    "Порт Зимний примет вдвое больше судов. «Мы готовы к работе круглый год», — сказала Белова. Причалы — к весне.",
    "Лента перепечатала чужие заголовки без ссылок.",
    "Санкции бьют по соседям сильнее, чем по нам, заявил эксперт, не назвав источника. Цены на газ выросли на 14 %.",
    "Мост откроют в мае. Стоимость выросла до 3,2 млрд.",
    "Короткая заметка без заголовка.",
)
READ_IN = ("ru", "ru", "ru", "ru", "ru")


def item(number: int) -> RunItem:
    title, text = TITLES[number - 1], TEXTS[number - 1]
    return RunItem(
        number=number,
        via=Via.OWN_FEED if number % 2 else Via.GDELT,
        url=LONG_URL if number == 1 else f"https://vestnik-zaliva.test/n/{number}?a=1&b=<2>",
        title=title,
        text=text,
        grain=Grain.ARTICLE if number < 5 else Grain.SUMMARY,
        text_state="read",
        sha256=hashlib.sha256(f"{title}\n{text}".encode()).digest(),
        publisher="vestnik-zaliva.test",
        author="Иван Петров" if number == 1 else "",
        language=READ_IN[number - 1],
        published_at=NOW - timedelta(days=number),
        fetched_at=NOW,
        facts={"engagement": {"likes": 12, "tags": ["порт", None]}} if number == 3 else {},
    )


def run(**over: Any) -> Run:
    return replace(
        Run(
            id=RUN,
            tenant_id=TENANT,
            batch_id=None,
            monitor_id=None,
            outlet="Вестник Залива «Утро»",
            outlet_key="вестник залива утро:RU",
            country="RU",
            url="https://vestnik-zaliva.test/",
            platform=Platform.NEWS,
            period=Period.WEEK,
            items=5,
            sources=("own_feed", "gdelt"),
            substitute=True,
            tlp=Tlp.AMBER,
            state=RunState.PARTIAL,
            failure=None,
            detail="",
            shortfalls=(Shortfall.FETCH,),
            requested_by=ANALYST,
            sample=False,
            score=58,
            rating="acceptable",
            provider="anthropic/claude-sonnet",
            created_at=NOW - timedelta(minutes=3),
            changed_at=NOW,
            ended_at=NOW,
        ),
        **over,
    )


def cited(item_: int | None, quote: str, found: Found | None, start: int | None = None) -> Citation:
    return Citation(
        item=item_, quote=quote, found=found, start=start, end=start + len(quote) if start is not None else None
    )


FINDINGS = (
    Finding(
        finding="The outlet presents the growth of the port of Zimny as a victory over the capital: four of five items "
        "frame a construction project as a contest, which is consistent with regional promotion.",
        confidence="moderate",
        evidence=(
            Evidence(
                kind="post",
                reference="Порт Зимний примет вдвое больше судов, item 1",
                citations=(
                    cited(1, "Мы готовы к работе круглый год", Found.FOUND, 102),
                    cited(1, "причалы достроят весной", Found.NEAR, 190),
                ),
            ),
            Evidence(kind="pattern", reference="4 of 5 items (80 %) name the capital as an opponent."),
        ),
    ),
    Finding(
        finding="One item repeats the claim that sanctions hurt their authors more than their target, on the word of "
        "an expert who is not named; we assess with low confidence that it is taken over from elsewhere.",
        confidence="low",
        evidence=(
            Evidence(
                kind="post",
                reference="Энергетический кризис, item 3",
                citations=(
                    cited(3, "Санкции бьют по соседям сильнее, чем по нам", Found.FOUND, 78),
                    cited(3, "весь мир признал поражение", Found.NOT_FOUND),
                    cited(9, "такого нет", Found.NO_ITEM),
                ),
            ),
        ),
    ),
    Finding(
        finding="Headlines of other media are reprinted without links.",
        confidence="high",
        evidence=(Evidence(kind="metadata", reference="@SUM(A1) item 2: no outgoing links"),),
    ),
)
BRIEFING = Briefing(
    executive_summary="Вестник Залива promotes the regional port and frames the capital as its opponent. One item "
    "repeats a known narrative about sanctions without a source. Confidence is low: five items are little.",
    key_findings=FINDINGS,
    subject_profile=Subject(
        name="Вестник Залива «Утро»",
        platform="news",
        country="RU",
        kind="regional newspaper",
        language="ru",
        description="Ежедневная областная газета (made up).",
        items_analyzed=5,
        period="last 7 days",
    ),
    narrative_analysis=Analysis(
        primary_narratives=(
            Told(narrative="The region against the capital", frequency="dominant"),
            Told(narrative="Sanctions hurt others more", frequency="occasional", alignment="anti_eu_002"),
        ),
        behavioral_indicators=(
            Indicator(indicator="timing_patterns", description="All items before 9 in the morning."),
        ),
        network_context=Network(known_associations=("Порт Зимний",), cross_platform_presence=("Telegram",)),
        source_attribution=Attribution(role="authentic", content_origin="own reporting, agency texts"),
    ),
    confidence_assessment=Assessment(
        overall="low",
        factors={
            "data_completeness": Factor(level="low", notes="Five items of one week."),
            "source_reliability": Factor(level="moderate", notes="Read at the outlet's own pages."),
            "analytical_consistency": Factor(level="moderate", notes="Findings do not contradict each other."),
            "corroboration": Factor(level="low", notes="No second source."),
        },
    ),
    limitations=Limitations(
        cannot_determine=("Who owns the outlet.", "Whether the expert of item 3 exists."),
        data_gaps=("Items before 14 November.",),
        alternative_interpretations=("A regional paper writes about its region.",),
        assessment_changing_factors=("The same wording elsewhere on the same day.",),
    ),
    methodology=Methodology(
        data_collection="own feed, then GDELT",
        period="14 to 21 November 2026",
        items_analyzed=5,
        model="anthropic/claude-sonnet",
        prompt_version="v1",
        validation="quotes compared with the stored text",
    ),
    evidence_references=(Referenced(id="1", kind="post", reference="item 1", notes='=HYPERLINK("https://x.test")'),),
    item_readings=(
        ItemReading(
            item=1, framing="Победа региона", key_claims=("Порт примет вдвое больше судов",), actors=("Анна Белова",)
        ),
        ItemReading(
            item=3, framing="Чужая вина", key_claims=("Санкции бьют по соседям",), unverified=("Слова эксперта",)
        ),
    ),
    metadata=Metadata(generated_at=NOW.isoformat(), model_version="claude-sonnet", prompt_version="v1"),
)
STORED = StoredBriefing(
    briefing=BRIEFING,
    raw='{"executive_summary": "Вестник Залива …"}',
    problems=("confidence of finding 4 was no valid one",),
    schema_version="1.2",
    provider="anthropic/claude-sonnet",
    prompt_version="v1",
    prompt_hash=hashlib.sha256(b"prompt").digest(),
    input_hash=hashlib.sha256(b"input").digest(),
    call_id=CallId(UUID("01890000-0000-7000-8000-00000000c001")),
    made_at=NOW,
)
DIMENSIONS = (
    ("structure_completeness", 10), ("attribution_quality", 8), ("confidence_signaling", 9),
    ("evidence_presentation", 7), ("analytical_rigor", 6), ("actionability", 9), ("readability", 9),
)  # fmt: skip


def dimension(name: str, got: int) -> Dimension:
    why = "All that was looked for is there." if got == 10 else "Two findings rest on one item each."
    return Dimension(
        name=name,
        points=(
            Point(check="presence", points=5, of=5, why="There."),
            Point(check="depth", points=got - 5, of=5, why=why),
        ),
    )


CARD = Scorecard(
    dimensions=tuple(dimension(name, got) for name, got in DIMENSIONS),
    checks=(
        ContentCheck(
            name="quotes_found",
            passed=False,
            why="One of five quotes is in no item.",
            cap=Rating.ACCEPTABLE,
            where=("весь мир признал поражение",),
        ),
        ContentCheck(name="forbidden_language", passed=True, why="None of the phrases is used."),
        ContentCheck(name="addresses_in_evidence", passed=None, why="No evidence names an address."),
    ),
    rating=Rating.GOOD,
    shown=Rating.ACCEPTABLE,
    version="rubric/1",
)


def match(number: int, **over: Any) -> StoredMatch:
    known: dict[str, Any] = {
        "narrative": "anti_eu_002", "where": Where.ITEM, "item": 3, "cues": 2, "strength": Strength.MODERATE,
        "spans": (Span(start=22, end=65, text="санкции бьют по соседям сильнее, чем по нам", cue="санкции … сильнее"),),
        "stance": Stance.REPEATS, "language": "ru", "by": By.CATALOGUE, "version": "1.0.0",
    }  # fmt: skip
    verdict = over.pop("verdict", None)
    return StoredMatch(
        id=MatchId(UUID(f"01890000-0000-7000-8000-{number:012d}")),
        run_id=RUN,
        name="Sanctions hurt Europe more than Russia",
        category="Anti-EU / European Instability",
        match=Match(**{**known, **over}),
        made_at=NOW,
        verdict=verdict,
        verdict_by=ANALYST if verdict else None,
        verdict_at=NOW if verdict else None,
    )


def fetches() -> tuple[RunFetch, ...]:
    def one(number: int, via: Via, outcome: str, found: int, kept: int, cause: str = "", detail: str = "") -> RunFetch:
        return RunFetch(
            number=number, via=via, address=f"https://{via}.test/q?outlet=вестник", outcome=outcome, cause=cause,
            detail=detail, found=found, kept=kept, at=NOW,
        )  # fmt: skip

    return (
        one(1, Via.OWN_FEED, "found", 12, 3),
        one(2, Via.GDELT, "found", 2, 2),
        one(3, Via.SERPAPI, "failed", 0, 0, "quota", "The account has no searches left."),
    )


def dossier(**over: Any) -> Dossier:
    """Everything there can be of a run; `over` takes parts away."""
    steps = tuple(
        RunStep(number=n, state=state, said=said, at=NOW - timedelta(minutes=4 - n))
        for n, (state, said) in enumerate(
            [
                (RunState.QUEUED, ""),
                (RunState.FETCHING, "asks the outlet's own feed"),
                (RunState.ASKING, "5 items"),
                (RunState.PARTIAL, ""),
            ],
            1,
        )
    )
    whole = Dossier(
        run=run(),
        steps=steps,
        fetches=fetches(),
        items=tuple(item(n) for n in range(1, 6)),
        profile=Profile(
            handle="@vestnik",
            name="Вестник",
            bio="Новости залива",
            followers=12_345,
            facts={"tags": ["a", {"b": None}]},
        ),
        briefing=STORED,
        scorecard=StoredScorecard(card=CARD, made_at=NOW),
        matches=(
            match(1, verdict=MatchVerdict.CONFIRMED),
            match(2, where=Where.REPORT, item=None, stance=Stance.REPORTS, strength=Strength.LOW, cues=1),
            match(3, item=1, by=By.CLASSIFIER, probability=0.41, stance=Stance.DEBUNKS, verdict=MatchVerdict.REJECTED),
        ),
        feedback=(
            Feedback(about=About.RUN, ref="", feeling=Feeling.WRONG, note="Only for us.", user_id=ANALYST, made_at=NOW),
        ),
    )
    return replace(whole, **over)


def failed() -> Dossier:
    """No items, no briefing, nothing."""
    over = run(
        state=RunState.FAILED,
        failure=Failure.NO_ITEMS,
        detail="GDELT had nothing in 7 days.",
        shortfalls=(),
        score=None,
    )
    ended = (RunStep(number=1, state=RunState.FAILED, said="GDELT had nothing in 7 days.", at=NOW),)
    return dossier(
        run=replace(over, rating="", provider=""),
        steps=ended,
        items=(),
        profile=None,
        briefing=None,
        scorecard=None,
        matches=(),
        feedback=(),
    )


MISSING: dict[str, dict[str, Any]] = {
    "nothing": {},
    "steps": {"steps": ()},
    "fetches": {"fetches": ()},
    "items": {"items": ()},
    "profile": {"profile": None},
    "briefing": {"briefing": None},
    "structure": {"briefing": replace(STORED, briefing=None, raw='[1, 2, "a list"] <para>& no briefing' * 400)},
    "an empty briefing": {"briefing": replace(STORED, briefing=Briefing())},
    "scorecard": {"scorecard": None},
    "an empty scorecard": {"scorecard": StoredScorecard(card=replace(CARD, dimensions=(), checks=()), made_at=NOW)},
    "matches": {"matches": ()},
    "everything": {
        "steps": (), "fetches": (), "items": (), "profile": None, "briefing": None, "scorecard": None, "matches": (),
        "feedback": (),
    },
}  # fmt: skip
