"""The shortest way from one sequence to another, within a budget. Pure.

Long sequences are cut at what stands in each of them exactly once (Bram Cohen's patience diff); the pieces are compared
by Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), greedy. What costs more than the budget is one
replacement: wide, and still right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONG = 600
"""Entries of a sequence that is cut first."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`old[i:j]` became `new[k:m]`; `same`: it is that."""

    same: bool
    i: int
    j: int
    k: int
    m: int


def _kept(i: int, j: int, k: int, m: int) -> Edit:
    return Edit(same=True, i=i, j=j, k=k, m=m)


def _changed(i: int, j: int, k: int, m: int) -> Edit:
    return Edit(same=False, i=i, j=j, k=k, m=m)


class Budget:
    """Steps that a comparison may take; a million are a few tenths of a second."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps


def edits(old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget) -> list[Edit]:
    """From beginning to end; no two neighbours are alike in being `same`."""
    merged: list[Edit] = []
    for edit in _between(old, new, (0, len(old), 0, len(new)), budget):
        last = merged[-1] if merged else None
        if last and last.same is edit.same:
            merged[-1] = Edit(edit.same, last.i, edit.j, last.k, edit.m)
        elif edit.i < edit.j or edit.k < edit.m:
            merged.append(edit)
    return merged


def _between(
    old: Sequence[Hashable], new: Sequence[Hashable], place: tuple[int, int, int, int], budget: Budget
) -> Iterator[Edit]:
    stack = [(place, True)]
    while stack:
        (i, j, k, m), cut = stack.pop()
        head = _alike(old, new, (i, j, k, m))
        if head:
            yield _kept(i, i + head, k, k + head)
            i, k = i + head, k + head
        tail = _alike_backwards(old, new, (i, j, k, m))
        j, m = j - tail, m - tail
        if tail:
            stack.append(((j, j + tail, m, m + tail), False))
        if i == j or k == m:
            yield _changed(i, j, k, m)
            continue
        anchors = _anchors(old, new, (i, j, k, m)) if cut and max(j - i, m - k) > LONG else []
        if not anchors:
            way = _shortest(old[i:j], new[k:m], budget)
            found = [_changed(0, j - i, 0, m - k)] if way is None else way
            yield from (Edit(one.same, one.i + i, one.j + i, one.k + k, one.m + k) for one in found)
            continue
        ends = [*anchors, (j, m)]
        pieces = [(i, ends[0][0], k, ends[0][1])]
        pieces += [(a, b, c, d) for (a, c), (b, d) in pairwise(ends)]
        stack += [(piece, False) for piece in reversed(pieces)]


def _alike(old: Sequence[Hashable], new: Sequence[Hashable], place: tuple[int, int, int, int]) -> int:
    i, j, k, m = place
    most, at = min(j - i, m - k), 0
    while at < most and old[i + at] == new[k + at]:
        at += 1
    return at


def _alike_backwards(old: Sequence[Hashable], new: Sequence[Hashable], place: tuple[int, int, int, int]) -> int:
    i, j, k, m = place
    most, at = min(j - i, m - k), 0
    while at < most and old[j - 1 - at] == new[m - 1 - at]:
        at += 1
    return at


def _shortest(old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget) -> list[Edit] | None:
    """None: there was no budget for it. The furthest points of each number of edits are kept, to walk back along."""
    n, m = len(old), len(new)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for depth in range(n + m + 1):
        budget.left -= 2 * depth + 1
        if budget.left < 0:
            return None
        trace.append(furthest.copy())
        for diagonal in range(-depth, depth + 1, 2):
            down = diagonal == -depth or (diagonal != depth and furthest[diagonal - 1] < furthest[diagonal + 1])
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = start = x - diagonal
            while x < n and y < m and old[x] == new[y]:
                x, y = x + 1, y + 1
            budget.left -= y - start
            furthest[diagonal] = x
            if x >= n and y >= m:
                return _walked(trace, n, m)
    raise AssertionError("every sequence becomes any other in the end")


def _walked(trace: Sequence[dict[int, int]], x: int, y: int) -> list[Edit]:
    made: list[Edit] = []
    for depth in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[depth], x - y
        down = diagonal == -depth or (diagonal != depth and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        px = furthest[before]
        py = px - before
        sx, sy = (px, py + 1) if down else (px + 1, py)
        if depth == 0:
            sx, sy = 0, 0
        if x > sx:
            made.append(_kept(sx, x, sy, y))
        if depth:
            made.append(_changed(px, sx, py, sy))
        x, y = px, py
    return made[::-1]


def _anchors(
    old: Sequence[Hashable], new: Sequence[Hashable], place: tuple[int, int, int, int]
) -> list[tuple[int, int]]:
    """The longest row of places, in order in both, of what stands once in each."""
    i, j, k, m = place
    here, there = Counter(old[i:j]), Counter(new[k:m])
    at = {new[n]: n for n in range(k, m) if there[new[n]] == 1}
    pairs = [(n, at[old[n]]) for n in range(i, j) if here[old[n]] == 1 and old[n] in at]
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, y) in enumerate(pairs):
        pile = bisect_left(tops, y)
        before.append(last[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(y)
            last.append(number)
        else:
            tops[pile], last[pile] = y, number
    row: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        row.append(pairs[number])
        number = before[number]
    return row[::-1]
