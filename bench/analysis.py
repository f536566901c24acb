"""A batch of five outlets, one of them dead, and the worker killed (-9) on the way: what becomes of the runs, what is
paid for each, and how long it takes beside the same outlets one after the other. All on loopback.

    python -m bench.analysis --batch              killed while some fetch and no question is on its way
    python -m bench.analysis --batch --thinking   killed while a model thinks: that question is lost, and asked again

Prints one JSON line. Exits 1 when a run is not where it should be, or a stored reply was bought twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import structlog
from aiohttp import web

from cid import bootstrap, settings
from cid.domain.ids import RunBatchId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.llm import Usage
from cid.domain.run import RunBatch, RunState, Wish
from cid.domain.tenants import Actor, Desk, Role, User
from cid.flows import runs as flow
from cid.llm.endpoints import Endpoint
from cid.pg.embedded import OWNER, Server, join
from cid.services import Services
from cid.settings import Settings
from cid.store import runs, tenants
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE
from tests import make, running
from tests.gpt import Gpt
from tests.vendor import Said

THINKS_S = 4.0
READS_S = (0.2, 0.5, 2.0, 4.0)
"""How long a page of each living outlet takes."""
OUTLETS = 5
KINDS = (JobKind.ANALYSE, JobKind.WAKE)
PATIENCE_S = 110.0
ABOUT = "exists (select from jsonb_array_elements(subjects) s where s ->> 1 = $1)"
SENTENCE = "The sixth quay opened on Monday, said the mayor, and {} ships came before noon to the new harbour. "


@dataclass
class World:
    """The outlets and the vendor."""

    sites: int = 0
    model: int = 0
    thinking: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    """Questions that reached the vendor, by outlet."""

    def outlet(self, number: int) -> str:
        """The last one is dead: nobody listens there."""
        return f"http://127.0.0.{number + 2}:{self.sites}/"

    @property
    def local(self) -> frozenset[str]:
        return frozenset(f"127.0.0.{number + 2}:{self.sites}" for number in range(OUTLETS))

    async def site(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        await asyncio.sleep(READS_S[int(host.rpartition(".")[2]) - 2])
        if request.path == "/":
            link = '<link rel="alternate" type="application/rss+xml" href="/news.xml" title="News">'
            return web.Response(text=f"<html><head>{link}</head><body>News</body></html>", content_type="text/html")
        if request.path == "/news.xml":
            return web.Response(text=_feed(str(request.url.origin())), content_type="application/rss+xml")
        if not request.path.startswith("/a/"):
            return web.Response(status=404)
        number = request.path.rpartition("/")[2]
        text = "".join(f"<p>{SENTENCE.format(n) * 3}</p>" for n in range(8))
        body = f"<html lang=en><title>Quay {number}</title><article><h1>Quay {number}</h1>{text}</article></html>"
        return web.Response(text=body, content_type="text/html")

    async def think(self, request: web.Request) -> web.StreamResponse:
        speech, body = Gpt(), await request.json()
        (subject,) = speech.subjects(body)
        self.asked[subject["outlet"]] += 1
        self.thinking += 1
        try:
            await asyncio.sleep(THINKS_S)
        finally:
            self.thinking -= 1
        text = json.dumps({"answers": [{**running.answer(), "id": subject["id"]}]})
        return web.json_response(speech.reply(body, Said(text=text), Usage(input=6000, output=1200)))


def _feed(origin: str) -> str:
    at = format_datetime(datetime.now(UTC) - timedelta(hours=2))
    rows = "".join(
        f"<item><title>Quay {n} is open</title><link>{origin}/a/{n}</link><pubDate>{at}</pubDate>"
        f"<description>{SENTENCE.format(n)}</description></item>"
        for n in range(1, 5)
    )
    return f'<rss version="2.0"><channel><title>Courier</title><link>{origin}/</link>{rows}</channel></rss>'


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made = World()
    living = [f"127.0.0.{n + 2}" for n in range(OUTLETS - 1)]
    async with _served(made.site, living) as made.sites, _served(made.think, ["127.0.0.1"]) as made.model:
        yield made


@asynccontextmanager
async def _served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], hosts: Sequence[str]
) -> AsyncIterator[int]:
    """The same port at every host."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = 0
    for host in hosts:
        await web.TCPSite(runner, host, port).start()
        port = port or runner.addresses[0][1]
    try:
        yield port
    finally:
        await runner.cleanup()


