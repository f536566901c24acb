"""A person decides on a version: on its number and on the hash of its bytes, both as they were shown.

Whoever comes second is told what happened, by whom and when; nothing changes. Approving plans one publication per
channel that the version has bytes for, and puts the canonical one into the queue, due when the time to undo is over or
at the hour that was chosen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.checklist import unmet
from cid.domain.draft import DRAFT, Article, Author, Draft, DraftState, Version, article_from
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DecisionId, DraftId, PublicationId, TenantId, VersionId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.outside import ChildFailure
from cid.domain.publication import PublicationState
from cid.domain.record import NOBODY, Witness
from cid.domain.review import DRAFT_AFTER, DecisionKind, findings
from cid.domain.tenants import Actor, Permission, Tenant
from cid.gates.checklist import checklist
from cid.outside.rendering import Marks, Rendered, render_version
from cid.queue import jobs
from cid.store import audit, channels, decisions, drafts, evidence, policies, publications, review_links, tenants

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cid.domain.publication import Channel
    from cid.ports import Tx
    from cid.services import Services

REASON_LIMIT = 2000
BODY_LIMIT = 100_000
TITLE_LIMIT = 200
FURTHEST = timedelta(days=366)
"""A time chosen for a publication lies at most so far ahead."""
OFFLINE = "offline"
WRONG = {
    "critical": "A finding is critical:",
    "evidence": "There is no evidence that it could be checked against.",
    "text": "An article needs a title and a text.",
    "disclosure": "It does not say how it was made, on",
    "canonical": "It has no text for the channel whose address all others name; save it again as a new version:",
    "picture": "Its picture has no text for those who cannot see it.",
}
"""What the checklist says where something must be and is not."""
PAST = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.REJECT: "rejected",
    DecisionKind.REQUEST_CHANGES: "asked for changes to",
    DecisionKind.UNDO: "took back the approval of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    decision: DecisionId
    planned: tuple[str, ...]
    """Names of the channels it will be published on."""
    left_out: tuple[str, ...]
    """Active channels that the version has no bytes for, because they are younger than it: an edit renders it anew."""
    due: datetime
    """Nothing is sent before; until then the approval can be taken back."""


async def approve(
    sv: Services,
    actor: Actor,
    draft: DraftId,
    version: VersionId,
    sha256_hex: str,
    *,
    reason: str = "",
    via: str,
    witness: Witness = NOBODY,
    at: datetime | None = None,
    accepted: Collection[str] = (),
) -> Approved:
    """`at`: when it is to go out; None: once the time to undo is over. `accepted`: the keys of what the checklist says
    against it and they go on with all the same, each by itself.

    Raises NotFound, Refused (a held draft wants a reason; the checklist; an hour that is past or more than a year
    ahead) or Conflict.
    """
    choice = _Choice(actor, draft, version, sha256_hex, DecisionKind.APPROVE, _reason(reason), via, witness)
    async with sv.db.tx(_deciding(actor)) as tx:
        seen, shown = await _shown(tx, choice, DraftState.APPROVED)
        active = await channels.active(tx, actor.tenant.id)
        await _fit_to_go(sv, tx, choice, seen, shown, active=active, accepted=accepted)
        due = await _due(sv, tx, at)
        decision = await _decide(sv, tx, choice, shown, due=due)
        await _move(tx, seen, DraftState.APPROVED)
        rendered = json.loads(shown.payloads)
        planned = [channel for channel in active if str(channel.id) in rendered]
        await _plan(sv, tx, shown, decision, planned, due=due)
    return Approved(
        decision=decision,
        planned=tuple(channel.name for channel in planned),
        left_out=tuple(channel.name for channel in active if channel not in planned),
        due=due,
    )


async def _fit_to_go(
    sv: Services,
    tx: Tx,
    choice: _Choice,
    seen: Draft,
    shown: Version,
    *,
    active: Sequence[Channel],
    accepted: Collection[str],
) -> None:
    """The checklist of the page, enforced. Raises Refused with what is in the way."""
    policy = await policies.of(tx, tx.tenant, sv.policy)
    said = [review for review in await drafts.reviews(tx, tx.tenant, seen.id) if review.version_id == shown.id]
    items = checklist(
        article_from(shown.article),
        json.loads(shown.payloads),
        findings(said[-1].findings) if said else [],
        await evidence.pack(tx, tx.tenant, seen.screening_id),
        active,
        description=policy.drafting.description,
    )
    against = unmet(items)
    if final := [item for item in against if not item.accept]:
        raise Refused(f"{WRONG[final[0].name]} {final[0].detail}".strip())
    if (against or seen.state is DraftState.HELD) and not choice.actor.may(Permission.OVERRIDE):
        raise Refused("The review held this draft back. Somebody who may override the review has to decide.")
    if left := [item for item in against if item.accept not in accepted]:
        raise Refused(f"{WRONG[left[0].name]} {left[0].detail} Tick each of these to approve it all the same.")
    if (against or seen.state is DraftState.HELD) and not choice.reason:
        raise Refused("The review held this draft back. To approve it all the same, write down why.")


async def _due(sv: Services, tx: Tx, at: datetime | None) -> datetime:
    """Raises Refused."""
    now = sv.clock.now()
    policy = await policies.of(tx, tx.tenant, sv.policy)
    soonest = now + policy.publishing.undo
    if at is None:
        return soonest
    if at <= now:
        raise Refused("That moment is past. Choose a later one, or approve it without a time.")
    if at > now + FURTHEST:
        raise Refused("That is more than a year ahead. Choose an earlier day.")
    return max(at, soonest)


async def reject(
    sv: Services,
    actor: Actor,
    draft: DraftId,
    version: VersionId,
    sha256_hex: str,
    *,
    reason: str,
    via: str,
    witness: Witness = NOBODY,
) -> DecisionId:
    """Raises NotFound, Refused (no reason given) or Conflict."""
    choice = _Choice(actor, draft, version, sha256_hex, DecisionKind.REJECT, _reason(reason), via, witness)
    return await _turn_down(sv, choice, DraftState.REJECTED)


async def request_changes(
    sv: Services,
    actor: Actor,
    draft: DraftId,
    version: VersionId,
    sha256_hex: str,
    *,
    reason: str,
    via: str,
    witness: Witness = NOBODY,
) -> DecisionId:
    """Raises NotFound, Refused (no note given) or Conflict."""
    choice = _Choice(actor, draft, version, sha256_hex, DecisionKind.REQUEST_CHANGES, _reason(reason), via, witness)
    return await _turn_down(sv, choice, DraftState.CHANGES_REQUESTED)


async def undo(
    sv: Services,
    actor: Actor,
    draft: DraftId,
    version: VersionId,
    sha256_hex: str,
    *,
    reason: str = "",
    via: str,
    witness: Witness = NOBODY,
) -> DecisionId:
    """Take an approval back while nothing has left: all its publications are still planned.

    The draft is then what its review made it, ready or held. Raises NotFound or Conflict.
    """
    choice = _Choice(actor, draft, version, sha256_hex, DecisionKind.UNDO, _reason(reason), via, witness)
    tenant = _deciding(actor)
    async with sv.db.tx(tenant) as tx:
        seen, shown = await _shown(tx, choice, DraftState.READY)
        await publications.withdraw(tx, tenant, draft)
        posted = await publications.of_draft(tx, tenant, draft)
        left = [post for post in posted if post.state is not PublicationState.RETRACTED]
        if left:
            raise Conflict(f"Too late: on {left[0].channel} it is {left[0].state} since {_time(left[0].changed_at)}.")
        decision = await _decide(sv, tx, choice, shown)
        said = [review.outcome for review in await drafts.reviews(tx, tenant, draft) if review.version_id == version]
        await _move(tx, seen, DRAFT_AFTER[said[-1]] if said else DraftState.READY)
    return decision


async def tenant_called(sv: Services, slug: str | None) -> Tenant:
    """The tenant `slug`, or the only one. Raises Refused or NotFound."""
    async with sv.platform.read() as tx:
        listed = await tenants.listed(tx)
    if slug is None and len(listed) > 1:
        raise Refused(f"Say which tenant with --tenant: {', '.join(tenant.slug for tenant in listed)}.")
    found = [tenant for tenant in listed if slug in {None, tenant.slug}]
    if not found:
        raise NotFound(f"There is no tenant {slug}." if slug else "There is no tenant yet.")
    return found[0]


async def person(sv: Services, email: str, tenant: Tenant) -> Actor:
    """Who decides at the command line: a member, because no decision is stored without a person. Raises Refused."""
    async with sv.platform.read() as tx:
        found = await decisions.member(tx, email, tenant.id)
    if found is None:
        raise Refused(f"There is no member {email} in {tenant.slug}.")
    return found


async def edit(sv: Services, actor: Actor, draft: DraftId, version: VersionId, article: Article) -> VersionId:
    """A new version from `article`, which was written over `version`. It is reviewed again before anybody decides.

    Raises NotFound, Refused (nothing changed, too long, does not render) or Conflict (another edit or a decision came
    first; nothing of the text is stored).
    """
    tenant = _deciding(actor)
    _bounded(article)
    async with sv.db.read(tenant) as tx:
        seen, old = await _open(tx, actor, draft, version, DraftState.WRITTEN)
        active = await channels.active(tx, tenant)
        marks = await _marks(sv, tx, actor, seen)
    rendered = await _render(sv, article, active, marks)
    if (rendered.article, set(json.loads(rendered.payloads))) == (old.article, set(json.loads(old.payloads))):
        raise Refused("Nothing was changed.")
    new = VersionId(uuid7(sv.clock.now()))
    async with sv.db.tx(tenant) as tx:
        await drafts.lock(tx, tenant, draft)
        seen, _ = await _open(tx, actor, draft, version, DraftState.WRITTEN)
        if not await drafts.replace_version(tx, tenant, draft, version, new):
            raise AssertionError("a locked draft moved")
        number = await drafts.add_version(
            tx,
            new,
            draft,
            author=Author.PERSON,
            author_id=actor.user.id,
            call=None,
            provider="",
            article=rendered.article,
            payloads=rendered.payloads,
            renderer=rendered.renderer,
        )
        detail = {"version": str(new), "number": number}
        await audit.add(tx, sv.clock.now(), actor.user.id, "draft.edit", target=f"draft:{draft}", detail=detail)
        payload = {"draft": str(draft), "version": str(new)}
        await jobs.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=tenant, payload=payload, dedupe=str(new)))
    return new


@dataclass(frozen=True, slots=True)
class _Choice:
    actor: Actor
    draft: DraftId
    version: VersionId
    sha256_hex: str
    kind: DecisionKind
    reason: str
    via: str
    witness: Witness


async def _turn_down(sv: Services, choice: _Choice, new: DraftState) -> DecisionId:
    if not choice.reason:
        raise Refused("Say why: the reason is kept with the decision.")
    async with sv.db.tx(_deciding(choice.actor)) as tx:
        seen, shown = await _shown(tx, choice, new)
        decision = await _decide(sv, tx, choice, shown)
        await _move(tx, seen, new)
    return decision


async def _shown(tx: Tx, choice: _Choice, wanted: DraftState) -> tuple[Draft, Version]:
    """The draft, locked, and the version, when both still are what was shown and the move exists."""
    if await drafts.lock(tx, tx.tenant, choice.draft) is None:
        raise NotFound("There is no such draft.")
    seen, shown = await _open(tx, choice.actor, choice.draft, choice.version, wanted)
    if shown.sha256.hex() != choice.sha256_hex.strip().lower():
        raise Conflict("What you saw is not what is stored under this version. Look at it again before you decide.")
    return seen, shown


async def _open(tx: Tx, actor: Actor, draft: DraftId, version: VersionId, wanted: DraftState) -> tuple[Draft, Version]:
    seen = await drafts.by_id(tx, tx.tenant, draft)
    shown = await drafts.version(tx, tx.tenant, version)
    if seen is None or shown is None or shown.draft_id != draft:
        raise NotFound("There is no such draft.")
    if not _may_become(seen.state, wanted):
        raise Conflict(await _what_happened(tx, actor, seen))
    if seen.current_version_id != version:
        current = await drafts.version(tx, tx.tenant, seen.current_version_id)
        assert current is not None
        who = await drafts.author_name(tx, tx.tenant, current.id)
        raise Conflict(
            f"Version {shown.number}, which you saw, has been replaced: {who or 'the machine'} made version "
            f"{current.number} {_time(current.made_at)}. Look at it before you go on."
        )
    return seen, shown


def _may_become(state: DraftState, wanted: DraftState) -> bool:
    """An edit of what is being reviewed replaces it without a change of state."""
    return DRAFT.allows(state, wanted) or state is wanted is DraftState.WRITTEN


async def _what_happened(tx: Tx, actor: Actor, draft: Draft) -> str:
    last = await decisions.latest(tx, actor.tenant.id, draft.id)
    if draft.state is DraftState.WRITTEN:
        return "This version is still being reviewed; decide once the review is there."
    if last is None or draft.state in {DraftState.READY, DraftState.HELD}:
        return f"This draft is {draft.state} since {_time(draft.changed_at)}."
    who = "You" if last.user_id == actor.user.id else last.who or "Somebody who has left"
    said = f" and said: {last.reason}" if last.reason else "."
    return f"{who} already {PAST[last.kind]} version {last.number} {_time(last.made_at)}{said}"


async def _decide(sv: Services, tx: Tx, choice: _Choice, shown: Version, *, due: datetime | None = None) -> DecisionId:
    """Write it down, and burn the link that it came by. All other links to the draft end with it."""
    link = choice.witness.link
    if link and not await review_links.use(tx, tx.tenant, link, choice.draft, choice.actor.user.id):
        raise Conflict("This link was used already, was revoked, or has expired.")
    await review_links.end_of_draft(tx, tx.tenant, choice.draft)
    decision = DecisionId(uuid7(sv.clock.now()))
    await decisions.add(
        tx,
        decision,
        shown,
        kind=choice.kind,
        user=choice.actor.user.id,
        reason=choice.reason,
        via=choice.via,
        record=choice.witness.facts() | {"role": choice.actor.role},
    )
    detail = {"version": str(shown.id), "number": shown.number, "sha256": shown.sha256.hex(), "via": choice.via}
    detail |= {"due": due.isoformat()} if due else {}
    target = f"draft:{choice.draft}"
    await audit.add(tx, sv.clock.now(), choice.actor.user.id, f"draft.{choice.kind}", target=target, detail=detail)
    return decision


async def _plan(
    sv: Services, tx: Tx, shown: Version, decision: DecisionId, planned: list[Channel], *, due: datetime
) -> None:
    """One publication per channel. The canonical one is queued and brings the others after it; without one, all are."""
    keys = {channel.id: PublicationId(uuid7(sv.clock.now())) for channel in planned}
    for channel in planned:
        await publications.plan(
            tx,
            keys[channel.id],
            draft=shown.draft_id,
            channel=channel.id,
            decision=decision,
            version=shown.id,
            sha256=shown.sha256,
            due=due,
        )
    first = [channel for channel in planned if channel.canonical] or planned
    later = due if due > sv.clock.now() else None
    for key in (str(keys[channel.id]) for channel in first):
        job = NewJob(kind=JobKind.PUBLISH, tenant=tx.tenant, payload={"publication": key}, dedupe=key, run_at=later)
        await jobs.enqueue(tx, job)


async def _move(tx: Tx, seen: Draft, new: DraftState) -> None:
    if not await drafts.move(tx, tx.tenant, seen.id, seen.state, new):
        raise AssertionError("a locked draft moved")


async def _marks(sv: Services, tx: Tx, actor: Actor, draft: Draft) -> Marks:
    """How the text began stays said, whoever edits it."""
    profile = await tenants.profile(tx, actor.tenant.id)
    origin = await drafts.first_provider(tx, actor.tenant.id, draft.id)
    return Marks(
        sample=draft.sample,
        offline=origin.partition("/")[0] == OFFLINE,
        language=profile.language,
        site_name=actor.tenant.name,
        made_at=sv.clock.now().isoformat(),
        provider=origin,
        edited=True,
    )


async def _render(sv: Services, article: Article, active: list[Channel], marks: Marks) -> Rendered:
    try:
        return await render_version(sv.outside.children, article, active, marks)
    except ChildFailure as error:
        raise Refused("This text could not be turned into a page. Try it with simpler formatting.") from error


def _deciding(actor: Actor) -> TenantId:
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may read drafts, not decide on them.")
    return actor.tenant.id


def _reason(text: str) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > REASON_LIMIT:
        raise Refused(f"The reason is longer than {REASON_LIMIT} characters.")
    return text


def _bounded(article: Article) -> None:
    if not article.title.strip() or not article.body.strip():
        raise Refused("An article needs a title and a text.")
    if len(article.title) > TITLE_LIMIT:
        raise Refused(f"The title is longer than {TITLE_LIMIT} characters.")
    for question in article.questions:
        if not (question.question and question.answer):
            raise Refused("A question wants an answer, and an answer a question.")
    for reference in article.references:
        if not reference.url:
            raise Refused(f"The source {reference.title} has no address.")
    posts = len(article.linkedin) + len(article.short_post) + len(article.newsletter) + len(article.image_brief)
    whole = len(article.body) + posts + sum(len(q.question + q.answer) for q in article.questions)
    if whole > BODY_LIMIT:
        raise Refused(f"The text is longer than {BODY_LIMIT} characters.")


def _time(at: datetime) -> str:
    return f"on {at.day} {at:%B} at {at:%H:%M} UTC"
