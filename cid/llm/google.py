"""Gemini over generateContent. One request per call, priced and judged by nobody here.

Three habits of the SDK would each send, and bill, a request again behind our back. Beside aiohttp it repeats what a
reset cut off, so it is given a client of the other kind; it follows a CONTINUATION by itself; and it calls functions.
All three are off. The reply is read from its JSON: the SDK's objects leave out in silence what they do not know.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cid.domain.errors import CidError, Misconfigured, Unanswered
from cid.domain.llm import Json, Raw, Stop, Usage, Wire
from cid.llm.asking import constrained, fenced
from cid.llm.failures import by_status, connect_in, cut, retry_after, retry_delay, within
from cid.llm.models import Traits
from cid.llm.usages import of_google

if TYPE_CHECKING:
    from google.genai import Client
    from httpx2 import AsyncClient

VENDOR = "https://generativelanguage.googleapis.com"
KEY = "GOOGLE_API_KEY"
_STOPS = {"STOP": Stop.END, "MAX_TOKENS": Stop.LENGTH, "CONTINUATION": Stop.LENGTH}
_REFUSALS = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"}
    | {"PUP_LIMITED_DISABLED", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}
)
_SPENT = ("prepayment credits", "spending cap", "spend cap")
"""Nothing but its sentence tells a 429 of an empty account from one of a busy minute."""


class Google:
    """Satisfies `ports.Provider`. `base_url` empty: the vendor's own."""

    name = "google"

    def __init__(
        self,
        api_key: str,
        *,
        traits: Mapping[str, Traits],
        base_url: str = "",
        strict: bool = False,
        api_version: str = "v1",
    ) -> None:
        self._key = api_key
        self._traits = traits
        self._base_url = base_url
        self._strict = strict
        """Let the SDK's own types judge every reply: for tests, where it proves that the double speaks the wire."""
        self._version = api_version
        self._client: Client | None = None
        self._http: AsyncClient | None = None

    async def complete(self, wire: Wire) -> Raw:
        """Raises as `ports.Provider.complete`."""
        genai, types, http, client = await self.connect()
        http_errors = (http.TransportError, http.DecodingError, http.TooManyRedirects)
        try:
            async with within(self.name, wire):
                reply = await client.aio.models.generate_content(model=wire.model, **self.request(wire, types))
                text = str(reply.sdk_http_response.body or "")
                if self._strict:
                    types.GenerateContentResponse.model_validate_json(text)
                body = json.loads(text)
        except genai.errors.APIError as error:
            raise refused(error) from error
        except http_errors as error:
            raise cut(self.name, error) from error
        return raw(body)

    async def connect(self) -> tuple[Any, Any, Any, Client]:
        """The SDK, its types, its HTTP client's package, and the one client for this key. Raises Misconfigured."""
        genai, types, http = await asyncio.to_thread(_sdk)
        return genai, types, http, self._open(genai, types, http)

    async def json(self, method: str, path: str, *, timeout_s: float, **query: str | int) -> Json:
        """What the SDK's objects leave out is in the reply's JSON. Raises what the SDK and its client raise."""
        genai, _, _, _ = await self.connect()
        assert self._http
        reply = await self._http.request(
            method,
            f"{self._base_url or VENDOR}/{self._version}/{path}",
            params=query,
            headers={"x-goog-api-key": self._key},
            timeout=timeout_s,
        )
        await genai.errors.APIError.raise_for_async_response(reply)
        return reply.json()

    def request(self, wire: Wire, types: Any) -> dict[str, Any]:
        """One request, the same alone and in a batch."""
        return {
            "contents": types.UserContent(parts=[types.Part(text=fenced(wire, self._of(wire).reply))]),
            "config": types.GenerateContentConfig(**self._config(wire, types)),
        }

    async def close(self) -> None:
        if self._client and self._http:
            self._client.close()
            await self._http.aclose()
            self._client = self._http = None

    def _of(self, wire: Wire) -> Traits:
        return self._traits.get(wire.model, Traits())

    def _open(self, genai: Any, types: Any, http: Any) -> Client:
        if not self._key:
            raise Misconfigured(f"There is no key for Google: set {KEY}, or choose another model.")
        if self._client is None:
            # One for all: the SDK would read all the machine's certificates again for each client that it never uses.
            trust = http.create_ssl_context()
            self._http = http.AsyncClient(
                verify=trust, limits=http.Limits(max_connections=200), event_hooks={"request": [_connect_soon]}
            )
            # All is said, so that nothing is taken from the environment.
            options = types.HttpOptions(
                base_url=self._base_url or VENDOR,
                api_version=self._version,
                httpx_async_client=self._http,
                client_args={"verify": trust},
                async_client_args={"verify": trust, "ssl": trust},
            )
            self._client = genai.Client(api_key=self._key, vertexai=False, http_options=options)
        return self._client

    def _config(self, wire: Wire, types: Any) -> dict[str, Any]:
        traits = self._of(wire)
        config: dict[str, Any] = {
            # First and alone: what the vendor caches is a prefix. In one part, as parts are joined without a gap.
            "system_instruction": types.Content(parts=[types.Part(text="\n\n".join(wire.system))]),
            "max_output_tokens": wire.max_tokens,
            "automatic_continuation": False,
            "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
            "should_return_http_response": True,
            "http_options": types.HttpOptions(timeout=round(wire.timeout_s * 1000)),
        }
        if traits.reply != "text":
            config["response_mime_type"] = "application/json"
        if traits.reply == "schema":
            config["response_json_schema"] = constrained(wire.schema)
        if traits.thinking == "disabled":
            config["thinking_config"] = types.ThinkingConfig(thinking_budget=0)
        elif traits.effort:
            config["thinking_config"] = types.ThinkingConfig(thinking_level=traits.effort.upper())
        return config


