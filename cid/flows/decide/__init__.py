"""A person decides on a version: on its number and on the hash of its bytes, both as they were shown.

Whoever comes second is told what happened, by whom and when; nothing changes. Approving plans one publication per
channel that the version has bytes for, and puts the canonical one into the queue, due when the time to undo is over or
at the hour that was chosen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cid.domain.draft import Draft, DraftState, Version
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DecisionId, DraftId, PublicationId, VersionId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import Disclosure, PublicationState
from cid.domain.record import NOBODY, Witness
from cid.domain.review import DRAFT_AFTER, DecisionKind
from cid.domain.tenants import GRANTS, Actor, Permission, Tenant
from cid.flows.decide.fitness import fit_to_go
from cid.flows.decide.standing import deciding, moment, open_
from cid.flows.decide.text import edit, renew
from cid.gates.responsibility import Reviewing, lacking
from cid.queue import jobs
from cid.store import audit, channels, decisions, disclosures, drafts, policies, publications, review_links, tenants

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from cid.domain.publication import Channel
    from cid.ports import Tx
    from cid.services import Services

__all__ = [
    "LINK",
    "Approved",
    "approve",
    "edit",
    "person",
    "reject",
    "renew",
    "request_changes",
    "tenant_called",
    "undo",
]
REASON_LIMIT = 2000
FURTHEST = timedelta(days=366)
"""A time chosen for a publication lies at most so far ahead."""
LINK = "link"
"""How a decision says that it came by a link in a mail."""


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
    at: datetime | None = None,
    witness: Witness = NOBODY,
    accepted: Collection[str] = (),
) -> Approved:
    """`at`: when it is to go out; None: once the time to undo is over. `accepted`: the keys of what the checklist says
    against it and they go on with all the same, each by itself.

    Raises NotFound, Refused (a held draft wants a reason; the checklist; an hour that is past or more than a year
    ahead) or Conflict.
    """
    choice = _Choice(actor, draft, version, sha256_hex, DecisionKind.APPROVE, _reason(reason), via, witness)
    async with sv.db.tx(deciding(actor)) as tx:
        seen, shown = await _shown(tx, choice, DraftState.APPROVED)
        active = await channels.active(tx, actor.tenant.id)
        await fit_to_go(sv, tx, actor, seen, shown, active=active, accepted=accepted, reason=choice.reason)
        due = await _due(sv, tx, at)
        rendered = json.loads(shown.payloads)
        planned = [channel for channel in active if str(channel.id) in rendered]
        _as_rendered(planned, rendered, shown)
        await _responsible(tx, choice, planned)
        modes = [{"name": c.name, "mode": c.disclosure, "responsible": c.responsible} for c in planned]
        decision = await _decide(sv, tx, choice, shown, due=due, more={"channels": modes})
        await _move(tx, seen, DraftState.APPROVED)
        await _plan(sv, tx, shown, decision, planned, due=due)
    return Approved(
        decision=decision,
        planned=tuple(channel.name for channel in planned),
        left_out=tuple(channel.name for channel in active if channel not in planned),
        due=due,
    )


def _as_rendered(planned: list[Channel], rendered: dict[str, Any], shown: Version) -> None:
    """Raises Conflict where a channel is not set any more as it was when these bytes were made."""
    changed = [channel.name for channel in planned if rendered[str(channel.id)].get("settings") != channel.settings]
    if changed:
        raise Conflict(
            f"The settings of {', '.join(changed)} changed since version {shown.number} was made. "
            "Render it anew, and look at it again before you decide."
        )


async def _responsible(tx: Tx, choice: _Choice, planned: list[Channel]) -> None:
    """Raises Refused where a channel asks for a real review, and this was none."""
    under = [channel for channel in planned if channel.disclosure is Disclosure.RESPONSIBILITY]
    if not under:
        return
    terms = await disclosures.terms(tx, tx.tenant)
    done = Reviewing(
        via=choice.via,
        seconds=choice.witness.seconds,
        compared=choice.witness.compared,
        edited=await drafts.edited_by(tx, tx.tenant, choice.draft, choice.actor.user.id),
    )
    if missing := lacking(done, responsible=terms.responsible, seconds=terms.review_seconds):
        raise Refused(missing)


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
    """A newer version of what is out is rejected by itself: the draft is then again what is out, approved.

    Raises NotFound, Refused (no reason given) or Conflict.
    """
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
    tenant = deciding(actor)
    async with sv.db.tx(tenant) as tx:
        seen, shown = await _shown(tx, choice, DraftState.READY)
        await publications.withdraw(tx, tenant, draft)
        posted = await publications.of_draft(tx, tenant, draft)
        left = [
            post
            for post in posted
            if post.state is not PublicationState.RETRACTED and version in {post.version_id, post.next_version_id}
        ]
        if left:
            raise Conflict(f"Too late: on {left[0].channel} it is {left[0].state} since {moment(left[0].changed_at)}.")
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
    async with sv.db.tx(deciding(choice.actor)) as tx:
        seen, shown = await _shown(tx, choice, new)
        decision = await _decide(sv, tx, choice, shown)
        out = await _out(tx, shown) if new is DraftState.REJECTED else None
        if out is None:
            await _move(tx, seen, new)
        elif not await drafts.back(tx, tx.tenant, seen.id, shown.id, out):
            raise AssertionError("a locked draft moved")
    return decision


async def _out(tx: Tx, shown: Version) -> VersionId | None:
    """The version that is before the public, or on its way there, while `shown` was to take its place: the canonical
    channel's first."""
    gone = {PublicationState.RETRACTED, PublicationState.FAILED}
    posted = await publications.of_draft(tx, tx.tenant, shown.draft_id)
    out = [post for post in posted if post.state not in gone and post.version_id != shown.id]
    out.sort(key=lambda post: not post.canonical)
    return out[0].version_id if out else None


