"""Untrusted text, made fit to store."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.clean import clean, line, shorten, unhidden
from cid.text.html import plain

ANYTHING = st.text(st.characters(), max_size=200)
HOSTILE = st.text(
    st.sampled_from("ab \n\t\0\x1b\u200b\u200c\u200d\u202e\ufeff\ud800\udfff\U000e0041é\u0301नي<>&;"), max_size=60
)


@given(ANYTHING | HOSTILE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANYTHING | HOSTILE)
def test_what_is_clean_can_be_stored_and_hides_nothing(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    assert not any(0xE0000 <= ord(character) <= 0xE0FFF for character in cleaned)
    assert not set(cleaned) & set("\u200b\u202a\u202b\u202d\u202e\u2066\u2069\ufeff\u00ad")
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("pay\u200bpal", "paypal"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("Hi\U000e0049\U000e0067", "Hi"),
        ("a\0b\ud800c", "abc"),
        (" one\n\ttwo\u2028three\u00a0four ", "one two three four"),
        ("Cafe\u0301", "Café"),
        ("½ off™", "½ off™"),
        ("a\ufe01\ufe0f\ufe03b ❤\ufe0f 1\ufe0f\u20e3 葛\ufe00", "ab ❤\ufe0f 1\ufe0f\u20e3 葛\ufe00"),
        ("ig\u034fno\u3164re\u2800", "ignore"),
        ("z" + "\u0301" * 30, unicodedata.normalize("NFC", "z" + "\u0301" * 4)),
    ],
)
def test_what_no_reader_sees_goes_and_the_rest_stays(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


def test_hidden_signs_go_and_the_lay_of_the_lines_stays() -> None:
    assert unhidden("a\u200bb\n\n  - c\U000e0041 d\n    e\u202e\n") == "ab\n\n  - c d\n    e\n"


@pytest.mark.parametrize("word", ["می\u200cخواهم", "क्\u200dष", "👩\u200d🚒"])
def test_joiners_stay_where_they_spell_a_word(word: str) -> None:
    assert clean(word) == unicodedata.normalize("NFC", word)


@given(ANYTHING, st.integers(5, 50))
def test_a_line_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(line(text, limit)) <= limit


def test_a_text_is_cut_at_a_word_and_says_so() -> None:
    assert shorten("one two three four", 18) == "one two three four"
    assert shorten("one two three four five", 16) == "one two three…"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("in<b>side</b> a word", "inside a word"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("Tom &amp; Jerry &lt;b&gt; &#8217; &nbsp;x", "Tom & Jerry <b> ’ x"),
        ("?page=1&copy=2", "?page=1&copy=2"),
        ("a<script>alert(1)</script>b<style>p{}</style>c<!-- d -->e", "a b c e"),
        ("<script>never closed", ""),
        ('<img src="x" onerror="alert(1)">Hello<br/>there', "Hello there"),
        ("<![CDATA[kept]]> text", "text"),
        ('a<div style="color:red; display: none">b<div>c</div>d</div>e', "a e"),
        ("a<p hidden>b</p>c<span aria-hidden='true'>d</span>e", "a c e"),
        ("a<span style='font-size:0px;'>b</span>c<i style=\"opacity:0\">d</i>e", "a c e"),
        ('a<b style="font-size:10px; opacity:0.9; top:-5px">b</b>c', "abc"),
        ('a<input type="hidden" hidden>b<font style="visibility:hidden">never closed', "ab"),
    ],
)
def test_markup_is_read_as_its_reader_would_see_it(markup: str, text: str) -> None:
    assert plain(markup) == text


@given(st.text(st.characters(exclude_characters="<&"), max_size=100))
def test_text_without_markup_is_only_cleaned(text: str) -> None:
    assert plain(text) == clean(text)


@given(st.text(st.sampled_from("<>/!-scriptab &;\"'="), max_size=200))
def test_no_tag_survives(text: str) -> None:
    assert "<script" not in plain(text).lower().replace(" ", "") or "&lt;" in text
