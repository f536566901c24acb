"""Digests over two fortnights in which clocks change: how many letters each person got on each day, counted by a real
mail server.

`python -m bench.digests` starts its own Postgres and a mail server on loopback. Two desks work at the same queue; at
random moments one of them is cut off in the middle of its work, and its jobs are handed out again.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import asyncpg

from cid.domain.ids import PLATFORM, UserId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.mail import Relay
from cid.flows import digest, mail
from cid.outside.smtp import SmtpMailer
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER, Server
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import jobs as queue
from cid.services import Services
from cid.text import hours
from tests import conftest, make
from tests.fakes import FrozenClock
from tests.post import HANGS_UP, Box, serving
from tests.press import Press, press

STEP = timedelta(hours=1)
FORTNIGHTS = ((date(2026, 3, 22), 15), (date(2026, 10, 20), 15))
"""Clocks change on 29 March (Berlin), 5 April and 4 October (Lord Howe), 25 October (Berlin), 1 November (New York)."""
READERS = (
    ("berlin at 7", "Europe/Berlin", 7),
    ("berlin at 2", "Europe/Berlin", 2),
    ("new york at 1", "America/New_York", 1),
    ("kolkata at 7", "Asia/Kolkata", 7),
    ("lord howe at 2", "Australia/Lord_Howe", 2),
)
FLOWS: dict[JobKind, Callable[[Services, Sequence[Job]], Awaitable[None]]] = {
    JobKind.DIGESTS: digest.look,
    JobKind.DIGEST: digest.digest,
    JobKind.MAIL: mail.mail,
}


@dataclass
class Tally:
    got: Counter[tuple[str, date]] = field(default_factory=Counter)
    """Letters by reader and their own day."""
    kills: int = 0
    lost: int = 0
    """Answers that the server kept to itself after it had the whole letter."""


class Grounds:
    """One database whose clock is ours, two desks over it, one mail server."""

    def __init__(self, server: Server, name: str, twins: list[Press], box: Box, chance: random.Random) -> None:
        self.server, self.name, self.twins, self.box, self.chance = server, name, twins, box, chance
        self.tally = Tally()
        self.readers: dict[str, tuple[str, str]] = {}

    @property
    def first(self) -> Press:
        return self.twins[0]

    async def people(self) -> None:
        for name, zone, hour in READERS:
            who = await self.first.colleague(name.replace(" ", "-"))
            self.readers[who.user.email] = (name, zone)
            await self.first.owner.execute(
                "insert into mail_wishes (tenant_id, user_id, hour, zone) values ($1, $2, $3, $4)",
                self.first.tenant,
                UserId(who.user.id),
                hour,
                zone,
            )
        await self.first.owner.execute("delete from members where user_id = $1", self.first.actor.user.id)

    async def at(self, moment: datetime) -> None:
        """It is that time, for the database and for both desks."""
        offset = int((moment - datetime.now(UTC)).total_seconds())
        admin = await asyncpg.connect(self.server.dsn(ADMIN, self.name))
        await admin.execute(f"alter database {self.name} set cid.clock_offset = '{offset} seconds'")
        await admin.close()
        await self.first.owner.execute(f"set cid.clock_offset = '{offset} seconds'")
        for twin in self.twins:
            await cast("AppDb", twin.sv.db).pool.expire_connections()
            await cast("WorkerDb", twin.sv.platform).pool.expire_connections()
            cast("FrozenClock", twin.sv.clock).at = moment

    async def step(self, moment: datetime, *, kill: bool) -> None:
        await self.at(moment)
        owner = self.first.owner
        async with self.first.sv.platform.tx() as tx:
            await queue.enqueue(tx, NewJob(kind=JobKind.DIGESTS, tenant=PLATFORM, dedupe="slot"))
        for round_ in range(6):
            await owner.execute("update jobs set state = 'ready' where state = 'scheduled' and run_at <= cid_now()")
            jobs = [
                (kind, job)
                for kind in FLOWS
                for tenant in (PLATFORM, self.first.tenant)
                for job in await make.claimed(owner, kind, tenant)
            ]
            if not jobs:
                return
            await self._work(jobs, kill=kill and round_ < 3)
            await owner.execute(
                "update jobs set state = 'ready', worker = null, lease = null, deadline = null where state = 'running'"
            )

    async def _work(self, jobs: list[tuple[JobKind, Job]], *, kill: bool) -> None:
        """Both desks at once; with `kill`, one of them is cut off somewhere on the way."""

        async def desk(number: int) -> None:
            for kind, job in jobs[number :: len(self.twins)]:
                await FLOWS[kind](self.twins[number].sv, [job])

        tasks = [asyncio.ensure_future(desk(number)) for number in range(len(self.twins))]
        if kill:
            for _ in range(self.chance.randrange(1, 60)):
                await asyncio.sleep(0)
            await asyncio.sleep(self.chance.random() * 0.02)
            victim = self.chance.choice(tasks)
            self.tally.kills += victim.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def count(self, moment: datetime) -> None:
        for letter, envelope in zip(self.box.letters, self.box.envelopes, strict=True):
            assert letter["Auto-Submitted"]
            name, zone = self.readers[str(envelope.rcpt_tos[0])]
            self.tally.got[name, hours.day_of(moment, zone)] += 1
        self.box.letters.clear()
        self.box.envelopes.clear()


async def fortnight(
    server: Server, start: date, days: int, *, kills: int, seed: int, step: timedelta = STEP, empty: Sequence[int] = ()
) -> tuple[Grounds, list[Any]]:
    """What each got from `start` on, and the rows of their mails. On the days `empty` nothing waits for anybody."""
    chance = random.Random(seed)
    name = f"cid_test_digests_{seed}"
    admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await admin.execute(f"create database {name} template {conftest.TEMPLATE} strategy file_copy owner {OWNER}")
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, name))
    pools = [await open_pool(server.dsn(role, name), size=3) for role in (APP, WORKER, APP, WORKER)]
    box = Box()
    async with serving(box) as port:
        twins = []
        desk = await press(AppDb(pools[0]), WorkerDb(pools[1]), owner)
        for pair in (pools[:2], pools[2:]):
            clock = FrozenClock()
            outside = _with_mail(desk, clock, port)
            sv = make.services(AppDb(pair[0]), WorkerDb(pair[1]), outside=outside, clock=clock)
            twins.append(Press(sv, desk.actor, desk.tenant, desk.publisher, owner))
        grounds = Grounds(server, name, twins, box, chance)
        await grounds.people()
        draft = await desk.draft()
        begin = datetime.combine(start, datetime.min.time(), UTC) - timedelta(hours=14)
        moments = [begin + n * step for n in range(int((timedelta(days=days) + timedelta(hours=28)) / step))]
        doomed = set(chance.sample(range(10, len(moments)), kills))
        silent = set(chance.sample(range(20, len(moments)), 2))
        for number, moment in enumerate(moments):
            if number % 20 == 0:
                await grounds.at(moment)
                await owner.execute("select make_partitions()")
            day = (moment.date() - start).days
            state = "approved" if day in empty else "ready"
            await owner.execute("update drafts set state = $2 where id = $1", draft, state)
            if number in silent:
                box.to_letter[:] = [HANGS_UP]
            await grounds.step(moment, kill=number in doomed)
            grounds.count(moment)
        grounds.tally.lost = len(silent) - len(box.to_letter)
        rows = await owner.fetch("select address, key, state, error from mails order by id")
        outcomes = await owner.fetch("select outcome, count(*) from digest_days group by outcome")
    for pool in pools:
        await pool.close()
    await owner.close()
    return grounds, [rows, outcomes]


def _with_mail(desk: Press, clock: FrozenClock, port: int) -> Any:
    mailer = SmtpMailer(
        Relay(host="127.0.0.1", port=port, bare=True), clock, sender="Desk <desk@desk.test>", command_s=5, answer_s=5
    )
    return replace(desk.sv.outside, mailer=mailer)


def report(start: date, days: int, grounds: Grounds, rows: Any) -> dict[str, Any]:
    """Print the table; answers what is wrong with it."""
    states = {}
    for row in rows[0]:
        name, _zone = grounds.readers[row["address"]]
        states[name, date.fromisoformat(row["key"])] = row["state"]
    shown = [start + timedelta(days=n) for n in range(days)]
    print(f"{'':<16}" + " ".join(f"{day:%d.%m}" for day in shown))
    doubled = missing = 0
    for name, _zone, _hour in READERS:
        cells = []
        for day in shown:
            got, state = grounds.tally.got[name, day], states.get((name, day))
            doubled += got > 1
            missing += got == 0 and state == "sent"
            cells.append(f"{got}{'?' if state == 'unknown' else ' '}")
        print(f"{name:<16}" + " ".join(f"{cell:>5}" for cell in cells))
    outcomes = {row["outcome"]: row["count"] for row in rows[1]}
    print(f"kills {grounds.tally.kills}, answers lost {grounds.tally.lost}, days {outcomes}; ? is unknown")
    unknown = sum(state == "unknown" for state in states.values())
    return {
        "from": str(start),
        "kills": grounds.tally.kills,
        "doubled": doubled,
        "missing": missing,
        "unknown": unknown,
    }


async def run(server: Server) -> int:
    found = []
    for seed, (start, days) in enumerate(FORTNIGHTS, 1):
        grounds, rows = await fortnight(server, start, days, kills=20, seed=seed, empty=(5,))
        found.append(report(start, days, grounds, rows))
    print(json.dumps({"digests": found}))
    return sum(one["doubled"] + one["missing"] for one in found)


def main() -> int:
    room = conftest._room()  # noqa: SLF001 - the template that tests clone - as the tests do
    server = Server(room / "pg", durable=False)
    server.start()
    try:
        asyncio.run(conftest._prepare(server))  # noqa: SLF001 - the template that tests clone
        return 1 if asyncio.run(run(server)) else 0
    finally:
        server.stop()
        shutil.rmtree(room)


if __name__ == "__main__":
    sys.exit(main())
