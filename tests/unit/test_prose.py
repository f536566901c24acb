"""Prose taken apart, in more than one language."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cid.text import prose


def test_sentences_end_at_stops_and_not_inside_figures_or_titles() -> None:
    text = "Dr. Orla Venn said 4.5 marks. “It is enough.” Nobody agreed!\n\nA note without a stop"
    assert prose.sentences(text) == [
        "Dr. Orla Venn said 4.5 marks.",
        "“It is enough.”",
        "Nobody agreed!",
        "A note without a stop",
    ]
    assert prose.sentences("雨が降った。風も吹いた。") == ["雨が降った。", "風も吹いた。"]


def test_figures_are_the_same_however_they_are_grouped() -> None:
    assert prose.numbers("1,200 or 1\u202f200 or 1200; 4,5 and 4.5; 0.125; 12 in Gate5") == [
        "1200", "1200", "1200", "4.5", "4.5", "0.125", "12",
    ]  # fmt: skip


def test_quotations_are_found_in_their_own_marks() -> None:
    assert prose.quotations('She said “we are ready” and «nous aussi», then "off\nwe go".') == [
        "we are ready",
        "nous aussi",
    ]


@given(st.text())
def test_sentences_lose_no_word(text: str) -> None:
    joined = " ".join(prose.sentences(text))
    assert joined.split() == text.split()
