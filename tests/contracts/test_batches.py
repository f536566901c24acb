"""One suite for every batch API: what goes in under our ids comes back under them, and no batch is made twice."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.llm import Raw, Stop, Wire
from cid.gates import gate2_relevance
from cid.llm.batch_anthropic import AnthropicBatches
from cid.llm.batch_google import GoogleBatches
from cid.llm.batch_openai import OpenAiBatches
from cid.llm.google import Google
from cid.ports import Batches, Provider
from tests import asks, batch_claude, batch_gemini, batch_gpt, batch_vendor
from tests.batch_vendor import NOW, Fault, Vendor
from tests.providers import VENDORS
from tests.vendor import Double

KEY = "0196f000-0000-7000-8000-00000000beef"
CALLS = [str(UUID(int=number + 1)) for number in range(4)]


def wire(model: str, number: int) -> Wire:
    headline = gate2_relevance.Headline(key="s", title=f"Harbour {number}", summary="It opens.", publisher="P")
    return asks.wire(asks.relevance([headline]), model)


@dataclass(frozen=True)
class Case:
    vendor: Vendor
    batches: Batches
    model: str
    alone: Provider
    """The same provider, before a double of its interactive API."""
    double: Double

    @property
    def tells_by_results(self) -> bool:
        """Whether a batch is known as ours by its results only."""
        return self.batches.name == "anthropic"

    def wires(self, count: int = 4) -> dict[str, Wire]:
        return {call: wire(self.model, number) for number, call in enumerate(CALLS[:count])}

    async def submitted(self, state: str = "running") -> str:
        batch = await self.batches.submit(KEY, self.wires())
        self.vendor.made[-1].state = state
        return batch

    async def results(self, batch: str) -> list[tuple[str, Raw | CidError]]:
        return [result async for result in self.batches.results(batch, CALLS)]

    async def find(self, **over: Any) -> str | None:
        return await self.batches.find(**{"key": KEY, "calls": CALLS, "since": NOW, **over})


Maker: TypeAlias = tuple[Callable[[], AbstractAsyncContextManager[Vendor]], Callable[[Any], Batches]]
MAKERS: Mapping[str, Maker] = {
    "anthropic": (batch_claude.batch_claude, AnthropicBatches),
    "google": (batch_gemini.batch_gemini, GoogleBatches),
    "openai": (batch_gpt.batch_gpt, OpenAiBatches),
}


@pytest.fixture(params=MAKERS)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    maker, batches = MAKERS[request.param]
    interactive = VENDORS[request.param]
    async with maker() as vendor, interactive.double() as double:
        provider, alone = interactive.provider(vendor.url), interactive.provider(double.url)
        yield Case(vendor, batches(provider), interactive.model, alone, double)
        await provider.close()
        await alone.close()
        assert (vendor.wrong, double.wrong) == ([], [])


async def test_a_batch_is_called_what_its_provider_is(case: Case, request: pytest.FixtureRequest) -> None:
    assert case.batches.name == request.node.callspec.params["case"]


def bare(body: Mapping[str, Any]) -> Any:
    """Without what the SDK adds to a request asked alone, and with the tags that nobody can know beforehand alike."""
    sent = {name: value for name, value in body.items() if name != "stream"}
    return json.loads(re.sub("data-[0-9a-f]{32}", "data-0", json.dumps(sent)))


# ------------------------------------------------------------------------------------------------------------ results


async def test_every_request_comes_back_under_its_call_whatever_the_order(case: Case) -> None:
    batch = await case.submitted("ended")
    results = await case.results(batch)
    assert [call for call, _ in results] != CALLS
    assert sorted(call for call, _ in results) == CALLS
    for call, raw in results:
        assert isinstance(raw, Raw)
        value = json.loads(raw.text)
        Draft202012Validator(case.wires()[call].schema).validate(value)
        assert [answer["id"] for answer in value["answers"]] == ["a1"]
        assert raw.stop is Stop.END


async def test_a_request_in_a_batch_is_the_one_that_is_asked_alone_and_so_is_its_answer(case: Case) -> None:
    batch = await case.submitted("ended")
    results = dict(await case.results(batch))
    for call, asked in case.wires().items():
        raw = await case.alone.complete(asked)
        got = results[call]
        assert bare(case.vendor.made[0].requests[call]) == bare(case.double.asked[-1])
        assert isinstance(got, Raw)
        assert (got.text, got.stop, got.usage, got.model) == (raw.text, raw.stop, raw.usage, raw.model)


async def test_a_batch_has_ended_when_the_vendor_says_so(case: Case) -> None:
    batch = await case.submitted()
    assert not await case.batches.ended(batch)
    case.vendor.made[0].state = "cancelling"
    assert not await case.batches.ended(batch)
    case.vendor.made[0].state = "ended"
    assert await case.batches.ended(batch)


async def test_results_asked_for_too_early_are_a_failure_and_not_an_empty_list(case: Case) -> None:
    batch = await case.submitted()
    with pytest.raises(Upstream) as caught:
        await case.results(batch)
    assert type(caught.value) is Upstream


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        ("errored", Upstream),
        ("refused", BadReply),
        ("expired", Upstream),
        ("cancelled", Upstream),
        ("garbled", Unanswered),
    ],
)
async def test_what_became_of_one_request_has_its_name_and_says_nothing_of_the_others(
    case: Case, outcome: str, failure: type[CidError]
) -> None:
    batch = await case.submitted("ended")
    case.vendor.outcomes[CALLS[1]] = outcome
    results = dict(await case.results(batch))
    assert type(results.pop(CALLS[1])) is failure
    assert all(isinstance(raw, Raw) for raw in results.values())
    assert len(results) == 3


async def test_doubled_and_unknown_ids_are_told_and_missing_ones_are_not(case: Case) -> None:
    batch = await case.submitted("ended")
    case.vendor.also = [CALLS[0], "nobody"]
    case.vendor.left_out = {CALLS[3]}
    calls = [call for call, _ in await case.results(batch)]
    assert sorted(calls) == sorted([CALLS[0], CALLS[0], CALLS[1], CALLS[2], "nobody"])


@pytest.mark.parametrize("state", ["expired", "cancelled"])
async def test_a_batch_that_was_given_up_tells_what_was_done_and_that_the_rest_was_not(case: Case, state: str) -> None:
    batch = await case.submitted(state)
    assert await case.batches.ended(batch)
    results = dict(await case.results(batch))
    done = isinstance(results[CALLS[0]], Raw)
    assert done or type(results[CALLS[0]]) is Upstream
    assert {type(results[call]) for call in CALLS[1:]} == {Upstream}


@pytest.mark.parametrize("fault", [batch_vendor.halved, batch_vendor.page, batch_vendor.other, batch_vendor.lost])
async def test_results_that_break_off_are_a_failure_and_can_be_read_again(case: Case, fault: Fault) -> None:
    batch = await case.submitted("ended")
    assert len(await case.results(batch)) == 4
    reads = len(case.vendor.asked) - case.vendor.posts()
    for number in range(reads):
        case.vendor.script = [None] * number + [fault]
        with pytest.raises(Upstream) as caught:
            await case.results(batch)
        assert type(caught.value) is Upstream
    assert len(await case.results(batch)) == 4


# ----------------------------------------------------------------------------------------------------------- creation


@pytest.mark.parametrize("fault", [batch_vendor.lost, batch_vendor.stumbled, batch_vendor.page, batch_vendor.other])
async def test_a_batch_whose_answer_was_lost_is_sent_once_and_found_later(case: Case, fault: Fault) -> None:
    await case.batches.submit("another", {CALLS[0]: wire(case.model, 7)})
    before = case.vendor.posts()
    case.vendor.script = [None] * (before - 1) + [fault]
    with pytest.raises(Unanswered):
        await case.batches.submit(KEY, case.wires())
    assert len(case.vendor.made) == 2
    assert case.vendor.posts() == 2 * before
    case.vendor.made[1].state = "ended"
    assert await case.find() == case.vendor.made[1].id


@pytest.mark.parametrize(("status", "failure"), [(400, BadReply), (401, Misconfigured), (402, Spent), (429, Upstream)])
async def test_a_batch_that_was_refused_is_not_made_and_says_why(
    case: Case, status: int, failure: type[CidError]
) -> None:
    case.vendor.script = [case.vendor.refused(status, wait_s=7)]
    with pytest.raises(failure) as caught:
        await case.batches.submit(KEY, case.wires())
    assert type(caught.value) is failure
    assert (case.vendor.made, case.vendor.posts()) == ([], 1)
    if isinstance(caught.value, Upstream):
        assert caught.value.retry_after == timedelta(seconds=7)


# ------------------------------------------------------------------------------------------------------------ finding


async def test_what_was_never_made_is_not_found(case: Case) -> None:
    assert await case.find() is None


async def test_a_batch_that_may_be_the_one_is_not_denied(case: Case) -> None:
    await case.submitted()
    if case.tells_by_results:
        with pytest.raises(Upstream) as caught:
            await case.find()
        assert type(caught.value) is Upstream
    else:
        assert await case.find() == case.vendor.made[0].id


async def test_other_batches_are_not_taken_for_it(case: Case) -> None:
    for number, count in ((1, 4), (2, 3)):
        strangers = {f"other-{number}-{n}": wire(case.model, n) for n in range(count)}
        await case.batches.submit(f"other-{number}", strangers)
    case.vendor.made[0].state = "ended"
    assert await case.find() is None


async def test_batches_that_are_known_or_too_old_are_not_in_question(case: Case) -> None:
    batch = await case.submitted()
    assert await case.find(known=[batch]) is None
    assert await case.find(since=NOW + timedelta(hours=1)) is None


async def test_a_vendors_clock_may_be_a_little_behind(case: Case) -> None:
    await case.submitted("ended")
    assert await case.find(since=NOW + timedelta(minutes=4)) == case.vendor.made[0].id


async def test_a_batch_is_found_behind_many_newer_ones(case: Case) -> None:
    await case.submitted("ended")
    for number in range(5):
        await case.batches.submit(f"other-{number}", {f"other-{number}": wire(case.model, number)})
    case.vendor.page = 2
    assert await case.find() == case.vendor.made[0].id


@pytest.mark.parametrize(
    "fault",
    [batch_vendor.lost, batch_vendor.stumbled, batch_vendor.page, batch_vendor.other, batch_vendor.halved],
)
async def test_a_listing_that_cannot_be_read_is_never_taken_for_an_empty_one(case: Case, fault: Fault) -> None:
    await case.submitted("ended")
    case.vendor.script = [fault]
    with pytest.raises(Upstream) as caught:
        await case.find()
    assert type(caught.value) is Upstream


# --------------------------------------------------------------------------------------------------------- the others


async def test_a_batch_that_does_not_exist_is_no_batch_that_runs(case: Case) -> None:
    await case.submitted("ended")
    case.vendor.made.clear()
    for asked in (case.batches.ended("batches/1"), case.results("batches/1"), case.batches.cancel("batches/1")):
        with pytest.raises(BadReply):
            await asked


@pytest.mark.parametrize(("status", "failure"), [(401, Misconfigured), (429, Upstream), (503, Upstream)])
async def test_reading_fails_by_name(case: Case, status: int, failure: type[CidError]) -> None:
    batch = await case.submitted("ended")
    for ask, state in ((case.batches.ended, "ended"), (case.results, "ended"), (case.batches.cancel, "running")):
        case.vendor.made[0].state = state
        case.vendor.script = [case.vendor.refused(status)]
        with pytest.raises(failure) as caught:
            await ask(batch)
        assert type(caught.value) is failure


async def test_a_batch_can_be_cancelled_once_or_when_it_is_too_late(case: Case) -> None:
    batch = await case.submitted()
    await case.batches.cancel(batch)
    assert case.vendor.made[0].state == "cancelling"
    case.vendor.made[0].state = "cancelled"
    await case.batches.cancel(batch)
    assert len(await case.results(batch)) == 4


@pytest.mark.parametrize("case", ["google", "openai"], indirect=True)
async def test_a_batch_that_failed_as_a_whole_fails_each_of_its_calls(case: Case) -> None:
    batch = await case.submitted("failed")
    assert await case.batches.ended(batch)
    results = await case.results(batch)
    assert sorted(call for call, _ in results) == CALLS
    assert {type(outcome) for _, outcome in results} == {BadReply}


@pytest.mark.parametrize("case", ["google"], indirect=True)
async def test_responses_without_our_ids_stand_in_the_order_of_the_requests_or_are_nobodys(case: Case) -> None:
    batch = await case.submitted("ended")
    case.vendor.silent = True
    case.vendor.outcomes[CALLS[2]] = "refused"
    results = await case.results(batch)
    assert [call for call, _ in results] == CALLS
    assert [type(outcome) for _, outcome in results] == [Raw, Raw, BadReply, Raw]
    case.vendor.left_out = {CALLS[0]}
    assert await case.results(batch) == []


@pytest.mark.parametrize("case", ["google"], indirect=True)
async def test_the_vendors_own_sdk_reads_the_double(case: Case) -> None:
    """Which tells that the double speaks the wire where our adapter passes the SDK by."""
    batch = await case.submitted("ended")
    provider = VENDORS["google"].provider(case.vendor.url)
    assert isinstance(provider, Google)
    _, types, _, client = await provider.connect()
    options = types.HttpOptions(timeout=5000)
    found = await client.aio.batches.get(name=batch, config=types.GetBatchJobConfig(http_options=options))
    assert (found.name, found.display_name, found.state) == (batch, KEY, types.JobState.JOB_STATE_SUCCEEDED)
    assert sorted(one.metadata["call"] for one in found.dest.inlined_responses) == CALLS
    assert [one.name async for one in await client.aio.batches.list(config={"http_options": options})] == [batch]
    await provider.close()


@pytest.mark.parametrize("name", MAKERS)
async def test_without_a_key_nothing_is_sent(name: str) -> None:
    batches = MAKERS[name][1](VENDORS[name].provider("http://127.0.0.1:9", key=""))
    for asked in (batches.submit(KEY, {CALLS[0]: wire("m", 0)}), batches.find(KEY, CALLS, NOW), batches.ended("b")):
        with pytest.raises(Misconfigured):
            await asked
