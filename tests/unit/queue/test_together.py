"""Work of many done for all of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cid.domain.errors import Upstream
from cid.queue.together import Together


class Room:
    """Doubles what it is given; 13 breaks the whole lot, 7 is answered by an error of its own."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.begun, self.may_go = asyncio.Event(), asyncio.Event()
        self.may_go.set()

    async def work(self, values: list[int]) -> Sequence[int | Exception]:
        self.lots.append(values)
        self.begun.set()
        await self.may_go.wait()
        if 13 in values:
            raise ValueError("thirteen")
        if 99 in values:
            raise Upstream("away")
        return [KeyError(value) if value == 7 else 2 * value for value in values]


async def test_what_waits_while_one_lot_is_done_goes_with_the_next() -> None:
    room = Room()
    together: Together[int, int] = Together(room.work, linger_s=0)
    room.may_go.clear()
    first = asyncio.create_task(together.do(1))
    await room.begun.wait()
    rest = [asyncio.create_task(together.do(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    room.may_go.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
    assert room.lots == [[1], [2, 3, 4]]


async def test_a_lot_is_bounded_in_number_and_weight() -> None:
    room = Room()
    together: Together[int, int] = Together(room.work, most=3, weight=10, linger_s=0)
    tasks = [together.do(n, weight) for n, weight in ((1, 1), (2, 1), (3, 1), (4, 9), (5, 9), (6, 50))]
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10, 12]
    assert room.lots == [[1, 2, 3], [4], [5], [6]]


async def test_one_that_breaks_the_lot_is_found_and_the_others_are_done() -> None:
    room = Room()
    together: Together[int, int] = Together(room.work, linger_s=0)
    ends = await asyncio.gather(*(together.do(n) for n in (1, 13, 2)), return_exceptions=True)
    assert (ends[0], type(ends[1]), ends[2]) == (2, ValueError, 4)
    assert room.lots == [[1, 13, 2], [1], [13], [2]]


async def test_an_error_for_one_is_raised_for_that_one_alone() -> None:
    ends = await asyncio.gather(*(_do(Room(), (1, 7, 2))), return_exceptions=True)
    assert (ends[0], type(ends[1]), ends[2]) == (2, KeyError, 4)


def _do(room: Room, values: Sequence[int]) -> list[asyncio.Future[int]]:
    together: Together[int, int] = Together(room.work, linger_s=0)
    return [asyncio.ensure_future(together.do(value)) for value in values]


async def test_what_is_away_is_away_for_all_and_not_tried_one_by_one() -> None:
    room = Room()
    ends = await asyncio.gather(*_do(room, (1, 99)), return_exceptions=True)
    assert [type(end) for end in ends] == [Upstream, Upstream]
    assert len(room.lots) == 1


async def test_a_caller_that_goes_away_takes_nothing_back() -> None:
    room = Room()
    room.may_go.clear()
    together: Together[int, int] = Together(room.work, linger_s=0)
    leaving, staying = asyncio.ensure_future(together.do(1)), asyncio.ensure_future(together.do(2))
    await room.begun.wait()
    leaving.cancel()
    room.may_go.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
