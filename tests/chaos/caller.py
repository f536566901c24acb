"""A process that asks a model about many subjects, in groups of its own making."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import anthropic  # noqa: F401 - once, in the parent: each child would take a second for it

from cid.domain.errors import Deferred
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Caps, Subject, Tier
from cid.llm.anthropic import Anthropic
from cid.outside.clock import SystemClock
from cid.pg.pool import AppDb, open_pool
from tests import funnel

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 100}},
    "required": ["score"],
    "additionalProperties": False,
}
TOGETHER = 3


def question(tenant: TenantId, keys: list[str]) -> Ask:
    return Ask(
        tenant=tenant,
        stage="relevance",
        tier=Tier.CHEAP,
        prompt="relevance",
        shared={"profile": {"keywords": ["harbour"]}},
        subjects=tuple(Subject(key=key, input={"title": f"Harbour news {key}"}) for key in keys),
        schema=SCHEMA,
        max_tokens=200,
        timeout_s=10,
    )


def caller(orders: dict[str, Any]) -> None:
    asyncio.run(_ask_all(**orders))


async def _ask_all(
    app: str,
    url: str,
    tenant: str,
    subjects: int,
    seed: int,
    first: int = 0,
    workers: int = 1,
    cap: str = "",
) -> None:
    """Until all is answered, or the cap, where there is one, is reached."""
    clock = SystemClock()
    pool = await open_pool(app, size=max(2, workers // 2), clock=clock)
    models = funnel.models()
    if cap:
        models = replace(models, caps=Caps(per_day=Decimal(cap)), paces={})
    provider = Anthropic("key", traits=models.of_provider("anthropic"), base_url=url)
    router = funnel.router(AppDb(pool), clock, provider, models=models)
    keys = [f"s{number:05}" for number in range(first, first + subjects)]
    random.Random(seed).shuffle(keys)
    groups = iter([keys[at : at + TOGETHER] for at in range(0, subjects, TOGETHER)])

    async def work() -> None:
        for group in groups:
            try:
                await router.ask(question(TenantId(UUID(tenant)), group))
            except Deferred:
                if not cap:
                    raise
                return

    async with asyncio.TaskGroup() as together:
        for _ in range(workers):
            together.create_task(work())
    await provider.close()
    await pool.close()
