"""A line to Postgres that loses answers of COMMIT: the server did it, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
import random
from urllib.parse import quote

from tests.chaos.proxy import Proxy


class Forgetful(Proxy):
    """Of the transactions that write, `share` end so."""

    def __init__(self, upstream: str, share: float, seed: int) -> None:
        super().__init__(upstream)
        self.share = share
        self.forgotten = 0
        self._chance = random.Random(seed)

    def dsn(self, role: str, database: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{quote(database)}?sslmode=disable"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._upstream)
        lost = asyncio.Event()

        async def ask() -> None:
            while data := await reader.read(65536):
                if b"commit" in data.lower() and self._chance.random() < self.share:
                    lost.set()
                up_writer.write(data)
                await up_writer.drain()

        async def answer() -> None:
            while data := await up_reader.read(65536):
                if lost.is_set():
                    self.forgotten += 1
                    return
                writer.write(data)
                await writer.drain()

        pumps = [asyncio.ensure_future(pump()) for pump in (ask, answer)]
        self._writers |= {writer, up_writer}
        with contextlib.suppress(OSError):
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for end in (writer, up_writer):
            end.transport.abort()
        self._writers -= {writer, up_writer}
