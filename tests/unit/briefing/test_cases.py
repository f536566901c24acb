"""Which cases a model never sees, and how what it finds is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.briefing import cases
from cid.briefing.cases import Case


@given(st.lists(st.sampled_from(["bridge", "Élan", "radar's", "ÉTÉ", "Ёлка", "欧州"]), min_size=1), st.text(max_size=8))
def test_two_spellings_of_one_sentence_fall_on_the_same_side(told: list[str], salt: str) -> None:
    plain, shouted = " ".join(told), f"  «{'  '.join(told).upper()}!» "
    assert cases.share(plain, salt) == cases.share(shouted, salt)
    assert cases.held_out(plain, salt) == cases.held_out(shouted, salt)


def test_about_a_fifth_is_held_out_and_another_salt_holds_out_others() -> None:
    texts = [f"sentence number {number}" for number in range(4000)]
    first, second = ({text for text in texts if cases.held_out(text, salt)} for salt in ("", "again"))
    assert 0.17 < len(first) / len(texts) < 0.23
    assert len(first & second) < len(first) / 2


def test_a_sentence_counts_once_and_belongs_to_whatever_any_of_its_spellings_does() -> None:
    told = [
        Case(text="The Bridge falls", narratives=frozenset("b")),
        Case(text="the bridge, falls", narratives=frozenset("a")),
        Case(text="…"),
    ]
    assert [(cases.key(one.text), one.narratives) for one in cases.distinct(told)] == [
        ("...", frozenset()),
        ("the bridge falls", frozenset("ab")),
    ]
    assert cases.distinct(told) == cases.distinct(reversed(told))


def test_a_rule_wants_one_keyword_one_of_each_group_and_one_country() -> None:
    rule = cases.rules(
        {"narratives": {"x": {"keywords_any": ["A", "B"], "keywords_all": [["C", "D"]], "countries_any": ["Norway"]}}}
    )["x"]
    assert rule.holds({"B", "C"}, {"Norway", "Chad"})
    assert not rule.holds({"C"}, {"Norway"})
    assert not rule.holds({"A"}, {"Norway"})
    assert not rule.holds({"A", "D"}, {"Chad"})


@pytest.mark.parametrize(
    "value", [None, [], {}, {"narratives": {}}, {"narratives": {"x": {}}}, {"narratives": {"x": {"keywords_any": "A"}}}]
)
def test_labels_of_another_shape_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="narrative"):
        cases.rules(value)


def test_precision_and_recall_are_over_pairs_and_over_the_labelled_narratives_alone() -> None:
    said = [{"a"}, {"a", "b"}, set(), {"b"}]
    found = [{"a", "other"}, {"b"}, {"a"}, set()]
    all_of_them = cases.figures(said, found, ["a", "b"])
    assert (all_of_them.said, all_of_them.found, all_of_them.right) == (4, 3, 2)
    assert (all_of_them.precision, all_of_them.recall) == (0.6667, 0.5)
    assert cases.figures([], [], ["a"]).precision is None


def test_a_title_alarms_once_whatever_is_found_in_it() -> None:
    assert cases.alarms([{"a", "b"}, set(), set(), {"c"}]) == 0.5
    assert cases.alarms([]) is None
