"""What changed between two versions, word by word."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cid.render import diff
from cid.render.diff import Change, Span
from tests.press import ARTICLE

text = st.lists(
    st.sampled_from(["quay", "ferry", "the", " ", "  ", "\n", "\n\n", "3 May", "“", ".", "https://a.test/x", "é"])
).map("".join)


@given(text, text)
def test_the_spans_hold_both_texts(old: str, new: str) -> None:
    spans = diff.words(old, new)
    assert "".join(span.text for span in spans if span.change is not Change.ADDED) == old
    assert "".join(span.text for span in spans if span.change is not Change.REMOVED) == new


def squeezed(value: str) -> str:
    return "".join(value.split())


@given(text, text)
def test_paragraphs_hold_both_texts_but_for_the_space_between(old: str, new: str) -> None:
    spans = [span for paragraph in diff.text(old, new) for span in paragraph.spans]
    assert squeezed("".join(s.text for s in spans if s.change is not Change.ADDED)) == squeezed(old)
    assert squeezed("".join(s.text for s in spans if s.change is not Change.REMOVED)) == squeezed(new)


@given(text)
def test_a_text_does_not_differ_from_itself(value: str) -> None:
    assert all(paragraph.change is Change.SAME for paragraph in diff.text(value, value))


def test_only_the_words_that_changed_are_marked() -> None:
    assert diff.words("opens on 3 May.", "opens on 4 May.") == (
        Span(Change.SAME, "opens on "),
        Span(Change.REMOVED, "3", notable=True),
        Span(Change.ADDED, "4", notable=True),
        Span(Change.SAME, " May."),
    )


def test_numbers_addresses_and_quotations_are_worth_a_look_and_other_words_are_not() -> None:
    for old, new, notable in (
        ("a ferry", "a boat", False),
        ("4.35 %", "4.5 %", True),
        ("https://a.test/x", "https://a.test/y", True),
        ("he said", "he said “no”", True),
    ):
        assert any(span.notable for span in diff.words(old, new)) is notable, new


def test_a_paragraph_between_two_others_is_new_and_they_stay() -> None:
    changes = [
        paragraph.change
        for paragraph in diff.text("One here.\n\nTwo here.", "One here.\n\nQuite another.\n\nTwo here.")
    ]
    assert changes == [Change.SAME, Change.ADDED, Change.SAME]


def test_a_changed_paragraph_is_shown_by_its_words() -> None:
    [first, second] = diff.text("The quay opens in May.\n\nTail.", "The quay opens in June.\n\nTail.")
    assert (first.change, second.change) == (None, Change.SAME)


def test_every_field_people_read_has_its_row() -> None:
    fields = {field.name: field.changed for field in diff.articles(ARTICLE, replace(ARTICLE, title="New", linkedin=""))}
    assert [name for name, changed in fields.items() if changed] == ["Title", "LinkedIn text"]
    assert tuple(fields) == diff.FIELDS


def test_texts_too_long_to_compare_are_shown_whole() -> None:
    old, new = "a b " * 3000, "c d " * 3000
    assert [span.change for span in diff.words(old, new)] == [Change.REMOVED, Change.ADDED]


def test_within_what_is_new_only_the_figures_stand_out() -> None:
    assert diff.words("", "opens in 2027, he said") == (
        Span(Change.ADDED, "opens in "),
        Span(Change.ADDED, "2027", notable=True),
        Span(Change.ADDED, ", he said"),
    )
