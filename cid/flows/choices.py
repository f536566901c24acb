"""Which models answer and what they may cost, as people set it while the desk runs. The next call reads what stands in
the row: nothing is restarted. Every change is a line in the audit log, and what waited for money goes on at once."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cid.domain.choices import (
    Asked,
    Breaker,
    Gauge,
    Held,
    Known,
    Limits,
    Notice,
    Term,
    in_force,
    model_notices,
    money_notices,
)
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import PLATFORM, UserId
from cid.domain.llm import Caps, Json, Tier
from cid.domain.tenants import Tenant
from cid.llm.models import Terms
from cid.ports import Tx
from cid.queue import wakeups
from cid.services import Services
from cid.store import audit, money, tenants

MOST_DOLLARS = Decimal(100_000)
LONGEST_WHY = 200
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything about models and money of one tenant or (PLATFORM) of everybody."""

    own: Term
    everybody: Term
    caps: Caps
    asked: Sequence[Asked]
    known: Sequence[Known]
    breakers: Sequence[Breaker]
    gauges: Sequence[Gauge]
    held: Sequence[Held]
    notices: Sequence[Notice]

    @property
    def stopped(self) -> str | None:
        return self.everybody.stopped if self.everybody.stopped is not None else self.own.stopped


async def standing(sv: Services, tenant: Tenant | None) -> Standing:
    """None: of everybody."""
    if tenant is None:
        async with sv.platform.read() as tx:
            return await _standing(sv, tx, None)
    async with sv.db.read(tenant.id) as tx:
        return await _standing(sv, tx, tenant)


async def _standing(sv: Services, tx: Tx, tenant: Tenant | None) -> Standing:
    scope = tenant.id if tenant else PLATFORM
    own, everybody = await money.terms(tx, scope)
    caps = in_force(own, everybody, sv.caps)
    chosen = Terms(
        sample=tenant.sample if tenant else False,
        own={tier: own.chain(tier) for tier in Tier} if tenant else {},
        everybody={tier: everybody.chain(tier) for tier in Tier},
    )
    asked = [sv.catalogue.asked(tier, chosen) for tier in Tier]
    known = sv.catalogue.known(sv.clock.now().date())
    breakers, gauges = await money.breakers(tx), await money.gauges(tx, scope, caps)
    stopped = everybody.stopped if everybody.stopped is not None else own.stopped
    return Standing(
        own=own,
        everybody=everybody,
        caps=caps,
        asked=asked,
        known=known,
        breakers=breakers,
        gauges=gauges,
        held=await money.held(tx, tenant.id if tenant else None),
        notices=[*money_notices(gauges, stopped), *model_notices(asked, known, breakers)],
    )


async def choose(sv: Services, user: UserId | None, tenant: Tenant | None, tier: Tier, names: Sequence[str]) -> None:
    """Whom to ask from the next call on; no names: whatever comes after this. None: for everybody. Raises Refused."""
    if tenant and tenant.sample:
        raise Refused("A sample newsroom is answered offline, whatever else is chosen.")
    chain = sv.catalogue.checked(names, sv.clock.now().date())
    detail: dict[str, Json] = {"tier": tier, "models": list(chain)}
    if tenant is None:
        async with sv.platform.tx() as tx:
            await money.choose(tx, PLATFORM, tier, chain, user)
            await _note(sv, tx, user, "models.chosen", _line(None, detail))
            await _go_on(tx, None)
        return
    async with sv.db.tx(tenant.id) as tx:
        await money.choose(tx, tenant.id, tier, chain, user)
        await _note(sv, tx, user, "models.chosen", _line(tenant, detail))
    async with sv.platform.tx() as tx:
        await _go_on(tx, tenant)


