"""A double of chat completions on loopback: OpenAI's own, DeepSeek's with its extras, and a local server's without a
key. Each refuses in a request what its kind would refuse."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from cid.domain.llm import Stop, Usage
from tests.vendor import Body, Double, Failed, Said, Speech, Told, drained, same, serve

_PARAMS: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)
_STOPS = {Stop.END: "stop", Stop.LENGTH: "length", Stop.REFUSAL: "stop"}
_PLAIN = frozenset({"model", "messages", "max_tokens", "response_format"})


class Gpt(Speech):
    name = "openai"
    path = re.compile("/v1/chat/completions")
    writes = True
    limit = "max_completion_tokens"
    known = frozenset({*(_PLAIN - {"max_tokens"}), "max_completion_tokens", "reasoning_effort"})

    def wrong(self, request: web.Request, body: Body) -> list[str]:
        found = [] if request.headers.get("authorization", "").startswith("Bearer ") else ["no key"]
        unknown = set(body) - self.known
        shared = {key: value for key, value in body.items() if key != "thinking"}
        try:
            dropped = not same(drained(_PARAMS.validate_python(shared)), shared)
        except ValueError as error:
            return [*found, str(error)]
        found += [f"unknown {sorted(unknown)}"] if unknown else []
        return [*found, "something was dropped"] if dropped else found

    def system(self, body: Body) -> str:
        return str(body["messages"][0]["content"])

    def material(self, body: Body) -> str:
        return str(body["messages"][-1]["content"])

    def schema(self, body: Body) -> Any:
        return body.get("response_format", {}).get("json_schema", {}).get("schema")

    def thinks(self, body: Body) -> bool:
        return bool(body.get("reasoning_effort") != "none")

    def ceiling(self, body: Body) -> int:
        return int(body[self.limit])

    def reply(self, body: Body, said: Said, usage: Usage) -> dict[str, Any]:
        refused = said.stop is Stop.REFUSAL
        message = {
            "role": "assistant",
            "content": None if refused else said.text,
            "refusal": "I cannot help with that." if refused else None,
        }
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _STOPS[said.stop]}],
            "usage": self.usage(usage),
        }

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
            "completion_tokens_details": {"reasoning_tokens": usage.thinking},
        }

    def judge(self, reply: Any) -> None:
        ChatCompletion.model_validate(reply)

    def error(self, failed: Failed) -> Told:
        spent = failed.kind == "spent"
        code = "insufficient_quota" if spent else failed.kind or None
        body = {"error": {"message": "no", "type": code or "invalid_request_error", "param": None, "code": code}}
        wait = {} if failed.wait_s is None else {"retry-after": f"{failed.wait_s:g}"}
        return Told(status=429 if spent else failed.status, body=body, headers={"x-request-id": "req_2", **wait})


class DeepSeek(Gpt):
    """Counts hits and misses in words of its own, answers 402 when the balance is used up, and thinks unless told."""

    name = "deepseek"
    path = re.compile("/chat/completions")
    writes = False
    limit = "max_tokens"
    known = frozenset({*_PLAIN, "thinking"})

    def thinks(self, body: Body) -> bool:
        return bool(body.get("thinking", {}).get("type") != "disabled")

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
            "prompt_cache_hit_tokens": usage.cache_read,
            "prompt_cache_miss_tokens": usage.input,
            "completion_tokens_details": {"reasoning_tokens": usage.thinking},
        }

    def error(self, failed: Failed) -> Told:
        if failed.kind != "spent":
            return super().error(failed)
        error = {"message": "Insufficient Balance", "type": "unknown_error", "param": None}
        return Told(status=402, body={"error": {**error, "code": "invalid_request_error"}})


class Local(Gpt):
    """As Ollama, vLLM and llama.cpp: no key, no cache, no reasoning, and a 400 for what they do not know."""

    name = "ollama"
    writes = caches = False
    limit = "max_tokens"
    known = _PLAIN

    def wrong(self, request: web.Request, body: Body) -> list[str]:
        found = [problem for problem in super().wrong(request, body) if problem != "no key"]
        return [*found, "a key was sent"] if "authorization" in request.headers else found

    def thinks(self, body: Body) -> bool:
        return False

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
        }


def gpt() -> AbstractAsyncContextManager[Double]:
    return serve(Gpt())


def deepseek() -> AbstractAsyncContextManager[Double]:
    return serve(DeepSeek())


def local() -> AbstractAsyncContextManager[Double]:
    return serve(Local())
