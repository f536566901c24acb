"""The desk on real input: feeds arrive, items become stories, screenings and drafts; optionally killed again and again.

    python -m bench.realrun                                    synthetic feeds of our own
    python -m bench.realrun --opml http://127.0.0.1:8901/opml  feeds that somebody else serves on loopback
    python -m bench.realrun --kills 20                         kill -9 the whole desk that often on the way

Prints one JSON line. Exits 1 when anything was lost, doubled or stuck.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import asyncpg

from bench.feeds import Feeds
from cid.pg.embedded import OWNER

EDITOR = "ed@desk.example"
PROFILE = Path(__file__).with_name("profile.toml")


class Desk:
    """One `cid up` on its own data folder, as a process that can be killed."""

    def __init__(self, data: Path, allow: str, interval: int) -> None:
        self.data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = os.environ | {
            "CID_ALLOW_LOCAL": allow,
            "CID_POLL_INTERVAL": str(interval),
            "CID_LOG": "json",
            "CID_MODELS": "offline",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        began = time.monotonic()
        with (self.data.parent / "desk.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cid", "up", "--port", str(self.port), "--data", self.data, "--no-sample"],
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self.ready():
            if self.process.poll() is not None:
                raise SystemExit((self.data.parent / "desk.log").read_text()[-2000:])
            time.sleep(0.1)
        return time.monotonic() - began

    def ready(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status == 200)
        return False

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def cid(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cid", *arguments, "--data", str(self.data)],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"cid {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    async def sql(self, statement: str) -> list[dict[str, Any]]:
        run = json.loads((self.data / "run.json").read_text())
        conn = await asyncpg.connect(f"postgresql://{OWNER}@/cid?host={run['socket']}")
        try:
            return [dict(row) for row in await conn.fetch(statement)]
        finally:
            await conn.close()

    def one(self, statement: str) -> Any:
        return next(iter(asyncio.run(self.sql(statement))[0].values()))

    def pss_mb(self) -> float:
        """Of our processes: the desk and its children, without Postgres."""
        assert self.process
        total = 0.0
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with contextlib.suppress(OSError, StopIteration, ValueError):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                mine = int(folder.name) == self.process.pid or (parent == self.process.pid and b"cid.workers" in line)
                if mine:
                    rollup = (folder / "smaps_rollup").read_text().splitlines()
                    total += next(int(row.split()[1]) for row in rollup if row.startswith("Pss:")) / 1024
        return round(total, 1)


UNSETTLED = """
select (select count(*) from jobs where kind <> 'poll' and kind <> 'wake' and kind <> 'tidy')
     + (select count(*) from jobs_dead) as n
"""


def first_sweep(desk: Desk) -> float:
    began = time.monotonic()
    while desk.one("select count(*) from sources where outcome is null"):
        time.sleep(0.5)
    return time.monotonic() - began


def settle(desk: Desk, limit: float) -> bool:
    """Until nothing is left to do but polling."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        busy = desk.one("select count(*) from jobs where kind not in ('poll', 'wake', 'tidy') and state <> 'scheduled'")
        if not busy:
            return True
        time.sleep(1)
    return False


def report(desk: Desk) -> dict[str, Any]:
    rows = asyncio.run(
        desk.sql("select gate, outcome, reason, count(*) as n from verdicts group by 1, 2, 3 order by 1, 2, 4 desc")
    )
    pace = asyncio.run(
        desk.sql(
            """select count(*) as drafts,
                 percentile_cont(0.5) within group (order by extract(epoch from d.created_at - d.found_at)) as p50,
                 percentile_cont(0.95) within group (order by extract(epoch from d.created_at - d.found_at)) as p95
               from drafts d"""
        )
    )[0]
    signal_to_draft = asyncio.run(
        desk.sql(
            """select percentile_cont(0.5) within group (order by extract(epoch from d.created_at - s.last)) as p50,
                      percentile_cont(0.95) within group (order by extract(epoch from d.created_at - s.last)) as p95
               from drafts d cross join lateral (
                 select max(i.first_seen_at) as last from items i
                 where i.story_id = d.story_id and i.first_seen_at <= d.created_at) s"""
        )
    )[0]
    return {
        "items": desk.one("select count(*) from items"),
        "doubled_items": desk.one("select count(*) from (select 1 from items group by url having count(*) > 1) x"),
        "doubled_sightings": desk.one(
            "select count(*) from (select 1 from sightings group by item_id, source_id having count(*) > 1) x"
        ),
        "unjudged": desk.one(
            "select count(*) from items i where not exists (select from verdicts v where v.item_id = i.id)"
        ),
        "judged_twice": desk.one(
            "select count(*) from (select 1 from verdicts where gate = 'rules' "
            "group by tenant_id, item_id having count(*) > 1) x"
        ),
        "stories": desk.one("select count(*) from stories"),
        "sources": {
            row["outcome"]: row["n"]
            for row in asyncio.run(desk.sql("select outcome, count(*) as n from sources group by 1 order by 2 desc"))
        },
        "funnel": {f"{row['gate']}/{row['outcome']}/{row['reason']}": row["n"] for row in rows},
        "screenings": {
            row["state"]: row["n"]
            for row in asyncio.run(desk.sql("select state, count(*) as n from screenings group by 1"))
        },
        "drafts": {
            row["state"]: row["n"]
            for row in asyncio.run(desk.sql("select state, count(*) as n from drafts group by 1"))
        },
        "found_to_draft_s": {key: float(pace[key]) if pace[key] is not None else None for key in ("p50", "p95")},
        "last_report_to_draft_s": {
            key: float(signal_to_draft[key]) if signal_to_draft[key] is not None else None for key in ("p50", "p95")
        },
        "dead_jobs": desk.one("select count(*) from jobs_dead"),
        "stuck_jobs": desk.one("select count(*) from jobs where state = 'running' and deadline < now()"),
        "calls_open": desk.one("select count(*) from calls where state = 'sent'"),
        "calls": desk.one("select count(*) from calls"),
    }


