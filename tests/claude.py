"""A double of the Messages API on loopback: it speaks the recorded wire, and tells what the SDK's types do not know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

Reply: TypeAlias = Callable[[Mapping[str, Any]], web.Response]
_PARAMS: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)


@dataclass
class Claude:
    url: str
    script: list[Reply | None] = field(default_factory=list)
    """What the next requests get, in order; None hangs. After it, everything is answered well."""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What of a request the API would have refused."""


@asynccontextmanager
async def claude() -> AsyncIterator[Claude]:
    stop = asyncio.Event()
    double = Claude("")

    async def messages(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        double.asked.append(body)
        double.headers.append({name.lower(): value for name, value in request.headers.items()})
        double.wrong += _wrong(body)
        reply = double.script.pop(0) if double.script else well
        if reply is None:
            await stop.wait()
            return web.Response(status=500)
        return reply(body)

    app = web.Application()
    app.router.add_post("/v1/messages", messages)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        stop.set()
        await runner.cleanup()


def _wrong(body: Mapping[str, Any]) -> list[str]:
    """The API answers 400 to parameters it does not know, at any depth; `stream` is the SDK's own default."""
    try:
        checked = _drained(_PARAMS.validate_python(body))
    except ValueError as error:
        return [str(error)]
    unknown = set(body) - set(MessageCreateParamsNonStreaming.__annotations__)
    return [f"unknown {sorted(unknown)}"] if unknown else ([] if _same(checked, body) else ["something was dropped"])


def _drained(value: Any) -> Any:
    """Iterables are validated lazily: what nobody walks through is not checked."""
    if isinstance(value, dict):
        return {key: _drained(inner) for key, inner in value.items()}
    if isinstance(value, str | bytes | int | float | bool) or value is None:
        return value
    return [_drained(inner) for inner in value]


def _same(checked: Any, body: Any) -> bool:
    if isinstance(body, dict):
        return isinstance(checked, dict) and all(key in checked and _same(checked[key], body[key]) for key in body)
    if isinstance(body, list):
        return len(checked) == len(body) and all(_same(*pair) for pair in zip(checked, body, strict=True))
    return bool(checked == body)


def message(text: str, body: Mapping[str, Any], **over: Any) -> dict[str, Any]:
    """As recorded: with thinking on, a thinking block comes first."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [
            {"type": "thinking", "thinking": "…", "signature": "s"},
            {"type": "text", "text": text},
        ],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 120,
            "cache_creation_input_tokens": 800,
            "cache_read_input_tokens": 40,
            "cache_creation": {"ephemeral_5m_input_tokens": 800, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 60,
            "output_tokens_details": {"thinking_tokens": 25},
            "service_tier": "standard",
        },
        **over,
    }


def documents(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The subjects of a request, from the one place where untrusted text may be."""
    (result,) = [block for block in body["messages"][-1]["content"] if block["type"] == "tool_result"]
    subjects: list[Mapping[str, Any]] = json.loads(result["content"][0]["text"])["subjects"]
    return subjects


def instance(schema: Mapping[str, Any]) -> Any:
    """A smallest value of a schema's shape, as constrained decoding would give."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return instance(schema["anyOf"][0])
    simple = {"string": "x", "integer": 70, "boolean": False, "array": [], "null": None}
    if schema["type"] == "object":
        return {name: instance(inner) for name, inner in schema["properties"].items()}
    return simple[schema["type"]]


def answers(body: Mapping[str, Any], *, ids: list[str] | None = None, **over: Any) -> list[dict[str, Any]]:
    one = body["output_config"]["format"]["schema"]["properties"]["answers"]["items"]
    wanted = [subject["id"] for subject in documents(body)] if ids is None else ids
    return [{**instance(one), "id": id_, **over} for id_ in wanted]


def well(body: Mapping[str, Any]) -> web.Response:
    return said({"answers": answers(body)})(body)


def said(value: Any, **over: Any) -> Reply:
    """A good message with this text, or this value as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)

    def reply(body: Mapping[str, Any]) -> web.Response:
        return web.json_response(message(text, body, **over), headers={"request-id": "req_1"})

    return reply


def status(code: int, kind: str = "api_error", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_2"}
    return lambda _body: web.json_response(error, status=code, headers={"request-id": "req_2", **named})


def page(_body: Mapping[str, Any]) -> web.Response:
    """A proxy's login page with 200."""
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


def other(_body: Mapping[str, Any]) -> web.Response:
    """JSON, but no message."""
    return web.json_response({"ok": True})
