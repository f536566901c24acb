"""Failures as RFC 9457 has them: application/problem+json, for everything under /api."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.web.keys import REQUEST_ID

if TYPE_CHECKING:
    from cid.web.api.shapes import Wrong

PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str
    about: str
    """For whoever reads the description."""


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, "Not understood", "The body is no JSON, or a parameter is none that is known here."),
    "unauthorized": Kind(401, "No token", "There is no token, or it lets nobody in (any more)."),
    "forbidden": Kind(403, "Not for this token", "The token lacks the scope, or its person the role."),
    "not_found": Kind(404, "Not found", "There is no such thing for this tenant."),
    "method_not_allowed": Kind(405, "Another method", "The address takes other methods: `Allow` names them."),
    "conflict": Kind(
        409,
        "Somebody was first",
        "What was decided on is not what is stored any more, or the same request is under way.",
    ),
    "too_large": Kind(413, "Too large", "The body is larger than 1 MiB."),
    "unsupported_media_type": Kind(415, "Not JSON", "The body is not `application/json`."),
    "unprocessable": Kind(422, "That does not work", "The body says something that cannot be; `errors` says what."),
    "too_many_requests": Kind(429, "Too many requests", "`Retry-After` says when the next one counts."),
    "internal": Kind(500, "A defect of the desk", "It was written to its log under `instance`."),
    "not_installed": Kind(501, "Not installed here", "This desk lacks an optional part; the detail names it."),
    "unavailable": Kind(503, "Not available right now", "Something that the desk needs does not answer."),
}
BY_STATUS = {kind.status: name for name, kind in KINDS.items()}


class Trouble(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        wrong: Sequence[Wrong] = (),
        query: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`query`: what is wrong is in the address."""
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.wrong = wrong
        self.query = query
        self.headers = headers


def ours(request: web.Request) -> bool:
    """Whether whoever asks is a program."""
    return request.path.startswith(PREFIX) or request.path == PREFIX.rstrip("/")


def answer(request: web.Request, trouble: Trouble) -> web.Response:
    kind = KINDS[trouble.kind]
    said: dict[str, object] = {
        "type": f"/api/openapi.json#/components/responses/{trouble.kind}",
        "title": kind.title,
        "status": kind.status,
        "detail": trouble.detail,
        "instance": f"urn:request:{request.get(REQUEST_ID, '')}",
    }
    if trouble.wrong:
        named = "parameter" if trouble.query else "pointer"
        said["errors"] = [{named: one.at, "detail": one.why} for one in trouble.wrong]
    text = json.dumps(said, ensure_ascii=False)
    body = text.encode("utf-8", "replace")  # what is told of a request may hold halves of characters
    response = web.Response(body=body, status=kind.status, content_type=CONTENT_TYPE)
    response.headers.update(trouble.headers or {})
    return response


def of_status(request: web.Request, status: int, sentence: str, *, retry_s: int | None = None) -> web.Response:
    """For what the pages' own edge caught."""
    kind = BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
    headers = {"Retry-After": str(retry_s)} if retry_s is not None else None
    return answer(request, Trouble(kind, sentence, headers=headers))
