"""The application: made from the table of routes, with what surrounds every request."""

from __future__ import annotations

import hashlib
import mimetypes
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from cid.domain.errors import Conflict, Deferred, Missing, NotFound, Refused, Unknown, Upstream
from cid.domain.ids import uuid7
from cid.domain.images import MOST_BYTES
from cid.domain.tenants import Permission
from cid.web import doors, forms
from cid.web.api import openapi, problems
from cid.web.api.dispatch import dispatch
from cid.web.api.routes import API
from cid.web.doors import Forbidden
from cid.web.keys import ASSETS, PAGES, RENEWED, REQUEST_ID, SERVICES, SITE, Asset, Site, services, visit
from cid.web.measured import MEASURED, Measured, measuring
from cid.web.render import environment, page
from cid.web.routes import ROUTES, Door, Route
from cid.web.views import Problem
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp.typedefs import Handler

    from cid.services import Services

log = structlog.get_logger("cid.web")
STATIC = Path(__file__).parent / "static"
# Nothing inline, nothing from elsewhere; a page that needs more says so itself.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # not no-referrer: with that, browsers send `Origin: null` with our own forms
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
FORM_BYTES = 1 << 20
LARGE = {"draft_picture_own": MOST_BYTES + (64 << 10)}
"""Forms that may be larger, by their route: a file and what is said of it."""


def make_app(sv: Services, *, https: bool | None = None, trusted_proxies: Iterable[str] = ()) -> web.Application:
    """The whole web side over `sv`.

    `https`: whether people reach it by https, which decides about the cookie; as the base address says, if not told.
    """
    app = web.Application(middlewares=[named, told, known], client_max_size=FORM_BYTES)
    own = urlsplit(sv.base_url)
    assets = _assets()
    app[SERVICES] = sv
    app[SITE] = Site(
        https=own.scheme == "https" if https is None else https,
        origin=f"{own.scheme}://{own.netloc}",
        trusted=tuple(ip_network(network) for network in trusted_proxies),
    )
    app[ASSETS] = assets
    app[MEASURED] = Measured()
    app.cleanup_ctx.append(measuring)
    app[PAGES] = environment(assets)
    app.on_response_prepare.append(_headers)
    for route in ROUTES:
        handler = _dispatch(route)
        app.router.add_route(route.method, route.path, handler, name=route.name)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler)
    _add_api(app)
    return app


def _add_api(app: web.Application) -> None:
    """What programs use, and its description, which is for anybody to read."""
    description = openapi.described(API)

    async def described(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=description, content_type="application/json")

    app.router.add_get("/api/openapi.json", described)
    for endpoint in API:
        app.router.add_route(endpoint.method, endpoint.route, dispatch(endpoint))


def _dispatch(route: Route) -> Handler:
    """Who it is, whether they may, what was posted; then the route's own handler."""

    async def dispatched(request: web.Request) -> web.StreamResponse:
        if route.permission is not Door.ANYBODY and visit(request) is None:
            raise doors.to_sign_in(request)
        if isinstance(route.permission, Permission):
            doors.admit(request, route.permission)
        if route.permission is Door.ADMIN:
            doors.admit_admin(request)
        if route.form is None:
            return await route.handler(request)
        return await route.handler(request, forms.read(route.form, await doors.posted(request)))

    return dispatched


@web.middleware
async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A name for the request, in its log lines and on its error page."""
    if request.match_info.route.name in LARGE:
        request = request.clone(client_max_size=LARGE[request.match_info.route.name])
    request[REQUEST_ID] = uuid7(services(request).clock.now()).hex
    with structlog.contextvars.bound_contextvars(request=request[REQUEST_ID]):
        return await handler(request)


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Failures become pages that say what to do; this is the one place that catches what nobody foresaw."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _refused(request, error)
    except Refused as error:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 422)
        return _problem(request, status, error.public)
    except Deferred as error:
        wait = error.until - services(request).clock.now()
        return _problem(request, 429, str(error), retry_s=max(1, round(wait.total_seconds())))
    except Upstream as error:
        log.warning("request.upstream", error=str(error))
        return _problem(request, 503, _("Something the desk needs does not answer. Nothing was changed."), retry_s=5)
    except Exception:
        log.exception("request.failed", method=request.method, route=_route(request))
        return _problem(request, 500, _("This is a defect of the desk, and it was written to its log."))


@web.middleware
async def known(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whose request it is, and whether a page of ours sent it."""
    if request.path.startswith("/r/"):
        doors.same_page(request)  # a link acts as its holder, whoever else is signed in here
    elif not (request.path.startswith(NAMELESS) or problems.ours(request)):
        await doors.recognise(request)
        await doors.same_site(request)
    return await handler(request)


NAMELESS = ("/static/", "/livez", "/readyz", "/u/")
"""Where nobody is anybody. What ends a digest is posted by mail programs: the address itself says all that counts."""
STATUSES = ((NotFound, 404), (Conflict, 409), (Forbidden, 403), (Unknown, 400), (Missing, 501))
HTTP_WORDS = {
    404: _("There is no such page."),
    405: _("This address takes another kind of request."),
    413: _("That is more than the desk takes at once."),
}
TITLES = {
    403: _("Not for you to do"),
    404: _("Not found"),
    409: _("Somebody was first"),
    413: _("Too large"),
    422: _("That did not work"),
    429: _("Too many attempts"),
    500: _("The desk made a mistake"),
    501: _("Not installed here"),
    503: _("Not available right now"),
}


def _problem(request: web.Request, status: int, sentence: str, *, retry_s: int | None = None) -> web.Response:
    if problems.ours(request):
        return problems.of_status(request, status, sentence, retry_s=retry_s)
    title = TITLES.get(status, _("That did not work"))
    response = page(
        request, "problem.html", Problem(status=status, title=title, sentence=sentence, retry_s=retry_s), status
    )
    if retry_s is not None:
        response.headers["Retry-After"] = str(retry_s)
    return response


def _refused(request: web.Request, error: web.HTTPException) -> web.Response:
    if not (isinstance(error, web.HTTPMethodNotAllowed) and problems.ours(request)):
        return _problem(request, error.status, HTTP_WORDS.get(error.status, error.reason))
    allowed = ", ".join(sorted(error.allowed_methods))
    said = f"{error.method} is not for this address."
    return problems.answer(request, problems.Trouble("method_not_allowed", said, headers={"Allow": allowed}))


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    """At the last moment, so that redirects and errors carry them too; what a page set itself stays."""
    if RENEWED in request:
        doors.give_cookie(request, response, request[RENEWED])
        # the cookies that a response has were written into its headers before we are asked
        response.headers.add("Set-Cookie", response.cookies[doors.cookie_name(request.app[SITE])].OutputString())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.app[SITE].https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def _assets() -> Mapping[str, Asset]:
    found = {}
    for path in sorted(STATIC.iterdir()):
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        found[path.name] = Asset(body=body, content_type=kind, version=hashlib.sha256(body).hexdigest()[:16])
    return found


def _route(request: web.Request) -> str:
    """The address with names for its parts: the parts themselves may be secrets."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "(none)"
