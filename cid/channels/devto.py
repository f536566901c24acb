"""Dev.to, and every other Forem: API v1 with an account's key.

    POST /api/articles · PUT /api/articles/ID · GET /api/articles/me/all?page&per_page · GET /api/users/me

(developers.forem.com/api/v1.) An address that is canonical for one article of the site is taken for every other, drafts
included: it is what an article is known by after an answer was lost. An article is therefore never sent without it.
Ten articles may be created in 30 seconds, and one write made in a second; we keep below, per account, over all
processes.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cid.channels.json_api import TIMEOUT_S, JsonApi
from cid.domain.errors import NotFound, Refused, Upstream
from cid.domain.publication import Note
from cid.ports import Placed, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from cid.domain.llm import Json
    from cid.domain.publication import Channel
    from cid.ports import Http, Sent, Turns, Vault

WHAT = "Dev.to"
ACCEPT = "application/vnd.forem.api-v1+json"
PER_PAGE = 100
PAGES = 50
LIST_BYTES = 16_000_000
"""A page of the list holds whole articles."""
CREATE = ("create", timedelta(seconds=7.5), 4)
"""Four at once and one every 7.5 seconds: at most eight in any 30 seconds."""
WRITE = ("write", timedelta(seconds=1), 1)
READ = ("read", timedelta(seconds=0.4), 2)
PATIENCE = timedelta(seconds=4)
"""How long a turn is waited for with the publication in hand."""
PICTURE = "Dev.to takes no files through its API: set a cover picture there by hand, or leave it without."


class DevTo:
    """Satisfies `ports.Publisher`."""

    def __init__(self, http: Http, vault: Vault, turns: Turns) -> None:
        self._api = JsonApi(http, WHAT)
        self._vault = vault
        self._turns = turns

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=TIMEOUT_S)

    async def check(self, channel: Channel) -> Standing:
        account = _Account(self, channel)
        who = await account.get("/users/me")
        name = who.get("username") if isinstance(who, dict) else None
        if not name:
            raise Refused(f"{WHAT} does not say whose key this is: check the channel's address.")
        return Standing(account=f"@{name}")

    async def find(self, sent: Sent) -> Placed | None:
        """What the public can see. A draft there is not yet published."""
        article = await self._found(_Account(self, sent.channel), sent)
        return _placed(article) if article and article.get("published") else None

    async def publish(self, sent: Sent) -> Placed:
        account = _Account(self, sent.channel)
        article = await self._found(account, sent)
        if article is None:
            article = await self._created(account, sent)
        return await self._put(account, _id(article), _fields(sent) | {"published": True})

    async def update(self, sent: Sent) -> Placed:
        account = _Account(self, sent.channel)
        article = await self._found(account, sent)
        if article is None or not article.get("published"):
            raise NotFound(f"The article is not public on {WHAT} any more: there is nothing to update.")
        return await self._put(account, _id(article), _fields(sent) | {"published": True})

    async def retract(self, sent: Sent) -> None:
        """Made a draft there: the API deletes nothing."""
        account = _Account(self, sent.channel)
        article = await self._found(account, sent)
        if article is not None and article.get("published"):
            await account.write("PUT", f"/articles/{_id(article)}", {"article": {"published": False}}, takes=(404,))

    async def look(self, sent: Sent) -> Sequence[Note]:
        article = await self._found(_Account(self, sent.channel), sent)
        if article is None or not article.get("published"):
            return [Note(what="gone", detail=f"The article is not public on {WHAT} any more.")]
        return list(_notes(article, sent))

    async def _found(self, account: _Account, sent: Sent) -> dict[str, Any] | None:
        """Ours, published or draft: by its id where that is known, else by the canonical address."""
        if sent.placed is None:
            _canonical(sent)
        async for article in account.articles():
            known = sent.placed is not None and str(article.get("id")) == sent.placed.external_id
            if known or (sent.canonical and _same(str(article.get("canonical_url") or ""), sent.canonical)):
                return article
        return None

    async def _created(self, account: _Account, sent: Sent) -> dict[str, Any]:
        """A draft there, as it was sent."""
        await account.turn(CREATE)
        reply = await account.write("POST", "/articles", {"article": _fields(sent) | {"published": False}}, (422,))
        if reply.status == 422:
            said = str(reply.value.get("error", "")) if isinstance(reply.value, dict) else ""
            if "canonical" in said.lower() and "taken" in said.lower():
                if found := await self._found(account, sent):
                    return found
                raise Refused(
                    f"Another article on {WHAT}, of another account, names {sent.canonical} as its original already. "
                    "Nothing was published; somebody has to look at it there."
                )
            raise Refused(f"{WHAT} does not take the article: {said[:200] or 'it gives no reason'}.")
        article: dict[str, Any] = reply.value if isinstance(reply.value, dict) else {}
        if not _same(str(article.get("canonical_url") or ""), sent.canonical or ""):
            raise Refused(f"{WHAT} did not keep the canonical address: the draft there was not published.")
        return article

    async def _put(self, account: _Account, key: str, fields: dict[str, Json]) -> Placed:
        reply = await account.write("PUT", f"/articles/{key}", {"article": fields})
        article: dict[str, Any] = reply.value if isinstance(reply.value, dict) else {}
        if str(article.get("id")) != key:
            raise Upstream(f"{WHAT} answers with another article than the one that was sent.")
        return _placed(article)

    async def wait(self, key: str, limit: tuple[str, timedelta, int]) -> None:
        """Raises Upstream where the turn is too far off to be waited for."""
        name, every, burst = limit
        while wait := await self._turns.take(f"devto:{name}:{key}", every, burst):
            if wait > PATIENCE:
                raise Upstream(f"{WHAT} takes so many articles in half a minute: this one waits.", retry_after=wait)
            await asyncio.sleep(wait.total_seconds())

    def key_of(self, channel: Channel) -> str:
        if not channel.sealed:
            raise Refused(f"The channel {channel.name} has no API key yet: enter one.")
        return self._vault.open(channel.sealed, channel.secret_context).strip()

    @property
    def api(self) -> JsonApi:
        return self._api


class _Account:
    """One channel's account, for one visit."""

    def __init__(self, devto: DevTo, channel: Channel) -> None:
        key = devto.key_of(channel)
        self._devto = devto
        self._base = channel.base_url.rstrip("/") + "/api"
        self._headers = {"api-key": key, "Accept": ACCEPT}
        self._mark = hashlib.sha256(f"{self._base} {key}".encode()).hexdigest()[:24]

    async def turn(self, limit: tuple[str, timedelta, int]) -> None:
        await self._devto.wait(self._mark, limit)

    async def get(self, path: str, max_bytes: int = LIST_BYTES) -> Json:
        await self.turn(READ)
        reply = await self._devto.api.ask("GET", self._base + path, headers=self._headers, max_bytes=max_bytes)
        return reply.value

    async def write(self, method: str, path: str, value: Json, takes: tuple[int, ...] = ()) -> Any:
        await self.turn(WRITE)
        return await self._devto.api.ask(method, self._base + path, headers=self._headers, value=value, takes=takes)

    async def articles(self) -> AsyncIterator[dict[str, Any]]:
        """The account's own, published or not. Raises Refused where they are no list, or more than can be read."""
        for number in range(1, PAGES + 1):
            listed = await self.get(f"/articles/me/all?page={number}&per_page={PER_PAGE}")
            if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
                raise Refused(f"{WHAT} does not list the account's articles: check the channel's address.")
            for row in listed:
                yield row
            if len(listed) < PER_PAGE:
                return
        raise Refused(f"The account has over {PAGES * PER_PAGE} articles on {WHAT}: one cannot be looked up there.")


