"""OpenAI's chat completions, and every endpoint that speaks them: DeepSeek, Ollama, vLLM, llama.cpp and the like.

One request per call, priced and judged by nobody here. Compatible servers differ in what they refuse and in what they
take and ignore, so nothing optional is sent that the model's traits do not name. `create`, not `parse`: on a cut or
refused reply `parse` raises without the usage. The reply is read from its JSON: the SDK's objects take any.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cid.domain.errors import CidError, Misconfigured, Unanswered
from cid.domain.llm import Json, Raw, Stop, Wire
from cid.llm.asking import closed, constrained, fenced
from cid.llm.failures import by_status, connect_in, cut, retry_after, within
from cid.llm.models import Traits
from cid.llm.usages import of_openai

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI = "openai"
VENDOR = "https://api.openai.com/v1"
_STOPS = {"stop": Stop.END, "content_filter": Stop.REFUSAL}
SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


class OpenAi:
    """Satisfies `ports.Provider`. `base_url` empty: the vendor's own."""

    def __init__(
        self,
        name: str,
        api_key: str,
        *,
        traits: Mapping[str, Traits],
        base_url: str = "",
        strict: bool = False,
        keyless: bool = False,
        key: str = "",
    ) -> None:
        """`keyless`: the endpoint asks for no key, and none is sent. `key`: the variable it was looked for in."""
        self._name = name
        self._key = api_key
        self._key_name = "" if keyless else key or f"{name.upper()}_API_KEY"
        self._traits = traits
        self._base_url = base_url or VENDOR
        self._strict = strict
        """Let the SDK's own types judge every reply: for tests, where it proves that the double speaks the wire."""
        self._client: AsyncOpenAI | None = None

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, wire: Wire) -> Raw:
        """Raises as `ports.Provider.complete`."""
        sdk, client = await self.connect()
        request = self.request(wire)
        request["timeout"] = sdk.Timeout(wire.timeout_s, connect=connect_in(wire.timeout_s))
        if not self._key_name:
            request["extra_headers"] = {"Authorization": sdk.Omit()}
        try:
            async with within(self.name, wire):
                reply = await client.chat.completions.with_raw_response.create(**request)
                if self._strict:
                    reply.parse()
                body = json.loads(reply.http_response.content)
        except sdk.APIError as error:
            raise self.failure(sdk, error) from error
        return raw(self.name, body, str(reply.headers.get("x-request-id", "")))

    async def connect(self) -> tuple[Any, AsyncOpenAI]:
        """The SDK and its one client for this endpoint. Raises Misconfigured."""
        sdk = await asyncio.to_thread(importlib.import_module, "openai")
        return sdk, self._open(sdk)

    async def close(self) -> None:
        if self._client:
            await self._client.close()
            self._client = None

    def _open(self, sdk: Any) -> AsyncOpenAI:
        if self._key_name and not self._key:
            raise Misconfigured(f"There is no key for {self.name}: set {self._key_name}, or choose another model.")
        if self._client is None:
            # What the SDK takes from the environment for its own vendor is no business of another one.
            unsent = () if self.name == OPENAI else ("OpenAI-Organization", "OpenAI-Project")
            self._client = sdk.AsyncOpenAI(
                api_key=self._key or "none",
                base_url=self._base_url,
                max_retries=0,
                # The prompt goes where it was sent, and nowhere that an answer points to.
                http_client=sdk.DefaultAsyncHttpx2Client(follow_redirects=False),
                default_headers={name: sdk.Omit() for name in unsent},
                _strict_response_validation=self._strict,
            )
        return self._client

    def request(self, wire: Wire) -> dict[str, Any]:
        """The arguments of one request, the same alone and in a batch."""
        traits = self._traits.get(wire.model, Traits())
        request: dict[str, Any] = {
            "model": wire.model,
            # One system message: not every template of a local model knows a second one. Stable, and first.
            "messages": [
                {"role": "system", "content": "\n\n".join(wire.system)},
                {"role": "user", "content": fenced(wire, traits.reply)},
            ],
            # Its own models refuse the older name, and other servers pass over the newer one.
            "max_completion_tokens" if self.name == OPENAI else "max_tokens": wire.max_tokens,
        }
        if traits.reply == "schema":
            shape = {"name": "answers", "strict": closed(wire.schema), "schema": constrained(wire.schema)}
            request["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif traits.reply == "object":
            request["response_format"] = {"type": "json_object"}
        if traits.effort:
            request["reasoning_effort"] = traits.effort
        if traits.thinking:
            request["extra_body"] = {"thinking": {"type": traits.thinking}}
        return request

    def failure(self, sdk: Any, error: Any) -> CidError:
        """What to do about it, from what the SDK says happened."""
        if not isinstance(error, sdk.APIStatusError):
            return cut(self.name, error.__cause__ or error)
        code, kind = word(error.code), word(error.type)
        return by_status(
            self.name,
            error.status_code,
            f"{self.name}: {error.status_code} {code or kind} {error.request_id or ''}".strip(),
            wait=retry_after(error.response.headers),
            spent=bool({code, kind} & SPENT),
            key=self._key_name,
        )


def word(value: object) -> str:
    """A code, which some servers give as a number or not at all."""
    return value if isinstance(value, str) else ""


def raw(name: str, body: Json, request_id: str = "") -> Raw:
    """From the JSON of one chat completion. Raises Unanswered: it is none, or has no usage."""
    whole: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    choices = whole.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    choice: Mapping[str, Any] = first if isinstance(first, Mapping) else {}
    message = choice.get("message")
    if not isinstance(message, Mapping) or not isinstance(message.get("content"), str | None):
        raise Unanswered(f"{name}: the reply was no completion")
    refusal = message.get("refusal")
    reason = str(choice.get("finish_reason") or "")
    stop = Stop.REFUSAL if refusal else _STOPS.get(reason, Stop.LENGTH)
    return Raw(
        # A refusal's sentence is kept with the reply, and is no category.
        text=message.get("content") or (refusal if isinstance(refusal, str) else ""),
        stop=stop,
        usage=of_openai(whole.get("usage")),
        model=str(whole.get("model") or ""),
        request_id=request_id or str(whole.get("id") or ""),
        detail="" if stop is Stop.END else "refusal" if refusal else reason,
    )
