"""The `wordpress` channel: find → create as a draft → terms, picture → verify → publish → read back.

WordPress makes a second post of a repeated create (`address-2`), so before anything is created the address is looked
for: it ends with eight characters of the publication's key, and the post carries the whole key. Every later step names
the post by its number and may be repeated. A lost answer leaves at most a draft, which the next try takes up.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from html import escape, unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from cid.channels.wordpress_parts import Parts
from cid.channels.wordpress_site import WordPressSites, record, records
from cid.domain.errors import NotFound, Refused, Unanswered
from cid.domain.ids import time_of
from cid.domain.outside import ChildFailure
from cid.domain.publication import Note
from cid.ports import Placed, Standing
from cid.render.page import Address, placed
from cid.render.wordpress import marker, post_html

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from cid.channels.wordpress_site import WordPressSite
    from cid.domain.publication import Channel
    from cid.ports import Children, Http, Sent, Vault

STATES = "publish,future,draft,pending,private,trash"
FIELDS = "id,slug,status,link,title,content,excerpt,categories,tags,featured_media,meta,permalink_template"
GONE = frozenset({404, 410})
TO_TRASH = "trash"
RIGHTS = {
    "publish_posts": "The user may not publish posts: give it the role Author or Editor on the site.",
    "upload_files": "The user may not upload pictures: articles go without. The role Author may.",
    "manage_categories": "The user may not make categories: those that the site does not have are left out. The role "
    "Editor may.",
    "unfiltered_html": "The site filters this user's HTML: structured data is left out. The role Editor, on a site of "
    "its own, may keep it.",
}


class WordPressPublisher:
    """Satisfies `ports.Publisher`. `request_s` bounds one request, `whole_s` one step of a publication."""

    def __init__(
        self, http: Http, vault: Vault, children: Children, *, request_s: float = 25.0, whole_s: float = 90.0
    ) -> None:
        self._sites = WordPressSites(http, vault, request_s=request_s)
        self._children = children
        self._whole_s = whole_s

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self._whole_s)

    async def check(self, channel: Channel) -> Standing:
        site = await self._sites.enter(channel)
        me = record(await site.get("/users/me", {"context": "edit"}), site)
        granted = me.get("capabilities")
        rights = granted if isinstance(granted, dict) else {}
        return Standing(
            account=f"{me.get('name', '')} at {urlsplit(channel.base_url).netloc}".strip(),
            lacks=[sentence for right, sentence in RIGHTS.items() if not rights.get(right)],
        )

    async def find(self, sent: Sent) -> Placed | None:
        """Only what the public sees counts."""
        site = await self._sites.enter(sent.channel)
        post = await self._ours(site, sent)
        return _placed(post) if post and post.get("status") == "publish" else None

    async def publish(self, sent: Sent) -> Placed:
        async with _within(self._whole_s, sent):
            site = await self._sites.enter(sent.channel)
            post = await self._ours(site, sent)
            if post and post.get("status") == "trash":
                raise Refused(
                    f"{sent.channel.name}: somebody moved this post to the trash on the site. Restore it there, or "
                    "delete it for good, and try again."
                )
            if post and post.get("status") == "publish":
                return _placed(post)
            post = await self._whole(site, sent, post or await _created(site, sent))
            published = record(await site.post(f"/posts/{post['id']}", {"status": "publish"}), site)
            if published.get("status") != "publish":
                raise Refused(
                    f"{sent.channel.name}: the site keeps the post as {str(published.get('status'))[:20]} instead of "
                    "publishing it. A plugin or the user's role wants somebody there to approve it."
                )
            return _placed(published)

    async def update(self, sent: Sent) -> Placed:
        async with _within(self._whole_s, sent):
            site = await self._sites.enter(sent.channel)
            post = await self._ours(site, sent)
            if post is None or post.get("status") != "publish":
                state = "not there any more" if post is None else f"{str(post.get('status'))[:20]} there now"
                raise NotFound(
                    f"{sent.channel.name}: somebody took the post from the public on the site: it is {state}."
                )
            return _placed(await self._whole(site, sent, post))

    async def retract(self, sent: Sent) -> None:
        """A draft there, or in the trash, as the channel says (`retract_to`)."""
        async with _within(self._whole_s, sent):
            site = await self._sites.enter(sent.channel)
            post = await self._ours(site, sent)
            if post is None or post.get("status") in {"draft", "trash"}:
                return
            if sent.channel.config.get("retract_to") == TO_TRASH:
                await site.delete(f"/posts/{post['id']}", takes=GONE)
            else:
                await site.post(f"/posts/{post['id']}", {"status": "draft"}, takes=GONE)

    async def look(self, sent: Sent) -> Sequence[Note]:
        site = await self._sites.enter(sent.channel)
        post = await self._ours(site, sent)
        if post is None or post.get("status") != "publish":
            return [Note(what="gone", detail="The post is not public on the site any more.")]
        return [
            *await self._kept(sent, post),
            *await Parts(site, sent).lacking(post),
        ]

    async def _ours(self, site: WordPressSite, sent: Sent) -> dict[str, Any] | None:
        """The post that carries our key, in whatever state. Raises Refused when another has its address."""
        if sent.placed is not None and sent.placed.external_id.isdigit():
            reply = await site.get(f"/posts/{sent.placed.external_id}", {"context": "edit", "_fields": FIELDS}, GONE)
            if reply.status == 200 and _is_ours(post := record(reply, site), sent):
                return post
        address = _slug(sent)
        query = {"slug": f"{address},{address}__trashed", "status": STATES, "context": "edit", "_fields": FIELDS}
        rows = records(await site.get("/posts", query), site)
        found = [row for row in rows if marker(sent.key) in _raw(row, "content")]
        if len(found) < len(rows):
            raise Refused(
                f"{sent.channel.name}: another post on the site has the address {address}. Give that one another "
                "address there, or delete it, and try again."
            )
        return found[0] if found else None

    async def _whole(self, site: WordPressSite, sent: Sent, post: dict[str, Any]) -> dict[str, Any]:
        """The post with all its parts; as a draft when it is new. Verified, and without what the site spoils."""
        parts = Parts(site, sent)
        fields = await parts.made()
        pictured = bool(fields["featured_media"])
        fields |= _texts(sent)
        for data in (_data(sent, post), None):
            wanted = fields | {"content": post_html(sent.payload, sent.key, data, pictured=pictured)}
            stored = record(await site.post(f"/posts/{post['id']}", wanted), site)
            if data is None or (await self._compared(wanted["content"], stored))["script"]:
                return stored
        raise AssertionError("the last try keeps whatever the site keeps")

    async def _kept(self, sent: Sent, post: Mapping[str, Any]) -> list[Note]:
        """What the site did not keep of the texts."""
        found = await self._compared(
            post_html(sent.payload, sent.key, _data(sent, post), pictured=bool(post.get("featured_media"))), post
        )
        notes = []
        if not found["script"]:
            notes.append(
                Note(what="json_ld", detail="The structured data is not there: the site filters scripts of this user.")
            )
        lost = [part for part in found["lost"] if not part.startswith("script")]
        if lost or not found["text"]:
            said = f"The site left out: {', '.join(lost[:10])}." if lost else "The text is not as it was sent."
            notes.append(Note(what="html", detail=said))
        for name, sent_text in _texts(sent).items():
            if name in {"title", "excerpt"} and _plain(_raw(post, name)) != _plain(str(sent_text)):
                notes.append(Note(what=name, detail=f"The {name} is not as it was sent."))
        return notes

    async def _compared(self, content: str, post: Mapping[str, Any]) -> dict[str, Any]:
        """Anybody's HTML is read in a child."""
        stored = _raw(post, "content")
        if stored == content:
            return {"lost": [], "text": True, "script": True}
        try:
            answer: dict[str, Any] = await self._children.call("compare_post", {"sent": content, "stored": stored})
        except ChildFailure:
            return {"lost": [], "text": False, "script": False}
        return answer


