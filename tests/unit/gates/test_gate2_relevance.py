"""What gate 2 asks: what stays the same from call to call, so that it is cached, and how long an answer is."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from cid.domain.ids import TenantId
from cid.domain.llm import Wire
from cid.domain.tenants import Profile
from cid.gates import gate2_relevance as gate2
from cid.llm.asking import closed
from cid.llm.prompts import Prompts
from cid.llm.wire import Form, read
from tests import funnel, make

PROMPTS = Prompts.load(funnel.CONFIG / "prompts")
PROFILE = Profile(
    industry="ports", keywords=("harbour", "गाड़ी", "причал", "c++ (x|y)*"), geography=("Norhaven",), excluded=("golf",)
)


def headline(n: int, title: str = "A crane") -> gate2.Headline:
    return gate2.Headline(key=f"s{n}", title=title, summary="It lifts.", publisher="P")


def form(profile: Profile, *headlines: gate2.Headline) -> Form:
    ask = gate2.ask(TenantId(uuid4()), profile, headlines, make.policy().relevance)
    return Form(ask, PROMPTS["relevance"])


def wire(profile: Profile, *headlines: gate2.Headline) -> Wire:
    made = form(profile, *headlines)
    return made.wire("m", {f"a{n}": subject for n, subject in enumerate(made.ask.subjects, 1)}, {})


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_what_stands_before_the_stories_is_the_same_bytes_in_every_call(titles: list[str]) -> None:
    first = wire(PROFILE, headline(0))
    other = wire(replace(PROFILE), *(headline(n, title) for n, title in enumerate(titles)))
    assert [part.encode() for part in other.system] == [part.encode() for part in first.system]


def test_what_all_tenants_share_comes_first_and_names_none_of_them() -> None:
    one, other = wire(PROFILE, headline(0)), wire(Profile(keywords=("kiln",)), headline(0))
    assert one.system[0] == other.system[0]
    assert one.system[1] != other.system[1]


def test_the_newest_prompt_is_the_one_that_asks_for_numbers() -> None:
    assert PROMPTS["relevance"].version == "v2"


def test_an_answer_is_short_and_its_shape_has_no_gaps() -> None:
    """A shape with optional parts is not held to by every vendor's decoder."""
    assert closed(wire(PROFILE, headline(0)).schema)
    row = json.dumps({"id": "a1", "score": 78, "matched": [2, 4]}, separators=(",", ":"))
    assert len(row) <= 40
    assert read(form(PROFILE, headline(0)), f'{{"answers":[{row}]}}', ["a1"]).values["a1"]["matched"] == [2, 4]


@given(st.integers(0, 400))
def test_a_tenants_number_says_how_much_of_a_summary_is_shown(chars: int) -> None:
    policy = replace(make.policy().relevance, summary_chars=chars)
    story = replace(headline(0), summary="ab " * 200)
    ask = gate2.ask(TenantId(uuid4()), PROFILE, [story], policy)
    assert ask.subjects[0].input["summary"] == story.summary[:chars]