def errors(log: Path) -> list[str]:
    """Unhandled exceptions in the desk's log."""
    marks = ("Traceback", '"level": "error"', '"level": "critical"')
    lines = log.read_text(errors="replace").splitlines()
    return [line[:300] for line in lines if any(mark in line for mark in marks)]


def finished(opml: str, feeds: Feeds | None) -> bool:
    if feeds:
        return feeds.finished()
    with urllib.request.urlopen(opml.removesuffix("/opml") + "/stats", timeout=10) as answer:
        return bool(json.load(answer)["done"])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--opml")
    arguments.add_argument("--interval", type=int, default=30, help="seconds between polls of a feed")
    arguments.add_argument("--kills", type=int, default=0)
    arguments.add_argument("--sweeps", type=int, default=3, help="how many intervals to go on after the feeds ended")
    arguments.add_argument("--keep", type=Path, help="leave the data here")
    chosen = arguments.parse_args()
    room = chosen.keep or Path(tempfile.mkdtemp(prefix="cid-realrun-"))
    room.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        feeds = None if chosen.opml else stack.enter_context(Feeds())
        opml = chosen.opml or (feeds.opml if feeds else "")
        desk = Desk(room / "data", opml.split("/")[2], chosen.interval)
        out: dict[str, Any] = {"start_s": round(desk.start(), 2)}
        try:
            out["idle_mb"] = desk.pss_mb()
            desk.cid("tenants", "add", "Newsroom")
            desk.cid("tenants", "profile", "newsroom", str(PROFILE))
            desk.cid("users", "add", EDITOR, "--tenant", "newsroom")
            desk.cid("sources", "import", opml, "--tenant", "newsroom")
            out["first_sweep_s"] = round(first_sweep(desk), 1) if not chosen.kills else None
            out |= run(desk, chosen, opml, feeds)
            out["busy_mb"] = desk.pss_mb()
            out["settled"] = settle(desk, 240)
            out |= report(desk) | published(desk)
        finally:
            out["exit"] = desk.stop()
        out["errors"] = errors(room / "desk.log")[:10]
    print(json.dumps(out, default=str))
    if not chosen.keep:
        shutil.rmtree(room)
    wrong = (
        "doubled_articles",
        "unapproved",
        "doubled_items",
        "doubled_sightings",
        "judged_twice",
        "unjudged",
        "stuck_jobs",
        "dead_jobs",
    )
    sys.exit(any(out[key] for key in wrong) or not out["settled"])


def approve_ready(desk: Desk) -> int:
    """A person's decision on every draft that is ready; the desk is killed while it publishes them."""
    drafts = json.loads(desk.cid("drafts", "list", "--state", "ready", "--json"))
    for draft in drafts:
        desk.cid("drafts", "approve", draft["id"], "--as", EDITOR)
    return len(drafts)


def published(desk: Desk) -> dict[str, Any]:
    """Publications by state, and what stands in the folder of the site."""
    rows = asyncio.run(desk.sql("select state, count(*) as n from publications group by 1"))
    pages = [path for path in (desk.data / "site").rglob("*.html") if path.name != "index.html"]
    keys = [path.stem.rsplit("-", 1)[-1] for path in pages]
    return {
        "publications": {row["state"]: row["n"] for row in rows},
        "articles": len(pages),
        "doubled_articles": len(keys) - len(set(keys)),
        "unapproved": desk.one(
            """select count(*) from publications p where not exists (
                 select from decisions d where d.id = p.decision_id and d.kind = 'approve' and d.sha256 = p.sha256)"""
        ),
    }


def run(desk: Desk, chosen: argparse.Namespace, opml: str, feeds: Feeds | None) -> dict[str, Any]:
    """Until the feeds have ended and every one was polled again; kills on the way when asked to."""
    dice = random.Random(7)
    killed = approved = 0
    recovery: list[float] = []
    ended: float | None = None
    while ended is None or time.monotonic() < ended + chosen.sweeps * chosen.interval or killed < chosen.kills:
        time.sleep(dice.uniform(2, 8) if killed < chosen.kills else 1)
        if killed < chosen.kills:
            approved += approve_ready(desk)
            time.sleep(dice.uniform(0, 0.5))
            desk.kill()
            killed += 1
            recovery.append(desk.start())
        if ended is None and finished(opml, feeds):
            ended = time.monotonic()
    recovery.sort()
    approved += approve_ready(desk)
    return {"kills": killed, "approved": approved, "restart_s_max": round(recovery[-1], 2) if recovery else None}


if __name__ == "__main__":
    main()
