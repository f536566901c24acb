"""A stand-in for Ghost's Admin API on loopback: checks each token, keeps posts, says no in Ghost's words.

Shapes are those of the recorded API: {"posts": […]}, {"errors": [{message, context, type, code}]}, 409
UpdateCollisionError where `updated_at` is not that of the post, 401 with
`jwt expired`, 415 for a file that is no picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import jwt
from aiohttp import web

from tests.wire import Wire, wire

ID, SECRET = "6" * 24, "ab" * 32
KEY = f"{ID}:{SECRET}"
API = "/ghost/api/admin"
Interrupt = Callable[[web.Request], web.StreamResponse | None]


@dataclass
class Ghost:
    """`now` is its own clock. `meanwhile` is called once, before the next change is looked at."""

    wire: Wire
    now: datetime
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    mailed: list[str] = field(default_factory=list)
    lose: dict[str, int] = field(default_factory=dict)
    image_status: int = 201
    meanwhile: Callable[[], None] | None = None
    instead: Interrupt | None = None
    forget: frozenset[str] = frozenset()
    """Fields that it does not keep."""
    _stamp: int = 0

    @property
    def base(self) -> str:
        return self.wire.base

    def post(self, slug: str, **fields: Any) -> dict[str, Any]:
        while any(post["slug"] == slug for post in self.posts.values()):
            stem, _, number = slug.rpartition("-")
            slug = f"{stem}-{int(number) + 1}" if number.isdigit() and len(number) < 3 else f"{slug}-2"
        key = f"{len(self.posts) + 1:024x}"
        post = {"id": key, "slug": slug, "status": "draft", "url": f"{self.base}/{slug}/", "tags": [], **fields}
        self.posts[key] = post
        self.touch(key)
        return post

    def touch(self, key: str, **fields: Any) -> None:
        """Somebody changes a post."""
        self._stamp += 1
        at = (self.now + timedelta(seconds=self._stamp)).isoformat(timespec="milliseconds")
        self.posts[key] |= fields | {"updated_at": at}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return self._refused(request) or await self._answer(request)

    def _refused(self, request: web.Request) -> web.StreamResponse | None:
        if self.instead and (answer := self.instead(request)) is not None:
            return answer
        if not request.path.startswith(API):
            return web.Response(text="<html>A blog</html>", content_type="text/html", status=404)
        return self._stranger(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(API)
        if path == "/site/":
            return web.json_response({"site": {"title": "Acme blog", "url": self.base, "version": "5.130"}})
        if path == "/images/upload/":
            return await self._upload(request)
        if request.method == "GET":
            return self._read(path)
        value = await request.json()
        self.writes.append((request.method, path, dict(request.query), value))
        if request.query.get("newsletter"):
            self.mailed.append(path)
        done = self._write(request.method, path, value["posts"][0])
        if done.status < 300 and self.lose.get(request.method, 0) > 0:
            self.lose[request.method] -= 1
            assert request.transport
            request.transport.abort()
            await asyncio.sleep(0)
        return done

    def _stranger(self, request: web.Request) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            assert scheme == "Ghost"
            assert jwt.get_unverified_header(token)["kid"] == ID
            claims = jwt.decode(
                token,
                bytes.fromhex(SECRET),
                algorithms=["HS256"],
                audience="/admin/",
                options={"verify_exp": False, "verify_iat": False},
            )
        except (AssertionError, jwt.PyJWTError, KeyError):
            return self._no(401, "Unknown Admin API Key", "UNKNOWN_ADMIN_API_KEY")
        now = self.now.timestamp()
        if claims["exp"] <= now:
            return self._no(401, "Invalid token: jwt expired", "INVALID_JWT")
        if claims["iat"] > now + 30 or claims["exp"] > claims["iat"] + 300:
            return self._no(401, "Invalid token: maxAge exceeded", "INVALID_JWT")
        return None

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        if self.image_status != 201:
            return self._no(self.image_status, "Please select a valid image.", "")
        self.uploads.append(file.file.read())
        return web.json_response({"images": [{"url": f"{self.base}/i/{file.filename}", "ref": None}]}, status=201)

    def _read(self, path: str) -> web.Response:
        if path == "/posts/":
            return web.json_response({"posts": [{"id": key} for key in list(self.posts)[:1]]})
        name = path.rstrip("/").rsplit("/", 1)[1]
        wanted = (post for post in self.posts.values() if name == (post["slug"] if "/slug/" in path else post["id"]))
        post = next(wanted, None)
        if post is None:
            return self._no(404, "Resource not found error, cannot read post.", "")
        return web.json_response({"posts": [post]})

    def _write(self, method: str, path: str, fields: dict[str, Any]) -> web.Response:
        if len(fields.get("custom_excerpt") or "") > 300:
            return self._no(
                422, "Validation error, cannot save post.", "", "Validation failed for posts.custom_excerpt."
            )
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        kept = {name: value for name, value in fields.items() if name not in {*self.forget, "slug", "updated_at"}}
        if "tags" in kept:
            kept["tags"] = [{"id": "t", "name": name, "slug": name} for name in kept["tags"]]
        if method == "POST":
            return web.json_response({"posts": [self.post(fields["slug"], **kept)]}, status=201)
        key = path.rstrip("/").rsplit("/", 1)[1]
        if key not in self.posts:
            return self._no(404, "Resource not found error, cannot edit post.", "")
        if fields.get("updated_at") != self.posts[key]["updated_at"]:
            return self._no(409, "Saving failed! Someone else is editing this post.", "UPDATE_CLASH")
        self.touch(key, **kept)
        return web.json_response({"posts": [self.posts[key]]})

    def _no(self, status: int, said: str, code: str, context: str | None = None) -> web.Response:
        errors = [{"message": said, "context": context, "type": "Error", "code": code or None}]
        headers = {"Date": format_datetime(self.now.astimezone(UTC), usegmt=True)}
        return web.json_response({"errors": errors}, status=status, headers=headers)


@asynccontextmanager
async def ghost(now: datetime) -> AsyncIterator[Ghost]:
    async with wire() as told:
        made = Ghost(told, now)
        told.instead = made.answer
        yield made
