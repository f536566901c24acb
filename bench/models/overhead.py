"""What budgets, ledger and reading cost: calls a second through the router, beside the same straight to the SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench.models.cost import TOGETHER, add_tenants, groups, items
from bench.models.meter import metered
from cid.domain.llm import Ask, Caps, Tier
from cid.llm.anthropic import Anthropic
from cid.llm.models import Choice
from cid.llm.wire import Form
from cid.outside.clock import SystemClock
from cid.pg.embedded import APP
from cid.pg.pool import AppDb, open_pool
from tests import funnel
from tests.chaos.field import Grounds, a_field

CALLS, ROUNDS = 300, 3


async def overhead(grounds: Grounds) -> dict[str, Any]:
    prices, today = funnel.prices(), datetime.now(UTC).date()
    models = replace(funnel.models(), caps=Caps(), paces={})
    prompt, model = funnel.prompts()["relevance"], models.tiers[Tier.CHEAP][0].model
    rates: dict[str, list[float]] = {"straight": [], "through the router": []}
    async with (
        a_field(grounds, seed=1) as made,
        metered(lambda name, tokens: prices.at(Choice("anthropic", name), today, tokens)) as meter,
    ):
        await add_tenants(made)
        clock = SystemClock()
        pool = await open_pool(made.dsn(APP), size=10, clock=clock)
        provider = Anthropic("key", traits=models.of_provider("anthropic"), base_url=meter.url)
        router = funnel.router(AppDb(pool), clock, provider, models=models)

        async def straight(ask: Ask) -> None:
            subjects = {f"a{n}": subject for n, subject in enumerate(ask.subjects, 1)}
            await provider.complete(Form(ask, prompt).wire(model, subjects, {}))

        async def routed(ask: Ask) -> None:
            await router.ask(ask)

        for number in range(ROUNDS + 1):
            asks = list(groups(number, items(CALLS * 8), 8))
            for name, way in (("straight", straight), ("through the router", routed)):
                rate = await _rate(asks, way)
                if number:  # the first warms both up
                    rates[name].append(rate)
        await provider.close()
        await pool.close()
    ratios = [routed / straight for straight, routed in zip(*rates.values(), strict=True)]
    return {
        "what": "calls a second through the router, to the SDK alone",
        "straight": round(median(rates["straight"])),
        "through_the_router": round(median(rates["through the router"])),
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
    }


async def _rate(asks: Sequence[Ask], way: Callable[[Ask], Awaitable[None]]) -> float:
    waiting = iter(asks)

    async def work() -> None:
        for ask in waiting:
            await way(ask)

    began = time.monotonic()
    async with asyncio.TaskGroup() as together:
        for _ in range(TOGETHER):
            together.create_task(work())
    return len(asks) / (time.monotonic() - began)
