"""Whether a server's validators are to be believed.

Some answer 304 though the feed has changed, or give a new body the old ETag. Once a day, at a moment of the source's
own, the body is asked for without conditions; where it changed under the same validators, they are never sent again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cid.domain.news import Polled, PollOutcome, Source

WHOLE_EVERY = timedelta(hours=24)
SPREAD = 0.2


def whole_is_due(whole_at: datetime | None, now: datetime, phase: float) -> bool:
    """`whole_at`: when a whole body came last. Every 24 hours, a tenth earlier or later by the source's own `phase`."""
    return whole_at is None or now - whole_at >= WHOLE_EVERY * (1 + SPREAD * (phase - 0.5))


def lied(source: Source, polled: Polled) -> bool:
    """`source` as it was stored before the poll: the same validators came with another body.

    A new body with new entries is the ordinary case; here the server says that it is the one it sent before.
    """
    if not polled.outcome.healthy or polled.body_sha is None or source.body_sha is None:
        return False
    if polled.outcome is PollOutcome.NOT_MODIFIED and polled.same_sha == source.same_sha:
        return False
    named = (source.etag, source.last_modified)
    return any(named) and (polled.etag, polled.last_modified) == named and polled.body_sha != source.body_sha
