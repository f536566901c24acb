"""A pooler of transactions in front of Postgres, as strict as one can be about what outlives a transaction.

Each client's transaction gets whichever session was idle longest, so the next one meets another. What it leaves in the
session is noted in `left` and thrown away: poolers in use keep it for whoever comes next, which hides the fault until
two clients collide.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ACCEPTED = {"client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name"}
"""Besides user and database: what PgBouncer takes at the start of a session, unless told to ignore more."""
PROTOCOL, CANCEL = 196608, 80877102
ENCRYPTION = (80877103, 80877104)
ENDS_WITH_READY = b"QSF"
LEFT = """
select 'statement ' || name from pg_prepared_statements where name <> ''
union all select 'listens to ' || c from pg_listening_channels() c
union all select 'setting ' || name from pg_settings where source = 'session' and setting is distinct from reset_val
union all select 'lock ' || objid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
union all select 'table ' || relname from pg_class where relpersistence = 't'
  and not pg_is_other_temp_schema(relnamespace)
"""


class Gone(Exception):
    """The server refused or hung up."""


@dataclass(slots=True)
class _Session:
    """One connection to Postgres."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    facts: list[tuple[bytes, bytes]]
    """What it said of itself when it was opened: clients are told the same."""
    client: int = 0
    """Who had it last."""

    async def ask(self, sql: str) -> list[str]:
        """The first column. Raises Gone."""
        _send(self.writer, b"Q", sql.encode() + b"\0")
        found: list[str] = []
        while True:
            kind, body = await _message(self.reader)
            if kind == b"D":
                (length,) = struct.unpack_from("!i", body, 2)
                found.append(body[6 : 6 + length].decode())
            elif kind == b"E":
                raise Gone(body.decode(errors="replace"))
            elif kind == b"Z":
                return found


@dataclass(slots=True)
class _Login:
    """The sessions of one user in one database."""

    idle: deque[_Session] = field(default_factory=deque)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))


