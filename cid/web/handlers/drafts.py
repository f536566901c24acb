"""Drafts: the list, one draft on one screen, its preview, and what changed between two versions."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.draft import DraftState
from cid.domain.errors import NotFound
from cid.domain.ids import DraftId, VersionId
from cid.domain.publication import ChannelKind, Fate, PublicationState
from cid.domain.review import DecisionKind, Finding, ReviewKind, Severity, findings
from cid.domain.tenants import Desk, Permission
from cid.domain.verdicts import GATE_NUMBER
from cid.flows import ground, reading
from cid.render import diff
from cid.render.article import read_article
from cid.render.page import POLICY
from cid.render.preview import preview as rendered
from cid.store import decisions, draft_pages, drafts, plans, publications, screenings, telling, verdicts
from cid.text.moments import local
from cid.web import words
from cid.web.draft_views import (
    Chip,
    Choice,
    DiffView,
    DraftLine,
    DraftsView,
    DraftView,
    PostedLine,
    Preview,
    ShortText,
    Step,
    TraceLine,
)
from cid.web.evidence_views import evidence_view
from cid.web.keys import actor, services
from cid.web.previews import picture_of
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.domain.draft import Article, Draft, Version
    from cid.domain.review import Review
    from cid.domain.tenants import Actor
    from cid.flows.ground import Looked
    from cid.ports import Tx
    from cid.store.decisions import Made
    from cid.store.draft_pages import Mark, VersionRow
    from cid.store.publications import Posted

PAGE = 50
SHOWN_HERE = frozenset({ChannelKind.SITE})
"""Channels whose pages this desk serves itself."""
OFFLINE = "offline"
FIELDS = {
    "title": "f-title",
    "description": "f-description",
    "body": "f-body",
    "headings": "f-body",
    "questions": "f-question-0",
    "answers": "f-question-0",
    "references": "f-source-title-0",
    "linkedin": "f-linkedin",
    "short post": "f-short_post",
    "newsletter": "f-newsletter",
}
"""Where in the editor a finding's field is."""
FRAMED = f"sandbox; {POLICY}; frame-ancestors 'self'"
WRONG = (PublicationState.FAILED, PublicationState.UNKNOWN)
OUT = (PublicationState.LIVE, PublicationState.UPDATING)
GOING = (PublicationState.PLANNED, PublicationState.SENDING, PublicationState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Filter:
    text: str
    states: tuple[DraftState, ...]
    fate: str = ""
    posted: tuple[PublicationState, ...] = ()
    """One of its publications is in one of these."""
    unless: tuple[PublicationState, ...] = ()


FILTERS: dict[str, Filter] = {
    "needs-you": Filter(_("Needs you"), (DraftState.READY, DraftState.HELD)),
    "waiting": Filter(_("Waiting"), (DraftState.WRITTEN, DraftState.CHANGES_REQUESTED)),
    "scheduled": Filter(
        _("Scheduled"),
        (DraftState.APPROVED,),
        "scheduled",
        (PublicationState.PLANNED, PublicationState.SENDING),
        (*WRONG, *OUT),
    ),
    "live": Filter(_("Live"), (DraftState.APPROVED,), "live", OUT, WRONG),
    "problem": Filter(_("Problem"), (DraftState.APPROVED,), "problem", WRONG),
    "rejected": Filter(_("Rejected"), (DraftState.REJECTED,)),
    "": Filter(_("All"), tuple(DraftState)),
}
OLD = dict.fromkeys(("ready", "held"), "needs-you") | {
    "written": "waiting",
    "changes_requested": "waiting",
    "approved": "",
}
"""Filters by the names of states, as other pages link to them."""
FATES = {
    Fate.SCHEDULED: Chip(_("scheduled"), "live"),
    Fate.LIVE: Chip(_("live"), "good"),
    Fate.PARTLY_LIVE: Chip(_("partly live"), "live"),
    Fate.FAILED: Chip(_("not published: failed"), "bad"),
    Fate.RETRACTED: Chip(_("retracted"), "plain"),
}
POSTED = {
    PublicationState.PLANNED: (Chip(_("planned"), "live"), _("Nothing has been sent yet.")),
    PublicationState.SENDING: (Chip(_("sending"), "live"), _("On its way.")),
    PublicationState.LIVE: (Chip(_("live"), "good"), ""),
    PublicationState.FAILED: (Chip(_("failed"), "bad"), _("The channel refused it.")),
    PublicationState.UNKNOWN: (
        Chip(_("unknown"), "warn"),
        _("The answer was lost. It is looked for before it is sent again."),
    ),
    PublicationState.UPDATING: (
        Chip(_("updating"), "live"),
        _("A newer version is taking the place of what is there."),
    ),
    PublicationState.RETRACTING: (
        Chip(_("retracting"), "warn"),
        _("It is being taken back, and is looked for afterwards."),
    ),
    PublicationState.RETRACTED: (Chip(_("taken back"), "plain"), ""),
}
RETRACTS = frozenset(
    {
        PublicationState.PLANNED,
        PublicationState.LIVE,
        PublicationState.FAILED,
        PublicationState.UNKNOWN,
        PublicationState.UPDATING,
    }
)
ORDER = {Severity.CRITICAL: 0, Severity.MAJOR: 1, Severity.MINOR: 2}


async def listed(request: web.Request) -> web.StreamResponse:
    who = actor(request)
    chosen = request.query.get("state", "")
    chosen = chosen if chosen in FILTERS else OLD.get(chosen, "")
    wanted, words_ = FILTERS[chosen], " ".join(request.query.get("q", "").split())[:200].replace("\x00", "")
    before = _mark(request.query.get("before", ""))
    async with services(request).db.read(who.tenant.id) as tx:
        rows = await draft_pages.listed(
            tx,
            who.tenant.id,
            wanted.states,
            before=before,
            limit=PAGE + 1,
            posted=wanted.posted,
            unless=wanted.unless,
            words=words_,
        )
        counts = await draft_pages.counts(tx, who.tenant.id)
        over_plan = await plans.number(tx, who.tenant.id)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    view = DraftsView(
        rows=[
            DraftLine(
                row=row,
                chip=_chip(row.state, row.fate),
                offline=is_offline(row.provider),
                outcome=words.OUTCOMES[row.outcome][0] if row.outcome else "",
            )
            for row in rows[:PAGE]
        ],
        choices=[
            Choice(key=key, text=one.text, count=_counted(counts, one), chosen=key == chosen)
            for key, one in FILTERS.items()
        ],
        chosen=chosen,
        words=words_,
        over_plan=over_plan,
        first=_address(who, state=chosen, q=words_) if before else "",
        next=_address(who, state=chosen, q=words_, before=f"{last.changed_at.isoformat()}~{last.id}") if last else "",
    )
    return page(request, "drafts.html", view)


def _counted(counts: Mapping[tuple[DraftState, str], int], one: Filter) -> int:
    return sum(n for (state, fate), n in counts.items() if state in one.states and one.fate in {"", fate})


async def one(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        draft = await found(tx, request)
        version = await drafts.version(tx, who.tenant.id, draft.current_version_id)
    assert version is not None
    looked = await ground.looked(sv, draft, version)
    await reading.look(sv, who, version.id)
    async with sv.db.read(who.tenant.id) as tx:
        view = await _view(tx, who, draft, version, looked, now=sv.clock.now(), on=request.query.get("on"))
    return page(request, "drafts_one.html", view)


async def preview(request: web.Request) -> web.StreamResponse:
    """The page of one version as the site will show it, for a frame that may run and reach nothing."""
    who = actor(request)
    async with services(request).db.read(who.tenant.id) as tx:
        draft = await found(tx, request)
        version = await found_version(tx, draft, request.match_info["version"])
    payloads = json.loads(version.payloads)
    if not payloads:
        raise NotFound(_("This version was rendered for no channel: there was none when it was made."))
    payload = payloads.get(request.query.get("on", ""), payloads[min(payloads)])
    html = await asyncio.to_thread(rendered, payload, await picture_of(request, payload))
    headers = {"Content-Security-Policy": FRAMED, "X-Frame-Options": "SAMEORIGIN"}
    return web.Response(text=html, content_type="text/html", headers=headers)


async def compared(request: web.Request) -> web.StreamResponse:
    """What changed between two versions; without any in the address, between the last two."""
    who = actor(request)
    async with services(request).db.read(who.tenant.id) as tx:
        draft = await found(tx, request)
        rows = await draft_pages.versions(tx, who.tenant.id, draft.id)
        new = _asked(rows, request.query.get("to")) or rows[0]
        older = [row for row in rows if row.number < new.number]
        old = _asked(rows, request.query.get("from")) or (older[0] if older else new)
        texts = [await found_version(tx, draft, str(row.id)) for row in (old, new)]
    if old.id != new.id:
        await reading.look(services(request), who, new.id, compared=True)
    before, after = (read_article(text.article) for text in texts)
    view = DiffView(
        draft=draft,
        title=after.title,
        old=old,
        new=new,
        versions=rows,
        pairs=[(str(row.number), f"{row.number} {row.who or row.provider}".strip()) for row in rows],
        fields=await asyncio.to_thread(diff.articles, before, after),
    )
    return page(request, "drafts_diff.html", view)


async def found(tx: Tx, request: web.Request) -> Draft:
    """The draft that the address names. Raises NotFound."""
    draft = await drafts.by_id(tx, tx.tenant, DraftId(UUID(request.match_info["draft"])))
    if draft is None:
        raise NotFound(_("There is no such draft."))
    return draft


async def found_version(tx: Tx, draft: Draft, version: str) -> Version:
    """Raises NotFound for a version of another draft too."""
    seen = await drafts.version(tx, tx.tenant, VersionId(UUID(version)))
    if seen is None or seen.draft_id != draft.id:
        raise NotFound(_("There is no such version."))
    return seen


def is_offline(provider: str) -> bool:
    return provider.partition("/")[0] == OFFLINE


async def _view(
    tx: Tx, who: Actor, draft: Draft, current: Version, looked: Looked, *, now: datetime, on: str | None
) -> DraftView:
    """`on`: the channel whose preview is asked for."""
    tenant = who.tenant.id
    rows = await draft_pages.versions(tx, tenant, draft.id)
    said = await decisions.of_draft(tx, tenant, draft.id)
    posted = await publications.of_draft(tx, tenant, draft.id)
    every = await drafts.reviews(tx, tenant, draft.id)
    reviews = [review for review in every if review.version_id == current.id]
    article, review = read_article(current.article), reviews[-1] if reviews else None
    planned = [post for post in posted if post.state is not PublicationState.RETRACTED]
    due = max((post.due_at for post in planned if post.state is PublicationState.PLANNED), default=None)
    due = due if due and all(post.state is PublicationState.PLANNED for post in planned) else None
    lines, fate = [_posted(who, post, posted) for post in posted], _fate(draft, posted)
    return DraftView(
        draft=draft,
        chip=_chip(draft.state, fate),
        fate=fate,
        version=next(row for row in rows if row.id == current.id),
        article=article,
        word_count=len(article.body.split()),
        posts=_posts(article, current),
        plan=_plan(article),
        offline=is_offline(rows[-1].provider),
        steps=_steps(draft, said, posted),
        review=review,
        outcome=words.OUTCOMES[review.outcome][2] if review else "",
        findings=_findings(review),
        evidence=await evidence_view(tx, tenant, draft.screening_id),
        trace=await _trace(tx, draft),
        versions=rows,
        twins=await telling.twins(tx, tenant, draft.id),
        kin=await draft_pages.kin(tx, tenant, draft.id),
        later=await draft_pages.came_since(tx, tenant, draft, current.made_at),
        decisions=said[::-1],
        last=said[-1] if said else None,
        posted=lines,
        cost=await draft_pages.cost(tx, tenant, draft.id, draft.screening_id),
        decidable=draft.state in {DraftState.READY, DraftState.HELD},
        held=draft.state is DraftState.HELD,
        undoable=_undoable(draft, said, planned),
        article_url=next((line.view for line in lines if line.posted.live_at and line.view), ""),
        editable=_editable(draft, planned),
        stale=_stale(looked, current) if draft.state in {DraftState.READY, DraftState.HELD} else [],
        stays=draft.state is not DraftState.APPROVED and any(post.state in (*OUT, *GOING) for post in planned),
        rejectable=draft.state in {DraftState.READY, DraftState.HELD, DraftState.CHANGES_REQUESTED},
        looked=looked,
        previews=_previews(looked, current, on),
        due=due,
        due_local=f"{local(due, looked.zone):%A %-d %B %Y, %H:%M} {looked.zone}" if due else "",
        tomorrow=f"{local(now + timedelta(days=1), looked.zone):%Y-%m-%d}",
        rounds=every if review and review.kind is ReviewKind.AUTO_FIX else [],
        jumps=[(finding, FIELDS.get(finding.field or finding.where, "")) for finding in _findings(review)],
    )


def _previews(looked: Looked, current: Version, on: str | None) -> list[Preview]:
    """Channels that the version has bytes for: the canonical one first, or the one asked for."""
    rendered = json.loads(current.payloads)
    there = [channel for channel in looked.channels if str(channel.id) in rendered]
    there.sort(key=lambda channel: not channel.canonical)
    chosen = next((channel for channel in there if str(channel.id) == on), there[0] if there else None)
    return [Preview(channel.name, str(channel.id), channel is chosen) for channel in there]


def _stale(looked: Looked, current: Version) -> list[str]:
    """Where an approval is refused until the version is rendered anew."""
    rendered = json.loads(current.payloads)
    there = [channel for channel in looked.channels if str(channel.id) in rendered]
    return [channel.name for channel in there if rendered[str(channel.id)].get("settings") != channel.settings]


def _undoable(draft: Draft, said: Sequence[Made], planned: Sequence[Posted]) -> bool:
    """Nothing of what was approved last has left; what an earlier approval brought out may be there."""
    if draft.state is not DraftState.APPROVED or not said:
        return False
    for post in planned:
        left = post.version_id == draft.current_version_id and post.state is not PublicationState.PLANNED
        if left or (post.next_decision_id and post.state is not PublicationState.LIVE):
            return False
    return True


def _editable(draft: Draft, planned: Sequence[Posted]) -> bool:
    """What was approved is changed where it is live, by a newer version; not while it is on its way."""
    if draft.state is not DraftState.APPROVED:
        return draft.state is not DraftState.REJECTED
    settled = {PublicationState.LIVE, PublicationState.FAILED}
    return bool(planned) and all(post.state in settled and not post.next_decision_id for post in planned)


def _fate(draft: Draft, posted: Sequence[Posted]) -> Fate | None:
    if draft.state is not DraftState.APPROVED:
        return None
    return publications.fate_of(posted)


def _steps(draft: Draft, said: Sequence[Made], posted: Sequence[Posted]) -> list[Step]:
    """Found → draft → decision → live, each with the time it took."""
    decided = next((made.made_at for made in reversed(said) if made.kind is DecisionKind.APPROVE), None)
    decided = decided if draft.state is DraftState.APPROVED else (said[-1].made_at if said else None)
    live = min((post.live_at for post in posted if post.live_at), default=None)
    times = ((_("Found"), draft.found_at), (_("Draft"), draft.created_at), (_("Decision"), decided), (_("Live"), live))
    steps: list[Step] = []
    before: datetime | None = None
    for name, at in times:
        steps.append(Step(name=name, at=at, after=at - before if at and before else None))
        before = at
    return steps


async def _trace(tx: Tx, draft: Draft) -> list[TraceLine]:
    """Gate 1 on the item that opened the story, then the gates on the story. What was said at once goes by gate."""
    [screening] = await screenings.by_ids(tx, tx.tenant, [draft.screening_id])
    said = await verdicts.of_item(tx, tx.tenant, screening.item_id, screening.story_id)
    return [
        TraceLine(
            said=line,
            number=GATE_NUMBER[line.gate],
            title=words.GATES[line.gate],
            passed=line.outcome == "pass",
            reason=words.REASONS[line.reason],
            detail=words.OUTCOMES[line.detail][2] if line.detail in words.OUTCOMES else line.detail,
        )
        for line in sorted(said, key=lambda line: (line.at, GATE_NUMBER[line.gate]))
        if line.desk is Desk.PUBLISHING
    ]


def _findings(review: Review | None) -> list[Finding]:
    """The gravest first."""
    return sorted(findings(review.findings) if review else [], key=lambda finding: ORDER[finding.severity])


def _posts(article: Article, version: Version) -> list[ShortText]:
    """Those that there are; the LinkedIn text as it will be sent, marks included."""
    payloads = json.loads(version.payloads)
    linkedin = next((str(payload["linkedin"]) for payload in payloads.values()), "")
    texts = (
        (_("LinkedIn text"), linkedin),
        (_("Short post"), article.short_post),
        (_("Newsletter"), article.newsletter),
        (_("Picture"), article.image_brief),
    )
    return [ShortText(title=title, text=text) for title, text in texts if text]


def _plan(article: Article) -> str:
    said = []
    if article.structure:
        said.append(_("Written as: {structure}.").format(structure=article.structure.replace("_", " ")))
    if article.angle:
        said.append(_("Angle: {angle}.").format(angle=article.angle.replace("_", " ")))
    return " ".join([*said, article.angle_reason]).strip()


def _posted(who: Actor, post: Posted, every: Sequence[Posted]) -> PostedLine:
    chip, means = POSTED[post.state]
    if post.unwanted:
        means = _("It was to be taken back, and that was refused. Trying again takes it back, and sends nothing.")
    own = post.kind in SHOWN_HERE and post.external_id
    return PostedLine(
        posted=post,
        chip=chip,
        means=means,
        view=f"/site/{who.tenant.slug}/{post.external_id}" if own else post.url,
        may_retry=_retries(post) and who.may(Permission.DECIDE),
        may_retract=post.state in RETRACTS and who.may(Permission.DECIDE),
        orphan=_original(post, every) is not None,
        waits=post.next_decision_id is not None and post.state is PublicationState.LIVE and not post.error,
    )


def _retries(post: Posted) -> bool:
    """It failed, nobody knows, or a change of what is out was refused."""
    unsettled = {PublicationState.FAILED, PublicationState.UNKNOWN}
    return post.state in unsettled or post.unwanted or (post.next_decision_id is not None and bool(post.error))


def _original(post: Posted, every: Sequence[Posted]) -> Posted | None:
    """What it waits for in vain: the canonical channel's post, which did not go out."""
    lost = {PublicationState.FAILED, PublicationState.UNKNOWN, PublicationState.RETRACTED}
    if post.state is not PublicationState.PLANNED or post.canonical or any(one.stands_in for one in every):
        return None
    fitting = (one for one in every if one.canonical and one.decision_id == post.decision_id and one.state in lost)
    return next(fitting, None)


def _chip(state: DraftState, fate: Fate | None) -> Chip:
    return FATES[fate] if fate else Chip(*words.DRAFT_STATES[state])


def _asked(rows: Sequence[VersionRow], number: str | None) -> VersionRow | None:
    return next((row for row in rows if str(row.number) == number), None)


def _address(who: Actor, **query: str) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{who.tenant.slug}/drafts" + (f"?{chosen}" if chosen else "")


def _mark(text: str) -> Mark | None:
    """A mark that we did not make leads to the start."""
    at, _sep, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return draft_pages.Mark(moment, DraftId(UUID(key))) if moment.tzinfo else None
    except ValueError:
        return None
