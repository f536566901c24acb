"""What a vendor's status, headers and silence mean, for all vendors alike."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.llm import Json, Wire

NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})
"""Names of what the HTTP client raises while nothing has left yet."""
LONGEST_WAIT = timedelta(days=1)
CONNECT_S = 5.0
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


@asynccontextmanager
async def within(vendor: str, wire: Wire) -> AsyncIterator[None]:
    """One request from its first byte to the end of its reply, within its time: an SDK's begins anew with every byte.
    What an SDK leaks of an unreadable reply gets its name.

    Raises Unanswered, BadReply (text that no request can carry).
    """
    try:
        "".join((*wire.system, wire.document, wire.instruction)).encode()
        async with asyncio.timeout(wire.timeout_s):
            yield
    except TimeoutError as error:
        raise Unanswered(f"{vendor}: no answer in {wire.timeout_s:g} s") from error
    except UnicodeEncodeError as error:
        raise BadReply(f"{vendor}: the request holds half a character") from error
    except (ValueError, RecursionError) as error:
        raise Unanswered(f"{vendor}: the reply was not JSON") from error


def connect_in(seconds: float) -> float:
    """Well before the time for all is up: what never left is told apart from what was never answered."""
    return min(CONNECT_S, seconds / 2)


def cut(vendor: str, error: BaseException) -> CidError:
    """From what the HTTP client raised: whether anything had been sent."""
    name = type(error).__name__
    return Upstream(f"{vendor}: no connection") if name in NEVER_SENT else Unanswered(f"{vendor}: {name}")


def by_status(
    vendor: str, status: int, what: str, *, wait: timedelta | None = None, spent: bool = False, key: str = ""
) -> CidError:
    """`what` is for people: status and request id. `spent`: the body says that money or quota ran out. `key`: the
    environment variable of the key; empty for an endpoint that wants none."""
    if status < 400:
        return Unanswered(f"{what}: no reply, but a way elsewhere")
    if spent or status == 402:
        return Spent(what, retry_after=wait)
    if status in {401, 403}:
        remedy = f"check {key}" if key else "name its key in config/models.toml"
        return Misconfigured(f"{vendor} refused the key ({what}): {remedy}.")
    if status == 404:
        return Misconfigured(f"{vendor} does not know the model ({what}): correct config/models.toml.")
    if status in {408, 409, 425, 429} or status >= 500:
        return Upstream(what, retry_after=wait)
    return BadReply(what)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """As asked, at most a day: milliseconds, seconds, or a date, which is read against the other side's own clock."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return _bounded(seconds)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return _bounded(wait.total_seconds())


def retry_delay(details: Iterable[Json]) -> timedelta | None:
    """From the details of a Google error: a RetryInfo's `retryDelay`, as in "38s" or "0.25s"."""
    for detail in details:
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        found = _DELAY.fullmatch(delay) if isinstance(delay, str) else None
        if found:
            return _bounded(float(found[1]))
    return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text) else None


def _bounded(seconds: float) -> timedelta:
    return min(timedelta(seconds=max(0.0, min(seconds, 1e9))), LONGEST_WAIT)
