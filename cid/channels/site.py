"""The `site` channel: a static site in a folder, one below the root per tenant.

The folder is a projection of publications, and `rebuild` makes it anew. `.record.json` says what is in it and is
written last: what it does not name has not arrived, so an answer lost anywhere before is found missing and done again
with the same bytes. Everything that changes a tenant's folder holds its lock, so of two publishers neither loses the
other's article in index and feed.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import tempfile
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from cid.domain.errors import NotFound, Refused, Upstream
from cid.domain.ids import time_of
from cid.domain.images import ENDINGS
from cid.domain.publication import Note
from cid.ports import Placed, Sent, Standing
from cid.render import page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from cid.domain.publication import Channel
    from cid.ports import Picture

RECORD = ".record.json"
FOLDER = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PAGE = re.compile(r"[a-z0-9-]{1,80}\.html")
PICTURE = re.compile(r"picture-[0-9a-f]{16}\.(jpg|png|webp)")
LISTS = ("index.html", "feed.xml")
LOCK_POLL_S = 0.05

Record: TypeAlias = dict[str, dict[str, Any]]
"""Publication's id → the fields of `page.Listed`, the name of its file and, where it has one, of its picture's."""


@dataclass(frozen=True, slots=True)
class _Page:
    file: str
    listed: page.Listed
    html: str
    picture: str
    """The file of its picture, named by its hash; empty: it has none."""


class SitePublisher:
    """Satisfies `ports.Publisher` and `ports.Projection`. File work happens in threads."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def timeout(self) -> timedelta:
        """A file is there or it is not."""
        return timedelta(0)

    async def check(self, channel: Channel) -> Standing:
        self._folder(channel)
        return Standing(account=str(self.root))

    async def find(self, sent: Sent) -> Placed | None:
        folder = self._folder(sent.channel)
        return await asyncio.to_thread(_find, folder, str(_id(sent.key)))

    async def publish(self, sent: Sent) -> Placed:
        folder = self._folder(sent.channel)
        return await asyncio.to_thread(_publish, folder, sent)

    async def update(self, sent: Sent) -> Placed:
        """The same file with other bytes: its address is made of the key and the first slug."""
        if await self.find(sent) is None:
            raise NotFound("The article is not in the site's folder any more.")
        return await self.publish(sent)

    async def retract(self, sent: Sent) -> None:
        folder = self._folder(sent.channel)
        await asyncio.to_thread(_retract, folder, sent.channel, str(_id(sent.key)))

    async def look(self, sent: Sent) -> Sequence[Note]:
        """A folder keeps what it is given."""
        if await self.find(sent) is None:
            return [Note(what="gone", detail="The article is not in the site's folder any more.")]
        return ()

    async def rebuild(
        self,
        channel: Channel,
        load: Callable[[], Awaitable[Sequence[Sent]]],
        picture: Callable[[Sent], Awaitable[Picture | None]] | None = None,
    ) -> int:
        """Makes the folder anew from what `load` answers; how many articles it has now.

        `load` is called under the folder's lock. Loaded before, an article that went live in between would be deleted.
        One that is being sent stays when it is there and is left to its sender when it is not.
        """
        folder = self._folder(channel)
        async with _held(folder):
            out = await load()
            for sent in out:  # one at a time: together they may be more than there is memory
                name = _made(sent).picture
                if not name or picture is None or await asyncio.to_thread((folder / name).is_file):
                    continue
                if found := await picture(sent):
                    await asyncio.to_thread(_keep, folder, name, found.body)
            return await asyncio.to_thread(_rebuild, folder, channel, out)

    async def read(self, tenant_slug: str, name: str) -> bytes | None:
        """The names are the few that are ever written here, so none leads out of the folder or to its record."""
        known = name in LISTS or PAGE.fullmatch(name) or PICTURE.fullmatch(name)
        if not FOLDER.fullmatch(tenant_slug) or not known:
            return None
        return await asyncio.to_thread(_bytes, self.root / tenant_slug / name)

    def _folder(self, channel: Channel) -> Path:
        if not FOLDER.fullmatch(channel.tenant_slug):
            raise Refused(f"The channel {channel.name} has no folder: its tenant's short name is not fit for one.")
        return self.root / channel.tenant_slug


def _id(key: str) -> UUID:
    """A publication's id carries the moment of its decision, which is what the page gives as its date."""
    value = UUID(key)
    if value.version != 7:
        raise Refused("This publication's id carries no time.")
    return value


def _made(sent: Sent, folder: Path | None = None) -> _Page:
    """The finished page. `folder`: where its picture lies already.

    Raises Refused for a payload that this channel could not have been given.
    """
    identity, payload = _id(sent.key), sent.payload
    slug = str(payload.get("slug", ""))
    file = sent.placed.external_id if sent.placed else f"{slug}-{identity.hex[-8:]}.html"
    if not SLUG.fullmatch(slug) or not PAGE.fullmatch(file):
        raise Refused("This version's address is not fit for a file name.")
    home, image = _home(sent.channel), payload.get("image") or {}
    picture = f"picture-{image['sha256'][:16]}.{ENDINGS[image['mime']]}" if image else ""
    address = page.Address(
        url=home + file,
        canonical=sent.canonical or home + file,
        published=time_of(identity).replace(microsecond=0),
        modified=sent.modified.replace(microsecond=0) if sent.modified else None,
        key=str(identity),
        home=home,
        feed=f"{home}feed.xml",
        picture=home + picture if picture else "",
    )
    listed = page.Listed(
        key=address.key,
        url=address.url,
        title=str(payload["title"]),
        description=str(payload["description"]),
        language=str(payload["language"]),
        site_name=str(payload["site_name"]),
        sample=bool(payload["sample"]),
        published=address.published,
        picture=address.picture,
        picture_type=str(image.get("mime", "")),
        picture_bytes=_size(sent, folder / picture if folder and picture else None),
    )
    return _Page(file, listed, page.article_page(payload, address), picture)


