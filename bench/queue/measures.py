"""What is measured. Every figure of a drain comes with the proof that each job ran exactly once."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from bench.queue.cluster import Cluster
from bench.queue.contenders import Contender, Program

Figures = dict[str, Any]


def clean(cluster: Cluster, who: Contender) -> None:
    cluster.sql(who.database, who.reset, "checkpoint")


def enqueue(cluster: Cluster, who: Contender, jobs: int, batch: int = 1000, **options: Any) -> Figures:
    """Jobs a second into the queue, `batch` in a transaction."""
    cpu = cluster.cpu()
    with Program(who, cluster, "enqueue", {"jobs": jobs, "batch": min(batch, jobs), **options}) as program:
        told = program.finished()
    wall = (told["t1"] - told["t0"]) / 1e9
    return {
        "jobs": jobs,
        "rate": jobs / wall,
        "us_worker": 1e6 * told["cpu"] / jobs,
        "us_server": 1e6 * (cluster.cpu() - cpu) / jobs,
    }


def drain(cluster: Cluster, who: Contender, jobs: int, processes: int = 1, **options: Any) -> Figures:
    """Jobs a second out of the queue: from the start signal, connections open, to the last completion written."""
    with ExitStack() as stack:
        programs = [stack.enter_context(Program(who, cluster, "drain", options)) for _ in range(processes)]
        for program in programs:
            program.wait_ready()
        cpu = cluster.cpu()
        for program in programs:
            program.go()
        told = [program.finished() for program in programs]
        cpu = cluster.cpu() - cpu
    wall = (max(one["t1"] for one in told) - min(one["t0"] for one in told)) / 1e9
    busy = [one for one in told if one["ran"]]
    took = (max(one["last"] for one in busy) - min(one["first"] for one in busy)) / 1e9 if busy else 0.0
    return {
        "jobs": jobs,
        "rate": jobs / wall,
        "handler_rate": jobs / took if took else None,
        "us_worker": 1e6 * sum(one["cpu"] for one in told) / jobs,
        "us_server": 1e6 * cpu / jobs,
        "split": [one["ran"] for one in told],
        **_claims(told),
        **proof(cluster, who, jobs, told),
    }


def _claims(told: list[Figures]) -> Figures:
    timed = [one for one in told if one.get("claims")]
    if not timed:
        return {}
    return {
        "claims": sum(one["claims"] for one in timed),
        "claim_ms": sum(one["claim_ms"] * one["claims"] for one in timed) / sum(one["claims"] for one in timed),
        "claim_ms_p50": max(one["claim_ms_p50"] for one in timed),
    }


def proof(cluster: Cluster, who: Contender, jobs: int, told: list[Figures]) -> Figures:
    """`ok` when every job succeeded exactly once and none is left. Each number once: as many as jobs, all different in
    their process, and together with the sum that the numbers from 0 on have."""
    ran, distinct = sum(one["ran"] for one in told), sum(one["distinct"] for one in told)
    left = int(cluster.one(who.database, who.left))
    right_sum = sum(one["sum"] for one in told) == jobs * (jobs - 1) // 2
    return {
        "ran": ran,
        "left": left,
        "failed_once": sum(one["failed_once"] for one in told),
        "ok": ran == jobs and distinct == jobs and left == 0 and right_sum,
    }
