"""Links in mails: a page that shows, and forms that decide, for somebody who has not signed in."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.draft import Author
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.publication import Disclosure
from cid.domain.record import Witness
from cid.domain.review import DecisionKind, Finding, Severity
from cid.domain.tenants import Desk
from cid.flows import decide, links
from cid.flows.links import Standing
from cid.render import diff
from cid.render.article import read_article
from cid.render.page import POLICY
from cid.render.preview import preview as rendered
from cid.store import channels, decisions, drafts, evidence, policies, screenings, tenants, verdicts
from cid.text import moments
from cid.web import doors, words
from cid.web.forms import Nothing, text
from cid.web.keys import SITE, services
from cid.web.link_views import LinkEditView, LinkEnded, LinkView
from cid.web.previews import picture_of
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cid.domain.draft import Article, Version
    from cid.domain.ids import DraftId, VersionId
    from cid.domain.publication import Channel
    from cid.domain.review import Review
    from cid.domain.tenants import Actor
    from cid.flows.links import Opened
    from cid.ports import Tx
    from cid.render.diff import Field
    from cid.store.decisions import Made
    from cid.store.review_links import Held

VIA = "link"
FRAMED = f"sandbox; {POLICY}; frame-ancestors 'self'"
OLD_FORM = _("This form is older than two hours, or came from another page. Look at the text below, then decide again.")
ORDER = {Severity.CRITICAL: 0, Severity.MAJOR: 1, Severity.MINOR: 2}
STATUSES = {Standing.FORGED: 404, Standing.GONE: 403, Standing.SMALL: 403, Standing.PAUSED: 403}
"""Of pages that tell why nothing can be decided; the others are 200 or, told to a form, 409."""
ENDED = {
    Standing.FORGED: (
        _("This link is damaged"),
        _("It was cut off or changed on its way. Open it from the mail again, or sign in."),
    ),
    Standing.GONE: (_("This link does not count any more"), _("Whoever it was for has no access here now.")),
    Standing.SMALL: (
        _("This link does not let you decide"),
        _("The role it was made for has changed. Owners and editors decide."),
    ),
    Standing.PAUSED: (_("Everything here is paused"), _("Nothing is decided or published until somebody resumes it.")),
    Standing.EXPIRED: (_("This link has run out"), _("You can have a fresh one mailed to the address it was for.")),
    Standing.REVOKED: (
        _("This link has ended"),
        _("It ended with a decision that was taken back since. You can have a fresh one mailed."),
    ),
    Standing.HELD: (
        _("Sign in to decide"),
        _("The review held this draft back, so a link is not enough: it wants somebody who signs in and says why."),
    ),
    Standing.WAITING: (
        _("The new version is being reviewed"),
        _("That takes a minute or two. Then this same page shows it, with what changed, and asks for your decision."),
    ),
}
DONE = {
    DecisionKind.APPROVE: _("{who} approved version {n} on {at}."),
    DecisionKind.REJECT: _("{who} rejected version {n} on {at}."),
    DecisionKind.REQUEST_CHANGES: _("{who} asked for changes to version {n} on {at}."),
    DecisionKind.UNDO: _("{who} took back the approval of version {n} on {at}."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """`nonce` says what was on the screen, and when."""

    do: str = text(default="", longest=20)
    nonce: str = text(default="")
    reason: str = text(default="", lines=True)
    day: str = text(default="", longest=20)
    hour: str = text(default="", longest=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    nonce: str = text(default="")
    title: str = text(default="", longest=1000)
    description: str = text(default="", longest=5000, lines=True)
    body: str = text(default="", longest=400_000, lines=True)
    linkedin: str = text(default="", longest=20_000, lines=True)
    short_post: str = text(default="", longest=5000, lines=True)
    newsletter: str = text(default="", longest=10_000, lines=True)


async def show(request: web.Request) -> web.StreamResponse:
    """Changes nothing, by GET and HEAD, whoever asks."""
    found = await links.opened(services(request), _token(request))
    return await _page(request, found) if found.standing is Standing.OPEN else await _ended(request, found)


async def preview(request: web.Request) -> web.StreamResponse:
    """The current version as the site will show it, for a frame that may run and reach nothing."""
    sv, found = services(request), await links.opened(services(request), _token(request))
    if found.standing is not Standing.OPEN:
        raise NotFound(_("There is nothing to be seen by this link."))
    _held, actor = _parts(found)
    async with sv.db.read(actor.tenant.id) as tx:
        current = await _current(tx, found)
    payloads = json.loads(current.payloads)
    if not payloads:
        raise NotFound(_("This version was rendered for no channel: there was none when it was made."))
    headers = {"Content-Security-Policy": FRAMED, "X-Frame-Options": "SAMEORIGIN"}
    payload = payloads[min(payloads)]
    html = await asyncio.to_thread(rendered, payload, await picture_of(request, payload, actor.tenant.id))
    answer = web.Response(text=html, content_type="text/html", headers=headers)
    return _private(request, answer)


async def act(request: web.Request, form: Decide) -> web.StreamResponse:
    """A decision on what the nonce says was shown; the link is used up with it."""
    sv, found = services(request), await links.opened(services(request), _token(request))
    if found.standing is not Standing.OPEN:
        return await _ended(request, found, told=True)
    held, actor = _parts(found)
    await links.count(sv, held, doors.client_address(request))
    seen = links.shown(sv, held, form.nonce)
    if seen is None:
        return await _page(request, found, problem=OLD_FORM, reason=form.reason, status=403)
    witness = await _witness(request, found, seen)
    try:
        await _decide(request, actor, form, (held.draft_id, seen.version, seen.sha256), witness)
    except Refused as refused:
        return await _again(request, form.reason, refused)
    raise web.HTTPSeeOther(_path(request))


async def _decide(
    request: web.Request, actor: Actor, form: Decide, what: tuple[DraftId, VersionId, str], witness: Witness
) -> None:
    """Raises Refused."""
    sv = services(request)
    match form.do:
        case "approve" | "schedule":
            at = await _at(request, actor, form) if form.do == "schedule" else None
            await decide.approve(sv, actor, *what, via=VIA, witness=witness, at=at)
        case "reject":
            await decide.reject(sv, actor, *what, reason=form.reason, via=VIA, witness=witness)
        case "changes":
            await decide.request_changes(sv, actor, *what, reason=form.reason, via=VIA, witness=witness)
        case _:
            raise Refused(_("Choose what to decide."))


async def edit_page(request: web.Request) -> web.StreamResponse:
    found = await links.opened(services(request), _token(request))
    return await _edit_page(request, found) if found.standing is Standing.OPEN else await _ended(request, found)


async def edit(request: web.Request, form: Edit) -> web.StreamResponse:
    """A new version by whose link it is. It is reviewed, and then asked about on a page of its own: nothing is
    approved by an edit."""
    sv, found = services(request), await links.opened(services(request), _token(request))
    if found.standing is not Standing.OPEN:
        return await _ended(request, found, told=True)
    held, actor = _parts(found)
    await links.count(sv, held, doors.client_address(request))
    async with sv.db.read(actor.tenant.id) as tx:
        current = await _current(tx, found)
    typed = replace(
        read_article(current.article),
        title=form.title,
        description=form.description,
        body=form.body,
        linkedin=form.linkedin,
        short_post=form.short_post,
        newsletter=form.newsletter,
    )
    seen = links.shown(sv, held, form.nonce)
    if seen is None:
        return await _edit_page(request, found, typed, OLD_FORM, 403)
    try:
        await decide.edit(sv, actor, held.draft_id, seen.version, typed)
    except Refused as refused:
        status = 409 if isinstance(refused, Conflict) else 422
        return await _edit_page(request, found, typed, refused.public, status)
    raise web.HTTPSeeOther(_path(request))


async def fresh(request: web.Request, _form: Nothing) -> web.StreamResponse:
    """The same answer for every link: whose it is, and whether a mail went out, is told to nobody."""
    await links.fresh(services(request), _token(request))
    view = LinkEnded(
        title=_("Look into your mailbox"),
        sentence=_("If a fresh link can be had for this one, it is on its way to the address that it was for."),
        path="",
        may_ask=False,
        draft_page="",
        again=False,
    )
    return _private(request, page(request, "links_ended.html", view))


async def _again(request: web.Request, reason: str, refused: Refused) -> web.StreamResponse:
    """The page anew, with what stood in the way: what it shows now is what the next form decides on."""
    found = await links.opened(services(request), _token(request))
    if found.standing is not Standing.OPEN:
        return await _ended(request, found, told=True)
    status = 409 if isinstance(refused, Conflict) else 422
    return await _page(request, found, problem=refused.public, reason=reason, status=status)


async def _page(
    request: web.Request, found: Opened, *, problem: str = "", reason: str = "", status: int = 200
) -> web.Response:
    sv = services(request)
    held, actor = _parts(found)
    async with sv.db.read(actor.tenant.id) as tx:
        current = await _current(tx, found)
        mailed = await drafts.version(tx, tx.tenant, held.version_id)
        assert mailed is not None
        by = await drafts.author_name(tx, tx.tenant, current.id) if current.author is Author.PERSON else ""
        review = await _review(tx, current)
        why, claims = await _why(tx, found), (await evidence.pack(tx, tx.tenant, found.draft.screening_id)).claims  # type: ignore[union-attr]  # an open link has a draft
        active = await channels.active(tx, tx.tenant)
        undo = (await policies.of(tx, tx.tenant, sv.policy)).publishing.undo
        zone = await tenants.zone(tx, tx.tenant)
    planned = [channel for channel in active if str(channel.id) in json.loads(current.payloads)]
    changed = await _changed(mailed, current)
    view = LinkView(
        path=_path(request),
        nonce=links.nonce(sv, held, current.id, current.sha256, compared=mailed.id != current.id),
        tenant=actor.tenant.name,
        who=held.who,
        number=current.number,
        made_at=current.made_at,
        by=by,
        article=read_article(current.article),
        why=why,
        review=review,
        outcome=words.OUTCOMES[review.outcome][2] if review else "",
        findings=_findings(review),
        claims=claims,
        changed=changed,
        mailed=mailed.number,
        channels=[channel.name for channel in planned],
        undo=undo,
        zone=zone,
        signs_in=_signs_in(planned, current, claims),
        draft_page=_draft_page(found),
        expires=held.expires_at,
        problem=problem,
        reason=reason,
    )
    return _private(request, page(request, "links_review.html", view, status))


def _signs_in(planned: Sequence[Channel], current: Version, claims: Sequence[object]) -> str:
    """Why this version is approved only by somebody who signs in; empty: this link does."""
    rendered = json.loads(current.payloads)
    if any(channel.disclosure is Disclosure.RESPONSIBILITY for channel in planned):
        return _("It is published under editorial responsibility, which wants a review by somebody who signed in.")
    if any(rendered[str(channel.id)].get("settings") != channel.settings for channel in planned):
        return _("The settings of its channels changed since this version was made: it is rendered anew on its page.")
    if not claims:
        return _("There is no evidence that it could be checked against: somebody who signs in may approve it.")
    return ""


async def _edit_page(
    request: web.Request, found: Opened, typed: Article | None = None, problem: str = "", status: int = 200
) -> web.Response:
    sv = services(request)
    held, actor = _parts(found)
    async with sv.db.read(actor.tenant.id) as tx:
        current = await _current(tx, found)
    view = LinkEditView(
        path=_path(request),
        nonce=links.nonce(sv, held, current.id, current.sha256, compared=False),
        tenant=actor.tenant.name,
        who=held.who,
        number=current.number,
        typed=typed or read_article(current.article),
        problem=problem,
    )
    return _private(request, page(request, "links_edit.html", view, status))


async def _ended(request: web.Request, found: Opened, *, told: bool = False) -> web.Response:
    """`told`: to a form that was sent, which comes too late."""
    status = STATUSES.get(found.standing, 409 if told else 200)
    if found.standing in {Standing.USED, Standing.DECIDED}:
        title, sentence = _("This draft was decided"), await _happened(request, found)
    else:
        title, sentence = ENDED[found.standing]
    view = LinkEnded(
        title=title,
        sentence=sentence,
        path=_path(request),
        may_ask=found.standing in {Standing.EXPIRED, Standing.REVOKED},
        draft_page="" if found.standing in {Standing.FORGED, Standing.GONE} else _draft_page(found),
        again=found.standing is Standing.WAITING,
    )
    return _private(request, page(request, "links_ended.html", view, status))


async def _happened(request: web.Request, found: Opened) -> str:
    """What was decided, by whom and when; of a link that was used: what it was used for."""
    held, actor = _parts(found)
    async with services(request).db.read(actor.tenant.id) as tx:
        said = await decisions.of_draft(tx, tx.tenant, held.draft_id)
        by_link = await decisions.by_link(tx, tx.tenant, held.id)
    return _told(next((made for made in said if made.id == by_link), said[-1] if said else None))


def _told(made: Made | None) -> str:
    if made is None:
        return _("It is not waiting for a decision any more.")
    at = f"{made.made_at.day} {made.made_at:%B at %H:%M} UTC"
    sentence = DONE[made.kind].format(who=made.who or _("Somebody who has left"), n=made.number, at=at)
    return sentence + (f" “{made.reason}”" if made.reason else "")


async def _witness(request: web.Request, found: Opened, seen: links.Shown) -> Witness:
    sv = services(request)
    held, actor = _parts(found)
    async with sv.db.read(actor.tenant.id) as tx:
        said = await drafts.reviews(tx, tx.tenant, held.draft_id)
    review = next((one for one in reversed(said) if one.version_id == seen.version), None)
    return Witness(
        link=held.id,
        address=links.marked(sv, doors.client_address(request)),
        agent=request.headers.get("User-Agent", ""),
        seconds=max(0, round((sv.clock.now() - seen.at).total_seconds())),
        compared=seen.compared,
        review=review.id if review else None,
        findings=len(json.loads(review.findings)) if review else None,
    )


async def _at(request: web.Request, actor: Actor, form: Decide) -> datetime:
    """The hour that was chosen, on the clocks of the tenant. Raises Refused."""
    async with services(request).db.read(actor.tenant.id) as tx:
        zone = await tenants.zone(tx, tx.tenant)
    try:
        return moments.moment(form.day, form.hour, zone).at
    except ValueError as error:
        raise Refused(str(error)) from error


async def _current(tx: Tx, found: Opened) -> Version:
    assert found.draft is not None
    current = await drafts.version(tx, tx.tenant, found.draft.current_version_id)
    assert current is not None
    return current


async def _review(tx: Tx, version: Version) -> Review | None:
    said = await drafts.reviews(tx, tx.tenant, version.draft_id)
    return next((review for review in reversed(said) if review.version_id == version.id), None)


async def _why(tx: Tx, found: Opened) -> Sequence[str]:
    """What each gate said for it, in a few words."""
    assert found.draft is not None
    [screening] = await screenings.by_ids(tx, tx.tenant, [found.draft.screening_id])
    said = await verdicts.of_item(tx, tx.tenant, screening.item_id, screening.story_id)
    kept = [line for line in said if line.desk is Desk.PUBLISHING and line.outcome == "pass"]
    return [f"{words.GATES[line.gate]}: {words.REASONS[line.reason]}" for line in sorted(kept, key=lambda one: one.at)]


async def _changed(mailed: Version, current: Version) -> Sequence[Field]:
    if mailed.id == current.id:
        return ()
    old, new = read_article(mailed.article), read_article(current.article)
    return [field for field in await asyncio.to_thread(diff.articles, old, new) if field.changed]


def _findings(review: Review | None) -> Sequence[Finding]:
    """The gravest first."""
    made = (
        [Finding(**one | {"severity": Severity(one["severity"])}) for one in json.loads(review.findings)]
        if review
        else []
    )
    return sorted(made, key=lambda finding: ORDER[finding.severity])


def _parts(found: Opened) -> tuple[Held, Actor]:
    assert found.held is not None
    assert found.actor is not None
    return found.held, found.actor


def _token(request: web.Request) -> str:
    return request.match_info["token"]


def _path(request: web.Request) -> str:
    return f"/r/{_token(request)}"


def _draft_page(found: Opened) -> str:
    return f"/t/{found.actor.tenant.slug}/drafts/{found.draft.id}" if found.actor and found.draft else ""


def _private(request: web.Request, answer: web.Response) -> web.Response:
    """The address itself is the secret: it goes into no referrer and no search engine.

    Without TLS browsers send no Sec-Fetch-Site, and with no-referrer no Origin either: there, same-origin keeps it from
    every other site just as well and lets forms say where they are from.
    """
    answer.headers["Referrer-Policy"] = "no-referrer" if request.app[SITE].https else "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
