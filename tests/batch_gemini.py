"""A double of Gemini's batches on loopback: operations whose description says how they stand, and inlined responses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.batch_vendor import Made, Vendor, serve
from tests.gemini import Gemini
from tests.vendor import Double

_STATES = {"ended": "SUCCEEDED", "cancelling": "RUNNING"}
_ERRORS = {"errored": 13, "refused": 3, "expired": 4, "cancelled": 1}


@asynccontextmanager
async def batch_gemini() -> AsyncIterator[Vendor]:
    vendor = Vendor(Double(Gemini()), "batches/")

    async def create(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())["batch"]
        inlined = body["inputConfig"]["requests"]["requests"]
        for one in inlined:
            vendor.wrong += [] if set(one) == {"request", "metadata"} else [f"unknown {sorted(one)}"]
        requests = {one["metadata"]["call"]: one["request"] for one in inlined}
        batch = vendor.add(request, body["displayName"], request.match_info["model"], requests)
        return web.json_response(_shown(vendor, batch))

    async def listing(request: web.Request) -> web.StreamResponse:
        """In no order that is promised, and an empty one is an empty object."""
        start, size = (
            int(request.query.get("pageToken", "0")),
            min(vendor.page, int(request.query.get("pageSize", "50"))),
        )
        rows = [_shown(vendor, batch) for batch in vendor.made[start : start + size]]
        more = {"nextPageToken": str(start + size)} if start + size < len(vendor.made) else {}
        return web.json_response({**({"operations": rows} if rows else {}), **more})

    async def retrieve(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        return web.json_response(_shown(vendor, batch)) if batch else vendor.answer(404)

    async def cancel(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        if batch is None or batch.state != "running":
            return vendor.answer(400 if batch else 404)
        batch.state = "cancelling"
        return web.json_response({})

    routes = [
        web.post("/v1/models/{model}:batchGenerateContent", create),
        web.get("/v1/batches", listing),
        web.get("/v1/batches/{id}", retrieve),
        web.post("/v1/batches/{id}:cancel", cancel),
    ]
    async with serve(vendor, routes):
        yield vendor


def _shown(vendor: Vendor, batch: Made) -> dict[str, Any]:
    state = _STATES.get(batch.state, batch.state.upper())
    running = batch.state in {"running", "cancelling"}
    metadata: dict[str, Any] = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "name": batch.id,
        "model": f"models/{batch.model}",
        "displayName": batch.key,
        "createTime": batch.created.isoformat().replace("+00:00", ".123456789Z"),
        "state": f"BATCH_STATE_{state}",
        "batchStats": {"requestCount": str(len(batch.requests))},
    }
    shown: dict[str, Any] = {"name": batch.id, "metadata": metadata}
    if batch.state == "failed":
        shown["error"] = {"code": 3, "message": "no", "status": "INVALID_ARGUMENT"}
    elif batch.state in {"ended", "cancelled"}:
        responses = [_response(vendor, batch, call) for call in vendor.told(batch)]
        metadata["output"] = {"inlinedResponses": {"inlinedResponses": responses}}
    return shown if running else {**shown, "done": True}


def _response(vendor: Vendor, batch: Made, call: str) -> dict[str, Any]:
    mark = {} if vendor.silent else {"metadata": {"call": call}}
    code = _ERRORS.get(vendor.outcome(batch, call))
    if code:
        # The SDK takes details to be strings, which they are not.
        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"}]
        return {**mark, "error": {"code": code, "message": "no", "details": details}}
    return {**mark, "response": vendor.reply(batch, call)}
