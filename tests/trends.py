"""What Google's list of searches and SerpApi's interest over time look like, made up in the shapes that they have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

from cid.domain.ids import TenantId
from cid.domain.interest import Heard, Question
from cid.domain.llm import Json


def trending(*searches: tuple[str, str]) -> bytes:
    """(search, approximate traffic)."""
    items = "".join(
        f"<item><title>{search}</title><ht:approx_traffic>{traffic}</ht:approx_traffic><description></description>"
        "<link>https://trends.google.com/trending/rss?geo=AU</link><pubDate>Thu, 17 Sep 2026 05:10:00 -0700</pubDate>"
        "<ht:news_item><ht:news_item_title>Another title</ht:news_item_title></ht:news_item></item>"
        for search, traffic in searches
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:ht="https://trends.google.com/trending/rss" version="2.0">'
    return f"{head}<channel><title>Daily Search Trends</title>{items}</channel></rss>".encode()


def interest(hours: Sequence[int], *, partial: int | None = None) -> bytes:
    """Hour by hour; `partial` is the value of the hour that is not over."""
    points: list[dict[str, Json]] = [_point(number, value) for number, value in enumerate(hours)]
    if partial is not None:
        points.append({**_point(len(hours), partial), "partial_data": True})
    return json.dumps(
        {
            "search_metadata": {"status": "Success"},
            "search_parameters": {"engine": "google_trends", "data_type": "TIMESERIES"},
            "interest_over_time": {"timeline_data": points},
        }
    ).encode()


def _point(number: int, value: int) -> dict[str, Json]:
    return {
        "date": f"Sep {number // 24 + 1} at {number % 24}:00",
        "timestamp": str(1_789_000_000 + 3600 * number),
        "values": [{"query": "ferry", "value": str(value), "extracted_value": value}],
    }


class FakeTrends:
    """Satisfies `ports.Trends`: answers each question by a function, and remembers what it was asked."""

    name = "fake"

    def __init__(self, answer: Callable[[Question], Heard], *, lists: bool = False) -> None:
        self.answer = answer
        self.lists = lists
        self.asked: list[tuple[TenantId, Question]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.begun = asyncio.Event()

    async def ask(self, tenant: TenantId, question: Question) -> Heard:
        self.asked.append((tenant, question))
        self.begun.set()
        await self.go_on.wait()
        return self.answer(question)
