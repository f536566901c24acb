"""From an answer to a briefing: what is there is kept, what is wrong is said, and what the desk knows is the desk's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from cid.briefing.read import ASKED, SCHEMA_VERSION, Known, read
from cid.briefing.vocabulary import SCHEMA
from cid.domain.briefing import FACTORS, Briefing, Citation, Found
from cid.domain.ids import CallId
from cid.domain.run import Profile, Replied
from cid.domain.shape import built, plain
from tests.briefings import HOSTILE, ITEMS, ONE, RUN, TWO, answer, finding, item

REPLIED = Replied(
    provider="anthropic/claude-sonnet-5-5",
    prompt_version="v1",
    prompt_hash=b"p" * 32,
    input_hash=b"i" * 32,
    call_id=CallId(UUID(int=5)),
)
KNOWN = Known(
    profile=Profile(handle="@courier", followers=1200, verified=True, created_at=datetime(2014, 3, 1, tzinfo=UTC)),
    replied=REPLIED,
    at=datetime(2026, 11, 20, 10, 5, tzinfo=UTC),
    narratives=frozenset({"anti_eu_002"}),
)


def told(**changed: Any) -> Briefing:
    found = read(answer(**changed), RUN, ITEMS, KNOWN).briefing
    assert found is not None
    return found


def problems(**changed: Any) -> tuple[str, ...]:
    return read(answer(**changed), RUN, ITEMS, KNOWN).problems


def test_a_good_answer_has_no_problems_and_every_quote_is_where_it_should_be() -> None:
    assert list(Draft202012Validator(SCHEMA).iter_errors(answer())) == []
    found = read(answer(), RUN, ITEMS, KNOWN)
    assert (found.problems, found.missing) == ((), ())
    briefing = told()
    cited = [one for row in briefing.key_findings for piece in row.evidence for one in piece.citations]
    texts = {one.number: f"{one.title}\n{one.text}" for one in ITEMS}
    for one in [*cited, *briefing.narrative_analysis.primary_narratives[0].citations]:
        assert one.found is Found.FOUND
        assert one.item is not None
        assert texts[one.item][one.start : one.end] == one.quote


def test_it_can_be_stored_and_read_again() -> None:
    assert built(Briefing, plain(told())) == told()
    assert SCHEMA_VERSION == "2.0"


def test_method_metadata_and_figures_are_the_desks_whatever_the_answer_says() -> None:
    lies = {"data_collection": "satellites", "model": "mine", "analysis_model": "mine", "items_analyzed": 900}
    briefing = told(
        methodology=lies,
        metadata={"briefing_id": "x", "model_version": "mine"},
        subject_profile={"kind": "newspaper", "followers": 9, "name": "Else", "items_analyzed": 900},
    )
    assert briefing.methodology.model == REPLIED.provider
    assert briefing.methodology.prompt_version == "v1"
    assert briefing.methodology.items_analyzed == len(ITEMS)
    assert briefing.methodology.data_collection == "3 items, by source: google_news 3; by what could be read: article 3"
    assert briefing.methodology.validation.startswith("4 quotes looked up in the stored items: 4 found, 0 near")
    assert briefing.metadata.briefing_id == str(RUN.id)
    assert briefing.metadata.generated_at == "2026-11-20T10:05:00Z"
    subject = briefing.subject_profile
    assert (subject.name, subject.handle, subject.followers, subject.created) == (
        RUN.outlet, "@courier", 1200, "2014-03-01",
    )  # fmt: skip
    assert subject.kind == "newspaper"


def test_quotes_that_are_not_there_and_items_that_are_not_there_are_said_to_be() -> None:
    cited = [
        {"item": "i2", "quote": "FORTY plants have closed, since January"},
        {"item": "i2", "quote": "every economist agrees with the government"},
        {"item": "i7", "quote": "as we wrote before"},
        {"item": "the second", "quote": "Forty plants have closed"},
    ]
    evidence = [{"kind": "pattern", "reference": "4 of 3", "citations": cited}]
    briefing = told(key_findings=[finding(evidence=evidence)])
    (row,) = briefing.key_findings
    assert [(one.item, one.found) for one in row.evidence[0].citations] == [
        (2, Found.NEAR),
        (2, Found.NOT_FOUND),
        (7, Found.NO_ITEM),
        (None, Found.NO_ITEM),
    ]
    assert "Finding 1, evidence 1 names an item that this run does not have." in problems(
        key_findings=[finding(evidence=evidence)]
    )
    assert "1 near, 1 not found, 2 of no item" in briefing.methodology.validation


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"key_findings": [finding(confidence="certain")]}, "The confidence of finding 1 is none of high"),
        ({"key_findings": [finding(evidence=[{"kind": "rumour", "reference": "A."}])]}, "its kind is none of post"),
        ({"key_findings": [finding(evidence=[])]}, "1 of 1 findings cite no item."),
        ({"key_findings": [{"finding": ""}, finding()]}, "Finding 1 says nothing: it is left out."),
        ({"key_findings": "one long text"}, "The list of findings is a text and no list."),
        ({"confidence_assessment": {"overall": "very high", "factors": {}}}, "The overall confidence is none of"),
        ({"confidence_assessment": {"overall": "low", "factors": {}}}, "The factor corroboration is missing."),
        ({"limitations": 7}, "The limitations is a number and no object."),
        ({"items": []}, "3 of 3 items were not read: 1, 2, 3."),
        ({"items": [{"item": "i9"}]}, "Row 1 of the items names none of this run's"),
        ({"items": [{"item": "i1"}, {"item": 1}]}, "Item 1 is read twice"),
        ({"executive_summary": ["a"]}, "The summary is a list and no text."),
        ({"executive_summary": "See https://evil.test/x for more."}, "The summary names an address that is none"),
        ({"executive_summary": "x " * 9_000}, "The summary is longer than 6000 letters"),
    ],
)
def test_what_is_wrong_gets_a_sentence_and_the_rest_is_kept(changed: dict[str, Any], problem: str) -> None:
    said = problems(**changed)
    assert [one for one in said if problem in one], said
    untouched = next(section for section in ASKED if section not in changed)
    assert getattr(told(**changed), untouched) == getattr(told(), untouched)


def test_words_of_no_vocabulary_become_empty_and_lose_nothing_else() -> None:
    (row,) = told(key_findings=[finding(confidence="certain")]).key_findings
    assert row.confidence == ""
    assert row.evidence == told().key_findings[0].evidence


def test_a_factor_that_a_model_names_itself_is_kept_without_what_nobody_sees() -> None:
    level = {"level": "low", "notes": ""}
    value = {"overall": "low", "factors": dict.fromkeys([*FACTORS, "base\x1b[2J\u202erate\n"], level)}
    assert set(told(confidence_assessment=value).confidence_assessment.factors) - set(FACTORS) == {"base[2jrate"}


@pytest.mark.parametrize("section", ASKED)
def test_a_missing_section_is_named(section: str) -> None:
    value = answer()
    del value[section]
    found = read(value, RUN, ITEMS, KNOWN)
    assert found.missing == (section,)
    assert f"The section {section} is missing." in found.problems


def test_an_entry_that_the_catalogue_does_not_have_is_no_alignment() -> None:
    value = answer()
    value["narrative_analysis"]["primary_narratives"][0]["alignment"] = "anti_all_007"
    found = read(value, RUN, ITEMS, KNOWN)
    assert found.briefing is not None
    assert found.briefing.narrative_analysis.primary_narratives[0].alignment == ""
    assert "Narrative 1 names an entry that the catalogue does not have." in found.problems


def test_an_alignment_that_no_quote_shows_is_a_problem() -> None:
    value = answer()
    value["narrative_analysis"]["primary_narratives"][0]["citations"] = [{"item": "i2", "quote": "Europe is lost now"}]
    said = read(value, RUN, ITEMS, KNOWN).problems
    assert "Narrative 1 is said to be anti_eu_002, and no quote that can be found shows it." in said


def test_a_post_gets_the_address_of_the_item_that_it_cites() -> None:
    assert told().key_findings[0].evidence[0].reference == f"The first sentence of item 2 makes the claim. {TWO.url}"
    named = [{"kind": "post", "reference": f"See {ONE.url}.", "citations": [{"item": "i2", "quote": "Forty plants"}]}]
    assert told(key_findings=[finding(evidence=named)]).key_findings[0].evidence[0].reference == f"See {ONE.url}."


def test_the_list_of_evidence_says_what_each_finding_rests_on() -> None:
    one, two = told().evidence_references
    assert (one.id, one.kind, one.notes) == ("E1", "post", "finding 1 (items 2)")
    assert (two.reference, two.notes) == ("2 of 3 items name one source alone.", "finding 2 (items 1, 3)")


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "text", [], ["a"], {}, {"title": "x"}, [[]], {"answers": []}])
def test_what_is_no_briefing_is_none_and_says_so(value: Any) -> None:
    found = read(value, RUN, ITEMS)
    assert found.briefing is None
    assert found.problems


@pytest.mark.parametrize("junk", [None, True, 0, -1.5, "", "x", [], {}, [None], [[]], {"a": {}}, [{"item": {}}]])
def test_nonsense_in_any_place_never_raises(junk: Any) -> None:
    def spoiled(value: Any) -> list[Any]:
        """The same with one place after the other turned into nonsense."""
        if isinstance(value, dict):
            return [junk] + [{**value, key: bad} for key, inner in value.items() for bad in spoiled(inner)]
        if isinstance(value, list):
            return [junk] + [
                [*value[:at], bad, *value[at + 1 :]] for at, one in enumerate(value) for bad in spoiled(one)
            ]
        return [junk]

    for value in spoiled(answer()):
        found = read(value, RUN, ITEMS, KNOWN)
        assert found.briefing is None or built(Briefing, plain(found.briefing)) == found.briefing


def test_an_item_without_title_or_text_is_read_like_any_other() -> None:
    found = read(answer(), RUN, (item(""), TWO), KNOWN)
    assert found.briefing is not None
    assert found.briefing.key_findings[0].evidence[0].citations[0].found is Found.FOUND


def test_without_items_nothing_can_be_cited() -> None:
    found = read(answer(), RUN, (), Known())
    assert found.briefing is not None
    cited = found.briefing.key_findings[0].evidence[0].citations
    assert [one.found for one in cited] == [Found.NO_ITEM]


def test_items_that_speak_to_a_model_are_named_with_the_method() -> None:
    found = read(answer(), RUN, (replace(ONE, title=HOSTILE), TWO), KNOWN)
    assert found.briefing is not None
    assert found.briefing.methodology.validation.endswith(
        "; sentences that speak to a model were kept from it in items 1"
    )
    assert "model" not in told().methodology.validation


def test_a_russian_quote_is_looked_up_in_a_russian_item() -> None:
    russian = replace(ONE, title="Санкции бьют по Европе", text="Министр заявил, что санкции бьют по Европе сильнее.")
    cited = [
        {"kind": "post", "reference": "О", "citations": [{"item": "i1", "quote": "санкции бьют по Европе сильнее"}]}
    ]
    found = read(answer(key_findings=[finding(evidence=cited)]), RUN, (russian,), KNOWN)
    assert found.briefing is not None
    (citation,) = found.briefing.key_findings[0].evidence[0].citations
    assert citation == Citation(item=1, quote="санкции бьют по Европе сильнее", found=Found.FOUND, start=43, end=73)


def test_hidden_letters_and_endless_lists_of_an_answer_are_cut_down() -> None:
    flood = [finding(finding=f"Finding {number} \u202e\u2066hidden") for number in range(200)]
    found = read(answer(key_findings=flood), RUN, ITEMS, KNOWN)
    assert found.briefing is not None
    assert len(found.briefing.key_findings) == 50
    assert found.briefing.key_findings[0].finding == "Finding 0 hidden"
    assert "The list of findings has 200 entries: the first 50 are kept." in found.problems


def test_quotes_that_nobody_had_time_for_are_counted_and_neither_found_nor_missing() -> None:
    long = replace(ONE, text="the quick brown fox jumps over it " * 200)
    quotes = [("quick brown fox jumps over it the " * 180)[: 5_990 - n] for n in range(400)]
    rows = [
        finding(
            evidence=[
                {
                    "kind": "post",
                    "reference": "F",
                    "citations": [{"item": "i1", "quote": one} for one in quotes[n : n + 40]],
                }
            ]
        )
        for n in range(0, 400, 40)
    ]
    found = read(answer(key_findings=rows), RUN, (long, TWO), KNOWN)
    assert found.briefing is not None
    cited = [one for row in found.briefing.key_findings for piece in row.evidence for one in piece.citations]
    unlooked = [one for one in cited if one.found is None]
    assert 0 < len(unlooked) < len(cited) == 400
    assert unlooked == cited[-len(unlooked) :]
    assert f"{len(unlooked) + 1} not looked up" in found.briefing.methodology.validation
    assert "The quotes are so long or so many that the last of them were not looked up." in found.problems
