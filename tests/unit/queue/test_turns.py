"""Whose turn it is, without a database: shares are even, nobody is passed over, and places only go on."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cid.domain.ids import TenantId
from cid.queue.turns import Entry, Place, Turns

A, B, C = (TenantId(UUID(int=n)) for n in (1, 2, 3))
FIRST = Place(0, 1)


def turns(*entries: tuple[TenantId, str]) -> Turns:
    made = Turns()
    made.listed((Entry(*entry), FIRST) for entry in entries)
    return made


def shares(made: Turns, free: int, most: int = 100) -> list[tuple[TenantId, str, int]]:
    return [(ask.entry.tenant, ask.entry.key, ask.share) for ask in made.ask(free, most)]


def test_slots_are_divided_between_tenants_whatever_number_of_keys_they_have() -> None:
    made = turns((A, "x"), (A, "y"), (A, "z"), (B, ""))
    asked: Counter[TenantId] = Counter()
    for tenant, _, share in shares(made, 8):
        asked[tenant] += share
    assert asked == {A: 4, B: 4}


def test_with_fewer_slots_than_tenants_the_rest_is_asked_for_what_the_first_leave() -> None:
    made = turns((A, ""), (B, ""), (C, ""))
    assert shares(made, 1) == [(A, "", 1), (B, "", 1), (C, "", 1)]
    assert shares(made, 1, most=2) == [(A, "", 1), (B, "", 1)]


def test_whoever_gave_something_goes_behind_the_others() -> None:
    made = turns((A, ""), (B, ""))
    made.took(Entry(A, ""), Place(0, 7))
    assert [(ask.entry.tenant, ask.after) for ask in made.ask(1, 9)] == [(B, Place(0, 0)), (A, Place(0, 7))]


def test_keys_of_a_tenant_take_turns_too() -> None:
    made = turns((A, "x"), (A, "y"))
    made.took(Entry(A, "x"), Place(0, 7))
    assert [ask.entry.key for ask in made.ask(1, 9)] == ["y", "x"]


def test_who_has_nothing_is_not_asked_until_it_is_listed_again() -> None:
    made = turns((A, ""), (B, ""))
    made.drop(Entry(A, ""))
    made.drop(Entry(A, ""))
    assert list(made) == [Entry(B, "")]
    made.listed([(Entry(A, ""), Place(-3, 4))])
    assert made.ask(9, 9)[-1].after == Place(-3, 3)


def test_a_listing_begins_at_the_first_job_again_wherever_the_claims_were() -> None:
    made = turns((A, ""))
    made.took(Entry(A, ""), Place(5, 900))
    made.listed([(Entry(A, ""), Place(-1, 950))])
    assert made.ask(1, 1)[0].after == Place(-1, 949)


def test_what_is_remembered_is_bounded_and_those_served_last_are_forgotten_first() -> None:
    made = Turns(most=2)
    made.listed([(Entry(A, ""), FIRST), (Entry(B, ""), FIRST)])
    made.took(Entry(A, ""), Place(0, 5))
    made.listed([(Entry(C, ""), FIRST)])
    assert len(made) == 2
    assert Entry(B, "") in set(made)


@given(
    st.lists(st.tuples(st.sampled_from((A, B, C)), st.sampled_from("xyz")), min_size=1),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_no_slot_is_left_unasked_and_nobody_is_asked_twice(
    entries: list[tuple[TenantId, str]], free: int, most: int
) -> None:
    made = turns(*entries)
    asks = made.ask(free, most)
    assert len({ask.entry for ask in asks}) == len(asks) == min(most, len(set(entries)))
    assert all(ask.share > 0 for ask in asks)
    if most >= len(set(entries)):
        assert sum(ask.share for ask in asks) >= free


@given(st.integers(1, 5), st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_everybody_with_work_is_served_within_one_round(free: int, work: list[int]) -> None:
    """However much the others have: in as many claims as there are tenants with work, each was served."""
    left = {TenantId(UUID(int=n + 1)): jobs * 50 + 1 for n, jobs in enumerate(work)}
    made = turns(*((tenant, "") for tenant in left))
    served: set[TenantId] = set()
    for _ in left:
        slots = free
        for ask in made.ask(free, 100):
            given_now = min(ask.share, left[ask.entry.tenant], slots)
            slots -= given_now
            left[ask.entry.tenant] -= given_now
            if given_now:
                served.add(ask.entry.tenant)
                made.took(ask.entry, Place(0, 1))
    assert served == set(left)


def test_whoever_was_served_last_is_asked_again_without_a_listing() -> None:
    made = turns((A, ""), (B, ""))
    made.emptied(Entry(A, ""), Place(0, 7))
    made.emptied(Entry(B, ""), Place(0, 9))
    assert (len(made), made.try_last()) == (0, True)
    assert [(ask.entry.tenant, ask.after.id) for ask in made.ask(5, 9)] == [(B, 9), (A, 7)]
    assert not made.try_last()
