"""Pages that a search led to: fetched once for all tenants, some at a time, each stored as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from cid.domain.reading import Reading, TextState
from cid.domain.searching import Hit
from cid.flows.gather.trail import Busy, Trail
from cid.gates.evidence.found import Page
from cid.gates.evidence.soft import nothing_there
from cid.services import Services
from cid.store import found_pages
from cid.store.found_pages import Look
from cid.text import urls

HOLD = timedelta(minutes=3)
"""Longer than our turn can take: two rounds of fetching, a minute each."""
LOOK_AGAIN = timedelta(seconds=5)


async def read(sv: Services, hits: Sequence[Hit], trail: Trail) -> list[Page]:
    """Those that can be read, in the order of `hits`; of the others the notes say why not. Raises Busy while another
    process fetches one of them."""
    assert sv.outside.pages is not None
    wanted = [hit.url for hit in hits]
    async with sv.platform.tx() as tx:
        ours = await found_pages.take(tx, wanted, sv.policy.pages, HOLD)
    turns = asyncio.Semaphore(sv.policy.pages.at_once)
    language = trail.case.profile.language
    async with asyncio.TaskGroup() as together:
        for url in wanted:
            if url in ours:
                together.create_task(_fetched(sv, url, language, turns))
    async with sv.platform.read() as tx:
        known = await found_pages.known(tx, wanted)
    if any(look.held_until for look in known.values()):
        raise Busy("pages that it wants are being fetched", sv.clock.now() + LOOK_AGAIN)
    async with sv.platform.tx() as tx:
        await found_pages.touch(tx, [look.sha256 for look in known.values() if look.sha256])
    pages: dict[str, Page] = {}
    for hit in hits:
        if page := _page(hit, known.get(hit.url), trail):
            pages.setdefault(page.sha256, page)  # one text at two addresses is one page
    return list(pages.values())


async def _fetched(sv: Services, url: str, language: str, turns: asyncio.Semaphore) -> None:
    assert sv.outside.pages is not None
    async with turns:
        reading = await sv.outside.pages.read(url, language=language)
    if reading.state is TextState.READ and nothing_there(reading.title, reading.text):
        reading = Reading(
            state=TextState.GONE,
            detail="The page says that there is nothing.",
            status=reading.status,
            size=reading.size,
        )
    async with sv.platform.tx() as tx:
        await found_pages.store(tx, url, reading, publisher=urls.site(url))


def _page(hit: Hit, look: Look | None, trail: Trail) -> Page | None:
    if look is None or look.state is not TextState.READ or look.sha256 is None or not look.text:
        trail.counts["pages_failed"] += 1
        why = look.detail if look and look.detail else "The page could not be read."
        trail.note(f"{urls.site(hit.url)}: {why}")
        return None
    trail.counts["pages_read"] += 1
    return Page(
        url=hit.url,
        sha256=look.sha256.hex(),
        title=look.title or hit.title,
        text=look.text,
        publisher=hit.publisher or look.publisher,
    )
