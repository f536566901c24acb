"""The cues of a match, as its card tells them."""

from __future__ import annotations

from cid.domain.narratives import Span
from cid.web.run_marks import cues


def test_the_same_words_by_the_same_cue_are_told_once_and_lead_to_the_first_place() -> None:
    spans = [
        Span(start=0, end=4, text="nato", cue="nato*"),
        Span(start=9, end=12, text="war", cue="war"),
        Span(start=20, end=24, text="nato", cue="nato*"),
    ]
    assert cues(spans, "#m1-") == [("nato", "nato*", "#m1-1"), ("war", "war", "#m1-2")]
    assert cues(spans, "") == [("nato", "nato*", ""), ("war", "war", "")]
