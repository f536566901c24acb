"""What Google News, GDELT and SerpApi answer, made up in the shapes that they have."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import uuid4

from cid.domain.ids import CallId
from cid.domain.llm import Json
from cid.domain.paid import Held, Opened, Order, Outcome
from tests.wire import Wire

STAMP = "20260918031500"
AT = datetime(2026, 9, 18, 3, 20, tzinfo=UTC)


def google_item(number: int, title: str, publisher: str, home: str) -> str:
    link = f"https://news.google.com/rss/articles/CBMi{number:04d}?oc=5"
    return (
        f"<item><title>{title} - {publisher}</title><link>{link}</link>"
        f"<guid isPermaLink='false'>CBMi{number:04d}</guid>"
        "<pubDate>Thu, 17 Sep 2026 21:00:00 GMT</pubDate>"
        f"<description>&lt;ol&gt;&lt;li&gt;Something related&lt;/li&gt;&lt;/ol&gt;</description>"
        f'<source url="{home}">{publisher}</source></item>'
    )


def google(*items: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>"x" - Google News</title>'
    return (head + "<link>https://news.google.com/search</link>" + "".join(items) + "</channel></rss>").encode()


def gkg_row(
    url: str,
    title: str,
    *,
    themes: str = "",
    places: str = "",
    persons: str = "",
    names: str = "",
    source: str = "",
    published: str = "",
    collection: str = "1",
) -> str:
    cells = [""] * 27
    cells[0], cells[1], cells[2], cells[3], cells[4] = f"{STAMP}-1", STAMP, collection, "example.test", url
    cells[7], cells[9], cells[11], cells[23] = themes, places, persons, names
    cells[25] = f"srclc:{source};eng:Moses 2.1.1" if source else ""
    extras = f"<PAGE_AUTHORS>Ann Ode;Bo Ray</PAGE_AUTHORS><PAGE_TITLE>{title}</PAGE_TITLE>"
    cells[26] = extras + (f"<PAGE_PRECISEPUBTIMESTAMP>{published}</PAGE_PRECISEPUBTIMESTAMP>" if published else "")
    return "\t".join(cells)


def zipped(rows: Iterable[str], name: str = "x.gkg.csv") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "\n".join(rows) + "\n")
    return made.getvalue()


def serve_gkg(
    wire: Wire, stamp: str, rows: Iterable[str], *, translated: bool = False, newest: bool = True, md5: str = ""
) -> None:
    """A file of GDELT, and the list that names it."""
    body, part = zipped(rows), ".translation" if translated else ""
    wire.answers[f"/{stamp}{part}.gkg.csv.zip"] = body
    if newest:
        digest = md5 or hashlib.md5(body, usedforsecurity=False).hexdigest()
        lines = [
            f"100 {'0' * 32} http://data.gdeltproject.org/gdeltv2/{stamp}{part}.export.CSV.zip",
            f"100 {'1' * 32} http://data.gdeltproject.org/gdeltv2/{stamp}{part}.mentions.CSV.zip",
            f"{len(body)} {digest} http://data.gdeltproject.org/gdeltv2/{stamp}{part}.gkg.csv.zip",
        ]
        listing = "lastupdate-translation.txt" if translated else "lastupdate.txt"
        wire.answers[f"/{listing}"] = ("\n".join(lines) + "\n").encode()


def doc(*articles: Mapping[str, Json]) -> bytes:
    return json.dumps({"articles": list(articles)} if articles else {}).encode()


def doc_article(url: str, title: str, language: str = "Russian") -> dict[str, Json]:
    return {
        "url": url,
        "url_mobile": "",
        "title": title,
        "seendate": "20260918T031500Z",
        "socialimage": "",
        "domain": "example.test",
        "language": language,
        "sourcecountry": "Moldova",
    }


class FreePurse:
    """Satisfies `ports.Purse`: pays for everything, and keeps what it was told."""

    def __init__(self, held: Held | None = None, reply: Json = None) -> None:
        self.held = held
        self.reply = reply
        self.orders: list[Order] = []
        self.outcomes: list[Outcome] = []

    async def open(self, order: Order) -> Opened | Held:
        self.orders.append(order)
        return self.held or Opened(call=CallId(uuid4()), reply=self.reply)

    async def close(self, order: Order, call: CallId, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
