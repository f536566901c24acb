"""A WordPress as we come in: where its REST API is, with what right, and what its refusals mean.

https://developer.wordpress.org/rest-api/ : Basic authentication with an application password (core 5.6), `/wp-json`, or
`?rest_route=` where permalinks are plain. Codes are those of wp-includes/rest-api.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from cid.channels.json_api import JsonApi, Reply, message
from cid.domain.errors import Refused, Unanswered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cid.domain.llm import Json
    from cid.domain.publication import Channel
    from cid.ports import Http, Vault

CREDENTIALS = frozenset(
    {
        "incorrect_password",
        "invalid_username",
        "invalid_email",
        "invalid_application_password",
        "application_passwords_disabled",
        "application_passwords_disabled_for_user",
    }
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REFUSALS = frozenset({400, 401, 403, 404})
PRETTY, PLAIN = "/wp-json", "/?rest_route="
KNOWN = 1000
"""Sites whose way in is remembered by a process."""


class WordPressSites:
    """Remembers which form of address each site answers at."""

    def __init__(self, http: Http, vault: Vault, *, request_s: float) -> None:
        self._http = http
        self._vault = vault
        self._request_s = request_s
        self._forms: dict[str, str] = {}

    async def enter(self, channel: Channel) -> WordPressSite:
        """Raises Refused, Upstream, Misconfigured."""
        base = _base(channel)
        user = str(channel.config.get("user") or "").strip()
        if not user or not channel.sealed:
            raise Refused(f"{channel.name}: enter the user name and an application password of the WordPress site.")
        if ":" in user:
            raise Refused(f"{channel.name}: a user name with a colon cannot sign in with an application password.")
        password = self._vault.open(channel.sealed, channel.secret_context)
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        api = JsonApi(self._http, channel.name)
        form = self._forms.get(base)
        if form is None:
            form = await self._form(api, base)
            if len(self._forms) >= KNOWN:
                self._forms.clear()
            self._forms[base] = form
        return WordPressSite(api, base, form, secret, self._request_s)

    def forget(self, channel: Channel) -> None:
        """It may answer elsewhere now."""
        self._forms.pop(channel.base_url.rstrip("/"), None)

    async def _form(self, api: JsonApi, base: str) -> str:
        """How its API is addressed: asked without our secret, which a stranger at this address would be given."""
        said: Refused | None = None
        for form in (PRETTY, PLAIN):
            try:
                url = _address(base, form, "/", {"_fields": "namespaces"})
                reply = await api.ask("GET", url, headers={}, takes=REFUSALS, timeout_s=self._request_s)
            except Refused as error:  # a page instead of data: what permalinks make of an address they do not know
                said = error
                continue
            if isinstance(reply.value, dict) and (_speaks(reply.value) or reply.status in {401, 403}):
                return form
        if said is not None and "leads on" in said.public:
            raise said
        raise Refused(
            f"{api.what}: no REST API of a WordPress answers there. Give the address of the site's front page, "
            "without /wp-admin, and see that no plugin, firewall or maintenance page switches /wp-json off."
        )


class WordPressSite:
    """One channel's site, entered."""

    def __init__(self, api: JsonApi, base: str, form: str, secret: str, request_s: float) -> None:
        self._api = api
        self._base = base
        self._form = form
        self._secret = secret
        self._request_s = request_s

    @property
    def name(self) -> str:
        return self._api.what

    async def get(self, route: str, query: Mapping[str, str], takes: Collection[int] = ()) -> Reply:
        return await self._ask("GET", route, takes, query=query)

    async def post(self, route: str, value: Mapping[str, Json], takes: Collection[int] = ()) -> Reply:
        return await self._ask("POST", route, takes, value=dict(value), query={"context": "edit"})

    async def upload(self, route: str, body: bytes, headers: Mapping[str, str], takes: Collection[int]) -> Reply:
        return await self._ask("POST", route, takes, body=body, headers=headers)

    async def delete(self, route: str, takes: Collection[int] = ()) -> Reply:
        """Into the trash."""
        return await self._ask("DELETE", route, takes)

    async def _ask(
        self,
        method: str,
        route: str,
        takes: Collection[int],
        *,
        query: Mapping[str, str] | None = None,
        value: Json = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        reply = await self._api.ask(
            method,
            _address(self._base, self._form, f"/wp/v2{route}", query or {}),
            headers={"Authorization": f"Basic {self._secret}", **(headers or {})},
            value=value,
            body=body,
            takes={*REFUSALS, *takes},
            timeout_s=self._request_s,
        )
        if reply.status in takes:
            return reply
        if reply.status in REFUSALS:
            raise self.refusal(reply)
        return reply

    def refusal(self, reply: Reply) -> Refused:
        """What a refusal means, and what to do about it."""
        known = code(reply)
        said = f" It says: {text}." if (text := message(reply.value)) else ""
        if reply.status == 401 or (known == "rest_invalid_param" and _params(reply) == "status"):
            # only whoever is signed in may ask for what is not public
            return Refused(f"{self.name}: {_unknown(known)}{said}")
        if reply.status == 403 and known in {"rest_cannot_publish", "rest_cannot_create", "rest_cannot_edit"}:
            return Refused(
                f"{self.name}: the user may not publish posts. Give it the role Author or Editor on the site, or enter "
                f"another user.{said}"
            )
        if reply.status == 403 and not known:
            return Refused(
                f"{self.name}: a firewall or security plugin before the site refuses us (403). Let this desk's address "
                "through to /wp-json."
            )
        if reply.status == 404 and known in {"", "rest_no_route"}:
            return Refused(f"{self.name}: its REST API for posts is switched off or not at this address.{said}")
        if reply.status == 400 and known == "rest_invalid_param":
            return Refused(f"{self.name}: refuses the fields {_params(reply)}.{said}")
        return Refused(f"{self.name}: refuses it with status {reply.status} {known}.{said}")


def code(reply: Reply) -> str:
    """A refusal's code; empty where a server before WordPress answered."""
    value = reply.value.get("code") if isinstance(reply.value, dict) else None
    return value if isinstance(value, str) else ""


def record(reply: Reply, site: WordPressSite) -> dict[str, Any]:
    """One thing with its number. Raises Unanswered: a write may have been done whatever came back."""
    if isinstance(reply.value, dict) and isinstance(reply.value.get("id"), int):
        return reply.value
    raise Unanswered(f"{site.name} sends something else than what was asked for: what was done has to be looked up.")


def records(reply: Reply, site: WordPressSite) -> list[dict[str, Any]]:
    """A list of such. Raises Refused."""
    if isinstance(reply.value, list) and all(
        isinstance(row, dict) and isinstance(row.get("id"), int) for row in reply.value
    ):
        return reply.value
    raise Refused(f"{site.name} sends no list where one was asked for: a plugin may change its REST API.")


def _base(channel: Channel) -> str:
    """Raises Refused: a password is not sent where anybody on the way can read it."""
    parts = urlsplit(channel.base_url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Refused(
            f"{channel.name}: give the site's https address. Over http the password could be read on its way."
        )
    return channel.base_url.rstrip("/")


def _address(base: str, form: str, route: str, query: Mapping[str, str]) -> str:
    asked = urlencode(query)
    if form == PLAIN:
        return f"{base}{form}{quote(route)}" + (f"&{asked}" if asked else "")
    return f"{base}{form}{quote(route)}" + (f"?{asked}" if asked else "")


def _speaks(index: Mapping[str, Any]) -> bool:
    spaces = index.get("namespaces")
    return isinstance(spaces, list) and "wp/v2" in spaces


def _unknown(known: str) -> str:
    if known in CREDENTIALS:
        return (
            "the user name or the application password is not accepted. Make a new one on the site, in the user's "
            "profile under Application Passwords, and enter it here."
        )
    return (
        "it does not see who we are. The application password may be wrong or withdrawn: make a new one in the user's "
        "profile there. Or its web server strips the Authorization header (Apache: SetEnvIf Authorization "
        '"(.*)" HTTP_AUTHORIZATION=$1; nginx: fastcgi_pass_header Authorization). Or a plugin switches application '
        "passwords off."
    )


def _params(reply: Reply) -> str:
    data = reply.value.get("data") if isinstance(reply.value, dict) else None
    params = data.get("params") if isinstance(data, dict) else None
    return ", ".join(str(name)[:40] for name in params) if isinstance(params, dict) else "it does not name"
