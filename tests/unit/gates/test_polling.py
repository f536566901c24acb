"""How often a source is asked, whether it has moved, whether its validators lie, and what of it can be stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cid.domain.news import NOWHERE, Cause, Entry, Hints, Polled, PollOutcome, SourceKind
from cid.gates import entries, moves, rhythm, validators
from cid.gates.rhythm import Habits, Interval
from tests import make

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
HOUR, DAY = 3600, 86_400
NEW = Polled(outcome=PollOutcome.NEW, body_sha=b"b", same_sha=b"s")
SAME = Polled(outcome=PollOutcome.NOT_MODIFIED, cause=Cause.NOT_MODIFIED)


def habits(**over: Any) -> Habits:
    return Habits(kind=over.pop("kind", SourceKind.RSS), start_s=900, **over)


def known(gap_s: float, **over: Any) -> Habits:
    return habits(gap_s=gap_s, last_new_at=over.pop("last_new_at", NOW), **over)


@pytest.mark.parametrize(
    ("given", "seconds", "why"),
    [
        (habits(), 900, "every 15 minutes, until its rhythm is known"),
        (known(4800.0), 2700, "every 45 minutes, because it brings about 18 new items a day"),
        (known(10.0), 120, "every 2 minutes, because it brings about 8,640 new items a day; no more often than that"),
        (known(7.0 * DAY), DAY, "every 24 hours, because it brings a new item every 7 days"),
        (known(600.0, last_new_at=NOW - timedelta(days=4)), 6 * HOUR, "because it has brought nothing for 4 days"),
        (known(600.0, hints=Hints(cache_s=HOUR)), HOUR, "because its server (how long an answer stays good) asks"),
        (known(600.0, hints=Hints(ttl_s=2 * HOUR)), 2 * HOUR, "because the feed (ttl) asks for it"),
        (known(600.0, hints=Hints(update_s=30 * DAY)), 6 * HOUR, "because the feed (update period) asks for it"),
        (known(600.0, fixed_s=600, hints=Hints(ttl_s=DAY)), 600, "every 10 minutes, set by a subscriber"),
        (known(600.0, fixed_s=5), 120, "every 2 minutes, set by a subscriber"),
        (known(10.0, kind=SourceKind.GDELT), 900, "no more often than that"),
        (known(600.0, kind=SourceKind.SAMPLE), 900, "because it is a sample"),
    ],
)
def test_an_interval_follows_the_rhythm_the_wishes_and_the_person_and_says_why(
    given: Habits, seconds: int, why: str
) -> None:
    found = rhythm.interval(given, NOW)
    assert found.seconds == seconds
    assert why in found.why


def test_the_operators_interval_for_trials_holds_for_every_source_to_the_second() -> None:
    found = rhythm.interval(known(600.0, fixed_s=3600), NOW, everywhere_s=5.0)
    assert (found.seconds, found.steady) == (5, False)
    at = rhythm.next_poll(found, SAME, Hints(skip_hours=frozenset(range(24))), 0, NOW, phase=0.3, chance=0.9)
    assert at == NOW + timedelta(seconds=5)


def test_the_first_guess_is_made_from_the_dates_of_the_entries() -> None:
    dates = [NOW - timedelta(hours=2 * n) for n in range(10)] + [NOW - timedelta(days=900)]
    polled = replace(NEW, entries=tuple(_entry(str(n), published_at=at) for n, at in enumerate(dates)))
    assert rhythm.gap(habits(), polled, 11, NOW) == 2 * HOUR
    undated = replace(NEW, entries=(_entry("a"), _entry("b")))
    assert rhythm.gap(habits(), undated, 2, NOW) is None


def test_one_silent_night_does_not_make_a_busy_source_slow() -> None:
    busy = known(600.0, last_new_at=NOW - timedelta(hours=12))
    after = rhythm.gap(busy, NEW, 1, NOW)
    assert after is not None
    assert 600 < after < 1600
    for _ in range(6):
        after = rhythm.gap(known(after, last_new_at=NOW - timedelta(minutes=10)), NEW, 1, NOW)
        assert after is not None
    assert after < 800


def test_nothing_new_teaches_no_gap() -> None:
    assert rhythm.gap(known(600.0), SAME, 0, NOW) == 600.0


def test_a_304_brings_new_cache_times_and_leaves_what_the_feed_said() -> None:
    before = Hints(cache_s=60, ttl_s=HOUR, skip_days=frozenset({6}))
    told = rhythm.merged(before, replace(SAME, hints=Hints(cache_s=300)))
    assert told == Hints(cache_s=300, ttl_s=HOUR, skip_days=frozenset({6}))
    assert rhythm.merged(before, replace(NEW, hints=Hints(ttl_s=5))) == Hints(ttl_s=5)
    assert rhythm.merged(before, Polled(outcome=PollOutcome.BROKEN)) == before


STEADY = Interval(seconds=HOUR, why="")


def test_polls_stay_in_the_sources_own_phase_within_a_tenth() -> None:
    at, phase = NOW, 0.25
    moments = []
    for chance in (0.0, 0.5, 0.99, 0.3, 0.7):
        at = rhythm.next_poll(STEADY, SAME, Hints(), 0, at, phase=phase, chance=chance)
        moments.append((at.timestamp() / HOUR) % 1)
    assert all(abs(moment - phase) <= 0.1 for moment in moments)


def test_sources_that_were_added_together_are_spread_over_the_interval() -> None:
    at = [rhythm.next_poll(STEADY, SAME, Hints(), 0, NOW, phase=n / 100, chance=0.5) for n in range(100)]
    quarters = [sum(1 for moment in at if (moment.timestamp() / HOUR * 4) % 4 // 1 == quarter) for quarter in range(4)]
    assert min(quarters) >= 24


def test_failures_wait_longer_each_time_but_no_longer_than_a_day() -> None:
    broken = Polled(outcome=PollOutcome.BROKEN)
    waits = [rhythm.next_poll(STEADY, broken, Hints(), n, NOW, phase=0, chance=0.5) - NOW for n in (1, 2, 3, 50)]
    assert waits == [timedelta(hours=2), timedelta(hours=3), timedelta(hours=4), timedelta(hours=24)]


def test_whoever_turns_us_away_is_asked_in_6_to_24_hours() -> None:
    blocked = Polled(outcome=PollOutcome.BLOCKED)
    waits = [rhythm.next_poll(STEADY, blocked, Hints(), n, NOW, phase=0, chance=0.5) - NOW for n in (1, 2, 9)]
    assert waits == [timedelta(hours=6), timedelta(hours=12), timedelta(hours=24)]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_what_a_server_asks_for_is_never_undercut(chance: float) -> None:
    limited = Polled(outcome=PollOutcome.RATE_LIMITED, retry_after_s=50_000)
    at = rhythm.next_poll(STEADY, limited, Hints(), 1, NOW, phase=0.1, chance=chance)
    assert timedelta(seconds=50_000) <= at - NOW <= timedelta(seconds=55_001)


def test_skipped_hours_and_days_are_waited_out_for_six_hours_at_most() -> None:
    def at(hints: Hints) -> datetime:
        return rhythm.next_poll(STEADY, SAME, hints, 0, NOW, phase=0.0, chance=0.5)

    assert at(Hints(skip_hours=frozenset({13, 14}))) == NOW.replace(hour=15)
    assert at(Hints(skip_days=frozenset({2}))) == NOW + timedelta(hours=6)
    assert at(Hints(skip_days=frozenset({3}))) == NOW.replace(hour=13)


# ------------------------------------------------------------------------------------------------ moved, gone, lying

OLD, THERE = "https://old.test/feed", "https://new.test/feed"


def _polls(*steps: tuple[float, Polled]) -> list[moves.Course]:
    trail, courses = NOWHERE, []
    for hours, polled in steps:
        courses.append(moves.follow(trail, polled, OLD, NOW + timedelta(hours=hours)))
        trail = courses[-1].trail
    return courses


def test_a_permanent_redirect_is_believed_after_three_polls_over_two_days() -> None:
    there = replace(NEW, moved_to=THERE)
    assert [course.settled_at for course in _polls((0, there), (24, there), (47, there), (48, there))] == [
        *("", "", ""),
        THERE,
    ]
    assert [course.settled_at for course in _polls((0, there), (50, there))] == ["", ""]


def test_a_failure_proves_no_move_and_an_answer_from_the_old_address_takes_it_back() -> None:
    there, broken = replace(NEW, moved_to=THERE), Polled(outcome=PollOutcome.BROKEN)
    assert [c.settled_at for c in _polls((0, there), (24, broken), (30, there), (49, there))][-1] == THERE
    assert [c.settled_at for c in _polls((0, there), (24, NEW), (30, there), (60, there))][-1] == ""
    assert [c.settled_at for c in _polls((0, there), (24, SAME), (30, there), (60, there))][-1] == ""
    elsewhere = replace(NEW, moved_to="https://third.test/feed")
    assert [c.settled_at for c in _polls((0, there), (24, elsewhere), (49, there), (60, there))][-1] == ""


def test_what_a_feed_announces_holds_while_its_body_stays_as_it_is() -> None:
    announced = replace(NEW, moved_to=THERE, announced=True)
    assert [c.settled_at for c in _polls((0, announced), (24, SAME), (49, SAME))] == ["", "", THERE]


def test_410_is_believed_when_it_is_said_twice_an_hour_apart() -> None:
    gone = Polled(outcome=PollOutcome.GONE, cause=Cause.GONE)
    missing = Polled(outcome=PollOutcome.GONE, cause=Cause.NOT_FOUND)
    assert [course.gone for course in _polls((0, gone), (0.5, gone), (1, gone))] == [False, False, True]
    assert [course.gone for course in _polls((0, gone), (1, NEW), (2, gone))] == [False, False, False]
    assert not any(course.gone for course in _polls((0, missing), (9, missing), (99, missing)))


def test_another_body_under_the_same_validators_is_a_lie() -> None:
    stored = make.polled_source(etag='"1"', body_sha=b"a", same_sha=b"r")
    told = replace(NEW, etag='"1"', body_sha=b"b", same_sha=b"s")
    assert validators.lied(stored, told)
    assert not validators.lied(stored, replace(told, etag='"2"'))
    assert not validators.lied(stored, replace(told, body_sha=b"a"))
    assert not validators.lied(replace(stored, etag=""), replace(told, etag=""))
    only_dates = replace(told, outcome=PollOutcome.NOT_MODIFIED, same_sha=b"r")
    assert not validators.lied(stored, only_dates)


def test_a_whole_body_is_asked_for_once_a_day_at_the_sources_own_moment() -> None:
    assert validators.whole_is_due(None, NOW, 0.5)
    assert not validators.whole_is_due(NOW - timedelta(hours=21), NOW, 0.0)
    assert validators.whole_is_due(NOW - timedelta(hours=22), NOW, 0.0)
    assert not validators.whole_is_due(NOW - timedelta(hours=26), NOW, 0.99)
    assert validators.whole_is_due(NOW - timedelta(hours=27), NOW, 0.99)


# ---------------------------------------------------------------------------------------------------- what is stored


def _entry(name: str, **over: Any) -> Entry:
    return Entry(**{"key": name, "url": f"https://news.test/{name}", "title": f"Title {name}", **over})


def test_bad_entries_are_named_and_take_no_good_one_along() -> None:
    given = (
        _entry("good"),
        _entry("nul", title="with \0 inside"),
        _entry("half", summary="half \ud800"),
        _entry("far", url="https://news.test/" + "x" * 3000),
        _entry("untitled", title=" "),
        _entry("good", title="The same address again"),
    )
    told = entries.sound(replace(NEW, entries=given), 100)
    assert [(entry.title, entry.summary) for entry in told.entries] == [
        ("Title good", ""),
        ("with inside", ""),
        ("Title half", "half"),
    ]
    assert told.detail == (
        "2 that held what no text may hold (“with  inside”, “Title half”); 1 without a usable address (“Title far”); "
        "1 without a title (“https://news.test/untitled”); 1 at the address of another (“Title good”)"
    )


def test_more_entries_than_are_taken_are_said() -> None:
    told = entries.sound(replace(NEW, entries=tuple(_entry(str(n)) for n in range(5))), 3)
    assert (len(told.entries), told.detail) == (3, "only 3 of 5 entries were taken")
