"""A double of the Messages API on loopback: it speaks the recorded wire, and tells what the SDK's types do not know."""

from __future__ import annotations

import json
import re
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from anthropic.types import Message
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from cid.domain.llm import Stop, Usage
from tests.vendor import Body, Double, Failed, Said, Speech, Told, drained, same, serve

_PARAMS: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)
_STOPS = {Stop.END: "end_turn", Stop.LENGTH: "max_tokens", Stop.REFUSAL: "refusal"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Claude(Speech):
    name = "anthropic"
    path = re.compile("/v1/messages")
    writes = True

    def wrong(self, request: web.Request, body: Body) -> list[str]:
        """The API answers 400 to parameters it does not know, at any depth."""
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return ["no key"]
        try:
            checked = drained(_PARAMS.validate_python(body))
        except ValueError as error:
            return [str(error)]
        unknown = set(body) - set(MessageCreateParamsNonStreaming.__annotations__)
        return [f"unknown {sorted(unknown)}"] if unknown else ([] if same(checked, body) else ["something was dropped"])

    def system(self, body: Body) -> str:
        return json.dumps([body.get("tools"), body["system"]], ensure_ascii=False)

    def material(self, body: Body) -> str:
        (result,) = [block for block in body["messages"][-1]["content"] if block["type"] == "tool_result"]
        return str(result["content"][0]["text"])

    def schema(self, body: Body) -> Any:
        return body.get("output_config", {}).get("format", {}).get("schema")

    def thinks(self, body: Body) -> bool:
        return bool(body.get("thinking", {}).get("type") != "disabled")

    def ceiling(self, body: Body) -> int:
        return int(body["max_tokens"])

    def reply(self, body: Body, said: Said, usage: Usage) -> dict[str, Any]:
        """As recorded: with thinking on, a thinking block comes first."""
        refused = {"type": "refusal", "category": "cyber", "explanation": "no"}
        thoughts = [{"type": "thinking", "thinking": "…", "signature": "s"}] if usage.thinking else []
        return {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [*thoughts, {"type": "text", "text": said.text}],
            "stop_reason": _STOPS[said.stop],
            "stop_sequence": None,
            "stop_details": refused if said.stop is Stop.REFUSAL else None,
            "usage": {
                "input_tokens": usage.input,
                "cache_creation_input_tokens": usage.cache_write + usage.cache_write_1h,
                "cache_read_input_tokens": usage.cache_read,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": usage.cache_write,
                    "ephemeral_1h_input_tokens": usage.cache_write_1h,
                },
                "output_tokens": usage.output,
                "output_tokens_details": {"thinking_tokens": usage.thinking},
                "service_tier": "standard",
            },
        }

    def judge(self, reply: Any) -> None:
        Message.model_validate(reply)

    def error(self, failed: Failed) -> Told:
        kind = failed.kind.replace("spent", "") or _KINDS.get(failed.status, "api_error")
        body = {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_2"}
        wait = {} if failed.wait_s is None else {"retry-after": f"{failed.wait_s:g}"}
        return Told(status=failed.status, body=body, headers={"request-id": "req_2", **wait})


def claude() -> AbstractAsyncContextManager[Double]:
    return serve(Claude())
