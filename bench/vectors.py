"""What a predecessor got wrong, and what this desk makes of the like: a table, with whether it is as it has to be.

    python -m bench.vectors [--json]

Inputs are of our own (`tests/vectors.py`); rows that belong to other desks are named below it. Ends with 1 where one is
not as expected.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog

from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool
from tests import running
from tests.fakes import FrozenClock
from tests.vectors import ELSEWHERE, FLOWS, PURE

DATABASE = "cid_test_vectors"


async def with_tables(server: Server) -> list[str]:
    """The outcomes of FLOWS, each at a tenant of its own."""
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, DATABASE)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, DATABASE))
    await migrate(owner)
    app = await open_pool(server.dsn(APP, DATABASE), size=6)
    worker = await open_pool(server.dsn(WORKER, DATABASE), size=4)
    found = []
    for number, row in enumerate(FLOWS):
        clock = FrozenClock(datetime.now(UTC))
        desk = await running.desk(AppDb(app), WorkerDb(worker), owner, clock, slug=f"acme-{number}")
        found.append(await row.outcome(desk))
    for pool in (app, worker):
        await pool.close()
    await owner.close()
    return found


def outcomes() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        server = Server(Path(folder) / "pg", durable=False)
        server.start()
        try:
            return asyncio.run(with_tables(server))
        finally:
            server.stop()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    told = [(row.input, row.before, row.expected, row.outcome()) for row in PURE]
    told += [(row.input, row.before, row.expected, outcome) for row, outcome in zip(FLOWS, outcomes(), strict=True)]
    lines = [
        {"input": input_, "before": before, "expected": expected, "outcome": outcome, "ok": outcome == expected}
        for input_, before, expected, outcome in told
    ]
    right = sum(bool(line["ok"]) for line in lines)
    if wanted.json:
        print(json.dumps({"rows": lines, "right": right, "of": len(lines), "elsewhere": ELSEWHERE}))
    else:
        print(f"{'input':54} {'before':26} {'expected':36} {'outcome':36} ok")
        for line in lines:
            cells = f"{line['input']:54} {line['before']:26} {line['expected']:36} {line['outcome']:36}"
            print(cells, "yes" if line["ok"] else "NO")
        print(f"{right} of {len(lines)} as expected. Held elsewhere:")
        for what, where in ELSEWHERE:
            print(f"  {what}: {where}")
    sys.exit(right != len(lines))


if __name__ == "__main__":
    main()
