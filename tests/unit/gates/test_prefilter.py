"""What is learned from past scores: how it is measured, what must be borne out before anything is believed of it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.prefilter import Filter, Label, Live, Proof
from cid.gates import prefilter
from tests import make

POLICY = make.policy().relevance
OURS = ["harbour", "quay", "crane", "berth", "ferry", "freight", "pilot", "tide", "причал", "बंदरगाह"]
THEIRS = ["plum", "recipe", "singer", "goal", "striker", "wedding", "horoscope", "lottery", "kitchen", "film"]
NEITHER = [f"word{n}" for n in range(300)]
PROOF = Proof(labels=1000, decided=0, passes=500, held=300, held_passes=150, recall=0.99, sure=0.97, saved=0.4)


def labels(count: int, *, noise: float = 0.0, share: float = 0.4, seed: int = 7) -> list[Label]:
    """Stories of three telling words and nine others; `noise`: how many are about the other side's words."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        wanted = chance.random() < share
        about = OURS if wanted is not (chance.random() < noise) else THEIRS
        text = chance.sample(about, 3) + chance.sample(NEITHER, 9)
        chance.shuffle(text)
        made.append(Label(title=" ".join(text[:6]), summary=" ".join(text[6:]), wanted=wanted))
    return made


def test_words_that_tell_stories_apart_are_learned_and_shown_in_any_script() -> None:
    new = prefilter.learned(labels(2000), POLICY)
    assert new is not None
    assert {word.word for word in new.up[:8]} <= {*OURS}
    assert {word.word for word in new.down[:8]} <= {*THEIRS}
    assert new.up[0].wanted > 100 > new.up[0].unwanted
    assert new.proof.recall is not None and new.proof.recall >= POLICY.prefilter_recall
    assert new.proof.saved > 0.5
    assert prefilter.lacking(new.proof, POLICY) == ""


def test_scores_that_words_do_not_explain_save_nothing_worth_having() -> None:
    new = prefilter.learned(labels(2000, noise=0.5), POLICY)
    assert new is not None
    assert new.proof.saved < 0.1 or prefilter.lacking(new.proof, POLICY)


def test_the_newest_labels_are_held_back_from_what_is_learned() -> None:
    """News changes: what only the newest third knows must not count as known."""
    old, new = labels(1400), [replace(one, wanted=not one.wanted) for one in labels(600, seed=8)]
    made = prefilter.learned([*old, *new], POLICY)
    assert made is not None
    assert made.proof.held == 600
    assert made.proof.recall is not None and made.proof.recall < 0.1
    assert "of what passed" in prefilter.lacking(made.proof, POLICY)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_nothing_is_learned_from_nothing(count: int) -> None:
    assert prefilter.learned([Label(title="x", summary="", wanted=True)] * count, POLICY) is None
    assert prefilter.learned([Label(title="x", summary="", wanted=False)] * count, POLICY) is None


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({}, ""),
        ({"held_passes": 99}, "99 stories that passed were held back, 100 are wanted"),
        ({"recall": 0.979}, "it kept 0.979 of what passed, 0.980 is wanted"),
        ({"recall": None}, "it kept 0.000"),
        ({"sure": 0.949}, "it is sure to keep 0.949 of what passes, 0.950 is wanted"),
        ({"saved": 0.0}, "it would save 0.000 of the questions"),
    ],
)
def test_it_is_believed_only_when_enough_bears_it_out(over: dict[str, Any], why: str) -> None:
    said = prefilter.lacking(replace(PROOF, **over), POLICY)
    assert said.startswith(why)
    assert bool(said) is bool(why)


def test_five_of_five_are_no_proof() -> None:
    new = prefilter.learned(labels(50), POLICY)
    assert new is not None
    assert new.proof.sure < 0.8
    assert "are wanted" in prefilter.lacking(new.proof, POLICY)


def test_a_decision_of_a_person_outweighs_a_score() -> None:
    told = [Label(title="kiln news", summary="", wanted=False), Label(title="kiln news", summary="", wanted=False)] * 20
    rest = labels(400)
    decided = [replace(one, wanted=True, decided=True) for one in told]
    scored = [*told, *(replace(one, wanted=True) for one in told)]
    weight = {}
    for name, some in (("scored", scored), ("decided", [*told, *decided])):
        new = prefilter.learned([*some, *rest, *rest], POLICY)
        assert new is not None
        weight[name] = new.filter.weights["kiln"]
    assert weight["decided"] > weight["scored"] + 0.5


def test_one_that_was_asked_about_by_chance_stands_for_the_others() -> None:
    every = labels(2000)
    new = prefilter.learned(every, POLICY)
    assert new is not None
    lost = replace(every[-1], title=" ".join(THEIRS[:6]), summary="", wanted=True, stands_for=20.0)
    again = prefilter.learned([*every[:-1], lost], POLICY)
    assert again is not None and again.proof.recall is not None and new.proof.recall is not None
    passes = again.proof.held_passes - 1
    kept = round(passes * new.proof.recall)
    assert abs(again.proof.recall - kept / (passes + 20)) < 0.01


def test_it_switches_itself_off_when_too_much_of_what_it_would_drop_passes() -> None:
    fine = Live(kept_passes=2000, asked=40, asked_passes=1, missed=20)
    assert prefilter.failing(fine, POLICY) == ""
    assert prefilter.failing(Live(kept_passes=0, asked=40, asked_passes=0, missed=0), POLICY) == ""
    said = prefilter.failing(replace(fine, kept_passes=900), POLICY)
    assert said.startswith("1 of 40 that it would have dropped passed: it keeps about 0.978")
    assert prefilter.failing(fine, replace(POLICY, prefilter_sample=0.0)), "nobody would notice"


def test_who_is_asked_about_by_chance_is_the_same_every_time_and_about_as_many_as_wanted() -> None:
    drawn = [prefilter.sampled(f"story {n}", POLICY) for n in range(4000)]
    assert drawn == [prefilter.sampled(f"story {n}", POLICY) for n in range(4000)]
    assert 0.03 < sum(drawn) / len(drawn) < 0.07


@given(st.text(), st.text())
def test_any_text_is_weighed(title: str, summary: str) -> None:
    filter_ = Filter(bias=-1.0, threshold=0.0, weights={"harbour": 2.5})
    said = prefilter.score(filter_, prefilter.features(title, summary, POLICY))
    assert said in {-1.0, 1.5}
