"""A double of the Message Batches API on loopback. The SDK's own types judge what it is sent and what it says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from anthropic.types.messages import MessageBatchIndividualResponse
from pydantic import TypeAdapter

from tests.batch_vendor import Made, Vendor, serve
from tests.claude import Claude
from tests.vendor import Double

_LINE: TypeAdapter[Any] = TypeAdapter(MessageBatchIndividualResponse)


@asynccontextmanager
async def batch_claude() -> AsyncIterator[Vendor]:
    vendor = Vendor(Double(Claude()))

    async def create(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        for one in body["requests"]:
            vendor.wrong += [] if set(one) == {"custom_id", "params"} else [f"unknown {sorted(one)}"]
        requests = {one["custom_id"]: one["params"] for one in body["requests"]}
        return web.json_response(_shown(vendor, vendor.add(request, "", "", requests)))

    async def listing(request: web.Request) -> web.StreamResponse:
        newest = [batch.id for batch in reversed(vendor.made)]
        start = newest.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
        ids = newest[start : start + min(vendor.page, int(request.query.get("limit", "20")))]
        return web.json_response(
            {
                "data": [_shown(vendor, batch) for id_ in ids if (batch := vendor.get(id_))],
                "has_more": start + len(ids) < len(newest),
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        )

    async def retrieve(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        return web.json_response(_shown(vendor, batch)) if batch else vendor.answer(404)

    async def cancel(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        if batch is None or batch.state != "running":
            return vendor.answer(400 if batch else 404)
        batch.state = "cancelling"
        return web.json_response(_shown(vendor, batch))

    async def results(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        if batch is None or batch.state in {"running", "cancelling"}:
            return vendor.answer(404)
        lines = [json.dumps(_line(vendor, batch, call)) for call in vendor.told(batch)]
        return web.Response(body="".join(f"{line}\n" for line in lines).encode(), content_type="application/binary")

    routes = [
        web.post("/v1/messages/batches", create),
        web.get("/v1/messages/batches", listing),
        web.get("/v1/messages/batches/{id}", retrieve),
        web.post("/v1/messages/batches/{id}/cancel", cancel),
        web.get("/v1/messages/batches/{id}/results", results),
    ]
    async with serve(vendor, routes):
        yield vendor


def _shown(vendor: Vendor, batch: Made) -> dict[str, Any]:
    """Until all has ended, every request counts as being worked on."""
    ended = batch.state not in {"running", "cancelling"}
    counts = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    for call in batch.requests:
        counts[_result(vendor, batch, call)["type"] if ended else "processing"] += 1
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else {"cancelling": "canceling"}.get(batch.state, "in_progress"),
        "request_counts": counts,
        "created_at": batch.created.isoformat(),
        "ended_at": batch.created.isoformat() if ended else None,
        "expires_at": (batch.created + timedelta(days=1)).isoformat(),
        "archived_at": None,
        "cancel_initiated_at": None,
        # Where nobody listens: the key has no business at an address that an answer names.
        "results_url": f"http://127.0.0.1:9/{batch.id}/results" if ended else None,
    }


def _line(vendor: Vendor, batch: Made, call: str) -> dict[str, Any]:
    line = {"custom_id": call, "result": _result(vendor, batch, call)}
    if vendor.outcomes.get(call) != "garbled":
        _LINE.validate_python(line)
    return line


def _result(vendor: Vendor, batch: Made, call: str) -> dict[str, Any]:
    outcome = vendor.outcome(batch, call)
    if outcome in {"expired", "cancelled"}:
        return {"type": outcome.replace("cancelled", "canceled")}
    if outcome in {"errored", "refused"}:
        kind = "api_error" if outcome == "errored" else "invalid_request_error"
        return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "no"}}}
    return {"type": "succeeded", "message": vendor.reply(batch, call)}
