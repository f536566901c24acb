"""Addresses that nobody allowed, and Markdown taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text import markdown
from cid.text.links import foreign, sites, unlinked

OWN = "https://news.test/a_(b)?c=1"


@pytest.mark.parametrize(
    "text",
    ["no address", f"see [it](<{OWN}>).", f"[it]({OWN}) and {OWN}.", f"<{OWN}>", f"[1]: {OWN}", "a [bracket] (round)"],
)
def test_allowed_addresses_pass(text: str) -> None:
    assert foreign(text, [OWN]) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.test",
        f"{OWN}&leak=secret",
        f"{OWN}.evil.test",
        "[x](//evil.test/a)",
        "[x](javascript:alert(1))",
        "![x](data:text/html,hi)",
        "[x]: //evil.test",
        "<mailto:a@evil.test>",
        "www.evil.test",
        "HTTPS://EVIL.TEST",
    ],
)
def test_any_other_address_is_found(text: str) -> None:
    assert len(foreign(text, [OWN])) == 1


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_looking_for_addresses_never_fails(text: str, allowed: list[str]) -> None:
    foreign(text, allowed)


def test_markdown_is_read_by_its_parts() -> None:
    text = "Answer first.\nStill.\n\n## One\n\n1. a\n2. b\n\n### Step 3\n\n"
    text += "## Two\n\n| A | B | C |\n|---|:-:|---|\n| 1 | 2 | 3 |\n\n- x\n- y"
    opening, one, two = markdown.sections(text)
    assert markdown.paragraph(opening) == "Answer first. Still."
    assert (one.heading, one.level, one.steps) == ("One", 2, 3)
    assert (two.tables, two.bullets) == ([3], 2)
    assert markdown.paragraph(two) == ""


def test_plain_text_has_no_addresses_marks_or_numbering() -> None:
    text = "## Head\n1. **Bold** [name](<https://x.test/12>) https://y.test/34\n| a | b |\n| --- | --- |\n| c | d |"
    assert markdown.plain(text).split("\n") == ["Head", "Bold name", "a", "b", "c", "d"]


def test_html_is_told_from_autolinks() -> None:
    assert markdown.holds_html("a <b>c</b>")
    assert markdown.holds_html("<!-- hidden -->")
    assert not markdown.holds_html("<https://x.test> and 3 < 4 > 2")


@given(st.text())
def test_reading_markdown_never_fails(text: str) -> None:
    for section in markdown.sections(text):
        assert markdown.paragraph(section) is not None
        assert section.tables is not None
    markdown.plain(text)


@given(st.text(alphabet="ab[](): \n<>/.https:www"))
def test_after_taking_addresses_out_there_are_none(text: str) -> None:
    assert foreign(unlinked(text), ()) == []


@pytest.mark.parametrize(
    "text",
    [
        "> [x]: //evil.test/a",
        "- [x]: /a",
        "[a\\]b]: //evil.test",
        "[a\nb]: //evil.test",
        "evil.test/claim?d=1",
        "evil.test:8080",
        'src="//evil.test/a.png"',
        "javascript:alert(1)",
        "data:text/html;base64,AAAA",
        "ｈｔｔｐｓ：//evil.test/a",
        "evil。test/claim",
        "ht\u200btps://evil.test/a",
        "https://news.te\u200bst/a_(b)?c=1",
        "https://nеws.test/a_(b)?c=1",
        "https://xn--nws-jzc.test/a",
        "\\\\evil.test\\a",
    ],
)
def test_an_address_in_disguise_is_found(text: str) -> None:
    assert foreign(text, [OWN])


@pytest.mark.parametrize(
    "text",
    [
        "He or she and/or they pay 24.5/30 km/h, i.e. more.",
        "Data: new figures show 3:2",
        "Made with Node.js/Express in the U.S./Canada",
        "At 10:30 a.m./p.m. said Dr.Smith // no more",
        "Booking.com and Amazon.com raise their fees.",
        "a //comment and C:\\folder",
    ],
)
def test_ordinary_text_holds_no_address(text: str) -> None:
    assert foreign(text, [OWN]) == []


def test_names_of_sites_are_told_apart_from_the_sites_of_the_evidence() -> None:
    text = "Booking.com, www.evil.test and news.test say so. End.It node.js and 3.5 e.g. more."
    assert sites(text, [OWN]) == ["booking.com", "evil.test"]
