"""What a source answered instead of its content, as an outcome with a name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cid.domain.errors import CidError
from cid.domain.news import Cause, Polled, PollOutcome
from cid.domain.outside import HttpFailure, HttpTrouble
from cid.sources.rss import retry_after

if TYPE_CHECKING:
    from cid.ports import Response

_CAUSES = {
    HttpTrouble.ADDRESS: Cause.BLOCKED_ADDRESS,
    HttpTrouble.DNS: Cause.DNS,
    HttpTrouble.CONNECT: Cause.CONNECT,
    HttpTrouble.TLS: Cause.TLS,
    HttpTrouble.TIMEOUT: Cause.TIMEOUT,
    HttpTrouble.TOO_LARGE: Cause.TOO_LARGE,
    HttpTrouble.REDIRECTS: Cause.REDIRECT_LOOP,
}
_OUT_OF_REACH = frozenset({Cause.DNS, Cause.CONNECT, Cause.TLS, Cause.TIMEOUT})


class NoAnswer(CidError):
    """Nothing that can be read; `polled` says why. For use within one reader, which answers it."""

    def __init__(self, polled: Polled) -> None:
        super().__init__(polled.detail)
        self.polled = polled


def config(detail: str) -> Polled:
    """A person has to change the source: nothing that is tried again will help."""
    return Polled(outcome=PollOutcome.BROKEN, cause=Cause.CONFIG, detail=detail)


def no_key(detail: str) -> Polled:
    return Polled(outcome=PollOutcome.BLOCKED, cause=Cause.NO_KEY, detail=detail)


def failed(failure: HttpFailure) -> Polled:
    cause = _CAUSES.get(failure.trouble, Cause.BAD_HTTP)
    outcome = PollOutcome.UNREACHABLE if cause in _OUT_OF_REACH else PollOutcome.BROKEN
    return Polled(outcome=outcome, cause=cause, detail=failure.public)


def limited(detail: str, wait_s: float | None) -> Polled:
    """`wait_s` is what the other side asks for."""
    return Polled(
        outcome=PollOutcome.RATE_LIMITED,
        cause=Cause.RATE_LIMITED,
        detail=detail,
        retry_after_s=None if wait_s is None else int(wait_s),
    )


def refused(answer: Response, now: datetime) -> Polled:
    """Of an answer whose status is not 200."""
    status = answer.status
    if status in {401, 403, 407, 451}:
        return Polled(outcome=PollOutcome.BLOCKED, cause=Cause.BLOCKED, detail=f"The server refuses us ({status}).")
    if status == 404:
        detail = "There is nothing at this address (404)."
        return Polled(outcome=PollOutcome.GONE, cause=Cause.NOT_FOUND, detail=detail)
    if status == 410:
        return Polled(outcome=PollOutcome.GONE, cause=Cause.GONE, detail="The server says it is gone for good.")
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        wait = retry_after(answer.headers.get("retry-after", ""), now)
        return limited(f"The server asks to be left alone for a while ({status}).", wait)
    if status >= 500:
        detail = f"The server failed ({status})."
        return Polled(outcome=PollOutcome.UNREACHABLE, cause=Cause.HTTP_5XX, detail=detail)
    return Polled(outcome=PollOutcome.BROKEN, cause=Cause.HTTP_4XX, detail=f"The server answers {status}.")


def broken(detail: str, cause: Cause = Cause.PARSE_ERROR) -> Polled:
    return Polled(outcome=PollOutcome.BROKEN, cause=cause, detail=detail)


def unusable(answer: Response, now: datetime, *, rest_s: int) -> Polled | None:
    """The outcome of an answer that holds no data; None of one that may. `rest_s`: how long to stay away where the
    other side asks for it without saying how long."""
    if answer.status == 200:
        return None if answer.body.strip() else broken("empty body", Cause.EMPTY_BODY)
    polled = refused(answer, now)
    if polled.outcome is PollOutcome.RATE_LIMITED and polled.retry_after_s is None:
        return limited(polled.detail, rest_s)
    return polled


def is_page(body: bytes) -> bool:
    """A web page where data was asked for."""
    return body[:500].lstrip().lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
