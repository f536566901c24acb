"""What becomes of 300 stories of a tracker, in calls of three, when a tenth of them each draws one of nine mistakes out
of the model: some once, some three times, some for ever. One JSON line; `python -m bench.track --json`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool
from tests import funnel, make
from tests.fakes import FrozenClock
from tests.tracking import Mistake, Mistaken, planned, run, tracking

STORIES = 300
DATABASE = "cid_test_track"
"""The clock moves only in databases that are named as for tests."""


async def measured(server: Server, stories: int) -> dict[str, Any]:
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, DATABASE)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, DATABASE))
    await migrate(owner)
    app = await open_pool(server.dsn(APP, DATABASE), size=4)
    worker = await open_pool(server.dsn(WORKER, DATABASE), size=4)
    db, clock, model = AppDb(app), FrozenClock(datetime.now(UTC)), Mistaken(planned(stories))
    passed = timedelta()

    async def later(by: timedelta) -> None:
        nonlocal passed
        passed += by
        conn = await asyncpg.connect(server.dsn(ADMIN, DATABASE))
        seconds = int(passed.total_seconds())
        await conn.execute(f"alter database {DATABASE} set cid.clock_offset = '{seconds} seconds'")
        await conn.close()
        for pool in (app, worker):
            await pool.expire_connections()

    sv = make.services(db, WorkerDb(worker), llm=funnel.router(db, clock, model), outside=funnel.outside(), clock=clock)
    tenant, start = await tracking(sv), time.perf_counter()
    done = await run(sv, owner, tenant, model, stories, later)
    took = time.perf_counter() - start
    for pool in (app, worker):
        await pool.close()
    await owner.close()
    return {
        "what": "a tracker's stories against a model that makes mistakes",
        "stories": stories,
        "mistakes": {kind: sum(mistake is kind for mistake, _ in model.plan.values()) for kind in Mistake},
        "states": dict(done.states),
        "for_ever_wrong": sum(times > 1000 for _, times in model.plan.values()),
        "calls": model.calls,
        "stories_per_call": dict(sorted(model.sizes.items())),
        "questions": sum(model.asked.values()),
        "rounds": done.rounds,
        "pauses_s": dict(sorted(done.pauses.items())),
        "on_the_wrong_story": done.wrong,
        **done.row,
        "took_s": round(took, 1),
    }


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    stories = int(sys.argv[sys.argv.index("--stories") + 1]) if "--stories" in sys.argv else STORIES
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        server = Server(Path(folder) / "pg", durable=False)
        server.start()
        try:
            print(json.dumps(asyncio.run(measured(server, stories)), default=str))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
