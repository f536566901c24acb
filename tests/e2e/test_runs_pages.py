"""The analysis desk in a browser: every state of a run is usable by everybody, and a page that follows one stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.run import Failure, RunState
from cid.domain.tenants import Desk as DeskKind
from cid.store import runs, tenants
from tests import analysis
from tests.e2e.test_pages import faults, opened, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk

pytestmark = pytest.mark.e2e


async def furnished(desk: Desk, room: Newsroom) -> analysis.Runs:
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, room.tenant, list(DeskKind))
    return await analysis.furnish(desk.sv, room.tenant, by=room.people["analyst@acme.test"])


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
async def test_every_page_of_runs_is_usable_by_everybody(
    browser: Browser, desk: Desk, room: Newsroom, width: int, scheme: Any
) -> None:
    made, wrong = await furnished(desk, room), dict[str, list[str]]()
    pages = [f"runs/{run}" for run in made.ids.values()]
    pages += ["runs", "runs/new", f"runs/{made.ids['completed']}/compare", f"batches/{made.batch}", "analysis"]
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await sign_in(page)
        for path in pages:
            answer = await page.goto(f"/t/acme/{path}")
            assert answer
            assert answer.status == 200, path
            for summary in await page.locator("main summary").all():
                await summary.click()
            # Where the last of them happens to lie, the bar at a phone's foot may stand before something.
            await page.evaluate("scrollTo(0, 0)")
            wrong[path] = await faults(page)
    assert {path: found for path, found in wrong.items() if found} == {}
    assert said == []


async def test_a_quote_leads_to_where_it_stands(browser: Browser, desk: Desk, room: Newsroom) -> None:
    made = await furnished(desk, room)
    async with opened(browser, desk, viewport={"width": 390, "height": 844}) as (page, said):
        await sign_in(page)
        await page.goto(f"/t/acme/runs/{made.ids['completed']}")
        await page.locator("#finding-1").get_by_role("link", name="item 1").first.click()
        assert page.url.endswith("#q1-1-1")
        mark = page.locator("#q1-1-1 + mark, #q1-1-1 + .spot + mark")
        assert (await mark.inner_text()).startswith("not one inch")
        box = await mark.bounding_box()
        assert box
        assert 0 < box["y"] < 844
    assert said == []


async def test_the_page_of_a_run_follows_it_to_its_end_and_asks_no_more(
    browser: Browser, desk: Desk, room: Newsroom
) -> None:
    made = await furnished(desk, room)
    async with opened(browser, desk) as (page, said):
        await page.clock.install()
        await sign_in(page)
        await page.goto(f"/t/acme/runs/{made.ids['running']}")
        async with desk.sv.db.tx(room.tenant) as tx:
            run = await runs.by_id(tx, room.tenant, made.ids["running"])
            assert run
            await runs.move(tx, run, RunState.FAILED, said="Over.", failure=Failure.MODEL, detail="No model answered.")
        await page.clock.fast_forward(5_000)
        await page.get_by_role("heading", name="There is no briefing").wait_for()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.fast_forward(120_000)
        await page.evaluate("0")
        assert asked == []
    assert said == []
