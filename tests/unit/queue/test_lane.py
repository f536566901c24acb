"""When a consumer looks for jobs of a kind. Times are given, none passes."""

from __future__ import annotations

from datetime import timedelta

from cid.domain.jobs import JobKind
from cid.queue.claims import Terms
from cid.queue.consumer import Lane


def lane(linger: float = 0, group: int = 1) -> Lane:
    return Lane(
        terms=Terms(
            kind=JobKind.RELATE,
            deadline=timedelta(minutes=1),
            group=group,
            linger=timedelta(seconds=linger),
        ),
        slots=2,
    )


def test_a_kind_that_had_work_is_looked_at_again_at_once() -> None:
    one = lane()
    one.found(now=10)
    assert one.look_at == 10


def test_a_kind_without_work_is_left_alone_until_the_next_poll() -> None:
    one = lane()
    one.found_nothing(began=10, now=10, poll_s=2)
    assert one.look_at == 12


def test_a_wake_up_comes_before_the_poll() -> None:
    one = lane()
    one.found_nothing(began=10, now=10, poll_s=2)
    one.heard(now=10.5)
    assert one.look_at == 10.5


def test_what_a_limit_or_a_linger_holds_back_is_looked_at_when_it_is_let_through() -> None:
    one = lane(linger=1, group=8)
    one.found_nothing(began=10, now=10, poll_s=5, wait_s=0.8)
    assert 10.8 < one.look_at < 10.81
    one.found_nothing(began=11, now=11, poll_s=5, wait_s=20)
    assert one.look_at == 16


def test_a_wake_up_during_a_look_is_not_lost() -> None:
    one = lane()
    one.heard(now=10.1)
    one.found_nothing(began=10, now=10.2, poll_s=2)
    assert one.look_at == 10.2


def test_few_free_slots_are_filled_after_a_moment_and_many_at_once() -> None:
    one = lane()
    one.found(now=10)
    assert one.next_look() == 10
    one.free, one.slots = 1, 3
    assert 10 < one.next_look() < 10.1


def test_many_wake_ups_of_a_lingering_group_are_at_most_four_looks_in_a_linger() -> None:
    one = lane(linger=1, group=8)
    looks = 0
    for step in range(1000):  # one wake-up a millisecond
        now = 10 + step / 1000
        one.heard(now)
        if one.look_at <= now:
            looks += 1
            one.found_nothing(now, now + 0.0001, poll_s=5)
    assert 3 <= looks <= 5
