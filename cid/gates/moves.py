"""Whether a source has moved or gone for good. Servers say so by mistake, for an hour, or to everybody: it is proved.

A permanent redirect, or the feed's own word, is believed after three polls over two days that led to the same address
and found a feed there. 410 is believed when it is said twice, an hour apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cid.domain.news import NOWHERE, Cause, Polled, PollOutcome, Trail

POLLS = 3
OVER = timedelta(hours=48)
GONE_OVER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """After a poll."""

    trail: Trail
    settled_at: str = ""
    """The address that is proved to be the source's new one."""
    gone: bool = False


def follow(trail: Trail, polled: Polled, url: str, now: datetime) -> Course:
    """`url` is where it was asked. An answer that is no feed proves nothing and takes nothing back; a feed at the old
    address takes all back, unless it is the same one that announced the new address."""
    if polled.cause is Cause.GONE:
        since = trail.gone_since or now
        return Course(trail=replace(trail, gone_since=since), gone=now - since >= GONE_OVER)
    if not polled.outcome.healthy:
        return Course(trail=trail)
    unchanged = polled.outcome is PollOutcome.NOT_MODIFIED and trail.announced
    to = polled.moved_to or (trail.moved_to if unchanged else "")
    if not to or to == url:
        return Course(trail=NOWHERE)
    again = to == trail.moved_to
    since = (trail.moved_since if again else None) or now
    polls = trail.moved_polls + 1 if again else 1
    proved = polls >= POLLS and now - since >= OVER
    said = Trail(moved_to=to, moved_since=since, moved_polls=polls, announced=polled.announced or (again and unchanged))
    return Course(trail=said, settled_at=to if proved else "")
