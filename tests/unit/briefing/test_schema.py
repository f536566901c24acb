"""The published shape of a briefing: the code's own, word for word, and strict enough to say no."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cid.briefing.read import read
from cid.briefing.schema import WORDS, schema
from cid.domain import briefing as nouns
from cid.domain.briefing import Briefing
from cid.domain.shape import plain
from tests import analysis, funnel
from tests.briefings import ITEMS, NOW, RUN, TENANT, answer

PUBLISHED = funnel.CONFIG.parent / "docs" / "briefing.schema.json"
VALIDATOR = Draft202012Validator(schema())


def briefing() -> Briefing:
    found = read(answer(), RUN, ITEMS).briefing
    assert found is not None
    return found


def test_the_file_that_is_published_is_what_the_code_gives() -> None:
    assert json.loads(PUBLISHED.read_text()) == schema(), "python -m tests.unit.briefing.test_schema writes it"


def test_every_briefing_that_is_read_or_made_up_is_of_that_shape() -> None:
    Draft202012Validator.check_schema(schema())
    for one in [briefing(), Briefing(), *(kept.briefing for kept in _kept() if kept.briefing)]:
        assert [error.json_path for error in VALIDATOR.iter_errors(plain(one))] == []


def _kept() -> list[nouns.StoredBriefing]:
    return [one.briefing for one in analysis.dossiers(NOW, TENANT).values() if one.briefing]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("confidence_assessment", "overall"), "very high"),
        (("key_findings", 0, "confidence"), "certain"),
        (("key_findings", 0, "evidence", 0, "kind"), "rumour"),
        (("key_findings", 0, "evidence", 0, "citations", 0, "found"), "perhaps"),
        (("key_findings", 0, "evidence", 0, "citations", 0, "start"), "0"),
        (("limitations", "data_gaps"), "one"),
        (("confidence_assessment", "factors", "corroboration"), "low"),
        (("extra",), 1),
    ],
)
def test_what_is_of_another_shape_is_refused(path: tuple[Any, ...], value: Any) -> None:
    document = plain(briefing())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(VALIDATOR.iter_errors(document))


def test_a_section_that_is_left_out_is_refused() -> None:
    for name in plain(Briefing()):
        document = plain(briefing())
        del document[name]
        assert list(VALIDATOR.iter_errors(document))


def test_each_vocabulary_is_held_where_the_words_stand() -> None:
    assert {name for _, name in WORDS} == {"kind", "confidence", "level", "overall", "frequency", "stance", "role"}
    bad = replace(briefing(), key_findings=(nouns.Finding(finding="f", confidence="x"),))
    assert list(VALIDATOR.iter_errors(plain(bad)))


if __name__ == "__main__":
    PUBLISHED.write_text(json.dumps(schema(), indent=1) + "\n")
