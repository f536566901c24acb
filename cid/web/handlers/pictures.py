"""The picture of a draft: found in a library, brought along, or none, which is fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.draft import DraftState
from cid.domain.errors import Deferred, NotFound, Refused, Upstream
from cid.domain.ids import DraftId, ImageId, VersionId
from cid.flows import decide, pictures
from cid.render.article import read_article
from cid.store import drafts, images, tenants
from cid.web.doors import posted
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.draft import Article, Draft, Image, Version
    from cid.flows.pictures import Found

WORDS = 6
"""Of the brief, to search with: whoever looks for more finds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    version: UUID
    photo: str = text(longest=40)
    words: str = text(longest=200)
    alt: str = text(longest=300, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The file comes beside these."""

    version: UUID
    alt: str = text(longest=300, default="")
    credit: str = text(longest=200, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    version: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    draft: Draft
    version: Version
    title: str
    brief: str
    image: Image | None
    library: bool
    words: str
    found: Sequence[Found]
    searched: bool
    editable: bool
    problem: str
    alt: str
    credit: str


async def shown(request: web.Request) -> web.StreamResponse:
    """A search is asked for by its words in the address: looking again costs nothing for a week."""
    return await _page(request, asked=request.query.get("words"))


async def pick(request: web.Request, form: Pick) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    await _seen(request, form.version)
    try:
        found = await pictures.search(sv, form.words, await _language(request))
        image = await pictures.choose(sv, who, pictures.found_in(found, form.photo), form.alt)
        return await _changed(request, form.version, image)
    except NotFound:
        raise
    except Refused as refused:
        return await _page(request, asked=form.words, problem=refused.public, alt=form.alt, status=422)


async def bring(request: web.Request, form: Own) -> web.StreamResponse:
    who, sv, body = actor(request), services(request), b""
    sent = (await posted(request)).get("file")
    if isinstance(sent, web.FileField):
        with sent.file as file:
            body = file.read()
    await _seen(request, form.version)
    try:
        image = await pictures.bring(sv, who, body, alt=form.alt, credit=form.credit)
        return await _changed(request, form.version, image)
    except NotFound:
        raise
    except Refused as refused:
        return await _page(request, problem=refused.public, alt=form.alt, credit=form.credit, status=422)


async def remove(request: web.Request, form: Remove) -> web.StreamResponse:
    return await _changed(request, form.version, None)


async def picture(request: web.Request) -> web.StreamResponse:
    """One that the tenant keeps. Its bytes never change, so browsers may keep it: theirs alone."""
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        found = await images.picture(tx, tenant, ImageId(UUID(request.match_info["id"])))
    if found is None:
        raise NotFound(_("There is no such picture."))
    kept = "private, max-age=86400, immutable"
    headers = {"Cache-Control": kept, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=found[0], content_type=found[1], headers=headers)


async def _changed(request: web.Request, version: UUID, image: Image | None) -> web.StreamResponse:
    """A new version, which is reviewed again. Raises NotFound, Refused, Conflict."""
    who, stored = actor(request), await _seen(request, version)
    article = replace(read_article(stored.article), image=image)
    await decide.edit(services(request), who, stored.draft_id, stored.id, article)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/drafts/{stored.draft_id}?said=draft_picture")


async def _seen(request: web.Request, version: UUID) -> Version:
    """What was on the screen. Raises NotFound, before anything is looked for or kept."""
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        stored = await drafts.version(tx, tx.tenant, VersionId(version))
    if stored is None or stored.draft_id != UUID(request.match_info["draft"]):
        raise NotFound(_("There is no such version."))
    return stored


async def _page(
    request: web.Request,
    *,
    asked: str | None = None,
    problem: str = "",
    alt: str = "",
    credit: str = "",
    status: int = 200,
) -> web.Response:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        draft = await drafts.by_id(tx, tx.tenant, DraftId(UUID(request.match_info["draft"])))
        version = await drafts.version(tx, tx.tenant, draft.current_version_id) if draft else None
    if draft is None or version is None:
        raise NotFound(_("There is no such draft."))
    article = read_article(version.article)
    found: Sequence[Found] = ()
    if asked and sv.outside.images:
        try:
            found = await pictures.search(sv, asked[:200], await _language(request))
        except (Refused, Deferred, Upstream) as error:
            problem = problem or str(error)
    view = PictureView(
        draft=draft,
        version=version,
        title=article.title,
        brief=article.image_brief,
        image=article.image,
        library=sv.outside.images is not None,
        words=asked if asked is not None else _words(article),
        found=found,
        searched=bool(asked) and not problem,
        editable=draft.state is not DraftState.REJECTED,
        problem=problem,
        alt=alt,
        credit=credit,
    )
    return page(request, "drafts_picture.html", view, status)


async def _language(request: web.Request) -> str:
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        return (await tenants.profile(tx, tenant)).language


def _words(article: Article) -> str:
    return " ".join((article.image_brief or article.title).split()[:WORDS]).strip(".,;:")
