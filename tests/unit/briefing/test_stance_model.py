"""The model of stances that ships with the catalogue: what it learned from, what it is worth, what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stance_model import CORPUS, Written, fingerprint, learned_from, model, written
from cid.briefing import classify
from cid.briefing.catalogue import read
from cid.briefing.classify import Classifier
from cid.briefing.stance import as_asked, stance
from cid.briefing.stance_asked import CLAIM
from cid.domain.errors import Misconfigured
from cid.domain.narratives import Span, Stance
from cid.settings import CONFIG, narratives

SHIPPED = narratives().stances


class Sure:
    """A model that is sure of one stance."""

    version = "sure"

    def __init__(self, of: Stance, likely: float = 1.0) -> None:
        self.told: list[str] = []
        self._likely = {str(one): likely if one is of else 0.0 for one in Stance}

    def probabilities(self, text: str) -> Mapping[str, float]:
        self.told.append(text)
        return self._likely


def at(text: str, claim: str) -> list[Span]:
    start = text.index(claim)
    return [Span(start=start, end=start + len(claim), text=claim, cue="")]


def test_the_shipped_model_learned_from_the_sentences_that_are_here() -> None:
    assert isinstance(SHIPPED, Classifier)
    learned = learned_from()
    assert SHIPPED.facts["learned_from"] == fingerprint(learned), "`python -m bench.stance_model --write` makes it anew"
    assert SHIPPED.facts["sentences"] == len(learned)


def test_no_sentence_to_measure_with_was_learned_from() -> None:
    learned = {one.text for one in learned_from()}
    for path in CORPUS.glob("*.jsonl"):
        assert not learned.intersection(one.text for one in written(path)), path.stem


@pytest.mark.parametrize(("name", "least"), [("plain", 0.9), ("subtle", 0.7), ("varied", 0.65)])
def test_sentences_that_nobody_learned_from_are_told_and_by_rules_alone_fewer(name: str, least: float) -> None:
    """The shares are somewhat below what was measured (docs/narratives.md)."""
    told = list(written(CORPUS / f"{name}.jsonl"))

    def right(found: list[Stance]) -> float:
        return sum(one is each.stance for one, each in zip(found, told, strict=True)) / len(told)

    with_model, by_rules = right([one.found(SHIPPED) for one in told]), right([one.found(None) for one in told])
    assert with_model >= least
    assert with_model > by_rules


def some() -> list[Written]:
    every = learned_from()
    return [one for name in Stance for one in [each for each in every if each.stance is name][:40]]


def test_the_same_sentences_make_the_same_model_in_any_order() -> None:
    assert model(some()) == model(list(reversed(some())))
    assert set(classify.load(model(some())).probabilities("He said so.")) == {str(one) for one in Stance}


@given(claim=st.text(min_size=1, max_size=80), before=st.sampled_from(["Critics say ", "", "Es stimmt nicht, dass "]))
def test_what_is_claimed_is_not_asked(claim: str, before: str) -> None:
    claim = claim.replace("\n", " ").replace(".", "").replace("!", "").replace("?", "")
    spans = [Span(start=len(before), end=len(before) + len(claim), text=claim, cue="")]
    asked = as_asked(f"{before}{claim} and more", spans)
    assert CLAIM in asked
    assert asked.startswith(before.strip())


def test_the_words_of_the_claim_do_not_matter_and_those_around_it_do() -> None:
    one, other = "NATO is encircling Russia", "a lie about vaccines, he said,"
    frame = "Nobody has shown that {} so far."
    told = [as_asked(frame.format(claim), at(frame.format(claim), claim)) for claim in (one, other)]
    assert told[0] == told[1]
    assert "Nobody has shown" in told[0]


def test_parts_of_a_claim_that_stand_far_apart_are_left_out_each_by_itself() -> None:
    text = f"NATO, which {'was founded long ago and ' * 8}has members, is encircling Russia."
    spans = [*at(text, "NATO"), *at(text, "encircling Russia")]
    asked = as_asked(text, spans)
    assert asked.count(CLAIM) == 2
    assert "was founded" in asked


def test_a_model_decides_and_the_rules_where_it_is_undecided() -> None:
    text = "It is false that NATO is encircling Russia."
    spans = at(text, "NATO is encircling Russia")
    assert stance(text, spans) is Stance.DEBUNKS
    assert stance(text, spans, learned=Sure(Stance.REPORTS)) is Stance.REPORTS
    assert stance(text, spans, learned=Sure(Stance.REPORTS, likely=0.2)) is Stance.DEBUNKS
    assert stance("NATO.", at("NATO.", "NATO"), learned=Sure(Stance.REPORTS)) is Stance.REPORTS


def test_the_next_sentence_still_denies() -> None:
    text = "NATO is encircling Russia. This is false. Nothing else happened."
    assert stance(text, at(text, "NATO is encircling Russia"), learned=Sure(Stance.REPEATS)) is Stance.DEBUNKS


def test_each_sentence_is_asked_about_by_itself() -> None:
    ear = Sure(Stance.REPEATS)
    text = "The weather was fine. NATO is encircling Russia, he said. Then came rain."
    stance(text, at(text, "NATO is encircling Russia"), learned=ear)
    (asked,) = ear.told
    assert "weather" not in asked
    assert "rain" not in asked


def test_a_desk_without_its_model_of_stances_does_not_start(tmp_path: Path) -> None:
    copytree(CONFIG, tmp_path / "config")
    (tmp_path / "config/narratives/stance.json.gz").unlink()
    with pytest.raises(Misconfigured, match=r"stance\.json\.gz: it cannot be read"):
        narratives(tmp_path / "config")
    (tmp_path / "config/narratives/stance.json.gz").write_bytes(b"{}")
    with pytest.raises(Misconfigured, match=r"bench\.stance_model --write"):
        narratives(tmp_path / "config")


def test_another_model_of_stances_is_another_version_of_the_catalogue() -> None:
    """A match says by its version what told its stance."""
    files = {"words": {"version": "1", "lists": {}}}
    assert read(files, Sure(Stance.REPEATS)).version not in {read(files).version, narratives().version}
