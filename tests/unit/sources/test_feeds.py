"""Feeds of every format, whole and broken, read into the same entries."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.sources.feed.read import ENTRY_LIMIT, parse_feed
from cid.sources.feed.repair import repair
from cid.sources.opml import parse_opml
from tests.hostile import FEED


def read(body: bytes | str, content_type: str = "", url: str = "https://www.post.test/feed.xml") -> Any:
    raw = body.encode() if isinstance(body, str) else body
    return parse_feed({"body": b64encode(raw).decode(), "content_type": content_type, "url": url})


def rss(*items: str, head: str = "<title>Post</title><link>https://post.test/</link>") -> str:
    return f"<rss version='2.0'><channel>{head}{''.join(f'<item>{item}</item>' for item in items)}</channel></rss>"


RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <channel rdf:about="https://post.test/"><title>Post</title><link>https://post.test/</link></channel>
 <item rdf:about="https://post.test/1"><title>One</title><link>https://post.test/1</link>
 <dc:date>2026-03-01</dc:date></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://post.test/x/">
 <title type="html">Po&lt;b&gt;st&lt;/b&gt;</title>
 <link href="/"/><link rel="self" href="https://post.test/feed"/>
 <entry xmlns:media="http://search.yahoo.com/mrss/"><media:title>Not this</media:title><title>One</title>
 <id>tag:1</id>
 <link rel="edit" href="/edit"/><link rel="alternate" type="text/html" href="../1"/>
 <updated>2026-03-01T00:00:00Z</updated>
 <summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Some <em>text</em></div></summary></entry></feed>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "Post", "home_page_url": "https://post.test/",
 "items": [{"id": 1, "url": "https://post.test/1", "title": "One", "date_published": "2026-03-01T00:00:00Z"}]}"""
RSS = rss("<title>One</title><link>https://post.test/1</link><pubDate>Sun, 01 Mar 2026 00:00:00 GMT</pubDate>")


@pytest.mark.parametrize("body", [RSS, RDF, ATOM, JSON], ids=["rss", "rdf", "atom", "json"])
def test_every_format_becomes_the_same_entry(body: str) -> None:
    feed = read(body)
    (entry,) = feed["entries"]
    assert (feed["title"], feed["site"]) == ("Post", "https://post.test/")
    assert (entry["title"], entry["url"]) == ("One", "https://post.test/1")
    assert entry["published"] == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "empty"),
        (" \n\0", "empty"),
        ("<!doctype html><html><body>Hi</body></html>", "web page"),
        ("<html><p>unclosed<br></html>", "web page"),
        ("just some text", "neither"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "not a feed"),
        ('{"error": "no"}', "not a JSON Feed"),
        ("{broken", "is not"),
        ("[" * 100_000, "neither"),
        ('{"a":' * 100_000, "is not"),
        ("<rss " + "a" * 20_000 + "=''><channel/></rss>", "16 kB"),
    ],
)
def test_what_is_no_feed_is_named(body: str, why: str) -> None:
    assert why in read(body)["error"]


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda junk: FEED[:150] + junk + FEED[150:]))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    feed = read(body)
    assert "error" in feed or all(entry["url"] == "" or entry["url"].startswith("http") for entry in feed["entries"])


@given(st.integers(0, len(FEED) - 1), st.integers(0, 255))
def test_one_wrong_byte_never_makes_more_entries(position: int, byte: int) -> None:
    feed = read(FEED[:position] + bytes([byte]) + FEED[position + 1 :])
    assert "error" in feed or len(feed["entries"]) <= 1


def test_a_bare_ampersand_costs_no_part_of_an_address() -> None:
    broken = rss("<title>AT&T &nbsp;&eacute;</title><link>https://post.test/p?id=7&lang=en</link>")
    (entry,) = read(broken)["entries"]
    assert (entry["url"], entry["title"]) == ("https://post.test/p?id=7&lang=en", "AT&T é")


@given(st.text(st.sampled_from("ab<>&;#x1![]CDAT-"), max_size=80))
def test_mending_twice_changes_nothing(text: str) -> None:
    assert repair(repair(text)) == repair(text)


def test_a_control_character_does_not_cost_the_feed() -> None:
    assert len(read(RSS.replace("One", "O\x0bne"))["entries"]) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Café".encode("cp1252"), ""),
        ("Café".encode("latin-1"), "text/xml; charset=iso-8859-1"),
        ("Café".encode(), "text/xml; charset=iso-8859-1"),
    ],
)
def test_a_wrong_label_does_not_garble_what_can_be_read(body: bytes, content_type: str) -> None:
    assert read(FEED.replace(b"Harbour Post", body), content_type)["title"] == "Café"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_encodings_are_known_by_their_first_bytes(encoding: str) -> None:
    assert read(FEED.decode().encode(encoding))["title"] == "Harbour Post"


