"""Who comes in, as what, and whether they may do this here."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.tenants import Actor, Permission
from cid.flows import signin
from cid.store import sessions
from cid.text.tokens import token_hash
from cid.web import words
from cid.web.keys import ACTOR, ADMIN, RENEWED, SITE, VISIT, Visit, services, visit

if TYPE_CHECKING:
    from cid.web.keys import Site

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Forbidden(Refused):
    """The door is there, but not for this person."""


def cookie_name(site: Site) -> str:
    """Browsers take a cookie of that prefix only over https, for this host alone and for all paths."""
    return "__Host-sid" if site.https else "sid"


def give_cookie(request: web.Request, response: web.StreamResponse, token: str) -> None:
    site = request.app[SITE]
    response.set_cookie(
        cookie_name(site), token, max_age=7 * 86400, path="/", httponly=True, secure=site.https, samesite="Lax"
    )


def take_cookie(request: web.Request, response: web.StreamResponse) -> None:
    site = request.app[SITE]
    response.del_cookie(cookie_name(site), path="/", httponly=True, secure=site.https, samesite="Lax")


async def recognise(request: web.Request) -> None:
    """Look the session up, if the request brings one that still counts."""
    token = request.cookies.get(cookie_name(request.app[SITE]))
    if not token:
        return
    sv = services(request)
    hashed = token_hash(token)
    async with sv.platform.read() as tx:
        session = await sessions.visit(tx, hashed)
    if session is None:
        return
    slug = request.match_info.get("tenant")
    unseen = next((m for m in session.memberships if m.unseen and m.tenant.slug == slug), None)
    if session.stale or unseen:
        async with sv.platform.tx() as tx:
            await sessions.touch(tx, hashed)
            if unseen:
                await sessions.here(tx, unseen.tenant.id, session.user.id)
    if session.renew and request.method == "GET":
        fresh = await signin.renewed(sv, token)
        if fresh:  # else another request was first, and its answer brings the new one
            token = request[RENEWED] = fresh
    request[VISIT] = Visit(user=session.user, token=token, csrf=session.csrf, memberships=session.memberships)


def admit(request: web.Request, permission: Permission) -> Actor:
    """The person as a member of the tenant in the address.

    Raises NotFound for a tenant that is not theirs, which is all a stranger may learn; Forbidden for a role too small.
    """
    here = visit(request)
    slug = request.match_info["tenant"]
    member = next((m for m in here.memberships if m.tenant.slug == slug), None) if here else None
    if here is None or member is None:
        raise NotFound
    actor = Actor(user=here.user, tenant=member.tenant, role=member.role)
    request[ACTOR] = actor
    if not actor.may(permission):
        raise Forbidden(
            words._("This is for the role {needed}; in {tenant} you are {role}.").format(
                needed=words.NEEDS[permission], tenant=member.tenant.name, role=words.ROLES[member.role]
            )
        )
    return actor


def admit_admin(request: web.Request) -> None:
    """Let in who runs the desk. Raises NotFound for everybody else, an owner of a tenant too."""
    here = visit(request)
    if here is None or not here.user.admin:
        raise NotFound
    request[ADMIN] = here.user


def to_sign_in(request: web.Request) -> web.HTTPSeeOther:
    """Ask who it is, and lead back here afterwards."""
    return web.HTTPSeeOther(f"/sign-in?next={quote(request.path_qs, safe='')}")


def local(target: str) -> str | None:
    """`target` when it leads to a page of this desk: two slashes at its start, of either kind, lead to other hosts."""
    if not target.startswith("/") or target[1:2] in {"/", "\\"} or any(c < " " for c in target):
        return None
    return target


async def same_site(request: web.Request) -> None:
    """Refuse a change that another site made this browser ask for.

    What browsers say about where a form came from is checked first, then the session's own token. Raises Forbidden.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin", "none"}:
        raise Forbidden(words._("This form came from another site. Open the page here and try again."))
    if origin is not None and origin not in _origins(request):
        raise Forbidden(
            words._(
                "This form came from {origin}, but the desk answers at {own}: set CID_BASE_URL to the address you use."
            ).format(origin=origin[:100], own=request.app[SITE].origin)
        )
    here = visit(request)
    if here is None:
        if site is None and origin is None:
            raise Forbidden(words._("Nothing says where this form came from."))
        return
    token = (await posted(request)).get("csrf")
    if not isinstance(token, str) or not hmac.compare_digest(token.encode("utf-8", "replace"), here.csrf.encode()):
        raise Forbidden(words._("This form is from an older session. Go back, reload the page and try again."))


def same_page(request: web.Request) -> None:
    """Refuse a change by a link that no page of ours asked for. Raises Forbidden.

    Who came by a link has no session: what the browser says is checked here, the form's own nonce by whoever reads it.

    A page that tells nobody where it was (`no-referrer`) makes browsers send `Origin: null` with its own forms.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin"} or (origin not in {None, "null"} and origin not in _origins(request)):
        raise Forbidden(words._("This form came from another site. Open the link in your mail and try again."))
    if site is None and origin in {None, "null"}:
        raise Forbidden(words._("Nothing says where this form came from. Sign in to decide."))


async def posted(request: web.Request) -> dict[str, object]:
    """The form's fields, each once. Raises Refused where the body is none."""
    try:
        return dict(await request.post())
    except (ValueError, LookupError) as error:
        raise Refused(words._("The form could not be read.")) from error


def _origins(request: web.Request) -> set[str]:
    """Ours, and on this very machine whatever name of it was used."""
    ours = {request.app[SITE].origin}
    host = urlsplit(f"//{request.host}").hostname or ""
    if host == "localhost" or _loopback(host):
        ours.add(f"http://{request.host}")
    return ours


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def client_address(request: web.Request) -> str:
    """Who is at the other end. X-Forwarded-For counts only as far back as proxies of ours wrote it."""
    address = request.remote or ""
    trusted = request.app[SITE].trusted
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    while hops and _among(address, trusted):
        address = hops.pop()
    return address


def _among(address: str, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
