"""From a request to its answer: who comes, at what pace, what is asked, whether it was answered before; the handler.

Cookies are not looked at: what a browser sends by itself opens nothing here, so no other site can make it ask.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiohttp import web

from cid.domain.errors import CidError, Conflict, Deferred, Missing, NotFound, Refused, Unknown, Upstream
from cid.domain.export import File
from cid.domain.programs import BURST, NEEDS, PACE
from cid.flows import tokens
from cid.web import words
from cid.web.api import shapes
from cid.web.api.endpoint import Asked, Endpoint, Nothing
from cid.web.api.problems import Trouble, answer
from cid.web.downloads import download
from cid.web.keys import services

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from cid.domain.programs import Bearer, Meter

REALM = 'Bearer realm="cid"'
LIMIT_POLICY = f'"token";q={BURST};w={round(BURST * PACE.total_seconds())}'
KEY = "Idempotency-Key"
KEY_LIMIT = 255


def dispatch(endpoint: Endpoint) -> Handler:
    async def dispatched(request: web.Request) -> web.StreamResponse:
        try:
            bearer, meter = await _admitted(request)
        except Trouble as trouble:
            return answer(request, trouble)
        try:
            _paced(meter)
            _may(bearer, endpoint)
            response = await _answered(request, endpoint, bearer)
        except Trouble as trouble:
            response = answer(request, trouble)
        except CidError as error:
            response = answer(request, _trouble(request, error))
        response.headers["RateLimit-Policy"] = LIMIT_POLICY
        response.headers["RateLimit"] = f'"token";r={meter.remaining};t={meter.reset_s}'
        return response

    return dispatched


async def _admitted(request: web.Request) -> tuple[Bearer, Meter]:
    said = request.headers.getall("Authorization", [])
    scheme, _space, secret = said[0].partition(" ") if len(said) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        detail = "Send a token: `Authorization: Bearer cid_…`. `cid tokens add` and the page Tokens make one."
        raise Trouble("unauthorized", detail, headers={"WWW-Authenticate": REALM})
    found = await tokens.admit(services(request), secret.strip())
    if found is None:
        detail = "This token lets nobody in. It may be revoked or over, or its person may not come in any more."
        raise Trouble("unauthorized", detail, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})
    return found


def _paced(meter: Meter) -> None:
    if not meter.granted:
        detail = "This token asks faster than it may."
        raise Trouble("too_many_requests", detail, headers={"Retry-After": str(meter.wait_s)})


def _may(bearer: Bearer, endpoint: Endpoint) -> None:
    """The token must have the scope, and its person the role for it at this moment (RFC 6750, section 3.1)."""
    scope = endpoint.scope
    if scope is None:
        return
    if scope not in bearer.scopes:
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
        raise Trouble("forbidden", f"The token lacks {scope}.", headers={"WWW-Authenticate": challenge})
    if not bearer.actor.may(NEEDS[scope]):
        raise Trouble("forbidden", f"{words.ROLES[bearer.actor.role]} may not do this any more.")


async def _answered(request: web.Request, endpoint: Endpoint, bearer: Bearer) -> web.Response:
    try:
        query: Any = shapes.read_query(endpoint.query, list(request.query.items()))
    except shapes.Invalid as invalid:
        raise Trouble("bad_request", "A parameter is wrong.", wrong=invalid.wrong, query=True) from None
    raw = await _body(request, endpoint)
    body = _read(endpoint, raw)
    asked: Asked[Any, Any] = Asked(
        sv=services(request),
        bearer=bearer,
        ids={name: UUID(said) for name, said in request.match_info.items()},
        query=query,
        body=body,
        agent=request.headers.get("User-Agent", "")[:200],
    )
    if endpoint.method == "GET":
        return _done(endpoint, await endpoint.handler(asked))
    return await _once(request, endpoint, asked, raw)


async def _body(request: web.Request, endpoint: Endpoint) -> bytes:
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Trouble("too_large", "The body is larger than 1 MiB.") from None
    if endpoint.method == "GET":
        return b""
    charset = (request.charset or "utf-8").lower()
    if raw and (request.content_type != "application/json" or charset not in {"utf-8", "utf8"}):
        raise Trouble("unsupported_media_type", "Send `Content-Type: application/json`, in UTF-8.")
    return raw


def _read(endpoint: Endpoint, raw: bytes) -> Any:
    if endpoint.method == "GET":
        return Nothing()
    try:
        value = {} if endpoint.body is Nothing and not raw else shapes.parsed(raw)
        return shapes.read(endpoint.body, value)
    except shapes.NotJson as error:
        raise Trouble("bad_request", str(error)) from None
    except shapes.Invalid as invalid:
        raise Trouble("unprocessable", "The body says something that cannot be.", wrong=invalid.wrong) from None


async def _once(request: web.Request, endpoint: Endpoint, asked: Asked[Any, Any], raw: bytes) -> web.Response:
    """Under a key: done once, and answered the same whenever it is asked again."""
    key = request.headers.get(KEY)
    if key is None:
        return _json(endpoint.status, shapes.written(await endpoint.handler(asked)))
    if not 1 <= len(key) <= KEY_LIMIT or not (key.isascii() and key.isprintable()):
        raise Trouble("bad_request", f"An {KEY} has 1 to {KEY_LIMIT} printable ASCII characters.")
    sv, said = asked.sv, hashlib.sha256(b"\0".join([b"POST", request.path.encode(), raw])).digest()
    try:
        begun = await tokens.begin(sv, asked.bearer, key, said)
    except tokens.UnderWay as busy:
        raise Trouble("conflict", busy.public, headers={"Retry-After": "1"}) from None
    if isinstance(begun, tokens.Replay):
        response = _json(begun.status, begun.body)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    try:
        response = await _outcome(request, endpoint, asked)
    except BaseException:  # also a request that is cut off: whoever asks again under this key must not wait for it
        await tokens.release(sv, asked.bearer, key, begun)
        raise
    await tokens.finish(sv, asked.bearer, key, begun, status=response.status, body=response.text or "")
    return response


async def _outcome(request: web.Request, endpoint: Endpoint, asked: Asked[Any, Any]) -> web.Response:
    """What is final is an answer, a refusal too; what may go better next time is raised."""
    try:
        return _json(endpoint.status, shapes.written(await endpoint.handler(asked)))
    except Refused as error:
        return answer(request, _trouble(request, error))


def _done(endpoint: Endpoint, result: Any) -> web.Response:
    return download(result) if isinstance(result, File) else _json(endpoint.status, shapes.written(result))


def _json(status: int, text: str) -> web.Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return web.Response(text=text, status=status, content_type=kind)


_REFUSED = {NotFound: "not_found", Conflict: "conflict", Unknown: "bad_request", Missing: "not_installed"}


def _trouble(request: web.Request, error: CidError) -> Trouble:
    """Raises `error` again where nothing foresaw it."""
    match error:
        case Refused():
            kind = next((kind for cls, kind in _REFUSED.items() if isinstance(error, cls)), "unprocessable")
            return Trouble(kind, error.public)
        case Deferred():
            wait = (error.until - services(request).clock.now()).total_seconds()
            return Trouble("too_many_requests", str(error), headers={"Retry-After": str(max(1, round(wait)))})
        case Upstream():
            said = "Something the desk needs does not answer."
            return Trouble("unavailable", said, headers={"Retry-After": "5"})
    raise error
