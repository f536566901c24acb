"""How much of a corpus of feeds is read right, beside other parsers, as one JSON line.

    python -m bench.parse FOLDER [--goldens FOLDER] [--python PYTHON]

FOLDER holds `manifest.csv` (path, expected_entries, expected_title) and the files it names. Goldens are what the
authors of the corpus expect of each entry: FOLDER/gofeed is gofeed's `testdata`, FOLDER/feed-rs the `fixture` of
feed-rs. PYTHON is an interpreter that has feedparser and fastfeedparser, which are no packages of ours.

Compared are: the number of entries of a file; the feed's title and site; and, entry by entry in the feed's order,
title, link and publication date. Titles without markup, entities and white space; addresses but for a slash that stands
alone; dates to the second. What a golden does not hold is not compared. Nobody is told where a file came from.
"""

from __future__ import annotations

import argparse
import csv
import html
import json
import re
import subprocess
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cid.sources.feed.read import parse_feed

Feed = dict[str, Any]
"""{"title", "site", "entries": [{"title", "link", "published"}]}, or {"error"}."""

THEIRS = """
import calendar, datetime, io, json, sys, feedparser, fastfeedparser
def iso(parts):
    return datetime.datetime.fromtimestamp(calendar.timegm(parts), datetime.timezone.utc).isoformat() if parts else None
def kept(feed, entries):
    return {"title": feed.get("title"), "site": feed.get("link"), "entries": entries}
def slow(body):
    found = feedparser.parse(io.BytesIO(body))
    return kept(found.feed, [{"title": e.get("title"), "link": e.get("link"),
        "published": iso(e.get("published_parsed")), "updated": iso(e.get("updated_parsed"))} for e in found.entries])
def fast(body):
    found = fastfeedparser.parse(body)
    return kept(found.feed, [{"title": e.get("title"), "link": e.get("link"), "published": e.get("published"),
        "updated": e.get("updated")} for e in found.entries])
def tried(read, body):
    try:
        return read(body)
    except Exception as error:
        return {"error": repr(error)}
paths = json.load(sys.stdin)
bodies = {path: open(path, "rb").read() for path in paths}
print(json.dumps({name: {path: tried(read, body) for path, body in bodies.items()}
    for name, read in (("feedparser", slow), ("fastfeedparser", fast))}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--goldens", type=Path)
    parser.add_argument("--python", default="")
    asked = parser.parse_args()
    rows = [row for row in csv.DictReader((asked.folder / "manifest.csv").open()) if row["expected_entries"]]
    paths = [str(asked.folder / row["path"]) for row in rows]
    started = time.process_time()
    read = {"ours": {path: ours(Path(path).read_bytes()) for path in paths}}
    cpu_s = time.process_time() - started
    if asked.python:
        done = subprocess.run(
            [asked.python, "-c", THEIRS], input=json.dumps(paths), capture_output=True, text=True, check=True
        )
        read |= json.loads(done.stdout)
    expected = {path: golden(asked.goldens, row) for path, row in zip(paths, rows, strict=True)}
    figures: dict[str, Any] = {name: compared(feeds, expected) for name, feeds in read.items()}
    print(
        json.dumps(
            {"bench": "parse", "files": len(rows), "cpu_ms_a_file": round(cpu_s / len(rows) * 1e3, 2), **figures}
        )
    )


def ours(body: bytes) -> Feed:
    found = parse_feed({"body": b64encode(body).decode(), "content_type": "", "url": ""})
    return dict(found)


def compared(feeds: Mapping[str, Feed], expected: Mapping[str, Feed]) -> dict[str, str]:
    """For each thing that is compared, how often it was right of how often it was asked."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()

    def judge(what: str, spelled: Callable[[Any], Any], wanted: Any, found: Any) -> None:
        asked[what] += 1
        right[what] += spelled(wanted) == spelled(found)

    for path, want in expected.items():
        got = feeds[path]
        entries: Sequence[Mapping[str, Any]] = got.get("entries") or []
        judge("files whose number of entries is right", str, want["count"], "error" if "error" in got else len(entries))
        if want.get("title"):
            judge("titles of feeds", letters, want["title"], got.get("title"))
        if str(want.get("site") or "").startswith("http"):
            judge("sites", address, want["site"], got.get("site"))
        for place, entry in enumerate(want["entries"]):
            found = entries[place] if place < len(entries) else {}
            if entry["title"]:
                judge("titles", letters, entry["title"], found.get("title"))
            if entry["link"]:
                judge("links", address, entry["link"], found.get("link"))
            if when := entry["published"] or entry["updated"]:
                at = found.get("published") or (None if entry["published"] else found.get("updated"))
                judge("dates", moment, when, at)
    return {what: f"{right[what]}/{asked[what]}" for what in asked}


# ------------------------------------------------------------------------------------------------------- spellings


def letters(text: Any) -> str:
    bare = re.sub(r"<[^<>]*>", " ", html.unescape(re.sub(r"<[^<>]*>", " ", html.unescape(text or ""))))
    return re.sub(r"\s+", "", bare)


def address(url: Any) -> str:
    spelled = str(url or "").strip()
    return spelled + "/" if re.fullmatch(r"https?://[^/?#]+", spelled) else spelled


def moment(text: Any) -> datetime | str | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return str(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


# --------------------------------------------------------------------------------------------------------- goldens


def golden(folder: Path | None, row: Mapping[str, str]) -> Feed:
    """What the manifest says, and what the golden file beside it does where there is one."""
    said: Feed = {"count": int(row["expected_entries"]), "title": row["expected_title"], "entries": []}
    kind, _, name = row["path"].partition("/")
    stem, _, ending = name.rpartition(".")
    suffixes = [".serde.json"] if kind == "feed-rs" else ["_expected.json"] if ending == "json" else [".json"]
    for suffix in suffixes if folder else []:
        path = (folder or Path()) / kind / (stem + suffix)
        if path.exists():
            document = json.loads(path.read_text("utf-8-sig"))
            return said | (
                of_feed_rs(document) if kind == "feed-rs" else of_gofeed(document, universal="translator" in name)
            )
    return said


def of_feed_rs(document: Mapping[str, Any]) -> Feed:
    return {
        "title": (document.get("title") or {}).get("content"),
        "site": page(document["links"]),
        "entries": [
            {
                "title": (entry.get("title") or {}).get("content"),
                "link": page(entry["links"]),
                "published": entry.get("published"),
                "updated": entry.get("updated"),
            }
            for entry in document["entries"]
        ],
    }


def of_gofeed(document: Mapping[str, Any], *, universal: bool) -> Feed:
    """gofeed's own feed of any kind, or that of one format, where links of Atom have relations."""

    def linked(thing: Mapping[str, Any]) -> str | None:
        links = thing.get("links") or []
        return thing.get("link") or thing.get("url") or (None if universal else page(links))

    return {
        "title": document.get("title"),
        "site": document.get("home_page_url") or linked(document),
        "entries": [
            {
                "title": entry.get("title"),
                "link": linked(entry),
                "published": entry.get("publishedParsed") or entry.get("pubDateParsed") or entry.get("date_published"),
                "updated": entry.get("updatedParsed"),
            }
            for entry in document.get("items") or document.get("entries") or []
        ],
    }


def page(links: Sequence[Any]) -> str | None:
    pages = [
        link if isinstance(link, str) else link.get("href") for link in links if isinstance(link, str) or own(link)
    ]
    return next(filter(None, pages), None)


def own(link: Mapping[str, Any]) -> bool:
    return (link.get("rel") or "alternate") == "alternate"


if __name__ == "__main__":
    main()
