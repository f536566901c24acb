"""Claude's Message Batches: requests of the Messages API, answered within a day at half the price.

A batch has no place for a mark of ours but the ids of its requests, and those are told with its results only. Whether
an unheard-of batch is ours is therefore known once it has ended; before that only that there is none that could be.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.llm import Raw, Wire
from cid.llm.anthropic import Anthropic, failure, reply
from cid.llm.batch import AGAIN, CREATE_S, READ_S, SKEW, Meaning, made, named, read, undone

_PAGE = 100
_FAILURES: Mapping[str, type[CidError]] = {
    "invalid_request_error": BadReply,
    "request_too_large": BadReply,
    "authentication_error": Misconfigured,
    "permission_error": Misconfigured,
    "not_found_error": Misconfigured,
    "billing_error": Spent,
}


class AnthropicBatches:
    """Satisfies `ports.Batches`. The key, the client and the shape of a request are the provider's."""

    name = "anthropic"

    def __init__(self, provider: Anthropic) -> None:
        self._provider = provider

    async def submit(self, key: str, wires: Mapping[str, Wire]) -> str:
        sdk, client = await self._provider.connect()
        requests = [{"custom_id": call, "params": self._provider.request(wire)} for call, wire in wires.items()]
        with _named(sdk, made):
            batch = await client.messages.batches.create(requests=requests, timeout=CREATE_S)
            return str(_batch(batch).id)

    async def find(self, key: str, calls: Collection[str], since: datetime, known: Collection[str] = ()) -> str | None:
        sdk, client = await self._provider.connect()
        with _named(sdk, read):
            possible = [
                batch
                for batch in await _since(client, since - SKEW)
                if batch.id not in known and _count(batch) == len(calls)
            ]
            for batch in possible:
                if batch.processing_status != "ended":
                    continue
                if any(line.custom_id in calls for line in await self._lines(batch.id)):
                    return str(batch.id)
        if any(batch.processing_status != "ended" for batch in possible):
            raise Upstream("anthropic: a batch that may be the one looked for has not ended", retry_after=AGAIN)
        return None

    async def ended(self, batch: str) -> bool:
        sdk, client = await self._provider.connect()
        with _named(sdk, read):
            found = _batch(await client.messages.batches.retrieve(batch, timeout=READ_S))
            if found.archived_at:
                raise BadReply("anthropic: the batch's results are no longer kept")
            return bool(found.processing_status == "ended")

    async def results(self, batch: str, calls: Sequence[str]) -> AsyncIterator[tuple[str, Raw | CidError]]:
        if not await self.ended(batch):
            raise Upstream("anthropic: the batch has not ended", retry_after=AGAIN)
        for line in await self._lines(batch):
            yield line.custom_id, _outcome(line.result)

    async def cancel(self, batch: str) -> None:
        sdk, client = await self._provider.connect()
        try:
            with _named(sdk, read):
                await client.messages.batches.cancel(batch, timeout=READ_S)
        except BadReply:
            await self.ended(batch)  # what has ended cannot be cancelled, and need not be

    async def _lines(self, batch: str) -> list[Any]:
        """By the vendor's documented path, and not by the address in the batch, to which the SDK would send the key
        wherever it leads."""
        sdk, client = await self._provider.connect()
        path = f"/v1/messages/batches/{quote(batch, safe='')}/results"
        with _named(sdk, read):
            reply = await client.get(
                path, cast_to=importlib.import_module("httpx2").Response, options={"timeout": READ_S}
            )
            parsed = importlib.import_module("anthropic.types.messages").MessageBatchIndividualResponse.construct
            lines = [json.loads(line) for line in reply.content.splitlines() if line.strip()]
            if not all(isinstance(line, dict) and isinstance(line.get("custom_id"), str) for line in lines):
                raise Unanswered("anthropic: the reply was no list of results")
            return [parsed(**line) for line in lines]


async def _since(client: Any, oldest: datetime) -> list[Any]:
    """The newest come first. A listing of another shape is no empty one: raises Unanswered."""
    found: list[Any] = []
    page = await client.messages.batches.list(limit=_PAGE, timeout=READ_S)
    while True:
        if not isinstance(getattr(page, "data", None), list):
            raise Unanswered("anthropic: the reply was no list of batches")
        found += (_batch(batch) for batch in page.data)
        if not page.data or not page.has_next_page() or found[-1].created_at < oldest:
            return [batch for batch in found if batch.created_at >= oldest]
        page = await page.get_next_page()


def _batch(value: Any) -> Any:
    """A 200 of another shape passes the SDK as an object without values, or as a string. Raises Unanswered."""
    if not isinstance(getattr(value, "created_at", None), datetime) or value.request_counts is None:
        raise Unanswered("anthropic: the reply was no batch")
    return value


def _count(batch: Any) -> int:
    counts = batch.request_counts
    return sum(getattr(counts, name, 0) or 0 for name in ("processing", "succeeded", "errored", "canceled", "expired"))


def _outcome(result: Any) -> Raw | CidError:
    became = getattr(result, "type", "")
    if became == "succeeded":
        try:
            return reply(result.message)
        except Unanswered as unreadable:
            return unreadable
    if became in {"canceled", "expired"}:
        return undone(f"anthropic: {became} in its batch")
    if became == "errored":
        kind = str(getattr(getattr(result.error, "error", None), "type", ""))
        return _FAILURES.get(kind, Upstream)(f"anthropic: {kind or 'an error'} in its batch")
    return Unanswered("anthropic: an outcome of no known kind")


def _named(sdk: Any, meaning: Meaning) -> AbstractContextManager[None]:
    return named("anthropic", sdk.APIError, lambda error: failure(sdk, error), meaning)
