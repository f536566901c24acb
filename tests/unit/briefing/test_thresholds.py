"""Which probability makes a match."""

from __future__ import annotations

from cid.briefing.thresholds import ALARMS, GRID, PRECISION, Held, threshold

STEPS = [step / 1000 for step in range(1000)]
SURE = Held(likely=(0.9, 0.8, 0.2, 0.1), right=(True, True, False, False), ordinary=(0.0,) * 1000)


def held(ordinary: float, alarming: int) -> Held:
    """The likelier, the more often right."""
    right = tuple(step % 10 < 10 * likely for step, likely in enumerate(STEPS))
    return Held(likely=tuple(STEPS), right=right, ordinary=(ordinary,) * alarming + (0.0,) * (1000 - alarming))


def test_it_is_the_lowest_at_which_enough_is_right() -> None:
    one = held(0.0, 0)
    at = threshold([one])
    called = [right for likely, right in zip(one.likely, one.right, strict=True) if likely >= at]
    below = [right for likely, right in zip(one.likely, one.right, strict=True) if likely >= at - 0.005]
    assert sum(called) / len(called) >= PRECISION > sum(below) / len(below)


def test_ordinary_titles_that_alarm_raise_it() -> None:
    assert threshold([held(0.7, round(1000 * ALARMS))]) == threshold([held(0.0, 0)])
    assert 0.7 < threshold([held(0.7, 5)]) < 0.72


def test_where_nothing_is_good_enough_it_is_the_one_that_is_right_most_often() -> None:
    poor = Held(likely=(0.9, 0.5, 0.5, 0.5), right=(False, True, False, False), ordinary=())
    assert threshold([poor]) <= 0.5
    assert threshold([]) == threshold([Held(likely=(), right=(), ordinary=())]) == GRID[-1], (
        "nothing bears a lower one out"
    )
