"""Gemini's batches of inlined requests: answered within a day or two at half the price.

A batch carries our mark as its display name, and each request our call id as metadata. The metadata is not always told
with the responses, which then stand in the order of the requests. Replies are read from their JSON: the SDK drops the
error of a batch that failed as a whole, and fails on the details of a request's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from cid.domain.errors import BadReply, CidError, Misconfigured, Unanswered, Upstream
from cid.domain.llm import Json, Raw, Wire
from cid.llm.batch import AGAIN, CREATE_S, READ_S, SKEW, Meaning, made, named, read, undone
from cid.llm.google import Google, raw, refused

_PAGE = 100
_MOST_PAGES = 100
_MARK = "call"
_ENDED = frozenset({"SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
_AGAIN = frozenset({1, 2, 4, 8, 10, 13, 14})
"""Of google.rpc.Code, what another try may do better: cancelled, deadline, exhausted, aborted, internal."""
_KEY = frozenset({7, 16})


class GoogleBatches:
    """Satisfies `ports.Batches`. The key, the client and the shape of a request are the provider's."""

    name = "google"

    def __init__(self, provider: Google) -> None:
        self._provider = provider

    async def submit(self, key: str, wires: Mapping[str, Wire]) -> str:
        genai, types, _, client = await self._provider.connect()
        requests = [
            types.InlinedRequest(metadata={_MARK: call}, **self._provider.request(wire, types))
            for call, wire in wires.items()
        ]
        (model,) = {wire.model for wire in wires.values()}
        options = types.HttpOptions(timeout=round(CREATE_S * 1000))
        config = types.CreateBatchJobConfig(display_name=key, http_options=options)
        with _named(genai, made):
            batch = await client.aio.batches.create(model=model, src=requests, config=config)
            if not batch.name:
                raise Unanswered("google: the reply was no batch")
            return str(batch.name)

    async def find(self, key: str, calls: Collection[str], since: datetime, known: Collection[str] = ()) -> str | None:
        async for batch in self._listed():
            with _named((await self._provider.connect())[0], read):
                name, mark, created = _batch(batch)
            if mark == key and name not in known and created >= since - SKEW:
                return name
        return None

    async def ended(self, batch: str) -> bool:
        return _state(await self._get(batch)) in _ENDED

    async def results(self, batch: str, calls: Sequence[str]) -> AsyncIterator[tuple[str, Raw | CidError]]:
        found = await self._get(batch)
        state = _state(found)
        if state not in _ENDED:
            raise Upstream("google: the batch has not ended", retry_after=AGAIN)
        told = set()
        for call, outcome in _outcomes(found, calls):
            told.add(call)
            yield call, outcome
        if state in {"FAILED", "CANCELLED", "EXPIRED"}:
            for call in calls:
                if call not in told:
                    yield call, _of_all(found, state)

    async def cancel(self, batch: str) -> None:
        try:
            await self._json("POST", f"{batch}:cancel")
        except BadReply:
            await self._get(batch)  # what has ended cannot be cancelled, and need not be

    async def _listed(self) -> AsyncIterator[Json]:
        """All there are: in what order is not said."""
        token = ""
        for _ in range(_MOST_PAGES):
            page = await self._json("GET", "batches", pageSize=_PAGE, **({"pageToken": token} if token else {}))
            operations = page.get("operations", [])
            # An empty list is left out of the JSON, and so is everything else of one.
            if not isinstance(operations, list) or set(page) - {"operations", "nextPageToken"}:
                raise Upstream("google: the reply was no list of batches")
            for operation in operations:
                yield operation
            token = page.get("nextPageToken", "")
            if not token:
                return
        raise Upstream("google: the list of batches has no end")

    async def _get(self, batch: str) -> Mapping[str, Any]:
        found = await self._json("GET", batch)
        if not isinstance(found.get("name"), str) or not isinstance(found.get("metadata"), Mapping):
            raise Upstream("google: the reply was no batch")
        return found

    async def _json(self, method: str, path: str, **query: str | int) -> Mapping[str, Any]:
        genai = (await self._provider.connect())[0]
        with _named(genai, read):
            value = await self._provider.json(method, path, timeout_s=READ_S, **query)
            if not isinstance(value, Mapping):
                raise Unanswered("google: the reply was no object")
            return value


def _batch(operation: Json) -> tuple[str, str, datetime]:
    """Name, our mark, and when it was made. Raises Unanswered: it is none."""
    metadata = operation.get("metadata") if isinstance(operation, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(operation.get("name"), str):
        raise Unanswered("google: the reply was no list of batches")
    created = datetime.fromisoformat(str(metadata.get("createTime")))
    return operation["name"], str(metadata.get("displayName", "")), created.replace(tzinfo=created.tzinfo or UTC)


def _state(batch: Mapping[str, Any]) -> str:
    return str(batch["metadata"].get("state", "")).removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")


def _outcomes(batch: Mapping[str, Any], calls: Sequence[str]) -> Iterator[tuple[str, Raw | CidError]]:
    responses = _responses(batch)
    marks = [_mark(response) for response in responses]
    if not any(marks) and len(responses) == len(calls):
        marks = list(calls)
    for mark, response in zip(marks, responses, strict=True):
        if mark:
            yield mark, _outcome(response)


def _responses(batch: Mapping[str, Any]) -> list[Json]:
    """They stand in the batch's own description, and once it is done in the operation's response too."""
    for holder in (batch["metadata"].get("output"), batch.get("response")):
        inlined = holder.get("inlinedResponses") if isinstance(holder, Mapping) else None
        responses = inlined.get("inlinedResponses") if isinstance(inlined, Mapping) else None
        if isinstance(responses, list):
            return responses
    if _state(batch) in {"SUCCEEDED", "PARTIALLY_SUCCEEDED"}:
        raise Upstream("google: the batch has no responses")
    return []


def _mark(response: Json) -> str:
    metadata = response.get("metadata") if isinstance(response, Mapping) else None
    return str(metadata.get(_MARK, "")) if isinstance(metadata, Mapping) else ""


def _outcome(response: Mapping[str, Any]) -> Raw | CidError:
    error = response.get("error")
    if isinstance(error, Mapping):
        return _failure(error)
    try:
        return raw(response.get("response"))
    except Unanswered as unreadable:
        return unreadable


def _failure(error: Mapping[str, Any]) -> CidError:
    code = error.get("code")
    what = f"google: {code} {error.get('status') or ''} in its batch".replace("  ", " ")
    if code in _AGAIN:
        return undone(what)
    return Misconfigured(what) if code in _KEY else BadReply(what)


def _of_all(batch: Mapping[str, Any], state: str) -> CidError:
    error = batch.get("error")
    if state == "FAILED" and isinstance(error, Mapping):
        return _failure(error)
    return undone(f"google: its batch has {state.lower()}")


def _named(genai: Any, meaning: Meaning) -> AbstractContextManager[None]:
    return named("google", genai.errors.APIError, refused, meaning)
