"""The catalogue of narratives: what its files must say, and what is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest

from cid.briefing import catalogue
from cid.domain.errors import Misconfigured
from cid.settings import narratives

WORDS = {"version": "1.0.0", "lists": {"en": {"west": ["west", "nato"]}}}


def table(**over: Any) -> dict[str, Any]:
    return {
        "id": "a_001",
        "name": "A",
        "description": "What it says.",
        "frequency": "frequent",
        "first_documented": "2014",
        "version": "1",
        "claims": ["A claim."],
        "sources": ["Somebody"],
        "cues": {"en": {"g": ["harbour & fee"]}},
        **over,
    }


def files(*tables: dict[str, Any]) -> dict[str, Any]:
    return {"words": WORDS, "a": {"category": "a", "name": "Of a", "version": "2", "narrative": list(tables)}}


def test_the_shipped_catalogue_holds_the_eighteen_in_eight_categories() -> None:
    shipped = narratives()
    assert len(shipped.narratives) == 18
    assert len({one.category for one in shipped.narratives}) == 8
    assert [one.id for one in shipped.narratives if not one.active] == ["health_001"]
    for one in shipped.narratives:
        assert {"en", "de", "fr", "es", "ru", "uk"} <= set(one.cues), one.id
        assert one.claims, one.id
        assert one.sources, one.id
        assert one.description, one.id


def test_names_are_told_by_id() -> None:
    made = catalogue.read(files(table()))
    assert made.names() == {"a_001": ("A", "Of a")}
    assert made.narratives[0].version == "2.1"


def test_another_cue_is_another_version() -> None:
    one, other = catalogue.read(files(table())), catalogue.read(files(table(cues={"en": {"g": ["harbour & dues"]}})))
    assert one.version != other.version
    assert one.version.startswith("1.0.0+")
    assert one.version == catalogue.read(files(table())).version


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cues": {"en": {"g": ["harbour & fee > due"]}}}, r"\[a_001\] cues.en.g: 'harbour & fee > due' mixes"),
        ({"cues": {"en": {"g": ["harbour =2"]}}}, "one word alone counts as 1"),
        ({"cues": {"en": {"g": ["harbour fee =4"]}}}, "counts as 4"),
        ({"cues": {"en": {"g": ["{east} & fee"]}}}, "there is no list 'east'"),
        ({"cues": {"de": {"g": ["{west} & fee"]}}}, "there is no list 'west'"),
        ({"cues": {"en": {"g": ["har*bour & fee"]}}}, r"'har\*bour' is no word"),
        ({"cues": {"en": {"g": ["h* & fee"]}}}, r"'h\*' is no word"),
        ({"cues": {"en": {"g": ["harbour & "]}}}, "'&' is no word"),
        ({"cues": {"en": {"g": ["a1 & b1 & c1 & d1 & e1 & f1"]}}}, "more than 5 parts"),
        ({"cues": {}}, r"\[a_001\] has no cues"),
        ({"frequency": "often"}, r"\[a_001\]: frequency is 'often'"),
        ({"unless": {"en": ["{east}"]}}, "unless.en.*there is no list 'east'"),
        ({"names": "A"}, "has no setting 'names'"),
        ({"claims": "A claim."}, "claims"),
    ],
)
def test_what_is_wrong_is_named_with_its_narrative_and_cue(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        catalogue.read(files(table(**changed)))


def test_a_narrative_stands_there_once() -> None:
    with pytest.raises(Misconfigured, match=r"\[a_001\] is there twice"):
        catalogue.read(files(table(), table()))


def test_without_the_file_of_words_nothing_is_read() -> None:
    with pytest.raises(Misconfigured, match=r"no words\.toml"):
        catalogue.read({})
