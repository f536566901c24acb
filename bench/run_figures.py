"""The figures of the analysis desk at many runs: what the page and the endpoint take.

    python -m bench.run_figures [--runs 100000] [--tenants 3] [--times 60]

Every tenant has `runs` runs over a year, a twentieth of them failed, with a fetch each for every fifth; one of them is
asked for its page `/t/…/analysis`, for `/api/v1/metrics` and `/api/v1/api-status`, and for its list by each filter, one
after the other, through the desk's own server, sign-in and row policies. One JSON line: milliseconds at the 50th and
95th of 100 of each, and what the statements behind the figures cost in Postgres.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cid.domain.ids import TenantId
from cid.domain.programs import Scope
from cid.domain.run_figures import DAYS, LAST_FAILURES
from cid.flows import decide, tokens
from cid.pg import roles
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.migrate import migrate
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.store import run_figures
from cid.web.app import make_app
from tests import make, newsroom
from tests.fakes import FrozenClock
from tests.web.conftest import Person

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

DATABASE = "cid_test_run_figures"
LISTS = (
    "",
    "rating=excellent",
    "tlp=red",
    "country=NO",
    "platform=telegram",
    "outlet=outlet+7",
    "rating=good&tlp=red",
    "state=failed&country=NO",
    "rating=poor&state=failed",
)
"""Filters of the list: of red, Norway and Telegram there are ten runs each, the oldest; nothing is poor and failed."""
RUNS = """
insert into runs (tenant_id, id, outlet, outlet_key, country, platform, tlp, period, items, state, failure, detail,
  score, rating, created_at, ended_at)
select $1, gen_random_uuid(), 'Outlet ' || n % 500, 'outlet ' || n % 500, case when n > $2 - 10 then 'NO' else '' end,
  case when n > $2 - 10 then 'telegram' else 'news' end, case when n > $2 - 10 then 'red' else 'amber' end, 'm', 5,
  case when n % 20 = 0 then 'failed' else 'completed' end, case when n % 20 = 0 then 'sources' end,
  case when n % 20 = 0 then 'No source could be read.' else '' end, case when n % 20 > 0 then n % 71 end,
  case when n % 20 = 0 then '' else (array['excellent', 'good', 'acceptable', 'poor', 'failing'])[1 + n % 5] end,
  cid_now() - n * interval '365 days' / $2, cid_now()
from generate_series(1, $2::int) n
"""
FETCHES = """
insert into run_fetches (tenant_id, run_id, number, via, address, outcome, at)
select tenant_id, id, 1, (array['gdelt', 'serpapi', 'google_news'])[1 + score % 3], 'a', 'new', created_at
from runs where tenant_id = $1 and score % 5 = 0
"""
EXPLAIN = "explain (analyze, buffers, format json) "
STATEMENTS = {
    "sums": (run_figures.SUMS, ()),
    "recent": (run_figures.RECENT, ()),
    "days": (run_figures.DAILY, (DAYS,)),
    "failures": (run_figures.FAILURES, (LAST_FAILURES,)),
}


async def timed(times: int, work: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    """Milliseconds."""
    await work()
    took = []
    for _try in range(times):
        begun = time.perf_counter()
        await work()
        took.append((time.perf_counter() - begun) * 1000)
    took.sort()
    return {"p50": round(took[len(took) // 2], 1), "p95": round(took[int(len(took) * 0.95)], 1)}


async def fill(owner: asyncpg.Connection[asyncpg.Record], runs: int, tenants: int) -> None:
    for number in range(tenants - 2):
        await owner.execute(
            "insert into tenants (id, slug, name, sample) values (gen_random_uuid(), $1, $1, false)", f"more-{number}"
        )
    for row in await owner.fetch("select id from tenants where slug = 'acme' or slug like 'more-%' or slug = 'other'"):
        # a hundred thousand at once are not counted one by one: nobody ends so many in one transaction
        await owner.execute("alter table runs disable trigger user")
        await owner.execute(RUNS, row["id"], runs)
        await owner.execute("alter table runs enable trigger user")
        await owner.execute("select inspect.recount_runs($1)", row["id"])
        await owner.execute(FETCHES, row["id"])
    await owner.execute("vacuum analyze runs")
    await owner.execute("vacuum analyze run_fetches")
    await owner.execute("vacuum analyze run_sums")


async def read(app: Pool, tenant: UUID, sql: str, args: tuple[object, ...]) -> dict[str, float]:
    """What a statement costs in Postgres under a tenant's policies: milliseconds, and pages of 8 kB looked at."""
    async with AppDb(app).read(TenantId(tenant)) as tx:
        plan = json.loads(await tx.fetchval(EXPLAIN + sql, tenant, *args))[0]
    pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return {"ms": round(plan["Execution Time"], 2), "pages": pages}


async def measured(server: Server, runs: int, tenants: int, times: int) -> dict[str, Any]:
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await roles.ensure(admin, DATABASE)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, DATABASE))
    await migrate(owner)
    app = await open_pool(server.dsn(APP, DATABASE), size=4)
    worker = await open_pool(server.dsn(WORKER, DATABASE), size=4)
    sv = make.services(AppDb(app), WorkerDb(worker), clock=FrozenClock())
    await newsroom.furnish(sv)
    await fill(owner, runs, tenants)
    who = await decide.person(sv, "owner@acme.test", await decide.tenant_called(sv, "acme"))
    token = await tokens.add(sv, who, name="bench", scopes=[Scope.ANALYSIS_READ], life=timedelta(days=1))
    web = TestServer(make_app(sv))
    await web.start_server()
    base = str(web.make_url("/")).rstrip("/")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        person = await Person(session, base).sign_in("owner@acme.test")

        async def asked(path: str) -> None:
            await owner.execute("delete from limits")  # a token's pace is not what is measured
            answer = await session.get(base + path, headers={"Authorization": f"Bearer {token.secret}"})
            assert answer.status == 200, await answer.text()
            await answer.read()

        found = {
            "page_ms": await timed(times, lambda: person.text("/t/acme/analysis")),
            "metrics_ms": await timed(times, lambda: asked("/api/v1/metrics")),
            "api_status_ms": await timed(times, lambda: asked("/api/v1/api-status")),
            "lists_ms": {
                query: await timed(max(times // 4, 5), partial(person.text, f"/t/acme/runs?{query}")) for query in LISTS
            },
        }
    tenant = await owner.fetchval("select id from tenants where slug = 'acme'")
    cost = {name: await read(app, tenant, sql, args) for name, (sql, args) in STATEMENTS.items()}
    await web.close()
    for pool in (app, worker):
        await pool.close()
    await owner.close()
    return {
        "what": "the figures of the analysis desk",
        "runs": runs,
        "tenants": tenants,
        **found,
        "in_postgres": cost,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--tenants", type=int, default=3)
    parser.add_argument("--times", type=int, default=60)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        server = Server(Path(folder) / "pg", durable=False)
        server.start()
        try:
            print(json.dumps(asyncio.run(measured(server, wanted.runs, wanted.tenants, wanted.times))))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
