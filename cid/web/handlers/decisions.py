"""What people do to a draft: decide, edit, try a publication again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.draft import Article, Question, Reference
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DraftId, PublicationId, VersionId
from cid.flows import decide, publish
from cid.render import diff
from cid.render.article import read_article
from cid.store import draft_pages, drafts
from cid.web import doors
from cid.web.draft_views import EditView
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.render.diff import Field

VIA = "page"
BLANKS = 2
"""Empty rows offered for another question and another source."""
ROWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`version` and `sha256` are what was on the screen."""

    version: UUID
    sha256: str = text(longest=64)
    reason: str = text(default="", lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Questions and sources come as numbered rows beside these."""

    version: UUID
    title: str = text(default="", longest=1000)
    slug: str = text(default="", longest=1000)
    description: str = text(default="", longest=5000, lines=True)
    body: str = text(default="", longest=400_000, lines=True)
    linkedin: str = text(default="", longest=20_000, lines=True)
    short_post: str = text(default="", longest=5000, lines=True)
    newsletter: str = text(default="", longest=10_000, lines=True)
    image_brief: str = text(default="", longest=5000, lines=True)
    keywords: str = text(default="", longest=5000, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    publication: UUID


async def approve(request: web.Request, form: Decision) -> web.StreamResponse:
    done = await decide.approve(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
    )
    if not done.planned:
        return _back(request, "draft_approved_nowhere")
    return _back(request, "draft_approved_partly" if done.left_out else "draft_approved")


async def reject(request: web.Request, form: Decision) -> web.StreamResponse:
    await decide.reject(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
    )
    return _back(request, "draft_rejected")


async def request_changes(request: web.Request, form: Decision) -> web.StreamResponse:
    await decide.request_changes(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
    )
    return _back(request, "draft_changes")


async def undo(request: web.Request, form: Decision) -> web.StreamResponse:
    await decide.undo(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
    )
    return _back(request, "draft_undone")


async def again(request: web.Request, form: Again) -> web.StreamResponse:
    await publish.again(services(request), actor(request), PublicationId(form.publication))
    return _back(request, "publication_again")


async def edit_page(request: web.Request) -> web.StreamResponse:
    async with services(request).db.read(actor(request).tenant.id) as tx:
        draft = await drafts.by_id(tx, tx.tenant, _draft(request))
        current = await drafts.version(tx, tx.tenant, draft.current_version_id) if draft else None
    if current is None:
        raise NotFound(_("There is no such draft."))
    return await _edit_page(request, read_article(current.article))


async def edit(request: web.Request, form: Edit) -> web.StreamResponse:
    """What cannot be stored comes back with every word that was typed."""
    typed = await _typed(request, form)
    try:
        await decide.edit(services(request), actor(request), _draft(request), VersionId(form.version), typed)
    except NotFound:
        raise
    except Conflict as conflict:
        return await _edit_page(request, typed, problem=conflict.public, began=VersionId(form.version), status=409)
    except Refused as refused:
        return await _edit_page(request, typed, problem=refused.public, status=422)
    return _back(request, "draft_edited")


async def _edit_page(
    request: web.Request, typed: Article, *, problem: str = "", began: VersionId | None = None, status: int = 200
) -> web.Response:
    """`began`: the version that this edit was begun on, when it is no longer the current one."""
    async with services(request).db.read(actor(request).tenant.id) as tx:
        draft = await drafts.by_id(tx, tx.tenant, _draft(request))
        if draft is None:
            raise NotFound(_("There is no such draft."))
        rows = await draft_pages.versions(tx, tx.tenant, draft.id)
        texts = {
            row.id: await drafts.version(tx, tx.tenant, row.id)
            for row in rows
            if row.id in {began, draft.current_version_id}
        }
    current = texts[draft.current_version_id]
    old = texts.get(began) if began else None
    assert current is not None
    meanwhile: Sequence[Field] = ()
    if old is not None and old.id != current.id:
        fields = await asyncio.to_thread(diff.articles, read_article(old.article), read_article(current.article))
        meanwhile = [field for field in fields if field.changed]
    view = EditView(
        draft=draft,
        title=read_article(current.article).title,
        version=next(row for row in rows if row.id == current.id),
        typed=typed,
        problem=problem,
        meanwhile=meanwhile,
        blanks=BLANKS,
        words={"title": len(typed.title), "description": len(typed.description), "body": len(typed.body.split())},
    )
    return page(request, "drafts_edit.html", view, status)


async def _typed(request: web.Request, form: Edit) -> Article:
    posted = await doors.posted(request)
    planned = await _planned(request)
    return Article(
        title=form.title,
        slug=form.slug,
        description=form.description,
        body=form.body,
        linkedin=form.linkedin,
        short_post=form.short_post,
        newsletter=form.newsletter,
        image_brief=form.image_brief,
        keywords=tuple(word for part in re.split(r"[,\n]", form.keywords) if (word := part.strip())),
        questions=tuple(Question(question=q, answer=a) for q, a in _rows(posted, "question", "answer")),
        references=tuple(Reference(title=t, url=u) for t, u in _rows(posted, "source-title", "source-url")),
        structure=planned.structure if planned else "",
        angle=planned.angle if planned else "",
        angle_reason=planned.angle_reason if planned else "",
        image=planned.image if planned else None,
    )


async def _planned(request: web.Request) -> Article | None:
    """Structure and angle were chosen when the draft was planned, and the picture beside it: no matter of its text."""
    async with services(request).db.read(actor(request).tenant.id) as tx:
        draft = await drafts.by_id(tx, tx.tenant, _draft(request))
        current = await drafts.version(tx, tx.tenant, draft.current_version_id) if draft else None
    return read_article(current.article) if current else None


def _rows(posted: Mapping[str, object], first: str, second: str) -> list[tuple[str, str]]:
    """Rows where anything was typed; one that is half empty stays, so that the renderer drops it knowingly."""
    rows = [
        (str(posted.get(f"{first}-{n}", "")).strip(), str(posted.get(f"{second}-{n}", "")).strip()) for n in range(ROWS)
    ]
    return [row for row in rows if any(row)]


def _draft(request: web.Request) -> DraftId:
    return DraftId(UUID(request.match_info["draft"]))


def _back(request: web.Request, said: str) -> web.StreamResponse:
    """To the draft's page by GET, so that loading it again repeats nothing."""
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/drafts/{_draft(request)}?said={said}")
