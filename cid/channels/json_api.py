"""JSON over HTTP as the channels speak it: whatever comes back is a value or a named error.

What is found out by reading is final (Refused); what was sent and is not answered may have arrived (Unanswered), and
whoever sent it looks before it sends again. A sentence of the other side is shown shortened and without its markup.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cid.domain.errors import CidError, Refused, Unanswered, Upstream
from cid.domain.outside import HttpFailure, HttpTrouble

if TYPE_CHECKING:
    from cid.domain.llm import Json
    from cid.ports import Http, Response

TIMEOUT_S = 30.0
MAX_BYTES = 4_000_000
AGENT = "ContentIntelligenceDesk/0.1 (publisher)"
"""Some refuse a request without one."""
IN_PLACE = 50_000
"""Bytes of JSON that are read on the spot; more takes longer than the loop may wait."""
LONGEST_WAIT = timedelta(hours=6)
SAID = 200
"""Characters of what the other side says that a page shows."""
NOT_SENT = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS})
FOR_GOOD = frozenset({HttpTrouble.ADDRESS, HttpTrouble.REDIRECTS})
LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    value: Json
    headers: Mapping[str, str]


class JsonApi:
    """`what` is how sentences name the other side."""

    def __init__(self, http: Http, what: str) -> None:
        self._http = http
        self.what = what

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        value: Json = None,
        body: bytes | None = None,
        takes: Collection[int] = (),
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        """The answer when its status is one of 2xx or of `takes`, whose bodies need not be JSON.

        `value` is sent as JSON, `body` as it is with the type that `headers` name. Raises Refused or Upstream.
        """
        sent = {"Accept": "application/json", "User-Agent": AGENT, **headers}
        if value is not None:
            body = json.dumps(value, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        reads = method in {"GET", "HEAD"}
        try:
            answer = await self._http.request(
                method, url, headers=sent, body=body, max_bytes=max_bytes, timeout_s=timeout_s
            )
        except HttpFailure as failure:
            raise self._failed(failure, reads=reads) from failure
        self._at_home(url, answer)
        if answer.status in takes:
            return Reply(answer.status, await _lenient(answer.body), answer.headers)
        if not 200 <= answer.status < 300:
            raise await self._status(answer)
        return Reply(answer.status, await self._json(answer, reads=reads), answer.headers)

    def _failed(self, failure: HttpFailure, *, reads: bool) -> CidError:
        said = f"{self.what}: {failure.public}"
        if failure.trouble in FOR_GOOD:
            return Refused(f"{said} Check the channel's address.")
        if reads or failure.trouble in NOT_SENT:
            return Upstream(said)
        return Unanswered(said)

    def _at_home(self, url: str, answer: Response) -> None:
        """What somebody else answers is not the channel's answer. Raises Refused."""
        asked, came = urlsplit(url), urlsplit(answer.url)
        if (asked.scheme, asked.netloc.lower()) != (came.scheme, came.netloc.lower()):
            raise Refused(
                f"{self.what}: the address leads on to {came.scheme}://{came.netloc}. Give that one as the channel's "
                "address if it is the right one."
            )

    async def _json(self, answer: Response, *, reads: bool) -> Json:
        if not answer.body:
            return None
        try:
            return await _read(answer.body)
        except ValueError as error:
            page = is_page(answer)
            why = "sends a web page where data was asked for" if page else "sends what is not JSON"
            said = f"{self.what} {why} (status {answer.status})"
            if reads:
                remedy = "a login page or a firewall may stand in front of it, or the address is not that of its API."
                raise Refused(f"{said}: {remedy}") from error
            raise Unanswered(f"{said}: whether it was done has to be looked up.") from error

    async def _status(self, answer: Response) -> CidError:
        said = await sentence(answer)
        if answer.status in LATER or answer.status >= 500:
            busy = "asks us to come back later" if answer.status == 429 else f"answers with status {answer.status}"
            return Upstream(f"{self.what} {busy}{said}.", retry_after=retry_after(answer.headers))
        if answer.status == 401:
            return Refused(f"{self.what} does not accept the secret{said}. Enter a valid one at the channel.")
        if answer.status == 403:
            return Refused(f"{self.what} does not allow it{said}. The account behind the secret needs the right to.")
        if answer.status == 404:
            return Refused(f"{self.what} has nothing at that address{said}. Check the channel's address.")
        if answer.status == 413:
            return Refused(f"{self.what} finds it too large{said}.")
        return Refused(f"{self.what} refuses it with status {answer.status}{said}.")


def is_page(answer: Response) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.body[:200].lstrip()[:1] == b"<"


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date that is measured by the other side's own clock. None: not said."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    until, since = moment(text), moment(headers.get("date", ""))
    return min(max(until - since, timedelta(0)), LONGEST_WAIT) if until and since else None


def moment(text: str) -> datetime | None:
    """Of an HTTP date; None for anything else."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def sentence(answer: Response) -> str:
    """What it says of itself, as `: …`, or nothing. Of a page, nothing: it is about a browser's visit."""
    told = "" if is_page(answer) else message(await _lenient(answer.body))
    return f": {told}" if told else ""


def message(value: Json) -> str:
    """The words in the places where APIs put them, in one short line without a full stop at its end."""
    found: list[str] = []
    _gather(value, found, 0)
    text = re.sub(r"<[^>]*>", " ", " ".join(dict.fromkeys(found)))
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return (text if len(text) <= SAID else text[: SAID - 1].rstrip() + "…").rstrip(".")


def _gather(value: Any, found: list[str], depth: int) -> None:
    if isinstance(value, str) and depth:
        found.append(value[: SAID * 2])
    elif isinstance(value, list) and depth < 3:
        for one in value[:3]:
            _gather(one, found, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        for name in ("message", "context", "error", "errors"):
            if name in value:
                _gather(value[name], found, depth + 1)


async def _read(body: bytes) -> Json:
    """Raises ValueError."""
    return _parsed(body) if len(body) <= IN_PLACE else await asyncio.to_thread(_parsed, body)


def _parsed(body: bytes) -> Json:
    try:
        value: Json = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


async def _lenient(body: bytes) -> Json:
    try:
        return await _read(body)
    except ValueError:
        return None
