"""Gate 1 at length: many items, judged by several tenants, through the desk's own queue, flow and SQL.

    python -m bench.rules [--items 100000] [--tenants 10] [--keywords 500] [--judge 200000]

The items lie in the database, each at one of 100 public sources, three to a story; every tenant takes all sources and
has `keywords` keywords, of which about one item in five names one. Each tenant judges the same share of the items, all
of them where `judge` (items × tenants) is large enough. One JSON line: judgements a second over all tenants, what the
desk and its sessions used of the processors for them, judgements a second of processor time of the pure part alone, and
what Postgres takes to read the 500 items of a hand-out, of the first and of the last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from bench.feeds import SUBJECTS, make
from cid import bootstrap, settings
from cid.cli import frame
from cid.domain.ids import ItemId, TenantId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tenants import Desk, Profile
from cid.flows import people
from cid.gates import gate1_rules
from cid.pg.roles import Logins
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import items as item_store
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE

SOURCES, A_STORY, LIMIT_S, BATCH = 100, 3, 300, 5000
SUMMARY = (
    "The office of the town said so on Tuesday, after a night of talks about costs, dates and who is to pay for them."
)
LEFT = "select count(*) from jobs where kind = 'rules'"
SAID = "select outcome, count(*) as n from verdicts where gate = 'rules' group by 1 order by 1"


def profile(tenant: int, keywords: int) -> Profile:
    """Ten words that news is made of, of which a tenant watches two, among names that hardly anybody writes about."""
    dice = random.Random(tenant)
    names = {item.title.rsplit(" ", 2)[-1] for item in make(1, keywords, 1, seed=1000 + tenant)}
    watched = dice.sample([f"{subject}s" for subject in SUBJECTS], 2)
    rare = [f"{name} {dice.choice(('rate', 'permit', 'act'))}" for name in sorted(names)]
    return Profile(keywords=(*watched, *rare)[:keywords], excluded=("gaming", "horoscope", "lottery"))


async def fill(owner: asyncpg.Connection[asyncpg.Record], wanted: int, tenants: Sequence[TenantId]) -> list[ItemId]:
    now = datetime.now(UTC) - timedelta(hours=1)
    titles = [item.title for item in make(SOURCES, wanted // 2, 1)][:wanted]
    assert len(titles) == wanted
    sources, stories = ([uuid7(now) for _ in range(number)] for number in (SOURCES, wanted // A_STORY + 1))
    items = [uuid7(now) for _ in range(wanted)]
    await owner.execute(
        """insert into sources (id, kind, url, publisher, vetted)
           select id, 'rss', 'https://' || id || '.test/feed', id::text, true from unnest($1::uuid[]) as s (id)""",
        sources,
    )
    await owner.execute(
        """insert into subscriptions (tenant_id, id, source_id, trust) select t, gen_random_uuid(), s, 0.7
           from unnest($1::uuid[]) as t, unnest($2::uuid[]) as s""",
        tenants,
        sources,
    )
    await owner.execute("insert into stories (id, words) select id, '{}' from unnest($1::uuid[]) as s (id)", stories)
    await owner.execute(
        """insert into items (id, url, url_hash, title, summary, published_at, story_id, public)
           select id, 'https://news.test/' || id, sha256(id::text::bytea), title, title || '. ' || $3, $4, story, true
           from unnest($1::uuid[], $2::text[], $5::uuid[]) as i (id, title, story)""",
        items,
        titles,
        SUMMARY,
        now,
        [stories[number // A_STORY] for number in range(wanted)],
    )
    await owner.execute(
        """insert into sightings (id, item_id, source_id)
           select s, i, o from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as g (s, i, o)""",
        [uuid7(now) for _ in items],
        items,
        [sources[number % SOURCES] for number in range(wanted)],
    )
    await owner.execute("analyze")
    return [ItemId(item) for item in items]


async def tenants_of(sv: Services, number: int, keywords: int) -> list[TenantId]:
    made = []
    for place in range(number):
        tenant = await people.add_tenant(sv, name=f"Tenant {place}", slug=f"t{place}")
        await people.set_profile(sv, slug=tenant.slug, profile=profile(place, keywords))
        made.append(tenant.id)
    return made


async def hand_out(sv: Services, tenant: TenantId, items: Sequence[ItemId]) -> None:
    for start in range(0, len(items), BATCH):
        async with sv.db.tx(tenant) as tx:
            jobs = (
                NewJob(kind=JobKind.RULES, tenant=tenant, payload={"item": str(item)})
                for item in items[start : start + BATCH]
            )
            await queue.enqueue(tx, *jobs)


async def read(sv: Services, tenant: TenantId, items: Sequence[ItemId]) -> float:
    """Milliseconds that Postgres takes for a hand-out's items, as the tenant."""
    async with sv.db.tx(tenant) as tx:
        told = await tx.fetchval(
            f"explain (analyze, format json) {item_store.UNJUDGED}", tenant, list(items), [Desk.PUBLISHING], []
        )
    (plan,) = json.loads(told) if isinstance(told, str) else told
    return float(plan["Execution Time"])


