"""Models and money as people see and touch them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from cid.domain.ids import PLATFORM, CallId, TenantId, uuid7
from cid.domain.llm import Caps
from cid.store import money
from cid.web.money_views import STAGES
from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from uuid import UUID

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HAIKU, SONNET = "anthropic/claude-haiku-5-5", "anthropic/claude-sonnet-5-5"


async def waits(owner: Owner, tenant: TenantId, why: str, kind: str = "draft") -> int:
    """A job that waits until tomorrow, for this reason."""
    return int(
        await owner.fetchval(
            """insert into jobs (tenant_id, kind, state, run_at, error)
               values ($1, $2, 'scheduled', cid_now() + interval '1 day', $3) returning id""",
            tenant,
            kind,
            why,
        )
    )


async def state(owner: Owner, job: int) -> str:
    return str(await owner.fetchval("select state from jobs where id = $1", job))


async def audited(owner: Owner) -> list[tuple[str, str, Any, UUID | None]]:
    rows = await owner.fetch(
        "select action, target, detail, tenant_id from audit where action like 'models.%' order by at"
    )
    return [(row["action"], row["target"], json.loads(row["detail"]), row["tenant_id"]) for row in rows]


DAY = "the day's budget of $20 for models is used up"
OFF = "models are switched off: A bill came."


async def test_a_chain_for_everybody_is_chosen_on_the_page_and_written_down(admin: Person, owner: Owner) -> None:
    answer = await admin.post("/platform/models/chain", tier="cheap", first=SONNET, second=HAIKU)
    assert answer.status == 303
    assert await owner.fetchval("select cheap from model_terms where tenant_id = $1", PLATFORM) == [SONNET, HAIKU]
    assert "Chosen. The next call asks as it stands below." in await admin.text("/platform/models?said=models_chosen")
    assert await audited(owner) == [("models.chosen", "everybody", {"tier": "cheap", "models": [SONNET, HAIKU]}, None)]
    await admin.post("/platform/models/chain", tier="cheap")
    assert await owner.fetchval("select cheap from model_terms where tenant_id = $1", PLATFORM) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("anthropic/claude-of-dreams", "is no model that the desk knows"),
        ("haiku", "is no model that the desk knows"),
        ("nobody/claude-haiku-5-5", "is no model that the desk knows"),
    ],
)
async def test_a_wrong_name_is_refused_in_one_sentence_and_nothing_changes(
    admin: Person, boss: Person, owner: Owner, name: str, why: str
) -> None:
    for person, path in ((admin, "/platform/models/chain"), (boss, "/t/acme/models/chain")):
        answer = await person.post(path, tier="cheap", first=name)
        assert answer.status == 422
        assert why in await answer.text()
    assert await owner.fetchval("select count(*) from model_terms") == 0


async def test_what_is_computed_offline_stands_for_no_model(admin: Person) -> None:
    answer = await admin.post("/platform/models/chain", tier="cheap", first=HAIKU, second="offline/extracts-1")
    assert answer.status == 422
    assert "never stands for a model" in await answer.text()


async def test_an_override_without_a_key_falls_back_with_a_warning_on_each_page(
    boss: Person, viewer: Person, admin: Person
) -> None:
    await admin.post("/platform/models/chain", tier="cheap", first="offline/extracts-1")
    assert (await boss.post("/t/acme/models/chain", tier="cheap", first=HAIKU)).status == 303
    said = f"{HAIKU}: there is no key: set ANTHROPIC_API_KEY. offline/extracts-1 answers instead."
    assert said in await boss.text("/t/acme/models")
    for path in ("/t/acme/", "/t/acme/costs"):
        assert said in await viewer.text(path)


async def test_a_tenants_choice_is_its_own_and_in_its_own_log(boss: Person, owner: Owner, room: Newsroom) -> None:
    await boss.post("/t/acme/models/chain", tier="quality", first=SONNET)
    assert await owner.fetchval("select quality from model_terms where tenant_id = $1", room.tenant) == [SONNET]
    assert await owner.fetchval("select count(*) from model_terms") == 1
    assert [(action, tenant) for action, _, _, tenant in await audited(owner)] == [("models.chosen", room.tenant)]


async def test_no_page_shows_a_key(desk: Desk, admin: Person, boss: Person) -> None:
    text = await admin.text("/platform/models") + await boss.text("/t/acme/models")
    assert "there is no key: set ANTHROPIC_API_KEY" in text
    assert "sk-" not in text


async def test_a_raised_cap_lets_go_on_what_waited_for_it_at_once(admin: Person, owner: Owner, room: Newsroom) -> None:
    ours = [await waits(owner, room.tenant, DAY, kind) for kind in ("relate", "draft", "review")]
    theirs = await waits(owner, room.other, DAY)
    failed = await waits(owner, room.tenant, "anthropic: 529")
    assert (await admin.post("/platform/models/caps", tenant="acme", per_day="50", draft="12.50")).status == 303
    assert [await state(owner, job) for job in ours] == ["ready"] * 3
    assert await state(owner, theirs) == "scheduled"
    assert await state(owner, failed) == "scheduled", "a retry has its own time"
    row = await owner.fetchrow(
        "select per_day, per_month, per_stage from model_terms where tenant_id = $1", room.tenant
    )
    assert row
    assert (row["per_day"], row["per_month"], json.loads(row["per_stage"])) == (Decimal(50), None, {"draft": "12.50"})
    await admin.post("/platform/models/caps", per_month="900")
    assert await state(owner, theirs) == "ready"


async def test_every_stage_that_costs_has_a_cap_on_the_page(admin: Person, owner: Owner) -> None:
    page = await admin.text("/platform/models")
    typed = {stage: str(n) for n, stage in enumerate(STAGES, 1)}
    assert "search" in typed
    for stage in typed:
        assert f'name="{stage}"' in page
    assert (await admin.post("/platform/models/caps", tenant="acme", **typed)).status == 303
    kept = await owner.fetchval(
        "select per_stage from model_terms where tenant_id = (select id from tenants where slug = 'acme')"
    )
    assert json.loads(kept) == typed


async def test_the_switch_says_why_work_waits_and_lets_it_go_on(
    admin: Person, viewer: Person, owner: Owner, room: Newsroom
) -> None:
    await admin.post("/platform/models/stop", why="A bill came.")
    job = await waits(owner, room.tenant, OFF)
    for text in (await admin.text("/platform/models"), await viewer.text("/t/acme/")):
        assert "Models are switched off: A bill came." in text
        assert "1 piece of work waits:" in text
    await admin.post("/platform/models/start")
    assert await state(owner, job) == "ready"
    assert "switched off" not in await viewer.text("/t/acme/")
    assert [action for action, *_ in await audited(owner)] == ["models.stopped", "models.started"]


async def test_one_tenants_models_can_be_stopped(admin: Person, viewer: Person, stranger: Person) -> None:
    await admin.post("/platform/models/stop", tenant="acme", why="They asked us to.")
    assert "They asked us to." in await viewer.text("/t/acme/")
    assert "They asked us to." not in await stranger.text("/t/other/")


@pytest.mark.parametrize("typed", ["-1", "many", "nan", "1e400", "999999999"])
async def test_a_cap_that_is_no_sum_is_refused(admin: Person, owner: Owner, typed: str) -> None:
    answer = await admin.post("/platform/models/caps", per_day=typed)
    assert answer.status == 422
    assert "US dollars" in await answer.text()
    assert await owner.fetchval("select count(*) from model_terms") == 0


async def test_a_model_that_failed_is_tried_again_on_demand(admin: Person, owner: Owner) -> None:
    await owner.execute(
        "insert into breakers (model, failures, open_until, why) values ($1, 4, cid_now() + interval '1 hour', '529')",
        HAIKU,
    )
    assert "Try again now" in await admin.text("/platform/models")
    assert (await admin.post("/platform/models/try", model=HAIKU)).status == 303
    assert await owner.fetchval("select open_until <= cid_now() and failures = 4 from breakers")


async def test_a_model_near_its_end_is_told_of_on_the_overview(desk: Desk, viewer: Person) -> None:
    catalogue = desk.sv.catalogue
    today = desk.sv.clock.now().date()
    ends = replace(catalogue.models.traits[HAIKU], retires=today + timedelta(days=59))
    models = replace(catalogue.models, traits={**catalogue.models.traits, HAIKU: ends})
    object.__setattr__(desk.sv, "catalogue", replace(catalogue, models=models, lacks=lambda _choice: ""))
    assert "in 59 days" in await viewer.text("/t/acme/")


async def spend(
    owner: Owner, room: Newsroom, stage: str, dollars: str, *subjects: UUID, state: str = "answered"
) -> CallId:
    """A call in the ledger and in the budgets, as settling leaves it."""
    call = CallId(uuid7(room.now))
    about = [[f"a{n}", str(subject), "00"] for n, subject in enumerate(subjects, 1)]
    await owner.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
                              input_hash, state, reserved, cost, subjects, error)
           values ($1, $2, $3, 'cheap', 'anthropic', 'm', 'p', 'v1', '', '', $4, 1, $5::text::numeric,
                   $6::text::jsonb, $4)""",
        call,
        room.tenant,
        stage,
        state,
        dollars,
        json.dumps(about),
    )
    await owner.execute(
        """insert into budgets (tenant_id, period, starts, scope, spent)
           select tenant_id, period, starts, scope, $3::text::numeric from budgets_of($1, $2, cid_now())
           on conflict (tenant_id, starts, period, scope) do update set spent = budgets.spent + excluded.spent""",
        room.tenant,
        stage,
        dollars,
    )
    return call


