"""A bad line to Postgres: slow, cut, stalled or down, as told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any


class Proxy:
    """Listens on loopback, leads to the server's Unix socket."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: Any = None
        self.port = 0
        self.delay_s = 0.0

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Every connection gets RST: nothing of what was on its way arrives."""
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._writers.clear()

    async def stall(self, seconds: float) -> None:
        """Nothing moves, nothing is refused."""
        self._flows.clear()
        await asyncio.sleep(seconds)
        self._flows.set()

    async def outage(self, seconds: float) -> None:
        self.down()
        await asyncio.sleep(seconds)
        await self.up()

    def down(self) -> None:
        self._server.close()
        self.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self._upstream)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, up_writer}
        self._writers |= ends
        try:
            pumps = [
                asyncio.ensure_future(self._pump(one, other))
                for one, other in ((reader, up_writer), (up_reader, writer))
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
