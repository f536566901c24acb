"""Replies on file: recorded once, found again by all that decides them, and a miss that says what differs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cid.domain.errors import Unrecorded, Upstream
from cid.domain.llm import Raw, Stop, Usage, Wire
from cid.domain.tuning import TapeMode
from cid.llm.models import Traits
from cid.llm.tape import LINES, Tape

WIRE = Wire(
    model="m",
    system=("Judge.\nBe strict.", '{"language":"en"}'),
    document='{"subjects":[{"id":"a1","title":"A bridge opens"}]}',
    instruction="Answer every id.",
    schema={"type": "object"},
    max_tokens=100,
    timeout_s=5,
    stage="relevance",
    shared={},
    inputs={},
)
SAID = Raw(
    text='{"answers":\n[]}\n',
    stop=Stop.REFUSAL,
    usage=Usage(input=1, cache_read=2, cache_write=3, cache_write_1h=4, output=5, thinking=6),
    model="m-2026",
    request_id="req_1",
    detail="policy",
)


class Vendor:
    """Says what it is told, and a number that no two calls share."""

    name = "vendor"

    def __init__(self, say: Callable[[int], Raw] = lambda _number: SAID) -> None:
        self.say = say
        self.asked = 0

    async def complete(self, _wire: Wire) -> Raw:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0)
        return self.say(number)


class Broken(Vendor):
    async def complete(self, wire: Wire) -> Raw:
        await super().complete(wire)
        raise Upstream("down")


def tape(folder: Path, mode: TapeMode, vendor: Vendor | None = None, **traits: Traits) -> Tape:
    return Tape(vendor or Vendor(), mode, folder, traits)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def spoil(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def missed(folder: Path, wire: Wire, **traits: Traits) -> str:
    vendor = Vendor()
    with pytest.raises(Unrecorded) as failure:
        await tape(folder, TapeMode.REPLAY, vendor, **traits).complete(wire)
    assert vendor.asked == 0
    return str(failure.value)


async def test_what_was_recorded_is_answered_again_without_asking_anybody(tmp_path: Path) -> None:
    assert await tape(tmp_path, TapeMode.RECORD).complete(WIRE) == SAID
    vendor = Vendor()
    replayed = await tape(tmp_path, TapeMode.REPLAY, vendor).complete(WIRE)
    assert replayed == replace(SAID, request_id="")
    assert vendor.asked == 0


async def test_live_neither_reads_nor_writes(tmp_path: Path) -> None:
    vendor = Vendor()
    assert await tape(tmp_path / "none", TapeMode.LIVE, vendor).complete(WIRE) == SAID
    assert vendor.asked == 1
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"model": "n"},
        {"system": ("Judge.\nBe lenient.", '{"language":"en"}')},
        {"document": '{"subjects":[{"id":"a1","title":"A bridge closes"}]}'},
        {"instruction": "Answer no id."},
        {"schema": {"type": "array"}},
        {"max_tokens": 200},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_a_request_that_differs_anywhere_is_missed(tmp_path: Path, other: dict[str, object]) -> None:
    await tape(tmp_path, TapeMode.RECORD).complete(WIRE)
    said = await missed(tmp_path, replace(WIRE, **other))  # type: ignore[arg-type]  # fields by name
    (name,) = other
    assert f"\n-{name}" in said
    assert f"\n+{name}" in said


async def test_a_trait_counts_but_not_when_the_model_retires(tmp_path: Path) -> None:
    await tape(tmp_path, TapeMode.RECORD, m=Traits(effort="low")).complete(WIRE)
    again = tape(tmp_path, TapeMode.REPLAY, m=Traits(effort="low", retires=date(2030, 1, 1)))
    assert (await again.complete(WIRE)).text == SAID.text
    said = await missed(tmp_path, WIRE, m=Traits(effort="high"))
    assert '-traits.effort: "low"\n+traits.effort: "high"' in said


async def test_what_has_nothing_to_do_with_the_reply_does_not_count(tmp_path: Path) -> None:
    await tape(tmp_path, TapeMode.RECORD).complete(WIRE)
    other = replace(WIRE, timeout_s=1, stage="trial relevance", shared={"a": 1}, inputs={"a1": {}})
    assert (await tape(tmp_path, TapeMode.REPLAY).complete(other)).text == SAID.text


async def test_a_miss_shows_the_nearest_recording_and_only_what_differs(tmp_path: Path) -> None:
    record = tape(tmp_path, TapeMode.RECORD)
    await record.complete(WIRE)
    await record.complete(replace(WIRE, system=("Something else.",), document="{}", instruction="Go."))
    said = await missed(tmp_path, replace(WIRE, system=("Judge.\nBe kind.", '{"language":"en"}')))
    assert said.endswith('differs in (- recorded, + asked):\n-system: "Be strict."\n+system: "Be kind."')
    assert "CID_TAPE=record" in said


async def test_a_miss_among_nothing_says_so(tmp_path: Path) -> None:
    assert "no recording at all" in await missed(tmp_path / "none", WIRE)


async def test_a_long_difference_is_cut_and_counted(tmp_path: Path) -> None:
    await tape(tmp_path, TapeMode.RECORD).complete(WIRE)
    said = await missed(tmp_path, replace(WIRE, instruction="\n".join(str(n) for n in range(500))))
    assert said.count("\n") < LINES + 3
    assert said.endswith(f"and {501 - LINES} more")


async def test_a_damaged_file_is_named_and_not_passed_over(tmp_path: Path) -> None:
    await tape(tmp_path, TapeMode.RECORD).complete(WIRE)
    ((name, content),) = files(tmp_path).items()
    spoil(tmp_path / name, content[:50])
    assert f"{name} cannot be read" in await missed(tmp_path, WIRE)


async def test_twins_get_one_reply_and_leave_one_file(tmp_path: Path) -> None:
    vendor = Vendor(lambda number: replace(SAID, text=f"reply {number}"))
    taped = tape(tmp_path, TapeMode.RECORD, vendor)
    said = {raw.text for raw in await asyncio.gather(*(taped.complete(WIRE) for _ in range(20)))}
    assert said == {"reply 1"}
    assert vendor.asked == 1
    assert [name[64:] for name in files(tmp_path)] == [".json"]


async def test_twins_of_two_processes_get_the_reply_that_was_there_first(tmp_path: Path) -> None:
    tapes = [
        tape(tmp_path, TapeMode.RECORD, Vendor(lambda _number, n=n: replace(SAID, text=f"from {n}")))  # type: ignore[misc]  # of the loop
        for n in range(8)
    ]
    said = {raw.text for raw in await asyncio.gather(*(taped.complete(WIRE) for taped in tapes))}
    assert len(said) == 1
    assert said == {(await tape(tmp_path, TapeMode.REPLAY).complete(WIRE)).text}
    assert [name[64:] for name in files(tmp_path)] == [".json"]


async def test_the_order_of_recording_does_not_matter(tmp_path: Path) -> None:
    wires = [replace(WIRE, instruction=str(n)) for n in range(5)]
    for folder, order in ((tmp_path / "a", wires), (tmp_path / "b", wires[::-1])):
        taped = tape(folder, TapeMode.RECORD)
        for wire in order:
            await taped.complete(wire)
    first, second = files(tmp_path / "a"), files(tmp_path / "b")
    assert first == second
    assert len(first) == 5


async def test_a_failure_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(Upstream):
        await tape(tmp_path, TapeMode.RECORD, Broken()).complete(WIRE)
    assert files(tmp_path) == {}


async def test_a_paid_reply_counts_although_it_cannot_be_written(tmp_path: Path) -> None:
    def say(_number: int) -> Raw:
        (tmp_path / "taken").write_text("a file where the folder would be")
        return SAID

    assert await tape(tmp_path / "taken", TapeMode.RECORD, Vendor(say)).complete(WIRE) == SAID


async def test_a_recording_reads_well_and_holds_half_characters(tmp_path: Path) -> None:
    odd = replace(SAID, text='{"a": "ü\ud800"}\nsecond')
    document = '{"subjects":[{"id":"a1","title":"Brücke"}]}'
    await tape(tmp_path, TapeMode.RECORD, Vendor(lambda _number: odd)).complete(replace(WIRE, document=document))
    (content,) = files(tmp_path).values()
    value = json.loads(content.decode("utf-8", "surrogatepass"))
    assert value["request"]["system"][0] == ["Judge.", "Be strict."]
    assert value["request"]["document"]["subjects"][0]["title"] == "Brücke"
    assert value["reply"]["text"] == ['{"a": "ü\ud800"}', "second"]
    assert "req_1" not in str(value)
    replayed = await tape(tmp_path, TapeMode.REPLAY).complete(replace(WIRE, document=document))
    assert replayed.text == odd.text
