"""Approved drafts go to a WordPress while whoever publishes them is killed, and while COMMIT is not answered."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import Any

import asyncpg

from cid.domain.draft import Article
from cid.domain.ids import ChannelId, DraftId, uuid7
from cid.domain.publication import Channel, ChannelKind
from cid.flows import decide
from cid.outside.clock import SystemClock
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from tests.chaos.field import Grounds
from tests.chaos.forgetful import Forgetful
from tests.chaos.publisher import Told
from tests.conftest import TEMPLATE, Database
from tests.press import ARTICLE, Press, press
from tests.wordpress import posts

_numbers = count()
DUE = (
    """update publications set due_at = cid_now(), hurried_by = (select id from users order by id limit 1)
       where state in ('planned', 'live') and due_at > cid_now()""",
    """update jobs set state = 'ready', run_at = cid_now()
       where state = 'scheduled' and kind = 'publish' and run_at > cid_now() + interval '1 minute'""",
)
"""The time to undo is over, and so is any wait for a place."""


@dataclass(kw_only=True)
class Outcome:
    """What came of a run."""

    posts: int = 0
    kills: int = 0
    commits_unanswered: int = 0
    requests_unanswered: int = 0
    states: dict[str, int] = field(default_factory=dict)
    took_s: float = 0


@dataclass
class Newsroom:
    """A tenant whose drafts go to one WordPress."""

    desk: Press
    channel: Channel
    database: Database
    grounds: Grounds
    site: str
    asked: Callable[[], int]
    """How many requests the site has seen."""
    workers: list[int] = field(default_factory=list)
    commits: Forgetful | None = None
    closing: bool = False
    pools: Sequence[Any] = ()
    outcome: Outcome = field(default_factory=Outcome)

    async def approve(self, articles: Sequence[Article]) -> list[DraftId]:
        drafts = []
        for article in articles:
            drafts.append(draft := await self.desk.draft(article=article, provider="fake/model"))
            await decide.approve(self.desk.sv, self.desk.actor, *await self.desk.shown(draft), via="page")
        await self.due()
        return drafts

    async def due(self) -> None:
        for statement in DUE:
            await self.desk.owner.execute(statement)

    def hire(self) -> int:
        dsns = [self.database.dsn(role) for role in (APP, WORKER)]
        if self.commits:
            dsns = [self.commits.dsn(role, self.database.name) for role in (APP, WORKER)]
        told = Told(app=dsns[0], worker=dsns[1], press=self.site, slots=3, tries=100_000, silent_s=0.6, poll_s=0.2)
        pid = self.grounds.nursery.start("publisher", **asdict(told))
        self.workers.append(pid)
        return pid

    async def kill(self, which: int) -> None:
        self.grounds.nursery.signal(self.workers[which], signal.SIGKILL)
        await self.grounds.nursery.wait(self.workers[which])
        self.outcome.kills += 1
        del self.workers[which]
        self.hire()

    async def states(self) -> Counter[str]:
        rows = await self.desk.owner.fetch("select state, count(*) as n from publications group by 1")
        return Counter({row["state"]: row["n"] for row in rows})

    async def progress(self, requests: int) -> None:
        """Until the site was asked so many times more, or nothing is left to be asked."""
        wanted, end = self.asked() + requests, time.monotonic() + 3
        while self.asked() < wanted and time.monotonic() < end:  # noqa: ASYNC110 - rows have no event - other processes
            await asyncio.sleep(0.002)

    async def settle(self, patience_s: float) -> None:
        """Until nothing is left to be done."""
        async with asyncio.timeout(patience_s):
            while await self.desk.owner.fetchval("select exists (select from jobs where kind = 'publish')"):  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.1)

    async def dismiss(self) -> None:
        for pid in self.workers:
            self.grounds.nursery.signal(pid, signal.SIGKILL)
            await self.grounds.nursery.wait(pid)
        self.workers.clear()


def articles(number: int, start: int = 0) -> list[Article]:
    return [replace(ARTICLE, title=f"Harbour opens its quay number {start + n}") for n in range(number)]


async def newsroom(
    grounds: Grounds, url: str, user: str, password: str, *, asked: Callable[[], int], **config: Any
) -> Newsroom:
    """Closed by `close`."""
    name = f"cid_sites_{next(_numbers)}"
    await _as_admin(grounds, f"create database {name} template {TEMPLATE} strategy file_copy owner {OWNER}")
    database = Database(grounds.server, name)
    pools = [await open_pool(database.dsn(role), size=4) for role in (APP, WORKER)]
    owner = await asyncpg.connect(database.dsn(OWNER))
    desk = await press(AppDb(pools[0]), WorkerDb(pools[1]), owner)
    desk = replace(desk, sv=replace(desk.sv, clock=SystemClock()))
    key = ChannelId(uuid7(desk.sv.clock.now()))
    channel = replace(posts.channel(url, user, "", **config), id=key, tenant_id=desk.tenant)
    channel = replace(channel, sealed=posts.VAULT.seal(password, channel.secret_context))
    await owner.execute(
        "insert into channels (tenant_id, id, kind, name, base_url, canonical, config, sealed) "
        "values ($1, $2, $3, $4, $5, true, $6, $7)",
        desk.tenant,
        key,
        str(ChannelKind.WORDPRESS),
        channel.name,
        url,
        json.dumps(dict(channel.config)),
        channel.sealed,
    )
    return Newsroom(desk, channel, database, grounds, url.removeprefix("http://"), asked, pools=pools)


async def close(room: Newsroom) -> None:
    await room.dismiss()
    for pool in room.pools:
        pool.terminate()
    await room.desk.owner.close()
    await _as_admin(room.grounds, f"drop database {room.database.name} with (force)")


async def killed(
    room: Newsroom, *, seed: int, kills: int, batch: int = 10, workers: int = 2, lost_commits: float = 0.0
) -> Outcome:
    """Always some drafts on their way, and every now and then a process dies; then all is worked off."""
    chance, began = random.Random(seed), time.monotonic()
    if lost_commits:
        room.commits = Forgetful(str(room.grounds.server.sockets / ".s.PGSQL.5432"), lost_commits, seed)
        await room.commits.up()
    feeding = asyncio.ensure_future(_feed(room, batch))
    for _ in range(workers):
        room.hire()
    while room.outcome.kills < kills and not feeding.done():
        await room.progress(chance.randint(1, 15))
        await asyncio.sleep(chance.uniform(0, 0.02))
        await room.kill(chance.randrange(workers))
    room.closing = True
    await feeding
    if room.commits:
        room.outcome.commits_unanswered = room.commits.forgotten
        room.commits.share = 0.0
    await room.settle(120)
    await room.dismiss()
    if room.commits:
        room.commits.down()
    room.outcome.states = dict(await room.states())
    room.outcome.took_s = round(time.monotonic() - began, 1)
    return room.outcome


async def _feed(room: Newsroom, batch: int) -> None:
    """Approvals, as long as there are not `batch` of them on their way."""
    while not room.closing:
        waiting = sum(n for state, n in (await room.states()).items() if state != "live")
        if waiting < batch:
            await room.approve(articles(4, room.outcome.posts))
            room.outcome.posts += 4
        await asyncio.sleep(0.05)


async def _as_admin(grounds: Grounds, sql: str) -> None:
    admin = await asyncpg.connect(grounds.server.dsn(ADMIN, "postgres"))
    try:
        await admin.execute(sql)
    finally:
        await admin.close()
