"""What tenants with single jobs wait while one of them has 100,000."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from bench.queue import measures
from bench.queue.cluster import Cluster
from bench.queue.contenders import Contender, Program

OTHERS = 49
SLOTS, HOLD_MS = 8, 2
CROWD = """
insert into jobs (tenant_id, kind, payload)
select '00000000-0000-0000-0001-000000000000', 'noop', jsonb_build_object('n', (1000000 + g)::text, 't', '0')
from generate_series(1, {count}) g
"""


def measure(cluster: Cluster, ours: Contender, crowd: int, singles: int) -> dict[str, Any]:
    """Milliseconds from enqueue to start of the others' jobs; `crowd` 0 without the big tenant. One process works with
    eight slots on jobs of 2 ms, another enqueues a single job for one of the 49 others every 35 ms."""
    measures.clean(cluster, ours)
    if crowd:
        cluster.sql(ours.database, CROWD.format(count=crowd), "analyze jobs")
    with ExitStack() as stack:
        producer = stack.enter_context(
            Program(ours, cluster, "produce", {"jobs": singles, "tenant": 1, "tenants": OTHERS})
        )
        producer.wait_ready()
        worker = stack.enter_context(Program(ours, cluster, "work", {"slots": SLOTS, "hold_ms": HOLD_MS}))
        worker.wait_ready()
        producer.go()
        producer.finished()
        time.sleep(0.5)
        worker.go()
        told = worker.finished()
    waits = sorted(told["waits_ms"])
    took_s = (told["last"] - told["first"]) / 1e9
    left = int(cluster.one(ours.database, ours.left))
    rate = told["ran"] / took_s
    return {
        "crowd": crowd,
        "jobs": singles,
        "p50": measures.share(waits, 0.5),
        "p95": measures.share(waits, 0.95),
        "max": waits[-1],
        "rate": rate,
        # Behind everything that was there first: what a queue without turns makes the first of them wait.
        "fifo_ms": 1000 * crowd / rate,
        "crowd_left": left,
        "ok": len(waits) == singles and told["ran"] == told["distinct"] and told["ran"] + left == crowd + singles,
    }
