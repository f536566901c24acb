"""Pictures for drafts: looked for in a library, brought by a person, kept once per tenant.

Nobody's browser meets the library: what it answers comes through the desk, thumbnails too, and is kept a week for all
tenants alike. The bytes that are kept are read in a child and hold nothing that a camera wrote beside the picture.
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.draft import Image
from cid.domain.errors import Deferred, NotFound, Refused
from cid.domain.ids import ImageId, uuid7
from cid.domain.images import MOST_BYTES, OWN, Kept, Photo
from cid.domain.outside import ChildFailure, HttpFailure
from cid.domain.tenants import Actor, Permission
from cid.queue import limits
from cid.store import audit, images, photos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.domain.llm import Json
    from cid.ports import Images
    from cid.services import Services

WEEK = timedelta(days=7)
PACE, BURST = timedelta(seconds=24), 30
"""150 an hour."""
WORDS_LIMIT, ALT_LIMIT, CREDIT_LIMIT = 100, 300, 200
THUMBNAIL_BYTES = 60_000
NO_LIBRARY = "No library of pictures is set: PEXELS_API_KEY. You may bring a picture of your own."


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    photo: Photo
    thumbnail: str
    """A data URL; empty: it could not be had."""


async def search(sv: Services, words: str, language: str) -> list[Found]:
    """The best first, at most 12. Raises Refused (no words, no library), Deferred (too many searches), Upstream."""
    library, words = _library(sv), " ".join(words.split())
    if not words or len(words) > WORDS_LIMIT:
        raise Refused(f"Say in 1 to {WORDS_LIMIT} characters what the picture should show.")
    key = hashlib.sha256(f"{library.name}\n{language}\n{words.casefold()}".encode()).digest()
    async with sv.platform.read() as tx:
        known = await photos.known(tx, key, WEEK)
    if known is None:
        async with sv.platform.tx() as tx:
            wait = await limits.take(tx, f"images:{library.name}", PACE, BURST)
        if wait:
            raise Deferred("So many pictures were looked for that the library has to rest.", until=wait)
        found = await library.search(words, language=language)
        thumbnails = await asyncio.gather(*(_thumbnail(sv, photo) for photo in found))
        known = [{"photo": asdict(one), "thumbnail": small} for one, small in zip(found, thumbnails, strict=True)]
        async with sv.platform.tx() as tx:
            await photos.keep(tx, key, known)
    return [Found(photo=Photo(**one["photo"]), thumbnail=one["thumbnail"]) for one in known]


async def choose(sv: Services, actor: Actor, photo: Photo, alt: str) -> Image:
    """One that was found, kept for the tenant. Raises Refused, Upstream."""
    _deciding(actor)
    alt = _said(alt, ALT_LIMIT, "Say in a sentence what the picture shows: it is read to whoever does not see it.")
    body = await _library(sv).fetch(photo)
    name = photo.provider.capitalize()
    credit = f"Photo by {photo.author} on {name}" if photo.author else f"Photo from {name}"
    kept = await _keep(sv, actor, body, photo=photo, alt=alt)
    return _image(kept, alt=alt, credit=credit, credit_url=photo.page_url or photo.author_url)


async def bring(sv: Services, actor: Actor, body: bytes, *, alt: str, credit: str) -> Image:
    """One of somebody's own. Raises Refused."""
    _deciding(actor)
    alt = _said(alt, ALT_LIMIT, "Say in a sentence what the picture shows: it is read to whoever does not see it.")
    credit = _said(credit, CREDIT_LIMIT, "Say whose picture it is: readers see that below it.")
    kept = await _keep(sv, actor, body, photo=None, alt=alt)
    return _image(kept, alt=alt, credit=credit, credit_url="")


async def _keep(sv: Services, actor: Actor, body: bytes, *, photo: Photo | None, alt: str) -> Kept:
    facts = await _read(sv, body)
    image = ImageId(uuid7(sv.clock.now()))
    clean = b64decode(facts["body"])
    async with sv.db.tx(actor.tenant.id) as tx:
        kept = await images.add(
            tx,
            image,
            clean,
            mime=facts["mime"],
            width=facts["width"],
            height=facts["height"],
            provider=photo.provider if photo else OWN,
            external_id=photo.external_id if photo else "",
            page_url=photo.page_url if photo else "",
            author=photo.author if photo else "",
            author_url=photo.author_url if photo else "",
            alt=alt,
        )
        detail = {"provider": kept.provider, "sha256": kept.sha256.hex()}
        await audit.add(tx, sv.clock.now(), actor.user.id, "image.kept", target=f"image:{kept.id}", detail=detail)
    return kept


async def _read(sv: Services, body: bytes) -> Json:
    if not body:
        raise Refused("Choose a file first.")
    if len(body) > MOST_BYTES:
        raise Refused(f"The picture is larger than {MOST_BYTES // 1_000_000} MB. Make it smaller: a page is its use.")
    try:
        facts = await sv.outside.children.call("read_picture", {"body": b64encode(body).decode()})
    except ChildFailure:
        raise Refused("The picture could not be read within its limits.") from None
    if "error" in facts:
        raise Refused(facts["error"])
    return facts


async def _thumbnail(sv: Services, photo: Photo) -> str:
    """Looked at by its first bytes only: it is shown as a picture, whatever it is."""
    try:
        answer = await sv.outside.http.request("GET", photo.thumbnail, max_bytes=THUMBNAIL_BYTES, timeout_s=10.0)
    except HttpFailure:
        return ""
    if answer.status != 200 or not answer.body.startswith(b"\xff\xd8\xff"):
        return ""
    return f"data:image/jpeg;base64,{b64encode(answer.body).decode()}"


def found_in(found: Sequence[Found], external_id: str) -> Photo:
    """Raises NotFound."""
    for one in found:
        if one.photo.external_id == external_id:
            return one.photo
    raise NotFound("This picture is not among those that were found. Search again.")


def _image(kept: Kept, *, alt: str, credit: str, credit_url: str) -> Image:
    return Image(
        id=str(kept.id),
        sha256=kept.sha256.hex(),
        mime=kept.mime,
        width=kept.width,
        height=kept.height,
        alt=alt,
        credit=credit,
        credit_url=credit_url,
        page_url=kept.page_url,
    )


def _library(sv: Services) -> Images:
    if sv.outside.images is None:
        raise Refused(NO_LIBRARY)
    return sv.outside.images


def _deciding(actor: Actor) -> None:
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may not change drafts.")


def _said(text: str, longest: int, why: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    if not text:
        raise Refused(why)
    if len(text) > longest:
        raise Refused(f"That is longer than {longest} characters.")
    return text
