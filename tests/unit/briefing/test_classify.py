"""A model file, and what it finds, without whatever made it."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cid.briefing import classify
from cid.briefing.concepts import Concepts
from cid.domain.ids import TenantId
from cid.domain.narratives import By, Stance, Strength, Where
from cid.domain.run import Grain, RunItem, Via

AT = datetime(2026, 3, 1, tzinfo=UTC)
BODY: dict[str, Any] = {
    "concepts": {"hiding": ["secret", "conceal*"]},
    "terms": [["lighthouse", "radar"], [" radar "[:3]], ["hiding"]],
    "idf": [20_000, 10_000, 10_000, 10_000],
    "gate": None,
    "narratives": [
        {
            "id": "light_001",
            "weights": [10_000, 20_000, 5_000, 10_000],
            "intercept": -1.0,
            "slope": 2.0,
            "shift": 0.5,
            "threshold": 0.9,
        }
    ],
    "tenant": "",
    "split": {"salt": "", "held_out": 0.2},
    "facts": {"trained_at": "2026-03-01"},
}


def model(**changed: Any) -> classify.Classifier:
    return classify.load(classify.dump({**BODY, **changed}))


def item(title: str, text: str = "", number: int = 1) -> RunItem:
    return RunItem(
        number=number,
        via=Via.OWN_FEED,
        url="",
        title=title,
        text=text,
        grain=Grain.TITLE if title else Grain.POST,
        text_state="",
        sha256=b"",
        publisher="",
        author="",
        language="en",
        published_at=None,
        fetched_at=AT,
    )


def test_the_probability_is_what_its_formula_says() -> None:
    # the words' values are 2 and 1 before they are brought to length 1; the two other kinds have one term each
    length = math.sqrt(2**2 + 1**2)
    margin = -1 + 1.0 * (2 / length) + 2.0 * (1 / length) + 0.5 + 1.0
    said = model().probabilities("The lighthouse conceals a RADAR.")["light_001"]
    assert said == pytest.approx(1 / (1 + math.exp(-(2 * margin + 0.5))))


def test_a_text_of_unknown_words_has_the_probability_of_nothing_at_all() -> None:
    assert model().probabilities("хлеб и соль") == model().probabilities("") == model().probabilities("\x00 … 🙂")


def test_a_match_names_the_words_that_made_it_and_the_version_that_found_it() -> None:
    found = model().found([item("Weather for Tarn"), item("A secret radar in the lighthouse", number=2)])
    assert [(one.narrative, one.item, one.where, one.by) for one in found] == [
        ("light_001", 2, Where.ITEM, By.CLASSIFIER)
    ]
    match = found[0]
    assert {span.text for span in match.spans} <= {"secret", "radar", "lighthouse"}
    assert "radar" in {span.text for span in match.spans}
    assert all("A secret radar in the lighthouse"[span.start : span.end] == span.text for span in match.spans)
    assert match.version == model().version
    assert match.probability is not None and match.probability >= 0.9
    assert match.strength is Strength.HIGH
    assert (match.stance, match.language) == (Stance.REPEATS, "en")


def test_of_an_item_without_a_title_the_first_sentences_are_looked_at_and_spans_count_from_the_title() -> None:
    text = "Rain again.\n\n A  secret radar in the lighthouse! More rain."
    found = model().found([item("", text)])
    assert len(found) == 1
    assert all(f"\n{text}"[span.start : span.end] == span.text for span in found[0].spans)
    late = "Rain. " * classify.SENTENCES + "A secret radar in the lighthouse."
    assert model().found([item("", late)]) == ()
    assert model().found([item("Rain", text)]) == (), "an article is judged by its title alone"


def test_a_threshold_decides_and_one_above_1_is_never_reached() -> None:
    never = {**BODY["narratives"][0], "threshold": 2.0, "intercept": 1000.0}
    assert model(narratives=[never]).probabilities("radar")["light_001"] == 1.0
    assert model(narratives=[never]).narratives("radar") == {}
    assert model(narratives=[{**never, "intercept": -1e9}]).probabilities("x")["light_001"] < 1e-300


def test_what_looks_like_an_ordinary_headline_is_a_match_of_nothing_however_probable() -> None:
    gate = {"weights": [10_000, 0, 0, 0], "intercept": -0.5, "least": 0.25}
    sure = {**BODY["narratives"][0], "intercept": 1000.0}
    gated = model(gate=gate, narratives=[sure])
    assert gated.narratives("A lighthouse") == {"light_001": 1.0}, "1 · 1 - 0.5 reaches 0.25"
    assert gated.narratives("A radar") == {}
    assert gated.found([item("A radar")]) == ()
    assert gated.probabilities("A radar") == {"light_001": 1.0}
    assert model(narratives=[sure]).narratives("A radar") == {"light_001": 1.0}, "without a gate everything passes"
    assert gated.version != model(narratives=[sure]).version


def test_the_same_model_makes_the_same_bytes_and_the_version_is_of_what_was_learned() -> None:
    assert classify.dump(BODY) == classify.dump(dict(reversed(BODY.items())))
    assert model(facts={"trained_at": "another day"}).version == model().version
    assert model(idf=[20_001, 10_000, 10_000, 10_000]).version != model().version


def unpacked(**changed: Any) -> bytes:
    return json.dumps({**json.loads(gzip.decompress(classify.dump(BODY))), **changed}).encode()


def test_a_file_may_be_unpacked_and_is_refused_once_it_was_changed() -> None:
    assert classify.load(unpacked()).version == model().version
    changes: list[dict[str, Any]] = [
        {"idf": [1, 1, 1, 1]},
        {"facts": {}},
        {"tenant": "x"},
        {"sha256": "0" * 64},
        {"sha256": None},
    ]
    for changed in changes:
        with pytest.raises(ValueError, match="changed after it was made"):
            classify.load(unpacked(**changed))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no JSON"),
        (b"\x80\x04\x95", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no model of the format"),
        (b'{"format": "another"}', "no model of the format"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
        (gzip.compress(b" " * (classify.LARGEST + 1)), "larger than"),
        (classify.dump({}), "lacks what a model"),
        (classify.dump({**BODY, "idf": [1]}), "do not belong together"),
        (classify.dump({**BODY, "terms": BODY["terms"][:2]}), "do not belong together"),
        (classify.dump({**BODY, "gate": {"weights": [1], "intercept": 0, "least": 0}}), "do not belong together"),
        (classify.dump({**BODY, "gate": {"weights": [1] * 4, "intercept": 0, "least": 1e999}}), "is no number"),
        (classify.dump({name: part for name, part in BODY.items() if name != "gate"}), "lacks what a model"),
        (classify.dump({**BODY, "narratives": [{**BODY["narratives"][0], "weights": "abc"}]}), "lacks what a model"),
        (classify.dump({**BODY, "narratives": [{**BODY["narratives"][0], "slope": 1e999}]}), "is no number"),
    ],
)
def test_what_is_no_model_is_refused_with_a_sentence(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        classify.load(raw)


def test_a_model_of_one_tenants_decisions_is_for_that_tenant_alone() -> None:
    one, other = TenantId(UUID(int=1)), TenantId(UUID(int=2))
    assert model().serves(one)
    assert model(tenant=str(one)).serves(one)
    assert not model(tenant=str(one)).serves(other)


def test_a_concept_is_a_word_or_the_beginning_of_words_and_nothing_else() -> None:
    concepts = Concepts({"coup": ["coup", "overthr*"], "fire": ["brûl*"]})
    assert concepts.of(["coup"]) == concepts.of(["overthrown"]) == ["coup"]
    assert concepts.of(["couples", "over"]) == []
    assert concepts.of(["bruler"]) == ["fire"]
    for wrong in ("two words", "ab*", "*", "", "a*b"):
        with pytest.raises(ValueError, match="neither one word"):
            Concepts({"x": [wrong]})
