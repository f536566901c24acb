"""The words of the pages. All text goes through `_()`; there is one language for now."""

from __future__ import annotations

from cid.domain.news import PollOutcome, SourceState
from cid.domain.screening import ScreeningState, Stage, WaitFor
from cid.domain.tenants import Permission, Role
from cid.domain.verdicts import Gate, Reason


def _(text: str) -> str:
    return text


def plural(one: str, many: str, n: int) -> str:
    return one if n == 1 else many


GATES = {
    Gate.RULES: _("Rules"),
    Gate.RELEVANCE: _("Relevance"),
    Gate.SIGNAL: _("Signal"),
    Gate.FIT: _("Audience fit"),
    Gate.DRAFT: _("Draft"),
    Gate.REVIEW: _("Review"),
}

REASONS = {
    Reason.TOO_SHORT: _("too short to judge"),
    Reason.LOW_TRUST: _("source not trusted enough"),
    Reason.STALE: _("too old"),
    Reason.EXCLUDED_TOPIC: _("names an excluded topic"),
    Reason.URGENT: _("urgent wording"),
    Reason.KEYWORD: _("names a keyword"),
    Reason.NO_KEYWORD: _("names no keyword"),
    Reason.RELEVANT: _("relevant"),
    Reason.LOW_RELEVANCE: _("not relevant enough"),
    Reason.SIGNAL: _("enough signal"),
    Reason.LOW_SIGNAL: _("too little signal"),
    Reason.FITS: _("fits the audience"),
    Reason.WRONG_AUDIENCE: _("wrong audience"),
    Reason.WRITTEN: _("draft written"),
    Reason.NOT_AFFECTED: _("audience not affected"),
    Reason.REVIEWED: _("reviewed"),
    Reason.OUTAGE: _("gate had an outage; its policy decided"),
}

OUTCOMES = {
    PollOutcome.NEW: _("new items"),
    PollOutcome.EMPTY: _("empty"),
    PollOutcome.NOT_MODIFIED: _("nothing new"),
    PollOutcome.BLOCKED: _("blocked"),
    PollOutcome.RATE_LIMITED: _("rate limited"),
    PollOutcome.GONE: _("gone"),
    PollOutcome.BROKEN: _("broken"),
    PollOutcome.UNREACHABLE: _("unreachable"),
}

OUTCOME_MEANS = {
    PollOutcome.NEW: _("The last poll brought items."),
    PollOutcome.EMPTY: _("A feed that is well formed and holds nothing."),
    PollOutcome.NOT_MODIFIED: _("The server said that nothing has changed."),
    PollOutcome.BLOCKED: _("The server refuses us."),
    PollOutcome.RATE_LIMITED: _("The server asks us to come less often."),
    PollOutcome.GONE: _("There is no feed at this address any more."),
    PollOutcome.BROKEN: _("What came is not a feed that can be read."),
    PollOutcome.UNREACHABLE: _("No answer."),
}

SOURCE_STATES = {
    SourceState.ACTIVE: _("active"),
    SourceState.QUARANTINED: _("quarantined"),
    SourceState.RETIRED: _("retired"),
}

SCREENING_STATES = {
    ScreeningState.OPEN: _("in progress"),
    ScreeningState.WAITING: _("waiting"),
    ScreeningState.PASSED: _("became a draft"),
    ScreeningState.DROPPED: _("dropped"),
    ScreeningState.FAILED: _("failed"),
}

STAGES = {
    Stage.RELATE: _("relevance is judged next"),
    Stage.ASSESS: _("signal is judged next"),
    Stage.DRAFT: _("a draft is written next"),
}

WAITS = {
    WaitFor.SIGNAL: _("for more publishers to report it"),
    WaitFor.BUDGET: _("for budget"),
    WaitFor.PLAN: _("for the publishing plan"),
    WaitFor.APPROVAL: _("for approval"),
}

KINDS = {
    "poll": _("Poll sources"),
    "group": _("Group into stories"),
    "rules": _("Gate 1, rules"),
    "relate": _("Gate 2, relevance"),
    "assess": _("Gate 3, signal"),
    "draft": _("Write drafts"),
    "review": _("Review drafts"),
    "publish": _("Publish"),
    "wake": _("Wake what waits"),
    "tidy": _("Housekeeping"),
}

ROLES = {
    Role.OWNER: _("owner"),
    Role.EDITOR: _("editor"),
    Role.ANALYST: _("analyst"),
    Role.VIEWER: _("viewer"),
}

NEEDS = {
    Permission.READ: _("any role"),
    Permission.DECIDE: _("owner or editor"),
    Permission.MANAGE: _("owner"),
}

SAID = {
    "source_added": _("Source added. Its first poll is on its way."),
    "source_on": _("Source switched on."),
    "source_off": _("Source switched off. What it brought stays."),
    "source_trust": _("Trust changed. It counts from the next item on."),
    "signed_out": _("You have signed out."),
}
"""What a page says after a change led to it: `?said=key`. A closed set, so that a link can put no words into our mouth."""
