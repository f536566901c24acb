"""The map: what each kind of job runs, how often it may try, for how long, how many at once, and in what groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from cid.domain.jobs import Job, JobKind
from cid.domain.policy import MODEL_TRIES
from cid.flows import assess, draft, group, poll, publish, relate, review, rules, tidy, wake
from cid.services import Services

Flow: TypeAlias = Callable[[Services, Sequence[Job]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`deadline` bounds one hand-out. `group` > 1 hands out up to that many waiting jobs of one tenant together,
    after the oldest waited `linger` or the group is full, with at most `handouts` per tenant at once."""

    flow: Flow
    tries: int
    deadline: timedelta
    slots: int
    group: int = 1
    linger: timedelta = timedelta(0)
    handouts: int = 1


MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
TABLE: dict[JobKind, Handler] = {
    # A process that dies counts as a try of what it had in hand, and a slow feed is in hand most of the time.
    JobKind.POLL: Handler(flow=poll.poll, tries=50, deadline=2 * MINUTE, slots=24),
    # One writer: two at once would each open a story for the same event.
    JobKind.GROUP: Handler(flow=group.group, tries=8, deadline=2 * MINUTE, slots=1, group=500, linger=SECOND / 5),
    JobKind.RULES: Handler(flow=rules.rules, tries=8, deadline=2 * MINUTE, slots=4, group=500, linger=SECOND / 5),
    JobKind.RELATE: Handler(
        flow=relate.relate, tries=MODEL_TRIES, deadline=3 * MINUTE, slots=8, group=8, linger=SECOND, handouts=4
    ),
    JobKind.ASSESS: Handler(flow=assess.assess, tries=8, deadline=MINUTE, slots=8),
    JobKind.DRAFT: Handler(flow=draft.write, tries=MODEL_TRIES, deadline=6 * MINUTE, slots=4),
    JobKind.REVIEW: Handler(flow=review.review, tries=MODEL_TRIES, deadline=3 * MINUTE, slots=4),
    JobKind.PUBLISH: Handler(flow=publish.publish, tries=8, deadline=2 * MINUTE, slots=4),
    JobKind.WAKE: Handler(flow=wake.wake, tries=3, deadline=MINUTE, slots=1),
    JobKind.TIDY: Handler(flow=tidy.tidy, tries=5, deadline=5 * MINUTE, slots=1),
}
