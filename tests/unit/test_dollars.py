"""What somebody types for a cap is what it becomes, or it is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cid.domain.errors import Refused
from cid.flows.choices import dollars


@pytest.mark.parametrize(
    ("typed", "means"),
    [("", None), ("5", "5"), (" $0.50 ", "0.5"), ("1,000", "1000"), ("12,345.67", "12345.67"), ("$100,000", "100000")],
)
def test_a_cap_is_read_as_typed(typed: str, means: str | None) -> None:
    assert dollars(typed, "a day") == (None if means is None else Decimal(means))


@pytest.mark.parametrize("typed", ["1,50", "12,5", "0,5", ",5", "1,5000", "1,000,5", "1,000 000", "nan", "-1", "five"])
def test_what_may_mean_another_cap_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="is no number of US dollars"):
        dollars(typed, "a day")
