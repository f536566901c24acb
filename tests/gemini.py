"""A double of Gemini's generateContent on loopback. It speaks the recorded wire: counts of zero are left out, as its
JSON does; a wait stands in the body and not in a header; an empty account is a 429 like any other but for its words."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from google.genai import types

from cid.domain.llm import Stop, Usage
from tests.vendor import Body, Double, Failed, Said, Speech, Told, serve

_STOPS = {Stop.END: "STOP", Stop.LENGTH: "MAX_TOKENS", Stop.REFUSAL: "SAFETY"}
_KNOWN = frozenset({"contents", "systemInstruction", "generationConfig"})
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_EMPTY = "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing."


class Gemini(Speech):
    name = "google"
    path = re.compile("/v1/models/[^/:]+:generateContent")
    writes = False

    def wrong(self, request: web.Request, body: Body) -> list[str]:
        found = [] if request.headers.get("x-goog-api-key") else ["no key"]
        found += [f"unknown {sorted(set(body) - _KNOWN)}"] if set(body) - _KNOWN else []
        try:
            for content in (body["systemInstruction"], *body["contents"]):
                types.Content.model_validate(content)
            types.GenerationConfig.model_validate(body["generationConfig"])
        except ValueError as error:
            found.append(str(error))
        return found

    def system(self, body: Body) -> str:
        return "".join(part["text"] for part in body["systemInstruction"]["parts"])

    def material(self, body: Body) -> str:
        return str(body["contents"][-1]["parts"][0]["text"])

    def schema(self, body: Body) -> Any:
        return body["generationConfig"].get("responseJsonSchema")

    def thinks(self, body: Body) -> bool:
        thinking = body["generationConfig"].get("thinkingConfig", {})
        return bool(thinking.get("thinkingBudget", thinking.get("thinking_budget")) != 0)

    def ceiling(self, body: Body) -> int:
        return int(body["generationConfig"]["maxOutputTokens"])

    def reply(self, body: Body, said: Said, usage: Usage) -> dict[str, Any]:
        thoughts = [{"text": "**Weighing it**", "thought": True}] if usage.thinking else []
        candidate: dict[str, Any] = {"finishReason": _STOPS[said.stop], "index": 0}
        if said.stop is not Stop.REFUSAL:
            candidate["content"] = {"role": "model", "parts": [*thoughts, {"text": said.text}]}
        prompt, visible = usage.input + usage.cache_read, usage.output - usage.thinking
        counts = {
            "promptTokenCount": prompt,
            "cachedContentTokenCount": usage.cache_read,
            "candidatesTokenCount": visible,
            "thoughtsTokenCount": usage.thinking,
            "totalTokenCount": prompt + usage.output,
        }
        return {
            "candidates": [candidate],
            "usageMetadata": {name: count for name, count in counts.items() if count},
            "modelVersion": "gemini-served",
            "responseId": "req_1",
        }

    def judge(self, reply: Any) -> None:
        types.GenerateContentResponse.model_validate(reply)

    def error(self, failed: Failed) -> Told:
        spent = failed.kind == "spent"
        status = 429 if spent else failed.status
        details: list[dict[str, Any]] = []
        if failed.kind and not spent:
            details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": failed.kind})
        if failed.wait_s is not None:
            info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{failed.wait_s:g}s"}
            details.append(info)
        error = {"code": status, "message": _EMPTY if spent else "no", "status": _STATUSES.get(status, "UNKNOWN")}
        return Told(status=status, body={"error": {**error, **({"details": details} if details else {})}})


def gemini() -> AbstractAsyncContextManager[Double]:
    return serve(Gemini())
