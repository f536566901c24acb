"""Scenarios 5, 6 and 24: the line to Postgres is bad, Postgres restarts, the listener is cut."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import quote

import asyncpg

from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from tests.chaos.field import TENANTS, Field, Grounds, Report, a_field
from tests.chaos.proxy import Proxy
from tests.chaos.traffic import ASKED, Acknowledged, aside, look, produce
from tests.chaos.worker import WORK

PAGE = "/welcome/" + "x" * 40
"""An address that asks the database a question whoever comes."""
WIRES = "select pid from pg_stat_activity where datname = $1 and application_name = 'cid wire'"
"""The sessions that listen. Which is not seen in their last statement: they speak, too."""


async def bad_line(grounds: Grounds, *, seed: int, rounds: int, calm_s: float = 0.5) -> Report:
    """Producers and workers reach Postgres by a proxy: 50 ms of latency, RST, a stall of 3 s, an outage of 0.5 s."""
    report = Report(scenario="5 bad line to Postgres", seed=seed)
    began, stop = time.monotonic(), threading.Event()
    async with a_field(grounds, seed=seed, busy=0, lost=0) as field:
        await _table(field)
        proxy = Proxy(str(grounds.server.sockets / ".s.PGSQL.5432"))
        await proxy.up()
        app, worker = (
            f"postgresql://{role}@127.0.0.1:{proxy.port}/{quote(field.database.name)}?sslmode=disable"
            for role in (APP, WORKER)
        )
        field.hire(field.orders(app=app, worker=worker))
        said, waits = Acknowledged(), []
        async with aside(produce(app, said, stop, writers=4, pause_s=0.04)) as producing:
            for _ in range(rounds):
                for fault in _faults(proxy):
                    await asyncio.sleep(calm_s)
                    await fault()
                    waits.append(await _usable(said))
            await asyncio.sleep(calm_s)
            stop.set()
            await producing
        report.more = {"done_in_time": await field.until_empty(30)}
        _told(report, said, waits)
        await field.judge(report, said.works)
        proxy.down()
    report.kills = len(waits)
    report.took = round(time.monotonic() - began, 1)
    return report


def _faults(proxy: Proxy) -> tuple[Callable[[], Awaitable[None]], ...]:
    async def slow() -> None:
        proxy.delay_s = 0.05
        await asyncio.sleep(1)
        proxy.delay_s = 0

    async def cut() -> None:
        proxy.reset()

    return (slow, cut, lambda: proxy.stall(3), lambda: proxy.outage(0.5), cut)


async def _usable(said: Acknowledged) -> float:
    """Waits until a producer is acknowledged again; answers how long that took."""
    at = time.monotonic()
    async with asyncio.timeout(30):
        while (wait := said.next_after(at)) == float("inf"):  # noqa: ASYNC110 - a thread's doing
            await asyncio.sleep(0.01)
    return wait


def _told(report: Report, said: Acknowledged, waits: list[float]) -> None:
    report.more |= {
        "acknowledged": len(said.works),
        "unknown": said.unknown,
        "unknown_were_done": said.were_done,
        "usable_again_s": round(max(waits), 2),
    }


async def restarts(grounds: Grounds, *, seed: int, rounds: int, every_s: float) -> Report:
    """Postgres is stopped (fast) and started while jobs are made and worked off and people look at pages."""
    report = Report(scenario="6 Postgres restarted", seed=seed)
    began, stop = time.monotonic(), threading.Event()
    async with a_field(grounds, seed=seed, busy=0, lost=0) as field:
        await _table(field)
        port = _free_port()
        for orders in (field.orders(port=port), field.orders()):
            field.hire(orders)
        await _until(lambda: _listening(field, 2))
        async with (
            aside(produce(field.dsn(APP), Acknowledged(), stop, writers=4, pause_s=0.04)) as producing,
            aside(look(port, PAGE, stop)) as looking,
        ):
            back = []
            for _ in range(rounds):
                await asyncio.sleep(every_s)
                restart(field)
                up = time.monotonic()
                await _until(lambda: _listening(field, 2))
                back.append(time.monotonic() - up)
            await asyncio.sleep(every_s / 2)
            stop.set()
            said, seen = await producing, await looking
        done = await field.until_empty(30)
        report.more = {
            "done_in_time": done,
            "acknowledged": len(said.works),
            "longest_wait_of_a_producer_s": round(said.longest_gap, 2),
            "longest_stall_of_jobs_s": round(await _stall(field), 2),
            "listener_back_s": [round(seconds, 2) for seconds in back],
            "statuses": seen.statuses,
            "web_outage_s": round(seen.outage_s, 2),
            "slowest_page_s": round(seen.longest_s, 2),
        }
        await field.judge(report, said.works)
    report.kills = rounds
    report.took = round(time.monotonic() - began, 1)
    return report


def restart(field: Field) -> None:
    """As `pg_ctl restart -m fast`: whoever is connected is thrown out."""
    process = field.server.process
    assert process
    process.send_signal(signal.SIGINT)
    process.wait()
    field.server.restart()


async def deaf(grounds: Grounds, *, seed: int, rounds: int, poll_s: float = 1.0) -> Report:
    """The listening session of an idle worker is ended; a job comes at once, without a word."""
    report = Report(scenario="24 LISTEN lost while idle", seed=seed)
    began = time.monotonic()
    unheard, heard, backs = [], [], []
    async with a_field(grounds, seed=seed, busy=0, lost=0) as field:
        field.hire(field.orders(flow="slow", poll_s=poll_s))
        for n in range(rounds):
            await _until(lambda: _listening(field, 1))
            await asyncio.sleep(poll_s / 2)  # idle: nothing of the last job echoes
            cut_at = time.time()
            old = await _cut(field)
            unheard.append(await _one(field, f"unheard {n}"))
            await _until(lambda old=old: _listening(field, 1, but=old))  # type: ignore[misc]
            backs.append(time.time() - cut_at)
            await asyncio.sleep(poll_s / 2)
            heard.append(await _one(field, f"heard {n}", say=True))
        effects = await field.value("select count(*) from chaos_effects where kind = $1", str(WORK))
    report.jobs = 2 * rounds
    report.lost = report.jobs - effects
    report.kills = rounds
    report.more = {
        "poll_s": poll_s,
        "unheard_started_after_s": round(max(unheard), 2),
        "heard_started_after_s": round(max(heard), 2),
        "listener_back_s": round(max(backs), 2),
    }
    report.took = round(time.monotonic() - began, 1)
    return report


async def _one(field: Field, work: str, *, say: bool = False) -> float:
    """Put one job there, with a word to the listeners or without, and answer how long it took until it began."""
    at = time.time()
    payload = json.dumps({"work": work})
    await field.fetch("insert into jobs (tenant_id, kind, payload) values ($1, $2, $3)", TENANTS[0], str(WORK), payload)
    if say:
        await field.fetch("select pg_notify('cid_jobs', $1)", str(WORK))
    await _until(field.empty)
    return await _began(field, work) - at


async def _began(field: Field, work: str) -> float:
    notes = (await field.line.truth())["notes"]
    return float(next(note["at"] for note in notes if note["what"] == "began" and note["work"] == work))


async def _table(field: Field) -> None:
    owner = await asyncpg.connect(field.dsn(OWNER))
    await owner.execute(ASKED)
    await owner.close()


async def _wires(field: Field, sql: str = WIRES) -> set[int]:
    """Only the superuser sees them."""
    admin = await asyncpg.connect(field.dsn(ADMIN))
    try:
        return {row["pid"] for row in await admin.fetch(sql, field.database.name)}
    finally:
        await admin.close()


async def _listening(field: Field, many: int, *, but: Collection[int] = ()) -> bool:
    return len(await _wires(field) - set(but)) == many


async def _cut(field: Field) -> set[int]:
    old = await _wires(field, WIRES.replace("pid", "pid, pg_terminate_backend(pid)", 1))
    assert old
    return old


async def _until(true: Callable[[], Awaitable[bool]], patience_s: float = 20) -> None:
    async with asyncio.timeout(patience_s):
        while not await true():  # noqa: ASYNC110 - what is waited for is another process's doing
            await asyncio.sleep(0.05)


async def _stall(field: Field) -> float:
    """The longest time in which no job was done."""
    return float(
        await field.value(
            "select extract(epoch from max(gap)) from "
            "(select at - lag(at) over (order by at) as gap from chaos_effects) gaps"
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