def _canonical(sent: Sent) -> str:
    if not sent.canonical:
        raise Refused(
            f"{WHAT} is given articles that point at their original, and this tenant has no canonical channel. "
            "Make its site or WordPress canonical first."
        )
    return sent.canonical


def _same(one: str, other: str) -> bool:
    """Whether two addresses are the same but for case of the host and a slash at the end."""
    a, b = urlsplit(one), urlsplit(other)
    there, here = ((part.netloc.lower(), part.path.rstrip("/"), part.query) for part in (a, b))
    return bool(one) and there == here


def _fields(sent: Sent) -> dict[str, Json]:
    payload = sent.payload
    return {
        "title": payload["title"],
        "body_markdown": payload["body_markdown"],
        "description": payload["description"],
        "tags": payload["tags"],
        "canonical_url": _canonical(sent),
    }


def _id(article: dict[str, Any]) -> str:
    key = article.get("id")
    if not isinstance(key, int) or isinstance(key, bool):
        raise Upstream(f"{WHAT} answers with an article that has no number.")
    return str(key)


def _placed(article: dict[str, Any]) -> Placed:
    url = article.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Upstream(f"{WHAT} answers with an article that has no address.")
    return Placed(external_id=_id(article), url=url)


def _notes(article: dict[str, Any], sent: Sent) -> Iterator[Note]:
    """What it did not keep of the payload."""
    tags = article.get("tag_list") or article.get("tags") or []
    kept = {tag.strip() for tag in tags.split(",")} if isinstance(tags, str) else {str(tag) for tag in tags}
    wanted = [str(tag) for tag in sent.payload["tags"]]
    if missing := [tag for tag in wanted if tag not in kept]:
        yield Note(what="terms", detail=f"{WHAT} did not keep the tags {', '.join(missing)}.")
    if dropped := sent.payload.get("tags_left_out"):
        yield Note(what="terms", detail=f"{WHAT} takes four tags of plain letters; left out: {', '.join(dropped)}.")
    if article.get("title") != sent.payload["title"]:
        yield Note(what="title", detail=f"The title on {WHAT} is another than the approved one.")
    body = article.get("body_markdown")
    if isinstance(body, str) and body.strip().replace("\r\n", "\n") != str(sent.payload["body_markdown"]).strip():
        yield Note(what="html", detail=f"The text on {WHAT} is another than the approved one.")
    if sent.picture is not None:
        yield Note(what="image", detail=PICTURE)
