"""The server and the nursery of a run, in a folder that goes with it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from cid.pg.embedded import Server
from tests.chaos.field import Grounds
from tests.chaos.nursery import Nursery
from tests.conftest import _prepare, _room


@contextmanager
def grounds() -> Iterator[Grounds]:
    """Durable: what was acknowledged has to survive the server's death. In memory where there is enough of it, for it
    is processes that die here and not the machine.
    """
    room = _room()
    nursery = Nursery(room / "children.log")
    server = Server(room / "pg")
    try:
        server.start()
        asyncio.run(_prepare(server))
        yield Grounds(server, nursery, room)
    finally:
        nursery.close()
        server.stop()
        shutil.rmtree(room)
