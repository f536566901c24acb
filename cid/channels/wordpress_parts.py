"""Terms and pictures of a post at a WordPress, which are things of their own there: found, or else made, and named by
number in the post."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING, Any

from cid.channels.wordpress_site import code, record, records
from cid.domain.errors import Refused
from cid.domain.publication import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.channels.wordpress_site import WordPressSite
    from cid.ports import Sent

TAXONOMIES = ("categories", "tags")
NO_PICTURE = frozenset({400, 403, 413, 415, 500})
"""Of an upload: the article goes without, and a note says so."""


class Parts:
    def __init__(self, site: WordPressSite, sent: Sent) -> None:
        self._site = site
        self._sent = sent

    async def made(self) -> dict[str, Any]:
        """The post's fields for its terms and its picture. What the site refuses is left out; `lacking` says what."""
        fields: dict[str, Any] = {name: await self._terms(name) for name in TAXONOMIES}
        if not fields["categories"] and (names := self._names("default_category")):
            fields["categories"] = await self._found("categories", names)
        if not fields["categories"]:
            del fields["categories"]  # else WordPress would take its own default away
        return fields | {"featured_media": await self._picture()}

    async def lacking(self, post: Mapping[str, Any]) -> list[Note]:
        """What the post does not have of them, read back."""
        notes = [note for name in TAXONOMIES for note in await self._missing(name, post)]
        if self._sent.payload.get("image") and not post.get("featured_media"):
            why = "the site did not take it: too large for it, of a kind that it refuses, or the user may not upload."
            notes.append(Note(what="image", detail=f"The article is without its picture: {why}"))
        given = post.get("meta")
        meta = given if isinstance(given, dict) else {}
        described = self._sent.payload["description"]
        if described and described not in {meta.get("_yoast_wpseo_metadesc"), meta.get("rank_math_description")}:
            detail = "No plugin for search engines took the description; the excerpt has it."
            notes.append(Note(what="meta", detail=detail))
        canonical = self._sent.canonical
        if canonical and canonical not in {meta.get("_yoast_wpseo_canonical"), meta.get("rank_math_canonical_url")}:
            detail = (
                f"The page calls itself the original: without a plugin for it WordPress cannot point at {canonical}."
            )
            notes.append(Note(what="canonical", detail=detail))
        return notes

    async def _missing(self, taxonomy: str, post: Mapping[str, Any]) -> list[Note]:
        names = self._names(taxonomy)
        if not names:
            return []
        there = post.get(taxonomy)
        numbers = [number for number in there if isinstance(number, int)] if isinstance(there, list) else []
        rows = []
        if numbers:
            query = {"include": ",".join(map(str, numbers)), "per_page": "100", "_fields": "id,name,slug"}
            rows = records(await self._site.get(f"/{taxonomy}", query), self._site)
        missing = [name for name in names if not any(_same(row, name) for row in rows)]
        if not missing:
            return []
        what = "categories" if taxonomy == "categories" else "tags"
        detail = f"The post is without the {what} {', '.join(missing)}: the user may not make them on the site."
        return [Note(what="terms", detail=detail)]

    def _names(self, field: str) -> list[str]:
        if field == "default_category":
            name = self._sent.channel.config.get(field)
            return [str(name)] if name else []
        given: Any = self._sent.payload.get(field)
        return [str(name) for name in given or ()]

    async def _terms(self, taxonomy: str) -> list[int]:
        names = self._names(taxonomy)
        numbers = await self._found(taxonomy, names)
        known = {name: number for name, number in zip(names, numbers, strict=True) if number}
        for name in names:
            if name not in known and (number := await self._term(taxonomy, name)):
                known[name] = number
        return list(dict.fromkeys(known.values()))

    async def _found(self, taxonomy: str, names: Sequence[str]) -> list[int]:
        """A number for each name, 0 where the site has none. By slug in one request; by name where there is no slug in
        Latin letters to ask for."""
        slugs = [slug for name in names if (slug := _slug(name))]
        rows: list[dict[str, Any]] = []
        query = {"hide_empty": "false", "per_page": "100", "_fields": "id,name,slug"}
        if slugs:
            rows += records(await self._site.get(f"/{taxonomy}", {"slug": ",".join(slugs), **query}), self._site)
        for name in names:
            if not _slug(name):
                rows += records(await self._site.get(f"/{taxonomy}", {"search": name, **query}), self._site)
        return [next((int(row["id"]) for row in rows if _same(row, name)), 0) for name in names]

    async def _term(self, taxonomy: str, name: str) -> int:
        """Made, or the one that was there all along; 0: the user may not."""
        slug = _slug(name)
        reply = await self._site.post(
            f"/{taxonomy}", {"name": name} | ({"slug": slug} if slug else {}), takes={400, 403}
        )
        if reply.status == 403:
            return 0
        if reply.status == 400:
            data = reply.value.get("data") if isinstance(reply.value, dict) else None
            number = data.get("term_id") if isinstance(data, dict) else None
            if code(reply) == "term_exists" and isinstance(number, int):
                return number
            raise self._site.refusal(reply)
        return int(record(reply, self._site)["id"])

    async def _picture(self) -> int:
        """Its number at the site, where it is once, under its hash; 0: there is none, or the site did not take it."""
        picture = self._sent.picture
        if picture is None:
            return 0
        name = re.sub(r"[^a-z0-9.-]", "", picture.name.lower())
        stem = name.partition(".")[0]
        rows = records(await self._site.get("/media", {"slug": stem, "_fields": "id,slug,alt_text"}), self._site)
        number = next((int(row["id"]) for row in rows if row.get("slug") == stem), 0)
        if not number:
            headers = {"Content-Type": picture.mime, "Content-Disposition": f'attachment; filename="{name}"'}
            reply = await self._site.upload("/media", picture.body, headers, takes=NO_PICTURE)
            if reply.status in NO_PICTURE:
                return 0
            number = int(record(reply, self._site)["id"])
        told = {"alt_text": picture.alt, "caption": picture.caption, "title": picture.alt or stem}
        try:
            await self._site.post(f"/media/{number}", told)
        except Refused:
            return number  # another's upload of the same picture: it is there, and its words are theirs
        return number


def _slug(name: str) -> str:
    """As WordPress makes it of a Latin name; empty where something of the name would be lost."""
    folded = unicodedata.normalize("NFKD", name)
    kept = "".join(char for char in folded if not unicodedata.combining(char)).lower()
    return "-".join(re.findall(r"[a-z0-9]+", kept)) if kept.isascii() else ""


def _same(row: Mapping[str, Any], name: str) -> bool:
    """Names come back as HTML."""
    told = unicodedata.normalize("NFC", unescape(str(row.get("name", "")))).casefold()
    return told == unicodedata.normalize("NFC", name).casefold() or (
        bool(_slug(name)) and row.get("slug") == _slug(name)
    )