@pytest.fixture
async def spent(owner: Owner, room: Newsroom) -> dict[str, UUID]:
    """Three screenings, two of them drafts, and calls whose cost no share divides."""
    await owner.execute("delete from calls")
    stories = {
        row["title"]: row["id"]
        for row in await owner.fetch("""select s.id, i.title from screenings s join items i on i.id = s.item_id
               where s.desk = 'publishing'""")
    }
    ids = {
        name: next(id_ for title, id_ in stories.items() if title.startswith(start)) for name, start in STARTS.items()
    }
    await spend(owner, room, "relevance", "0.000000000010", *ids.values())
    await spend(owner, room, "draft", "0.25", ids["drafted"])
    await spend(owner, room, "draft", "0", ids["drafted"], state="failed")
    await spend(owner, room, "review", "0.125", room.versions["drafted"])
    await spend(owner, room, "review", "1.000000000001", room.versions["held"], state="ambiguous")
    return ids


STARTS = {"drafted": "Port of", "held": "Freight", "waiting": "Harbour board"}


async def test_shares_add_up_to_the_ledger_to_the_last_digit(
    owner: Owner, room: Newsroom, spent: dict[str, UUID]
) -> None:
    whole = Decimal("1.375000000011")
    for source in ("calls", "inspect.costs", "inspect.call_shares", "inspect.story_costs"):
        column = "cost" if source == "calls" else "spent"
        assert await owner.fetchval(f"select sum({column}) from {source} where tenant_id = $1", room.tenant) == whole
    for period in ("day", "month"):
        found = await owner.fetchval(
            "select spent from budgets where tenant_id = $1 and period = $2 and scope = ''", room.tenant, period
        )
        assert found == whole
    by_stage = "select sum(spent) from budgets where tenant_id = $1 and scope <> ''"
    assert await owner.fetchval(by_stage, room.tenant) == whole


