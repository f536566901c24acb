"""A briefing without a model: extracts that stand in the items, in any language, and no judgement."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from cid.briefing.ask import ask
from cid.briefing.read import read
from cid.domain.briefing import Briefing, Found
from cid.domain.run import Grain, Profile, RunItem
from cid.llm.offline import Offline
from cid.llm.prompts import Prompts
from cid.llm.wire import Form
from cid.llm.wire import read as read_reply
from tests import analysis, funnel
from tests.briefings import HOSTILE, ITEMS, NOW, ONE, RUN, TENANT, item

PROMPTS = Prompts.load(funnel.CONFIG / "prompts")
PARTS = {
    "en": (
        "Kiln prices rise in the district",
        "The price of a kiln rose by nine percent in one year, owners say. More.",
    ),
    "ru": (
        "Порт открыл шестой причал",
        "Причал принял первое судно во вторник, сообщает администрация порта. Других нет.",
    ),
    "zh": ("港口开放第六码头", "港口管理局表示，第六码头星期二迎来了第一艘船。没有其他消息来源。"),
    "ar": ("الميناء يفتح الرصيف السادس", "استقبل الرصيف أول سفينة يوم الثلاثاء كما قالت إدارة الميناء. لا مصدر آخر."),
    "hi": ("बंदरगाह ने छठा घाट खोला", "घाट ने मंगलवार को पहला जहाज़ लिया, बंदरगाह प्रशासन ने कहा। कोई और स्रोत नहीं है।"),
}


def extracted(*items: RunItem, profile: Profile | None = None) -> tuple[dict[str, Any], Briefing]:
    """By the way that every answer takes: wire, provider, validation, reading."""
    question = ask(RUN, items, profile, (), tenant=TENANT)
    form = Form(question, PROMPTS["briefing"], offline=True)
    wire = form.wire("extracts-1", {"a1": question.subjects[0]}, {})
    reply = asyncio.run(Offline().complete(wire)).text
    outcome = read_reply(form, reply, ("a1",))
    assert not outcome.problems
    found = read(outcome.values["a1"], RUN, items)
    assert found.briefing is not None
    return dict(outcome.values["a1"]), found.briefing


def cited(briefing: Briefing) -> list[Found | None]:
    return [one.found for row in briefing.key_findings for piece in row.evidence for one in piece.citations]


@pytest.mark.parametrize("language", PARTS)
def test_every_quote_of_an_extract_stands_in_its_item_whatever_the_language(language: str) -> None:
    title, text = PARTS[language]
    _, briefing = extracted(*(replace(item(title, text, language=language), number=n) for n in (1, 2)))
    assert cited(briefing)
    assert set(cited(briefing)) == {Found.FOUND}
    assert [one.item for one in briefing.item_readings] == [1, 2]
    assert briefing.item_readings[0].key_claims


def test_it_says_what_it_is_and_judges_nothing() -> None:
    answer, briefing = extracted(*ITEMS)
    assert "without a language model" in briefing.executive_summary
    assert briefing.confidence_assessment.overall == "low"
    assert {one.level for one in briefing.confidence_assessment.factors.values()} == {"low"}
    assert {one.confidence for one in briefing.key_findings} == {"low"}
    assert briefing.narrative_analysis.primary_narratives == ()
    assert briefing.narrative_analysis.source_attribution.role == "unknown"
    assert len(briefing.limitations.cannot_determine) >= 2
    assert len(briefing.limitations.data_gaps) >= 2
    assert len(briefing.limitations.alternative_interpretations) >= 1
    assert answer == extracted(*ITEMS)[0], "the same items give the same extracts"


def test_counts_are_counts_of_the_items() -> None:
    same = [
        replace(ONE, number=n, text=f"Sanctions were named {n} times by the minister on one day.") for n in (1, 2, 3)
    ]
    _, briefing = extracted(
        *same, replace(ONE, number=4, title="Harbour", text="Ships came in on Tuesday at noon today.")
    )
    pattern = next(one for one in briefing.key_findings if one.evidence[0].kind == "pattern")
    assert "in 3 of 4 items" in pattern.finding
    assert [one.item for one in pattern.evidence[0].citations] == [1, 2, 3]


def test_where_titles_share_no_word_figures_are_counted() -> None:
    told = [
        ("Harbour opens", "Forty ships came in on Tuesday, said the office."),
        ("Kiln sold", "It went for 9,000 marks."),
    ]
    _, briefing = extracted(*(replace(item(*one), number=n) for n, one in enumerate(told, 1)))
    (pattern,) = [one for one in briefing.key_findings if one.evidence[0].kind == "pattern"]
    assert pattern.finding.startswith("1 of 2 items give a figure")
    assert [one.quote for one in pattern.evidence[0].citations] == ["It went for 9,000 marks."]


def test_nothing_to_quote_is_no_reason_to_fail() -> None:
    for items in ((), (item(""),), (item("…"),), (item("A", "b"),)):
        _, briefing = extracted(*items)
        assert briefing.executive_summary


@pytest.mark.parametrize(
    "text", [HOSTILE, "See https://evil.test/x now, and [this](//evil.test) too, dear reader.", "<b>" * 90]
)
def test_what_strangers_want_said_is_not_repeated(text: str) -> None:
    answer, _ = extracted(item(text, f"{text} An ordinary sentence of the paper stands behind it."), *ITEMS[1:])
    said = json.dumps(answer)
    assert "evil.test" not in said
    assert "ignore all previous" not in said


def test_reposts_are_counted_by_whom_they_repeat() -> None:
    posts = [
        replace(ONE, number=n, grain=Grain.POST, facts={"amplifies": [{"how": "forward", "who": "@north"}]})
        for n in (1, 2)
    ]
    _, briefing = extracted(*posts)
    assert briefing.narrative_analysis.network_context.known_associations == ("@north: passed on 2 times",)


def test_a_fixtures_russian_run_is_extracted_like_any_other() -> None:
    items = analysis.dossiers(NOW, TENANT)["russian"].items
    _, briefing = extracted(*items)
    assert set(cited(briefing)) == {Found.FOUND}
