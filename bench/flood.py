"""From poll to gate 1: many new items at once, as after an outage, through the desk's own queue.

    python -m bench.flood [--feeds 400] [--entries 50] [--file FILE.csv]

Every feed is due at once and brings `entries` items; nothing is held back as seen. One JSON line: items a second from
the first poll to the last verdict of gate 1, and what the hand-outs of each kind took. Titles are made up, or those of
a CSV (column `title`) with other names and numbers each time they are used. Postgres, desk and feeds share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from bench.feeds import SUBJECTS, make
from bench.poll import DUE, FILL
from bench.stories import renamed
from cid import bootstrap, settings
from cid.cli import frame
from cid.domain.jobs import Job, JobKind
from cid.domain.tenants import Profile
from cid.flows import people
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE, Flow

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from cid.pg.roles import Logins

KINDS = (JobKind.POLL, JobKind.GROUP, JobKind.RULES)
LIMIT_S = 150
LEFT = """
select exists (select from sources where polled_at is null) as polls,
       exists (select from jobs where kind = 'group') as groups,
       exists (select from jobs where kind = 'rules') as rules
"""


MADE = """
select (select count(*) from items) as items, (select count(*) from stories where merged_into is null) as stories,
       (select count(*) from stories where merged_into is not null) as merged,
       (select count(*) from screenings) as screenings, (select count(*) from jobs_dead) as dead
"""


def titles(file: Path | None, wanted: int) -> list[str]:
    if file is None:
        return [item.title for item in make(100, wanted // 2, 1)][:wanted]
    with file.open(encoding="utf-8-sig", newline="") as handle:
        some = [row["title"] for row in csv.DictReader(handle)]
    return [renamed(some[number % len(some)], number // len(some)) for number in range(wanted)]


def served(feeds: int, said: Sequence[str], port: Connection) -> None:
    """Each feed has every so many-th title: what one story is told by lies apart."""
    asyncio.run(_served(feeds, said, port))


async def _served(feeds: int, said: Sequence[str], port: Connection) -> None:
    bodies = [_rss(feed, feeds, said) for feed in range(1, feeds + 1)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        body = bodies[int(line.removeprefix("/feed/")) - 1]
        head = (
            "HTTP/1.1 200 OK",
            "Content-Type: application/rss+xml",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        writer.write("\r\n".join((*head, "", "")).encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _rss(feed: int, feeds: int, said: Sequence[str]) -> bytes:
    began = time.time() - 600
    items = "".join(
        f"<item><title>{escape(said[number])}</title><link>https://paper-{feed}.example/{number}</link>"
        f"<pubDate>{formatdate(began + number * 0.02)}</pubDate>"
        f"<description>{escape(said[number])}. Our own reporter was there and tells it at length.</description></item>"
        for number in range(feed - 1, len(said), feeds)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Paper {feed}</title>{items}</channel></rss>'.encode()
    )


def timed(kind: JobKind, spent: dict[str, list[float]]) -> Flow:
    flow = TABLE[kind].flow

    async def run(sv: Services, jobs: Sequence[Job]) -> None:
        began = time.perf_counter()
        try:
            await flow(sv, jobs)
        finally:
            spent[kind].append(time.perf_counter() - began)

    return run


async def measured(to: Logins, given: settings.Settings, base: str, feeds: int) -> dict[str, Any]:
    given = replace(given, gates=replace(given.gates, polling=replace(given.gates.polling, first=10_000)))
    owner = await asyncpg.connect(to.owner, command_timeout=60)
    stop, spent = asyncio.Event(), defaultdict[str, list[float]](list)
    async with bootstrap.open_services(given, to) as services, asyncio.TaskGroup() as group:
        tenant = await owner.fetchval(
            "insert into tenants (id, slug, name) values (gen_random_uuid(), 'bench', 'Bench') returning id"
        )
        await people.set_profile(services, slug="bench", profile=Profile(keywords=SUBJECTS))
        await owner.execute(FILL, feeds, base, tenant)
        await owner.execute("analyze")
        table = {kind: replace(TABLE[kind], flow=timed(kind, spent)) for kind in KINDS}
        crew = Crew(services=services, dsn=to.worker, tuning=given.queue, table=table)
        serving = group.create_task(Process(crew).serve(stop, asyncio.Event()))
        await asyncio.sleep(1)
        began, cpu = time.perf_counter(), time.process_time()
        await owner.execute(DUE)
        ends: dict[str, float] = {}
        while time.perf_counter() - began < LIMIT_S:
            await asyncio.sleep(0.25)
            left = await owner.fetchrow(LEFT)
            assert left
            after = round(time.perf_counter() - began, 2)
            for name, over in (("polled_s", "polls"), ("placed_s", "groups"), ("judged_s", "rules")):
                if left[over]:
                    break
                ends.setdefault(name, after)
            if "judged_s" in ends:
                break
        cpu = time.process_time() - cpu
        rows = await owner.fetchrow(MADE)
        stop.set()
        await serving
    await owner.close()
    assert rows
    return {
        "bench": "flood",
        "feeds": feeds,
        **dict(rows),
        **ends,
        "items_per_s": round(rows["items"] / ends["judged_s"]) if "judged_s" in ends else None,
        "desk_cpu_s": round(cpu, 1),
        "hand_outs": {
            kind: {"number": len(took), "seconds": round(sum(took), 1), "longest_s": round(max(took), 2)}
            for kind, took in spent.items()
        },
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=400)
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    said = titles(chosen.file, chosen.feeds * chosen.entries)
    mine, theirs = multiprocessing.Pipe()
    farm = multiprocessing.get_context("spawn").Process(target=served, args=(chosen.feeds, said, theirs), daemon=True)
    farm.start()
    port = mine.recv()
    with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
        env = {**os.environ, "CID_DATA": folder, "CID_ALLOW_LOCAL": f"127.0.0.1:{port}", "CID_MODELS": "offline"}
        given = settings.read(env)
        frame.set_up_logs(given, quiet=True)
        try:
            with frame.database(given) as (to, server):
                asyncio.run(bootstrap.prepare(given, to, server))
                print(json.dumps(asyncio.run(measured(to, given, f"http://127.0.0.1:{port}", chosen.feeds))))
        finally:
            farm.terminate()


if __name__ == "__main__":
    main()
