"""What is measured. Every figure of a drain comes with the proof that each job ran exactly once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.queue import cluster as clusters
from bench.queue.cluster import Cluster
from bench.queue.contenders import Contender, Failed, Program

Figures = dict[str, Any]
MIXED_LIMIT_S = 120
UNCOUNTED = 10
"""First single jobs, which meet cold plans and caches."""


def clean(cluster: Cluster, who: Contender) -> None:
    cluster.sql(who.database, who.reset, "checkpoint")


def enqueue(cluster: Cluster, who: Contender, jobs: int, batch: int = 1000, **options: Any) -> Figures:
    """Jobs a second into the queue, `batch` in a transaction."""
    with Program(who, cluster, "enqueue", {"jobs": jobs, "batch": batch, **options}) as program:
        program.wait_ready()
        cpu = cluster.cpu()
        program.go()
        told = program.finished()
    wall = (told["t1"] - told["t0"]) / 1e9
    return {
        "jobs": jobs,
        "rate": jobs / wall,
        "us_worker": 1e6 * told["cpu"] / jobs,
        "us_server": 1e6 * (cluster.cpu() - cpu) / jobs,
    }


def drain(cluster: Cluster, who: Contender, jobs: int, processes: int = 1, **options: Any) -> Figures:
    """Jobs a second out of the queue: from the start of the first job to the last completion written.

    What a process does once, opening connections or looking at its schema, is left out: a peer takes 0.2 s for it.
    """
    with ExitStack() as stack:
        programs = [stack.enter_context(Program(who, cluster, "drain", options)) for _ in range(processes)]
        for program in programs:
            program.wait_ready()
        cpu = cluster.cpu()
        for program in programs:
            program.go()
        told = [program.finished() for program in programs]
        cpu = cluster.cpu() - cpu
    began = min((one["first"] for one in told if one["ran"]), default=0)
    return {
        "jobs": jobs,
        "rate": jobs / ((max(one["t1"] for one in told) - began) / 1e9),
        "rate_from_start": jobs / ((max(one["t1"] for one in told) - min(one["t0"] for one in told)) / 1e9),
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


def latency(cluster: Cluster, who: Contender, jobs: int, **options: Any) -> Figures:
    """Milliseconds from before a single job is enqueued to its start, in an idle worker of another process."""
    with ExitStack() as stack:
        # The one that enqueues first: what it warms up with must be gone before anybody works.
        sent = {"jobs": jobs + UNCOUNTED, **options}
        producer, worker = _pair(stack, cluster, who, ("produce", sent), ("work", options))
        producer.go()
        producer.finished()
        time.sleep(0.5)
        worker.go()
        told = worker.finished()
    waits = sorted(told["waits_ms"][UNCOUNTED:])
    return {
        "jobs": jobs,
        "p50": share(waits, 0.5) if waits else None,
        "p99": share(waits, 0.99) if waits else None,
        "max": waits[-1] if waits else None,
        **proof(cluster, who, jobs + UNCOUNTED, [told]),
    }


def mixed(cluster: Cluster, who: Contender, jobs: int, **options: Any) -> Figures:
    """Jobs a second from the first enqueue to the last success, one process enqueues while another works: 20 kinds,
    50 tenants where there are such, 100 jobs in a transaction, one job in 20 fails at its first attempt."""
    shape = {"kinds": 20, "tenants": 50, "block": 100, "batch": 100, "spoil_every": 20, **options}
    with ExitStack() as stack:
        working = {**shape, "goal": jobs, "limit_s": MIXED_LIMIT_S}
        producer, worker = _pair(stack, cluster, who, ("enqueue", {**shape, "jobs": jobs}), ("work", working))
        cpu = cluster.cpu()
        for program in (worker, producer):
            program.go()
        sent, told = producer.finished(), worker.finished()
        cpu = cluster.cpu() - cpu
    return {
        "jobs": jobs,
        "rate": jobs / ((told["last"] - sent["t0"]) / 1e9),
        "enqueue_rate": jobs / ((sent["t1"] - sent["t0"]) / 1e9),
        "us_worker": 1e6 * told["cpu"] / jobs,
        "us_server": 1e6 * cpu / jobs,
        **proof(cluster, who, jobs, [told]),
    }


def _pair(
    stack: ExitStack, cluster: Cluster, who: Contender, *programs: tuple[str, Mapping[str, Any]]
) -> list[Program]:
    """One after the other, each ready before the next is started."""
    started = []
    for command, options in programs:
        started.append(stack.enter_context(Program(who, cluster, command, options)))
        started[-1].wait_ready()
    return started


def snapshot(cluster: Cluster, who: Contender, jobs: int, cycles: int, **options: Any) -> Iterator[Figures]:
    """A backlog is filled and drained again and again while another session holds the snapshot it took before: what
    was claimed and completed since can not be cleaned away."""
    clean(cluster, who)
    with old_snapshot(cluster, who.database):
        for cycle in range(1, cycles + 1):
            enqueue(cluster, who, jobs)
            cluster.sql(who.database, "analyze")
            yield {"cycle": cycle, **drain(cluster, who, jobs, **options)}


@contextmanager
def old_snapshot(cluster: Cluster, database: str) -> Iterator[None]:
    """Raises Failed where the session lost it meanwhile: then nothing was measured."""
    with asyncio.Runner() as runner:
        conn = runner.run(clusters.connect(cluster.dsn(database)))
        runner.run(conn.execute("set idle_in_transaction_session_timeout = 0"))
        runner.run(conn.execute("begin isolation level repeatable read; select count(*) from pg_class"))
        pid = conn.get_server_pid()
        yield
        held = cluster.one(database, f"select backend_xmin is not null from pg_stat_activity where pid = {pid}")
        runner.run(conn.close())
        if not held:
            raise Failed("the old snapshot was not held to the end")


def share(ordered: list[float], part: float) -> float:
    """The value below which `part` of them lie, the nearest one taken."""
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def proof(cluster: Cluster, who: Contender, jobs: int, told: list[Figures]) -> Figures:
    return exactly_once(jobs, told, int(cluster.one(who.database, who.left)))


def exactly_once(jobs: int, told: Sequence[Figures], left: int) -> Figures:
    """`ok` when every job succeeded exactly once and none is left. Each number once: as many as jobs, all different in
    their process, and together with the sum that the numbers from 0 on have."""
    ran, distinct = sum(one["ran"] for one in told), sum(one["distinct"] for one in told)
    right_sum = sum(one["sum"] for one in told) == jobs * (jobs - 1) // 2
    return {
        "ran": ran,
        "left": left,
        "failed_once": sum(one["failed_once"] for one in told),
        "ok": ran == jobs and distinct == jobs and left == 0 and right_sum,
    }