def _sdk() -> tuple[Any, Any, Any]:
    """Imported when first called: it costs two seconds and 100 MB."""
    names = ("google.genai", "google.genai.types", "httpx2")
    genai, types, http = (importlib.import_module(name) for name in names)
    return genai, types, http


async def _connect_soon(request: Any) -> None:
    """The SDK takes one number for everything; reaching the other side gets less of it."""
    limits = request.extensions["timeout"]
    limits["connect"] = connect_in(limits["read"])


def raw(body: Json) -> Raw:
    """From the JSON of one GenerateContentResponse. Raises Unanswered: it is none, or has no usage."""
    if not isinstance(body, Mapping):
        raise Unanswered("google: the reply was no response")
    blocked = _blocked(body)
    candidates = body.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    if blocked:
        # A prompt that was turned away at the door may say nothing of usage: nothing was read then.
        usage = of_google(body["usageMetadata"]) if body.get("usageMetadata") else Usage()
        return Raw(text="", stop=Stop.REFUSAL, usage=usage, detail=blocked, **_names(body))
    if not isinstance(first, Mapping):
        raise Unanswered("google: the reply was no response")
    reason = str(first.get("finishReason") or "")
    stop = Stop.REFUSAL if reason in _REFUSALS else _STOPS.get(reason, Stop.LENGTH)
    return Raw(
        text=_text(first),
        stop=stop,
        usage=of_google(body.get("usageMetadata")),
        detail="" if stop is Stop.END else reason,
        **_names(body),
    )


def _blocked(body: Mapping[str, Any]) -> str:
    feedback = body.get("promptFeedback")
    return str(feedback.get("blockReason") or "") if isinstance(feedback, Mapping) else ""


def _names(body: Mapping[str, Any]) -> dict[str, str]:
    return {"model": str(body.get("modelVersion") or ""), "request_id": str(body.get("responseId") or "")}


def _text(candidate: Mapping[str, Any]) -> str:
    """All that is said aloud: a part marked as thought is a summary of thinking."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    return "".join(
        part["text"]
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, Mapping) and isinstance(part.get("text"), str) and not part.get("thought")
    )


def refused(error: Any) -> CidError:
    """What to do about it, from what the SDK says happened."""
    details = _details(error.details)
    bad_key = error.code == 400 and "API_KEY_INVALID" in _all(details, "reason")
    headers = getattr(error.response, "headers", None) or {}
    return by_status(
        "Google",
        401 if bad_key else error.code,
        f"google: {error.code} {error.status or ''}".strip(),
        wait=_longer(retry_delay(details), retry_after(headers)),
        spent=_spent(error, details),
        key=KEY,
    )


def _details(body: Json) -> list[Mapping[str, Any]]:
    error = body.get("error") if isinstance(body, Mapping) else None
    details = error.get("details") if isinstance(error, Mapping) else None
    return [detail for detail in details if isinstance(detail, Mapping)] if isinstance(details, list) else []


def _spent(error: Any, details: list[Mapping[str, Any]]) -> bool:
    """Empty or capped accounts, and quotas of a day: those answer with a delay of seconds that is of no use."""
    if error.code == 403:
        return "BILLING_DISABLED" in _all(details, "reason")
    if error.code != 429:
        return False
    quotas = [violation for found in _all(details, "violations") if isinstance(found, list) for violation in found]
    daily = any("PerDay" in str(quota.get("quotaId", "")) for quota in quotas if isinstance(quota, Mapping))
    return daily or any(words in str(error.message).lower() for words in _SPENT)


def _all(details: list[Mapping[str, Any]], name: str) -> list[Any]:
    return [detail[name] for detail in details if name in detail]


def _longer(one: timedelta | None, two: timedelta | None) -> timedelta | None:
    return max((wait for wait in (one, two) if wait is not None), default=None)