async def postgres_cpu(owner: asyncpg.Connection[asyncpg.Record]) -> float:
    """Seconds that the sessions open now have used."""
    rows = await owner.fetch("select pid from pg_stat_activity where backend_type = 'client backend'")
    return sum(used(row["pid"]) for row in rows)


def used(pid: int) -> float:
    """/proc/PID/stat, fields 14 and 15; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pure(sv: Services, found: Sequence[item_store.Unjudged], tenants: int, keywords: int) -> int:
    """Items a second of processor time, of the decision alone."""
    now = sv.clock.now()
    sieves = [gate1_rules.sieve(sv.policy.rules, profile(place, keywords)) for place in range(tenants)]
    began = time.process_time()
    for sieve in sieves:
        for item in found:
            candidate = gate1_rules.Candidate(
                title=item.title, summary=item.summary, trust=item.trust, published_at=item.at, dated=item.dated
            )
            gate1_rules.judge(sieve, candidate, now)
    return round(len(sieves) * len(found) / (time.process_time() - began))


async def drained(owner: asyncpg.Connection[asyncpg.Record]) -> int:
    """How many are left: none, unless it takes too long."""
    for _ in range(LIMIT_S * 10):
        if not await owner.fetchval(LEFT):
            return 0
        await asyncio.sleep(0.1)
    return int(await owner.fetchval(LEFT))


async def measured(to: Logins, given: settings.Settings, chosen: argparse.Namespace) -> dict[str, Any]:
    owner = await asyncpg.connect(to.owner, command_timeout=300)
    stop = asyncio.Event()
    async with bootstrap.open_services(given, to) as sv, asyncio.TaskGroup() as group:
        tenants = await tenants_of(sv, chosen.tenants, chosen.keywords)
        items = await fill(owner, chosen.items, tenants)
        share = items[: max(500, chosen.judge // chosen.tenants)]
        first = await read(sv, tenants[0], share[:500])
        async with sv.db.read(tenants[0]) as tx:
            alone = pure(
                sv,
                await item_store.unjudged(tx, tenants[0], share[:2000], [Desk.PUBLISHING]),
                chosen.tenants,
                chosen.keywords,
            )
        for tenant in tenants:
            await hand_out(sv, tenant, share)
        await owner.execute("analyze jobs")
        table = {JobKind.RULES: TABLE[JobKind.RULES]}
        crew = Crew(services=sv, dsn=to.worker, tuning=given.queue, table=table)
        began, cpu = time.perf_counter(), time.process_time()
        serving = group.create_task(Process(crew).serve(stop, asyncio.Event()))
        left = await drained(owner)
        took, cpu, theirs = time.perf_counter() - began, time.process_time() - cpu, await postgres_cpu(owner)
        stop.set()
        await serving
        said = {row["outcome"]: row["n"] for row in await owner.fetch(SAID)}
        last = await read(sv, tenants[-1], items[-500:])
        dead = await owner.fetchval("select count(*) from jobs_dead")
    await owner.close()
    return {
        "bench": "rules",
        "items": len(items),
        "tenants": len(tenants),
        "keywords": chosen.keywords,
        "judged": sum(said.values()),
        "passed": said.get("pass", 0),
        "left": left,
        "dead": dead,
        "seconds": round(took, 1),
        "items_per_s": round(sum(said.values()) / took),
        "desk_cpu_s": round(cpu, 1),
        "postgres_cpu_s": round(theirs, 1),
        "load": os.getloadavg()[0],
        "pure_items_per_s": alone,
        "read_500_ms": {"first": round(first, 1), "last": round(last, 1)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("items", 100_000), ("tenants", 10), ("keywords", 500), ("judge", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        given = settings.read({**os.environ, "CID_DATA": folder, "CID_MODELS": "offline"})
        given = replace(given, data=Path(folder))
        frame.set_up_logs(given, quiet=True)
        with frame.database(given) as (to, server):
            asyncio.run(bootstrap.prepare(given, to, server))
            print(json.dumps(asyncio.run(measured(to, given, chosen))))


if __name__ == "__main__":
    main()
