"""Feeds made up on the spot, served on loopback: stories carried by several publishers, arriving while you watch.

Deterministic in its seed. Every item has an address of its own; headlines of one story share most of their words.
"""

from __future__ import annotations

import email.utils
import random
import threading
import time
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

SUBJECTS = ("airport", "harbour", "hospital", "library", "refinery", "tram", "council", "opera", "bakery", "stadium")
SYLLABLES = ("ka", "ro", "mi", "ten", "vol", "shu", "bel", "dra", "no", "pi", "gar", "lus", "wen", "tho", "zi", "mar")


@dataclass(frozen=True)
class Item:
    id: int
    feed: int
    title: str
    at: float
    """Seconds after the start."""


def make(feeds: int, stories: int, seconds: float, seed: int = 1) -> list[Item]:
    dice = random.Random(seed)
    items: list[Item] = []
    for _ in range(stories):
        names = ["".join(dice.choices(SYLLABLES, k=3)).title() for _name in range(4)]
        subject = dice.choice(SUBJECTS)
        start = dice.uniform(0, seconds * 0.7)
        for feed in dice.sample(range(feeds), min(feeds, dice.choice((1, 1, 2, 3, 5, 8)))):
            tail = dice.choice(("", ", officials say", ", report finds", " today"))
            title = f"{names[0]} {subject} {names[1]} {names[2]} {names[3]}{tail}"
            items.append(Item(len(items), feed, title, start + dice.uniform(0, seconds * 0.3)))
    return items


class Feeds:
    """`with Feeds(...) as feeds:` serves until the block ends. `feeds.opml` is the address of the list."""

    def __init__(self, *, feeds: int = 60, stories: int = 150, seconds: float = 60, seed: int = 1) -> None:
        self.items = make(feeds, stories, seconds, seed)
        self.count = feeds
        self.seconds = seconds
        self.started = time.monotonic()
        self.wall = time.time()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.opml = f"{self.base}/opml"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()

    def visible(self, feed: int) -> list[Item]:
        age = time.monotonic() - self.started
        return [item for item in self.items if item.feed == feed and item.at <= age]

    def finished(self) -> bool:
        return time.monotonic() - self.started > self.seconds

    def rss(self, feed: int) -> bytes:
        entries = "".join(
            f"<item><title>{escape(item.title)}</title><link>{self.base}/article/{item.id}</link>"
            f'<guid isPermaLink="false">{item.id}</guid>'
            f"<pubDate>{email.utils.formatdate(self.wall + item.at)}</pubDate>"
            f"<description>{escape(item.title)}. Feed {feed} reports from the scene.</description></item>"
            for item in self.visible(feed)
        )
        return (
            f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Publisher {feed}</title>'
            f"<link>https://publisher-{feed}.example/</link><description>-</description>{entries}</channel></rss>"
        ).encode()

    def list(self) -> bytes:
        lines = "".join(
            f'<outline type="rss" text="Publisher {n}" xmlUrl="{self.base}/feed/{n}"/>' for n in range(self.count)
        )
        return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{lines}</body></opml>'.encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        feeds = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                if self.path == "/opml":
                    self.answer(200, feeds.list())
                elif self.path.startswith("/feed/"):
                    number = int(self.path.removeprefix("/feed/"))
                    tag = f'"{len(feeds.visible(number))}"'
                    if self.headers.get("If-None-Match") == tag:
                        self.answer(304, b"", tag)
                    else:
                        self.answer(200, feeds.rss(number), tag)
                else:
                    self.answer(404, b"")

            def answer(self, status: int, body: bytes, tag: str = "") -> None:
                self.send_response(status)
                if tag:
                    self.send_header("ETag", tag)
                if status != 304:
                    self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
