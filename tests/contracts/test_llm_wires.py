"""What each vendor's own wire asks for and answers, beyond what is common to all: see test_llm.py."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from cid.domain.errors import CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.llm import Raw, Stop, Usage
from cid.llm.anthropic import Anthropic
from cid.llm.asking import IN_WORDS
from cid.llm.google import Google
from cid.llm.models import Traits
from cid.llm.openai import OpenAi
from tests import funnel
from tests.asks import asks, relevance, wire
from tests.claude import claude
from tests.gemini import gemini
from tests.gpt import deepseek, gpt, local
from tests.providers import VENDORS, Remote
from tests.vendor import Body, Double, Reply, said, told


@asynccontextmanager
async def at(name: str) -> AsyncIterator[tuple[Remote, Double]]:
    """A provider whose double found nothing wrong."""
    async with VENDORS[name].double() as double:
        provider = VENDORS[name].provider(double.url, strict=False)
        try:
            yield provider, double
        finally:
            await provider.close()
        assert double.wrong == []


async def one(name: str, reply: Reply) -> Raw:
    async with at(name) as (provider, double):
        double.script = [reply]
        return await provider.complete(wire(relevance(), VENDORS[name].model))


# ------------------------------------------------------------------------------------------------------------ anthropic


async def test_claude_gets_the_parameters_that_fit_the_model() -> None:
    async with at("anthropic") as (provider, double):
        for model in ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-of-tomorrow"):
            await provider.complete(wire(relevance(), model))
    haiku, sonnet, unknown = double.asked
    assert haiku["thinking"] == {"type": "disabled"}
    assert "thinking" not in sonnet
    assert sonnet["output_config"]["effort"] == "low"
    assert "effort" not in unknown["output_config"]
    assert haiku["tool_choice"] == {"type": "none"}
    assert all(block["cache_control"] == {"type": "ephemeral"} for block in haiku["system"])
    assert double.headers[0]["authorization"] == "Bearer key"


async def test_what_all_tenants_share_is_one_prefix_and_may_be_kept_for_an_hour() -> None:
    """Tools and the first part of the system are the same bytes for every tenant and every question of a prompt; what
    a tenant says of itself comes after, under a mark of its own. Nothing before the marks comes of time or chance."""
    traits = {"m": Traits(cache="1h")}
    async with claude() as double:
        provider = Anthropic("key", traits=traits, base_url=double.url)
        for keyword in ("harbour", "rail"):
            for count in (3, 1):
                ask = relevance()
                shared = {"profile": {**ask.shared["profile"], "keywords": [keyword]}}
                await provider.complete(wire(replace(ask, shared=shared, subjects=ask.subjects[:count]), "m"))
        await provider.close()
    everybodys = {json.dumps([body["tools"], body["system"][0]]) for body in double.asked}
    tenants = [json.dumps(body["system"][1]) for body in double.asked]
    assert len(everybodys) == 1
    assert tenants[0] == tenants[1] != tenants[2] == tenants[3]
    marks = [block["cache_control"] for block in double.asked[0]["system"]]
    assert marks == [{"type": "ephemeral", "ttl": "1h"}, {"type": "ephemeral"}]


async def test_claude_gets_strangers_words_as_what_a_tool_brought() -> None:
    async with at("anthropic") as (provider, double):
        await provider.complete(wire(relevance(), "claude-haiku-5-5"))
    last = double.asked[0]["messages"][-1]["content"]
    assert [block["type"] for block in last] == ["tool_result", "text"]
    assert "Harbour" in json.dumps(last[0])
    assert "Harbour" not in json.dumps(last[1])


@pytest.mark.parametrize(
    ("reason", "details", "ended"),
    [
        ("end_turn", None, (Stop.END, "")),
        ("stop_sequence", None, (Stop.END, "")),
        ("max_tokens", None, (Stop.LENGTH, "")),
        ("model_context_window_exceeded", None, (Stop.LENGTH, "")),
        ("pause_turn", None, (Stop.LENGTH, "")),
        ("refusal", {"type": "refusal", "category": "cyber", "explanation": "no"}, (Stop.REFUSAL, "cyber")),
    ],
)
async def test_why_claude_ended(reason: str, details: object, ended: tuple[Stop, str]) -> None:
    raw = await one("anthropic", said("{}", stop_reason=reason, stop_details=details))
    assert (raw.stop, raw.detail) == ended


async def test_a_limit_on_spending_is_no_busy_minute() -> None:
    error = {"type": "rate_limit_error", "message": "no", "details": {"error_code": "enforced_spend_limit_reached"}}
    with pytest.raises(Spent):
        await one("anthropic", told(429, {"type": "error", "error": error}))


# --------------------------------------------------------------------------------------------------------------- google


async def test_gemini_gets_the_parameters_that_fit_the_model() -> None:
    async with at("google") as (provider, double):
        for model in ("gemini-3.8-flash", "gemini-2.5-flash-lite", "gemini-of-tomorrow"):
            await provider.complete(wire(relevance(), model))
    flash, lite, unknown = (body["generationConfig"] for body in double.asked)
    assert flash["thinkingConfig"] == {"thinkingLevel": "LOW"} or flash["thinkingConfig"] == {"thinking_level": "LOW"}
    assert 0 in lite["thinkingConfig"].values()
    assert unknown.keys() == {"maxOutputTokens", "responseMimeType", "responseJsonSchema"}
    assert double.headers[0]["x-goog-api-key"] == "key"
    assert double.paths[0] == "/v1/models/gemini-3.8-flash:generateContent"


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", Stop.END),
        ("MAX_TOKENS", Stop.LENGTH),
        ("CONTINUATION", Stop.LENGTH),
        ("OTHER", Stop.LENGTH),
        ("MADE_UP_TOMORROW", Stop.LENGTH),
        ("SAFETY", Stop.REFUSAL),
        ("PROHIBITED_CONTENT", Stop.REFUSAL),
        ("RECITATION", Stop.REFUSAL),
    ],
)
async def test_why_gemini_ended(reason: str, stop: Stop) -> None:
    content = {"role": "model", "parts": [{"text": "hidden", "thought": True}, {"text": "{"}, {"text": "}"}]}
    raw = await one("google", said("", candidates=[{"finishReason": reason, "content": content}]))
    assert (raw.text, raw.stop, raw.detail) == ("{}", stop, "" if stop is Stop.END else reason)


@pytest.mark.parametrize(
    ("counted", "usage"),
    [({"promptTokenCount": 90, "totalTokenCount": 90}, Usage(input=90)), (None, Usage())],
    ids=["counted", "at the door"],
)
async def test_a_prompt_that_gemini_blocks_is_a_refusal(counted: object, usage: Usage) -> None:
    blocked = {"blockReason": "PROHIBITED_CONTENT"}
    raw = await one("google", said("", candidates=None, promptFeedback=blocked, usageMetadata=counted))
    assert (raw.text, raw.stop, raw.detail, raw.usage) == ("", Stop.REFUSAL, "PROHIBITED_CONTENT", usage)


async def test_a_continuation_is_not_followed_behind_our_back() -> None:
    async with at("google") as (provider, double):
        going_on = [
            {"finishReason": "CONTINUATION", "content": {"parts": [{"text": "{"}]}, "continuationToken": "YQ=="}
        ]
        double.script = [said("", candidates=going_on)] * 3
        assert (await provider.complete(wire(relevance(), "gemini-3.8-flash"))).stop is Stop.LENGTH
    assert len(double.asked) == 1


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38.5s"}
DAILY = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "RequestsPerDayPerModel"}]}
MINUTE = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "TokensPerMinute"}, 5]}


@pytest.mark.parametrize(
    ("status", "message", "details", "failure", "wait"),
    [
        (429, "Please retry.", [RETRY, MINUTE], Upstream, timedelta(seconds=38.5)),
        (429, "Please retry.", [{"retryDelay": 5}, "no"], Upstream, None),
        (429, "Please retry.", [DAILY, RETRY], Spent, timedelta(seconds=38.5)),
        (429, "Your prepayment credits are depleted.", [], Spent, None),
        (429, "Your billing account has exceeded its monthly spending cap.", None, Spent, None),
        (403, "Billing is off.", [{"reason": "BILLING_DISABLED"}], Spent, None),
        (403, "No.", [{"reason": "SERVICE_DISABLED"}], Misconfigured, None),
        (400, "API key not valid.", [{"reason": "API_KEY_INVALID"}], Misconfigured, None),
    ],
)
async def test_what_a_gemini_error_means_stands_in_its_details(
    status: int, message: str, details: object, failure: type[CidError], wait: timedelta | None
) -> None:
    error = {"error": {"code": status, "message": message, "status": "NO", "details": details}}
    with pytest.raises(failure) as caught:
        await one("google", told(status, error))
    assert type(caught.value) is failure
    assert getattr(caught.value, "retry_after", None) == wait


async def test_nothing_of_the_environment_leads_gemini_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    async with at("google") as (provider, double):
        await provider.complete(wire(relevance(), "gemini-3.8-flash"))
    assert double.headers[0]["x-goog-api-key"] == "key"


# --------------------------------------------------------------------------------------- openai and what speaks like it


async def test_gpt_gets_the_parameters_that_fit_the_model() -> None:
    async with at("openai") as (provider, double):
        await provider.complete(wire(relevance(), "gpt-6-luna"))
    (body,) = double.asked
    assert body["reasoning_effort"] == "low"
    assert body["max_completion_tokens"] == relevance().max_tokens
    assert body["response_format"]["json_schema"]["strict"] is True
    assert double.headers[0]["authorization"] == "Bearer key"


async def test_a_schema_with_gaps_is_not_called_strict() -> None:
    async with at("openai") as (provider, double):
        asked = wire(relevance(), "gpt-6-luna")
        loose = json.loads(json.dumps(asked.schema))
        loose["properties"]["answers"]["items"]["required"].remove("matched")
        await provider.complete(replace(asked, schema=loose))
    assert double.asked[0]["response_format"]["json_schema"]["strict"] is False


async def test_deepseek_is_told_the_shape_in_words_and_not_to_think() -> None:
    async with at("deepseek") as (provider, double):
        await provider.complete(wire(asks()[2], "deepseek-v4-flash"))
    (body,) = double.asked
    assert body["response_format"] == {"type": "json_object"}
    assert body["thinking"] == {"type": "disabled"}
    assert "max_tokens" in body
    last = body["messages"][-1]["content"]
    assert last.index("</data-") < last.index("Write about the one story") < last.index(IN_WORDS)
    assert json.loads(last.split(IN_WORDS)[1])["required"] == ["answers"]


MAKERS: dict[str, tuple[Callable[[], AbstractAsyncContextManager[Double]], Callable[[str, Traits], Remote]]] = {
    "anthropic": (claude, lambda url, traits: Anthropic("key", traits={"m": traits}, base_url=url)),
    "google": (gemini, lambda url, traits: Google("key", traits={"m": traits}, base_url=url)),
    "openai": (gpt, lambda url, traits: OpenAi("openai", "key", traits={"m": traits}, base_url=url + "/v1")),
    "ollama": (
        local,
        lambda url, traits: OpenAi("ollama", "", traits={"m": traits}, base_url=url + "/v1", keyless=True),
    ),
}


@pytest.mark.parametrize("reply", ["object", "text"])
@pytest.mark.parametrize("name", MAKERS)
async def test_a_model_without_schemas_is_told_the_shape_in_words(name: str, reply: str) -> None:
    double_of, make = MAKERS[name]
    async with double_of() as double:
        provider = make(double.url, Traits(reply=reply))
        raw = await provider.complete(wire(relevance(), "m"))
        await provider.close()
    assert double.wrong == []
    assert double.speech.schema(double.asked[0]) is None
    assert [row["id"] for row in json.loads(raw.text)["answers"]] == ["a1", "a2", "a3"]
    sent = json.dumps(double.asked[0])
    assert ('"json_object"' in sent or '"application/json"' in sent) is (reply == "object" and name != "anthropic")


@pytest.mark.parametrize(
    ("message", "reason", "ended"),
    [
        ({"content": "{}"}, "stop", ("{}", Stop.END, "")),
        ({"content": "{}", "reasoning_content": "…"}, "stop", ("{}", Stop.END, "")),
        ({"content": None}, "length", ("", Stop.LENGTH, "length")),
        ({"content": "{}"}, "insufficient_system_resource", ("{}", Stop.LENGTH, "insufficient_system_resource")),
        ({"content": "{}"}, None, ("{}", Stop.LENGTH, "")),
        ({"content": ""}, "content_filter", ("", Stop.REFUSAL, "content_filter")),
        ({"content": None, "refusal": "No."}, "stop", ("No.", Stop.REFUSAL, "refusal")),
    ],
)
async def test_why_gpt_ended(message: Body, reason: object, ended: tuple[str, Stop, str]) -> None:
    raw = await one("openai", said("", choices=[{"index": 0, "message": message, "finish_reason": reason}]))
    assert (raw.text, raw.stop, raw.detail) == ended


async def test_content_in_pieces_is_no_reply_of_this_wire() -> None:
    with pytest.raises(Unanswered):
        await one("openai", said("", choices=[{"message": {"content": [{"text": "{}"}]}, "finish_reason": "stop"}]))


async def test_an_error_code_may_be_a_number() -> None:
    with pytest.raises(Upstream):
        await one("ollama", told(503, {"error": {"code": 503, "message": "Loading", "type": "unavailable_error"}}))


async def test_what_is_meant_for_openai_is_told_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "ours-alone")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    for double_of, name, key in ((deepseek, "deepseek", "key"), (local, "ollama", "")):
        async with double_of() as double:
            provider = OpenAi(name, key, traits={}, base_url=double.url, keyless=not key)
            double.script = [said("{}")]
            await provider.complete(wire(relevance(), "m"))
            await provider.close()
        assert "ours-alone" not in json.dumps(double.headers)


async def test_each_sort_of_price_follows_from_what_a_vendor_counted() -> None:
    """DeepSeek's hits and misses, as golden JSON of its own."""
    counted = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_cache_hit_tokens": 64}
    raw = await one("deepseek", said("{}", usage={**counted, "prompt_cache_miss_tokens": 36, "total_tokens": 120}))
    assert raw.usage == Usage(input=36, cache_read=64, output=20)


def test_every_model_that_is_shipped_can_be_asked() -> None:
    """Traits only for providers that there are, and a way to ask for the shape that they know."""
    for name, traits in funnel.models().traits.items():
        assert name.partition("/")[0] in {*VENDORS}, name
        assert traits.reply in {"schema", "object", "text"}
