"""What happens after a call, as a table: each row is a promise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.llm import steps
from cid.llm.steps import Breaker, Broken, Cut, Declined, Do, Full, Outcome, Past, Read, Room, step

ROOM = Room(left_s=100, chance=0.5)
NEW = Past()


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("outcome", "past", "does"),
    [
        (Read({}), NEW, Do.DONE),
        (Read({"x": "not answered"}), NEW, Do.REPAIR),
        (Read({"x": "not answered"}), Past(repaired=True), Do.NEXT),
        (Cut(), NEW, Do.LARGER),
        (Cut(), Past(enlarged=True), Do.NEXT),
        (Declined("cyber"), NEW, Do.NEXT),
        (Upstream("529"), NEW, Do.AGAIN),
        (Upstream("529"), Past(failures=2), Do.NEXT),
        (Upstream("429", retry_after=s(7)), NEW, Do.AGAIN),
        (Upstream("429", retry_after=s(3600)), NEW, Do.NEXT),
        (Unanswered("reset"), NEW, Do.AGAIN),
        (Unanswered("reset"), Past(failures=1, ambiguous=1), Do.NEXT),
        (Spent("402"), NEW, Do.NEXT),
        (Misconfigured("401"), NEW, Do.NEXT),
        (BadReply("400"), NEW, Do.RAISE),
        (Full(s(3)), NEW, Do.AGAIN),
        (Full(s(300)), NEW, Do.NEXT),
        (Broken(s(3), "529"), NEW, Do.AGAIN),
        (Broken(s(300), "529"), NEW, Do.NEXT),
    ],
)
def test_each_outcome_has_its_step(outcome: Outcome, past: Past, does: Do) -> None:
    assert step(outcome, past, ROOM).do is does


def test_a_pause_that_was_asked_for_is_kept_and_a_little_more() -> None:
    assert step(Upstream("429", retry_after=s(7)), NEW, ROOM).wait_s == pytest.approx(7.125)


@pytest.mark.parametrize(("failures", "longest"), [(0, 0.5), (1, 1.0)])
def test_own_pauses_grow_and_are_drawn_anew(failures: int, longest: float) -> None:
    past = Past(failures=failures)
    waits = [step(Upstream("529"), past, Room(left_s=100, chance=chance)).wait_s for chance in (0.0, 1.0)]
    assert waits == pytest.approx([0.0, longest + 0.25])


@pytest.mark.parametrize("left", [0.0, 6.9, -1.0])
def test_nothing_is_waited_for_past_the_deadline(left: float) -> None:
    room = Room(left_s=left, chance=0.5)
    assert step(Upstream("429", retry_after=s(7)), NEW, room).do is Do.NEXT
    assert step(Full(s(7)), NEW, room).do is Do.NEXT


@pytest.mark.parametrize("outcome", [Read({"x": "not answered"}), Cut()])
def test_past_the_deadline_nothing_more_is_asked_of_a_model(outcome: Outcome) -> None:
    assert step(outcome, NEW, Room(left_s=0)).do is Do.NEXT


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, (Breaker.OK, None)),
        (Upstream("529"), (Breaker.FAULT, None)),
        (Unanswered("reset"), (Breaker.FAULT, None)),
        (Upstream("429", retry_after=s(7)), (Breaker.ASKED, s(7))),
        (Spent("402"), (Breaker.SHUT, steps.SPENT)),
        (Spent("429", retry_after=s(7200)), (Breaker.SHUT, s(7200))),
        (Misconfigured("401"), (Breaker.SHUT, steps.MISCONFIGURED)),
        (BadReply("400"), (Breaker.NONE, None)),
    ],
)
def test_what_a_call_says_of_its_model(error: CidError | None, says: tuple[Breaker, timedelta | None]) -> None:
    assert steps.breaker(error) == says


WAITS = st.floats(0, 4000).map(s)
OUTCOMES = st.one_of(
    st.just(Read({"x": "not answered"})),
    st.just(Cut()),
    st.just(Declined("")),
    st.builds(Full, WAITS),
    st.builds(Broken, WAITS, st.just("529")),
    st.builds(lambda wait: Upstream("429", retry_after=wait), st.none() | WAITS),
    st.just(Unanswered("reset")),
    st.just(Spent("402")),
    st.just(Misconfigured("401")),
    st.just(BadReply("400")),
)


@given(st.lists(OUTCOMES, min_size=60, max_size=60), st.floats(0, 1))
def test_whatever_comes_a_model_is_given_up_in_time_and_after_few_calls(outcomes: list[Outcome], chance: float) -> None:
    """Pauses add up to less than the deadline, and what was sent is bounded however the outcomes mix."""
    past, left, sent, ambiguous, waited = NEW, 100.0, 0, 0, 0.0
    for outcome in outcomes:
        sent += not isinstance(outcome, Full | Broken)
        ambiguous += isinstance(outcome, Unanswered)
        taken = step(outcome, past, Room(left_s=left, chance=chance))
        if taken.do in {Do.NEXT, Do.RAISE, Do.DONE}:
            assert taken.why is not None
            break
        past = past.after(taken, outcome)
        waited += taken.wait_s
        left -= taken.wait_s + 0.01 + (isinstance(outcome, Full | Broken) and not taken.wait_s) * 5
    assert waited < 100
    assert sent <= steps.TRIES + 3
    assert ambiguous <= steps.SENDS
