"""The pages around a draft, in a browser: settings, links in mails, the platform, and the ways in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cid.flows import halt
from cid.store import review_links
from cid.text.review_tokens import PURPOSE
from tests.e2e.test_pages import faults, opened, sign_in
from tests.newsroom import ADMIN, PASSWORD
from tests.web.test_drafts import acme, empty_desk

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from cid.domain.ids import DraftId
    from tests.press import Press
    from tests.web.conftest import Desk

__all__ = ["acme", "empty_desk"]
pytestmark = pytest.mark.e2e
LOOKS = [(390, "dark"), (1280, "light")]
SETTINGS = (
    *("tenant", "general", "people", "channels", "channels?kind=ghost", "problems", "disclosure", "mail", "tokens"),
    *("audit", "publishing/back", "calendar", "calendar?span=week", "drafts?state=live"),
)
PLATFORM = ("people", "tenants", "audit", "models", "quality")


async def each(page: Page, paths: list[str]) -> dict[str, list[str]]:
    """What is wrong, by page."""
    wrong = {}
    for path in paths:
        answer = await page.goto(path)
        assert answer
        assert answer.status == 200, path
        wrong[path] = await faults(page)
    return {path: found for path, found in wrong.items() if found}


async def mailed(acme: Press, draft: DraftId) -> str:
    """The link of a digest."""
    async with acme.sv.db.tx(acme.tenant) as tx:
        keys, now = acme.sv.keys.derive_all(PURPOSE), acme.sv.clock.now()
        user = acme.actor.user.id
        url = await review_links.make(tx, keys=keys, base_url="", draft=draft, user=user, now=now)
    assert url
    return url


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_every_page_of_settings_is_usable_by_everybody_also_while_publishing_is_stopped(
    browser: Browser, desk: Desk, acme: Press, width: int, scheme: Any
) -> None:
    draft = f"drafts/{await acme.draft()}"
    await halt.stop(desk.sv, acme.tenant, "A wrong figure.", actor=None)
    pages = [f"/t/acme/{part}" for part in (*SETTINGS, f"{draft}/picture", f"{draft}/record", f"{draft}/edit")]
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await sign_in(page)
        assert await each(page, [*pages, "/account", "/account/second-factor"]) == {}
        await page.goto("/t/acme/audit")
        assert await page.get_by_text("Publishing is stopped.").is_visible()
        tab = page.get_by_label("Settings").get_by_role("link", name="Log")
        box = await tab.bounding_box()
        assert box
        assert 0 <= box["x"] <= width - box["width"], "the tab at hand is in sight"
    assert said == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_the_platforms_lists_are_usable_by_everybody(
    browser: Browser, desk: Desk, width: int, scheme: Any
) -> None:
    assert desk.room
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await page.goto("/sign-in")
        await page.get_by_label("E-mail address").fill(ADMIN)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.locator(".me summary").wait_for()
        assert await each(page, [f"/platform/{part}" for part in PLATFORM]) == {}
    assert said == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_links_of_mails_and_the_ways_in_are_usable_by_everybody(
    browser: Browser, desk: Desk, acme: Press, width: int, scheme: Any
) -> None:
    ready = await mailed(acme, await acme.draft())
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        assert await each(page, [ready, f"{ready}/edit", "/forgot", "/sign-in"]) == {}
        await page.goto(ready)
        await page.get_by_role("button", name="Approve", exact=True).click()
        await page.wait_for_load_state()
        assert await faults(page) == [], "what is said after the decision"
        assert await page.goto(ready)
        assert await faults(page) == [], "the same link a second time"
    assert [text for text in said if "410" not in text] == []
