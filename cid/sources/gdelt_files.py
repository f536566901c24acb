"""GDELT's files as they come, each fetched once for all sources of this process.

    http://data.gdeltproject.org/gdeltv2/lastupdate.txt (and lastupdate-translation.txt): lines of `size md5 address`,
    one of them for the newest GKG file: `YYYYMMDDHHMMSS[.translation].gkg.csv.zip`

What an article is found by is kept in a folder, a megabyte a file, for as long as a source may want it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from cid.domain.news import Cause, Polled
from cid.domain.outside import ChildFailure, HttpFailure
from cid.sources import answers
from cid.sources.answers import NoAnswer

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http

EVERY = timedelta(minutes=15)
KEPT = timedelta(hours=24)
FRESH_S = 60
"""How long a list of the newest files, or a failure, is taken for the state of things."""
MAX_BYTES = 80_000_000
LIST_S, FILE_S, DIGEST_S = 15.0, 40.0, 30.0
REST_S = 900
_GKG = re.compile(r"^\d+ ([0-9a-f]{32}) \S*?/(\d{14})(?:\.translation)?\.gkg\.csv\.zip\s*$", re.MULTILINE)


class Stream(StrEnum):
    ENGLISH = "english"
    TRANSLATED = "translated"

    @property
    def listing(self) -> str:
        return "lastupdate.txt" if self is Stream.ENGLISH else "lastupdate-translation.txt"

    def file(self, stamp: str) -> str:
        return f"{stamp}{'' if self is Stream.ENGLISH else '.translation'}.gkg.csv.zip"


@dataclass(frozen=True, slots=True)
class Newest:
    stamp: str
    md5: str


NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Known:
    newest: Newest | None = None
    failed: Polled | None = None
    until: datetime = NEVER


@dataclass(slots=True)
class _Turns:
    """One at a time for each name; names that nobody asks for are forgotten."""

    locks: dict[str, tuple[asyncio.Lock, int]] = field(default_factory=dict)

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        lock, users = self.locks.get(name, (asyncio.Lock(), 0))
        self.locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self.locks[name]
            if users == 1:
                del self.locks[name]
            else:
                self.locks[name] = (lock, users - 1)


class GdeltFiles:
    def __init__(self, http: Http, children: Children, clock: Clock, folder: Path, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._folder = folder
        self._base = base
        self._known: dict[str, _Known] = {}
        self._turns = _Turns()

    async def newest(self, stream: Stream) -> Newest:
        """Raises NoAnswer, Stopping."""
        async with self._turns.of(stream.listing):
            known = self._standing(stream.listing)
            if known.newest:
                return known.newest
            try:
                newest = _newest(await self._fetch(stream.listing, limit=20_000, seconds=LIST_S))
            except NoAnswer as none:
                self._remember(stream.listing, failed=none.polled)
                raise
            self._remember(stream.listing, newest=newest)
            return newest

    async def digest(self, stream: Stream, stamp: str, md5: str = "") -> Path:
        """The file that `gkg.filter_gkg` reads. Without `md5` the zip's own checksum has to do. Raises NoAnswer, whose
        cause is NOT_FOUND where GDELT has no such file, and Stopping."""
        name = stream.file(stamp)
        path = self._folder / f"{name}.digest"
        async with self._turns.of(name):
            if await asyncio.to_thread(path.exists):
                return path
            self._standing(name)
            try:
                body = await self._fetch(name, limit=MAX_BYTES, seconds=FILE_S)
                await self._digested(body, md5, path)
            except NoAnswer as none:
                self._remember(name, failed=none.polled)
                raise
        return path

    async def _digested(self, body: bytes, md5: str, path: Path) -> None:
        packed = path.with_name(f"{uuid4().hex}.zip")
        try:
            await asyncio.to_thread(self._write, packed, body)
            try:
                made = await self._children.call("digest_gkg", {"path": str(packed), "md5": md5}, timeout_s=DIGEST_S)
            except ChildFailure:
                raise NoAnswer(answers.broken("A file of GDELT could not be read within its limits.")) from None
            if "error" in made:
                raise NoAnswer(answers.broken(made["error"]))
            await asyncio.to_thread(self._write, path, b64decode(made["rows"]))
        except OSError as error:
            detail = f"There is no room for GDELT's files ({error.strerror})."
            raise NoAnswer(answers.broken(detail, Cause.INTERNAL)) from error
        finally:
            with contextlib.suppress(OSError):
                packed.unlink()

    def _write(self, path: Path, body: bytes) -> None:
        """Whole or not at all: other processes read the same folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        oldest = f"{self._clock.now() - KEPT:%Y%m%d%H%M%S}"
        for old in self._folder.iterdir():
            if old.suffix == ".digest" and old.name[:14] < oldest:
                old.unlink(missing_ok=True)
        made = path.with_name(f"{uuid4().hex}.part")
        made.write_bytes(body)
        made.replace(path)

    async def _fetch(self, name: str, *, limit: int, seconds: float) -> bytes:
        try:
            answer = await self._http.request("GET", f"{self._base}/{name}", max_bytes=limit, timeout_s=seconds)
        except HttpFailure as failure:
            raise NoAnswer(answers.failed(failure)) from failure
        if unusable := answers.unusable(answer, self._clock.now(), rest_s=REST_S):
            raise NoAnswer(unusable)
        if answers.is_page(answer.body):
            raise NoAnswer(answers.broken("GDELT sends a web page instead of a file.", Cause.HTML))
        return answer.body

    def _standing(self, name: str) -> _Known:
        """What is known of a name and still holds. Raises NoAnswer for what failed a moment ago: a hundred sources do
        not ask for it a hundred times."""
        known = self._known.get(name)
        if known is None or known.until <= self._clock.now():
            return _Known()
        if known.failed:
            raise NoAnswer(known.failed)
        return known

    def _remember(self, name: str, *, newest: Newest | None = None, failed: Polled | None = None) -> None:
        now = self._clock.now()
        self._known = {each: known for each, known in self._known.items() if known.until > now}
        self._known[name] = _Known(newest, failed, now + timedelta(seconds=FRESH_S))


def _newest(listing: bytes) -> Newest:
    """Raises NoAnswer."""
    found = _GKG.search(listing.decode("utf-8", "replace"))
    if not found:
        raise NoAnswer(answers.broken("GDELT's list of its newest files names none that we know."))
    return Newest(found[2], found[1])