def test_the_prolog_is_believed_where_nothing_else_fits() -> None:
    body = RSS.replace("Post", "Почта").encode("koi8-r")
    assert read(b'<?xml version="1.0" encoding="koi8-r"?>' + body)["title"] == "Почта"


def test_links_are_absolute_canonical_and_http() -> None:
    feed = read(
        rss(
            "<title>a</title><link>/a?utm_source=feed</link>",
            "<title>b</title><link>javascript:alert(1)</link>",
            "<title>c</title><guid>https://post.test/c</guid>",
            "<title>d</title><guid isPermaLink='false'>https://post.test/d</guid>",
            "<title>e</title><enclosure url='https://post.test/e.mp3'/>",
        )
    )
    assert [entry["url"] for entry in feed["entries"]] == [
        "https://post.test/a",
        "",
        "https://post.test/c",
        "",
        "https://post.test/e.mp3",
    ]


def test_a_guid_that_several_entries_share_names_none_of_them() -> None:
    feed = read(
        rss(
            *(f"<title>{n}</title><guid isPermaLink='false'>same</guid><link>/{n}</link>" for n in "ab"),
            "<guid>x</guid>",
        )
    )
    assert [entry["key"] for entry in feed["entries"]] == ["same|https://post.test/a", "same|https://post.test/b", "x"]


def test_an_entry_is_known_by_guid_then_link_then_title() -> None:
    feed = read(rss("<guid>g</guid><link>/g</link>", "<link>/l</link>", "<title>t</title>"))
    assert [entry["key"][:6] for entry in feed["entries"]] == ["g", "https:", "title:"]


def test_text_is_plain_clean_and_short() -> None:
    feed = read(
        rss(
            f"<title>&lt;b&gt;Bold&lt;/b&gt; {'x' * 400}</title>"
            f"<description>&lt;p&gt;{'word ' * 1000}&lt;/p&gt;</description>"
        )
    )
    (entry,) = feed["entries"]
    assert entry["title"].startswith("Bold x")
    assert (len(entry["title"]), len(entry["summary"]) <= 2000) == (300, True)


def test_an_entry_without_a_title_is_headed_by_its_text() -> None:
    assert read(rss("<link>/1</link><description>Short news</description>"))["entries"][0]["title"] == "Short news"


def test_of_a_huge_feed_the_newest_entries_are_read() -> None:
    items = [
        f"<title>{n}</title><link>/{n}</link><pubDate>{1_700_000_000 + n}</pubDate>" for n in range(ENTRY_LIMIT + 5)
    ]
    feed = read(rss(*items))
    assert (feed["truncated"], len(feed["entries"])) == (True, ENTRY_LIMIT)
    assert [feed["entries"][place]["title"] for place in (0, -1)] == ["5", str(ENTRY_LIMIT + 4)]
    assert feed["remarks"] == [f"only the newest {ENTRY_LIMIT} of {ENTRY_LIMIT + 5} entries were read"]


def test_nothing_is_loaded_from_files_or_elsewhere() -> None:
    body = "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" + rss("<title>a&x;b</title><link>/1</link>")
    assert [entry["title"] for entry in read(body).get("entries", [])] in ([], ["ab"], ["a&x;b"])


def opml(body: str) -> Any:
    return parse_opml({"body": b64encode(body.encode()).decode()})


def test_opml_lists_feeds_in_any_nesting_and_case() -> None:
    listed = opml(
        """<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body><outline text="Folder">
        <outline type="rss" text="A & B" xmlUrl="https://a.test/feed?x=1&y=2" htmlUrl="https://a.test/"/></outline>
        <outline title="C" XMLURL=" https://c.test/feed "/><outline text="no feed"/></body></opml>"""
    )
    assert listed["title"] == "Mine"
    assert [(feed["url"], feed["title"], feed["site"], feed["problem"]) for feed in listed["feeds"]] == [
        ("https://a.test/feed?x=1&y=2", "A & B", "https://a.test/", ""),
        ("https://c.test/feed", "C", "", ""),
    ]


@pytest.mark.parametrize("body", ["", "text", "<html></html>", "<opml", "<rss/>"])
def test_what_is_no_opml_is_named(body: str) -> None:
    assert "OPML" in opml(body)["error"]
