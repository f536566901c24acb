"""The pages in a browser: on a phone and on a desk, light and dark, with a keyboard, and without script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.async_playwright import Axe

from cid.flows import signin
from tests.newsroom import ADMIN, PASSWORD, Newsroom
from tests.web.conftest import Desk

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.e2e
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def pages(room: Newsroom) -> dict[str, int]:
    """Each page and its status."""
    return {
        "/t/acme/": 200,
        "/t/acme/items": 200,
        "/t/acme/items?state=dropped": 200,
        "/t/acme/items?q=nothing-like-it": 200,
        f"/t/acme/items/{room.items['drafted']}": 200,
        f"/t/acme/items/{room.items['waiting']}": 200,
        "/t/acme/sources": 200,
        "/t/acme/drafts": 200,
        "/t/acme/gates": 200,
        "/t/acme/gates/figures": 200,
        "/t/acme/plan": 200,
        "/t/acme/tracker": 200,
        "/t/acme/quality": 200,
        "/t/acme/models": 200,
        "/t/acme/costs": 200,
        "/t/acme/calls": 200,
        "/t/acme/calls?state=failed": 200,
        f"/t/acme/calls/{room.calls['cheap']}": 200,
        "/t/acme/trials": 200,
        f"/t/acme/trials/{room.trial}": 200,
        "/t/other/": 404,
    }


@asynccontextmanager
async def opened(browser: Browser, desk: Desk, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and what its console complains about."""
    context = await browser.new_context(base_url=desk.base, **options)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page, said
    await context.close()


async def sign_in(page: Page, email: str = "owner@acme.test") -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/t/acme/")


