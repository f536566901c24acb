"""The checks of gate 5 keep what they promise: each planted fault is found by its own check, what is clean passes."""

from __future__ import annotations

import pytest

from cid.domain.review import Severity
from cid.gates.checks import CHECKS
from tests.checks_corpus.corpus import drafts
from tests.checks_corpus.faults import FAULTS, Fault, tried

CLEAN_MINOR = 1
"""Minor findings on all clean drafts together: a sum that a writer computed."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_planted_fault_is_found_by_its_own_check(fault: Fault) -> None:
    result = tried(fault, alone=True)
    assert result.planted >= 5
    assert result.missed == ()


def test_twenty_clean_drafts_in_three_languages_and_structures_raise_no_alarm() -> None:
    assert len(drafts()) == 20
    assert {draft.language for draft in drafts()} == {"en", "de", "es"}
    assert {draft.article.structure for draft in drafts()} == {"news_brief", "analysis", "guide"}
    found = [(draft.name, finding) for draft in drafts() for finding in draft.checked()]
    assert [(name, one.check) for name, one in found if one.severity is not Severity.MINOR] == []
    assert len(found) <= CLEAN_MINOR


def test_no_check_is_without_a_fault_that_only_it_has_to_find() -> None:
    assert {fault.check for fault in FAULTS} == set(CHECKS)
