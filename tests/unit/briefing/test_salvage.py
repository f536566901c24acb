"""Replies that the model layer refused: whatever of a briefing is in them is read, and none brings the reader down."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.briefing.read import read, salvage
from cid.domain.briefing import Briefing
from cid.domain.shape import built, plain
from tests.briefings import ITEMS, RUN, TWO, answer

WHOLE = json.dumps({"answers": [{"id": "a1", **answer()}]})


def salvaged(raw: str) -> Briefing | None:
    return salvage(raw, RUN, ITEMS).briefing


@pytest.mark.parametrize(
    "raw",
    [
        WHOLE,
        json.dumps(answer()),
        f"Here is the briefing.\n```json\n{json.dumps(answer(), indent=2)}\n```\nAnything else?",
        f"Of course! {json.dumps(answer())} I hope this helps.",
        json.dumps([answer()]),
        json.dumps(json.dumps(answer())),
        json.dumps({"structured_briefing": answer(), "final_briefing": "text"}),
        "\ufeff" + json.dumps(answer()) + "\0",
    ],
    ids=["framed", "bare", "fenced", "in prose", "list of one", "text of text", "predecessor's frame", "mark and NUL"],
)
def test_a_whole_briefing_is_found_wherever_it_stands(raw: str) -> None:
    expected = read(answer(), RUN, ITEMS).briefing
    assert salvaged(raw) == expected
    assert salvage(raw, RUN, ITEMS).problems[0].startswith("The reply is not of the shape asked for: ")


def test_half_a_document_gives_what_came_before_the_cut() -> None:
    cut = WHOLE[: WHOLE.index('"limitations"') + 40]
    found = salvage(cut, RUN, ITEMS)
    assert found.briefing is not None
    assert found.briefing.executive_summary == answer()["executive_summary"]
    assert len(found.briefing.key_findings) == 2
    assert found.missing == ("limitations",)
    assert "it was cut off" in found.problems[0]


def test_a_document_may_be_cut_anywhere() -> None:
    sizes = [len(WHOLE) * share // 100 for share in range(100)]
    found = [salvaged(WHOLE[:size]) for size in sizes]
    kept = [one is not None for one in found]
    assert kept == sorted(kept), "once there is something, more of the reply loses nothing"
    assert sum(kept) > 80


@pytest.mark.parametrize(
    "raw",
    [
        *[
            "",
            " ",
            "\0",
            "No.",
            "[]",
            "[1, 2]",
            '"text"',
            "null",
            "7",
            "{}",
            '{"answers": []}',
            "{" * 5_000,
            "[" * 200_000,
        ],
        *['{"a":' * 100_000, "```json\n```", "}{", '{"executive_summary"', "\ud83d", '{"x": 1e999}', "9" * 6_000],
    ],
)
def test_what_holds_no_briefing_is_said_to_hold_none(raw: str) -> None:
    found = salvage(raw, RUN, ITEMS)
    assert found.briefing is None
    assert found.problems


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(answer(executive_summary="x " * 100_000)),
        json.dumps(answer(key_findings=[{"finding": "y" * 300}] * 700)),
        '{"executive_summary": "' + 'a\\"' * 300_000,
        "```\n" * 60_000 + "{",
        '{"' * 120_000,
        '{"executive_summary": "s", "items": [' + '{"item": "i1"},' * 20_000,
        json.dumps(answer()) + "{" * 900_000,
        '{"executive_summary": "\\u0000", "key_findings": [' + "[" * 900 + "]" * 900 + "]}",
    ],
    ids=["200 kB", "list", "escapes", "fences", "braces", "cut list", "tail", "deep"],
)
def test_the_time_is_bounded_whatever_the_reply(raw: str) -> None:
    began = time.process_time()
    salvage(raw, RUN, ITEMS)
    assert time.process_time() - began < 5


def test_nul_and_halves_of_letters_do_not_get_into_a_briefing() -> None:
    raw = '{"executive_summary": "a\\u0000b\\ud800c", "key_findings": []}'
    found = salvaged(raw)
    assert found is not None
    assert found.executive_summary == "abc"
    json.dumps(plain(found)).encode()


PREDECESSOR: dict[str, Any] = {
    "individual_analyses": [
        {
            "title": TWO.title,
            "link": TWO.url,
            "framing": "alarm",
            "key_claims": ["Plants close."],
            "key_actors": ["experts"],
            "unverified_statements": ["Forty plants closed."],
        },
        {"title": "Another one", "link": "https://elsewhere.test/1", "framing": "calm"},
    ],
    "structured_briefing": {
        "executive_summary": "The outlet blames sanctions.",
        "key_findings": [
            "Sanctions are blamed.",
            {
                "finding": "Experts stay unnamed.",
                "confidence": "High",
                "evidence_type": "PATTERN",
                "evidence": "3 of 5",
            },
            {
                "finding": "Old shape.",
                "confidence": "low",
                "evidence": [{"type": "channel meta", "reference": "4,100"}],
            },
        ],
        "subject_profile": {"name": "X", "type": "newspaper", "articles_analyzed": 5},
        "narrative_analysis": {
            "primary_narratives": [{"narrative": "Blame", "frequency": "dominant", "alignment": ""}],
            "behavioral_indicators": [{"indicator_type": "posting", "value": "4 a day"}],
            "network_context": [{"label": "Quoted by", "value": "three sites"}],
            "source_attribution": {"role": "official_state_media", "content_origin": "o", "amplification_chain": "c"},
        },
        "confidence_assessment": {
            "overall": "moderate",
            "factors": [{"factor": "Data Completeness", "level": "low", "notes": "few"}],
        },
        "limitations": [
            "We cannot tell who owns it.",
            "There is a gap in March.",
            "It may be chance.",
            "New evidence would change this.",
            "Small sample.",
        ],
        "methodology": {"analysis_model": "gemini"},
    },
    "final_briefing": "…",
}


def test_briefings_of_the_predecessors_shape_are_read() -> None:
    found = salvage(json.dumps(PREDECESSOR), RUN, ITEMS)
    briefing = found.briefing
    assert briefing is not None
    one, two, three = briefing.key_findings
    assert (one.finding, one.evidence) == ("Sanctions are blamed.", ())
    assert (two.confidence, two.evidence[0].kind, two.evidence[0].reference) == ("high", "pattern", "3 of 5")
    assert (three.evidence[0].kind, three.evidence[0].reference) == ("channel_meta", "4,100")
    assert briefing.subject_profile.kind == "newspaper"
    analysis = briefing.narrative_analysis
    assert analysis.behavioral_indicators[0].description == "4 a day"
    assert analysis.network_context.known_associations == ("Quoted by: three sites",)
    assert briefing.confidence_assessment.factors["data_completeness"].level == "low"
    limits = briefing.limitations
    assert limits.cannot_determine == ("We cannot tell who owns it.", "Small sample.")
    assert limits.data_gaps == ("There is a gap in March.",)
    assert limits.alternative_interpretations == ("It may be chance.",)
    assert limits.assessment_changing_factors == ("New evidence would change this.",)


def test_what_the_predecessor_read_of_an_article_is_joined_by_its_link_and_never_by_its_place() -> None:
    found = salvage(json.dumps(PREDECESSOR), RUN, ITEMS)
    assert found.briefing is not None
    (reading,) = found.briefing.item_readings
    assert (reading.item, reading.actors, reading.unverified) == (2, ("experts",), ("Forty plants closed.",))
    assert "Row 2 of the items names none of this run's: it is left out." in found.problems


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(answer())), inner, max_size=4),
    max_leaves=20,
)


@given(value=JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_is_read_or_refused_and_nothing_raises(value: Any) -> None:
    found = salvage(json.dumps(value), RUN, ITEMS)
    if found.briefing is not None:
        assert built(Briefing, plain(found.briefing)) == found.briefing


@given(raw=st.text(alphabet='{}[]",:\\ab1 \n`', max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_and_nothing_raises(raw: str) -> None:
    assert salvage(raw, RUN, ITEMS).problems
