"""The article as Dev.to and Ghost read it: nothing in a text acts on their side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.draft import Reference
from cid.render import blogs
from cid.render.version import RENDERERS
from tests.unit.test_render import ARTICLE, VECTORS

MARKS = {"sample": True, "offline": False, "language": "en", "site_name": "Acme", "provider": "anthropic/x"}


def test_front_matter_goes_and_a_rule_stays() -> None:
    assert blogs.markdown("---\ntitle: Mine\npublished: true\n---\nText.") == "Text."
    assert blogs.markdown("Text.\n\n---\n\nMore.\n\n---") == "Text.\n\n---\n\nMore.\n\n---"


@pytest.mark.parametrize("text", ["{% user mallory %}", "{{ site.secret }}", "```\n{% embed https://e.test %}\n```"])
def test_nothing_is_left_that_liquid_acts_on(text: str) -> None:
    made = blogs.markdown(text)
    assert "{%" not in made
    assert "{{" not in made


@pytest.mark.parametrize("text", VECTORS)
def test_raw_html_and_links_that_run_something_are_text(text: str) -> None:
    made = blogs.markdown(text)
    assert not blogs.TAG.search(made)
    assert "](javascript:" not in made.lower()


def test_addresses_and_code_stay_as_they_are() -> None:
    text = "<https://a.test/x> [x](https://b.test) [m](mailto:a@b.test) 3 < 4\n```html\n<b>code</b>\n```"
    assert blogs.markdown(text) == text


@given(st.text())
def test_making_it_safe_twice_changes_nothing(text: str) -> None:
    once = blogs.markdown(text)
    assert "{{" not in once
    assert "{%" not in once


def test_tags_are_mapped_and_what_is_none_is_named() -> None:
    kept, dropped = blogs.tags(["Machine Learning", "Café", "C++", "機械学習", "machine learning", "AI", "x"], bot=True)
    assert kept == ["abotwrotethis", "machinelearning", "cafe", "c"]
    assert dropped == ["機械学習", "AI", "x"]


def test_dev_to_says_how_the_text_came_to_be() -> None:
    payload = RENDERERS["devto"](ARTICLE, MARKS)
    assert payload["tags"] == ["abotwrotethis", "quay"]
    assert payload["body_markdown"].startswith("> Sample: the people")
    assert "drafted by a language model" in payload["body_markdown"]
    assert "### When?\n\nIn May." in payload["body_markdown"]
    assert "1. [Port](https://port.test/a)" in payload["body_markdown"]


def test_a_source_that_is_no_address_of_the_web_is_no_link() -> None:
    article = ARTICLE.__class__(
        title="T", slug="", description="", body="B", references=(Reference(title="X", url="javascript:alert(1)"),)
    )
    assert "1. X" in RENDERERS["devto"](article, MARKS)["body_markdown"]


def test_ghost_gets_the_pages_own_html_with_marks_and_bounds() -> None:
    article = ARTICLE.__class__(
        title="T" * 400, slug="", description="word " * 200, body="<script>x</script>", keywords=("a, b",) * 20
    )
    payload = RENDERERS["ghost"](article, MARKS)
    assert payload["html"].startswith('<p class="banner">')
    assert "<script" not in payload["html"]
    assert "drafted by a language model" in payload["html"]
    assert (len(payload["excerpt"]) <= 300, len(payload["meta_title"]) <= 300, len(payload["tags"])) == (True, True, 10)
    assert all("," not in tag for tag in payload["tags"])
