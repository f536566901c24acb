"""What a predecessor got wrong, and this desk must not: what can be told from values alone."""

from __future__ import annotations

import pytest

from tests.vectors import PURE, Row


@pytest.mark.parametrize("row", PURE, ids=lambda row: row.input)
def test_what_was_once_wrong_stays_right(row: Row) -> None:
    assert row.outcome() == row.expected
