"""A double of OpenAI's files and batches on loopback: a file goes in, and two come out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from openai.types import Batch, FileObject

from tests.batch_vendor import Made, Vendor, serve
from tests.gpt import Gpt
from tests.vendor import Double

_STATES = {"running": "in_progress", "ended": "completed"}
_ENDPOINT = "/v1/chat/completions"


@asynccontextmanager
async def batch_gpt() -> AsyncIterator[Vendor]:
    vendor = Vendor(Double(Gpt()))
    files: dict[str, list[dict[str, Any]]] = {}

    async def upload(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        lines = [json.loads(line) for line in file.file.read().splitlines()]
        for line in lines:
            good = set(line) == {"custom_id", "method", "url", "body"} and line["url"] == _ENDPOINT
            vendor.wrong += [] if good and form["purpose"] == "batch" else [f"a wrong line {sorted(line)}"]
        id_ = f"file-{len(files) + 1}"
        files[id_] = lines
        return web.json_response(
            _judged(
                FileObject,
                {
                    "id": id_,
                    "object": "file",
                    "bytes": 1,
                    "created_at": int(vendor.now.timestamp()),
                    "filename": file.filename,
                    "purpose": "batch",
                    "status": "processed",
                },
            )
        )

    async def create(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        good = body["endpoint"] == _ENDPOINT and body["completion_window"] == "24h"
        vendor.wrong += [] if good else [f"a wrong batch {sorted(body)}"]
        lines = files[body["input_file_id"]]
        (model,) = {line["body"]["model"] for line in lines}
        requests = {line["custom_id"]: line["body"] for line in lines}
        batch = vendor.add(request, body["metadata"]["batch"], model, requests)
        return web.json_response(_shown(vendor, batch))

    async def listing(request: web.Request) -> web.StreamResponse:
        newest = [batch.id for batch in reversed(vendor.made)]
        start = newest.index(request.query["after"]) + 1 if "after" in request.query else 0
        ids = newest[start : start + min(vendor.page, int(request.query["limit"]))]
        rows = [_shown(vendor, batch) for id_ in ids if (batch := vendor.get(id_))]
        return web.json_response({"object": "list", "data": rows, "has_more": start + len(ids) < len(newest)})

    async def retrieve(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        return web.json_response(_shown(vendor, batch)) if batch else vendor.answer(404)

    async def cancel(request: web.Request) -> web.StreamResponse:
        batch = vendor.get(request.match_info["id"])
        if batch is None or batch.state != "running":
            return vendor.answer(409 if batch else 404)
        batch.state = "cancelling"
        return web.json_response(_shown(vendor, batch))

    async def content(request: web.Request) -> web.StreamResponse:
        kind, _, id_ = request.match_info["id"].partition("-of-")
        batch = vendor.get(id_)
        if batch is None:
            return vendor.answer(404)
        lines = [_line(vendor, batch, call) for call in vendor.told(batch)]
        wanted = [line for line in lines if (kind == "output") is _good(line)]
        return web.Response(body="".join(f"{json.dumps(line)}\n" for line in wanted).encode())

    routes = [
        web.post("/v1/files", upload),
        web.get("/v1/files/{id}/content", content),
        web.post("/v1/batches", create),
        web.get("/v1/batches", listing),
        web.get("/v1/batches/{id}", retrieve),
        web.post("/v1/batches/{id}/cancel", cancel),
    ]
    async with serve(vendor, routes):
        yield vendor


def _judged(kind: Any, value: dict[str, Any]) -> dict[str, Any]:
    kind.model_validate(value)
    return value


def _shown(vendor: Vendor, batch: Made) -> dict[str, Any]:
    over = batch.state not in {"running", "cancelling", "failed"}
    lines = [_line(vendor, batch, call) for call in vendor.told(batch)] if over else []
    errors = {"object": "list", "data": [{"code": "invalid_json_line", "line": 1, "message": "no", "param": None}]}
    return _judged(
        Batch,
        {
            "id": batch.id,
            "object": "batch",
            "endpoint": _ENDPOINT,
            "input_file_id": "file-1",
            "completion_window": "24h",
            "created_at": int(batch.created.timestamp()),
            "status": _STATES.get(batch.state, batch.state),
            "metadata": {"batch": batch.key},
            # A file that would be empty is not made.
            "output_file_id": f"output-of-{batch.id}" if any(map(_good, lines)) else None,
            "error_file_id": f"error-of-{batch.id}" if not all(map(_good, lines)) else None,
            "errors": errors if batch.state == "failed" else None,
            "request_counts": {"total": len(batch.requests), "completed": 0, "failed": 0},
        },
    )


def _good(line: dict[str, Any]) -> bool:
    return bool(line["response"] and line["response"]["status_code"] == 200)


def _line(vendor: Vendor, batch: Made, call: str) -> dict[str, Any]:
    line: dict[str, Any] = {"id": f"batch_req_{call}", "custom_id": call, "response": None, "error": None}
    outcome = vendor.outcome(batch, call)
    if outcome in {"expired", "cancelled"}:
        return {**line, "error": {"code": f"batch_{outcome}", "message": "no"}}
    if outcome in {"errored", "refused"}:
        status = 500 if outcome == "errored" else 400
        body = {"error": {"message": "no", "type": "x", "param": None, "code": None}}
        return {**line, "response": {"status_code": status, "request_id": "r", "body": body}}
    return {**line, "response": {"status_code": 200, "request_id": "r", "body": vendor.reply(batch, call)}}
