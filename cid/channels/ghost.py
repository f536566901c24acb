"""Ghost, by its Admin API v5 with the key of a custom integration.

    GET|POST /ghost/api/admin/posts/ · GET /posts/slug/SLUG/ · PUT /posts/ID/ · POST /images/upload/

(docs.ghost.org/admin-api.) The key is `ID:SECRET`; every request carries a token of its own, signed with the secret's
bytes and good for five minutes, so a clock that is wrong looks like a wrong key. A post is ours when its injected head
names the publication, and its slug ends with eight characters of it. What was changed there after we read it is told by
`updated_at`: 409. A post is mailed to members only where `newsletter` is asked for, which is never done.
"""

from __future__ import annotations

import copy
import re
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import jwt

from cid.channels.json_api import TIMEOUT_S, JsonApi, Reply, message, moment
from cid.domain.errors import Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import time_of
from cid.domain.publication import Note
from cid.ports import Placed, Standing
from cid.render.page import script_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cid.domain.llm import Json
    from cid.domain.publication import Channel
    from cid.ports import Clock, Http, Picture, Sent, Vault

WHAT = "Ghost"
VERSION = "v5.0"
LIFE = timedelta(minutes=4)
"""Of a token: Ghost takes none that is good for more than five minutes."""
SKEW = timedelta(seconds=60)
"""Clocks that differ by more are named as the reason of a refused token."""
KEY = re.compile(r"[0-9a-f]{24}:[0-9a-f]{64}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CARD = re.compile(r"<!--\s*kg-card-(begin|end): html\s*-->")
OURS = re.compile(r"/picture-[0-9a-f]{16}")
"""In the address of a picture that we brought."""
UPLOAD_S = 60.0


class Ghost:
    """Satisfies `ports.Publisher`."""

    def __init__(self, http: Http, vault: Vault, clock: Clock) -> None:
        self.api = JsonApi(http, WHAT)
        self.vault = vault
        self.clock = clock

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=max(TIMEOUT_S, UPLOAD_S))

    async def check(self, channel: Channel) -> Standing:
        door = _Door(self, channel)
        site = (await door.ask("GET", "/site/")).value
        await door.ask("GET", "/posts/?limit=1&fields=id")
        about = site.get("site") if isinstance(site, dict) else None
        if not isinstance(about, dict):
            raise Refused(f"{WHAT} does not say what site this is: check the channel's address.")
        return Standing(account=f"{about.get('title') or channel.base_url} (Ghost {about.get('version') or '?'})")

    async def find(self, sent: Sent) -> Placed | None:
        """What the public can see. A draft there is not yet published."""
        post, _ = await self._found(_Door(self, sent.channel), sent)
        return _placed(post) if post and post.get("status") == "published" else None

    async def publish(self, sent: Sent) -> Placed:
        door = _Door(self, sent.channel)
        post, foreign = await self._found(door, sent)
        if post is None and foreign:
            raise Refused(
                f"A post on {WHAT} that is not ours has the address /{_slug(sent)}/ already. Nothing was published; "
                "somebody has to look at it there."
            )
        if post is None:
            post = await self._created(door, sent)
        return await self._put(door, sent, post, {"status": "published"})

    async def update(self, sent: Sent) -> Placed:
        door = _Door(self, sent.channel)
        post, _ = await self._found(door, sent)
        if post is None or post.get("status") != "published":
            raise NotFound(f"The post is not public on {WHAT} any more: there is nothing to update.")
        return await self._put(door, sent, post, {"status": "published"})

    async def retract(self, sent: Sent) -> None:
        """Made a draft there."""
        door = _Door(self, sent.channel)
        post, _ = await self._found(door, sent)
        if post is not None and post.get("status") != "draft":
            fields = {"status": "draft", "updated_at": post.get("updated_at")}
            reply = await door.write("PUT", f"/posts/{_id(post)}/", fields, takes=(404, 409))
            if reply.status == 409:
                raise Upstream(f"Somebody changes the post on {WHAT} right now.", retry_after=timedelta(seconds=30))

    async def look(self, sent: Sent) -> Sequence[Note]:
        post, _ = await self._found(_Door(self, sent.channel), sent)
        if post is None or post.get("status") != "published":
            return [Note(what="gone", detail=f"The post is not public on {WHAT} any more.")]
        return list(_notes(post, sent))

    async def _found(self, door: _Door, sent: Sent) -> tuple[dict[str, Any] | None, bool]:
        """Ours, published or draft, and else whether somebody else's has its slug."""
        if sent.placed is not None:
            reply = await door.ask("GET", f"/posts/{quote(sent.placed.external_id, safe='')}/?formats=html", (404,))
            if reply.status != 404:
                return _post(reply.value), False
        reply = await door.ask("GET", f"/posts/slug/{_slug(sent)}/?formats=html", (404,))
        if reply.status == 404:
            return None, False
        post = _post(reply.value)
        ours = sent.key in str(post.get("codeinjection_head") or "")
        return (post, False) if ours else (None, True)

    async def _created(self, door: _Door, sent: Sent) -> dict[str, Any]:
        """A draft there, under the address that was asked for."""
        fields = _fields(sent) | {"slug": _slug(sent), "status": "draft"}
        if sent.picture is not None and (address := await door.upload(sent.picture)):
            fields |= _image(sent.picture, address)
        post = _post((await door.write("POST", "/posts/?source=html&formats=html", fields)).value)
        if post.get("slug") != _slug(sent):
            raise Refused(
                f"{WHAT} gave the draft the address /{post.get('slug')}/ because another post has /{_slug(sent)}/. "
                "The draft there was not published; somebody has to look at both."
            )
        return post

    async def _put(self, door: _Door, sent: Sent, post: dict[str, Any], more: dict[str, Json]) -> Placed:
        """Bring `post` to the payload. Changed there meanwhile, it is read once more and compared."""
        fields = _fields(sent) | more
        fields |= await _pictured(door, sent, str(post.get("feature_image") or ""))
        seen = post
        for _ in range(2):
            fields["updated_at"] = seen.get("updated_at")
            path = f"/posts/{_id(post)}/?source=html&formats=html&save_revision=true"
            reply = await door.write("PUT", path, fields, takes=(409,))
            if reply.status != 409:
                return _placed(_post(reply.value))
            again, _ours = await self._found(door, sent)
            if again is None:
                raise Upstream(f"The post on {WHAT} went away while it was changed.")
            if again.get("status") == "published" and _text(again) == _wanted(sent):
                return _placed(again)
            if _text(again) != _text(seen):
                break
            seen = again
        raise Refused(
            f"Somebody changed the post on {WHAT} meanwhile, and their text is not overwritten. Look at it there, then "
            "try again."
        )


