"""What is exported comes back as it was, and what a file says wrongly is named, feed by feed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.render.opml import NAMESPACE, Outline, opml
from cid.sources.opml import parse_opml
from cid.text.clean import TITLE_LIMIT, line
from cid.text.urls import located

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OUTLINES = st.builds(
    Outline,
    url=st.from_regex(r"https?://[a-z]{1,8}\.test/[a-z?&=<>\"'%;]{0,20}", fullmatch=True).map(located).filter(bool),
    title=PRINTABLE.map(lambda text: line(text, TITLE_LIMIT)),
    kind=st.sampled_from(["rss", "gdelt", "x", "telegram", "page"]),
    config=st.dictionaries(st.text(max_size=8), JSON, max_size=3),
    trust=st.integers(0, 100).map(lambda percent: percent / 100),
    role=st.sampled_from(["news", "competitor"]),
    interval_s=st.none() | st.integers(120, 2_592_000),
    active=st.booleans(),
    full_text=st.booleans(),
    replace_itself=st.booleans(),
    private=st.booleans(),
)


def read(text: str) -> Any:
    return parse_opml({"body": b64encode(text.encode()).decode()})


@given(PRINTABLE, st.lists(OUTLINES, min_size=1, max_size=5))
def test_an_export_comes_back_as_it_was(title: str, outlines: list[Outline]) -> None:
    found = read(opml(title, outlines))
    for feed, outline in zip(found["feeds"], outlines, strict=True):
        said = asdict(outline)
        del said["withheld"]
        said["private"] = outline.private or None
        assert feed == {**said, "site": "", "problem": ""}


def test_a_source_without_an_address_comes_back_too() -> None:
    (feed,) = read(opml("Mine", [Outline(url="", title="Grain", kind="gdelt", config={"query": "grain"})]))["feeds"]
    assert (feed["kind"], feed["url"], feed["config"]) == ("gdelt", "", {"query": "grain"})


def test_what_was_withheld_is_named_when_it_is_read_back() -> None:
    (feed,) = read(opml("Mine", [Outline(url="https://a.test/?key=•••", withheld=True)]))["feeds"]
    assert "without its secret" in feed["problem"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("cid:trust='much'", "trust"),
        ("cid:trust='nan'", "trust"),
        ("cid:interval='1e999'", "interval"),
        ("cid:active='perhaps'", "active"),
        ("cid:config='[1]'", "config"),
        ("cid:config='{'", "config"),
        (f"cid:config='{'[' * 100_00}'", "config"),
    ],
)
def test_a_wrong_setting_is_one_feeds_problem(said: str, why: str) -> None:
    text = (
        f"<opml xmlns:cid='{NAMESPACE}'><body><outline text='a'><outline xmlUrl='https://a.test/' {said}/></outline>"
        "<outline xmlUrl='https://b.test/'/></body></opml>"
    )
    wrong, right = read(text)["feeds"]
    assert why in wrong["problem"]
    assert (right["url"], right["problem"]) == ("https://b.test/", "")


def test_names_of_other_programs_are_not_taken_for_ours() -> None:
    (feed,) = read("<opml><body><outline xmlUrl='https://a.test/' trust='0.1' active='false'/></body></opml>")["feeds"]
    assert (feed["trust"], feed["active"]) == (None, None)
