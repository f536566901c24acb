"""1,000 items for 10 tenants: calls, tokens and dollars of three ways to ask, each through the desk's own router,
prompts and ledger, counted by the double.

one question a call   four calls an item: relevant? which category? which region? a summary
one item a call       one call an item, scored
ours                  eight stories a call where they are scored; three where category, region and summary are wanted
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bench.models.meter import Meter, metered
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Caps, Json
from cid.domain.tenants import Profile
from cid.gates import gate2_relevance as gate2
from cid.llm.anthropic import Anthropic
from cid.llm.models import Choice
from cid.llm.router import Router
from cid.outside.clock import SystemClock
from cid.pg.embedded import APP
from cid.pg.pool import AppDb, open_pool
from tests import funnel, make
from tests.chaos.field import Field, Grounds, a_field

TENANTS = [TenantId(UUID(int=n << 72)) for n in range(1, 11)]
TOGETHER = 20
"""Questions under way at once."""
_WORD: Mapping[str, Json] = {"type": "string"}
PARTS: Mapping[str, Mapping[str, Json]] = {
    "relevance": {"score": {"type": "integer", "minimum": 0, "maximum": 100}},
    "category": {"category": _WORD},
    "region": {"region": _WORD},
    "summary": {"summary": _WORD},
}
TOPICS = ("harbour", "fisheries", "rail", "housing", "energy", "schools", "hospitals", "courts", "tourism", "farming")


def items(count: int) -> list[gate2.Headline]:
    return [
        gate2.Headline(
            key=f"i{n:05}",
            title=f"{TOPICS[n % 10].title()} authority of district {n % 97} decides on plan number {n}",
            summary=(
                f"The authority for {TOPICS[n % 10]} said on Monday that plan {n} takes effect in spring. "
                f"Unions and owners in district {n % 97} had asked for {n % 13 + 2} more months. "
                f"A court may still look at it."
            ),
            publisher=f"Paper {n % 40}",
        )
        for n in range(count)
    ]


def profile(number: int) -> Profile:
    return Profile(
        industry=f"{TOPICS[number]} services",
        keywords=tuple(f"{topic} {number}" for topic in TOPICS),
        geography=("Norhaven", f"District {number}"),
        primary_audience="people who run such places and must know early what changes",
        pain_points=("rules that change late", "costs that nobody announced"),
        business_goal="be the first to explain it",
    )


def shaped(ask: Ask, stage: str, properties: Mapping[str, Json]) -> Ask:
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }
    return replace(ask, stage=stage, schema=schema)


def groups(tenant: int, headlines: Sequence[gate2.Headline], size: int) -> Iterator[Ask]:
    for at in range(0, len(headlines), size):
        yield gate2.ask(TENANTS[tenant], profile(tenant), headlines[at : at + size], make.policy().relevance)


def one_question_a_call(tenant: int, headlines: Sequence[gate2.Headline]) -> Iterator[Ask]:
    for ask in groups(tenant, headlines, 1):
        for part, properties in PARTS.items():
            yield shaped(ask, f"one {part}", properties)


def one_item_a_call(tenant: int, headlines: Sequence[gate2.Headline]) -> Iterator[Ask]:
    for ask in groups(tenant, headlines, 1):
        yield replace(ask, stage="one item")


def ours_scored(tenant: int, headlines: Sequence[gate2.Headline]) -> Iterator[Ask]:
    yield from groups(tenant, headlines, 8)


def ours_tracked(tenant: int, headlines: Sequence[gate2.Headline]) -> Iterator[Ask]:
    every = {name: shape for part in PARTS.values() for name, shape in part.items()}
    for ask in groups(tenant, headlines, 3):
        yield shaped(ask, "tracked", every)


WAYS = {
    "four calls an item": one_question_a_call,
    "ours, tracked: three items a call": ours_tracked,
    "one item a call": one_item_a_call,
    "ours, scored: eight items a call": ours_scored,
}


async def cost(grounds: Grounds, count: int) -> list[dict[str, Any]]:
    prices, today = funnel.prices(), datetime.now(UTC).date()
    lines = []
    async with a_field(grounds, seed=1) as made:
        await add_tenants(made)
        for name, way in WAYS.items():
            async with metered(lambda model, tokens: prices.at(Choice("anthropic", model), today, tokens)) as meter:
                await _ask(made, meter, [ask for tenant in range(10) for ask in way(tenant, items(count))])
            lines.append(_line(name, meter, count))
        ledger = await made.value("select sum(cost) from calls")
    lines.append(
        {"what": "ledger and double", "difference": str(ledger - sum(Decimal(line["dollars"]) for line in lines))}
    )
    return lines


async def add_tenants(made: Field) -> None:
    async with made.platform.tx() as tx:
        for number, tenant in enumerate(TENANTS):
            await tx.execute("insert into tenants (id, slug, name) values ($1, $2, $2)", tenant, f"t{number}")


async def _ask(made: Field, meter: Meter, asks: Sequence[Ask]) -> None:
    clock = SystemClock()
    pool = await open_pool(made.dsn(APP), size=10, clock=clock)
    models = replace(funnel.models(), caps=Caps(), paces={})
    provider = Anthropic("key", traits=models.of_provider("anthropic"), base_url=meter.url)
    router: Router = funnel.router(AppDb(pool), clock, provider, models=models)
    waiting = iter(asks)

    async def work() -> None:
        for ask in waiting:
            await router.ask(ask)

    async with asyncio.TaskGroup() as together:
        for _ in range(TOGETHER):
            together.create_task(work())
    await provider.close()
    await pool.close()


def _line(name: str, meter: Meter, count: int) -> dict[str, Any]:
    used = meter.used
    return {
        "what": name,
        "items": count,
        "tenants": len(TENANTS),
        "calls": meter.requests,
        "input": used.input,
        "cache_write": used.cache_write,
        "cache_read": used.cache_read,
        "output": used.output,
        "dollars": str(meter.dollars),
        "dollars_per_1000_items_and_tenant": str(round(meter.dollars / len(TENANTS) / count * 1000, 6)),
    }