async def _created(site: WordPressSite, sent: Sent) -> dict[str, Any]:
    """As a draft, at exactly our address. A plain text first: what comes after needs the number."""
    content = post_html(sent.payload, sent.key, None, pictured=False)
    address = _slug(sent)
    value = {"status": "draft", "slug": address, "content": content, **_texts(sent)}
    post = record(await site.post("/posts", value), site)
    if post.get("slug") != address:
        await site.delete(f"/posts/{post['id']}", takes=GONE)
        raise Refused(
            f"{sent.channel.name}: the site gives the post another address than {address}: another post or a file "
            "there has it. Give that one another address there, or delete it, and try again."
        )
    return post


def _is_ours(post: Mapping[str, Any], sent: Sent) -> bool:
    """Of one whose number we know: an editor there may have changed its address, or written its text anew."""
    return marker(sent.key) in _raw(post, "content") or post.get("slug") == _slug(sent)


def _texts(sent: Sent) -> dict[str, Any]:
    """Plain text as WordPress keeps it: as HTML. Fields of plugins that are not there are passed over by WordPress."""
    payload = sent.payload
    meta = {
        "_yoast_wpseo_metadesc": payload["description"],
        "rank_math_description": payload["description"],
    }
    if sent.canonical:
        meta |= {"_yoast_wpseo_canonical": sent.canonical, "rank_math_canonical_url": sent.canonical}
    return {
        "title": escape(str(payload["title"]), quote=False),
        "excerpt": escape(str(payload["excerpt"]), quote=False),
        "meta": meta,
    }


def _data(sent: Sent, post: Mapping[str, Any]) -> dict[str, Any]:
    """The structured data with its addresses: the post's own is known before it is public."""
    link = _link(sent, post)
    published = time_of(UUID(sent.key)).replace(microsecond=0)
    modified = sent.modified.replace(microsecond=0) if sent.modified else None
    address = Address(
        url=link,
        canonical=sent.canonical or link,
        published=published,
        key=sent.key,
        home="",
        feed="",
        modified=modified,
    )
    structured: Any = sent.payload["json_ld"]
    return placed(structured, address)


def _link(sent: Sent, post: Mapping[str, Any]) -> str:
    template = post.get("permalink_template")
    if isinstance(template, str) and "%postname%" in template:
        return template.replace("%postname%", str(post.get("slug") or _slug(sent)))
    return str(post.get("link") or "")


def _slug(sent: Sent) -> str:
    return f"{sent.payload['slug']}-{UUID(sent.key).hex[-8:]}"


def _raw(post: Mapping[str, Any], name: str) -> str:
    """As stored, which only whoever may edit is told."""
    field = post.get(name)
    raw = field.get("raw") if isinstance(field, dict) else None
    return raw if isinstance(raw, str) else ""


def _plain(text: str) -> str:
    return " ".join(unescape(text).split())


def _placed(post: Mapping[str, Any]) -> Placed:
    return Placed(external_id=str(post["id"]), url=str(post.get("link") or ""))


@asynccontextmanager
async def _within(seconds: float, sent: Sent) -> AsyncIterator[None]:
    """A bound for all requests of one step. Raises Unanswered: what was sent by then may have been done."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unanswered(f"{sent.channel.name}: the site took too long.") from error
