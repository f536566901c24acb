"""Paid reads of sources, and paid searches, in the same ledger as calls of models: one row each, the same budgets, the
same switch.

The money is set aside before anything is sent, for the most that can come; afterwards what came is what it cost. What
came is stored with the row, so that it is not paid for again when a process dies before it stored the posts: whoever
reads next from the same mark gets it from there.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from cid.domain.errors import Misconfigured
from cid.domain.ids import CallId, uuid7
from cid.domain.paid import Held, Hold, Opened, Order, Outcome
from cid.llm import ledger
from cid.llm.ledger import Granted
from cid.llm.models import NO_PACE, Choice, Pace
from cid.llm.steps import Breaker
from cid.pg.sql import query
from cid.text.replies import storable

if TYPE_CHECKING:
    from cid.domain.llm import Caps, Json
    from cid.ports import Clock, Db, Tx

log = structlog.get_logger("reads")

BOUGHT = query("ledger.bought")
READ_TURN = query("ledger.read_turn")
READING = query("ledger.reading")
FORGET_READ = query("ledger.forget_read")
PRICELESS = timedelta(hours=1)
"""After so long it is looked again whether there is a price."""
PROBE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPrice:
    name: str
    """`provider/what`."""
    valid_from: date
    per: Mapping[str, Decimal]
    """Unit → US dollars."""

    def cost(self, units: Mapping[str, int]) -> Decimal:
        """US dollars, exact. Raises KeyError for a unit without a price."""
        return sum((self.per[unit] * count for unit, count in units.items()), Decimal(0))


def load_read_prices(path: Path) -> tuple[ReadPrice, ...]:
    """Raises Misconfigured."""
    try:
        rows = tomllib.loads(path.read_text(), parse_float=Decimal).get("read", [])
        return tuple(
            ReadPrice(
                name=row["name"],
                valid_from=row["valid_from"],
                per={unit: Decimal(dollars) for unit, dollars in row["per"].items()},
            )
            for row in rows
        )
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): put it back.") from error
    except (KeyError, TypeError, ArithmeticError, AttributeError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path.name}: a price of reads is incomplete ({error!r}): correct it.") from error


class Purse:
    """Satisfies `ports.Purse`."""

    def __init__(
        self,
        db: Db,
        clock: Clock,
        *,
        caps: Caps,
        prices: Sequence[ReadPrice],
        paces: Mapping[str, Pace] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._caps = caps
        self._prices = prices
        self._paces = paces or {}

    async def open(self, order: Order) -> Opened | Held:
        now = self._clock.now()
        price = self._price(order)
        if price is None or not order.most.keys() <= price.per.keys():
            why = f"There is no price for {_name(order)} in config/prices.toml."
            return Held(hold=Hold.PRICE, why=why, until=now + PRICELESS)
        call, most = CallId(uuid7(now)), price.cost(order.most)
        async with self._db.tx(order.tenant) as tx:
            await tx.execute(READ_TURN, str(order.source))
            if order.stored:
                await tx.execute(FORGET_READ, order.tenant, order.stored)
            if known := await self._known(tx, order):
                return known
            grant = await ledger.reserve(
                tx,
                order.tenant,
                order.stage,
                _choice(order),
                most,
                caps=self._caps,
                pace=self._paces.get(order.provider, NO_PACE),
                tokens=0,
                probe_s=PROBE_S,
            )
            if grant.outcome is Granted.GRANTED:
                await self._write(tx, order, call, most)
        for scope in grant.near:
            log.warning("llm.budget_near", tenant=str(order.tenant), scope=scope)
        return Opened(call=call) if grant.outcome is Granted.GRANTED else _held(grant)

    async def close(self, order: Order, call: CallId, outcome: Outcome) -> None:
        price = self._price(order)
        assert price, "it was opened at a price"
        async with self._db.tx(order.tenant) as tx:
            await ledger.settle(tx, order.tenant, call, _end(outcome, price), NO_PACE)

    async def _known(self, tx: Tx, order: Order) -> Opened | Held | None:
        row = await tx.fetchrow(BOUGHT, order.tenant, _mark(order), order.stage)
        if row is None:
            return None
        if row["state"] == "sent":
            return Held(hold=Hold.BUSY, why="Another process reads this already.", until=row["deadline"])
        return Opened(call=CallId(row["id"]), reply=json.loads(row["reply"]))

    async def _write(self, tx: Tx, order: Order, call: CallId, most: Decimal) -> None:
        await tx.execute(
            READING,
            call,
            order.tenant,
            order.stage,
            order.provider,
            order.what,
            _mark(order),
            most,
            [["s1", str(order.source), ""]],
            {"inputs": {"s1": dict(order.request)}, "most": dict(order.most)},
            order.timeout_s + ledger.GRACE_S,
        )

    def _price(self, order: Order) -> ReadPrice | None:
        today, name = self._clock.now().date(), _name(order)
        valid = [price for price in self._prices if price.name == name and price.valid_from <= today]
        return max(valid, key=lambda price: price.valid_from, default=None)


async def forget(tx: Tx, calls: Iterable[CallId]) -> None:
    """In the tenant's transaction that stores what came of them: their replies are not needed any more."""
    for call in calls:
        await tx.execute(FORGET_READ, tx.tenant, call)


def _name(order: Order) -> str:
    return f"{order.provider}/{order.what}"


def _choice(order: Order) -> Choice:
    return Choice(order.provider, order.what)


def _mark(order: Order) -> bytes:
    return hashlib.sha256(f"{order.source}\n{order.mark}".encode()).digest()


def _end(outcome: Outcome, price: ReadPrice) -> ledger.End:
    breaker = Breaker.ASKED if outcome.wait_s else Breaker.NONE
    if outcome.reply is None:
        state = "ambiguous" if outcome.ambiguous else "failed"
        return ledger.End(state=state, error=outcome.error, breaker=breaker, wait_s=outcome.wait_s)
    reply: dict[str, Json] = {
        "text": storable(json.dumps(outcome.reply, ensure_ascii=False)),
        "stop": "end",
        "units": dict(outcome.units),
        "price_from": price.valid_from.isoformat(),
    }
    cost = price.cost(outcome.units)
    return ledger.End(
        state="answered", cost=cost, error=outcome.error, reply=reply, breaker=breaker, wait_s=outcome.wait_s
    )


def _held(grant: ledger.Grant) -> Held:
    match grant.outcome:
        case Granted.OVER:
            return Held(hold=Hold.BUDGET, why=_over(grant), until=grant.until)
        case Granted.STOPPED:
            return Held(hold=Hold.SWITCH, why=f"models are switched off: {grant.why}", until=grant.until)
        case _:
            return Held(hold=Hold.PAUSE, why=grant.why, until=grant.until)


def _over(grant: ledger.Grant) -> str:
    whose = {
        "all": f"the day's budget of ${grant.why} for models and paid sources, of all tenants together,",
        "month": f"the month's budget of ${grant.why} for models and paid sources",
        "day": f"the day's budget of ${grant.why} for models and paid sources",
    }
    return f"{whose.get(grant.scope, f'the day’s budget of ${grant.why} for paid sources')} is used up"
