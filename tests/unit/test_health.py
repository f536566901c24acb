"""When a source rests, for how long, and what may stand in for it: on values alone."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.health import TERMS, Failing, Health, Kinship, Tier, after, newest_of, unfit
from cid.domain.ids import SourceId, uuid7
from cid.domain.news import Cause, Entry, Polled, PollOutcome, SourceState
from cid.pg.sql import SQL
from cid.sources.industries import feeds_for, load_industries
from cid.sources.publishers import find_publishers
from cid.text.kinship import kinship

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)
WELL = Health(state=SourceState.ACTIVE, failures=0, quarantines=0)
GOOD = [outcome for outcome in PollOutcome if outcome.healthy]
BAD = [outcome for outcome in PollOutcome if not outcome.healthy and outcome is not PollOutcome.RATE_LIMITED]


def polled(was: Health, outcome: PollOutcome, cause: Cause | None = None, *, ours: bool = False) -> Health:
    return after(was, outcome, cause, now=NOW, next_poll=SOON, ours=ours)


@pytest.mark.parametrize("outcome", BAD)
def test_the_third_failure_in_a_row_is_a_quarantine_of_six_hours(outcome: PollOutcome) -> None:
    first, second = (one := polled(WELL, outcome)), polled(one, outcome)
    assert [health.state for health in (first, second)] == [SourceState.ACTIVE] * 2
    third = polled(second, outcome)
    assert (third.state, third.until, third.since) == (SourceState.QUARANTINED, NOW + timedelta(hours=6), NOW)
    assert (third.search, first.search, second.search) == (True, False, False)


@pytest.mark.parametrize(
    ("outcome", "cause", "ours"),
    [
        (PollOutcome.RATE_LIMITED, None, False),
        (PollOutcome.BROKEN, Cause.BUDGET, False),
        (PollOutcome.BROKEN, Cause.NO_KEY, False),
        (PollOutcome.BROKEN, Cause.INTERNAL, False),
        (PollOutcome.UNREACHABLE, Cause.DNS, True),
    ],
)
def test_what_is_not_the_sources_fault_counts_for_nothing(
    outcome: PollOutcome, cause: Cause | None, ours: bool
) -> None:
    shaky = Health(state=SourceState.ACTIVE, failures=2, quarantines=1)
    assert polled(shaky, outcome, cause, ours=ours) == shaky
    resting = Health(state=SourceState.QUARANTINED, failures=3, quarantines=1, until=NOW, since=NOW - TERMS[0])
    still = polled(resting, outcome, cause, ours=ours)
    assert (still.state, still.until, still.quarantines, still.search) == (SourceState.QUARANTINED, SOON, 1, False)


@given(st.lists(st.sampled_from(list(PollOutcome))))
def test_whatever_happens_the_state_and_its_hour_agree(outcomes: list[PollOutcome]) -> None:
    health, row = WELL, 0
    for outcome in outcomes:
        health = polled(health, outcome)
        row = 0 if outcome.healthy else row + (outcome is not PollOutcome.RATE_LIMITED)
        assert (health.state is SourceState.QUARANTINED) == (row >= 3) == (health.until is not None)
        assert health.quarantines == max(row - 2, 0)
        assert health.until is None or health.until <= NOW + TERMS[-1]


@pytest.mark.parametrize("outcome", GOOD)
def test_a_success_forgets_it_all(outcome: PollOutcome) -> None:
    resting = Health(state=SourceState.QUARANTINED, failures=9, quarantines=7, until=NOW, since=NOW)
    assert polled(resting, outcome) == Health(state=SourceState.ACTIVE, failures=0, quarantines=0, recovered=True)


def entry(at: datetime | None) -> Entry:
    return Entry(key="1", url="https://x.test/1", title="T", published_at=at)


@pytest.mark.parametrize(
    ("tier", "dates", "why"),
    [
        (Tier.NEWS, [NOW - timedelta(days=2)], ""),
        (Tier.NEWS, [NOW - timedelta(days=80)], "2025-12-11"),
        (Tier.NEWS, [None], "has a date"),
        (Tier.SITE, [None], ""),
        (Tier.NEWS, [NOW + timedelta(days=300)], "has a date"),
        (Tier.SITE, [], "no entries"),
    ],
)
def test_a_candidate_must_live(tier: Tier, dates: list[datetime | None], why: str) -> None:
    found = Polled(outcome=PollOutcome.NEW, entries=tuple(map(entry, dates)))
    said = unfit(tier, found, newest_of(found, NOW), now=NOW, oldest=timedelta(days=45))
    assert why in said
    assert bool(why) == bool(said)


def test_what_is_no_feed_says_why() -> None:
    broken = Polled(outcome=PollOutcome.BROKEN, detail="The answer is a web page, not a feed.")
    assert unfit(Tier.SITE, broken, None, now=NOW, oldest=TERMS[0]) == broken.detail


@pytest.mark.parametrize(
    ("url", "title", "home", "related"),
    [
        ("https://www.post.test/atom.xml", "Other", "", Kinship.HOST),
        ("https://feeds.post.test/all", "Other", "", Kinship.HOST),
        ("https://posttest.example/all", "Other", "", Kinship.NONE),
        ("https://notpost.test/all", "Other", "", Kinship.NONE),
        ("https://elsewhere.test/hp", "The Harbour Post: latest news", "", Kinship.TITLE),
        ("https://feedburner.test/hp", "HP", "https://post.test/", Kinship.PUBLISHER),
        ("https://else.test/x", "Mountain Post", "https://else.test/", Kinship.NONE),
    ],
)
def test_who_is_related(url: str, title: str, home: str, related: Kinship) -> None:
    failing = Failing(
        id=SourceId(uuid7(NOW)),
        url="https://post.test/feed",
        title="Harbour Post",
        publisher="post.test",
        site="https://www.post.test/",
        private=False,
    )
    assert kinship(failing, url, title, home) is related


def as_value(body: str, url: str = "https://post.test/a/") -> dict[str, str]:
    return {"body": b64encode(body.encode()).decode(), "content_type": "text/html", "url": url}


def test_a_news_search_names_each_publisher_once() -> None:
    rss = """<rss><channel><item><source url="https://www.a.test">A</source></item>
      <item><source url="https://a.test/x">A again</source></item><item><source url="ftp://b.test">B</source></item>
      <item><source url="https://c.test">C &amp; D</source></item></channel></rss>"""
    found = find_publishers(as_value(rss))["publishers"]
    assert found == [{"url": "https://www.a.test/", "title": "A"}, {"url": "https://c.test/", "title": "C & D"}]


@pytest.mark.parametrize("body", ["", "sorry", "<html><body>Before you continue</body></html>"])
def test_what_is_no_answer_of_a_news_search_is_an_error(body: str) -> None:
    assert "error" in find_publishers(as_value(body))


def test_the_shipped_list_has_feeds_for_each_industry() -> None:
    shipped = load_industries(SQL.parent / "config" / "default_sources.toml")
    assert {"mortgage", "finance", "health", "cybersecurity", "hospitality"} <= set(shipped)
    assert all(len(industry.feeds) >= 6 for industry in shipped.values())
    assert {feed.site for feed in feeds_for("Boutique hotels & travel", shipped)} >= {"https://skift.com/"}
    both = feeds_for("Mortgage banking", shipped)
    assert len(both) == len({feed.url for feed in both}) == 12
    assert feeds_for("", shipped) == feeds_for("steel and shipbuilding", shipped) == []