async def faults(page: Page) -> list[str]:
    """What stands in somebody's way, by axe's rules and by the width of the screen."""
    found = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in (await Axe().run(page, options=RULES)).response["violations"]
        for node in violation["nodes"]
    ]
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"{wide} px wider than the screen"] if wide > 0 else [])]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_each_page_is_usable_by_everybody(
    browser: Browser, desk: Desk, room: Newsroom, width: int, scheme: Any
) -> None:
    wrong: dict[str, list[str]] = {}
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await page.goto("/sign-in")
        wrong["/sign-in"] = await faults(page)
        await sign_in(page)
        for path, status in pages(room).items():
            answer = await page.goto(path)
            assert answer
            assert answer.status == status, path
            wrong[path] = await faults(page)
        await page.get_by_text("Owner").or_(page.locator(".me summary")).first.click()
        wrong["menu"] = await faults(page)
    assert {path: found for path, found in wrong.items() if found} == {}
    assert [text for text in said if "404" not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_platforms_page_is_usable_by_everybody(
    browser: Browser, desk: Desk, room: Newsroom, width: int, scheme: Any
) -> None:
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await page.goto("/sign-in")
        await page.get_by_label("E-mail address").fill(ADMIN)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.goto("/platform/models")
        await page.get_by_text("Caps and switch of Acme").click()
        assert await faults(page) == []
        await page.get_by_label("Reason to stop them, for everybody").fill("A bill came.")
        await page.get_by_role("button", name="Stop all models").click()
        await page.get_by_role("heading", name="Models are off").wait_for()
        assert await faults(page) == []
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_each_page_of_prompts_is_usable_by_everybody(
    browser: Browser, desk: Desk, room: Newsroom, width: int, scheme: Any
) -> None:
    assert room is desk.room
    wrong: dict[str, list[str]] = {}
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await page.goto("/sign-in")
        await page.get_by_label("E-mail address").fill(ADMIN)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.locator(".me summary").wait_for()
        await page.goto("/platform/prompts/relevance/versions/v2")
        await page.get_by_role("button", name="Make v2 live").click()
        await page.get_by_text("live, pinned").wait_for()
        for path in ("/platform/prompts", *(f"/platform/prompts/relevance/versions/v{n}" for n in (1, 2))):
            await page.goto(path)
            wrong[path] = await faults(page)
    assert {path: found for path, found in wrong.items() if found} == {}
    assert said == []


async def test_the_set_up_page_is_usable_and_leads_to_the_desk(browser: Browser, empty_desk: Desk) -> None:
    link = await signin.setup_link(empty_desk.sv)
    assert link
    async with opened(browser, empty_desk, viewport={"width": 390, "height": 844}) as (page, said):
        await page.goto(link.removeprefix(empty_desk.sv.base_url))
        assert await faults(page) == []
        await page.get_by_label("Organisation").fill("The Pier")
        await page.get_by_label("E-mail address").fill("ann@pier.test")
        await page.get_by_label("Password").fill("a good long sentence")
        await page.get_by_role("button", name="Start").click()
        await page.wait_for_url("**/t/the-pier/")
        assert await faults(page) == []
    assert said == []


async def test_everything_works_without_script(browser: Browser, desk: Desk, room: Newsroom) -> None:
    async with opened(browser, desk, java_script_enabled=False) as (page, _said):
        await sign_in(page)
        await page.get_by_role("link", name="Sources").click()
        await page.get_by_label("Address of the feed").fill("https://new.test/feed")
        await page.get_by_role("button", name="Test", exact=True).click()
        assert await page.get_by_role("heading", name="A poll of new.test/feed").is_visible()
        await page.get_by_role("button", name="Add", exact=True).click()
        assert await page.get_by_text("Source added.").is_visible()
        await page.get_by_role("button", name="Switch off Harbour Gazette").click()
        assert await page.get_by_text("Source switched off.").is_visible()
        await page.get_by_role("button", name="Take it for Dockside Dispatch: www.dockside.test").click()
        assert await page.get_by_text("Replaced. The new source keeps what was set").is_visible()
        await page.get_by_role("link", name="Funnel").click()
        await page.get_by_label("Why dropped").select_option("low_relevance")
        await page.get_by_role("button", name="Show").click()
        await page.get_by_role("link", name="Harbour café wins a prize").click()
        assert await page.get_by_text("A prize, not trade.").is_visible()
        await page.locator(".me summary").click()
        await page.get_by_role("button", name="Sign out").click()
        assert await page.get_by_text("You have signed out.").is_visible()


@pytest.mark.parametrize("path", ["/t/acme/", "/t/acme/items", "/t/acme/sources"])
async def test_a_keyboard_reaches_everything_and_shows_where_it_is(
    browser: Browser, desk: Desk, room: Newsroom, path: str
) -> None:
    async with opened(browser, desk, viewport={"width": 390, "height": 600}) as (page, _said):
        await sign_in(page)
        await page.goto(path)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        wanted = await page.evaluate(
            "document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select').length"
        )
        reached = 0
        for _ in range(wanted):
            await page.keyboard.press("Tab")
            seen = await page.evaluate("""() => {
                const on = document.activeElement, style = getComputedStyle(on), box = on.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
                return {name: on.tagName, main: !!on.closest('main'),
                        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                        covered: !(top && (on.contains(top) || top.contains(on)))};
            }""")
            assert seen["outline"], seen
            assert not seen["covered"], seen
            reached += seen["main"]
        assert reached == wanted


async def test_the_overview_keeps_itself_fresh_while_it_is_looked_at(
    browser: Browser, desk: Desk, room: Newsroom
) -> None:
    async with opened(browser, desk) as (page, said):
        await page.clock.install()
        await sign_in(page)
        row = page.get_by_role("row", name="Gate 2, relevance")
        assert "12" not in await row.inner_text()
        async with desk.sv.platform.tx() as tx:
            await tx.execute(
                "insert into jobs (tenant_id, kind) select $1, 'relate' from generate_series(1, 12)", room.tenant
            )
        await page.evaluate("document.activeElement.blur()")
        await page.clock.fast_forward(16_000)
        await page.get_by_role("row", name="Gate 2, relevance 12").wait_for()
    assert said == []
