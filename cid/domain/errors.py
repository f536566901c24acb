"""Failures, told apart by what the caller does next.

CidError
├── Refused          show the sentence to the user; nothing changed
│   ├── NotFound     there is no such thing for this tenant
│   ├── Conflict     somebody else was first; show what happened
│   ├── Unknown      it was asked for by a name that nothing here has
│   └── Missing      this desk was installed without what it takes; the sentence names it
├── Upstream         an outside party failed; try again, not before `retry_after`
│   ├── Unanswered   it was sent and nothing readable came back: it may have been done, and billed
│   └── Spent        the account there has no money or quota left: a person must act, trying again soon is no use
├── Deferred         not now; the job sleeps until `until` and loses no attempt
│   └── Batched      asked in a batch that a vendor answers later; whoever waits is woken
├── BadReply         a model answered with something unusable; once more, then dead
├── LostLease        another process owns the job now; roll back and say nothing
├── Withdrawn        whoever asked does not want it any more; nothing was sent
└── Misconfigured    stop at start, with the remedy
    └── Unrecorded   a replay has no recording of this; nothing was sent, and no other model stands in
"""

from __future__ import annotations

from datetime import datetime, timedelta


class CidError(Exception):
    """Root of everything the desk raises on purpose."""


class Refused(CidError):
    """`public` is one sentence a user may read."""

    def __init__(self, public: str) -> None:
        super().__init__(public)
        self.public = public


class NotFound(Refused):
    def __init__(self, public: str = "There is no such thing here.") -> None:
        super().__init__(public)


class Conflict(Refused):
    """Somebody else changed it first."""


class Unknown(Refused):
    """A name out of a fixed list, such as a format, that is not in it."""


class Missing(Refused):
    """An optional part is not installed here: the same request works where it is."""


class Upstream(CidError):
    """`retry_after` is what the other side asked for, when it did."""

    def __init__(self, why: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Unanswered(Upstream):
    """Whether the other side did what it was asked is unknown; whoever counts money counts it as done."""


class Spent(Upstream):
    """Nothing was done. Another provider may do it meanwhile."""


class Deferred(CidError):
    def __init__(self, why: str, *, until: datetime) -> None:
        super().__init__(why)
        self.until = until


class Batched(Deferred):
    """The message names the batch; `until` is when to look should nobody be woken."""


class BadReply(CidError):
    """The raw reply stays in the ledger; the message says what was wrong with it."""


class LostLease(CidError):
    """The job was handed to another process while this one worked on it."""


class Withdrawn(CidError):
    """What it was for is over, such as a run that a person cancelled."""


class Misconfigured(CidError):
    """The message is one sentence and names the remedy."""


class Unrecorded(Misconfigured):
    """Neither tried again nor answered by another model: a replay that goes its own way proves nothing."""
