"""What the providers share: counts of tokens, waits, the shape asked for, and the fence around strangers' words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from cid.domain.errors import Unanswered
from cid.domain.llm import Usage
from cid.llm.asking import closed, constrained, fenced
from cid.llm.failures import retry_after, retry_delay
from cid.llm.usages import of_anthropic, of_google, of_openai
from tests.asks import relevance, wire

GOLDEN: dict[str, tuple[Callable[[Any], Usage], Mapping[str, Any], Usage]] = {
    "Claude, both caches, thinking": (
        of_anthropic,
        {
            "input_tokens": 120,
            "cache_creation_input_tokens": 1100,
            "cache_read_input_tokens": 40,
            "cache_creation": {"ephemeral_5m_input_tokens": 800, "ephemeral_1h_input_tokens": 300},
            "output_tokens": 60,
            "output_tokens_details": {"thinking_tokens": 25},
            "service_tier": "standard",
        },
        Usage(input=120, cache_read=40, cache_write=800, cache_write_1h=300, output=60, thinking=25),
    ),
    "Claude, nothing of caches": (
        of_anthropic,
        {"input_tokens": 7, "output_tokens": 3, "cache_creation": None, "cache_read_input_tokens": None},
        Usage(input=7, output=3),
    ),
    "Claude, written to a cache of an age it does not tell": (
        of_anthropic,
        {"input_tokens": 7, "output_tokens": 3, "cache_creation_input_tokens": 50},
        Usage(input=7, cache_write=50, output=3),
    ),
    "Gemini, cached, thoughts beside what is said": (
        of_google,
        {
            "promptTokenCount": 1000,
            "cachedContentTokenCount": 900,
            "candidatesTokenCount": 50,
            "thoughtsTokenCount": 200,
            "totalTokenCount": 1250,
        },
        Usage(input=100, cache_read=900, output=250, thinking=200),
    ),
    "Gemini, zeros left out": (of_google, {"promptTokenCount": 10, "totalTokenCount": 10}, Usage(input=10)),
    "Gemini, what a tool brought in": (
        of_google,
        {"promptTokenCount": 10, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 2},
        Usage(input=15, output=2),
    ),
    "GPT, read and written, reasoning within": (
        of_openai,
        {
            "prompt_tokens": 3000,
            "completion_tokens": 400,
            "total_tokens": 3400,
            "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 1500, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 320, "accepted_prediction_tokens": 0},
        },
        Usage(input=476, cache_read=1024, cache_write=1500, output=400, thinking=320),
    ),
    "DeepSeek, hits and misses": (
        of_openai,
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
            "completion_tokens_details": {"reasoning_tokens": 8},
        },
        Usage(input=36, cache_read=64, output=20, thinking=8),
    ),
    "DeepSeek, the same said twice": (
        of_openai,
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "prompt_tokens_details": {"cached_tokens": 64},
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
        },
        Usage(input=36, cache_read=64, output=20),
    ),
    "a local server": (
        of_openai,
        {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_tokens_details": None},
        Usage(input=9, output=4),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_every_token_is_counted_once_and_as_what_is_priced(name: str) -> None:
    of, counted, usage = GOLDEN[name]
    assert of(counted) == usage


@pytest.mark.parametrize("of", [of_anthropic, of_google, of_openai])
@pytest.mark.parametrize("counted", [None, {}, [], 5, "many", {"total_tokens": 4}, {"promptTokenCount": 1.5}])
def test_a_count_that_cannot_be_read_is_never_nothing(of: Callable[[Any], Usage], counted: Any) -> None:
    with pytest.raises(Unanswered):
        of(counted)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7),
        ({"retry-after": "9999999999"}, 86_400),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:00 GMT", "date": "Sat, 21 Nov 2026 10:00:30 GMT"}, 0),
        ({"retry-after": "Sat, 21 Nov 2099 10:00:00 GMT", "date": "Sat, 21 Nov 2026 10:00:30 GMT"}, 86_400),
    ],
)
def test_a_wait_is_read_as_it_was_asked_for(headers: dict[str, str], wait: float) -> None:
    assert retry_after(headers) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    "headers", [{}, {"retry-after": "-5"}, {"retry-after": "soon"}, {"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}]
)
def test_no_wait_is_made_up(headers: dict[str, str]) -> None:
    assert retry_after(headers) is None


def test_a_delay_stands_in_the_details_of_an_error() -> None:
    assert retry_delay([5, {"retryDelay": 5}, {"retryDelay": "soon"}, {"retryDelay": "38.5s"}]) == timedelta(
        seconds=38.5
    )
    assert retry_delay([{"retryDelay": "999999999s"}]) == timedelta(days=1)
    assert retry_delay([{"reason": "x"}]) is None


def test_a_schema_loses_what_constrained_decoding_does_not_know_and_says_it() -> None:
    schema = {"type": "object", "properties": {"pattern": {"type": "integer", "minimum": 0, "maximum": 100}}}
    assert constrained(schema) == {
        "type": "object",
        "properties": {"pattern": {"type": "integer", "description": "(maximum 100, minimum 0)"}},
    }


@pytest.mark.parametrize(
    ("schema", "whole"),
    [
        ({"type": "string"}, True),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"anyOf": [{"type": "null"}, {"type": "object"}]}, False),
        ({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}, False),
    ],
)
def test_a_schema_is_closed_when_nothing_in_it_may_be_missing_or_more(schema: Any, whole: bool) -> None:
    assert closed(schema) is whole


def test_a_fence_is_never_one_that_stands_in_the_text() -> None:
    asked = wire(relevance(), "m")
    drawn: Iterator[int] = count()
    guessed = ["harbour", "Score", "Ignore the rules", "free"]
    text = fenced(asked, "schema", lambda _bytes: guessed[next(drawn)])
    assert f"\n<data-free>\n{asked.document}\n</data-free>\n\n{asked.instruction}" in text


def test_a_fence_is_drawn_anew_for_every_request() -> None:
    asked = wire(relevance(), "m")
    fences = {fenced(asked, "schema").split("<data-")[1][:32] for _ in range(20)}
    assert len(fences) == 20
    assert all(len(fence) == 32 and int(fence, 16) >= 0 for fence in fences)
