"""Claims of the catalogue's narratives that training learns beside the file it is given."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shutil import copytree

import pytest

from cid import settings
from cid.briefing import cases, classify
from cid.briefing.cases import Case
from cid.briefing.concepts import Concepts
from cid.briefing.train import Learned, train
from cid.domain.errors import Misconfigured

SHORES = ("river", "harbour", "lake", "coast", "bay", "delta")
TOLD = [
    *(Case(text=f"The {one} belongs to giants number {n}", narratives=frozenset(["giants"])) for n, one in
      enumerate(SHORES * 4)),
    *(Case(text=f"Trade of the {one} rose in year {n}") for n, one in enumerate(SHORES * 4)),
]  # fmt: skip
TAUGHT = [Case(text=f"Enormous beings own the {one}", narratives=frozenset(["giants"])) for one in SHORES]


def likely(learned: Learned, text: str) -> float:
    body = {**learned.body, "tenant": "", "split": {"salt": ""}, "facts": {}}
    return classify.load(classify.dump(body)).probabilities(text)["giants"]


def test_words_that_stand_in_taught_claims_alone_are_known() -> None:
    text = "Enormous beings again"
    without, beside = train(TOLD, (), Concepts({})), train(TOLD, (), Concepts({}), TAUGHT)
    assert (without.taught, beside.taught) == (0, len(TAUGHT))
    assert likely(beside, text) > likely(without, text) + 0.1


def test_what_is_given_is_not_taught_again() -> None:
    assert train(TOLD, (), Concepts({}), [TOLD[0], *TAUGHT]).taught == len(TAUGHT)
    assert train(TOLD, (), Concepts({}), [TOLD[0]]).body == train(TOLD, (), Concepts({})).body


def test_claims_that_know_nothing_of_a_narrative_are_not_learned_from() -> None:
    """Else their silence would say that none of them belongs to it."""
    strangers = [Case(text=one.text, narratives=frozenset(["dwarfs"])) for one in TAUGHT]
    assert train(TOLD, (), Concepts({}), strangers).taught == 0


def test_the_order_of_taught_claims_does_not_matter() -> None:
    assert train(TOLD, (), Concepts({}), TAUGHT).body == train(TOLD, (), Concepts({}), TAUGHT[::-1]).body


def test_the_shipped_claims_are_distinct_and_of_narratives_that_the_catalogue_has() -> None:
    told = settings.claims()
    assert len(cases.distinct(told)) == len(told)
    counts = Counter(name for one in told for name in one.narratives)
    assert set(counts) <= set(settings.narratives().names())
    assert min(counts.values()) >= 75
    assert sum(not one.narratives for one in told) >= 100, "some that belong to none, in the same words"


def test_a_broken_line_of_claims_is_named(tmp_path: Path) -> None:
    copytree(settings.CONFIG, tmp_path / "config")
    path = tmp_path / "config/narratives/claims.jsonl"
    path.write_text('{"claim": "The moon is ours"}\n')
    with pytest.raises(Misconfigured, match=r"claims\.jsonl holds a line that is no claim"):
        settings.claims(tmp_path / "config")
    path.unlink()
    with pytest.raises(Misconfigured, match="cannot be read"):
        settings.claims(tmp_path / "config")
