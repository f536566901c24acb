"""Standing rules: whose they are, who sees them, and which of them a draft is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from cid.domain.ids import TenantId, uuid7
from cid.store import guardrails
from tests.tenancy import Filled, fill

if TYPE_CHECKING:
    from uuid import UUID

    from cid.ports import Db, PlatformDb, Tx


@pytest.fixture
async def mine(owner: Any) -> Filled:
    return await fill(owner, "acme")


@pytest.fixture
async def theirs(owner: Any) -> Filled:
    return await fill(owner, "other")


async def made(tx: Tx, tenant: TenantId | None, text: str, industry: str = "") -> UUID:
    guardrail = uuid7(datetime.now(UTC))
    await guardrails.add(
        tx, guardrail, tenant, text, industry=industry, category="fabrication", finding="", draft=None, by=None
    )
    return guardrail


async def test_a_draft_is_told_its_tenants_rules_then_the_platforms_and_nobody_elses(
    db: Db, platform: PlatformDb, mine: Filled, theirs: Filled
) -> None:
    async with platform.tx() as tx:
        await made(tx, None, "Name the source of a figure.")
        await made(tx, None, "Never promise a rate.", industry="Mortgages")
        await made(tx, None, "Never promise a cure.", industry="health care")
    async with db.tx(theirs.tenant) as tx:
        await made(tx, theirs.tenant, "Their own business alone.")
    async with db.tx(mine.tenant) as tx:
        await made(tx, mine.tenant, "The scheme is means-tested.")
        told = await guardrails.standing(tx, mine.tenant, "Brokers of mortgages, Perth")
    assert told == (
        "Say nothing of this.",
        "The scheme is means-tested.",
        "Name the source of a figure.",
        "Never promise a rate.",
    )


async def test_a_rule_that_was_switched_off_is_told_to_nobody_and_may_be_made_again(db: Db, mine: Filled) -> None:
    async with db.tx(mine.tenant) as tx:
        first = await made(tx, mine.tenant, "The scheme is means-tested.")
        assert await guardrails.in_force(tx, mine.tenant) == 2
        await made(tx, mine.tenant, "The scheme is means-tested.")
        assert await guardrails.in_force(tx, mine.tenant) == 2, "one rule twice"
        assert await guardrails.switch_off(tx, mine.tenant, first, None) == "The scheme is means-tested."
        assert await guardrails.switch_off(tx, mine.tenant, first, None) is None
        assert await guardrails.standing(tx, mine.tenant, "") == ("Say nothing of this.",)
        await made(tx, mine.tenant, "The scheme is means-tested.")
        assert len(await guardrails.listed(tx, mine.tenant, 50)) == 3, "the old one stays to be read"


async def test_a_tenant_makes_and_ends_no_rule_of_the_platform(db: Db, platform: PlatformDb, mine: Filled) -> None:
    async with platform.tx() as tx:
        ours = await made(tx, None, "Name the source of a figure.")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tx(mine.tenant) as tx:
            await made(tx, None, "Say that we are the best.")
    async with db.tx(mine.tenant) as tx:
        assert await guardrails.switch_off(tx, None, ours, None) is None
        assert len(await guardrails.listed(tx, mine.tenant, 50)) == 2


async def test_the_platforms_pages_see_no_tenants_rule(db: Db, platform: PlatformDb, mine: Filled) -> None:
    async with platform.tx() as tx:
        assert await guardrails.platforms(tx, 50) == []
        assert await guardrails.in_force(tx, TenantId(mine.tenant)) == 0
        assert await tx.fetchval("select count(*) from guardrails") == 0
        assert await guardrails.switch_off(tx, TenantId(mine.tenant), uuid4(), None) is None