class _Door:
    """One channel's Admin API, for one visit."""

    def __init__(self, ghost: Ghost, channel: Channel) -> None:
        if not channel.sealed:
            raise Refused(f"The channel {channel.name} has no Admin API key yet: enter one.")
        key = ghost.vault.open(channel.sealed, channel.secret_context).strip()
        if not KEY.fullmatch(key):
            raise Misconfigured(f"The Admin API key of {channel.name} is not of the form ID:SECRET: enter it again.")
        self._id, secret = key.split(":")
        self._secret = bytes.fromhex(secret)
        self._ghost = ghost
        admin = str(channel.config.get("admin_url") or "") or channel.base_url
        self._base = admin.rstrip("/") + "/ghost/api/admin"

    async def ask(
        self,
        method: str,
        path: str,
        takes: tuple[int, ...] = (),
        *,
        value: Json = None,
        body: bytes | None = None,
        kind: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        headers = {"Authorization": f"Ghost {self._token()}", "Accept-Version": VERSION}
        if kind:
            headers["Content-Type"] = kind
        reply = await self._ghost.api.ask(
            method,
            self._base + path,
            headers=headers,
            value=value,
            body=body,
            takes=(*takes, 401, 422),
            timeout_s=timeout_s,
        )
        if reply.status == 401:
            raise Refused(self._why(reply))
        if reply.status == 422 and 422 not in takes:
            raise Refused(f"{WHAT} does not take the post: {message(reply.value) or 'it gives no reason'}.")
        return reply

    async def write(self, method: str, path: str, fields: dict[str, Json], takes: tuple[int, ...] = ()) -> Reply:
        return await self.ask(method, path, takes, value={"posts": [fields]})

    async def upload(self, picture: Picture) -> str:
        """Its address there, or nothing where it was not taken: `look` says so."""
        body, kind = _multipart(picture)
        takes = (413, 415, 422)
        reply = await self.ask("POST", "/images/upload/", takes, body=body, kind=kind, timeout_s=UPLOAD_S)
        if reply.status in takes or not isinstance(reply.value, dict):
            return ""
        images = reply.value.get("images") or [{}]
        return str(images[0].get("url") or "")

    def _token(self) -> str:
        now = self._ghost.clock.now()
        claims = {"iat": int(now.timestamp()), "exp": int((now + LIFE).timestamp()), "aud": "/admin/"}
        return jwt.encode(claims, self._secret, algorithm="HS256", headers={"kid": self._id})

    def _why(self, reply: Reply) -> str:
        """A token that is out of its time is told from a key that is not known by the other side's own clock."""
        there = moment(reply.headers.get("date", ""))
        gap = self._ghost.clock.now() - there if there else timedelta(0)
        if abs(gap) > SKEW:
            way = "ahead of" if gap > timedelta(0) else "behind"
            return (
                f"{WHAT} refused the token, and our clock is {_span(abs(gap))} {way} its own: the server's clock "
                "differs. Set the clock right on whichever is wrong."
            )
        said = f": {told}" if (told := message(reply.value)) else ""
        return f"{WHAT} does not accept the Admin API key{said}. Enter the integration's key again."


def _span(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    return f"{minutes} minutes" if minutes > 1 else f"{gap.total_seconds():.0f} seconds"


def _slug(sent: Sent) -> str:
    """Ends with our own eight characters: an exact match is ours, or a foreigner's that is named as one."""
    slug = f"{sent.payload['slug']}-{sent.key.replace('-', '')[-8:]}"
    if not SLUG.fullmatch(slug):
        raise Refused("This version's address is not fit for a post's.")
    return slug


def _fields(sent: Sent) -> dict[str, Json]:
    payload = sent.payload
    return {
        "title": payload["title"],
        "html": _wanted_html(sent),
        "custom_excerpt": payload["excerpt"],
        "tags": list(payload["tags"]),
        "meta_title": payload["meta_title"],
        "meta_description": payload["meta_description"],
        "canonical_url": sent.canonical,
        "codeinjection_head": _head(sent),
    }


def _wanted_html(sent: Sent) -> str:
    """As one card of HTML, which is stored as it is; anything else is converted and loses."""
    return f"<!--kg-card-begin: html-->\n{sent.payload['html']}\n<!--kg-card-end: html-->"


def _head(sent: Sent) -> str:
    """The structured data with address and time, and whose post it is."""
    data = copy.deepcopy(dict(sent.payload["json_ld"]))
    at = time_of(UUID(sent.key)).isoformat(timespec="seconds")
    data["@graph"][0] |= {"datePublished": at, "dateModified": at}
    if sent.canonical:
        data["@graph"][0] |= {"url": sent.canonical, "mainEntityOfPage": sent.canonical}
    mark = f'<meta name="publication" content="{escape(sent.key)}">'
    return f'{mark}\n<script type="application/ld+json">{script_json(data)}</script>'


async def _pictured(door: _Door, sent: Sent, there: str) -> dict[str, Json]:
    """The picture that was approved in the place of the one that is `there`; ours goes when there is to be none."""
    if sent.picture is None:
        gone = OURS.search(there) and not sent.payload.get("image")
        return {"feature_image": None, "feature_image_alt": None, "feature_image_caption": None} if gone else {}
    if _file_name(sent.picture).rpartition(".")[0] in there:  # which its address keeps
        return _image(sent.picture, there)
    address = await door.upload(sent.picture)
    return _image(sent.picture, address) if address else {}


def _file_name(picture: Picture) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", picture.name) or "picture"


def _image(picture: Picture, address: str) -> dict[str, Json]:
    """Ghost's own bounds: 191 characters of alternative text."""
    return {
        "feature_image": address,
        "feature_image_alt": picture.alt[:191],
        "feature_image_caption": escape(picture.caption),
    }


def _multipart(picture: Picture) -> tuple[bytes, str]:
    """RFC 7578. The boundary is made of nothing that a picture's bytes could be taken for: it is looked for in them."""
    boundary = "cid-picture"
    while boundary.encode() in picture.body:
        boundary += "-x"
    name = _file_name(picture)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nimage\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {picture.mime}\r\n\r\n"
    )
    body = head.encode() + picture.body + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _post(value: Json) -> dict[str, Any]:
    posts = value.get("posts") if isinstance(value, dict) else None
    if not isinstance(posts, list) or len(posts) != 1 or not isinstance(posts[0], dict):
        raise Upstream(f"{WHAT} answers with something that is no post.")
    return posts[0]


def _id(post: dict[str, Any]) -> str:
    key = post.get("id")
    if not isinstance(key, str) or not re.fullmatch(r"[0-9a-f]{24}", key):
        raise Upstream(f"{WHAT} answers with a post that has no id.")
    return key


def _placed(post: dict[str, Any]) -> Placed:
    url = post.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Upstream(f"{WHAT} answers with a post that has no address.")
    return Placed(external_id=_id(post), url=url)


def _text(post: dict[str, Any]) -> tuple[str, str]:
    return str(post.get("title") or ""), " ".join(CARD.sub("", str(post.get("html") or "")).split())


def _wanted(sent: Sent) -> tuple[str, str]:
    return str(sent.payload["title"]), " ".join(str(sent.payload["html"]).split())


def _notes(post: dict[str, Any], sent: Sent) -> Iterator[Note]:
    """What it did not keep of the payload."""
    if _text(post) != _wanted(sent):
        yield Note(what="html", detail=f"Title or text on {WHAT} are other than the approved ones.")
    kept = {str(tag.get("name", "")).casefold() for tag in post.get("tags") or [] if isinstance(tag, dict)}
    if missing := [tag for tag in sent.payload["tags"] if str(tag).casefold() not in kept]:
        yield Note(what="terms", detail=f"{WHAT} did not keep the tags {', '.join(map(str, missing))}.")
    if (post.get("custom_excerpt") or "") != sent.payload["excerpt"]:
        yield Note(what="excerpt", detail=f"{WHAT} did not keep the excerpt.")
    if (post.get("meta_description") or "") != sent.payload["meta_description"]:
        yield Note(what="meta", detail=f"{WHAT} did not keep the description for search engines.")
    if (post.get("canonical_url") or None) != sent.canonical:
        yield Note(what="canonical", detail=f"{WHAT} did not keep the address of the original.")
    if "ld+json" not in str(post.get("codeinjection_head") or ""):
        yield Note(what="json_ld", detail=f"{WHAT} did not keep the structured data.")
    if sent.picture is not None and not post.get("feature_image"):
        yield Note(what="image", detail=f"{WHAT} did not take the picture: its kind or its size is not accepted there.")
