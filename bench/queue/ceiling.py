"""What the server could do if no Python stood in the path: our table, our columns, 1,000 rows a statement, one session.

A procedure that commits runs each step; every statement must have met exactly 1,000 rows.
"""

from __future__ import annotations

import time
from typing import Any

from bench.queue.cluster import Cluster, Connection

DATABASE = "bench_ceiling"
ROWS = 1000
STEP = """
create or replace procedure bench_{name}(batches integer) language plpgsql as $$
declare
  met bigint;
begin
  for n in 1 .. batches loop
    {statements}
    commit;
  end loop;
end $$
"""
COUNTED = """
    {statement};
    get diagnostics met = row_count;
    if met <> 1000 then raise exception '{name}: % rows in batch %', met, n; end if;
"""
STATEMENTS = {
    "insert": """
    insert into jobs (tenant_id, kind, payload)
    select '00000000-0000-0000-0001-000000000000', 'noop', jsonb_build_object('n', g::text, 't', '0')
    from generate_series(1, 1000) g""",
    "claim": """
    with picked as materialized (
      select id from jobs
      where state = 'ready' and kind = 'noop' and tenant_id = '00000000-0000-0000-0001-000000000000' and key = ''
      order by priority, id limit 1000 for update skip locked)
    update jobs j
    set state = 'running', attempt = attempt + 1, worker = '00000000-0000-0000-0000-000000000001', lease = n,
        deadline = cid_now() + interval '5 minutes', started_at = cid_now()
    where j.id = any (array(select p.id from picked p))""",
    "archive": """
    with gone as (
      delete from jobs where id = any (array(
        select id from jobs where worker = '00000000-0000-0000-0000-000000000001' and state = 'running' limit 1000))
      returning id, tenant_id, kind, attempt, payload, created_at, run_at, started_at)
    insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at)
    select id, tenant_id, kind, 'done', attempt, payload, created_at, run_at, started_at from gone""",
}
PATHS = {
    "insert": ("insert",),
    "claim": ("claim",),
    "archive": ("archive",),
    "claim_archive": ("claim", "archive"),
}


def set_up(cluster: Cluster) -> None:
    cluster.migrated(DATABASE)
    for name, steps in PATHS.items():
        counted = "".join(COUNTED.format(name=step, statement=STATEMENTS[step]) for step in steps)
        cluster.sql(DATABASE, STEP.format(name=name, statements=counted))


def measure(cluster: Cluster, batches: int) -> dict[str, Any]:
    """Rows a second of each step by itself, and of claim and archive in turn. The commits of claim and archive do not
    wait for the disk, as ours do not; `*_durable` do."""

    async def run(conn: Connection) -> dict[str, float]:
        rates: dict[str, float] = {}
        for durable in (False, True):
            tail = "_durable" if durable else ""
            for path in (("insert", "claim", "archive"), ("insert", "claim_archive")):
                await conn.execute("truncate jobs, jobs_done")
                await conn.execute("checkpoint")
                for name in path:
                    on = "on" if durable or name == "insert" else "off"
                    await conn.execute(f"set synchronous_commit = {on}")
                    began = time.perf_counter()
                    await conn.execute(f"call bench_{name}({batches})")
                    rates[name + tail] = ROWS * batches / (time.perf_counter() - began)
                    if name == "insert":
                        await conn.execute("analyze jobs")
                await _empty(conn, batches)
        return rates

    rates: dict[str, Any] = cluster.ask(DATABASE, run)
    del rates["insert_durable"]
    return {"rows": ROWS * batches, "rate": rates["claim_archive"], **rates, "ok": True}


async def _empty(conn: Connection, batches: int) -> None:
    """Everything that was put in must have come out."""
    left = await conn.fetchval("select count(*) from jobs")
    done = await conn.fetchval("select count(*) from jobs_done")
    if (left, done) != (0, ROWS * batches):
        raise AssertionError(f"the ceiling left {left} jobs and finished {done} of {ROWS * batches}")
