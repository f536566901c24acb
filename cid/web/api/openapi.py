"""The description of the API (OpenAPI 3.1), made of the table of its addresses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import cid
from cid.domain.export import MIMES, File
from cid.domain.programs import NEEDS, Scope
from cid.web.api import shapes
from cid.web.api.endpoint import Endpoint, Nothing
from cid.web.api.problems import CONTENT_TYPE, KINDS

ALWAYS = ("bad_request", "unauthorized", "forbidden", "too_many_requests", "internal", "unavailable")
OF_CHANGES = ("conflict", "too_large", "unsupported_media_type", "unprocessable")
OF_FILES = ("not_installed",)
RATE = {
    "RateLimit-Policy": "How much a token may ask (draft-ietf-httpapi-ratelimit-headers).",
    "RateLimit": "What is left of it, and in how many seconds all of it is back.",
}


def described(endpoints: Iterable[Endpoint]) -> str:
    table = list(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        paths.setdefault(f"/api/v1{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint)
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "Content Intelligence Desk",
            "version": cid.__version__,
            "description": "One token belongs to one person in one tenant; everything asked is of that tenant. "
            "Ids are UUIDs. Lists go on with `cursor`, which is the `next` of the page before.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(endpoint) for endpoint in table)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Scopes: "
                    + ", ".join(f"`{scope}` (needs {NEEDS[scope].value})" for scope in Scope)
                    + ". What the token's person may not do now, it may not do either.",
                }
            },
            "headers": {name: {"description": said, "schema": {"type": "string"}} for name, said in RATE.items()},
            "responses": {name: _problem(name) for name in KINDS},
            "schemas": _schemas(table),
        },
    }
    return json.dumps(made, ensure_ascii=False)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    content = _content(endpoint.answer)
    errors = [*ALWAYS, *(["not_found"] if "{" in endpoint.path or endpoint.method == "POST" else [])]
    errors += OF_FILES if endpoint.answer is File else ()
    errors += OF_CHANGES if endpoint.method == "POST" else ()
    made: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [_tag(endpoint)],
        "summary": endpoint.about.partition(".")[0],
        "description": endpoint.about + (f" Scope: `{endpoint.scope}`." if endpoint.scope else ""),
        "parameters": [*_of_path(endpoint), *_of_query(endpoint), *_of_key(endpoint)],
        "responses": {
            str(endpoint.status): {"description": "Done.", "headers": _rate(), "content": content},
            **{str(KINDS[name].status): {"$ref": f"#/components/responses/{name}"} for name in errors},
        },
    }
    if endpoint.method == "POST":
        body = {"application/json": {"schema": shapes.schema_of(endpoint.body)}}
        made["requestBody"] = {"required": endpoint.body is not Nothing, "content": body}
    return made


def _content(answer: type) -> dict[str, Any]:
    """By kind: a file is whatever of them was asked for."""
    if answer is not File:
        return {"application/json": {"schema": shapes.schema_of(answer)}}
    kinds = dict.fromkeys(mime.partition(";")[0] for mime in MIMES.values())
    return {kind: {"schema": {} if kind.endswith("json") else {"type": "string"}} for kind in kinds}


def _tag(endpoint: Endpoint) -> str:
    return endpoint.path.split("/")[1]


def _of_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": shapes.schema_of(UUID)} for name in names]


def _of_query(endpoint: Endpoint) -> list[dict[str, Any]]:
    made = []
    for spec, hint in shapes.fields_of(endpoint.query):
        schema = shapes.field_schema(spec, hint, asked=True)
        said = schema.pop("description", "")
        schema = schema["anyOf"][0] if "anyOf" in schema else schema  # what is not given is not null
        schema.pop("default", None)
        made.append(
            {"name": spec.name.rstrip("_"), "in": "query", "required": False, "description": said, "schema": schema}
        )
    return made


def _of_key(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.method == "GET":
        return []
    said = (
        "A text of yours, new for everything that is to be done once. The same request under the same key is answered "
        "the same for 24 hours (`Idempotency-Replayed: true`); another request under it is refused with 422, and while "
        "the first is under way with 409."
    )
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": said, "schema": schema}]


def _rate() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in RATE}


def _problem(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    headers: dict[str, Any] = {} if name == "unauthorized" else _rate()
    if name in {"too_many_requests", "unavailable"}:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
    if name == "unauthorized":
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": kind.about, "headers": headers, "content": content}


def _schemas(table: Iterable[Endpoint]) -> dict[str, Any]:
    answered = {kind for endpoint in table if endpoint.answer is not File for kind in shapes.inside(endpoint.answer)}
    asked = {kind for endpoint in table if endpoint.method == "POST" for kind in shapes.inside(endpoint.body)}
    if both := answered & asked - {Nothing}:
        raise TypeError(f"{both} is asked and answered: what may be left out differs")
    names = Counter(kind.__name__ for kind in answered | asked)
    if twice := [name for name, count in names.items() if count > 1]:
        raise TypeError(f"two things are called {twice[0]}: one would describe the other")
    made = {kind.__name__: shapes.component(kind, asked=False) for kind in answered}
    made |= {kind.__name__: shapes.component(kind, asked=True) for kind in asked}
    made["Problem"] = _PROBLEM
    return dict(sorted(made.items()))


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference", "description": "Named in the desk's log."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Into the body (RFC 6901)."},
                    "parameter": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
