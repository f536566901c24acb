"""A process that asks a model about many subjects, one question at a time, in groups of its own making."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import anthropic  # noqa: F401 - once, in the parent: each child would take a second for it

from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Subject, Tier
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


async def _ask_all(app: str, url: str, tenant: str, subjects: int, seed: int) -> None:
    clock = SystemClock()
    pool = await open_pool(app, size=2, clock=clock)
    provider = Anthropic("key", traits=funnel.models().of_provider("anthropic"), base_url=url)
    router = funnel.router(AppDb(pool), clock, provider)
    keys = [f"s{number:05}" for number in range(subjects)]
    random.Random(seed).shuffle(keys)
    for first in range(0, subjects, TOGETHER):
        await router.ask(question(TenantId(UUID(tenant)), keys[first : first + TOGETHER]))
    await provider.close()
    await pool.close()