async def test_a_draft_costs_its_share_of_all_that_led_to_it(
    desk: Desk, room: Newsroom, spent: dict[str, UUID]
) -> None:
    async with desk.sv.db.read(room.tenant) as tx:
        found = {cost.id: cost for cost in await money.by_draft(tx, room.tenant, 20)}
    drafted, held = found[room.drafts["drafted"]], found[room.drafts["held"]]
    assert (drafted.calls, drafted.unanswered, drafted.spent) == (4, 1, Decimal("0.375000000004"))
    assert (held.calls, held.unanswered, held.spent) == (2, 1, Decimal("1.000000000004"))
    async with desk.sv.db.read(room.other) as tx:
        assert await money.by_draft(tx, room.other, 20) == []


async def test_the_views_show_a_tenant_its_own(desk: Desk, room: Newsroom, spent: dict[str, UUID]) -> None:
    for view in ("costs", "call_shares", "story_costs"):
        async with desk.sv.db.read(room.other) as tx:
            assert await tx.fetchval(f"select count(*) from inspect.{view}") == 0
        async with desk.sv.db.read(room.tenant) as tx:
            assert await tx.fetchval(f"select count(*) from inspect.{view}") > 0


async def test_the_page_of_costs_shows_where_the_money_went(
    viewer: Person, room: Newsroom, spent: dict[str, UUID]
) -> None:
    text = await viewer.text("/t/acme/costs")
    for shown in ("$1.38", "review", "anthropic/m", "ambiguous", "failed", "Port of Elmsworth", "of $20.00"):
        assert shown in text, shown


async def test_the_sums_of_a_page_are_those_of_the_ledger(desk: Desk, room: Newsroom, spent: dict[str, UUID]) -> None:
    async with desk.sv.db.read(room.tenant) as tx:
        days = sum(day.spent for day in await money.by_day(tx, room.tenant))
        stages = sum(row.spent for row in await money.by_stage(tx, room.tenant))
        models = sum(row.spent for row in await money.by_model(tx, room.tenant))
        gauges = {gauge.scope: gauge for gauge in await money.gauges(tx, room.tenant, Caps(per_day=Decimal("1.5")))}
    assert days == stages == models == gauges["day"].spent == Decimal("1.375000000011")
    assert (gauges["day"].tone, gauges["month"].tone) == ("warn", "good")
