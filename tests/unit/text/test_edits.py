"""The way from one sequence to another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cid.text.edits import LONG, Budget, edits

letters = st.lists(st.sampled_from("abcd"), max_size=40)


def applied(old: list[str], new: list[str], steps: int) -> None:
    i = k = 0
    before: bool | None = None
    for edit in edits(old, new, Budget(steps)):
        assert (edit.i, edit.k) == (i, k)
        assert edit.same is not before
        if edit.same:
            assert old[edit.i : edit.j] == new[edit.k : edit.m]
        i, k, before = edit.j, edit.m, edit.same
    assert (i, k) == (len(old), len(new))


@given(letters, letters, st.integers(0, 400))
def test_the_edits_lead_from_one_to_the_other_whatever_the_budget(old: list[str], new: list[str], steps: int) -> None:
    applied(old, new, steps)


@given(letters, letters, st.lists(st.integers(0, 5000), min_size=1, max_size=30, unique=True))
def test_long_sequences_are_cut_and_still_whole(old: list[str], new: list[str], numbers: list[int]) -> None:
    middle = [str(n) for n in range(LONG)]
    changed = [word for n, word in enumerate(middle) if n not in numbers]
    applied([*old, *middle, *new], [*new, *changed, *old], 50_000)


def test_as_little_changes_as_can() -> None:
    found = edits(["the", "quay", "opens", "in", "may"], ["the", "old", "quay", "opens", "in", "june"], Budget(1000))
    assert [(edit.i, edit.j, edit.k, edit.m) for edit in found if not edit.same] == [(1, 1, 1, 2), (4, 5, 5, 6)]
