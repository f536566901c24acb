"""What the batch adapters have in common: what a failed request means when it was to make a batch, and when it read."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeAlias

from cid.domain.errors import BadReply, CidError, Unanswered, Upstream
from cid.llm.failures import cut

Meaning: TypeAlias = Callable[[CidError, int], CidError]
"""From a failure and the status of its answer, 0 where there was none."""
SKEW = timedelta(minutes=5)
"""How far a vendor's clock may be behind ours: a batch that looks older by no more may be the one looked for."""
CREATE_S = 120.0
"""Seconds for a request that carries all of a batch."""
READ_S = 60.0
AGAIN = timedelta(minutes=10)
"""When to look again where only time can tell."""


def made(failure: CidError, status: int) -> CidError:
    """Of a request that was to make a batch: a server that stumbled over its answer may have made it."""
    if isinstance(failure, Upstream) and (status >= 500 or status == 408):
        return Unanswered(str(failure), retry_after=failure.retry_after)
    return failure


def read(failure: CidError, status: int) -> CidError:
    """Of a request that only reads: it costs nothing and may be sent again, so no answer is no riddle."""
    if status == 404:
        return BadReply(f"there is no such batch ({failure})")
    return Upstream(str(failure)) if isinstance(failure, Unanswered) else failure


@contextmanager
def named(vendor: str, errors: type[Exception], failure: Callable[[Any], CidError], meaning: Meaning) -> Iterator[None]:
    """Failures get our names. `errors` are the SDK's, `failure` tells what one of them is when a call is asked alone.

    Raises what `meaning` makes of it.
    """
    http = importlib.import_module("httpx2")  # late, as the SDKs
    try:
        yield
    except CidError as error:
        raise meaning(error, 0) from error
    except errors as error:
        raise meaning(failure(error), _status(error)) from error
    except (http.TransportError, http.DecodingError, http.TooManyRedirects) as error:
        raise meaning(cut(vendor, error), 0) from error
    except (ValueError, RecursionError) as error:
        raise meaning(Unanswered(f"{vendor}: the reply could not be read"), 0) from error


def undone(why: str) -> Upstream:
    """A request of a batch that the vendor gave up: nothing was done and nothing is owed."""
    return Upstream(why)


def _status(error: Any) -> int:
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else 0
