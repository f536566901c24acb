"""What `cid doctor` says of the classifier of narratives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cid import settings
from cid.briefing.classify import Classifier
from cid.briefing.concepts import Concepts
from cid.cli import doctor
from cid.pg.doctor import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cid.domain.llm import Json

FACTS: Mapping[str, Json] = {
    "trained_at": "2026-11-20T10:00:00+00:00",
    "held_out": {"all": {"recall": 0.5364, "precision": 0.5916, "said": 373}},
}


def model(facts: Mapping[str, Json], tenant: str = "") -> Classifier:
    return Classifier(
        version="abc123",
        kinds=(),
        concepts=Concepts({}),
        idf=(),
        gate=None,
        judges=(),
        tenant=tenant,
        salt="",
        facts=facts,
    )


def test_a_classifier_is_named_with_its_version_its_day_and_its_figures() -> None:
    assert doctor.learned(model(FACTS)) == (
        "a classifier of version abc123, trained 2026-11-20T10:00:00+00:00, "
        "recall 0.536, precision 0.592 on what it had not seen"
    )
    assert doctor.learned(model(FACTS, "t1")).endswith("for tenant t1 alone")


@pytest.mark.parametrize("facts", [{}, {"held_out": []}, {"held_out": {"all": {"recall": None}}}])
def test_what_its_file_does_not_say_is_not_made_up(facts: Mapping[str, Json]) -> None:
    said = doctor.learned(model(facts))
    assert "without figures" in said
    assert "nobody knows when" in said


def test_without_a_classifier_it_says_that_the_catalogue_works_alone() -> None:
    found = doctor.narratives(settings.read({}))
    assert (found.level, "catalogue alone" in found.what) == (Level.OK, True)


def test_a_file_that_cannot_be_read_is_a_failure_with_its_remedy(tmp_path: Path) -> None:
    found = doctor.narratives(settings.read({"CID_NARRATIVE_MODEL": str(tmp_path / "none.gz")}))
    assert found.level is Level.FAIL
    assert "none.gz" in found.what
    assert "CID_NARRATIVE_MODEL" in found.remedy