def _size(sent: Sent, there: Path | None) -> int:
    if sent.picture:
        return len(sent.picture.body)
    return there.stat().st_size if there and there.is_file() else 0


def _find(folder: Path, key: str) -> Placed | None:
    with _outage():
        entry = _read(folder).get(key)
        if entry is None or not (folder / entry["file"]).is_file():
            return None
        return Placed(external_id=entry["file"], url=entry["url"])


def _home(channel: Channel) -> str:
    return channel.base_url.rstrip("/") + "/"


def _publish(folder: Path, sent: Sent) -> Placed:
    made = _made(sent)
    with _outage(), _lock(folder):
        folder.mkdir(parents=True, exist_ok=True)
        record = _read(folder) | {made.listed.key: _entry(made)}
        if made.picture:
            if sent.picture is None:
                raise Refused("The picture of this version did not come along. Nothing was published.")
            _write(folder / made.picture, sent.picture.body)
        _write(folder / made.file, made.html)
        _lists(folder, sent.channel, record)
        _drop_pictures(folder, record)
    return Placed(external_id=made.file, url=made.listed.url)


def _retract(folder: Path, channel: Channel, key: str) -> None:
    with _outage(), _lock(folder):
        record = _read(folder)
        entry = record.pop(key, None)
        if entry is not None:
            _lists(folder, channel, record)
            (folder / entry["file"]).unlink(missing_ok=True)
            _drop_pictures(folder, record)


def _rebuild(folder: Path, channel: Channel, out: Iterable[Sent]) -> int:
    with _outage():
        folder.mkdir(parents=True, exist_ok=True)
        there: Record = {}
        with suppress(Refused):  # what cannot be read is made anew
            there = _read(folder)
        kept = [_made(sent, folder) for sent in out if sent.live or sent.key in there]
        for made in kept:
            _write(folder / made.file, made.html)
        record = {made.listed.key: _entry(made) for made in kept}
        _lists(folder, channel, record)
        _drop_pictures(folder, record)
        wanted = {made.file for made in kept} | {"index.html"}
        for old in folder.glob("*.html"):
            if old.name not in wanted:
                old.unlink()
        return len(kept)


def _keep(folder: Path, name: str, body: bytes) -> None:
    with _outage():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / name, body)


def _drop_pictures(folder: Path, record: Record) -> None:
    """Those that no article shows any more."""
    wanted = {entry.get("picture_file", "") for entry in record.values()}
    for old in folder.glob("picture-*"):
        if old.name not in wanted:
            old.unlink(missing_ok=True)


def _lists(folder: Path, channel: Channel, record: Record) -> None:
    """Index and feed, and then the record, which makes the change count."""
    entries = sorted((_listed(entry) for entry in record.values()), key=lambda e: (e.published, e.key), reverse=True)
    home = _home(channel)
    name = entries[0].site_name if entries else channel.name
    _write(folder / "index.html", page.index_page(name, entries, home=home))
    _write(folder / "feed.xml", page.feed(name, entries, home=home, feed_url=f"{home}feed.xml"))
    _write(folder / RECORD, json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1))


def _entry(made: _Page) -> dict[str, Any]:
    listed = {name: getattr(made.listed, name) for name in page.Listed.__slots__}
    return listed | {"file": made.file, "picture_file": made.picture, "published": made.listed.published.isoformat()}


def _listed(entry: Mapping[str, Any]) -> page.Listed:
    fields = {name: entry[name] for name in page.Listed.__slots__ if name in entry}
    return page.Listed(**fields | {"published": datetime.fromisoformat(entry["published"])})


def _read(folder: Path) -> Record:
    try:
        text = (folder / RECORD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        record: Record = json.loads(text)
    except ValueError as error:
        raise Refused("The site folder's record cannot be read: `cid site build` makes the folder anew.") from error
    return record


def _bytes(path: Path) -> bytes | None:
    with _outage():
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def _write(path: Path, content: str | bytes) -> None:
    """Whole or not at all, also when the machine stops."""
    body = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Across processes. The lock is beside the folder, so that it outlives a folder that somebody removes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def _held(folder: Path) -> AsyncIterator[None]:
    """The same lock, without a thread that waits for it: one that is cancelled would keep it for good."""
    with _outage():
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = (folder.parent / f".{folder.name}.lock").open("w")
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(LOCK_POLL_S)
        yield


@contextmanager
def _outage() -> Iterator[None]:
    """A full disk or a folder that may not be written may be mended while the job waits."""
    try:
        yield
    except OSError as error:
        raise Upstream(f"site folder: {error.strerror or error}") from error
