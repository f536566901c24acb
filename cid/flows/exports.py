"""A tenant → everything that is its own, piece by piece: no transaction outlives a page of rows, and nothing is held
together in memory. Who takes it along is on record."""

from __future__ import annotations

import asyncio
import json
import zipfile
from contextlib import aclosing
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cid.domain.errors import Deferred
from cid.store import audit, exports

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from cid.domain.ids import TenantId, UserId
    from cid.domain.llm import Json
    from cid.domain.tenants import Tenant
    from cid.services import Services
    from cid.store.audit import Line

FORMAT = 1
AT_ONCE = 16
"""Exports under way in one process. Each keeps a page of rows in memory while its reader takes its time, and a
connection only while it reads."""
WAIT = timedelta(minutes=1)
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_under_way: set[TenantId] = set()


class Piece(NamedTuple):
    """The next bytes of the file `name`. Pieces of one file follow each other."""

    name: str
    data: bytes


async def told(
    sv: Services, tenant: TenantId | None, user: UserId | None, action: str, detail: Mapping[str, Json]
) -> None:
    """Into the log of the tenant, or (None) of the platform."""
    if tenant is None:
        async with sv.platform.tx() as tx:
            await audit.add(tx, sv.clock.now(), user, action, detail=detail)
    else:
        async with sv.db.tx(tenant) as tx:
            await audit.add(tx, sv.clock.now(), user, action, detail=detail)


def audit_line(line: Line, names: Mapping[UserId, str]) -> dict[str, Any]:
    """A line of the log for scripts."""
    return {
        "id": str(line.id),
        "at": line.at.isoformat(),
        "user_id": str(line.user_id) if line.user_id else None,
        "who": names.get(line.user_id) if line.user_id else None,
        "action": line.action,
        "target": line.target,
        "detail": line.detail,
    }


async def archive(sv: Services, tenant: Tenant, user: UserId | None) -> AsyncGenerator[bytes, None]:
    """A zip file of all pieces, as it grows: one of a tenant at a time, so that who reads slowly holds up nobody else.
    Raises Deferred."""
    until = sv.clock.now() + WAIT
    if tenant.id in _under_way:
        raise Deferred(
            "This tenant is being exported at this moment. Try again when that file is complete.", until=until
        )
    if len(_under_way) >= AT_ONCE:
        raise Deferred("Many others are being exported at this moment. Try again in a few minutes.", until=until)
    _under_way.add(tenant.id)
    try:
        async with aclosing(_pieces(sv, tenant, user)) as found, aclosing(_zipped(found)) as zipped:
            async for data in zipped:
                yield data
    finally:
        _under_way.discard(tenant.id)


async def pieces(sv: Services, tenant: Tenant, user: UserId | None) -> AsyncIterator[Piece]:
    """For a folder of files."""
    async for piece in _pieces(sv, tenant, user):
        yield piece


async def _pieces(sv: Services, tenant: Tenant, user: UserId | None) -> AsyncGenerator[Piece, None]:
    """Rows are as they were when their page was read: the desk goes on meanwhile, and the manifest says from when to
    when."""
    await told(sv, tenant.id, user, "tenant.exported", {})
    began = sv.clock.now()
    files: dict[str, _Counted] = {}
    async for piece in _content(sv, tenant):
        counted = files.setdefault(piece.name, _Counted())
        counted.add(piece)
        yield piece
    manifest = {
        "format": FORMAT,
        "tenant": tenant.slug,
        "from": began.isoformat(),
        "to": sv.clock.now().isoformat(),
        "files": {
            name: {"lines": counted.lines, "bytes": counted.size, "sha256": counted.sum.hexdigest()}
            for name, counted in files.items()
        },
        "columns": {table: columns.split() for table, columns in exports.EXPORTED.items()},
        "left_out": exports.LEFT_OUT,
    }
    yield Piece("manifest.json", json.dumps(manifest, indent=1).encode())


class _Counted:
    def __init__(self) -> None:
        self.lines, self.size, self.sum = 0, 0, sha256()

    def add(self, piece: Piece) -> None:
        self.lines += piece.data.count(b"\n") if piece.name.endswith(".jsonl") else 0
        self.size += len(piece.data)
        self.sum.update(piece.data)


async def _content(sv: Services, tenant: Tenant) -> AsyncIterator[Piece]:
    async with sv.db.read(tenant.id) as tx:
        itself, people = await exports.itself(tx, tenant.id), await exports.people(tx, tenant.id)
    yield Piece("tenant.json", itself.encode() + b"\n")
    yield Piece("people.jsonl", _lines(people))
    for table in exports.EXPORTED:
        yield Piece(f"{table}.jsonl", b"")
        after: dict[str, Any] | None = None
        more = True
        while more:
            async with sv.db.read(tenant.id) as tx:
                rows, more = await exports.page(tx, table, after)
            if rows:
                after = rows[-1].key
                yield Piece(f"{table}.jsonl", await asyncio.to_thread(_lines, [row.body for row in rows]))
    async for piece in _items(sv, tenant.id):
        yield piece
    async for piece in _pictures(sv, tenant.id):
        yield piece


async def _items(sv: Services, tenant: TenantId) -> AsyncIterator[Piece]:
    """Of private sources: public news is nobody's own."""
    yield Piece("items.jsonl", b"")
    after = None
    while True:
        async with sv.db.read(tenant) as tx:
            found = await exports.private_items(tx, tenant, after, exports.USUAL)
        if found:
            after = found[-1][0]
            yield Piece("items.jsonl", _lines([body for _id, body in found]))
        if len(found) < exports.USUAL:
            return


async def _pictures(sv: Services, tenant: TenantId) -> AsyncIterator[Piece]:
    after = None
    while True:
        async with sv.db.read(tenant) as tx:
            found = await exports.picture_ids(tx, tenant, after, 100)
        for id_, mime in found:
            after = id_
            async with sv.db.read(tenant) as tx:
                data = await exports.picture(tx, tenant, id_)
            if data is not None:
                yield Piece(f"images/{id_}.{ENDINGS.get(mime, 'bin')}", data)
        if len(found) < 100:
            return


def _lines(bodies: list[str]) -> bytes:
    return "".join(f"{body}\n" for body in bodies).encode("utf-8", "replace")


class _Growing:
    """A file that is only ever written at its end; what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        data, self.parts = b"".join(self.parts), []
        return data


async def _zipped(source: AsyncIterator[Piece]) -> AsyncGenerator[bytes, None]:
    """Compressed in a thread. Sizes come after each file's bytes (data descriptors), which every zip program reads."""
    out = _Growing()
    zipped = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]  # it asks for write and flush
    entry, name = None, None
    try:
        async for piece in source:
            if piece.name != name:
                if entry:
                    entry.close()
                name, entry = piece.name, zipped.open(piece.name, "w", force_zip64=True)
            assert entry
            await asyncio.to_thread(entry.write, piece.data)
            if data := out.taken():
                yield data
    finally:
        if entry:
            entry.close()
        zipped.close()
    yield out.taken()
