"""What is stored whole comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.briefing import Assessment, Briefing, Citation, Evidence, Factor, Finding, Found
from cid.domain.run import Profile
from cid.domain.scorecard import ContentCheck, Dimension, Point, Rating, Scorecard
from cid.domain.shape import built, plain


@given(st.builds(Finding, finding=st.text(), confidence=st.text(), evidence=st.just(())))
def test_a_value_comes_back_as_it_was(finding: Finding) -> None:
    assert built(Finding, plain(finding)) == finding


def test_nested_values_enums_and_moments_come_back() -> None:
    cited = Citation(item=2, quote="said", found=Found.NEAR, start=1, end=5)
    briefing = Briefing(
        key_findings=(
            Finding(finding="F", confidence="low", evidence=(Evidence(kind="post", reference="", citations=(cited,)),)),
        ),
        confidence_assessment=Assessment(overall="low", factors={"corroboration": Factor(level="low")}),
    )
    assert built(Briefing, plain(briefing)) == briefing
    profile = Profile(handle="h", followers=3, created_at=datetime(2026, 1, 2, tzinfo=UTC), verified=None)
    assert built(Profile, plain(profile)) == profile
    card = Scorecard(
        dimensions=(Dimension(name="d", points=(Point(check="c", points=1, of=2, why="w"),)),),
        checks=(ContentCheck(name="n", passed=None, why="w", cap=Rating.POOR),),
        rating=Rating.GOOD,
        shown=Rating.POOR,
        version="1",
    )
    assert built(Scorecard, plain(card)) == card


def test_what_is_missing_takes_its_default_and_what_is_unknown_is_left_out() -> None:
    assert built(Profile, {"handle": "h", "invented_later": 1}) == Profile(handle="h")


@pytest.mark.parametrize("value", [[], "x", {"finding": 1, "confidence": ""}, {"confidence": ""}, None])
def test_another_shape_is_an_error(value: object) -> None:
    with pytest.raises(ValueError):
        built(Finding, value)


def test_what_has_no_json_is_an_error_of_the_caller() -> None:
    assert plain(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    with pytest.raises(TypeError):
        plain(object())
