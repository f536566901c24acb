"""Every way in which a vendor lets its caller down, through every vendor, the router and the ledger: each ends in a
named outcome, and what was spent follows from the calls and, to the last digit, from the double's own count.

`python -m tests.store.test_faults` prints the matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cid.domain.errors import CidError
from cid.domain.ids import TenantId
from cid.domain.llm import Caps, Price, Tier, cost
from cid.llm.models import Choice, Prices, Row
from cid.llm.router import Router
from cid.pg.pool import AppDb, WorkerDb
from tests import funnel, make
from tests.conftest import DatabaseTime
from tests.fakes import FrozenClock
from tests.providers import VENDORS, Vendor
from tests.store.test_router import ask
from tests.vendor import FAULTS, Double

D = Decimal
PRICE = Price(
    input=D("0.37"),
    output=D("2.11"),
    cache_read=D("0.041"),
    cache_write=D("0.53"),
    cache_write_1h=D("0.79"),
    batch=D(1),
)
KEYS = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a fault ends in that comes once, and one that stays: answers or a failure's name, and the calls' states."""

    once: str
    stays: str


GOOD = Cell("3 of 3: answered", "3 of 3: answered")
BUSY = Cell("3 of 3: failed, answered", "Upstream: failed, failed, failed")
LOST = Cell("3 of 3: ambiguous, answered", "Unanswered: ambiguous, ambiguous")
USELESS = Cell("3 of 3: answered, answered", "BadReply: answered, answered")
PARTLY = Cell("3 of 3: answered, answered", "2 of 3: answered, answered")
CELLS: Mapping[str, Cell] = {
    "well": GOOD,
    "429": BUSY,
    "429 for an hour": Cell("Upstream: failed", "Upstream: failed"),
    "529": BUSY,
    "500": BUSY,
    "spent": Cell("Spent: failed", "Spent: failed"),
    "hang": LOST,
    "drip": LOST,
    "reset": LOST,
    "cut": LOST,
    "page": LOST,
    "other": LOST,
    "nothing": LOST,
    "deep": LOST,
    "empty list": USELESS,
    "truncated": USELESS,
    "refused": Cell("BadReply: answered", "BadReply: answered"),
    "shuffled": GOOD,
    "missing": PARTLY,
    "doubled": PARTLY,
    "invented": GOOD,
    "strings": USELESS,
    "NaN": USELESS,
    "200 kB": PARTLY,
}


def desk(db: AppDb, vendor: Vendor, url: str, time: DatabaseTime) -> Router:
    """Pauses are slept on the database's clock, which moves at once."""
    choice = Choice(vendor.name, vendor.model)

    async def sleep(seconds: float) -> None:
        await time.advance(timedelta(seconds=seconds + 1))

    return Router(
        db,
        FrozenClock(),
        models=replace(funnel.models(), tiers=dict.fromkeys(Tier, (choice,)), caps=Caps(), paces={}),
        prices=Prices((Row(model=str(choice), valid_from=date(2020, 1, 1), above=0, price=PRICE),)),
        prompts=funnel.prompts(),
        providers=[vendor.provider(url, strict=False)],
        sleep=sleep,
        chance=lambda: 0.5,
    )


async def outcome(router: Router, owner: Any, tenant: TenantId) -> str:
    # Long enough for a good answer on a busy machine; whoever never answers costs it twice.
    question = ask(tenant, *KEYS, max_tokens=100_000, timeout_s=1.0, patience_s=60)
    try:
        result = f"{len(await router.ask(question))} of {len(KEYS)}"
    except CidError as error:
        result = type(error).__name__
    states = await owner.fetch("select state from calls order by attempt")
    return f"{result}: {', '.join(row['state'] for row in states)}"


async def adds_up(owner: Any, double: Double) -> None:
    """Nothing is left reserved; all four budgets say what the calls cost; answers cost what the double counted."""
    calls = await owner.fetch("select state, cost, reserved from calls")
    spent = sum((row["cost"] for row in calls), D(0))
    assert all(
        row["cost"] == {"failed": 0, "ambiguous": row["reserved"]}.get(row["state"], row["cost"]) for row in calls
    )
    budgets = await owner.fetch("select reserved, spent from budgets")
    assert {(row["reserved"], row["spent"]) for row in budgets} == {(D(0), spent)}
    assert len(budgets) == 4
    counted = [cost(PRICE, usage) for _, usage in double.answered]
    answered = [row["cost"] for row in calls if row["state"] == "answered"]
    assert sorted(answered) == sorted(counted)
    assert len(calls) == len(double.asked), "a row for every request"


@pytest.mark.parametrize("stays", [False, True], ids=["once", "stays"])
@pytest.mark.parametrize("fault", CELLS)
@pytest.mark.parametrize("name", VENDORS)
async def test_each_fault_has_a_named_end_and_the_ledger_adds_up(
    db: AppDb, platform: WorkerDb, owner: Any, database_time: DatabaseTime, name: str, fault: str, stays: bool
) -> None:
    vendor, tenant = VENDORS[name], await make.tenant(platform)
    async with vendor.double() as double:
        double.script = [fault] * (6 if stays else 1)
        router = desk(db, vendor, double.url, database_time)
        try:
            assert await outcome(router, owner, tenant) == (CELLS[fault].stays if stays else CELLS[fault].once)
            await adds_up(owner, double)
        finally:
            await router.providers[name].close()  # type: ignore[attr-defined]  # every vendor's has it


def test_no_fault_is_left_out() -> None:
    assert set(CELLS) == set(FAULTS)


def matrix() -> str:
    """What the tests hold, for reading: the same for every vendor, which is the point."""
    lines = [
        f"{'fault':16} {'once':34} stays",
        *(f"{name:16} {cell.once:34} {cell.stays}" for name, cell in CELLS.items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(matrix())
