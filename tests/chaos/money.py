"""Scenario 25: a process that asks models is killed between sending and settling, again and again."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from cid.domain.llm import Usage
from cid.llm.prompts import canonical
from cid.pg.embedded import APP
from tests.chaos.caller import TOGETHER
from tests.chaos.field import TENANTS, Field, Grounds, Report, a_field
from tests.chaos.nursery import Nursery
from tests.claude import Claude
from tests.vendor import Said

THINKS_S = 0.012
"""The longest that the double takes for an answer; kills come between nothing and five times that after a request."""


@dataclass
class Model:
    """A double that counts what it was asked, and what it answered to the end."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    """The inputs of each request, canonically."""


async def money(grounds: Grounds, *, seed: int, kills: int) -> Report:
    chance = random.Random(seed)
    report = Report(scenario="callers of models killed", seed=seed)
    began = time.monotonic()
    nursery = Nursery(grounds.room / "callers.log", models=True)
    try:
        async with a_field(grounds, seed=seed) as made, _model(chance) as model:
            await _a_tenant(made)
            subjects = kills * TOGETHER * 4
            for number in range(kills):
                wanted = len(model.asked) + chance.randint(1, 4)  # the SDK is slow about a process's first reply
                pid = nursery.start("caller", **_orders(made, model, subjects, seed + number))
                await _until(lambda: len(model.asked) >= wanted)  # noqa: B023 - called before the next round
                await asyncio.sleep(chance.random() * 5 * THINKS_S)
                report.kills += nursery.signal(pid, signal.SIGKILL)
                await nursery.wait(pid)
            pid = nursery.start("caller", **_orders(made, model, subjects, seed - 1))
            report.more["exit_code"] = await nursery.wait(pid, 120)
            await _sweep(made)
            await _judge(made, model, report, subjects)
    finally:
        nursery.close()
    report.took = round(time.monotonic() - began, 1)
    return report


def _orders(made: Field, model: Model, subjects: int, seed: int) -> dict[str, Any]:
    return {
        "app": made.dsn(APP),
        "url": model.url,
        "tenant": str(TENANTS[0]),
        "subjects": subjects,
        "seed": seed,
    }


async def _a_tenant(made: Field) -> None:
    async with made.platform.tx() as tx:
        await tx.execute("insert into tenants (id, slug, name) values ($1, 'caller', 'Caller')", TENANTS[0])


async def _until(met: Any, patience_s: float = 30) -> None:
    async with asyncio.timeout(patience_s):
        while not met():  # noqa: ASYNC110 - a double says nothing
            await asyncio.sleep(0.001)


async def _sweep(made: Field) -> None:
    """An hour later nobody waits for any of the calls that were cut."""
    await made.fetch("update calls set deadline = deadline - interval '1 hour'")
    async with made.platform.tx() as tx:
        await tx.execute("select sweep_calls(100000)")


async def _judge(made: Field, model: Model, report: Report, subjects: int) -> None:
    calls = await made.fetch("select state, cost, request -> 'inputs' as inputs, subjects from calls")
    rows = Counter(canonical(json.loads(row["inputs"])) for row in calls)
    asked = Counter(model.asked)
    paid = Counter(subject[1] for row in calls if row["state"] == "answered" for subject in json.loads(row["subjects"]))
    report.jobs = subjects
    report.lost = subjects - await made.value("select count(distinct subject) from call_subjects")
    report.doubled = sum(times > 1 for times in paid.values())
    more = report.more
    more["requests"] = len(model.asked)
    more["rows"] = len(calls)
    more["requests_without_row"] = (asked - rows).total()
    more["rows_never_sent"] = (rows - asked).total()
    more["ambiguous"] = sum(row["state"] == "ambiguous" for row in calls)
    more["open"] = sum(row["state"] == "sent" for row in calls)
    more["reserved"] = str(_sum(await made.fetch("select reserved as n from budgets")))
    spent = await made.fetch(
        "select spent as n from budgets where period = 'day' and scope = '' and tenant_id = $1", TENANTS[0]
    )
    more["unexplained_dollars"] = str(_sum(spent) - sum((row["cost"] or Decimal(0) for row in calls), Decimal(0)))


def _sum(rows: Iterable[Any]) -> Decimal:
    return sum((row["n"] for row in rows), Decimal(0)).normalize()


@asynccontextmanager
async def _model(chance: random.Random) -> AsyncIterator[Model]:
    model, speech = Model(), Claude()

    async def messages(request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except ConnectionError:  # killed while it spoke: a request that nobody could answer is none
            return web.Response(status=400)
        model.asked.append(canonical({subject.pop("id"): subject for subject in map(dict, speech.subjects(body))}))
        await asyncio.sleep(chance.random() * THINKS_S)
        text = json.dumps({"answers": speech.rows(body)})
        return web.json_response(speech.reply(body, Said(text=text), Usage(input=120, output=60)))

    app = web.Application()
    app.router.add_post("/v1/messages", messages)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    model.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield model
    finally:
        await runner.cleanup()
