"""What changed between two versions, word by word."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.draft import Image
from cid.render import diff
from cid.render.diff import Badge, Change, Span
from tests.press import ARTICLE

PAGES = {"credit_url": "https://a.test", "page_url": "https://b.test"}

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
        Span(Change.REMOVED, "3", Badge.NUMBER),
        Span(Change.ADDED, "4", Badge.NUMBER),
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
    spans = [span.change for span in diff.words(old, new) if span.text.strip()]
    assert spans == [Change.REMOVED, Change.ADDED]


def test_within_what_is_new_only_the_figures_stand_out() -> None:
    assert diff.words("", "opens in 2027, he said") == (
        Span(Change.ADDED, "opens in "),
        Span(Change.ADDED, "2027", Badge.NUMBER),
        Span(Change.ADDED, ", he said"),
    )


figured = st.lists(
    st.sampled_from(["The", "quay", "holds", "3", "1,000", "1.000", "-5", "4.5 %", "20", "ferries", ".", "2 million"])
).map(" ".join)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def held(spans: list[Span], change: Change) -> Counter[str]:
    return Counter(NUMBER.findall(" ".join(s.text for s in spans if s.change is change and s.badge is Badge.NUMBER)))


@given(figured, figured)
def test_every_number_that_came_or_went_carries_its_badge(old: str, new: str) -> None:
    paragraphs = diff.text(old, new)
    spans = [span for paragraph in paragraphs for span in paragraph.spans]
    before, after = Counter(NUMBER.findall(old)), Counter(NUMBER.findall(new))
    assert not (before - after) - held(spans, Change.REMOVED)
    assert not (after - before) - held(spans, Change.ADDED)
    if before != after:
        assert any(Badge.NUMBER in paragraph.badges for paragraph in paragraphs)


@given(figured, st.data())
def test_one_changed_number_in_a_sentence_that_is_otherwise_the_same_is_found(old: str, data: st.DataObject) -> None:
    places = list(NUMBER.finditer(old))
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    new = old[: place.start()] + "77" + old[place.end() :]
    spans = diff.words(old, new)
    assert "77" in held(list(spans), Change.ADDED)


GERMAN = "Der Hafen öffnet im Mai den Kai, und die Stadt baut dort ein Haus für die Leute und ihre Boote. " * 4


@pytest.mark.parametrize(
    ("old", "new", "badge"),
    [
        ("It holds 1,000 ferries.", "It holds 1.000 ferries.", Badge.NUMBER),
        ("It fell to -5 degrees.", "It fell to 5 degrees.", Badge.NUMBER),
        ("It cost $5 to enter.", "It cost €5 to enter.", Badge.NUMBER),
        ("Rates rose 2 percent.", "Rates rose 2 percentage points.", Badge.NUMBER),
        ("It cost 3 million euros.", "It cost 3 billion euros.", Badge.NUMBER),
        ("It has three berths.", "It has five berths.", Badge.NUMBER),
        ("It will be 1 000 boats.", "It will be 1 boats.", Badge.NUMBER),
        ("Then Anna Weber spoke.", "Then Weber Anna spoke.", Badge.NAME),
        ("Said the port of Elmsworth.", "Said the port of Tidewater.", Badge.NAME),
        (f"{GERMAN}Gestern sprach Anna Weber.", f"{GERMAN}Gestern sprach Anna Huber.", Badge.NAME),
        ("He said “we will open in May”.", "He said “we will not open in May”.", Badge.QUOTE),
        ("Er sagte „wir öffnen bald“.", "Er sagte „wir schließen bald“.", Badge.QUOTE),
        ("See [the port](https://a.test/x).", "See [the port](https://a.test/y).", Badge.LINK),
        ("Write to ann@port.test now.", "Write to ann@quay.test now.", Badge.LINK),
    ],
)
def test_what_a_reviewer_has_to_see_is_badged(old: str, new: str, badge: Badge) -> None:
    [paragraph] = diff.text(old, new)
    assert badge in paragraph.badges


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{GERMAN}Da war der Hof.", f"{GERMAN}Da war der Turm."),
        ("a ferry came", "a boat came"),
        ("Ferries came.", "Boats came."),
    ],
)
def test_other_words_carry_no_badge(old: str, new: str) -> None:
    assert [paragraph.badges for paragraph in diff.text(old, new) if paragraph.badges] == []


def test_a_phrase_is_struck_out_whole_and_not_word_by_word() -> None:
    assert [span.text for span in diff.words("we like red wine now", "we like dark ale now")] == [
        "we like ", "red wine", "dark ale", " now"
    ]  # fmt: skip


def test_a_picture_is_a_field_like_any_other() -> None:
    image = Image(id="1", sha256="ab", mime="image/jpeg", width=1, height=1, alt="A quay", credit="Ada", **PAGES)
    changed = [field.name for field in diff.articles(ARTICLE, replace(ARTICLE, image=image)) if field.changed]
    assert changed == ["Picture"]


LONG = ["\n\n".join(f"Paragraph {n} says {w} {n * 7} times over." * 8 for n in range(140)) for w in ("this", "that")]


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        pytest.param(LONG[0], LONG[1], 1.0, id="nine thousand words"),
        pytest.param("word " * 20_000, "word " * 19_000 + "end", 4.0, id="one word"),
        pytest.param("a b " * 25_000, "b a a " * 16_000, 4.0, id="a and b"),
        pytest.param("a\n\n" * 33_000, "b\n\n" * 33_000, 4.0, id="many paragraphs"),
        pytest.param("1" * 100_000, "2" * 100_000, 4.0, id="one number"),
        pytest.param("](" * 50_000, "](x" * 33_000, 4.0, id="half links"),
        pytest.param("a@" * 50_000, "b@" * 50_000, 4.0, id="half addresses"),
    ],
)
def test_no_text_takes_long(old: str, new: str, most: float) -> None:
    """CPU seconds, with room for a slow machine: nothing of it is quadratic."""
    began = time.thread_time()
    paragraphs = diff.text(old, new)
    assert time.thread_time() - began < most
    assert len(paragraphs) <= 2 * diff.MOST
    assert squeezed("".join(s.text for p in paragraphs for s in p.spans if s.change is not Change.ADDED)) == squeezed(
        old
    )