@dataclass
class Pooler:
    """`size` sessions for each user and database."""

    socket: Path
    """Of Postgres."""
    size: int
    port: int = 0
    left: set[str] = field(default_factory=set)
    """What transactions left behind in their sessions."""
    refused: list[str] = field(default_factory=list)
    transactions: int = 0
    moved: int = 0
    """Transactions that met a session which somebody else had before."""
    _logins: dict[tuple[str, str], _Login] = field(default_factory=dict)
    _clients: int = 0

    def dsn(self, user: str, database: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    async def take(self, user: str, database: str, client: int) -> _Session:
        """Waits for a free session. Raises Gone."""
        login = self._login(user, database)
        await login.room.acquire()
        try:
            session = login.idle.popleft() if login.idle else await _connect(self.socket, user, database)
        except BaseException:
            login.room.release()
            raise
        self.transactions += 1
        self.moved += session.client not in {0, client}
        session.client = client
        return session

    async def give_back(self, session: _Session, user: str, database: str, *, sound: bool) -> None:
        login, kept = self._login(user, database), False
        try:
            if sound:
                self.left |= set(await session.ask(LEFT))
                await session.ask("discard all")
                login.idle.append(session)
                kept = True
        except (Gone, OSError):
            pass
        finally:
            if not kept:
                session.writer.close()
            login.room.release()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        # cancelled: the test ended before its client did
        with contextlib.suppress(Gone, OSError, asyncio.CancelledError):
            asked = await _startup(reader, writer)
            if asked:
                await _Client(self, reader, writer, self._clients, asked["user"], asked["database"]).run(asked)
        writer.close()

    def close(self) -> None:
        for login in self._logins.values():
            while login.idle:
                login.idle.pop().writer.close()

    def _login(self, user: str, database: str) -> _Login:
        if (user, database) not in self._logins:
            self._logins[user, database] = _Login(room=asyncio.Semaphore(self.size))
        return self._logins[user, database]


@asynccontextmanager
async def pooler(socket: Path, *, size: int) -> AsyncIterator[Pooler]:
    """One that listens on the loopback while the block lasts."""
    made = Pooler(socket, size)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.close()


@dataclass(slots=True)
class _Client:
    pooler: Pooler
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    user: str
    database: str
    _session: _Session | None = None
    _back: asyncio.Task[None] | None = None
    _unanswered: int = 0
    """Messages sent to the session that it answers with ReadyForQuery."""

    async def run(self, asked: dict[str, str]) -> None:
        """Until the client hangs up."""
        unknown = sorted(set(asked) - ACCEPTED - {"user", "database"})
        if unknown:
            self.pooler.refused += unknown
            _send(self.writer, b"E", _error(f"unsupported startup parameter: {unknown[0]}"))
            return
        await self._greet()
        try:
            while True:
                kind, body = await _message(self.reader)
                if kind == b"X":
                    return
                session = await self._attached()
                self._unanswered += kind in ENDS_WITH_READY
                _send(session.writer, kind, body)
        finally:
            # in the middle of a transaction: the session ends, and the transaction with it
            session_left, self._session = self._session, None
            if self._back:
                self._back.cancel()
            if session_left:
                await self.pooler.give_back(session_left, self.user, self.database, sound=False)

    async def _greet(self) -> None:
        session = await self.pooler.take(self.user, self.database, self.number)
        _send(self.writer, b"R", struct.pack("!i", 0))
        for kind, body in session.facts:
            _send(self.writer, kind, body)
        _send(self.writer, b"K", struct.pack("!ii", 1, 1))
        await self.pooler.give_back(session, self.user, self.database, sound=True)
        _send(self.writer, b"Z", b"I")

    async def _attached(self) -> _Session:
        if self._session is None:
            self._session = await self.pooler.take(self.user, self.database, self.number)
            self._back = asyncio.ensure_future(self._answers(self._session))
        return self._session

    async def _answers(self, session: _Session) -> None:
        """What the session says, until its transaction is over."""
        try:
            while True:
                kind, body = await _message(session.reader)
                if kind == b"Z":
                    self._unanswered -= 1
                    if body == b"I" and not self._unanswered:
                        self._session = None
                        await self.pooler.give_back(session, self.user, self.database, sound=True)
                        _send(self.writer, kind, body)
                        return
                _send(self.writer, kind, body)
        except Gone:
            self.writer.close()


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, str] | None:
    """What the client asks for; None where it came to cancel a statement, which ends by its time limit instead."""
    while True:
        length, code = struct.unpack("!ii", await _exactly(reader, 8))
        body = await _exactly(reader, length - 8)
        if code in ENCRYPTION:
            writer.write(b"N")
        elif code == CANCEL:
            return None
        else:
            assert code == PROTOCOL
            words = body.decode().split("\0")
            return {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}


async def _connect(socket: Path, user: str, database: str) -> _Session:
    reader, writer = await asyncio.open_unix_connection(socket)
    words = f"user\0{user}\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
    writer.write(struct.pack("!ii", len(words) + 8, PROTOCOL) + words)
    facts = []
    while True:
        kind, body = await _message(reader)
        if kind == b"S":
            facts.append((kind, body))
        elif kind == b"E":
            raise Gone(body.decode(errors="replace"))
        elif kind == b"Z":
            return _Session(reader, writer, facts)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await _exactly(reader, 5)
    (length,) = struct.unpack("!i", head[1:])
    return head[:1], await _exactly(reader, length - 4)


async def _exactly(reader: asyncio.StreamReader, count: int) -> bytes:
    try:
        return await reader.readexactly(count)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Gone("hung up") from error


def _send(writer: asyncio.StreamWriter, kind: bytes, body: bytes) -> None:
    writer.write(kind + struct.pack("!i", len(body) + 4) + body)


def _error(text: str) -> bytes:
    return b"".join(part.encode() + b"\0" for part in ("SFATAL", "VFATAL", "C08P01", f"M{text}", ""))
