"""The public page of a Telegram channel (https://t.me/s/NAME), read. Runs in a child: strangers wrote what is on it.

The page has no contract. What is looked for is what its own script looks for; where a channel is shown and none of it
is found, the reader says so instead of saying that nothing is new.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import html

from cid.domain.llm import Json
from cid.sources.feed.decode import decode

MOST = 100
"""Messages of a page; it shows about 20."""
TEXT = 10_000
COUNTERS = 10
_NOTHING: Mapping[str, Json] = {"bio": "", "verified": False, "counters": {}}
_POST = re.compile(r"([A-Za-z0-9_]{1,64})/(\d{1,12})")
_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMB]?)")
_TIMES = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_MEDIA: Mapping[str, str] = {
    "photo": ".tgme_widget_message_photo_wrap",
    "video": ".tgme_widget_message_video_player, .tgme_widget_message_video_wrap, .tgme_widget_message_roundvideo",
    "document": ".tgme_widget_message_document",
    "voice": ".tgme_widget_message_voice",
    "poll": ".tgme_widget_message_poll",
    "sticker": ".tgme_widget_message_sticker_wrap, .tgme_widget_message_sticker",
    "location": ".tgme_widget_message_location_wrap",
}


def parse_telegram(value: Json) -> Json:
    """`{body, content_type}` → `{info, title, bio, verified, counters, posts, before}`: whether it is a channel's
    page, and what is on it."""
    page = decode(b64decode(value["body"]), value["content_type"])
    if not page.strip():
        return {"info": False, "title": "", "posts": [], "before": None, **_NOTHING}
    root: Any = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    info = root.cssselect(".tgme_channel_info, .tgme_header_title")
    more = root.cssselect("a.tme_messages_more[data-before]")
    before = more[0].get("data-before") if more else ""
    return {
        "info": bool(info),
        "title": _text(root, ".tgme_channel_info_header_title, .tgme_header_title"),
        "bio": _text(root, ".tgme_channel_info_description")[:TEXT],
        "verified": bool(root.cssselect(".tgme_channel_info_header .verified-icon, .tgme_header_title .verified-icon")),
        "counters": _counters(root),
        "posts": list(_posts(root)),
        "before": int(before) if before.isascii() and before.isdigit() and len(before) < 13 else None,
    }


def _counters(root: Any) -> dict[str, Json]:
    """What the page counts of the channel: subscribers, photos, videos, files, links. Rounded above a thousand."""
    found: dict[str, Json] = {}
    for counter in root.cssselect(".tgme_channel_info_counter")[:COUNTERS]:
        count = _count(_text(counter, ".counter_value"))
        if count is not None and (name := _text(counter, ".counter_type")[:40].lower()):
            found[name] = count
    return found


def _posts(root: Any) -> Iterator[Json]:
    for message in root.cssselect("div.tgme_widget_message[data-post]")[:MOST]:
        place = _POST.fullmatch(message.get("data-post") or "")
        if not place:
            continue
        service = "service_message" in (message.get("class") or "").split()
        yield {"channel": place[1], "id": int(place[2]), "service": service, **({} if service else _post(message))}


def _post(message: Any) -> dict[str, Json]:
    said, links = _said(message)
    preview = next(iter(message.cssselect("a.tgme_widget_message_link_preview")), None)
    times = message.cssselect("a.tgme_widget_message_date time[datetime]")
    if preview is not None:
        links = [preview.get("href") or "", *links]
        said = said or "\n".join(
            filter(None, (_text(preview, ".link_preview_title"), _text(preview, ".link_preview_description")))
        )
    return {
        "text": (said or _text(message, ".tgme_widget_message_poll_question"))[:TEXT],
        "at": times[-1].get("datetime") if times else "",
        "views": _count(_text(message, ".tgme_widget_message_views")),
        "reactions": sum(
            filter(None, (_count(one.text_content().strip()) for one in message.cssselect(".tgme_reaction")))
        ),
        "author": _text(message, ".tgme_widget_message_from_author"),
        "edited": "edited" in _text(message, ".tgme_widget_message_meta").split(),
        "forwarded": _link(message, ".tgme_widget_message_forwarded_from_name"),
        "reply": _link(message, "a.tgme_widget_message_reply", ".tgme_widget_message_author"),
        "links": [link for link in dict.fromkeys(links) if link.startswith(("http://", "https://"))],
        "media": [name for name, selector in _MEDIA.items() if message.cssselect(selector)],
    }


def _said(message: Any) -> tuple[str, list[str]]:
    """The message's own words, and where they link to. What it replies to stands above them, in a block of its own."""
    own = [
        block
        for block in message.cssselect(".tgme_widget_message_text.js-message_text")
        if not any("tgme_widget_message_reply" in (up.get("class") or "").split() for up in block.iterancestors())
    ]
    if not own:
        return "", []
    block = own[-1]  # the page may nest it in itself
    links = [link.get("href") for link in block.cssselect("a[href]")]
    for gap in block.cssselect("br"):
        gap.tail = "\n" + (gap.tail or "")
    return block.text_content().strip(), links


def _text(element: Any, selector: str) -> str:
    found = element.cssselect(selector)
    return " ".join(found[0].text_content().split()) if found else ""


def _link(element: Any, selector: str, name: str = "") -> Json:
    """Who it is and where; None: there is none."""
    found = element.cssselect(selector)
    if not found:
        return None
    who = _text(found[0], name) if name else " ".join(found[0].text_content().split())
    return {"who": who[:200], "url": found[0].get("href") or ""}


def _count(text: str) -> int | None:
    """Of “12.3K”. Rounded by the page, so an approximation above a thousand."""
    found = _COUNT.search(text)
    return round(float(found[1]) * _TIMES[found[2]]) if found else None
