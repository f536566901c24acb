"""Who takes part: which program speaks for it, where it lives in the cluster, and how its tables are looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from bench.queue.cluster import Cluster
from cid.pg.embedded import ADMIN

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
LIMIT_S = 300


class Failed(Exception):
    """A contender's program ended with an error."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    name: str
    program: str
    """A module of this package."""
    python: str
    database: str
    login: str
    reset: str
    """SQL that empties its tables."""
    left: str
    """SQL that counts the jobs not yet done."""
    finished: tuple[str, ...] = ()
    """SQL that puts `{count}` finished jobs there, as the library leaves them behind."""
    options: Mapping[str, Any] = field(default_factory=dict)
    jobs: float = 1.0
    """Share of the jobs it is given where it is too slow for all of them."""

    def big(self) -> Self:
        """The same in the database with the finished jobs."""
        return replace(self, database=f"{self.database}_big")

    def having(self, **options: Any) -> Self:
        return replace(self, options={**self.options, **options})

    def count(self, jobs: int) -> int:
        return max(int(jobs * self.jobs), 1)


@dataclass
class Program:
    """A contender's program in its own process. One that is not `finished` is killed when the block ends."""

    contender: Contender
    cluster: Cluster
    command: str
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        who = self.contender
        dsn = self.cluster.dsn(who.database, who.login)
        self._log = (self.cluster.server.data / f"{who.name}.log").open("ab")
        self.process = subprocess.Popen(
            [who.python, "-m", who.program, self.command, dsn, json.dumps({**who.options, **self.options})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PGTZ": "UTC"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self._log.close()

    def wait_ready(self) -> None:
        assert self.process.stdout
        self._read(self.process.stdout.readline())

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def finished(self) -> dict[str, Any]:
        """The answer it ended with. Raises Failed."""
        try:
            told, _ = self.process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{self.contender.name} {self.command}: not finished in {LIMIT_S} s") from error
        return self._read(told, ended=True)

    def _read(self, told: str, *, ended: bool = False) -> dict[str, Any]:
        lines = told.strip().splitlines()
        if not lines or (ended and self.process.returncode):
            tail = Path(self._log.name).read_text(errors="replace")[-2000:]
            raise Failed(f"{self.contender.name} {self.command}: {tail.strip() or 'no answer'}")
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer


OURS = Contender(
    name="cid",
    program="bench.queue.ours",
    python=sys.executable,
    database="bench_cid",
    login="{role}",
    reset="truncate jobs, jobs_done, jobs_dead, workers, pauses",
    left="select count(*) from jobs",
    finished=(
        """insert into jobs_done
             (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at, ended_at)
           select g, '00000000-0000-0000-0001-000000000000', 'noop', 'done', 1,
             jsonb_build_object('n', g::text, 't', '0'), now() - interval '1 day', now() - interval '1 day',
             now() - interval '1 day', now() - interval '1 day' + g * interval '20 milliseconds'
           from generate_series(1, {count}) g""",
        "select setval('job_ids', {count})",
    ),
)

PGQUEUER = Contender(
    name="pgqueuer",
    program="bench.queue.peer_pgqueuer",
    python=str(PEERS),
    database="bench_pgqueuer",
    login=ADMIN,
    reset="truncate pgqueuer, pgqueuer_log, pgqueuer_statistics",
    left="select count(*) from pgqueuer",
    finished=(
        """insert into pgqueuer_log (created, job_id, status, priority, entrypoint, aggregated)
           select now() - interval '1 day' + g * interval '1 ms', g, s::pgqueuer_status, 0, 'noop', true
           from generate_series(1, {count}) g, unnest(array['queued', 'picked', 'successful']) s""",
        "select setval(pg_get_serial_sequence('pgqueuer', 'id'), {count})",
    ),
    options={"loop": "uvloop", "managers": 2, "size": 500},
)
PROCRASTINATE = Contender(
    name="procrastinate",
    program="bench.queue.peer_procrastinate",
    python=str(PEERS),
    database="bench_procrastinate",
    login=ADMIN,
    reset="truncate procrastinate_jobs, procrastinate_events, procrastinate_workers cascade",
    left="select count(*) from procrastinate_jobs where status in ('todo', 'doing')",
    finished=(
        "set session_replication_role = replica",
        """insert into procrastinate_jobs (id, queue_name, task_name, args, status, attempts)
           select g, 'default', 'noop', jsonb_build_object('n', g, 't', 0), 'succeeded', 1
           from generate_series(1, {count}) g""",
        """insert into procrastinate_events (job_id, type, at)
           select g, e::procrastinate_job_event_type, now() - interval '1 day' + g * interval '1 ms'
           from generate_series(1, {count}) g, unnest(array['deferred', 'started', 'succeeded']) e""",
        "select setval('procrastinate_jobs_id_seq', {count})",
    ),
    options={"loop": "uvloop", "concurrency": 30, "pool": 10},
    jobs=0.1,
)
ALL = (OURS, PGQUEUER, PROCRASTINATE)


def set_up(cluster: Cluster, who: Contender) -> None:
    """Its database, empty."""
    if who.name == OURS.name:
        cluster.migrated(who.database)
        return
    cluster.create(who.database)
    if who.options.get("relaxed"):
        cluster.sql("postgres", f"alter database {who.database} set synchronous_commit = off")
    with Program(who, cluster, "install", {}) as program:
        program.finished()


def fill(cluster: Cluster, who: Contender, count: int) -> None:
    """Its second database, with `count` finished jobs."""
    big = who.big()
    set_up(cluster, big)
    cluster.sql(big.database, *(statement.format(count=count) for statement in who.finished))
    cluster.sql(big.database, "vacuum analyze", "checkpoint")
