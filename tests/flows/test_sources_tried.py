"""`cid sources test FILE`: what a feed would bring, in a shape that scripts can hold on to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cid.cli.sources import sources

FEED = """<rss version="2.0"><channel><title>Harbour &amp; Post</title><link>https://post.test</link>
<item><title>AI policy &amp;#039;near&amp;#039; &lt;script&gt;alert(1)&lt;/script&gt;</title>
  <link>/ferry?utm_source=rss&amp;id=5#top</link><guid isPermaLink="false">7</guid>
  <pubDate>Mon, 15 Jul 2024 12:00:00 CEST</pubDate><author>A. Reporter</author></item>
<item><title>Undated</title><link>https://post.test/b</link><pubDate>2 hours ago</pubDate></item>
<item><title>Without an address</title></item></channel></rss>"""


def tried(path: Path, *options: str) -> tuple[int, Any]:
    done = CliRunner().invoke(sources, ["test", str(path), *options, "--json"])
    return done.exit_code, json.loads(done.output)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "feed.xml"
    path.write_text(FEED)
    return path


def test_every_entry_is_shown_as_the_feed_has_it_in_the_feeds_order(file: Path) -> None:
    code, told = tried(file)
    assert (code, told["outcome"], told["title"], told["site"]) == (0, "new", "Harbour & Post", "https://post.test")
    first, second, third = told["entries"]
    assert first == {
        "id": "7",
        "title": "AI policy 'near'",
        "url": "https://post.test/ferry?utm_source=rss&id=5#top",
        "canonical": "https://post.test/ferry?id=5",
        "published": "2024-07-15T10:00:00+00:00",
        "author": "A. Reporter",
        "summary": "",
        "language": None,
    }
    assert (second["title"], second["published"]) == ("Undated", None)
    assert (third["title"], third["url"]) == ("Without an address", None)
    assert told["detail"] == "1 whose date cannot be read; 1 without a usable address (“Without an address”)"


def test_relative_addresses_are_relative_to_what_is_given(file: Path) -> None:
    _, told = tried(file, "--base-url", "https://elsewhere.test/feeds/rss.xml")
    assert told["entries"][0]["url"] == "https://elsewhere.test/ferry?utm_source=rss&id=5#top"


def test_a_file_that_is_no_feed_fails_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><html><body>Hello</body></html>")
    code, told = tried(path)
    assert (code != 0, told["outcome"], told["cause"], told["entries"]) == (True, "broken", "html", [])
