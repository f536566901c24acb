"""A batch's whole life against a vendor of a few lines: any order of lost answers, deaths, slow senders and readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cid.domain.errors import BadReply, CidError, Misconfigured, Unanswered, Upstream
from cid.domain.llm import Raw, Stop, Usage
from cid.llm import waiting
from cid.llm.waiting import BATCH, Batch, BatchState, Step

START = datetime(2026, 11, 21, tzinfo=UTC)
TIMEOUT = waiting.LEASE - timedelta(minutes=1)
"""After this a sender has given up by itself."""


def raw(call: str) -> Raw:
    return Raw(text=call, stop=Stop.END, usage=Usage(), model="m")


@dataclass
class AtVendor:
    id: str
    key: str
    calls: tuple[str, ...]
    listed_at: datetime
    ended: bool = False
    results: list[tuple[str, Raw | CidError]] = field(default_factory=list)


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.asked: list[str] = []
        self.batches: dict[str, Batch] = {}
        self.outcomes: dict[str, Raw | CidError] = {}
        self.vendor: list[AtVendor] = []
        self.hands: list[tuple[Batch, Step]] = []
        self.known_by_results = False

    # ------------------------------------------------------------------------------------------------ what we commit

    def commit(self, before: Batch, after: Batch) -> bool:
        """Compare and set: who comes late changes nothing."""
        if self.batches[before.key] != before:
            return False
        self.batches[before.key] = after
        failure = waiting.failure_of_all(before, after)
        if failure:
            self.settle(dict.fromkeys(before.calls, failure))
        return True

    def settle(self, outcomes: dict[str, Raw | CidError]) -> None:
        assert not outcomes.keys() & self.outcomes.keys(), "an outcome is for good"
        self.outcomes |= outcomes

    # ----------------------------------------------------------------------------------------------------- the vendor

    def make(self, batch: Batch, lag: timedelta) -> AtVendor:
        made = AtVendor(f"v{len(self.vendor)}", batch.key, batch.calls, self.now + lag)
        self.vendor.append(made)
        return made

    def find(self, batch: Batch, known: Collection[str]) -> str | Upstream | None:
        listed = [made for made in self.vendor if made.listed_at <= self.now and made.id not in known]
        if not self.known_by_results:
            return next((made.id for made in listed if made.key == batch.key), None)
        possible = [made for made in listed if len(made.calls) == len(batch.calls)]
        for made in possible:
            if made.ended and set(made.calls) & set(batch.calls):
                return made.id
        return Upstream("not ended") if any(not made.ended for made in possible) else None

    def at(self, batch: Batch) -> AtVendor:
        return next(made for made in self.vendor if made.id == batch.id)

    # ---------------------------------------------------------------------------------------------------------- rules

    @initialize(known_by_results=st.booleans())
    def choose(self, known_by_results: bool) -> None:
        self.known_by_results = known_by_results

    @rule(count=st.integers(1, 3))
    def plan(self, count: int) -> None:
        calls = [f"c{len(self.asked) + number}" for number in range(count)]
        self.asked += calls
        key = f"k{len(self.batches)}"
        self.batches[key] = Batch(
            key=key, provider="p", model="m", calls=tuple(calls), planned_at=self.now, due_at=self.now + waiting.GATHER
        )

    @rule(minutes=st.sampled_from([1, 3, 11, 60, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    @precondition(lambda self: self.live())
    def time_passes_until_something_is_due(self) -> None:
        self.now = max(self.now, min(batch.due_at for batch in self.live()))

    @rule(data=st.data())
    @precondition(lambda self: self.due())
    def somebody_takes_a_batch(self, data: st.DataObject) -> None:
        self.hands.append(self.taken(*data.draw(st.sampled_from(self.due()))))

    @rule(data=st.data())
    @precondition(lambda self: self.due())
    def somebody_is_quick(self, data: st.DataObject) -> None:
        self.act(*self.taken(*data.draw(st.sampled_from(self.due()))), data)

    @rule(data=st.data())
    @precondition(lambda self: self.hands)
    def somebody_dies(self, data: st.DataObject) -> None:
        self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))

    @rule(data=st.data())
    @precondition(lambda self: self.hands)
    def somebody_goes_on(self, data: st.DataObject) -> None:
        self.act(*self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1))), data)

    @rule(data=st.data())
    @precondition(lambda self: any(not made.ended for made in self.vendor))
    def the_vendor_ends_a_batch(self, data: st.DataObject) -> None:
        self.end(data.draw(st.sampled_from([made for made in self.vendor if not made.ended])), data)

    # ----------------------------------------------------------------------------------------------------------- acts

    def due(self) -> list[tuple[Batch, Step]]:
        return [(batch, step) for batch in self.batches.values() if (step := waiting.step(batch, self.now))]

    def live(self) -> list[Batch]:
        return [batch for batch in self.batches.values() if BATCH.moves.get(batch.state)]

    def taken(self, batch: Batch, step: Step) -> tuple[Batch, Step]:
        """A batch is marked before it is sent."""
        if step is not Step.SUBMIT:
            return batch, step
        begun = waiting.begun(batch, self.now)
        assert self.commit(batch, begun)
        return begun, step

    def act(self, batch: Batch, step: Step, data: st.DataObject | None = None) -> None:
        if step is Step.SUBMIT:
            self.submit(batch, data)
        elif step is Step.DOUBT:
            self.commit(batch, waiting.doubted(batch, self.now))
        elif step is Step.GIVE_UP:
            self.commit(batch, waiting.given_up(batch, self.now))
        elif step is Step.FIND:
            known = [other.id for other in self.batches.values() if other.id]
            answer = trouble(data) or self.find(batch, known)
            self.commit(batch, waiting.found(batch, answer, self.now))
        elif step is Step.READ:
            self.read(batch, data)
        else:
            if step is Step.CANCEL and not self.at(batch).ended:
                self.end(self.at(batch), data)
            self.commit(batch, waiting.polled(batch, forgotten(data) or self.at(batch).ended, self.now))

    def submit(self, batch: Batch, data: st.DataObject | None) -> None:
        if batch.sent_at is None or self.now - batch.sent_at >= TIMEOUT:
            return
        fate = data.draw(st.sampled_from(FATES)) if data else "ok"
        answer: str | CidError = FAILURES.get(fate, Unanswered("lost"))
        if fate in {"ok", "answer lost", "dead after"}:
            lag = timedelta(minutes=data.draw(st.sampled_from([0, 9]))) if data else timedelta(0)
            made = self.make(batch, lag if fate != "ok" else timedelta(0))
            answer = made.id if fate == "ok" else answer
        if fate not in {"dead before", "dead after"}:
            self.commit(batch, waiting.submitted(batch, answer, self.now))

    def read(self, batch: Batch, data: st.DataObject | None) -> None:
        failure = forgotten(data)
        done = waiting.outcomes(batch.calls, self.at(batch).results)
        assert set(done.of) == set(batch.calls)
        if self.commit(batch, waiting.read(batch, failure, self.now)) and failure is None:
            self.settle(dict(done.of))

    def end(self, made: AtVendor, data: st.DataObject | None) -> None:
        made.ended = True
        made.results = [(call, raw(call)) for call in reversed(made.calls)]
        if data:
            cut = data.draw(st.integers(0, len(made.calls)))
            made.results[:cut] = [(call, Upstream("expired")) for call, _ in made.results[:cut]]
            made.results += data.draw(
                st.lists(st.sampled_from([(call, raw("other")) for call in (*made.calls, "nobody")]), max_size=2)
            )
            made.results = data.draw(st.permutations(made.results))[data.draw(st.integers(0, 1)) :]

    # ----------------------------------------------------------------------------------------------------- what holds

    @invariant()
    def no_call_is_sent_twice(self) -> None:
        sent = Counter(call for made in self.vendor for call in made.calls)
        assert all(times == 1 for times in sent.values()), sent

    @invariant()
    def every_call_is_in_one_place(self) -> None:
        live = [call for batch in self.live() for call in batch.calls]
        assert sorted([*live, *self.outcomes]) == sorted(self.asked)

    @invariant()
    def what_the_vendor_may_have_done_is_never_said_to_be_free(self) -> None:
        """A batch that failed while the vendor had it leaves its calls counted as spent."""
        for made in self.vendor:
            if self.batches[made.key].state is BatchState.FAILED:
                assert all(isinstance(self.outcomes[call], Unanswered) for call in made.calls)

    def teardown(self) -> None:
        """Nobody dies any more, and time passes: everything comes to an end."""
        for _ in range(400):
            for batch, step in self.due():
                self.act(*self.taken(batch, step))
            for made in self.vendor:
                if not made.ended:
                    self.end(made, None)
            self.now += timedelta(minutes=20)
            if len(self.outcomes) == len(self.asked):
                break
        self.no_call_is_sent_twice()
        self.what_the_vendor_may_have_done_is_never_said_to_be_free()
        assert self.outcomes.keys() == set(self.asked)
        for batch in self.batches.values():
            if batch.state is BatchState.READ:
                assert self.at(batch).key == batch.key


FATES = ("ok", "answer lost", "never arrived", "busy", "no key", "refused", "dead before", "dead after")
FAILURES: dict[str, CidError] = {
    "busy": Upstream("429", retry_after=timedelta(minutes=3)),
    "no key": Misconfigured("no key"),
    "refused": BadReply("400"),
}


def trouble(data: st.DataObject | None) -> CidError | None:
    """What asking the vendor fails with, now and then."""
    if data is None:
        return None
    return data.draw(st.sampled_from([None, None, None, Upstream("503"), Misconfigured("no key")]))


def forgotten(data: st.DataObject | None) -> CidError | None:
    """As above, or the vendor does not know the batch any more."""
    gone = data and data.draw(st.integers(0, 9)) == 0
    return BadReply("404") if gone else trouble(data)


def test_no_order_of_events_sends_a_call_twice_or_leaves_one_without_an_outcome() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
