"""50 workers in five processes ask a model until the day's cap is reached: how far over it, and does the ledger agree
with what the model counted?
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bench.models.meter import metered
from cid.llm.models import Choice
from cid.pg.embedded import APP
from tests import funnel
from tests.chaos.field import TENANTS, Grounds, a_field
from tests.chaos.nursery import Nursery

PROCESSES, EACH = 5, 10
CAP = Decimal("0.05")


async def cap(grounds: Grounds) -> dict[str, Any]:
    prices, today = funnel.prices(), datetime.now(UTC).date()
    nursery = Nursery(grounds.room / "callers.log", models=True)
    try:
        async with (
            a_field(grounds, seed=1) as made,
            metered(lambda model, tokens: prices.at(Choice("anthropic", model), today, tokens), thinks_s=0.05) as meter,
        ):
            async with made.platform.tx() as tx:
                await tx.execute("insert into tenants (id, slug, name) values ($1, 'cap', 'Cap')", TENANTS[0])
            orders = {"app": made.dsn(APP), "url": meter.url, "tenant": str(TENANTS[0]), "cap": str(CAP)}
            pids = [
                nursery.start("caller", **orders, subjects=10_000, first=10_000 * number, seed=number, workers=EACH)
                for number in range(PROCESSES)
            ]
            codes = [await nursery.wait(pid, 300) for pid in pids]
            (row,) = await made.fetch(
                """select
                     (select sum(spent) from budgets where period = 'day' and scope = '' and tenant_id = $1) as spent,
                     (select sum(reserved) from budgets) as reserved, (select sum(cost) from calls) as cost,
                     (select max(reserved) from calls) as largest, (select count(*) from calls) as calls""",
                TENANTS[0],
            )
    finally:
        nursery.close()
    return {
        "what": "a cap under 50 workers",
        "workers": PROCESSES * EACH,
        "exit_codes": codes,
        "cap": str(CAP),
        "spent": str(row["spent"]),
        "overshoot": str(max(Decimal(0), row["spent"] - CAP)),
        "left_below_the_cap": str(CAP - row["spent"]),
        "largest_reservation": str(row["largest"]),
        "reserved_after": str(row["reserved"]),
        "calls": row["calls"],
        "requests": meter.requests,
        "the_doubles_own_count": str(meter.dollars),
        "difference": str(row["cost"] - meter.dollars),
    }
