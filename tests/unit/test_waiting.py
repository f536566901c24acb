from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.llm import Raw, Stop, Usage
from cid.llm import batch as api
from cid.llm import waiting
from cid.llm.waiting import Batch, BatchState, Step

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def batch(state: BatchState = BatchState.PLANNED, *, sent: timedelta = MINUTE, planned: timedelta = MINUTE) -> Batch:
    return Batch(
        key="k",
        provider="p",
        model="m",
        calls=("a", "b"),
        state=state,
        id="v" if state in {BatchState.SUBMITTED, BatchState.ENDED, BatchState.READ} else "",
        planned_at=NOW - planned,
        sent_at=None if state is BatchState.PLANNED else NOW - sent,
        due_at=NOW,
        attempts=0 if state is BatchState.PLANNED else 1,
    )


def raw(text: str) -> Raw:
    return Raw(text=text, stop=Stop.END, usage=Usage(), model="m")


# --------------------------------------------------------------------------------------------------- what is to be done


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (BatchState.PLANNED, Step.SUBMIT),
        (BatchState.SUBMITTING, Step.DOUBT),
        (BatchState.UNKNOWN, Step.FIND),
        (BatchState.SUBMITTED, Step.POLL),
        (BatchState.ENDED, Step.READ),
        (BatchState.READ, None),
        (BatchState.FAILED, None),
    ],
)
def test_each_state_has_its_step_once_it_is_due(state: BatchState, step: Step | None) -> None:
    assert waiting.step(batch(state), NOW) is step
    assert waiting.step(replace(batch(state), due_at=NOW + MINUTE), NOW) is None


def test_what_takes_too_long_is_cancelled_and_then_given_up() -> None:
    assert waiting.step(batch(BatchState.SUBMITTED, sent=waiting.CANCEL_AFTER), NOW) is Step.CANCEL
    for state in (BatchState.SUBMITTED, BatchState.UNKNOWN, BatchState.ENDED):
        assert waiting.step(batch(state, sent=waiting.GIVE_UP_AFTER), NOW) is Step.GIVE_UP
    assert waiting.step(batch(planned=waiting.UNSENT_AFTER), NOW) is Step.GIVE_UP


def test_nobody_doubts_a_sender_that_may_still_be_sending() -> None:
    begun = waiting.begun(batch(), NOW)
    assert begun.due_at - NOW >= 2 * timedelta(seconds=api.CREATE_S)
    assert waiting.step(begun, begun.due_at - MINUTE) is None
    assert waiting.step(begun, begun.due_at) is Step.DOUBT


# ------------------------------------------------------------------------------------------------------- what is heard


@pytest.mark.parametrize(
    ("answer", "state", "after"),
    [
        ("v1", BatchState.SUBMITTED, MINUTE),
        (Unanswered("reset"), BatchState.UNKNOWN, waiting.LISTED_AFTER),
        (Upstream("503"), BatchState.PLANNED, 2 * MINUTE),
        (Upstream("429", retry_after=9 * MINUTE), BatchState.PLANNED, 9 * MINUTE),
        (Spent("402"), BatchState.PLANNED, 2 * MINUTE),
        (Misconfigured("no key"), BatchState.PLANNED, 2 * MINUTE),
        (BadReply("400"), BatchState.FAILED, timedelta(0)),
    ],
    ids=lambda it: getattr(it, "name", None) or type(it).__name__,
)
def test_what_a_sending_comes_to(answer: str | CidError, state: BatchState, after: timedelta) -> None:
    moved = waiting.submitted(waiting.begun(batch(), NOW), answer, NOW)
    assert (moved.state, moved.due_at, moved.id) == (state, NOW + after, answer if isinstance(answer, str) else "")


