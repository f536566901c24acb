"""What a feed and its server say about how often to ask, and when a body says what it said before."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cid.domain.errors import Deferred
from cid.outside.line import Line
from cid.sources import caching
from cid.sources.feed.read import parse_feed
from cid.sources.pace import Pace
from cid.sources.rss import retry_after
from cid.sources.sameness import same_sha, sha
from cid.text import domains
from tests.fakes import FrozenClock

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ITEM = "<item><title>One</title><link>https://a.test/1</link></item>"
SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


def wishes(channel: str) -> Any:
    body = f'<rss version="2.0" {SY}><channel><title>A</title>{channel}{ITEM}</channel></rss>'
    value = {"body": b64encode(body.encode()).decode(), "content_type": "", "url": "https://a.test/feed"}
    return parse_feed(value)["wishes"]


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("", {}),
        ("<ttl>60</ttl>", {"ttl_s": 3600}),
        ("<ttl>-5</ttl>", {}),
        ("<ttl>nan</ttl><ttl>9</ttl>", {}),
        ("<ttl>1e300</ttl>", {"ttl_s": 365 * 86_400}),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", {"update_s": 3600}),
        ("<sy:updatePeriod>dayly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", {"update_s": 43_200}),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0.1</sy:updateFrequency>", {"update_s": 36_000}),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", {}),
        (
            "<skipHours><hour>0</hour><hour>24</hour><hour>7</hour><hour>99</hour></skipHours>",
            {"skip_hours": [0, 7]},
        ),
        ("<skipDays><day>Sunday</day><day>monday</day><day>Someday</day></skipDays>", {"skip_days": [0, 6]}),
    ],
)
def test_a_feeds_wishes_are_read_where_they_make_sense(channel: str, told: dict[str, Any]) -> None:
    assert wishes(channel) == told


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": 'MAX-AGE="600"', "age": "100"}, 500),
        ({"cache-control": "max-age=600, no-cache"}, None),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "max-age=0", "expires": "Thu, 05 Mar 2026 12:00:00 GMT"}, None),
        ({"expires": "Wed, 04 Mar 2026 13:00:00 GMT"}, 3600),
        ({"expires": "Wed, 04 Mar 2026 13:00:00 GMT", "date": "Wed, 04 Mar 2026 12:30:00 GMT"}, 1800),
        ({"expires": "0"}, None),
        ({"expires": "Wed, 04 Mar 2020 13:00:00 GMT"}, None),
        ({"cache-control": "max-age=999999999999"}, 365 * 86_400),
    ],
)
def test_how_long_an_answer_stays_good(headers: dict[str, str], seconds: int | None) -> None:
    assert caching.good_for(headers, NOW) == seconds


async def test_whoever_is_sent_away_from_a_busy_service_comes_back_one_after_the_other() -> None:
    clock, away = FrozenClock(), []
    pace = Pace(clock, "it", every_s=6, patience_s=0)
    async with pace.turn():
        for _ in range(4):
            with pytest.raises(Deferred) as deferred:
                async with pace.turn():
                    """Not reached."""
            away.append((deferred.value.until - clock.now()).total_seconds())
    assert away == pytest.approx([6, 12, 18, 24], abs=0.5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("", None), ("soon", None), ("-", None), ("--5", None), ("1-", None), ("²", None), ("1e9", None)),
        *(("120", 120), ("-5", 60), ("0", 60), ("9" * 400, 86_400), ("Wed, 04 Mar 2026 13:00:00 GMT", 3600)),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone_whatever_it_writes(value: str, seconds: int | None) -> None:
    assert retry_after(value, NOW) == seconds


def body(head: str = "", item: str = ITEM, tail: str = "") -> bytes:
    return f"<rss><channel><title>A</title>{head}{item}</channel></rss>{tail}".encode()


def test_what_changes_at_every_poll_makes_no_other_body() -> None:
    first = same_sha(body("<lastBuildDate>Mon</lastBuildDate><generator>1</generator>", tail="<!-- 0.2 s -->"))
    second = body("<lastBuildDate>Tue</lastBuildDate><generator>2</generator><!-- x -->", tail="<!-- 0.3 s -->\n")
    assert sha(second) != first
    assert same_sha(second) == first


@pytest.mark.parametrize(
    "other",
    [
        body(item=ITEM + ITEM.replace("One", "Two")),
        body(item=ITEM.replace("One", "Two")),
        body(item=ITEM.replace("</item>", "<pubDate>Tue</pubDate></item>")),
        body("<title>B</title>"),
        b"",
        b'{"items": [1]}',
    ],
)
def test_what_is_news_does(other: bytes) -> None:
    assert same_sha(other) != same_sha(body())


@pytest.mark.parametrize("junk", [b"<!--", b"<?", b"</", b"<date>", b"<date "])
def test_hostile_bodies_are_hashed_in_linear_time(junk: bytes) -> None:
    assert len(same_sha(junk * 200_000 + b"<item>")) == 32
    assert len(same_sha(b"<item>" + junk * 200_000)) == 32


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.feeds.example.co.uk/rss", "example.co.uk"),
        ("https://paper.wordpress.com/feed", "paper.wordpress.com"),
        ("https://paper.blogspot.com/feed", "paper.blogspot.com"),
        ("https://news.google.com/rss", "news.google.com"),
        ("https://api.gdeltproject.org/x", "api.gdeltproject.org"),
        ("https://data.gdeltproject.org/x", "gdeltproject.org"),
        ("https://old.reddit.com/.rss", "reddit.com"),
        ("http://127.0.0.1:8901/feed", "127.0.0.1"),
        ("http://[::1]:8901/feed", "::1"),
        ("http://localhost/feed", "localhost"),
        ("nonsense", ""),
    ],
)
def test_whose_patience_an_address_takes(url: str, domain: str) -> None:
    assert domains.of(url) == domain


def heard(line: Line, at: datetime, answer: int, fall: int = 0, dead: int = 0) -> bool:
    """Whether the line is down after so many polls, each of a host of its own."""
    ends = [(False, True)] * answer + [(True, True)] * fall + [(True, False)] * dead
    return [line.note(at, f"host-{n}.test", failed=fail, known=known) for n, (fail, known) in enumerate(ends)][-1]


def test_our_own_line_is_down_when_a_fifth_of_many_hosts_fail_and_up_again_when_they_answer() -> None:
    line = Line()
    assert not heard(line, NOW, 16, fall=3)
    assert line.note(NOW, "host-20.test", failed=True, known=True)
    assert "network" in line.shown()
    later = NOW + timedelta(minutes=4)
    assert not line.note(later, "host-1.test", failed=False, known=True)
    assert line.shown() == {}


def test_few_hosts_or_few_polls_say_nothing_about_our_line() -> None:
    one, few = Line(), Line()
    assert not any(one.note(NOW, "dead.test", failed=True, known=True) for _ in range(100))
    assert not heard(few, NOW, 0, fall=19)


def test_sources_that_failed_before_are_our_line_only_while_nothing_answers() -> None:
    line = Line()
    assert not heard(line, NOW, 20, dead=500)
    assert heard(Line(), NOW, 0, dead=20)


def test_a_line_on_which_others_answer_is_not_ours_to_blame_for_long() -> None:
    line, down = Line(), []
    for minute in range(0, 60, 2):
        down.append(heard(line, NOW + timedelta(minutes=minute), 20, fall=30))
    assert down == [minute < 15 for minute in range(0, 60, 2)]
    assert line.shown() == {}
    # where nothing answers it is us for as long as that lasts
    for minute in range(60, 120, 2):
        silent = heard(line, NOW + timedelta(minutes=minute), 0, fall=30)
    assert silent
    assert "network" in line.shown()
