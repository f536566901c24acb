"""How far hostile articles get, from feed to draft, against a model that obeys them.

    python -m bench.injection           in words
    python -m bench.injection --json    one JSON line, with the names of what got through

Needs nothing but this clone: Postgres is started for it, and everything else is on loopback. Exits 1 on any breach.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.text.injection import signs
from tests.injection.corpus import ARTICLES, corpus
from tests.injection.figures import Figures, figures
from tests.injection.replay import Run, empty, replay

DATABASE = "cid_injection"


async def measure(server: Server) -> dict[str, Any]:
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, DATABASE)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, DATABASE))
    await migrate(owner)
    app = await open_pool(server.dsn(APP, DATABASE), size=4)
    worker = await open_pool(server.dsn(WORKER, DATABASE), size=4)
    began, worked = time.monotonic(), time.process_time()
    clean = await replay(AppDb(app), WorkerDb(worker), owner, corpus(), hostile=False)
    await empty(owner)
    attacked = await replay(AppDb(app), WorkerDb(worker), owner, corpus())
    seconds, busy = time.monotonic() - began, time.process_time() - worked
    await app.close()
    await worker.close()
    await owner.close()
    found = figures(corpus(), clean.seen, attacked)
    return {**told(found, clean, attacked), "seconds": round(seconds, 1), "cpu_seconds": round(busy, 1)}


def told(found: Figures, clean: Run, attacked: Run) -> dict[str, Any]:
    articles = corpus()
    own = {one.name: attacked.seen[one.name] for one in articles}
    scores = [
        abs(one.score - before)
        for name, one in own.items()
        if one.score is not None and (before := clean.seen[name].score) is not None
    ]
    return {
        "articles": len(articles),
        "techniques": len({one.technique for one in articles}),
        "languages": len({one.language for one in articles} - {"mul"}),
        "requests": attacked.double.asked,
        "orders_a_model_read": len({name for _, name in attacked.double.obeyed}),
        "largest_shift": max(scores),
        **{name: len(what) for name, what in found.breaches.items()},
        "drafts": sum(bool(one.draft) for one in own.values()),
        "held": sum(one.draft == "held" for one in own.values()),
        "failed_visibly": len(found.failed),
        **{f"detector_{name}": _noticed(f"{name}.txt") for name in ("paraphrases", "unseen", "ordinary")},
        "names": {name: what for name, what in {**found.breaches, "failed": found.failed}.items() if what},
    }


def _noticed(name: str) -> str:
    """How many lines of a file the detector takes for orders."""
    lines = (ARTICLES.parent / name).read_text().splitlines()
    return f"{sum(bool(signs(line)) for line in lines)} of {len(lines)}"


def main() -> None:
    # what fails on purpose is counted, not told
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    room = Path(tempfile.mkdtemp(prefix="cid-injection-"))
    server = Server(room / "pg", durable=False)
    server.start()
    try:
        result = asyncio.run(measure(server))
    finally:
        server.stop()
        shutil.rmtree(room)
    if "--json" in sys.argv:
        print(json.dumps(result, ensure_ascii=False))
    else:
        for name, value in result.items():
            print(f"{name.replace('_', ' '):24}{value}")
    sys.exit(any(name != "failed" for name in result["names"]))


if __name__ == "__main__":
    main()