def set_up(folder: str, sites: int, model: int) -> Settings:
    """The shipped settings, but for where outlets and the vendor are."""
    there = World(sites=sites)
    env = {"CID_DATA": folder, "CID_MODELS": "quality=openai/gpt-6.1-terra", "OPENAI_API_KEY": "k", "CID_LOG": "json"}
    given = settings.read(env)
    vendor = Endpoint(name="openai", base_url=f"http://127.0.0.1:{model}/v1", key="OPENAI_API_KEY")
    return replace(given, endpoints=(*given.endpoints, vendor), allow_local=there.local)


class Worker:
    """A process of its own, that can be killed."""

    def __init__(self, folder: str, there: World) -> None:
        args = [folder, str(there.sites), str(there.model)]
        self.log = (Path(folder) / "workers.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.analysis", "--worker", *args], stdout=self.log, stderr=self.log
        )

    def end(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        self.process.wait(30)
        self.log.close()


async def work(folder: str, sites: int, model: int) -> None:
    """What a worker's process does until it is told to stop."""
    given = set_up(folder, sites, model)
    to, stop = bootstrap.logins(given, join(Path(folder))), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with bootstrap.open_services(given, to) as services:
        table = {kind: TABLE[kind] for kind in KINDS}
        schedule = [one for one in given.schedule if one.name in KINDS]
        crew = Crew(services=services, dsn=to.worker, tuning=given.queue, table=table, schedule=schedule)
        await Process(crew).serve(stop, asyncio.Event())


async def person(sv: Services) -> Actor:
    """In a tenant with the analysis desk on."""
    tenant = TenantId(uuid4())
    async with sv.platform.tx() as tx:
        await tenants.add(tx, tenant, slug="bench", name="Bench", sample=False)
        await tenants.set_desks(tx, tenant, [Desk.ANALYSIS])
        user = await make.user(tx)
        await tx.execute("insert into members (tenant_id, user_id, role) values ($1, $2, 'analyst')", tenant, user)
        there = await tenants.by_id(tx, tenant)
    assert there
    return Actor(user=User(id=user, email="", name="Ann", admin=False), tenant=there, role=Role.ANALYST)


@dataclass(kw_only=True)
class Bench:
    sv: Services
    actor: Actor
    there: World
    owner: Any
    folder: str

    def wishes(self, name: str) -> list[Wish]:
        return [
            Wish(outlet=f"{name} {n + 1}", url=self.there.outlet(n), sources=("own_feed",), items="4")
            for n in range(OUTLETS)
        ]

    async def worker(self) -> Worker:
        """Warm: it beats."""
        known = await self._workers()
        worker = Worker(self.folder, self.there)
        async with asyncio.timeout(60):
            while await self._workers() <= known:  # noqa: ASYNC110 - another process says nothing
                await asyncio.sleep(0.05)
        return worker

    async def _workers(self) -> set[Any]:
        return {row["id"] for row in await self.owner.fetch("select id from workers")}

    async def batch(self, id_: RunBatchId) -> RunBatch:
        async with self.sv.db.read(self.actor.tenant.id) as tx:
            found = await runs.batch(tx, self.actor.tenant.id, id_)
        assert found
        return found

    async def until(self, id_: RunBatchId, met: Callable[[RunBatch], Awaitable[bool]]) -> RunBatch:
        async with asyncio.timeout(PATIENCE_S):
            while not await met(found := await self.batch(id_)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        return found

    async def over(self, batch: RunBatch) -> bool:
        return all(run.over for run in batch.runs)

    async def in_peace(self, batch: RunBatch) -> bool:
        states = {run.state for run in batch.runs}
        if not {RunState.COMPLETED, RunState.FETCHING} <= states or self.there.thinking:
            return False
        return not await self.owner.fetchval("select count(*) from calls where state = 'sent'")

    async def in_thought(self, batch: RunBatch) -> bool:
        return bool(self.there.thinking) and any(run.state is RunState.COMPLETED for run in batch.runs)

    async def taken_up(self, id_: RunBatchId, at: RunBatch) -> list[float]:
        """Of each run that was under way at the kill: seconds from its start to its last hand-out."""
        ids = [str(run.id) for run in at.runs if not run.over]
        rows = await self.owner.fetch(
            """select extract(epoch from max(d.started_at) - r.created_at)::float8 as s
               from jobs_done d join runs r on r.id::text = d.payload ->> 'run'
               where d.payload ->> 'run' = any ($1) and r.batch_id = $2 group by r.id, r.created_at order by r.id""",
            ids,
            id_,
        )
        return [round(row["s"], 1) for row in rows]

    async def paid(self, batch: RunBatch) -> list[dict[str, Any]]:
        """By run: what the ledger has, and what reached the vendor."""
        told = []
        for run in batch.runs:
            rows = await self.owner.fetch(f"select state from calls where {ABOUT}", str(run.id))
            states = Counter(row["state"] for row in rows)
            sent = self.there.asked[run.outlet]
            told.append({"state": _told(run.state, run.failure), "calls": dict(states), "sent": sent})
        return told


def _told(state: RunState, failure: str | None) -> str:
    return f"{state}({failure})" if failure else str(state)


async def measured(folder: str, server: Server, *, thinking: bool) -> dict[str, Any]:
    async with world() as there:
        given = set_up(folder, there.sites, there.model)
        to = bootstrap.logins(given, str(server.sockets))
        await bootstrap.prepare(given, to, server)
        owner = await asyncpg.connect(server.dsn(OWNER, "cid"))
        async with bootstrap.open_services(given, to) as sv:
            bench = Bench(sv=sv, actor=await person(sv), there=there, owner=owner, folder=folder)
            try:
                return await _measured(bench, thinking=thinking)
            finally:
                await owner.close()


async def _measured(bench: Bench, *, thinking: bool) -> dict[str, Any]:
    first = await bench.worker()
    began = time.perf_counter()
    id_ = await flow.start_batch(bench.sv, bench.actor, "Killed", bench.wishes("Killed"))
    answered = time.perf_counter() - began
    at = await bench.until(id_, bench.in_thought if thinking else bench.in_peace)
    first.end(signal.SIGKILL)
    killed_after, states = time.perf_counter() - began, [str(run.state) for run in at.runs]
    second = await bench.worker()
    warm_after_s = time.perf_counter() - began
    try:
        batch = await bench.until(id_, bench.over)
        killed_s = time.perf_counter() - began
        began = time.perf_counter()
        whole = await flow.start_batch(bench.sv, bench.actor, "Whole", bench.wishes("Whole"))
        await bench.until(whole, bench.over)
        batch_s, began = time.perf_counter() - began, time.perf_counter()
        for number, wish in enumerate(bench.wishes("Serial")):
            one = await flow.start_batch(bench.sv, bench.actor, f"Serial {number}", [wish])
            await bench.until(one, bench.over)
        serial_s = time.perf_counter() - began
    finally:
        second.end(signal.SIGTERM)
    runs_ = await bench.paid(batch)
    return {
        "what": "a batch of five outlets, one dead, the worker killed on the way",
        "killed": "while a model thinks" if thinking else "between questions",
        "start_answered_s": round(answered, 3),
        "killed_after_s": round(killed_after, 1),
        "states_at_the_kill": states,
        "next_worker_after_s": round(warm_after_s, 1),
        "taken_up_after_s": await bench.taken_up(id_, at),
        "batch": str(batch.state),
        "runs": runs_,
        "answers_bought_twice": sum(run["calls"].get("answered", 0) > 1 for run in runs_),
        "questions_lost_with_the_process": sum(run["sent"] - run["calls"].get("answered", 0) for run in runs_),
        "minutes_killed": round(killed_s / 60, 2),
        "minutes_batch": round(batch_s / 60, 2),
        "minutes_serial": round(serial_s / 60, 2),
    }


def right(found: Mapping[str, Any]) -> bool:
    states = [run["state"] for run in found["runs"]]
    alive = states[:-1] == ["completed"] * (OUTLETS - 1)
    return alive and states[-1] == "failed(sources)" and not found["answers_bought_twice"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--batch", action="store_true", help="the batch (there is nothing else yet)")
    parser.add_argument("--thinking", action="store_true", help="kill while a model thinks")
    parser.add_argument("--worker", nargs=3, metavar=("FOLDER", "SITES", "MODEL"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        folder, sites, model = asked.worker
        asyncio.run(work(folder, int(sites), int(model)))
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        server = Server(Path(folder), durable=False)
        server.start()
        try:
            found = asyncio.run(measured(folder, server, thinking=asked.thinking))
        finally:
            server.stop()
    print(json.dumps(found))
    return 0 if right(found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
