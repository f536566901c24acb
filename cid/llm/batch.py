"""What the batch adapters have in common: what a failed request means when it was to make a batch, and when it read."""

from __future__ import annotations

import importlib
from datetime import timedelta

from cid.domain.errors import BadReply, CidError, Unanswered, Upstream

SKEW = timedelta(minutes=5)
"""How far a vendor's clock may be behind ours: a batch that looks older by no more may be the one looked for."""
CREATE_S = 120.0
"""Seconds for a request that carries all of a batch."""
READ_S = 60.0
AGAIN = timedelta(minutes=10)
"""When to look again where only time can tell."""


def made(failure: CidError, status: int) -> CidError:
    """Of a request that was to make a batch: a server that stumbled over its answer may have made it.

    `status` is 0 where there was none.
    """
    if isinstance(failure, Upstream) and (status >= 500 or status == 408):
        return Unanswered(str(failure), retry_after=failure.retry_after)
    return failure


def read(failure: CidError, status: int) -> CidError:
    """Of a request that only reads: it costs nothing and may be sent again, so no answer is no riddle."""
    if status == 404:
        return BadReply(f"there is no such batch ({failure})")
    return Upstream(str(failure)) if isinstance(failure, Unanswered) else failure


def undone(why: str) -> Upstream:
    """A request of a batch that the vendor gave up: nothing was done and nothing is owed."""
    return Upstream(why)


def cut() -> type[Exception]:
    """What the SDKs let through when a connection breaks in the middle of a reply; imported late, as they are."""
    broken: type[Exception] = importlib.import_module("httpx2").TransportError
    return broken
