"""Whether a quote stands in the item that it is said to be from."""

from __future__ import annotations

from cid.domain.briefing import Found
from cid.domain.run import RunItem


def text_of(item: RunItem) -> str:
    """What citations count their letters in."""
    return f"{item.title}\n{item.text}"


def check(quote: str, item_text: str) -> tuple[Found, int | None, int | None]:
    """And where, in letters of `item_text`."""
    start = item_text.find(quote) if quote.strip() else -1
    return (Found.FOUND, start, start + len(quote)) if start >= 0 else (Found.NOT_FOUND, None, None)