@pytest.mark.parametrize(
    ("answer", "state"),
    [("v1", BatchState.SUBMITTED), (None, BatchState.PLANNED), (Upstream("not ended"), BatchState.UNKNOWN)],
)
def test_what_a_listing_says(answer: str | CidError | None, state: BatchState) -> None:
    assert waiting.found(batch(BatchState.UNKNOWN), answer, NOW).state is state


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (True, BatchState.ENDED),
        (False, BatchState.SUBMITTED),
        (Upstream("503"), BatchState.SUBMITTED),
        (BadReply("404"), BatchState.FAILED),
    ],
)
def test_what_a_poll_says(answer: bool | CidError, state: BatchState) -> None:
    assert waiting.polled(batch(BatchState.SUBMITTED), answer, NOW).state is state


def test_polls_grow_rarer() -> None:
    pauses = [
        waiting.polled(batch(BatchState.SUBMITTED, sent=age), False, NOW).due_at - NOW
        for age in (MINUTE, 60 * MINUTE, 24 * 60 * MINUTE)
    ]
    assert pauses == [MINUTE, 6 * MINUTE, 15 * MINUTE]


def test_results_that_cannot_be_read_now_are_read_later() -> None:
    ended = batch(BatchState.ENDED)
    assert waiting.read(ended, None, NOW).state is BatchState.READ
    assert waiting.read(ended, BadReply("404"), NOW).state is BatchState.FAILED
    later = waiting.read(ended, Upstream("cut"), NOW)
    assert (later.state, later.due_at > NOW) == (BatchState.ENDED, True)


def test_what_taught_nothing_is_looked_at_later_as_it_is() -> None:
    later = waiting.delayed(batch(BatchState.SUBMITTED), Misconfigured("no key"), NOW)
    assert (later.state, later.due_at, later.why) == (BatchState.SUBMITTED, NOW + 2 * MINUTE, "no key")


def test_a_call_stays_longer_than_its_batch_is_waited_for() -> None:
    assert waiting.STAY > waiting.UNSENT_AFTER + waiting.GIVE_UP_AFTER


def test_each_attempt_pauses_longer_up_to_an_hour() -> None:
    pauses = []
    for attempts in range(8):
        tried = waiting.submitted(waiting.begun(replace(batch(), attempts=attempts), NOW), Upstream("503"), NOW)
        pauses.append((tried.due_at - NOW) // MINUTE)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_an_answer_that_comes_to_the_wrong_state_is_a_defect() -> None:
    with pytest.raises(ValueError, match="read never becomes"):
        waiting.polled(batch(BatchState.READ), True, NOW)


# ------------------------------------------------------------------------------------------------- the calls' outcome


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        (BatchState.PLANNED, Upstream),
        (BatchState.SUBMITTING, BadReply),
        (BatchState.UNKNOWN, Unanswered),
        (BatchState.SUBMITTED, Unanswered),
        (BatchState.ENDED, Unanswered),
    ],
)
def test_a_failed_batchs_calls_count_as_spent_once_it_may_have_been_at_the_vendor(
    state: BatchState, failure: type[CidError]
) -> None:
    before = batch(state)
    assert type(waiting.failure_of_all(before, replace(before, state=BatchState.FAILED))) is failure
    assert waiting.failure_of_all(before, before) is None


def test_every_call_has_one_outcome_whatever_the_results_say() -> None:
    results = [
        ("d", raw("d")),
        ("nobody", raw("x")),
        ("a", raw("a")),
        ("a", raw("a")),
        ("c", raw("1")),
        ("c", raw("2")),
    ]
    done = waiting.outcomes(["a", "b", "c", "d"], results)
    assert (done.of["a"], done.of["d"]) == (raw("a"), raw("d"))
    assert type(done.of["b"]) is type(done.of["c"]) is Unanswered
    assert (done.unknown, done.doubled) == (("nobody",), ("a", "c"))
    assert set(done.of) == {"a", "b", "c", "d"}


def test_a_failure_told_twice_stays_what_it_was() -> None:
    twice = [("a", Upstream("expired")), ("a", Upstream("expired as well"))]
    assert type(waiting.outcomes(["a"], twice).of["a"]) is Upstream
    assert type(waiting.outcomes(["a"], [*twice, ("a", raw("a"))]).of["a"]) is Unanswered