async def _shown(tx: Tx, choice: _Choice, wanted: DraftState) -> tuple[Draft, Version]:
    """The draft, locked, and the version, when both still are what was shown and the move exists."""
    if await drafts.lock(tx, tx.tenant, choice.draft) is None:
        raise NotFound("There is no such draft.")
    seen, shown = await open_(tx, choice.actor, choice.draft, choice.version, wanted)
    if choice.via == LINK and seen.state is not DraftState.READY:
        raise Refused(f"This draft is {seen.state}: sign in to decide on it.")
    if shown.sha256.hex() != choice.sha256_hex.strip().lower():
        raise Conflict("What you saw is not what is stored under this version. Look at it again before you decide.")
    return seen, shown


async def _decide(
    sv: Services,
    tx: Tx,
    choice: _Choice,
    shown: Version,
    *,
    due: datetime | None = None,
    more: Mapping[str, Any] | None = None,
) -> DecisionId:
    """Write it down, and burn the link that it came by. All other links to the draft end with it."""
    if choice.via == LINK:
        await _burn(tx, choice)
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
        record=choice.witness.facts() | {"role": choice.actor.role} | dict(more or {}),
    )
    detail = {"version": str(shown.id), "number": shown.number, "sha256": shown.sha256.hex(), "via": choice.via}
    detail |= {"due": due.isoformat()} if due else {}
    target = f"draft:{choice.draft}"
    await audit.add(tx, sv.clock.now(), choice.actor.user.id, f"draft.{choice.kind}", target=target, detail=detail)
    return decision


async def _burn(tx: Tx, choice: _Choice) -> None:
    """The link that the decision came by, once. What its holder may do is asked now, not when it was mailed.

    Raises Refused or Conflict.
    """
    held = await review_links.by_id(tx, tx.tenant, choice.witness.link) if choice.witness.link else None
    if held is None or held.paused or held.role is None or Permission.DECIDE not in GRANTS[held.role]:
        raise Refused("This link does not let you decide.")
    if not await review_links.use(tx, tx.tenant, held.id, choice.draft, choice.actor.user.id):
        raise Conflict("This link was used already, was revoked, or has expired.")


async def _plan(
    sv: Services, tx: Tx, shown: Version, decision: DecisionId, planned: list[Channel], *, due: datetime
) -> None:
    """One publication per channel. A new canonical one is queued and brings the others after it; without one, all are.
    What is out already becomes this version at its address."""
    keys, new = {}, set()
    for channel in planned:
        fresh = PublicationId(uuid7(sv.clock.now()))
        key = await publications.plan(
            tx,
            fresh,
            draft=shown.draft_id,
            channel=channel.id,
            decision=decision,
            version=shown.id,
            sha256=shown.sha256,
            due=due,
        )
        if key is None:
            raise Conflict(f"On {channel.name} an earlier version is still on its way. Approve this one after it.")
        keys[channel.id] = key
        new |= {channel.id} if key == fresh else set()
    first = [channel for channel in planned if channel.canonical and channel.id in new] or planned
    later = due if due > sv.clock.now() else None
    for named in (str(keys[channel.id]) for channel in first):
        payload = {"publication": named}
        job = NewJob(kind=JobKind.PUBLISH, tenant=tx.tenant, payload=payload, dedupe=named, run_at=later)
        await jobs.enqueue(tx, job)


async def _move(tx: Tx, seen: Draft, new: DraftState) -> None:
    if not await drafts.move(tx, tx.tenant, seen.id, seen.state, new):
        raise AssertionError("a locked draft moved")


def _reason(text: str) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > REASON_LIMIT:
        raise Refused(f"The reason is longer than {REASON_LIMIT} characters.")
    return text
