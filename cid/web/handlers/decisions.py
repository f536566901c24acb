"""What people do to a draft: decide, edit, try a publication again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.draft import Article, DraftState, Question, Reference
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DraftId, PublicationId, VersionId
from cid.domain.record import Witness
from cid.domain.review import findings
from cid.flows import decide, publish, reading
from cid.render import diff
from cid.render.article import article_of, read_article
from cid.store import draft_pages, drafts, readings, tenants
from cid.text.moments import Moment, moment
from cid.web import doors, words
from cid.web.draft_views import EditView
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.render.diff import Field
    from cid.store.readings import Kept

VIA = "page"
BLANKS = 2
"""Empty rows offered for another question and another source."""
ROWS = 40
ACCEPT = "accept-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`version` and `sha256` are what was on the screen."""

    version: UUID
    sha256: str = text(longest=64)
    reason: str = text(default="", lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Decision):
    """`when` is `at` for a chosen hour. The boxes of what is accepted come beside these."""

    when: str = text(default="", longest=10)
    day: str = text(default="", longest=20)
    hour: str = text(default="", longest=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Decision):
    """`because`: a reason of the list; what is typed goes with it, or stands alone."""

    because: str = text(default="", longest=40)


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
class Keep(Edit):
    quiet: bool = False
    """The page asked, not the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    publication: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract:
    publication: UUID
    reason: str = text(default="", lines=True)


async def approve(request: web.Request, form: Approval) -> web.StreamResponse:
    chosen = await _moment(request, form) if form.when == "at" else None
    done = await decide.approve(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
        witness=await _witness(request, form),
        at=chosen.at if chosen else None,
        accepted=await _accepted(request),
    )
    if not done.planned:
        return _back(request, "draft_approved_nowhere")
    if chosen:
        return _back(request, "draft_scheduled_first" if chosen.twice else "draft_scheduled")
    return _back(request, "draft_approved_partly" if done.left_out else "draft_approved")


async def _moment(request: web.Request, form: Approval) -> Moment:
    """The day and hour that were typed, on the tenant's clocks. Raises Refused."""
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        zone = await tenants.zone(tx, tenant)
    try:
        return moment(form.day, form.hour, zone)
    except ValueError as error:
        raise Refused(str(error)) from None


async def _accepted(request: web.Request) -> list[str]:
    """The boxes that were ticked, each by its own name."""
    return [name.removeprefix(ACCEPT) for name in await doors.posted(request) if name.startswith(ACCEPT)]


async def _witness(request: web.Request, form: Decision) -> Witness:
    """What the page can say of how it was decided."""
    tenant, draft = actor(request).tenant.id, _draft(request)
    async with services(request).db.read(tenant) as tx:
        reviews = [one for one in await drafts.reviews(tx, tenant, draft) if one.version_id == form.version]
        seen = await readings.of_version(tx, tenant, actor(request).user.id, VersionId(form.version))
    since = services(request).clock.now() - seen.first_at if seen else None
    return Witness(
        agent=request.headers.get("User-Agent", ""),
        seconds=max(0, int(since.total_seconds())) if since is not None else None,
        compared=bool(seen and seen.compared_at),
        review=reviews[-1].id if reviews else None,
        findings=len(findings(reviews[-1].findings)) if reviews else None,
        checklist=dict.fromkeys(await _accepted(request), True),
    )


async def reject(request: web.Request, form: Rejection) -> web.StreamResponse:
    why = words.REJECTIONS.get(form.because, "")
    await decide.reject(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=": ".join(part for part in (why, form.reason.strip()) if part),
        via=VIA,
        witness=await _witness(request, form),
    )
    async with services(request).db.read(actor(request).tenant.id) as tx:
        left = await drafts.by_id(tx, tx.tenant, _draft(request))
    back = left is not None and left.state is DraftState.APPROVED
    return _back(request, "draft_rejected_out" if back else "draft_rejected")


async def request_changes(request: web.Request, form: Decision) -> web.StreamResponse:
    await decide.request_changes(
        services(request),
        actor(request),
        _draft(request),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
        witness=await _witness(request, form),
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


async def retract(request: web.Request, form: Retract) -> web.StreamResponse:
    await publish.retract(services(request), actor(request), PublicationId(form.publication), form.reason)
    return _back(request, "publication_retract")


async def edit_page(request: web.Request) -> web.StreamResponse:
    async with services(request).db.read(actor(request).tenant.id) as tx:
        draft = await drafts.by_id(tx, tx.tenant, _draft(request))
        current = await drafts.version(tx, tx.tenant, draft.current_version_id) if draft else None
        who = actor(request).user.id
        kept = await readings.kept(tx, tx.tenant, who, draft.id) if draft and "anew" not in request.query else None
    if current is None:
        raise NotFound(_("There is no such draft."))
    if kept is None:
        return await _edit_page(request, read_article(current.article))
    began = None if kept.version_id == current.id else kept.version_id
    return await _edit_page(request, article_of(kept.typed), began=began, kept=kept)


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
    await reading.forget(services(request), actor(request), _draft(request))
    return _back(request, "draft_edited")


async def keep(request: web.Request, form: Keep) -> web.StreamResponse:
    """What is typed and not saved, from the button or from the page itself while somebody types."""
    typed = await _typed(request, form)
    await reading.keep(services(request), actor(request), _draft(request), VersionId(form.version), typed)
    if form.quiet:
        return web.Response(status=204)
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/drafts/{_draft(request)}/edit?said=edit_kept")


async def forget(request: web.Request, _form: Nothing) -> web.StreamResponse:
    await reading.forget(services(request), actor(request), _draft(request))
    return _back(request, "edit_forgotten")


async def _edit_page(
    request: web.Request,
    typed: Article,
    *,
    problem: str = "",
    began: VersionId | None = None,
    status: int = 200,
    kept: Kept | None = None,
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
        kept_at=kept.typed_at if kept else None,
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
