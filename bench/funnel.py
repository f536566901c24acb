"""What becomes of real headlines on three desks: the funnel gate by gate, why stories were dropped, and what it cost.

    python -m bench.funnel FILE.csv [--model offline | scripted] [--step 10] [--rows N]

FILE has the columns title, publisher, published_ms and url. Its hours pass in steps of so many minutes on the clock of
the database: what was published in a step is seen, grouped, judged, gathered, drafted and reviewed before the next one
begins. `offline` computes every answer and costs nothing. `scripted` says the same, as `anthropic` would charge for it:
three bytes are a token, a prefix that repeats within five minutes is read from the cache, drafts and revisions are as
long as such texts are, and every third review finds something to mend. One JSON line for each desk, one for all.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg

from cid import settings
from cid.domain.ids import PLATFORM, ItemId, SourceId, TenantId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Caps, Raw, Usage, Wire
from cid.domain.news import Entry, SourceKind
from cid.domain.policy import GatePolicy
from cid.domain.tenants import Profile
from cid.llm.offline import Offline
from cid.outside.children import ChildPool
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import care
from cid.queue import jobs as queue
from cid.services import Outside, Services
from cid.store import items
from cid.store import sources as store
from cid.store.items import Report
from cid.text.clean import TITLE_LIMIT, line
from cid.text.html import plain
from cid.text.urls import canonical
from cid.workers.table import TABLE
from tests import funnel, make
from tests.chaos.field import Grounds
from tests.chaos.grounds import grounds
from tests.conftest import TEMPLATE
from tests.fakes import FakeHttp, FrozenClock

KINDS = (
    JobKind.RULES,
    JobKind.RELATE,
    JobKind.ASSESS,
    JobKind.GATHER,
    JobKind.FIT,
    JobKind.DRAFT,
    JobKind.REVIEW,
    JobKind.TRACK,
)
AFTER = timedelta(hours=3)
"""Past the last headline: until nobody waits for signal."""
PROFILES: Mapping[str, Profile] = {
    "business": Profile(
        industry="retail, energy and housing finance",
        geography=(),
        keywords=("Fannie Mae", "Freddie Mac", "housing", "stocks", "sales", "gas", "oil", "eBay", "Bitcoin", "Mt. Gox",
                  "General Motors", "GM", "recall", "McDonald's", "American Eagle", "Dick's", "Herbalife"),
        excluded=("casino", "lottery"),
        primary_audience="owners of shops and investors who follow earnings, recalls and energy prices",
        secondary_audience="drivers and home owners touched by a recall or a reform",
        pain_points=("what a recall or a reform costs", "bankruptcies and hacked exchanges", "gas prices"),
        business_goal="explain what a quarter, a bill or a probe changes for them",
        preferred_angles=("what it costs, and by when",),
    ),
    "games": Profile(
        industry="video games and consumer technology",
        geography=(),
        keywords=("Titanfall", "Xbox", "Xbox One", "iPhone", "Google", "Twitter", "Neil Young", "music player", "SXSW"),
        primary_audience="players and buyers of consoles, phones and apps who ask when, where and for how much",
        pain_points=("launch problems", "prices of subscriptions"),
        business_goal="be the first guide to a launch",
        preferred_angles=("when it starts and what it costs",),
    ),
    "culture": Profile(
        industry="television, film and music",
        geography=(),
        keywords=("The Bachelor", "Game of Thrones", "True Detective", "HBO", "Miley Cyrus", "Cosmos", "Zac Efron",
                  "trailer", "season"),
        excluded=("recall",),
        primary_audience="viewers who follow series, finales and their stars",
        pain_points=("spoilers", "streams that break down"),
        business_goal="say what happened and where to watch",
        preferred_angles=("what happened, without gossip",),
    ),
}  # fmt: skip
LONG: Mapping[str, int] = {"draft": 4900, "revise": 900, "review": 390}
"""Output tokens where an extract is shorter than what a model writes: draft 3,000 x 1.3 and 1,000 of thinking."""
SEEDED: Mapping[str, tuple[int, float]] = {
    "relevance": (3000, 0.30),
    "evidence": (150, 0.0),
    "fit": (150, 0.045),
    "draft": (150, 2.25),
    "review": (195, 0.0585),
    "revise": (45, 0.675),
}
"""Judgements a month of one tenant, and the dollars that were once promised for them."""
FUNNEL = """
select desk, gate, outcome, reason, count(*) as n from verdicts where tenant_id = $1
group by 1, 2, 3, 4 order by 1, 2, 3, 5 desc
"""
CALLS = """
select stage, count(*) as calls, sum(jsonb_array_length(subjects)) as asked, sum(input) as input,
       sum(cache_read) as cache_read, sum(cache_write + cache_write_1h) as cache_write, sum(output) as output,
       sum(cost) as dollars
