"""OpenAI's batches: a file of requests, answered within a day at half the price in a file of replies and one of errors.

A batch carries our mark in its metadata. A file that was uploaded in vain costs nothing and is forgotten by the vendor;
only the request that makes the batch is one that nobody may repeat.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from cid.domain.errors import BadReply, CidError, Unanswered, Upstream
from cid.domain.llm import Json, Raw, Wire
from cid.llm.batch import AGAIN, CREATE_S, READ_S, SKEW, Meaning, made, named, read, undone
from cid.llm.failures import by_status
from cid.llm.openai import OPENAI, SPENT, OpenAi, raw, word

_PAGE = 100
_MARK = "batch"
_ENDPOINT = "/v1/chat/completions"
_RUNNING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_GIVEN_UP = frozenset({"expired", "cancelled", "failed"})
_BUSY = "token_limit_exceeded"
"""More waits in the account's batches than it may have; what else makes a batch fail is wrong with its file."""


class OpenAiBatches:
    """Satisfies `ports.Batches`, for the vendor's own endpoint. The key, the client and the shape of a request are the
    provider's."""

    name = OPENAI

    def __init__(self, provider: OpenAi) -> None:
        self._provider = provider

    async def submit(self, key: str, wires: Mapping[str, Wire]) -> str:
        sdk, client = await self._provider.connect()
        lines = "".join(f"{json.dumps(self._line(call, wire))}\n" for call, wire in wires.items())
        with self._named(sdk, read):
            file = await client.files.create(file=(f"{key}.jsonl", lines.encode()), purpose="batch", timeout=CREATE_S)
            if not getattr(file, "id", None):
                raise Unanswered("openai: the reply was no file")
        with self._named(sdk, made):
            batch = await client.batches.create(
                input_file_id=file.id,
                endpoint=_ENDPOINT,
                completion_window="24h",
                metadata={_MARK: key},
                timeout=READ_S,
            )
            return str(_batch(batch).id)

    async def find(self, key: str, calls: Collection[str], since: datetime, known: Collection[str] = ()) -> str | None:
        """The newest come first."""
        sdk, client = await self._provider.connect()
        oldest = (since - SKEW).timestamp()
        with self._named(sdk, read):
            page = await client.batches.list(limit=_PAGE, timeout=READ_S)
            while True:
                if not isinstance(getattr(page, "data", None), list):
                    raise Unanswered("openai: the reply was no list of batches")
                for batch in page.data:
                    if _batch(batch).created_at < oldest:
                        return None
                    if (batch.metadata or {}).get(_MARK) == key and batch.id not in known:
                        return str(batch.id)
                if not page.data or not page.has_next_page():
                    return None
                page = await page.get_next_page()

    async def ended(self, batch: str) -> bool:
        return (await self._get(batch)).status not in _RUNNING

    async def results(self, batch: str, calls: Sequence[str]) -> AsyncIterator[tuple[str, Raw | CidError]]:
        found = await self._get(batch)
        if found.status in _RUNNING:
            raise Upstream("openai: the batch has not ended", retry_after=AGAIN)
        told = set()
        for file in (found.output_file_id, found.error_file_id):
            for line in await self._lines(file) if file else ():
                told.add(line["custom_id"])
                yield line["custom_id"], _outcome(line)
        if found.status in _GIVEN_UP:
            for call in calls:
                if call not in told:
                    yield call, _of_all(found)

    async def cancel(self, batch: str) -> None:
        sdk, client = await self._provider.connect()
        try:
            with self._named(sdk, read):
                await client.batches.cancel(batch, timeout=READ_S)
        except (BadReply, Upstream):
            # What has ended cannot be cancelled, and need not be; some such refusals are a conflict.
            if not await self.ended(batch):
                raise

    def _line(self, call: str, wire: Wire) -> dict[str, Any]:
        request = self._provider.request(wire)
        body = {**request, **request.pop("extra_body", {})}
        return {"custom_id": call, "method": "POST", "url": _ENDPOINT, "body": body}

    async def _get(self, batch: str) -> Any:
        sdk, client = await self._provider.connect()
        with self._named(sdk, read):
            return _batch(await client.batches.retrieve(batch, timeout=READ_S))

    async def _lines(self, file: str) -> list[Mapping[str, Any]]:
        sdk, client = await self._provider.connect()
        with self._named(sdk, read):
            content = (await client.files.content(file, timeout=CREATE_S)).content
            lines = [json.loads(line) for line in content.splitlines() if line.strip()]
            if not all(isinstance(line, Mapping) and isinstance(line.get("custom_id"), str) for line in lines):
                raise Unanswered("openai: the reply was no list of results")
            return lines

    def _named(self, sdk: Any, meaning: Meaning) -> AbstractContextManager[None]:
        return named(OPENAI, sdk.APIError, lambda error: self._provider.failure(sdk, error), meaning)


def _batch(value: Any) -> Any:
    """A 200 of another shape passes the SDK as an object without values, or as a string. Raises Unanswered."""
    if not isinstance(getattr(value, "created_at", None), int) or not value.id or not value.status:
        raise Unanswered("openai: the reply was no batch")
    return value


def _outcome(line: Mapping[str, Any]) -> Raw | CidError:
    response = line.get("response")
    if not isinstance(response, Mapping):
        error = line.get("error")
        code = word(error.get("code")) if isinstance(error, Mapping) else ""
        return undone(f"openai: {code or 'no answer'} in its batch")
    status, body = response.get("status_code"), response.get("body")
    if not isinstance(status, int) or status >= 400:
        return _refused(status if isinstance(status, int) else 0, body)
    try:
        return raw(OPENAI, body, word(response.get("request_id")))
    except Unanswered as unreadable:
        return unreadable


def _refused(status: int, body: Json) -> CidError:
    error = body.get("error") if isinstance(body, Mapping) else None
    words = {word(error.get("code")), word(error.get("type"))} if isinstance(error, Mapping) else set()
    what = f"openai: {status} {' '.join(sorted(words - {''}))} in its batch"
    return by_status(OPENAI, status, what, spent=bool(words & SPENT), key="OPENAI_API_KEY")


def _of_all(batch: Any) -> CidError:
    if batch.status != "failed":
        return undone(f"openai: its batch was {batch.status}")
    codes = sorted({word(error.code) for error in (batch.errors.data if batch.errors else None) or ()} - {""})
    what = f"openai: its batch failed ({', '.join(codes) or 'no reason given'})"
    return undone(what) if _BUSY in codes else BadReply(what)
