"""What a gate does when the model it needs is out, or answers nonsense. Money or risk is at stake: the default is to
try again, for hours, and then to fail where people see it. Nothing is ever dropped as if it had been judged."""

from __future__ import annotations

from enum import StrEnum

from cid.domain.errors import BadReply, CidError, Upstream
from cid.domain.policy import MODEL_TRIES, Outage

PATIENCE = 3
"""A single hiccup is no outage: a policy of `pass` or `drop` counts from this try on."""


class Then(StrEnum):
    RAISE = "raise"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    DROP = "drop"
    FAIL = "fail"


def then(error: CidError, attempt: int, policy: Outage) -> Then:
    """`attempt` counts from 1."""
    if isinstance(error, BadReply):
        return Then.RAISE if attempt == 1 else Then.FAIL
    if not isinstance(error, Upstream):
        return Then.FAIL
    if attempt >= PATIENCE and policy is not Outage.RETRY:
        return Then.PASS if policy is Outage.PASS else Then.DROP
    return Then.RAISE if attempt < MODEL_TRIES else Then.FAIL