from calls where tenant_id = $1 group by 1 order by 1
"""
DRAFTS = "select state, count(*) as n from drafts where tenant_id = $1 group by 1 order by 1"
REVIEWS = "select outcome, count(*) as n from reviews where tenant_id = $1 group by 1 order by 1"
SCREENED = """
select desk, state, stage, waiting_for, count(*) as n from screenings where tenant_id = $1
group by 1, 2, 3, 4 order by 1, 2
"""
MADE = """
select (select count(*) from items) as items, (select count(*) from stories where merged_into is null) as stories,
       (select count(*) from jobs_dead) as dead, (select count(*) from jobs) as jobs_left
"""
FOLLOW = """
insert into subscriptions (tenant_id, id, source_id, trust)
select t.id, gen_random_uuid(), s.id, 0.8 from tenants t cross join sources s
where t.id = any($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    publisher: str
    url: str
    after: timedelta
    """The first headline of the file."""


@dataclass
class Scripted:
    """Offline's answers at a vendor's price."""

    name: str = "anthropic"
    offline: Offline = field(default_factory=Offline)
    clock: FrozenClock = field(default_factory=FrozenClock)
    reviews: int = 0
    cached: dict[str, datetime] = field(default_factory=dict)

    async def complete(self, wire: Wire) -> Raw:
        raw = await self.offline.complete(wire)
        text = self._said(wire, raw.text)
        prompt = "".join(wire.system)
        cacheable = _tokens(prompt) if _tokens(prompt) >= 512 else 0
        fresh = self.clock.now() - self.cached.get(prompt, datetime.min.replace(tzinfo=UTC)) < timedelta(minutes=5)
        self.cached[prompt] = self.clock.now()
        rest = _tokens(prompt + wire.document + wire.instruction + json.dumps(wire.schema)) - cacheable
        usage = Usage(
            input=rest,
            cache_read=cacheable if fresh else 0,
            cache_write=0 if fresh else cacheable,
            output=max(_tokens(text), LONG.get(wire.stage, 0)),
        )
        return replace(raw, text=text, usage=usage, model=wire.model)

    def _said(self, wire: Wire, text: str) -> str:
        """Two of three stories that name a keyword are relevant, three of four of those suit the readers, and every
        third first review comes to a score that calls for a revision."""
        said = json.loads(text)
        for answer in said["answers"]:
            given = wire.inputs[answer["id"]]
            match wire.stage:
                case "relevance":
                    answer["score"] = 75 if answer["matched"] and _chance(given["title"]) % 3 else 35
                case "fit":
                    suits = 0.8 if _chance(given["headline"]) % 4 else 0.4
                    answer |= {"audience_relevance": suits, "business_relevance": suits, "actionability": suits}
                case "review":
                    self.reviews += 1
                    answer["score"] = 78 if self.reviews % 3 == 0 else 90
        return json.dumps(said, ensure_ascii=False)


def _chance(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


def _tokens(text: str) -> int:
    return len(text.encode()) // 3


def read(file: Path, most: int | None) -> list[Headline]:
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = sorted(csv.DictReader(handle), key=lambda row: int(row["published_ms"]))[:most]
    first = int(rows[0]["published_ms"])
    return [
        Headline(
            line(plain(row["title"]), TITLE_LIMIT),
            row["publisher"],
            canonical(row["url"]) or f"https://row.invalid/{n}",
            timedelta(milliseconds=int(row["published_ms"]) - first),
        )
        for n, row in enumerate(rows)
    ]


@dataclass
class Room:
    """A database of its own whose clock is turned by hand."""

    name: str
    made: Grounds
    sv: Services
    owner: asyncpg.Connection[asyncpg.Record]
    clock: FrozenClock
    pools: Sequence[asyncpg.Pool[asyncpg.Record]]
    offset: timedelta = timedelta()

    async def advance(self, by: timedelta) -> None:
        self.offset += by
        self.clock.advance(by)
        admin = await asyncpg.connect(self.made.server.dsn(ADMIN, self.name))
        await admin.execute(f"alter database {self.name} set cid.clock_offset = '{self.offset.total_seconds():.0f} s'")
        await admin.close()
        await self.owner.execute(
            "select set_config('cid.clock_offset', $1, false)", f"{self.offset.total_seconds():.0f} s"
        )
        for pool in self.pools:
            await pool.expire_connections()

    async def work(self, tenants: Sequence[TenantId]) -> None:
        """Everything that is ready, until nothing is."""
        busy = True
        while busy:
            busy = False
            async with self.sv.platform.tx() as tx:
                await care.move_due(tx)
            jobs = await make.claimed(self.owner, JobKind.GROUP, PLATFORM)
            for some in _in_groups(jobs, JobKind.GROUP):
                busy = True
                await TABLE[JobKind.GROUP].flow(self.sv, some)
            for kind in KINDS:
                if kind in TABLE:
                    busy |= any([await self._of(kind, tenant) for tenant in tenants])

    async def _of(self, kind: JobKind, tenant: TenantId) -> bool:
        jobs = await make.claimed(self.owner, kind, tenant)
        for some in _in_groups(jobs, kind):
            await TABLE[kind].flow(self.sv, some)
        return bool(jobs)

    async def wake(self) -> None:
        async with self.sv.platform.tx() as tx:
            await queue.enqueue(tx, NewJob(kind=JobKind.WAKE, tenant=PLATFORM))
        jobs = await make.claimed(self.owner, JobKind.WAKE, PLATFORM)
        await TABLE[JobKind.WAKE].flow(self.sv, jobs)


def _in_groups(jobs: Sequence[Job], kind: JobKind) -> Iterator[Sequence[Job]]:
    size = TABLE[kind].group
    for start in range(0, len(jobs), size):
        yield jobs[start : start + size]


async def replayed(made: Grounds, said: Sequence[Headline], model: str, step: timedelta) -> list[dict[str, Any]]:
    name = "cid_test_funnel"
    admin = await asyncpg.connect(made.server.dsn(ADMIN, "postgres"))
    await admin.execute(f"create database {name} template {TEMPLATE} owner {OWNER}")
    await admin.close()
    clock = FrozenClock(datetime.now(UTC))
    pools = [await open_pool(made.server.dsn(role, name), size=4, clock=clock) for role in (APP, WORKER)]
    owner = await asyncpg.connect(made.server.dsn(OWNER, name))
    async with ChildPool() as children:
        db, platform = AppDb(pools[0]), WorkerDb(pools[1])
        provider = Offline() if model == "offline" else Scripted(clock=clock)
        chosen = funnel.models()
        chosen = replace(chosen, caps=Caps(), paces={})
        if model == "offline":
            chosen = chosen.with_tiers(cheap=settings.OFFLINE_MODEL, quality=settings.OFFLINE_MODEL)
        sv = replace(
            make.services(
                db,
                platform,
                llm=funnel.router(db, clock, provider, models=chosen),
                outside=Outside(http=FakeHttp(), children=children, sources={}, channels={}),
                clock=clock,
            ),
            policy=_policy(model),
        )
        room = Room(name, made, sv, owner, clock, pools)
        tenants = [await make.tenant(platform, slug, profile) for slug, profile in PROFILES.items()]
        began = time.perf_counter()
        await _pass(room, said, tenants, step)
        took = time.perf_counter() - began
        lines = [await _line(room, slug, tenant) for slug, tenant in zip(PROFILES, tenants, strict=True)]
    lines.append(await _all(room, lines, took, model))
    await owner.close()
    for pool in pools:
        pool.terminate()
    return lines


def _policy(model: str) -> GatePolicy:
    """The shipped one, with room in the plan for all. What is scripted is copied from the reports: no fault here."""
    policy = settings.read({}).gates
    policy = replace(policy, drafting=replace(policy.drafting, per_day=1000, per_week=1000))
    if model == "offline":
        return policy
    return replace(policy, checks=replace(policy.checks, run_words=10_000, copied_major=1.0, copied_critical=1.0))


async def _pass(room: Room, said: Sequence[Headline], tenants: Sequence[TenantId], step: timedelta) -> None:
    sources = await _sources(room, said, tenants)
    end, steps = said[-1].after + AFTER, iter(_steps(said, step))
    number, coming = next(steps)
    for at in range(int(end / step) + 1):
        await room.advance(step)
        if at == number:
            await _seen(room, coming, sources)
            number, coming = next(steps, (-1, []))
        await room.wake()
        await room.work(tenants)


def _steps(said: Sequence[Headline], step: timedelta) -> Iterator[tuple[int, list[Headline]]]:
    for number, some in groupby(said, lambda one: int(one.after / step)):
        yield number, list(some)


async def _sources(room: Room, said: Sequence[Headline], tenants: Sequence[TenantId]) -> dict[str, SourceId]:
    found: dict[str, SourceId] = {}
    async with room.sv.platform.tx() as tx:
        for publisher in dict.fromkeys(one.publisher for one in said):
            found[publisher] = SourceId(uuid7(room.clock.now()))
            await store.add(
                tx,
                found[publisher],
                owner=None,
                kind=SourceKind.RSS,
                url=f"https://feeds.invalid/{found[publisher]}",
                title=publisher,
                publisher=publisher,
                sample=False,
                interval_s=600,
                config={},
            )
    await room.owner.execute(FOLLOW, tenants)
    return found


async def _seen(room: Room, some: Sequence[Headline], sources: Mapping[str, SourceId]) -> None:
    now = room.clock.now()
    reports = [
        Report(
            source=sources[one.publisher],
            owner=None,
            sample=False,
            entries=[
                Entry(
                    key=one.url,
                    url=one.url,
                    title=one.title,
                    summary=f"{one.title} ({one.publisher})",
                    publisher=one.publisher,
                    published_at=now,
                )
            ],
            at=now,
            screened=1,
        )
        for one in some
    ]
    async with room.sv.platform.tx() as tx:
        await items.add(tx, reports)
        by_url = await items.ids_by_url(tx, [one.url for one in some])
        await queue.enqueue(
            tx,
            *(
                NewJob(kind=JobKind.GROUP, tenant=PLATFORM, payload={"item": str(id_)}, dedupe=str(id_))
                for id_ in sorted(set(map(ItemId, by_url.values())))
            ),
        )


async def _line(room: Room, slug: str, tenant: TenantId) -> dict[str, Any]:
    gates: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await room.owner.fetch(FUNNEL, tenant):
        gates[row["gate"]][f"{row['outcome']} {row['reason']}"] = row["n"]
    stages = {row["stage"]: dict(row) for row in await room.owner.fetch(CALLS, tenant)}
    for stage in stages.values():
        del stage["stage"]
        stage["fill"] = round(stage["asked"] / stage["calls"], 2)
        stage["dollars"] = round(float(stage["dollars"] or 0), 6)
    return {
        "desk": slug,
        "gates": gates,
        "screenings": {_name(row): row["n"] for row in await room.owner.fetch(SCREENED, tenant)},
        "drafts": {row["state"]: row["n"] for row in await room.owner.fetch(DRAFTS, tenant)},
        "reviews": {row["outcome"]: row["n"] for row in await room.owner.fetch(REVIEWS, tenant)},
        "calls": stages,
    }


def _name(row: asyncpg.Record) -> str:
    return " ".join(filter(None, (row["desk"], row["state"], row["stage"], row["waiting_for"])))


async def _all(room: Room, lines: Sequence[dict[str, Any]], took: float, model: str) -> dict[str, Any]:
    number = await room.owner.fetchrow(MADE)
    assert number
    return {"model": model, **dict(number), "seconds": round(took, 1), "month": _month(lines)}


def _month(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Dollars of one tenant at the volumes once planned, from what a judgement cost here."""
    asked: dict[str, int] = defaultdict(int)
    dollars: dict[str, float] = defaultdict(float)
    for one in lines:
        for stage, used in one["calls"].items():
            name = "evidence" if stage.startswith("evidence") else stage
            asked[name] += used["asked"]
            dollars[name] += used["dollars"]
    stages = {
        name: round(dollars[name] / asked[name] * number, 4) if asked[name] else None
        for name, (number, _) in SEEDED.items()
    }
    return {
        "stages": stages,
        "dollars": round(sum(cost or 0 for cost in stages.values()), 2),
        "promised": round(sum(cost for _, cost in SEEDED.values()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", choices=("offline", "scripted"), default="offline")
    parser.add_argument("--step", type=int, default=10, help="minutes")
    parser.add_argument("--rows", type=int)
    asked = parser.parse_args()
    said = read(asked.file, asked.rows)
    with grounds() as made:
        for one in asyncio.run(replayed(made, said, asked.model, timedelta(minutes=asked.step))):
            print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main()
