"""The map: what each kind of job runs, how often it may try, for how long, how many at once, and in what groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from cid.domain.jobs import Job, JobKind, Rate
from cid.domain.policy import MODEL_TRIES, GatePolicy
from cid.flows import (
    analyse,
    assess,
    batches,
    changes,
    digest,
    draft,
    fit,
    follow,
    gather,
    group,
    heal,
    judge,
    learn,
    mail,
    monitors,
    poll,
    publish,
    read,
    relate,
    review,
    rules,
    tidy,
    track,
    trial,
    wake,
)
from cid.services import Services

Flow: TypeAlias = Callable[[Services, Sequence[Job]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`deadline` bounds one hand-out, and `slots` says how many one process runs at once. `group` > 1 hands out up to
    that many waiting jobs of one tenant and key together, once the oldest waited `linger`, the group is full, or one of
    it is urgent. `grouped` says how many where the policy has the number.

    The rest holds for all processes together and is never overshot: hand-outs of the kind at once (`most`), of one
    tenant and key (`most_per_key`), and how often they start (`rate`, `rate_per_key`). None: no limit."""

    flow: Flow
    tries: int
    deadline: timedelta
    slots: int
    group: int = 1
    linger: timedelta = timedelta(0)
    grouped: Callable[[GatePolicy], int] | None = None
    most: int | None = None
    most_per_key: int | None = None
    rate: Rate | None = None
    rate_per_key: Rate | None = None


MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
TABLE: dict[JobKind, Handler] = {
    # A process that dies counts as a try of what it had in hand, and a slow feed is in hand most of the time. One that
    # is out of reach takes a slot for half a minute and nothing else: with few slots the dead hold up the living.
    JobKind.POLL: Handler(flow=poll.poll, tries=50, deadline=2 * MINUTE, slots=96),
    # Searches reach for the same few places and start one after the other. A key is a registered domain: many dead
    # feeds of one house do not flood it.
    JobKind.HEAL: Handler(
        flow=heal.heal,
        tries=5,
        deadline=4 * MINUTE,
        slots=4,
        most=8,
        most_per_key=1,
        rate=Rate(every=2 * SECOND, burst=3),
        rate_per_key=Rate(every=MINUTE, burst=3),
    ),
    # One writer: two at once would each open a story for the same event.
    JobKind.GROUP: Handler(
        flow=group.group, tries=8, deadline=2 * MINUTE, slots=1, group=500, linger=SECOND / 5, most=1
    ),
    # A pair may wait for company: the stories are whole without it.
    JobKind.JUDGE: Handler(
        flow=judge.judge, tries=MODEL_TRIES, deadline=3 * MINUTE, slots=1, group=8, linger=5 * SECOND, most=2
    ),
    JobKind.RULES: Handler(
        flow=rules.rules, tries=8, deadline=2 * MINUTE, slots=4, group=500, linger=SECOND / 5, most_per_key=1
    ),
    JobKind.RELATE: Handler(
        flow=relate.relate,
        tries=MODEL_TRIES,
        deadline=3 * MINUTE,
        slots=8,
        group=8,
        grouped=lambda policy: policy.relevance.per_call,
        linger=SECOND,
        most_per_key=4,
    ),
    # A few seconds of arithmetic a tenant, in a thread: two at once would only make each other slower.
    JobKind.LEARN: Handler(flow=learn.learn, tries=3, deadline=5 * MINUTE, slots=1),
    # As many as make calls of several; how many stories share one is the tenant's to say.
    JobKind.TRACK: Handler(
        flow=track.track, tries=MODEL_TRIES, deadline=4 * MINUTE, slots=4, group=12, linger=SECOND, most_per_key=4
    ),
    # A page of each item, one long question, and what both wait for.
    JobKind.ANALYSE: Handler(flow=analyse.analyse, tries=MODEL_TRIES, deadline=12 * MINUTE, slots=6),
    JobKind.MONITORS: Handler(flow=monitors.look, tries=3, deadline=2 * MINUTE, slots=1),
    JobKind.CHANGE: Handler(flow=changes.compare, tries=8, deadline=MINUTE, slots=2),
    JobKind.CHANGED: Handler(flow=digest.changed, tries=8, deadline=MINUTE, slots=1),
    # Few of one registered domain at once, whatever names it makes up for its servers: each process keeps a pause
    # between its requests, and slots are not to wait there.
    JobKind.READ: Handler(flow=read.read, tries=8, deadline=90 * SECOND, slots=8, most_per_key=2),
    JobKind.ASSESS: Handler(flow=assess.assess, tries=8, deadline=MINUTE, slots=8),
    # Eight searches, two questions and ten pages, each with an end of its own.
    JobKind.GATHER: Handler(flow=gather.gather, tries=MODEL_TRIES, deadline=6 * MINUTE, slots=8),
    JobKind.FIT: Handler(flow=fit.fit, tries=MODEL_TRIES, deadline=3 * MINUTE, slots=8),
    JobKind.DRAFT: Handler(flow=draft.write, tries=MODEL_TRIES, deadline=6 * MINUTE, slots=4),
    # As a draft, and nobody waits for it.
    JobKind.FOLLOW: Handler(flow=follow.follow, tries=MODEL_TRIES, deadline=6 * MINUTE, slots=2, most_per_key=2),
    JobKind.REVIEW: Handler(flow=review.review, tries=MODEL_TRIES, deadline=3 * MINUTE, slots=4),
    JobKind.PUBLISH: Handler(flow=publish.publish, tries=8, deadline=2 * MINUTE, slots=4),
    # Ends every mail itself; a try is counted only where the process died.
    JobKind.MAIL: Handler(flow=mail.mail, tries=8, deadline=9 * MINUTE, slots=4),
    JobKind.DIGESTS: Handler(flow=digest.look, tries=3, deadline=2 * MINUTE, slots=1),
    JobKind.DIGEST: Handler(flow=digest.digest, tries=8, deadline=MINUTE, slots=2),
    JobKind.BREAKING: Handler(flow=digest.breaking, tries=8, deadline=MINUTE, slots=1),
    # What vendors take their time for; two at once would only find each other's work done.
    JobKind.BATCHES: Handler(flow=batches.batches, tries=3, deadline=15 * MINUTE, slots=1, most=1),
    JobKind.WAKE: Handler(flow=wake.wake, tries=3, deadline=MINUTE, slots=1),
    JobKind.TIDY: Handler(flow=tidy.tidy, tries=5, deadline=5 * MINUTE, slots=1),
    JobKind.TRY: Handler(flow=trial.try_, tries=MODEL_TRIES, deadline=7 * MINUTE, slots=1, most=2),
}
