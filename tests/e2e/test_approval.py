"""The whole way in a browser: from signing in to a page on the site, on a phone and a desk, with and without script."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.draft import DraftState
from cid.flows import publish
from cid.store import policies
from tests.e2e.test_pages import faults, opened, sign_in
from tests.press import ARTICLE, Press
from tests.web.test_drafts import acme, empty_desk

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from cid.domain.ids import DraftId
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk

__all__ = ["acme", "empty_desk"]
pytestmark = pytest.mark.e2e
SHOTS = os.environ.get("CID_SHOTS")
"""A folder for pictures of the pages, for whoever wants to look at them."""
BODY = (
    "The quay opens on 3 May. It cost 750 million euros, says Otto Brandt of Tidewater Bank.\n\n"
    "## What changes\n\n- Ferries every 20 minutes\n- Trucks use the south gate"
)
GRAVE = {
    "severity": "critical",
    "category": "factual_risk",
    "where": "750 million euros",
    "what": "These figures stand in no report as they stand here.",
    "fix": "Check where they come from.",
    "check": "figures",
    "field": "body",
}


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def written(acme: Press) -> DraftId:
    """A draft whose review blocked it."""
    draft = await acme.draft(DraftState.WRITTEN, replace(ARTICLE, body=BODY))
    await acme.review(draft, held=True, listed=json.dumps([GRAVE]))
    return draft


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_pages_of_a_draft_are_usable_by_everybody(
    browser: Browser, desk: Desk, acme: Press, width: int, scheme: Any
) -> None:
    ready, blocked = await acme.draft(), await written(acme)
    at = f"/t/acme/drafts/{ready}"
    wrong: dict[str, list[str]] = {}
    async with opened(browser, desk, viewport={"width": width, "height": 844}, color_scheme=scheme) as (page, said):
        await sign_in(page)
        await page.goto(f"{at}/edit")
        await page.get_by_label("Title", exact=True).first.fill("Harbour opens 2 old quays")
        await shot(page, f"editor-{width}-{scheme}")
        wrong["edit"] = await faults(page)
        await page.get_by_role("button", name="Save as version 2").click()
        await acme.review(ready, held=False)
        for name, path in {
            "ready": at,
            "blocked": f"/t/acme/drafts/{blocked}",
            "diff": f"{at}/diff",
            "list": "/t/acme/drafts",
        }.items():
            await page.goto(path)
            if name == "blocked":
                await page.get_by_text("Approve anyway").click()
            await shot(page, f"{name}-{width}-{scheme}")
            wrong[name] = await faults(page)
    assert {path: found for path, found in wrong.items() if found} == {}
    assert said == []


@pytest.mark.parametrize("script", [True, False])
async def test_from_sign_in_to_the_published_page_with_an_undo_on_the_way(
    browser: Browser, desk: Desk, room: Newsroom, acme: Press, script: bool
) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        await policies.set_(tx, room.tenant, {"publishing": {"undo": "60s"}}, None)
    draft = await acme.draft()
    async with opened(browser, desk, java_script_enabled=script, viewport={"width": 390, "height": 844}) as (
        page,
        _said,
    ):
        await sign_in(page)
        await page.get_by_role("link", name="Drafts", exact=True).click()
        await page.get_by_role("link", name="Harbour opens its new quay").click()
        await page.get_by_role("button", name="Approve", exact=True).click()
        await page.locator(".due").wait_for()
        await shot(page, f"approved-390-{script}")
        assert await acme.jobs() == [], "nothing leaves while it can be undone"
        await page.get_by_role("button", name="Undo the approval").click()
        await page.get_by_text("The approval is taken back. Nothing was sent.").wait_for()
        await page.get_by_role("button", name="Approve", exact=True).click()
        await page.locator(".due").wait_for()
        await acme.owner.execute("update publications set due_at = now() - interval '1 s' where state = 'planned'")
        await acme.owner.execute("update jobs set state = 'ready', run_at = now() where kind = 'publish'")
        await publish.publish(acme.sv, await acme.jobs())
        await page.goto(f"/t/acme/drafts/{draft}")
        await page.get_by_role("link", name="View the article").first.click()
        assert await page.get_by_role("heading", name="Harbour opens its new quay").is_visible()
        assert "/site/acme/" in page.url


async def test_what_is_typed_is_kept_while_somebody_types_and_is_there_after_the_session_ended(
    browser: Browser, desk: Desk, acme: Press
) -> None:
    at = f"/t/acme/drafts/{await acme.draft()}/edit"
    async with opened(browser, desk) as (page, _said):
        await page.clock.install()
        await sign_in(page)
        await page.goto(at)
        await page.get_by_label("Title", exact=True).first.fill("Half a thought")
        assert await page.get_by_text("14 of 60 characters").is_visible()
        await page.clock.fast_forward(5000)
        await page.get_by_text("Kept for you").wait_for()
    async with opened(browser, desk) as (page, _said):
        await sign_in(page)
        await page.goto(at)
        assert await page.get_by_label("Title", exact=True).first.input_value() == "Half a thought"


async def test_keys_move_about_and_never_decide(browser: Browser, desk: Desk, acme: Press) -> None:
    draft = await acme.draft()
    async with opened(browser, desk) as (page, said):
        await sign_in(page)
        await page.goto("/t/acme/drafts")
        await page.keyboard.press("j")
        first = await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press("j")
        assert await page.evaluate("document.activeElement.textContent") != first
        await page.keyboard.press("k")
        assert await page.evaluate("document.activeElement.textContent") == first
        await page.goto(f"/t/acme/drafts/{draft}")
        for key, name in (("a", "Approve"), ("r", "Reject …"), ("e", "Edit")):
            await page.keyboard.press(key)
            assert await page.evaluate("document.activeElement.textContent.trim()") == name
        assert (await acme.seen(draft)).state is DraftState.READY
    assert said == []