async def cap(sv: Services, user: UserId | None, tenant: Tenant | None, limits: Limits) -> int:
    """None: for everybody. Answers how many jobs go on for it. Raises Refused."""
    stages = limits.per_stage.values()
    for dollars in (limits.per_day, limits.per_month, limits.all_per_day, *stages):
        if dollars is not None and not 0 <= dollars <= MOST_DOLLARS:
            raise Refused(f"A cap is a number of US dollars from 0 to {MOST_DOLLARS:,}.")
    async with sv.platform.tx() as tx:
        await money.cap(tx, tenant.id if tenant else PLATFORM, limits, user)
        detail: dict[str, Json] = {
            "per_day": _digits(limits.per_day),
            "per_month": _digits(limits.per_month),
            "per_stage": {stage: _digits(dollars) for stage, dollars in limits.per_stage.items()},
            "all_per_day": _digits(limits.all_per_day),
        }
        await _note(sv, tx, user, "models.capped", _line(tenant, detail))
        return await _go_on(tx, tenant)


async def stop(sv: Services, user: UserId | None, tenant: Tenant | None, why: str) -> None:
    """No model that costs something is asked from now on. Calls under way end by themselves. Raises Refused."""
    why = why.strip()
    if not why or len(why) > LONGEST_WHY:
        raise Refused(f"Say in up to {LONGEST_WHY} characters why: people read it where their work waits.")
    async with sv.platform.tx() as tx:
        await money.switch(tx, tenant.id if tenant else PLATFORM, why, user)
        await _note(sv, tx, user, "models.stopped", _line(tenant, {"why": why}))


async def start(sv: Services, user: UserId | None, tenant: Tenant | None) -> int:
    """Answers how many jobs go on."""
    async with sv.platform.tx() as tx:
        await money.switch(tx, tenant.id if tenant else PLATFORM, None, user)
        await _note(sv, tx, user, "models.started", _line(tenant, {}))
        return await _go_on(tx, tenant)


async def try_again(sv: Services, user: UserId | None, model: str) -> None:
    """The next call tries a model that is left alone after failures. Raises NotFound."""
    async with sv.platform.tx() as tx:
        if not await money.try_now(tx, model):
            raise NotFound(f"{model[:100]} is not left alone: nothing needs to be tried.")
        await _note(sv, tx, user, "models.tried", _line(None, {"model": model}))


async def tenant_of(sv: Services, slug: str) -> Tenant:
    """Raises NotFound."""
    async with sv.platform.read() as tx:
        found = await tenants.by_slug(tx, slug)
    if found is None:
        raise NotFound(f"There is no tenant {slug[:100]}.")
    return found


def dollars(text: str, what: str) -> Decimal | None:
    """What somebody typed; empty: not set. Raises Refused."""
    text = text.strip().removeprefix("$")
    if not text:
        return None
    try:
        # A comma that parts no thousands is somebody's decimal point: left out, it would make the cap larger.
        value = Decimal(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except InvalidOperation:
        value = Decimal("nan")
    exponent = value.as_tuple().exponent  # a letter where it is no number
    if not isinstance(exponent, int) or exponent < -6 or not 0 <= value <= MOST_DOLLARS:
        raise Refused(f"{what}: {text[:40]!r} is no number of US dollars from 0 to {MOST_DOLLARS:,}.")
    return value


async def _go_on(tx: Tx, tenant: Tenant | None) -> int:
    """What waits for money is tried at once; where there is still none it waits again. The stories stay marked as
    waiting until their jobs, ready now, move them."""
    kinds = await money.go_on(tx, tenant.id if tenant else None)
    if kinds:
        told, statement = wakeups.with_commit(kinds, time.monotonic())
        tx.with_commit(statement)
        tx.after_commit(lambda: wakeups.ready(kinds, told))
    return sum(kinds.values())


async def _note(sv: Services, tx: Tx, user: UserId | None, action: str, line: tuple[str, dict[str, Json]]) -> None:
    target, detail = line
    await audit.add(tx, sv.clock.now(), user, action, target=target, detail=detail)


def _line(tenant: Tenant | None, detail: dict[str, Json]) -> tuple[str, dict[str, Json]]:
    """Whom it is about, and what was set."""
    return tenant.slug if tenant else "everybody", detail


def _digits(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
