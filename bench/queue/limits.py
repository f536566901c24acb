"""Whether limits hold over processes: four of them, one job at a time of each key, ten starts a second of a kind."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from bench.queue import measures
from bench.queue.cluster import Cluster
from bench.queue.contenders import Contender, Program

PROCESSES, KEYS, HOLD_MS = 4, 5, 20
TERMS = [{"most_per_key": 1}, {"rate": {"every_us": 100_000, "burst": 1}}]
"""Of the first kind, `noop`, and of the second, `noop1`."""


class Run(NamedTuple):
    """Of a job, on the monotonic clock of the machine that all processes share; nanoseconds."""

    kind: str
    tenant: str
    key: str
    began: int
    ended: int


def measure(cluster: Cluster, ours: Contender, seconds: float) -> dict[str, Any]:
    """The largest overlap of one key, and the most starts of the limited kind in any sliding second."""
    measures.clean(cluster, ours)
    jobs = int(2 * KEYS * seconds * 1000 / HOLD_MS) + 100  # more of each kind than can run
    shape = {"kinds": 2, "keys": KEYS, "slots": 32, "hold_ms": HOLD_MS}
    measures.enqueue(cluster, ours, jobs, **shape)
    cluster.sql(ours.database, "analyze jobs")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        workers = [
            stack.enter_context(Program(ours, cluster, "work", {**shape, "terms": TERMS, "log": f"{folder}/{number}"}))
            for number in range(PROCESSES)
        ]
        for worker in workers:
            worker.wait_ready()
        time.sleep(seconds)
        for worker in workers:
            worker.go()
        told = [worker.finished() for worker in workers]
        runs = [Run(*json.loads(line)) for path in Path(folder).iterdir() for line in path.open()]
    keyed = [run for run in runs if run.kind == "noop"]
    paced = [run.began for run in runs if run.kind == "noop1"]
    left = int(cluster.one(ours.database, ours.left))
    took_s = (max(run.ended for run in runs) - min(run.began for run in runs)) / 1e9
    overlap, most = overlap_of_a_key(keyed), most_in_a_second(paced)
    return {
        "processes": PROCESSES,
        "seconds": took_s,
        "split": [one["ran"] for one in told],
        "keyed_runs": len(keyed),
        "overlap": overlap,
        "paced_runs": len(paced),
        "paced_rate": len(paced) / took_s,
        "most_in_a_second": most,
        "ok": overlap == 1 and most <= 11 and len(runs) + left == jobs and sum(one["ran"] for one in told) == len(runs),
    }


def overlap_of_a_key(runs: Iterable[Run]) -> int:
    """How many of one tenant and key ran at once, at most. An end at the moment of a start is no overlap."""
    edges: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for run in runs:
        edges[run.tenant, run.key] += [(run.began, 1), (run.ended, -1)]
    most = 0
    for changes in edges.values():
        now = 0
        for _at, change in sorted(changes):
            now += change
            most = max(most, now)
    return most


def most_in_a_second(starts: Sequence[int]) -> int:
    """The most of them in any second that begins with one and leaves its own end out."""
    ordered = sorted(starts)
    first = most = 0
    for n, at in enumerate(ordered):
        while at - ordered[first] >= 1_000_000_000:
            first += 1
        most = max(most, n - first + 1)
    return most
